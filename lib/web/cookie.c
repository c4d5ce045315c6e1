#include "base/base.h"
#include "web/cookie.h"

bool cookie_is_ours(struct span pair)
{
	struct span prefix = SPAN_LIT(COOKIE_PREFIX);
	pair = span_trim(pair);
	return pair.n >= prefix.n && span_is_nocase(span_make(pair.p, prefix.n), prefix);
}

struct span cookie_without_ours(struct span value, struct arena *arena)
{
	struct span rest = value, pair;
	char *out = arena_alloc(arena, value.n + 1);
	size_t n = 0;
	bool dropped = false;
	if (!out)
		return (struct span){NULL, 0};
	while (span_next(&rest, ';', &pair)) {
		if (cookie_is_ours(pair)) {
			dropped = true;
			continue;
		}
		if (n > 0)
			out[n++] = ';';
		memcpy(out + n, pair.p, pair.n);
		n += pair.n;
	}
	return dropped ? span_trim(span_make(out, n)) : value;
}
