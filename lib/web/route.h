/* A table of routes, and the parameters of a query. */
#ifndef CG_WEB_ROUTE_H
#define CG_WEB_ROUTE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/span.h"

#define WEB_ROUTE_PARAMS 4

/* One row.  `path` is matched segment by segment against the decoded ones of the request; ":name"
 * takes any that is not empty.  What `call` points to is the program's affair. */
struct web_route {
	const char *method; /* HEAD is answered by the row of GET */
	const char *path;
	unsigned flags;
	void (*handler)(void *call);
};

enum web_match {
	WEB_MATCH_FOUND,
	WEB_MATCH_NO_PATH,   /* 404 */
	WEB_MATCH_NO_METHOD, /* 405, with Allow */
};

struct web_matched {
	const struct web_route *route;	      /* WEB_MATCH_FOUND */
	struct span params[WEB_ROUTE_PARAMS]; /* decoded, in the order of the pattern */
	size_t n_params;
	char allow[96]; /* WEB_MATCH_NO_METHOD: "GET, HEAD, PATCH" */
};

/* Finds the row for a method and a path (not decoded).  The first row that fits is taken.  A path
 * with a bad escape, a NUL in it, or that the arena has no room for, is WEB_MATCH_NO_PATH. */
enum web_match web_route_find(const struct web_route *routes, size_t n, struct span method,
			      struct span path, struct arena *arena, struct web_matched *out);

/* %XX, and with `plus` also '+', decoded into the arena.  False, and *out untouched, for a bad
 * escape, an escaped NUL, or without memory. */
bool web_decode(struct span text, bool plus, struct arena *arena, struct span *out) CG_MUST_USE;

/* Takes the next name=value off *rest (a query, or a form's body), decoded.  1, 0 at the end, -1
 * when it cannot be read. */
int web_query_next(struct span *rest, struct arena *arena, struct span *name, struct span *value);
/* The value of one parameter, decoded.  CG_NOT_FOUND, and *err as it was, when it is not there;
 * CG_BAD_INPUT with a sentence when it is there twice or the query cannot be read. */
cg_rc web_query_get(struct span query, struct arena *arena, const char *name, struct span *value,
		    struct cg_err *err) CG_MUST_USE;

#endif
