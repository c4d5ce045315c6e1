#include "base/base.h"
#include "base/seal.h"
#include "base/hash.h"
#include "base/text.h"
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define CIPHER	    GNUTLS_CIPHER_AES_256_GCM
#define NONCE_BYTES 12
#define TAG_BYTES   16
#define ID_BYTES    8 /* of the id's text */
#define HEAD_BYTES  (ID_BYTES + NONCE_BYTES)
#define ROUNDS	    600000

static cg_rc name_key(struct seal_key *key, struct cg_err *err)
{
	struct sha256 digest;
	if (sha256_of(span_make(key->bytes, sizeof(key->bytes)), &digest) != CG_OK)
		return cg_fail_memory(err);
	hex_format(digest.b, ID_BYTES / 2, key->id);
	return CG_OK;
}

cg_rc seal_key_derive(struct span passphrase, const uint8_t salt[16], struct seal_key *out,
		      struct cg_err *err)
{
	struct seal_key key;
	gnutls_datum_t pass = {(unsigned char *)(uintptr_t)passphrase.p, (unsigned)passphrase.n};
	gnutls_datum_t salt_bytes = {(unsigned char *)(uintptr_t)salt, 16};
	if (gnutls_pbkdf2(GNUTLS_MAC_SHA256, &pass, &salt_bytes, ROUNDS, key.bytes,
			  sizeof(key.bytes)) < 0)
		return cg_fail_memory(err);
	cg_rc rc = name_key(&key, err);
	if (rc == CG_OK)
		*out = key;
	seal_key_wipe(&key);
	return rc;
}

cg_rc seal_key_from(const uint8_t bytes[32], struct seal_key *out, struct cg_err *err)
{
	struct seal_key key;
	memcpy(key.bytes, bytes, sizeof(key.bytes));
	cg_rc rc = name_key(&key, err);
	if (rc == CG_OK)
		*out = key;
	seal_key_wipe(&key);
	return rc;
}

void seal_key_wipe(struct seal_key *key)
{
	gnutls_memset(key, 0, sizeof(*key));
}

/* The cipher with the key in it; NULL without memory. */
static gnutls_aead_cipher_hd_t start(const struct seal_key *key)
{
	gnutls_aead_cipher_hd_t cipher;
	gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)key->bytes, sizeof(key->bytes)};
	return gnutls_aead_cipher_init(&cipher, CIPHER, &bytes) < 0 ? NULL : cipher;
}

cg_rc seal_close(const struct seal_key *key, struct span plain, struct span about,
		 struct arena *arena, struct span *out, struct cg_err *err)
{
	size_t room = plain.n + TAG_BYTES;
	char *sealed = arena_alloc(arena, HEAD_BYTES + room);
	gnutls_aead_cipher_hd_t cipher = sealed ? start(key) : NULL;
	if (!cipher)
		return cg_fail_memory(err);
	memcpy(sealed, key->id, ID_BYTES);
	int rc = random_bytes(sealed + ID_BYTES, NONCE_BYTES) == CG_OK ? 0 : -1;
	if (rc == 0)
		rc = gnutls_aead_cipher_encrypt(cipher, sealed + ID_BYTES, NONCE_BYTES, about.p,
						about.n, TAG_BYTES, plain.p, plain.n,
						sealed + HEAD_BYTES, &room);
	gnutls_aead_cipher_deinit(cipher);
	if (rc < 0)
		return cg_fail(err, CG_UNAVAILABLE, "A secret cannot be sealed now.");
	*out = span_make(sealed, HEAD_BYTES + room);
	return CG_OK;
}

bool seal_is_under(const struct seal_key *key, struct span sealed)
{
	return sealed.n >= HEAD_BYTES && memcmp(sealed.p, key->id, ID_BYTES) == 0;
}

cg_rc seal_open(const struct seal_key *key, struct span sealed, struct span about,
		struct arena *arena, struct span *out, struct cg_err *err)
{
	if (sealed.n < HEAD_BYTES + TAG_BYTES)
		return cg_fail(err, CG_BAD_VALUE, "A sealed secret is damaged.");
	if (memcmp(sealed.p, key->id, ID_BYTES) != 0) {
		char other[4 * ID_BYTES + 1];
		text_for_log(span_make(sealed.p, ID_BYTES), other, sizeof(other));
		return cg_fail(err, CG_BAD_VALUE,
			       "A secret was sealed with another key (%s, this host has %s).",
			       other, key->id);
	}
	size_t room = sealed.n - HEAD_BYTES;
	char *plain = arena_alloc(arena, room);
	gnutls_aead_cipher_hd_t cipher = plain ? start(key) : NULL;
	if (!cipher)
		return cg_fail_memory(err);
	int rc = gnutls_aead_cipher_decrypt(cipher, sealed.p + ID_BYTES, NONCE_BYTES, about.p,
					    about.n, TAG_BYTES, sealed.p + HEAD_BYTES,
					    sealed.n - HEAD_BYTES, plain, &room);
	gnutls_aead_cipher_deinit(cipher);
	if (rc < 0)
		return cg_fail(err, CG_BAD_VALUE,
			       "A sealed secret was changed, or belongs to another record.");
	*out = span_make(plain, room);
	return CG_OK;
}
