/* Names of records, as people give them. */
#ifndef CG_MODEL_NAME_H
#define CG_MODEL_NAME_H

#include "base/arena.h"
#include "base/error.h"

/* The one form that a name has, so that two that look alike are the same: Unicode NFC, no white
 * space at its ends, one plain space for white space inside.  CG_BAD_VALUE, at the field "name",
 * for one that is empty then, too long, or holds controls or what is not seen (zero width,
 * direction of writing).  Names that were given before this rule stay as they are. */
cg_rc name_read(const char *text, struct arena *arena, char **out, struct cg_err *err) CG_MUST_USE;

#endif
