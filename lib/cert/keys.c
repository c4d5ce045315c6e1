#include "base/base.h"
#include "cert/inside.h"
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* Two squeezed forms of a text make the search independent of how it is laid out:
 *  - its base64 characters alone: a key starts at some character of it and is recognised by the
 *    first values of its DER, whatever stands around it (markers, other markers, none);
 *  - its letters, digits and dashes alone, in upper case: for the markers, also of keys that are
 *    encrypted or damaged, and split or spaced ones.
 * At each character the work is bounded, so all of it is linear. */

/* Attempts to read a key in one text: each may cost a multiplication on a curve. */
#define TRIES_MAX 16

/* --- DER that may be cut short, in base64 or as it is --- */

struct view {
	const char *p;
	size_t n; /* characters or bytes */
	bool base64;
};

static int view_byte(struct view v, size_t i)
{
	if (!v.base64)
		return i < v.n ? (uint8_t)v.p[i] : -1;
	size_t at = i / 3 * 4 + i % 3;
	if (at + 1 >= v.n)
		return -1;
	unsigned hi = (unsigned)base64_value(v.p[at]), lo = (unsigned)base64_value(v.p[at + 1]);
	switch (i % 3) {
	case 0:
		return (uint8_t)(hi << 2 | lo >> 4);
	case 1:
		return (uint8_t)(hi << 4 | lo >> 2);
	default:
		return (uint8_t)(hi << 6 | lo);
	}
}

struct value {
	int tag;
	size_t body, len; /* where the body starts; len is 0 for BER's indefinite form */
};

/* BER, not DER: a key in sloppy form is a key as well. */
static bool value_at(struct view v, size_t at, struct value *out)
{
	int tag = view_byte(v, at), len = view_byte(v, at + 1);
	if (tag < 0 || len < 0)
		return false;
	*out = (struct value){.tag = tag, .body = at + 2, .len = (size_t)len};
	if (len < 0x80)
		return true;
	size_t n = (size_t)len & 0x7f;
	if (n > 4)
		return false;
	out->len = 0;
	out->body += n;
	for (size_t i = 0; i < n; i++) {
		int b = view_byte(v, at + 2 + i);
		if (b < 0)
			return false;
		out->len = out->len << 8 | (size_t)b;
	}
	return true;
}

/* An OBJECT IDENTIFIER that begins so. */
static bool oid_begins(struct view v, const struct value *oid, struct span with)
{
	if (oid->tag != DER_OID || oid->len < with.n)
		return false;
	for (size_t i = 0; i < with.n; i++)
		if (view_byte(v, oid->body + i) != (uint8_t)with.p[i])
			return false;
	return true;
}

#define OID_PKCS5  SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x05")
#define OID_PKCS7  SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07")
#define OID_PKCS12 SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01")

enum shape { SHAPE_NONE, SHAPE_PLAIN, SHAPE_ENCRYPTED, SHAPE_PKCS12 };

/* What begins at v, judged by its first values; *size is what it says its size is, in bytes. */
static enum shape shape_at(struct view v, size_t *size)
{
	struct value all, a, b, c, inner;
	if (view_byte(v, 0) != DER_SEQUENCE || !value_at(v, 0, &all) || !value_at(v, all.body, &a))
		return SHAPE_NONE;
	*size = all.body + all.len;
	if (a.tag == DER_SEQUENCE) {
		/* EncryptedPrivateKeyInfo (RFC 5958) */
		if (!value_at(v, a.body, &inner) || !value_at(v, a.body + a.len, &b))
			return SHAPE_NONE;
		bool sealed = oid_begins(v, &inner, OID_PKCS5) || oid_begins(v, &inner, OID_PKCS12);
		return sealed && b.tag == DER_OCTET_STRING ? SHAPE_ENCRYPTED : SHAPE_NONE;
	}
	if (a.tag != DER_INTEGER || a.len != 1 || !value_at(v, a.body + 1, &b))
		return SHAPE_NONE;
	int version = view_byte(v, a.body);
	if (version == 3 && b.tag == DER_SEQUENCE)
		return value_at(v, b.body, &inner) && oid_begins(v, &inner, OID_PKCS7)
			   ? SHAPE_PKCS12
			   : SHAPE_NONE;
	if (version != 0 && version != 1)
		return SHAPE_NONE;
	/* ECPrivateKey (RFC 5915) */
	if (version == 1 && b.tag == DER_OCTET_STRING && b.len > 0)
		return SHAPE_PLAIN;
	if (!value_at(v, b.body + b.len, &c))
		return SHAPE_NONE;
	/* RSAPrivateKey (RFC 8017) and OpenSSL's form of DSA */
	if (b.tag == DER_INTEGER && c.tag == DER_INTEGER)
		return SHAPE_PLAIN;
	/* PrivateKeyInfo (RFC 5958); a certificate request has a Name second, not an algorithm */
	if (b.tag == DER_SEQUENCE && b.len >= 3 && c.tag == DER_OCTET_STRING &&
	    value_at(v, b.body, &inner) && inner.tag == DER_OID)
		return SHAPE_PLAIN;
	return SHAPE_NONE;
}

