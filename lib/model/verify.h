/* Is the store whole?  Looked at in a copy, so that nobody waits. */
#ifndef CG_MODEL_VERIFY_H
#define CG_MODEL_VERIFY_H

#include "model/audit.h"
#include "store/store.h"

#define VERIFY_FAULTS_MAX 20

struct verify_report {
	size_t records[STORE__TABLES];
	struct audit_head head;
	char store_id[64];
	bool other_host; /* not even the audit's first entry is under this host's key */
	/* Sentences; those above the maximum are only counted. */
	char faults[VERIFY_FAULTS_MAX][256];
	size_t n_faults;
};

/* Checks a store that nobody else writes to: each record can be read and lies under its own key,
 * each index holds exactly what the records say, references lead somewhere, the audit is one
 * chain under the key of `keys` up to `expected` (may be NULL).
 * CG_OK with the report, faults or not; another result when the checks cannot be made. */
cg_rc verify_store(struct store *store, const struct home *keys, const struct audit_head *expected,
		   struct verify_report *out, struct cg_err *err) CG_MUST_USE;
/* The same for databases that are not open: `db` is a folder with a copy of which another copy is
 * made below home's folder, checked file by file first, opened, and removed. */
cg_rc verify_files(const char *db, const struct home *home, const struct audit_head *expected,
		   struct verify_report *out, struct cg_err *err) CG_MUST_USE;
/* Copies the running store and checks the copy. */
cg_rc verify_running(struct store *store, const struct audit_head *expected,
		     struct verify_report *out, struct cg_err *err) CG_MUST_USE;

#endif
