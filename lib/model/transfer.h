/* All records as JSON, and back. */
#ifndef CG_MODEL_TRANSFER_H
#define CG_MODEL_TRANSFER_H

#include "model/actor.h"
#include "store/store.h"

/* Writes {"certgate_export": 1, "schema_version": N, "users": […], "apis": […], …}, a record a
 * line; digests and hashes are in it, secrets are not.  Page by page: what is changed meanwhile may
 * be in it or not.  The caller closes and checks the file. */
cg_rc transfer_export(struct store *store, FILE *to, struct cg_err *err) CG_MUST_USE;

#define TRANSFER_CLASHES_MAX 20

struct transfer_report {
	size_t added[STORE__TABLES], same[STORE__TABLES];
	/* Records that are there with other contents, names that another record has, references
	 * that lead nowhere: sentences; those above the maximum are only counted. */
	char clashes[TRANSFER_CLASHES_MAX][240];
	size_t n_clashes;
};
/* Reads an export, twice: first all of it, for faults and clashes, which end it (with CG_CLASH)
 * before anything is written, unless `skip` says to leave clashing records out; then for the
 * records, in batches.  A reference that leads nowhere comes to light then only: such a record is
 * left out, which is CG_CLASH too.  The audit is not imported: it tells of this store.  `from` must
 * be a file that can be read again. */
cg_rc transfer_import(struct store *store, const struct actor *actor, FILE *from, bool skip,
		      struct transfer_report *out, struct cg_err *err) CG_MUST_USE;

#endif