/* --- its public half --- */

/* Whether the private numbers belong to the public ones beside them.  Whoever knows a public key
 * can write a "private key" around it, so what such a text says of its public half counts only once
 * a signature of the one is good for the other. */
static bool is_pair(gnutls_x509_privkey_t x509, gnutls_privkey_t key, gnutls_pubkey_t public)
{
	static const char text[] = "Whoever can sign this has the private key.";
	const gnutls_datum_t data = {(uint8_t *)(uintptr_t)text, sizeof(text) - 1};
	gnutls_datum_t signature = {NULL, 0};
	gnutls_digest_algorithm_t hash;
	if (gnutls_x509_privkey_verify_params(x509) < 0 ||
	    gnutls_pubkey_get_preferred_hash_algorithm(public, &hash, NULL) < 0)
		return false;
	gnutls_sign_algorithm_t how = gnutls_pk_to_sign(
	    (gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(key, NULL), hash);
	/* Old, short keys are keys as well: their hash is no matter here. */
	bool ok = how != GNUTLS_SIGN_UNKNOWN &&
		  gnutls_privkey_sign_data2(key, how, 0, &data, &signature) >= 0 &&
		  gnutls_pubkey_verify_data2(public, how, GNUTLS_VERIFY_ALLOW_BROKEN, &data,
					     &signature) >= 0;
	gnutls_free(signature.data);
	return ok;
}

static bool public_half(const gnutls_datum_t *der, struct sha256 *spki, struct sha256 *value)
{
	gnutls_x509_privkey_t x509 = NULL;
	gnutls_privkey_t key = NULL;
	gnutls_pubkey_t public = NULL;
	gnutls_datum_t out = {NULL, 0};
	struct key_parts parts;
	bool ok = false;
	if (gnutls_x509_privkey_init(&x509) < 0 || gnutls_privkey_init(&key) < 0 ||
	    gnutls_pubkey_init(&public) < 0)
		goto out;
	/* A private key is never asked for its password. */
	if (gnutls_x509_privkey_import2(x509, der, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN) <
		0 ||
	    gnutls_privkey_import_x509(key, x509, 0) < 0 ||
	    gnutls_pubkey_import_privkey(public, key, 0, 0) < 0 || !is_pair(x509, key, public) ||
	    gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &out) < 0)
		goto out;
	struct span der_out = span_make(out.data, out.size);
	ok = key_parts_of(der_out, &parts) && sha256_of(der_out, spki) == CG_OK &&
	     sha256_of(parts.value, value) == CG_OK;
out:
	gnutls_free(out.data);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(key);
	gnutls_x509_privkey_deinit(x509);
	return ok;
}

static bool is_known(const struct private_keys *found, const struct sha256 *spki)
{
	for (size_t i = 0; i < found->n; i++)
		if (memcmp(&found->spki_sha256[i], spki, sizeof(*spki)) == 0)
			return true;
	return false;
}

