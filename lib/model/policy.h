/* Policies: rights and limits that many keys share. */
#ifndef CG_MODEL_POLICY_H
#define CG_MODEL_POLICY_H

#include "model/entity.h"

/* For entity_create, entity_change, entity_get, … */
extern const struct entity policy_entity;

/* CG_CLASH (policy_in_use), naming some keys, while keys have it, unless `detach`: then it is taken
 * from them in the same transaction. */
cg_rc policy_remove(struct store *store, const struct actor *actor, const char *id_or_name,
		    uint64_t revision, bool detach, struct arena *arena,
		    struct cg_err *err) CG_MUST_USE;
/* Takes an API that goes away out of every policy's access rights. */
cg_rc policy_drop_api(struct store_txn *txn, const char *api_id, struct arena *arena,
		      struct cg_err *err) CG_MUST_USE;

/* Whether it decides this part of what a key may do, while it is active. */
bool policy_applies(const Cg__Policy *policy, Cg__Policy__Part part);
/* Whether the life that it gives keys ends this one earlier, while it is active, than at `*at`
 * (*ends false: never): then both become that end. */
bool policy_ends_earlier(const Cg__Policy *policy, const Cg__Key *key, bool *ends, int64_t *at);
/* Whether a lets more through than b in the long run; NULL is no limit. */
bool rate_is_larger(const Cg__Rate *a, const Cg__Rate *b);
bool quota_is_larger(const Cg__Quota *a, const Cg__Quota *b);

#endif
