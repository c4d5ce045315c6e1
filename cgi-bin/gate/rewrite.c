/* Addresses in an upstream's answer -> below the listen path (rewrite_location). */
#include "base/base.h"
#include "base/text.h"
#include "gate.h"

/* The path, query and fragment of a URL whose scheme, host and port are those of `target`; NULL in
 * the span for another. */
static struct span below_authority(const struct url *target, struct span url)
{
	struct span none = {NULL, 0}, host = span_of(target->host);
	struct span scheme = target->https ? SPAN_LIT("https://") : SPAN_LIT("http://");
	uint64_t port = target->https ? 443 : 80;
	if (url.n < scheme.n + host.n || !span_is_nocase(span_make(url.p, scheme.n), scheme) ||
	    !span_is_nocase(span_make(url.p + scheme.n, host.n), host))
		return none;
	struct span rest = span_from(url, scheme.n + host.n);
	if (rest.n > 0 && rest.p[0] == ':') {
		size_t n = 1;
		while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
			n++;
		if (!number_parse(span_make(rest.p + 1, n - 1), 65535, &port))
			return none;
		rest = span_from(rest, n);
	}
	bool ends = rest.n == 0 || rest.p[0] == '/' || rest.p[0] == '?' || rest.p[0] == '#';
	return ends && port == target->port ? rest : none;
}

/* A path of the upstream, with what follows it, as the client has to ask for it.  NULL in the span
 * for one that no request of this API leads to. */
static struct span to_listen_path(struct exchange *x, const struct url *target, struct span path)
{
	struct span none = {NULL, 0}, base = span_of(target->path);
	struct span listen = span_of(x->route->api->listen_path);
	/* Browsers leave tabs out before they read it: "/<tab>/host" is a host's. */
	if (!span_starts(path, base) || (path.n > 0 && memchr(path.p, '\t', path.n)))
		return none;
	path = span_from(path, base.n);
	if (base.n > 0 && path.n > 0 && path.p[0] != '/' && path.p[0] != '?' && path.p[0] != '#')
		return none;
	listen.n -= x->route->api->strip_listen_path ? 1 : listen.n;
	bool slash = listen.n == 0 && (path.n == 0 || path.p[0] != '/');
	/* Browsers would take the next segment for a host. */
	if (listen.n == 0 && path.n > 1 && (path.p[1] == '/' || path.p[1] == '\\'))
		return none;
	return span_of(arena_printf(x->arena, "%.*s%s%.*s", (int)listen.n, listen.p,
				    slash ? "/" : "", (int)path.n, path.p ? path.p : ""));
}

static struct span rewrite_url(struct exchange *x, struct span value)
{
	struct span out = {NULL, 0};
	if (value.n > 0 && value.p[0] == '/' &&
	    !(value.n > 1 && (value.p[1] == '/' || value.p[1] == '\\')))
		out = to_listen_path(x, x->target, value);
	for (size_t i = 0; i < x->route->n_targets && !out.p; i++) {
		const struct url *target = &x->route->targets[i];
		struct span path = below_authority(target, value);
		if (path.p)
			out = to_listen_path(x, target, path);
	}
	return out.p ? out : value;
}

/* Every Path attribute: of several, browsers take the last. */
static struct span rewrite_cookie(struct exchange *x, struct span value)
{
	struct span rest = value, part, name = SPAN_LIT("path=");
	const char *out = "";
	bool first = true;
	while (out && span_next(&rest, ';', &part)) {
		struct span word = span_trim(part), path = {NULL, 0};
		if (!first && word.n > name.n && span_is_nocase(span_make(word.p, name.n), name))
			path = to_listen_path(x, x->target, span_from(word, name.n));
		if (path.p)
			out = arena_printf(x->arena, "%s; Path=%.*s", out, (int)path.n, path.p);
		else
			out = arena_printf(x->arena, "%s%s%.*s", out, first ? "" : ";", (int)part.n,
					   part.p);
		first = false;
	}
	return out ? span_of(out) : value;
}

struct span rewrite_field(void *ctx, struct span name, struct span value)
{
	struct exchange *x = ctx;
	if (!x->route->api->rewrite_location)
		return value;
	if (span_is_nocase(name, SPAN_LIT("location")) ||
	    span_is_nocase(name, SPAN_LIT("content-location")))
		return rewrite_url(x, value);
	return span_is_nocase(name, SPAN_LIT("set-cookie")) ? rewrite_cookie(x, value) : value;
}