/* True when a whole key was read. */
static bool read_key(struct view v, size_t size, struct private_keys *found)
{
	uint8_t der[CERT_KEY_DER_MAX];
	if (size > sizeof(der) || view_byte(v, size - 1) < 0 || found->tries >= TRIES_MAX)
		return false;
	found->tries++;
	for (size_t i = 0; i < size; i++)
		der[i] = (uint8_t)view_byte(v, i);
	gnutls_datum_t datum = {der, (unsigned)size};
	struct sha256 spki, value;
	bool ok = public_half(&datum, &spki, &value);
	gnutls_memset(der, 0, sizeof(der));
	if (ok && !is_known(found, &spki) && found->n < CERT_EXPOSED_MAX) {
		found->spki_sha256[found->n] = spki;
		found->value_sha256[found->n++] = value;
	}
	return ok;
}

/* Looks at what begins at v; the bytes to pass over, 0 when it is no whole key. */
static size_t key_at(struct view v, struct private_keys *found)
{
	size_t size = 0;
	switch (shape_at(v, &size)) {
	case SHAPE_NONE:
		return 0;
	case SHAPE_PLAIN:
		found->any = true;
		if (read_key(v, size, found))
			return size;
		found->unread = true;
		return 0;
	case SHAPE_PKCS12:
		found->pkcs12 = true;
		break;
	case SHAPE_ENCRYPTED:
		break;
	}
	found->any = found->unread = true;
	return 0;
}

/* --- the two forms --- */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A dash of Unicode at s: its length, else 0.  U+2010 to U+2015, minus sign, full-width hyphen. */
static size_t dash_at(struct span s)
{
	if (s.n >= 3 && memcmp(s.p, "\xe2\x80", 2) == 0 && (uint8_t)s.p[2] >= 0x90 &&
	    (uint8_t)s.p[2] <= 0x95)
		return 3;
	if (span_starts(s, SPAN_LIT("\xe2\x88\x92")) || span_starts(s, SPAN_LIT("\xef\xbc\x8d")))
		return 3;
	return 0;
}

static size_t squeeze_base64(struct span text, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		if (base64_value(text.p[i]) >= 0)
			out[n++] = text.p[i];
	return n;
}

static size_t squeeze_words(struct span text, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		size_t dash = (c & 0x80) ? dash_at(span_from(text, i)) : 0;
		if (dash > 0) { /* one long dash is what a word processor makes of two */
			out[n++] = '-';
			out[n++] = '-';
			i += dash - 1;
		} else if (c == '-' || is_alnum(c)) {
			out[n++] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
		}
	}
	return n;
}

/* PRIVATE KEY at `at` in a marker, rather than in a sentence: BEGIN or END with a dash a little
 * before it, or dashes behind it that do not belong to the next marker. */
static bool is_marker(struct span words, size_t at)
{
	size_t from = at;
	while (from > 0 && at - from < 32 && words.p[from - 1] != '-')
		from--;
	struct span label = span_from(words, from);
	if (from > 0 && words.p[from - 1] == '-' &&
	    (span_starts(label, SPAN_LIT("BEGIN")) || span_starts(label, SPAN_LIT("END"))))
		return true;
	struct span behind = span_from(words, at + strlen("PRIVATEKEY"));
	if (!span_starts(behind, SPAN_LIT("--")))
		return false;
	size_t dashes = 0; /* bounded: a marker has five */
	while (dashes < behind.n && dashes < 12 && behind.p[dashes] == '-')
		dashes++;
	return !span_starts(span_from(behind, dashes), SPAN_LIT("BEGIN"));
}

static bool has_marker(struct span words)
{
	/* PuTTY's files; what openssl and certtool print of a key in words. */
	static const struct span others[] = {
	    SPAN_LIT("PUTTY-USER-KEY-FILE-"),
	    SPAN_LIT("PRIVATE-LINES"),
	    SPAN_LIT("PRIVATEEXPONENT"),
	    SPAN_LIT("PRIVATE-KEYPRIV"),
	    SPAN_LIT("BITPRIV"),
	};
	for (size_t i = 0; i < CG_COUNT(others); i++)
		if (span_find(words, others[i]) != SIZE_MAX)
			return true;
	for (size_t at = 0;; at++) {
		size_t hit = span_find(span_from(words, at), SPAN_LIT("PRIVATEKEY"));
		if (hit == SIZE_MAX)
			return false;
		at += hit;
		if (is_marker(words, at))
			return true;
	}
}

