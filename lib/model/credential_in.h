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
/* Revokes every certificate that carries this public key, with the reason key_exposed; for
 * exposed_key.c.  actor NULL: a restore, which tells of it itself. */
cg_rc credential_revoke_public_key_in(struct store_txn *txn, const struct actor *actor,
				      const struct sha256 *spki, struct arena *arena,
				      struct cg_err *err) CG_MUST_USE;
/* Removes all of a key's that goes away. */
cg_rc credential_drop_key_in(struct store_txn *txn, const char *key_id, struct arena *arena,
			     struct cg_err *err) CG_MUST_USE;

#endif
