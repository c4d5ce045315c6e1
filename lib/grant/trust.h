/* Trust by CA: the registered CAs with their revocation lists, and whether a certificate was issued
 * under those that an API trusts. */
#ifndef CG_GRANT_TRUST_H
#define CG_GRANT_TRUST_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "cert/chain.h"
#include "store/store.h"

/* Every certificate of kind ca that can be used now, with its list. */
struct trust {
	struct cert_ca *cas;
	size_t n;
};

/* Everything in the arena.  A CA whose public key is blocked as exposed is left out. */
cg_rc trust_load(struct store *store, struct arena *arena, struct trust *out,
		 struct cg_err *err) CG_MUST_USE;

/* Intermediate CAs that clients have sent along in chains that were good, over generations: a
 * client that resumes a TLS session sends none, and would be refused after the next change of
 * anything. For many threads at once. */
struct trust_seen;
struct trust_seen *trust_seen_new(void) CG_MUST_USE;
void trust_seen_free(struct trust_seen **seen);

/* Of the certificate `leaf` (DER), which the web server saw in a handshake together with `passed`
 * (PEM each; what is none is passed over). */
struct trust_question {
	const Cg__ApiAuth *auth;
	struct span leaf;
	const struct span *passed;
	size_t n_passed;
	struct trust_seen *seen; /* NULL: nothing is remembered */
};
/* CG_OK with *out, whatever it says; CG_UNAVAILABLE without memory or store: then nobody may pass.
 * *out says CERT_CHAIN_NOT_LOOKED_AT for an API that does not trust by CA. */
cg_rc trust_judge(struct store *store, const struct trust *trust, const struct trust_question *q,
		  int64_t now_unix_s, struct arena *arena, struct cert_chain *out,
		  struct cg_err *err) CG_MUST_USE;

#endif
