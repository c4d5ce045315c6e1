#include "base/base.h"
#include "web/cookie.h"

struct span cookie_get(const struct web_request *req, const char *name)
{
	struct span found = {NULL, 0}, pair;
	size_t n = strlen(name);
	for (size_t i = 0; i < req->n_fields; i++) {
		struct span rest = req->fields[i].value;
		if (!web_field_is(req->fields[i].name, "cookie"))
			continue;
		while (span_next(&rest, ';', &pair)) {
			pair = span_trim(pair);
			if (pair.n <= n || pair.p[n] != '=' || memcmp(pair.p, name, n) != 0)
				continue;
			struct span value = span_from(pair, n + 1);
			if (found.p && !span_is(found, value))
				return (struct span){NULL, 0};
			found = value;
		}
	}
	return found;
}

bool cookie_is_ours(struct span pair)
{
	struct span prefix = SPAN_LIT(COOKIE_PREFIX);
	pair = span_trim(pair);
	/* Browsers send a cookie without a name as its value alone (RFC 6265bis section 5.7). */
	while (pair.n > 0 && pair.p[0] == '=')
		pair = span_trim(span_from(pair, 1));
	return pair.n >= prefix.n && span_is_nocase(span_make(pair.p, prefix.n), prefix);
}

/* Takes what stands before the next ';' or ',' off *rest; *behind is that, or '\0' at the end. */
static struct span next_pair(struct span *rest, char *behind)
{
	struct span pair = {rest->p, 0};
	while (pair.n < rest->n && rest->p[pair.n] != ';' && rest->p[pair.n] != ',')
		pair.n++;
	*behind = pair.n < rest->n ? rest->p[pair.n] : '\0';
	*rest = span_from(*rest, pair.n + 1);
	return pair;
}

struct span cookie_without_ours(struct span value, struct arena *arena)
{
	struct span rest = value;
	char *out = arena_alloc(arena, value.n + 1);
	char between = '\0', behind;
	size_t n = 0;
	bool dropped = false;
	if (!out)
		return (struct span){NULL, 0};
	do {
		struct span pair = next_pair(&rest, &behind);
		if (cookie_is_ours(pair)) {
			dropped = true;
			/* What stood before it and what follows are not one pair. */
			if (between)
				between = ';';
			continue;
		}
		if (between)
			out[n++] = between;
		if (pair.n > 0)
			memcpy(out + n, pair.p, pair.n);
		n += pair.n;
		between = behind;
	} while (behind);
	return dropped ? span_trim(span_make(out, n)) : value;
}
