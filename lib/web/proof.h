/* The web server's proof: a secret that its include sets, so that what comes from anywhere else on
 * the host can be told apart. */
#ifndef CG_WEB_PROOF_H
#define CG_WEB_PROOF_H

#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/home.h"

#define PROOFS_MAX 2 /* both valid while one replaces the other */

/* Digests only: who reads the data folder cannot forge the web server. */
struct proof {
	bool off; /* the file says "off": for tests and one's own machine */
	struct sha256 digests[PROOFS_MAX];
	size_t n;
};

/* Reads the keys folder's file "proof": one SHA-256 in hex per line, or "off".  CG_UNAVAILABLE when
 * it is missing or says anything else. */
cg_rc proof_load(const struct home *home, struct proof *out, struct cg_err *err) CG_MUST_USE;
/* Makes a new proof: writes its digest as the only valid one, and the text (64 hex digits) to
 * out. */
cg_rc proof_make(const struct home *home, char out[SHA256_HEX + 1], struct cg_err *err) CG_MUST_USE;
/* For web_program.proof_ok; ctx is the struct proof.  In constant time. */
bool proof_is_right(void *ctx, struct span value);

#endif
