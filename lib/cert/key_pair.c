#include "base/base.h"
#include "cert/key_pair.h"
#include "base/hash.h"
#include "cert/inside.h"
#include <gnutls/x509.h>

/* Capitals and spaces: it is written again, in front of the key that is kept. */
static bool is_label(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != ' ' && (text.p[i] < 'A' || text.p[i] > 'Z'))
			return false;
	return true;
}

/* The first block with a private key in it: its label, and what stands between its markers.  False
 * when there is none. */
static bool find_block(struct span text, struct span *label, struct span *body)
{
	static const char begin[] = "-----BEGIN ", dashes[] = "-----", what[] = "PRIVATE KEY";
	const char *end = text.p + text.n, *at = text.p;
	while ((at = memmem(at, (size_t)(end - at), begin, strlen(begin)))) {
		at += strlen(begin);
		const char *stop = memmem(at, (size_t)(end - at), dashes, strlen(dashes));
		size_t n = stop ? (size_t)(stop - at) : 0;
		if (n < strlen(what) || n > 40 ||
		    memcmp(stop - strlen(what), what, strlen(what)) != 0 ||
		    !is_label(span_make(at, n)))
			continue;
		*label = span_make(at, n);
		const char *from = stop + strlen(dashes);
		stop = memmem(from, (size_t)(end - from), dashes, strlen(dashes));
		*body = span_make(from, stop ? (size_t)(stop - from) : 0);
		return stop != NULL;
	}
	return false;
}

/* Whether the private key is that of the certificate.  By the bits of the public key, not by all of
 * its SubjectPublicKeyInfo: RSA-PSS certificates go with plain RSA keys. */
static bool belongs(const struct private_keys *keys, struct span der)
{
	struct cert_parts parts;
	struct sha256 value;
	return keys->n == 1 && parts_of(der, &parts) &&
	       sha256_of(parts.key.value, &value) == CG_OK &&
	       memcmp(value.b, keys->value_sha256[0].b, sizeof(value.b)) == 0;
}

/* Whether the library that makes the handshakes with it reads what is kept: 0, or its error. */
static int try_key(struct span pem)
{
	gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.p, (unsigned)pem.n};
	gnutls_x509_privkey_t key;
	int rc = gnutls_x509_privkey_init(&key);
	if (rc < 0)
		return rc;
	rc = gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_x509_privkey_deinit(key);
	return rc;
}

const char *key_pair_read(struct span text, struct span der, struct arena *arena, struct span *out)
{
	static const char no_memory[] = "cannot be read: no memory";
	struct private_keys keys = {0};
	struct span label, body;
	size_t n = 0;
	if (!find_block(text, &label, &body))
		return "is not a private key as PEM text";
	uint8_t *key = arena_alloc(arena, body.n);
	char *scratch = arena_alloc(arena, 2 * body.n);
	if (!key || !scratch)
		return no_memory;
	private_keys_find(body, scratch, &keys);
	/* One with a passphrase in the old way has lines of another kind before its base64. */
	if (!base64_decode(body, key, &n) || keys.unread || keys.n != 1)
		return "cannot be read: give one private key as PEM text, without a passphrase (it "
		       "is sealed before it is stored)";
	if (!belongs(&keys, der))
		return "is the private key of another certificate than client_certificate";
	struct span pem = span_of(pem_format(arena, label, span_make(key, n)));
	int rc = pem.p ? try_key(pem) : GNUTLS_E_MEMORY_ERROR;
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return no_memory;
	if (rc < 0)
		return "cannot be read: the line before it names another kind of key, or it is of "
		       "a "
		       "kind that cannot be used here";
	*out = pem;
	return NULL;
}
