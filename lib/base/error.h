/* Results and the sentence that goes with them. */
#ifndef CG_BASE_ERROR_H
#define CG_BASE_ERROR_H

#include "base/base.h"

/* What became of a call.  web/problem.c derives the HTTP status from it, in one place. */
typedef enum {
	CG_OK = 0,
	CG_BAD_INPUT,	/* cannot be read at all, or a member nobody knows: 400 */
	CG_BAD_VALUE,	/* read, but not acceptable: 422 */
	CG_NOT_FOUND,	/* 404 */
	CG_CLASH,	/* something else has it already: 409 */
	CG_STALE,	/* changed by somebody else since it was read: 412 */
	CG_DENIED,	/* this actor may not: 403 */
	CG_TOO_BIG,	/* 413 */
	CG_FULL,	/* no room to write: 507 */
	CG_UNAVAILABLE, /* the store cannot be used now: 503 */
	CG_FAIL,	/* a fault of ours or of the host: 500 */
} cg_rc;

#define CG_ERR_FIELDS 8

/* Owned by the caller, untouched on CG_OK; start it as `= {0}`.  `text` is a whole sentence that
 * tells a person what to do.  The cause goes to the log instead. */
struct cg_err {
	char text[512];
	const char *code; /* static, e.g. "certificate_in_use"; NULL: the status has a usual one */
	unsigned n_fields;
	struct cg_field_err {
		char field[96]; /* as in JSON: "auth.token_header", "access[0].paths" */
		char text[400];
	} fields[CG_ERR_FIELDS];
};

/* Writes the sentence and returns rc, so that a function can end with `return cg_fail(...)`.
 * err may be NULL (nobody asks why). */
cg_rc cg_fail(struct cg_err *err, cg_rc rc, const char *fmt, ...) CG_PRINTF(3, 4);
/* The same with a code for programs. */
cg_rc cg_fail_code(struct cg_err *err, cg_rc rc, const char *code, const char *fmt, ...)
    CG_PRINTF(4, 5);
/* Notes that one field is wrong; the first one also becomes the sentence.  Returns CG_BAD_VALUE.
 * Above CG_ERR_FIELDS the rest is not listed. */
cg_rc cg_fail_field(struct cg_err *err, const char *field, const char *fmt, ...) CG_PRINTF(3, 4);
/* Out of memory, as an error. */
cg_rc cg_fail_memory(struct cg_err *err);

#endif
