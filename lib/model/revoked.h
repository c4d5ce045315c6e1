/* What was revoked, outside of the store: a restored backup must not revive it.
 *
 * The data folder's file revoked.log has a line per digest or id that stopped counting, with the
 * number of the audit entry that tells of it.  Restoring a backup applies the lines with numbers
 * above the backup's own.  Hashes and ids only. */
#ifndef CG_MODEL_REVOKED_H
#define CG_MODEL_REVOKED_H

#include "model/actor.h"
#include "store/store.h"

enum revoked_kind {
	REVOKED_CREDENTIAL, /* SHA-256 in hex: revoked, switched off, or gone with its key */
	REVOKED_KEY,	    /* id: switched off or removed */
	REVOKED_USER,	    /* id: removed */
	REVOKED_TOKEN,	    /* id of a REST token: removed */
	REVOKED_PUBLIC_KEY, /* SHA-256 in hex: blocked as exposed */
	REVOKED_POLICY,	    /* id: switched off or removed */
	/* SHA-256 in hex: signs nobody in any more */
	REVOKED_USER_CERTIFICATE,
	REVOKED_DEVELOPER,    /* id: switched off or removed */
	REVOKED_ORGANISATION, /* id: switched off */
	REVOKED__KINDS
};

/* Begins the file, unless it is there: from the next audit entry on everything is in it. */
cg_rc revoked_begin(struct store_txn *txn, struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Notes that the store goes back to a backup: numbers of audit entries are given again from here
 * on, so what follows is applied to every backup. */
cg_rc revoked_restored(const struct home *home, struct cg_err *err) CG_MUST_USE;
/* Puts the revoked.log of `folder`, if there is one, in the place of home's, which is kept beside
 * as revoked.log.before.  Several processes may do it at the same time.  False with errno. */
bool revoked_replace(const struct home *home, const char *folder) CG_MUST_USE;
/* Notes one, on disk, within the transaction that does it and before its audit entry: a line too
 * many only costs a second look after a restore, one too few would open a door. */
cg_rc revoked_note(struct store_txn *txn, enum revoked_kind kind, const char *what,
		   struct arena *arena, struct cg_err *err) CG_MUST_USE;

typedef cg_rc (*revoked_visit_fn)(enum revoked_kind kind, const char *what, void *arg,
				  struct cg_err *err);
/* Calls visit for each line of home's file with a number above `after`.  CG_NOT_FOUND, with a
 * sentence, when the file cannot be relied on for a backup of the store `store_id` that ended at
 * the entry `after`: it is missing, of another store, or was begun later. */
cg_rc revoked_each(const struct home *home, const char *store_id, uint64_t after,
		   revoked_visit_fn visit, void *arg, struct cg_err *err) CG_MUST_USE;

#endif
