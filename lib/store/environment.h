/* The Berkeley DB handles of this process.  Private to store/; every call while inside the lock. */
#ifndef CG_STORE_ENVIRONMENT_H
#define CG_STORE_ENVIRONMENT_H

#include "base/base.h"
#include "base/error.h"
#include "base/home.h"
#include "store/store.h"
#include <db.h>

struct environment {
	DB_ENV *env;
	DB *tables[STORE__TABLES];
	DB *indexes[STORE__INDEXES];
	DB *bare[STORE__INDEXES]; /* the same files, not tied to their tables */
};

/* Opens all handles; with `recover`, runs recovery first (which discards the regions of an older
 * environment).  *out is written on CG_OK only, the library's error to *cause otherwise. */
cg_rc environment_open(const struct home *home, bool recover, struct environment *out, int *cause,
		       struct cg_err *err) CG_MUST_USE;
/* Closes what is open.  After a recovery elsewhere the library complains; its complaints are
 * ignored. */
void environment_close(struct environment *e);
/* The sentence and result for an error of the library; names home's folder. */
cg_rc environment_error(const struct home *home, int cause, const char *where,
			struct cg_err *err) CG_MUST_USE;

#endif