/* --- keys in JSON --- */

#define JWK_NUMBER_MIN 20 /* letters of base64url; the shortest private number has 43 */

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static struct span skip_space(struct span s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == ' ' || (s.p[n] >= '\t' && s.p[n] <= '\r')))
		n++;
	return span_from(s, n);
}

/* A private key as JSON (RFC 7517): it says its type, and has the member "d" (RFC 7518, 6.2.2.1 and
 * 6.3.2.1; RFC 8037). */
static bool has_jwk(struct span text)
{
	if (span_find(text, SPAN_LIT("kty")) == SIZE_MAX)
		return false;
	for (size_t i = 0; i + 3 < text.n; i++) {
		if (!is_quote(text.p[i]) || text.p[i + 1] != 'd' || !is_quote(text.p[i + 2]))
			continue;
		/* Each space is passed over for one "d" at most. */
		struct span rest = skip_space(span_from(text, i + 3));
		if (rest.n == 0 || rest.p[0] != ':')
			continue;
		rest = skip_space(span_from(rest, 1));
		size_t n = 1;
		while (n < rest.n && n <= JWK_NUMBER_MIN &&
		       (is_alnum(rest.p[n]) || rest.p[n] == '-' || rest.p[n] == '_'))
			n++;
		if (n > JWK_NUMBER_MIN && is_quote(rest.p[0]))
			return true;
	}
	return false;
}

/* RSAKeyValue of .NET: XML Signature's, with the private numbers beside the public ones. */
static bool has_xml(struct span text)
{
	return span_find(text, SPAN_LIT("KeyValue")) != SIZE_MAX &&
	       (span_find(text, SPAN_LIT("<D>")) != SIZE_MAX ||
		span_find(text, SPAN_LIT("<InverseQ>")) != SIZE_MAX);
}

/* Java's own key stores, JKS and JCEKS: the magic number and a version. */
static bool has_keystore(struct span text)
{
	static const struct span heads[] = {
	    SPAN_LIT("\xfe\xed\xfe\xed\0\0\0\1"),
	    SPAN_LIT("\xfe\xed\xfe\xed\0\0\0\2"),
	    SPAN_LIT("\xce\xce\xce\xce\0\0\0\1"),
	    SPAN_LIT("\xce\xce\xce\xce\0\0\0\2"),
	};
	for (size_t i = 0; i < CG_COUNT(heads); i++)
		if (span_find(text, heads[i]) != SIZE_MAX)
			return true;
	return false;
}

/* Binary, anywhere: as files are put together. */
static void find_binary(struct span text, struct private_keys *found)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != DER_SEQUENCE)
			continue;
		size_t size = key_at((struct view){text.p + i, text.n - i, false}, found);
		if (size > 0)
			i += size - 1;
	}
}

void private_keys_find(struct span text, char *scratch, struct private_keys *found)
{
	struct span words = {scratch, squeeze_words(text, scratch)};
	struct span base64 = {scratch + text.n, squeeze_base64(text, scratch + text.n)};
	if (has_marker(words) || has_jwk(text) || has_xml(text) || has_keystore(text))
		found->any = found->unread = true;
	/* "openssh-key-v1" */
	if (span_find(base64, SPAN_LIT("b3BlbnNzaC1rZXktdjE")) != SIZE_MAX)
		found->any = found->unread = true;
	find_binary(text, found);
	for (size_t i = 0; i < base64.n; i++) {
		/* A SEQUENCE in base64 begins with M. */
		if (base64.p[i] != 'M')
			continue;
		size_t size = key_at((struct view){base64.p + i, base64.n - i, true}, found);
		if (size > 0)
			i += size / 3 * 4;
	}
}
