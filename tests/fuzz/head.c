/* The head of an upstream's answer. */
#include "base/base.h"
#include "fuzz.h"
#include "upstream/head.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const never[] = {"connection", "transfer-encoding", "status",
					    "x-sendfile", "x-accel-redirect",  "content-length"};
	static struct upstream_head head;
	char *copy = fuzz_exact(bytes, n);
	for (int to_head = 0; to_head <= 1; to_head++) {
		const char *why = upstream_head_read(span_make(copy, n), to_head != 0, &head);
		if (why) {
			fuzz_must_be_safe(why);
			continue;
		}
		MUST(head.status >= 100 && head.status <= 599 && head.n_fields <= HEADERS_MAX);
		MUST(!(to_head && head.has_body));
		for (size_t i = 0; i < head.n_fields; i++) {
			struct web_field f = head.fields[i];
			MUST(f.name.n > 0);
			for (size_t k = 0; k < f.name.n; k++)
				MUST(f.name.p[k] > ' ' && f.name.p[k] < 0x7f && f.name.p[k] != ':');
			for (size_t k = 0; k < f.value.n; k++)
				MUST(f.value.p[k] != '\r' && f.value.p[k] != '\n' &&
				     f.value.p[k] != '\0');
			for (size_t k = 0; k + 1 < CG_COUNT(never); k++)
				MUST(!span_is_nocase(f.name, span_of(never[k])));
		}
	}
	free(copy);
	return 0;
}
