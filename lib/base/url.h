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
/* The host without the brackets that an IPv6 address has in a URL; borrowed. */
struct span url_bare_host(const struct url *url);

/* Why a path, as url_parse gives it, would not lead where it says; NULL: it does.  Segments of one
 * or two dots, percent-encoded or behind an encoded slash as well, are resolved by one server and
 * not by another. */
const char *url_path_fault(const char *path);

#endif
