/* The audit: each change writes its entry in the transaction that makes it.  The entries are a
 * chain: each carries an HMAC under this host's key over itself and its predecessor, so that
 * whoever can write to the store, but does not have the key, can change, remove or insert none
 * unseen.  The head goes to syslog with each change: a cut end shows there. */
#ifndef CG_MODEL_AUDIT_H
#define CG_MODEL_AUDIT_H

#include "base/hash.h"
#include "model/actor.h"
#include "store/store.h"

/* Adds the next entry.  `changes` (borrowed, may be NULL) holds new values by member, and never a
 * secret.  The arena has to live until store_write returns: what goes to syslog then is in it. */
cg_rc audit_add(struct store_txn *txn, const struct actor *actor, const char *action,
		const char *subject_id, const char *subject_name, const json_t *changes,
		struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* The number of the newest entry, 0 when there is none. */
cg_rc audit_last_number(struct store_txn *txn, struct arena *arena, uint64_t *out,
			struct cg_err *err) CG_MUST_USE;

/* Where a chain ends. */
struct audit_head {
	uint64_t number; /* 0: no entry yet */
	struct sha256 hmac;
};

/* err->code when not even the first entry is under the key. */
#define AUDIT_OTHER_HOST "audit_other_host"
/* Walks all entries and checks each against its predecessor with the key of `keys` (a data folder).
 * `expected` (may be NULL) is a head that was noted earlier: its entry must still be there and be
 * the same.  CG_BAD_VALUE, naming the entry, when one was changed, removed or inserted, or the end
 * was cut. */
cg_rc audit_check(struct store_txn *txn, const struct home *keys, const struct audit_head *expected,
		  struct audit_head *out, struct cg_err *err) CG_MUST_USE;
/* Chains entries of a time when there was no chain; for the upgrade. */
cg_rc audit_chain_all(struct store_txn *txn, struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* Entries of a topic, which is the id of a subject or an action ("key.delete"), with numbers above
 * `after`, the oldest first; borrowed.  CG_NOT_FOUND from visit ends the walk without an error. */
typedef cg_rc (*audit_visit_fn)(const Cg__AuditEntry *entry, void *arg, struct cg_err *err);
cg_rc audit_walk(struct store *store, const char *topic, uint64_t after, audit_visit_fn visit,
		 void *arg, struct cg_err *err) CG_MUST_USE;

struct audit_page {
	Cg__AuditEntry **items;
	size_t n;
	uint64_t next; /* the number below which to go on; 0: this was the last page */
};
/* A page of the newest entries, newest first, numbers below `below` (0: from the end), whose
 * action, request, actor or subject (name or id) holds `q`.  Who is no owner gets no changes of
 * users, tokens and settings. */
cg_rc audit_list(struct store *store, const struct actor *actor, uint64_t below, size_t limit,
		 struct span q, struct arena *arena, struct audit_page *out,
		 struct cg_err *err) CG_MUST_USE;

#endif
