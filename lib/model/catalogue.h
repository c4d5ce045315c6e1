/* The catalogue: what developers may ask a key for. */
#ifndef CG_MODEL_CATALOGUE_H
#define CG_MODEL_CATALOGUE_H

#include "model/entity.h"

/* For entity_create, entity_change, entity_get, …  Removing an entry leaves the keys that came of
 * it as they are, and declines what waits for it. */
extern const struct entity catalogue_entity;

/* CG_CLASH (policy_in_use) while an entry offers the policy. */
cg_rc catalogue_check_policy_in(struct store_txn *txn, const Cg__Policy *policy,
				struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
