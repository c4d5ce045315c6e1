#include "base/base.h"
#include "cert/key_pair.h"
#include "base/hash.h"
#include "cert/inside.h"

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
		    memcmp(stop - strlen(what), what, strlen(what)) != 0)
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
	const char *pem = pem_format(arena, label, span_make(key, n));
	*out = span_of(pem);
	return pem ? NULL : no_memory;
}
