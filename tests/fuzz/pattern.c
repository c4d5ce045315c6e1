/* Listen paths and path patterns: "PATTERN\nPATH". */
#include "base/base.h"
#include "fuzz.h"
#include "model/pattern.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	const char *why = NULL;
	struct span rest = {(const char *)bytes, n}, first;
	arena_init(&arena, (size_t)16 * 1024 * 1024);
	if (!span_next(&rest, '\n', &first))
		first = SPAN_LIT("");
	char *pattern = arena_copy(&arena, first),
	     *path = fuzz_exact((const uint8_t *)rest.p, rest.n);
	MUST(pattern);
	struct span at = {path, rest.n};
	bool matches = path_pattern_matches(pattern, at);
	if (!path_pattern_fault(pattern)) {
		/* Without its wild parts a pattern is the path itself. */
		if (!strpbrk(pattern, "*{"))
			MUST(matches == span_is_text(at, pattern));
	}
	const char *normal = listen_path_normal(pattern, &arena, &why);
	if (normal) {
		size_t end = strlen(normal);
		MUST(normal[0] == '/' && normal[end - 1] == '/');
		MUST(!strpbrk(normal, "%;"));
		const char *again = listen_path_normal(normal, &arena, &why);
		MUST(again && strcmp(again, normal) == 0);
		MUST(listen_path_covers(normal, span_of(normal)));
		MUST(listen_path_covers(normal, span_make(normal, end > 1 ? end - 1 : end)));
		if (listen_path_covers(normal, at) && at.n >= end)
			MUST(span_starts(at, span_of(normal)));
		(void)listen_path_is_reserved(normal);
	} else {
		MUST(why && *why);
	}
	/* An address is in its own block; a block that is none holds nothing. */
	bool block = address_block_is_valid(pattern);
	if (!block || !address_is_valid(at))
		MUST(!address_block_holds(pattern, at));
	if (address_is_valid(first))
		MUST(block && address_block_holds(pattern, first));
	free(path);
	arena_release(&arena);
	return 0;
}
