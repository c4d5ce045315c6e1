/* Cookies: which are certgate's own, and keeping them from upstreams. */
#ifndef CG_WEB_COOKIE_H
#define CG_WEB_COOKIE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/span.h"
#include "web/request.h"

/* Every cookie of ours has a name that begins so. */
#define COOKIE_PREFIX "__Host-certgate"

/* The value of the request's cookie `name`; empty when there is none, or several that differ: then
 * one of them is not ours. */
struct span cookie_get(const struct web_request *req, const char *name);
/* Of a "name=value" pair, or a Set-Cookie value. */
bool cookie_is_ours(struct span pair);
/* A Cookie field's value (RFC 6265 section 4.2.1) without our own pairs, the others byte for byte;
 * empty when nothing is left, or without memory.  A comma ends a pair, too: Apache puts one between
 * the values of several Cookie fields of HTTP/1.1. */
struct span cookie_without_ours(struct span value, struct arena *arena);

#endif
