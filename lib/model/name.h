/* Names of records, as people give them. */
#ifndef CG_MODEL_NAME_H
#define CG_MODEL_NAME_H

#include "base/arena.h"
#include "base/error.h"

/* A name in the one form that names have (text_normal), so that two that look alike are the same;
 * of the field that it was given in.  CG_BAD_VALUE for one that is empty then, too long, or holds
 * controls or what text_name_fault tells of.  Names that were given before
 * this rule stay as they are. */
cg_rc name_read(const char *text, const char *field, struct arena *arena, char **out,
		struct cg_err *err) CG_MUST_USE;

/* A record's tags, each as a name is, and once; those that it has already stay as they are. */
cg_rc tags_read(char **tags, size_t *n, char *const *before, size_t n_before, struct arena *arena,
		struct cg_err *err) CG_MUST_USE;

#endif
