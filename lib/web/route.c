#include "base/base.h"
#include "web/route.h"
#include "base/hash.h"

bool web_decode(struct span text, bool plus, struct arena *arena, struct span *out)
{
	char *to = arena_alloc(arena, text.n + 1);
	size_t n = 0;
	if (!to)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '%') {
			if (text.n - i < 3)
				return false;
			int high = hex_digit(text.p[i + 1]), low = hex_digit(text.p[i + 2]);
			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		} else if (c == '\0') {
			return false;
		}
		to[n++] = c;
	}
	*out = span_make(to, n);
	return true;
}

/* Whether the pattern fits; its parameters into *out. */
static bool fits(const char *pattern, struct span path, struct arena *arena,
		 struct web_matched *out)
{
	struct span want_rest = span_of(pattern), have_rest = path, want, have;
	out->n_params = 0;
	for (;;) {
		bool more = span_next(&want_rest, '/', &want);
		if (more != span_next(&have_rest, '/', &have))
			return false;
		if (!more)
			return true;
		if (!web_decode(have, false, arena, &have))
			return false;
		if (want.n > 0 && want.p[0] == ':') {
			if (have.n == 0 || out->n_params == WEB_ROUTE_PARAMS)
				return false;
			out->params[out->n_params++] = have;
		} else if (!span_is(want, have)) {
			return false;
		}
	}
}

static void allow(struct web_matched *m, const char *method)
{
	size_t used = strlen(m->allow);
	/* A method that two rows share is named once. */
	if (!strstr(m->allow, method))
		(void)snprintf(m->allow + used, sizeof(m->allow) - used, "%s%s",
			       used > 0 ? ", " : "", method);
	if (strcmp(method, "GET") == 0)
		allow(m, "HEAD");
}

enum web_match web_route_find(const struct web_route *routes, size_t n, struct span method,
			      struct span path, struct arena *arena, struct web_matched *out)
{
	struct web_matched m = {.route = NULL};
	bool head = span_is_text(method, "HEAD");
	for (size_t i = 0; i < n; i++) {
		if (!fits(routes[i].path, path, arena, &m))
			continue;
		if (span_is_text(method, routes[i].method) ||
		    (head && strcmp(routes[i].method, "GET") == 0)) {
			m.route = &routes[i];
			m.allow[0] = '\0';
			*out = m;
			return WEB_MATCH_FOUND;
		}
		allow(&m, routes[i].method);
	}
	*out = m;
	out->n_params = 0;
	return m.allow[0] ? WEB_MATCH_NO_METHOD : WEB_MATCH_NO_PATH;
}

int web_query_next(struct span *rest, struct arena *arena, struct span *name, struct span *value)
{
	struct span pair;
	do
		if (!span_next(rest, '&', &pair))
			return 0;
	while (pair.n == 0);
	struct span key = pair;
	const char *equals = memchr(pair.p, '=', pair.n);
	struct span text = SPAN_LIT("");
	if (equals) {
		key.n = (size_t)(equals - pair.p);
		text = span_from(pair, key.n + 1);
	}
	return web_decode(key, true, arena, name) && web_decode(text, true, arena, value) ? 1 : -1;
}

cg_rc web_query_get(struct span query, struct arena *arena, const char *name, struct span *value,
		    struct cg_err *err)
{
	struct span key, text, found = {NULL, 0};
	int got;
	while ((got = web_query_next(&query, arena, &key, &text)) > 0) {
		if (!span_is_text(key, name))
			continue;
		if (found.p)
			return cg_fail(err, CG_BAD_INPUT,
				       "The parameter \"%s\" is there twice; send it once.", name);
		found = text;
	}
	if (got < 0)
		return cg_fail(err, CG_BAD_INPUT,
			       "The query has a %% without two hexadecimal digits.");
	if (!found.p)
		return CG_NOT_FOUND;
	*value = found;
	return CG_OK;
}
