/* The request target: what is judged is what is forwarded, and nobody reads it in two ways. */
#include "base/base.h"
#include "fuzz.h"
#include "web/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* Decoded once, as a careless program behind us would. */
static size_t decode(struct span path, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < path.n; i++) {
		uint8_t b;
		if (path.p[i] == '%' && path.n - i >= 3 &&
		    hex_parse(span_make(path.p + i + 1, 2), &b, 1)) {
			out[n++] = (char)b;
			i += 2;
		} else {
			out[n++] = path.p[i];
		}
	}
	return n;
}

static void must_have_no_dots(struct span path)
{
	char *plain = malloc(path.n + 1);
	MUST(plain);
	struct span rest = {plain, decode(path, plain)}, segment;
	for (size_t i = 0; i < rest.n; i++)
		MUST((uint8_t)plain[i] >= 0x20 && plain[i] != 0x7f);
	/* Some take a backslash for a slash. */
	for (size_t i = 0; i < rest.n; i++)
		if (plain[i] == '\\')
			plain[i] = '/';
	while (span_next(&rest, '/', &segment)) {
		/* What some cut off. */
		struct span name = segment;
		const char *parameter = name.n > 0 ? memchr(name.p, ';', name.n) : NULL;
		if (parameter)
			name.n = (size_t)(parameter - name.p);
		MUST(!(name.n == 1 && name.p[0] == '.'));
		MUST(!(name.n == 2 && name.p[0] == '.' && name.p[1] == '.'));
	}
	free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const prefixes[] = {"", "/", "/api", "/a/b"};
	char *copy = fuzz_exact(bytes, n);
	struct span uri = {copy, n};
	for (size_t i = 0; i < CG_COUNT(prefixes); i++) {
		struct web_target t, again;
		struct cg_err err = {.code = NULL};
		struct span prefix = span_of(prefixes[i]);
		cg_rc rc = web_target_parse(uri, prefix, &t, &err);
		if (rc != CG_OK) {
			MUST(rc == CG_BAD_INPUT);
			fuzz_must_be_kind(&err);
			continue;
		}
		MUST(t.whole.n <= n && t.path.n > 0 && t.path.p[0] == '/');
		MUST(t.local.n > 0 ? t.local.p[0] == '/' : false);
		MUST(t.path.p == t.whole.p);
		MUST(t.whole.n == t.path.n + (t.query.p ? 1 + t.query.n : 0));
		MUST(!memchr(t.path.p, '?', t.path.n) && !memchr(t.whole.p, '#', t.whole.n));
		MUST(!memchr(t.path.p, '\\', t.path.n));
		must_have_no_dots(t.path);
		/* What is forwarded is judged in the same way once more. */
		MUST(web_target_parse(t.whole, prefix, &again, NULL) == CG_OK);
		MUST(span_is(again.path, t.path) && span_is(again.whole, t.whole) &&
		     span_is(again.local, t.local));
		if (prefix.n > 1)
			MUST(span_starts(t.path, prefix) &&
			     (t.path.n == prefix.n || t.path.p[prefix.n] == '/'));
	}
	free(copy);
	return 0;
}
