/* Steps on credentials within a transaction of key.c.  Private to model/. */
#ifndef CG_MODEL_CREDENTIAL_IN_H
#define CG_MODEL_CREDENTIAL_IN_H

#include "model/key.h"

cg_rc credential_add_certificate_in(struct store_txn *txn, const struct actor *actor,
				    const Cg__Key *key, const struct cert *cert,
				    struct arena *arena, Cg__Credential **out,
				    struct cg_err *err) CG_MUST_USE;
cg_rc credential_add_token_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			      struct arena *arena, Cg__Credential **out, char token[TOKEN_TEXT + 1],
			      struct cg_err *err) CG_MUST_USE;
/* Writes one back, as its next revision. */
cg_rc credential_put_in(struct store_txn *txn, Cg__Credential *credential, struct arena *arena,
			struct cg_err *err) CG_MUST_USE;
/* An entry of the audit on one of a key; `changes` (may be NULL) is taken. */
cg_rc credential_audit_in(struct store_txn *txn, const struct actor *actor, const char *action,
			  const Cg__Key *key, const Cg__Credential *credential, json_t *changes,
			  struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* credential_list and credential_revoke within a transaction. */
cg_rc credential_list_in(struct store_txn *txn, const char *key_id, struct arena *arena,
			 struct credentials *out, struct cg_err *err) CG_MUST_USE;
cg_rc credential_revoke_in(struct store_txn *txn, const struct actor *actor, const char *key_id,
			   const char *sha256, const char *reason, struct arena *arena,
			   struct cg_err *err) CG_MUST_USE;
/* Notes when one was proven, as request_prove does it; 0: it is only claimed. */
cg_rc credential_set_proof_in(struct store_txn *txn, Cg__Credential *credential, int64_t proven_at,
			      struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* The key of one; where it is gone (a revoked one outlives its key), one of that id without a name
 * and without anybody whose it is. */
cg_rc credential_key_in(struct store_txn *txn, const Cg__Credential *credential,
			struct arena *arena, Cg__Key **out, struct cg_err *err) CG_MUST_USE;
/* Takes one away from its key, for another to have it; with it goes its revocation. */
cg_rc credential_yield_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			  const Cg__Credential *credential, struct arena *arena,
			  struct cg_err *err) CG_MUST_USE;
/* Lets one end, unless it ends before. */
cg_rc credential_end_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			Cg__Credential *credential, int64_t ends_at, struct arena *arena,
			struct cg_err *err) CG_MUST_USE;
/* Lets one end then, sooner or later than before; 0: it has no end. */
cg_rc credential_set_end_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			    Cg__Credential *credential, int64_t ends_at, struct arena *arena,
			    struct cg_err *err) CG_MUST_USE;
/* The credential of this digest; CG_NOT_FOUND leaves err alone. */
cg_rc credential_load_in(struct store_txn *txn, struct span sha256, struct arena *arena,
			 Cg__Credential **out, struct cg_err *err) CG_MUST_USE;
/* Revokes every certificate that carries this public key, with the reason key_exposed; for
 * exposed_key.c.  actor NULL: a restore, which tells of it itself. */
cg_rc credential_revoke_public_key_in(struct store_txn *txn, const struct actor *actor,
				      const struct sha256 *spki, struct arena *arena,
				      struct cg_err *err) CG_MUST_USE;
/* Removes all of a key's that goes away. */
cg_rc credential_drop_key_in(struct store_txn *txn, const char *key_id, struct arena *arena,
			     struct cg_err *err) CG_MUST_USE;

#endif
