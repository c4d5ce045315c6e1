/* What a value of an API or an access right means: listen paths, path patterns, methods and
 * field names. */
#ifndef CG_MODEL_PATTERN_H
#define CG_MODEL_PATTERN_H

#include "base/address.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/span.h"

/* The listen path in its normal form ("/x" becomes "/x/"), in the arena.  NULL when it is none, and
 * when it has an escape or ";"; *why is then the rest of a sentence. */
const char *listen_path_normal(const char *text, struct arena *arena, const char **why);
/* Equal to, above or below a path that certgate answers itself, or that certificates are renewed
 * by. */
bool listen_path_is_reserved(const char *listen_path);
/* Whether a path (not decoded) is the listen path or below it, by whole segments; "/x" belongs to
 * "/x/". */
bool listen_path_covers(const char *listen_path, struct span path);

/* Patterns of access rights: "/exact", "/below/" and a star, "/with/{name}/in/it".  NULL when it is
 * one, else why not. */
const char *path_pattern_fault(const char *pattern);
/* Anchored at both ends; `path` is what is forwarded, byte for byte, below the listen path. */
bool path_pattern_matches(const char *pattern, struct span path);

/* A token (RFC 9110 section 5.6.2): methods and field names. */
bool token_is_valid(const char *text);

#endif
