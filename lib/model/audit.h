/* The audit: each change writes its entry in the transaction that makes it. */
#ifndef CG_MODEL_AUDIT_H
#define CG_MODEL_AUDIT_H

#include "model/actor.h"
#include "store/store.h"

/* Adds the next entry.  `changes` (borrowed, may be NULL) holds new values by member, and never a
 * secret. */
cg_rc audit_add(struct store_txn *txn, const struct actor *actor, const char *action,
		const char *subject_id, const char *subject_name, const json_t *changes,
		struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
