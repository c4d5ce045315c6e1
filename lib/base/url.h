/* Addresses of upstreams, read by libcurl's URL parser. */
#ifndef CG_BASE_URL_H
#define CG_BASE_URL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/span.h"

/* An http or https URL without user, query and fragment; the parts live in the arena. */
struct url {
	bool https;
	const char *host; /* url_is_host but for the brackets of an IPv6 address */
	unsigned port;
	const char *path; /* begins with "/", does not end with one; "" for the root */
};

/* NULL when `text` is such a URL and *out is filled, else why not: the rest of a sentence that
 * begins with the field's name. */
const char *url_parse(const char *text, struct arena *arena, struct url *out);
/* Letters, digits and what addresses are written with, without brackets: a Host field that means
 * one thing. */
bool url_is_host(struct span host);
/* The host without the brackets that an IPv6 address has in a URL; borrowed. */
struct span url_bare_host(const struct url *url);

/* Why a path, as url_parse gives it, would not lead where it says; NULL: it does.  Segments of one
 * or two dots, percent-encoded or behind an encoded slash as well, are resolved by one server and
 * not by another. */
const char *url_path_fault(const char *path);

#endif
