/* The request target in the one form that every program judges and forwards.
 */
#ifndef CG_WEB_TARGET_H
#define CG_WEB_TARGET_H

#include "base/base.h"
#include "base/error.h"
#include "base/span.h"

/* Borrowed from the text it was read from; every byte as the client sent it. */
struct web_target {
	struct span whole; /* path, and ?query where there is one: what is forwarded */
	struct span path;  /* begins with a slash */
	struct span query; /* without the question mark; p is NULL when the target has none */
	struct span local; /* the path below the prefix, begins with a slash */
};

/* Reads REQUEST_URI (RFC 9112 section 3.2): origin form, or absolute form whose scheme and
 * authority are dropped.  CG_BAD_INPUT with a sentence for whatever two programs could read in two
 * ways: control bytes (raw, or escaped in the path), %00, a fragment, and in the path a backslash,
 * an incomplete %-escape, and dot segments in any spelling ("..", "%2e.", "..%2f", "..%5c",
 * "..;x").  Also when the path is not `prefix` or below it on a segment boundary; an empty prefix,
 * or "/", is the whole host. */
cg_rc web_target_parse(struct span uri, struct span prefix, struct web_target *out,
		       struct cg_err *err) CG_MUST_USE;

#endif
