/* Certificates that sign people in to /admin.  Each belongs to one user and is never also a key's
 * credential, in either order: whoever may call an API with it must not become an administrator,
 * and the other way about. */
#ifndef CG_MODEL_USER_CERTIFICATE_H
#define CG_MODEL_USER_CERTIFICATE_H

#include "cert/cert.h"
#include "model/actor.h"
#include "store/store.h"

/* Gives a user (by id or name) a certificate; for owners.  CG_CLASH with the code
 * certificate_in_use (it is or was a key's, or signs somebody in already) or key_exposed. */
cg_rc user_certificate_add(struct store *store, const struct actor *actor, const char *user,
			   const struct cert *cert, struct arena *arena, Cg__UserCertificate **out,
			   struct cg_err *err) CG_MUST_USE;
/* Takes it away (any notation of its SHA-256) and ends the user's sessions; for owners.  CG_STALE
 * unless its revision is `revision`. */
cg_rc user_certificate_remove(struct store *store, const struct actor *actor, const char *user,
			      const char *sha256, uint64_t revision, struct arena *arena,
			      struct cg_err *err) CG_MUST_USE;
cg_rc user_certificate_get(struct store *store, const char *user, const char *sha256,
			   struct arena *arena, Cg__UserCertificate **out,
			   struct cg_err *err) CG_MUST_USE;

struct user_certificates {
	Cg__UserCertificate **items;
	size_t n;
};
/* All of a user's, at most USER_CERTIFICATES_MAX. */
cg_rc user_certificate_list(struct store *store, const char *user, struct arena *arena,
			    struct user_certificates *out, struct cg_err *err) CG_MUST_USE;

/* Whom it signs in at `now_unix_s`.  The caller has made sure that it came in the handshake.
 * CG_DENIED with a sentence where it signs in nobody: it is unknown, outside of its dates, its
 * public key is blocked, or its user is held. */
cg_rc user_certificate_sign_in(struct store *store, const struct sha256 *sha256, int64_t now_unix_s,
			       struct arena *arena, Cg__User **out, struct cg_err *err) CG_MUST_USE;

/* Within a transaction that does more: CG_CLASH when it signs somebody in. */
cg_rc user_certificate_check_in(struct store_txn *txn, struct span sha256, struct arena *arena,
				struct cg_err *err) CG_MUST_USE;
/* Removes all of a user's who goes away. */
cg_rc user_certificate_drop_user_in(struct store_txn *txn, const char *user_id, struct arena *arena,
				    struct cg_err *err) CG_MUST_USE;

#endif
