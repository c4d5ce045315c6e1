/* Public keys whose private halves somebody else has seen.  While one is blocked, no certificate
 * with it can be registered, and those that were registered are revoked. */
#ifndef CG_MODEL_EXPOSED_KEY_H
#define CG_MODEL_EXPOSED_KEY_H

#include "cert/cert.h"
#include "model/actor.h"
#include "store/store.h"

/* Blocks the public keys of `keys`, as cert_read gives them where a private key was pasted; those
 * blocked before are passed over.  No role is asked for: whoever shows a private key has exposed
 * it.  `*out` (may be NULL) is the record of the last. */
cg_rc exposed_key_block(struct store *store, const struct actor *actor,
			const struct cert_exposed *keys, struct arena *arena, Cg__ExposedKey **out,
			struct cg_err *err) CG_MUST_USE;
/* The same for one, by its id, within a transaction that does more.  actor NULL: a restore, which
 * tells of it itself. */
cg_rc exposed_key_block_in(struct store_txn *txn, const struct actor *actor,
			   const struct sha256 *spki, struct arena *arena, Cg__ExposedKey **out,
			   struct cg_err *err) CG_MUST_USE;
/* CG_CLASH with the code key_exposed when it is blocked. */
cg_rc exposed_key_check_in(struct store_txn *txn, struct span spki_sha256, struct arena *arena,
			   struct cg_err *err) CG_MUST_USE;
/* Lets it be registered again, within a transaction; nothing happens when it is not blocked.
 * Credentials that were revoked with it stay so. */
cg_rc exposed_key_lift_in(struct store_txn *txn, const struct actor *actor, struct span spki_sha256,
			  struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* One by any notation of its SHA-256. */
cg_rc exposed_key_get(struct store *store, const char *spki_sha256, struct arena *arena,
		      Cg__ExposedKey **out, struct cg_err *err) CG_MUST_USE;
/* Lifts the block, for administrators; CG_STALE unless its revision is `revision`. */
cg_rc exposed_key_remove(struct store *store, const struct actor *actor, const char *spki_sha256,
			 uint64_t revision, struct arena *arena, struct cg_err *err) CG_MUST_USE;

struct exposed_key_page {
	Cg__ExposedKey **items;
	size_t n;
	const char *next;
};
/* A page in the order of ids, of those whose id begins with `q`. */
cg_rc exposed_key_list(struct store *store, struct span cursor, size_t limit, struct span q,
		       struct arena *arena, struct exposed_key_page *out,
		       struct cg_err *err) CG_MUST_USE;

#endif
