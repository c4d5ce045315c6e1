/* Results and the sentence that goes with them. */
#ifndef CG_BASE_ERROR_H
#define CG_BASE_ERROR_H

#include "base/base.h"
#include "base/limits.h"

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

/* Owned by the caller, untouched on CG_OK; start it as `= {0}`.  `text` is a whole sentence that
 * tells a person what to do.  The cause goes to the log instead. */
struct cg_err {
	char text[704];
	const char *code;  /* static, e.g. "certificate_in_use"; NULL: the status has a usual one */
	unsigned n_fields; /* faults of fields that are listed; cg_err_next has them */
	unsigned n_more;   /* and those for which there was no room */
	bool clash;	   /* text and code are of a clash, which is noted as a fault, too */
	size_t used;
	char list[FAULTS_BYTES]; /* a field, NUL, its text, NUL, one behind the other */
};

/* What is wrong with one field; it lies in the cg_err. */
struct cg_fault {
	const char *field; /* as in JSON: "auth.token_header", "access[0].paths" */
	const char *text;
};
#define CG_FAULT_FIELD 96 /* bytes of each with its NUL: longer is cut */
#define CG_FAULT_TEXT  640

/* Writes the sentence and returns rc, so that a function can end with `return cg_fail(...)`.
 * err may be NULL (nobody asks why). */
cg_rc cg_fail(struct cg_err *err, cg_rc rc, const char *fmt, ...) CG_PRINTF(3, 4);
/* The same with a code for programs. */
cg_rc cg_fail_code(struct cg_err *err, cg_rc rc, const char *code, const char *fmt, ...)
    CG_PRINTF(4, 5);
/* Notes that one field is wrong; the first one also becomes the sentence.  Returns CG_BAD_VALUE.
 * What finds no room is only counted. */
cg_rc cg_fail_field(struct cg_err *err, const char *field, const char *fmt, ...) CG_PRINTF(3, 4);
/* The same of a value that another record has; of the first fault this is also the sentence, and
 * the code is its own.  Returns CG_CLASH. */
cg_rc cg_fail_clash(struct cg_err *err, const char *code, const char *field, const char *fmt, ...)
    CG_PRINTF(4, 5);
/* Notes a member that nobody knows, for which nothing of what was sent is looked at further: the
 * first one is the sentence, with the code unknown_member, whatever was noted before.  Returns
 * CG_BAD_INPUT. */
cg_rc cg_fail_unknown(struct cg_err *err, const char *field, const char *fmt, ...) CG_PRINTF(3, 4);
/* Whether it is a fault of what was sent, or none, so that what else is wrong can be told, too. */
bool cg_is_told(cg_rc rc);
/* What two checks come to that were both made: what is worse, a fault of ours the worst. */
cg_rc cg_worse(cg_rc a, cg_rc b);
/* The next of the listed faults, in the order in which they were noted; start with `= {0}`.  False
 * at the end. */
bool cg_err_next(const struct cg_err *err, struct cg_fault *at);
/* Whether a fault of this field is listed. */
bool cg_err_names(const struct cg_err *err, const char *field);
/* Notes the faults of another, too. */
void cg_err_add(struct cg_err *err, const struct cg_err *more);
/* What a check, which came to rc and has its faults in err, comes to beside a fault that was found
 * before it (NULL: none), whose faults are noted, too.  Alone that one keeps its sentence and its
 * code. */
cg_rc cg_beside(cg_rc rc, const struct cg_err *fault, struct cg_err *err);
/* Out of memory, as an error. */
cg_rc cg_fail_memory(struct cg_err *err);

#endif
