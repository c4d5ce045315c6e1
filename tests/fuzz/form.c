/* Forms: urlencoded and multipart.  The input's first byte says which; a multipart's boundary is
 * "B". */
#include "base/base.h"
#include "fuzz.h"
#include "web/form.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static bool is_inside(struct span part, struct span whole)
{
	return part.n == 0 || (part.p >= whole.p && part.n <= whole.n &&
			       (size_t)(part.p - whole.p) <= whole.n - part.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct web_form form = {.n = 0};
	struct cg_err err = {.code = NULL};
	if (n == 0)
		return 0;
	bool multipart = bytes[0] & 1;
	char *copy = fuzz_exact(bytes + 1, n - 1);
	struct span body = {copy, n - 1};
	arena_init(&arena, (size_t)32 * 1024 * 1024);
	cg_rc rc = web_form_parse(multipart ? SPAN_LIT("multipart/form-data; boundary=B")
					    : SPAN_LIT("application/x-www-form-urlencoded"),
				  body, &arena, &form, &err);
	if (rc != CG_OK) {
		MUST(rc == CG_BAD_INPUT);
		fuzz_must_be_kind(&err);
	}
	MUST(form.n <= FORM_FIELDS_MAX);
	for (size_t i = 0; i < form.n; i++) {
		const struct web_form_field *f = &form.fields[i];
		MUST(f->name.n > 0 && f->name.n <= FORM_NAME_MAX);
		/* No value reaches over its delimiter. */
		MUST(!multipart || (is_inside(f->value, body) && is_inside(f->name, body)));
		MUST(!multipart || f->value.n == 0 ||
		     !memmem(f->value.p, f->value.n, "\r\n--B", 5));
	}
	arena_release(&arena);
	free(copy);
	return 0;
}
