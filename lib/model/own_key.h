/* What developers do with the keys of their organisation.  All of it for actor->developer alone;
 * the keys of others are CG_NOT_FOUND, as if they were not there. */
#ifndef CG_MODEL_OWN_KEY_H
#define CG_MODEL_OWN_KEY_H

#include "base/hash.h"
#include "base/limits.h"
#include "model/organisation.h"

cg_rc own_key_get(struct store *store, const struct actor *actor, const char *id,
		  struct arena *arena, Cg__Key **out, struct cg_err *err) CG_MUST_USE;
/* Which ones are asked for. */
struct own_key_query {
	struct span q;	       /* as entity_list has it; empty: all */
	const char *policy_id; /* those that have this policy; NULL: whatever they have */
	bool without;	       /* those that do not have it */
};
/* A page of them, Cg__Key by name.  What it costs grows with how many the organisation has; in
 * memory is a page alone. */
cg_rc own_key_list(struct store *store, const struct actor *actor,
		   const struct own_key_query *query, struct span cursor, size_t limit,
		   struct arena *arena, struct entity_page *out, struct cg_err *err) CG_MUST_USE;
/* The ids of all. */
cg_rc own_key_ids(struct store *store, const struct actor *actor, struct arena *arena,
		  struct key_ids *out, struct cg_err *err) CG_MUST_USE;
/* Calls `see` for each of all, in no order; the key is there for that moment alone. */
cg_rc own_key_each(struct store *store, const struct actor *actor,
		   void (*see)(const Cg__Key *key, void *arg), void *arg,
		   struct cg_err *err) CG_MUST_USE;
/* Those that still let somebody in, but not after until_unix_s unless a credential is added: the
 * first `most` (at least 1) to end, and how many more there are. */
struct own_key_ending {
	char id[ID_MAX_BYTES + 1], name[NAME_MAX_BYTES + 1];
	int64_t ends_unix_s;
};
struct own_keys_ending {
	struct own_key_ending *items;
	size_t n, more;
};
cg_rc own_key_ending(struct store *store, const struct actor *actor, int64_t now_unix_s,
		     int64_t until_unix_s, size_t most, struct arena *arena,
		     struct own_keys_ending *out, struct cg_err *err) CG_MUST_USE;
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
/* What a mailed link of the kind STOP would revoke, and whose it is.  CG_NOT_FOUND with a sentence
 * when the link has ended, or what it is about is gone. */
cg_rc own_key_to_stop(struct store *store, const char *secret, struct arena *arena, Cg__Key **key,
		      const char **sha256, struct cg_err *err) CG_MUST_USE;
/* What it does: revokes what was added.  *key is whose. */
cg_rc own_key_stop(struct store *store, const struct actor *actor, const char *secret,
		   struct arena *arena, Cg__Key **key, struct cg_err *err) CG_MUST_USE;

#endif
