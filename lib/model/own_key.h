/* What developers do with the keys of their organisation.  All of it for actor->developer alone;
 * the keys of others are CG_NOT_FOUND, as if they were not there. */
#ifndef CG_MODEL_OWN_KEY_H
#define CG_MODEL_OWN_KEY_H

#include "base/hash.h"
#include "model/entity.h"

cg_rc own_key_get(struct store *store, const struct actor *actor, const char *id,
		  struct arena *arena, Cg__Key **out, struct cg_err *err) CG_MUST_USE;
struct own_keys {
	Cg__Key **items; /* by name */
	size_t n;
};
cg_rc own_key_list(struct store *store, const struct actor *actor, struct arena *arena,
		   struct own_keys *out, struct cg_err *err) CG_MUST_USE;
/* Revokes a credential.  Of a certificate that is only claimed, key_exposed counts as other: it
 * says nothing of the public key. */
cg_rc own_key_revoke(struct store *store, const struct actor *actor, const char *key_id,
		     const char *sha256, const char *reason, struct arena *arena,
		     struct cg_err *err) CG_MUST_USE;
/* Gives the key up: it is removed, with its credentials. */
cg_rc own_key_give_up(struct store *store, const struct actor *actor, const char *key_id,
		      struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Makes a token for a key that was asked for with one; *token is the only time it is seen.  The
 * one that it has ends overlap_days later.  CG_DENIED when the key is not to have any; CG_CLASH
 * with the code ENTITY_MADE_ALREADY unless the key has `had` credentials before, as of
 * credential_add.
 */
cg_rc own_key_make_token(struct store *store, const struct actor *actor, const char *key_id,
			 size_t had, uint64_t overlap_days, struct arena *arena,
			 char token[TOKEN_TEXT + 1], struct cg_err *err) CG_MUST_USE;
/* What a mailed link of the kind STOP does: revokes what was added.  *key is whose. */
cg_rc own_key_stop(struct store *store, const struct actor *actor, const char *secret,
		   struct arena *arena, Cg__Key **key, struct cg_err *err) CG_MUST_USE;

#endif
