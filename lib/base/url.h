/* Addresses of upstreams, read by libcurl's URL parser. */
#ifndef CG_BASE_URL_H
#define CG_BASE_URL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/span.h"

/* An http or https URL without user, query and fragment; the parts live in the arena. */
struct url {
	bool https;
	const char *host; /* as in the URL; an IPv6 address in brackets */
	unsigned port;
	const char *path; /* begins with "/", does not end with one; "" for the root */
};

/* NULL when `text` is such a URL and *out is filled, else why not: the rest of a sentence that
 * begins with the field's name. */
const char *url_parse(const char *text, struct arena *arena, struct url *out);

/* The host without the brackets of an IPv6 address: to resolve, or to ask TLS for. */
struct span url_bare_host(const struct url *url);

#endif
