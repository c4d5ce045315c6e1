/* What was revoked or lets in less than before, outside of the store: a restored backup must not
 * revive it.
 *
 * The data folder's file revoked.log has a line per digest or id that stopped counting, or counts
 * for less, with the number of the audit entry that tells of it.  Restoring a backup applies the
 * lines with numbers above the backup's own.  Hashes, ids, times and the like only: the file is as
 * private as the store.  What a right was given back since is not in it: who restores, gives it
 * again. */
#ifndef CG_MODEL_REVOKED_H
#define CG_MODEL_REVOKED_H

#include "model/actor.h"
#include "store/store.h"

/* With the words of their lines: times in Unix seconds, "-" for none, and enumerations by number.
 */
enum revoked_kind {
	/* SHA-256, and of a revoked one its reason and time; "off" behind the SHA-256 of one that
	 * was switched off, nothing where it is gone. */
	REVOKED_CREDENTIAL,
	REVOKED_CREDENTIAL_TIME, /* SHA-256, active_from, ends_at: one of them was narrowed */
	REVOKED_CREDENTIAL_HELD, /* SHA-256: a token that was bound to certificates, or to fewer */
	REVOKED_KEY,		 /* id: switched off or removed */
	REVOKED_KEY_ENDS,	 /* id, expires_at */
	REVOKED_KEY_HELD,	 /* id: what it may call, from where, or whose it is was changed */
	REVOKED_USER,		 /* id: removed or held */
	REVOKED_USER_ROLE,	 /* id, role */
	REVOKED_USER_PASSWORD,	 /* id, must_change, hash */
	REVOKED_TOKEN,		 /* id of a REST token: removed */
	REVOKED_TOKEN_LESS,	 /* id, role, expires_at */
	REVOKED_PUBLIC_KEY,	 /* SHA-256: blocked as exposed */
	REVOKED_POLICY,		 /* id: switched off, removed, or gives less */
	/* SHA-256: signs nobody in any more */
	REVOKED_USER_CERTIFICATE,
	REVOKED_API,		/* id: switched off, removed, or lets fewer in */
	REVOKED_DEVELOPER,	/* id: switched off, removed, of another organisation or address */
	REVOKED_DEVELOPER_ROLE, /* id, role */
	REVOKED_DEVELOPER_PASSWORD, /* id, hash */
	REVOKED_ORGANISATION,	    /* id: switched off or removed */
	REVOKED_CATALOGUE,	    /* id: hidden, removed, or gives less freely */
	REVOKED_SETTING,	    /* the setting's id: who may join or look was narrowed */
	REVOKED_CRL,		    /* SHA-256 of a CA: it got a newer revocation list */
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

/* Notes what `after` (NULL: it is removed) lets in less than `before`, two records of that table,
 * if anything; within the transaction that writes it.  One place that knows what is less. */
cg_rc revoked_note_less(struct store_txn *txn, enum store_table table, const void *before,
			const void *after, struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* Does in a restored store what one line says; what is not in it is passed over. */
cg_rc revoked_apply(struct store *store, enum revoked_kind kind, const char *what,
		    struct cg_err *err) CG_MUST_USE;

/* `what`: all the words behind the kind. */
typedef cg_rc (*revoked_visit_fn)(enum revoked_kind kind, const char *what, void *arg,
				  struct cg_err *err);
/* Calls visit for each line of home's file with a number above `after`.  CG_NOT_FOUND, with a
 * sentence, when the file cannot be relied on for a backup of the store `store_id` that ended at
 * the entry `after`: it is missing, of another store, or was begun later. */
cg_rc revoked_each(const struct home *home, const char *store_id, uint64_t after,
		   revoked_visit_fn visit, void *arg, struct cg_err *err) CG_MUST_USE;

#endif
