/* Secrets that must be read back, sealed with an AEAD before they are stored. */
#ifndef CG_BASE_SEAL_H
#define CG_BASE_SEAL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/span.h"

/* A key for sealing and its id; wipe it with seal_key_wipe. */
struct seal_key {
	uint8_t bytes[32];
	char id[9]; /* the start of its SHA-256, in hex */
};

/* A key from a passphrase and a salt of 16 bytes (PBKDF2-SHA256, 600,000 rounds). */
cg_rc seal_key_derive(struct span passphrase, const uint8_t salt[16], struct seal_key *out,
		      struct cg_err *err) CG_MUST_USE;
/* A key that is 256 random bits already. */
cg_rc seal_key_from(const uint8_t bytes[32], struct seal_key *out, struct cg_err *err) CG_MUST_USE;
void seal_key_wipe(struct seal_key *key);

/* AES-256-GCM.  `about` (record id and field) is bound to it: a sealed value does not open in
 * another place.  The result is key id, nonce, ciphertext and tag. */
cg_rc seal_close(const struct seal_key *key, struct span plain, struct span about,
		 struct arena *arena, struct span *out, struct cg_err *err) CG_MUST_USE;
/* Whether it was sealed with this key, by the id that it carries. */
bool seal_is_under(const struct seal_key *key, struct span sealed);
/* CG_BAD_VALUE when it was sealed with another key, for another place, or was changed. */
cg_rc seal_open(const struct seal_key *key, struct span sealed, struct span about,
		struct arena *arena, struct span *out, struct cg_err *err) CG_MUST_USE;

#endif
