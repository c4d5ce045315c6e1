/* The request target: what is judged is what is forwarded, and nobody reads it in two ways. */
#include "base/base.h"
#include "fuzz.h"
#include "web/route.h"
#include "web/target.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)
/* Each name is looked for once more. */
#define QUERY_MAX 512

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

static const struct web_route routes[] = {
    {.method = "GET",   .path = "/"		 },
    {.method = "GET",   .path = "/api"	    },
    {.method = "POST",  .path = "/api/:id"	 },
    {.method = "PATCH", .path = "/api/:id/:part"},
    {.method = "GET",   .path = "/:a/:b/:c/:d"  },
};

static void find(struct span path, struct arena *arena)
{
	struct web_matched m;
	enum web_match match =
	    web_route_find(routes, CG_COUNT(routes), SPAN_LIT("GET"), path, arena, &m);
	MUST((match == WEB_MATCH_NO_METHOD) == (m.allow[0] != '\0'));
	MUST((match == WEB_MATCH_FOUND) == (m.route != NULL));
	for (size_t i = 0; i < m.n_params; i++)
		MUST(m.params[i].n > 0 && m.params[i].n <= path.n &&
		     !memchr(m.params[i].p, '\0', m.params[i].n));
}

/* Nobody finds another value in a query than the next reader. */
static void query(struct span whole, struct arena *arena)
{
	struct span rest = whole, name, value;
	int got;
	while ((got = web_query_next(&rest, arena, &name, &value)) > 0) {
		struct span found;
		MUST(name.n + value.n <= whole.n);
		MUST(value.n == 0 || !memchr(value.p, '\0', value.n));
		char *text = arena_copy(arena, name);
		MUST(text && strlen(text) == name.n);
		cg_rc rc = web_query_get(whole, arena, text, &found, NULL);
		MUST(rc == CG_OK ? span_is(found, value) : rc == CG_BAD_INPUT);
	}
	MUST(got == 0 || web_query_get(whole, arena, "", &value, NULL) == CG_BAD_INPUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const prefixes[] = {"", "/", "/api", "/a/b"};
	struct arena arena;
	char *copy = fuzz_exact(bytes, n);
	struct span uri = {copy, n};
	arena_init(&arena, ARENA_MAX);
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
		find(t.local, &arena);
	}
	struct span text = uri;
	if (span_next(&text, '?', &uri) && text.n <= QUERY_MAX)
		query(text, &arena);
	arena_release(&arena);
	free(copy);
	return 0;
}
