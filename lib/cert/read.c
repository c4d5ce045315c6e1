#include "base/base.h"
#include "cert/cert.h"
#include "cert/inside.h"
#include "base/text.h"
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* What was mended can hide another layer (a JSON string in a URL); deeper ones are nobody's. */
#define MEND_PASSES 3

/* One call of cert_read: its certificates, and whatever has to be wiped or freed at its end. */
struct reader {
	struct arena *arena;
	struct cg_err *err;
	char *memory; /* readings of the text and scratch, wiped at the end */
	size_t memory_n;
	struct span text; /* as given, then its last reading */
	struct private_keys keys;
	struct cert certs[CERT_INPUT_CERTS_MAX];
	struct cert_parts parts[CERT_INPUT_CERTS_MAX];
	gnutls_x509_crt_t crts[CERT_INPUT_CERTS_MAX];
	size_t n;
};

static cg_rc refuse(const struct reader *r, const char *code, const char *sentence)
{
	return cg_fail_code(r->err, CG_BAD_VALUE, code, "%s", sentence);
}

/* --- the readings of the text --- */

static size_t without_nul(struct span text, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\0')
			out[n++] = text.p[i];
	return n;
}

/* Searches every reading for private keys and leaves the last one in r->text. */
static cg_rc read_all_ways(struct reader *r)
{
	size_t n = r->text.n;
	r->memory_n = 5 * n + KEY_LAYERS_ROOM(n) + 1;
	r->memory = malloc(r->memory_n);
	if (!r->memory)
		return cg_fail_memory(r->err);
	char *turns[2] = {r->memory, r->memory + n}, *plain = r->memory + 2 * n;
	char *scratch = r->memory + 3 * n, *room = r->memory + 5 * n;
	private_keys_find(r->text, scratch, &r->keys);
	private_keys_find_below(r->text, KEY_LAYERS, room, scratch, &r->keys);
	/* Without its NULs UTF-16 is ASCII, and nothing hides behind one.  A text that has any is
	 * refused later on. */
	struct span reading = {plain, without_nul(r->text, plain)};
	for (unsigned pass = 0; pass < MEND_PASSES; pass++) {
		bool changed;
		char *to = turns[pass % 2];
		size_t len = mend(reading, to, &changed);
		if (!changed)
			break;
		reading = (struct span){to, len};
		private_keys_find(reading, scratch, &r->keys);
		private_keys_find_below(reading, KEY_LAYERS, room, scratch, &r->keys);
	}
	if (reading.n == 0 || !memchr(r->text.p, '\0', n))
		r->text = reading;
	return CG_OK;
}

static bool is_utf16(struct span text)
{
	return span_starts(text, SPAN_LIT("\xff\xfe")) || span_starts(text, SPAN_LIT("\xfe\xff")) ||
	       span_find(text, SPAN_LIT("-\0-\0-\0-\0-")) != SIZE_MAX;
}

static bool has_binary(struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];
		if ((c < 0x20 && (c < '\t' || c > '\r')) || c == 0x7f)
			return true;
	}
	return false;
}

/* --- one certificate --- */

static cg_rc refuse_key_alone(const struct reader *r)
{
	if (r->keys.pkcs12)
		return refuse(r, CERT_IS_PKCS12,
			      "This is a PKCS#12 file, which holds a private key; it was thrown "
			      "away. Take the certificate out of it with: openssl pkcs12 -in FILE "
			      "-nokeys -clcerts -out cert.pem");
	return refuse(r, CERT_PRIVATE_KEY_ALONE,
		      "This is a private key without its certificate; it was thrown away. Give "
		      "the certificate, which is public. If there is none yet, make one for this "
		      "key with: openssl req -x509 -key key.pem -days 365 -subj /CN=me -out "
		      "cert.pem");
}

/* What it is instead of a certificate, where people are known to take it for one. */
static cg_rc refuse_other(struct reader *r, struct span der)
{
	struct span rest = der;
	struct der all, first, second, third;
	struct key_parts key;
	if (r->keys.any)
		return refuse_key_alone(r);
	if (key_parts_of(der, &key))
		return refuse(r, CERT_IS_PUBLIC_KEY, IS_PUBLIC_KEY);
	if (der_take(&rest, DER_SEQUENCE, &all) && der_next(&all.body, &first)) {
		if (first.tag == DER_OID &&
		    span_starts(first.body, SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07")))
			return refuse(r, CERT_IS_PKCS7,
				      "This is a PKCS#7 bundle. Take the certificates out of it "
				      "with: openssl pkcs7 -inform DER -print_certs -in FILE -out "
				      "cert.pem");
		/* CertificationRequestInfo: version 0, a Name, a key. */
		if (first.tag == DER_SEQUENCE && der_take(&first.body, DER_INTEGER, &second) &&
		    second.body.n == 1 && second.body.p[0] == 0 &&
		    der_take(&first.body, DER_SEQUENCE, &second) &&
		    der_take(&first.body, DER_SEQUENCE, &third) && key_parts_of(third.all, &key))
			return refuse(r, CERT_IS_REQUEST, IS_REQUEST);
	}
	return refuse(r, CERT_UNREADABLE,
		      "This cannot be read as a certificate. Give an X.509 certificate, as text "
		      "with a BEGIN CERTIFICATE line or as a .cer or .der file. Whether a file is "
		      "one is shown by: openssl x509 -in FILE -noout -text");
}

static cg_rc refuse_too_large(const struct reader *r)
{
	return cg_fail_code(r->err, CG_BAD_VALUE, CERT_TOO_LARGE,
			    "The certificate is larger than %d bytes; web servers do not pass "
			    "larger ones on. Make one with fewer or shorter names.",
			    CERT_DER_MAX);
}

/* Adds a certificate, once.  der is in the arena. */
static cg_rc add(struct reader *r, struct span der)
{
	struct span rest = der;
	struct der all;
	for (size_t i = 0; i < r->n; i++)
		if (span_is(der, r->certs[i].der))
			return CG_OK;
	if (der.n > CERT_DER_MAX)
		return refuse_too_large(r);
	if (!der_take(&rest, DER_SEQUENCE, &all) && !der_is_whole(der))
		return refuse(r, CERT_DAMAGED,
			      "The certificate is damaged or cut short. Copy it again, whole.");
	if (rest.n > 0 && !der_is_whole(der))
		return refuse(r, CERT_DAMAGED,
			      "There are more bytes behind the certificate, inside its block. "
			      "Copy it again from where it was made.");
	if (!der_is_canonical(der))
		return refuse(r, CERT_NOT_DER,
			      "The certificate is not encoded in strict DER, so that programs "
			      "would disagree on its fingerprint. Write it anew with: openssl "
			      "x509 -in FILE -out cert.pem");
	if (!parts_of(der, &r->parts[r->n]))
		return refuse_other(r, der);
	cg_rc rc = cert_facts(der, r->arena, &r->certs[r->n], r->err);
	if (rc != CG_OK)
		return rc;
	gnutls_x509_crt_t crt;
	if (gnutls_x509_crt_init(&crt) < 0)
		return cg_fail_memory(r->err);
	r->crts[r->n++] = crt;
	gnutls_datum_t datum = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n};
	/* What it refuses: two signature algorithms that differ, an extension twice, and more. */
	if (gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_DER) < 0)
		return refuse(r, CERT_UNREADABLE,
			      "The parts of this certificate contradict each other, so that TLS "
			      "libraries refuse it. " MAKE_NEW);
	return CG_OK;
}

static cg_rc add_base64(struct reader *r, struct span body)
{
	size_t digits = 0, n;
	for (size_t i = 0; i < body.n; i++)
		digits += base64_value(body.p[i]) >= 0;
	if (digits / 4 * 3 > CERT_DER_MAX)
		return refuse_too_large(r);
	size_t room = body.n / 4 * 3 + 3;
	uint8_t *der = arena_alloc(r->arena, room);
	if (!der)
		return cg_fail_memory(r->err);
	cg_rc rc = base64_decode(body, der, &n)
		       ? add(r, span_make(der, n))
		       : refuse(r, CERT_DAMAGED,
				"The text of the certificate is damaged: between its BEGIN and END "
				"lines is something that is not base64. Copy it again, whole.");
	/* It may be a private key between the markers of a certificate. */
	if (rc != CG_OK)
		gnutls_memset(der, 0, room);
	return rc;
}

/* --- from the text to certificates --- */

static cg_rc read_binary(struct reader *r, struct span text)
{
	if (r->keys.any)
		return refuse_key_alone(r);
	char *der = arena_copy(r->arena, text);
	if (!der)
		return cg_fail_memory(r->err);
	cg_rc rc = add(r, span_make(der, text.n));
	if (rc != CG_OK)
		gnutls_memset(der, 0, text.n);
	return rc;
}

static cg_rc read_text(struct reader *r, bool file)
{
	struct pem_blocks blocks;
	if (has_binary(r->text) && file)
		return refuse(
		    r, CERT_BINARY,
		    "This file is not a certificate: it is neither text nor DER. Give the "
		    "certificate's own file; mostly its name ends in .pem, .crt, .cer or "
		    ".der.");
	if (has_binary(r->text))
		return refuse(r, CERT_BINARY,
			      "There are bytes in this text that are no text. Give the file "
			      "itself (upload it), or make text of it with: openssl x509 -inform "
			      "DER -in FILE -out cert.pem");
	cg_rc rc = pem_split(r->text, &blocks, r->err);
	if (rc != CG_OK)
		return r->keys.any && strcmp(r->err->code, CERT_DAMAGED) != 0 ? refuse_key_alone(r)
									      : rc;
	if (r->keys.any && (blocks.n == 0 || r->keys.pkcs12))
		return refuse_key_alone(r);
	if (blocks.n == 0)
		return refuse(r, CERT_NO_CERTIFICATE,
			      "There is no certificate in this text. Paste its whole text, from "
			      "the BEGIN CERTIFICATE line to the END CERTIFICATE line.");
	for (size_t i = 0; i < blocks.n && rc == CG_OK; i++)
		rc = add_base64(r, blocks.body[i]);
	return rc;
}

/* --- which one --- */

static bool fits(const struct reader *r, size_t i)
{
	struct sha256 value;
	if (sha256_of(r->parts[i].key.value, &value) != CG_OK)
		return false;
	for (size_t k = 0; k < r->keys.n; k++)
		if (memcmp(&value, &r->keys.value_sha256[k], sizeof(value)) == 0)
			return true;
	return false;
}

static bool issued_another(const struct reader *r, size_t i)
{
	for (size_t k = 0; k < r->n; k++)
		if (k != i && gnutls_x509_crt_check_issuer(r->crts[k], r->crts[i]))
			return true;
	return false;
}

/* How a sentence names one: by its subject, cut between characters; those without one by the start
 * of the fingerprint. */
#define NAME_ROOM 80
static const char *call_by_name(const struct cert *cert, char out[NAME_ROOM])
{
	char subject[NAME_ROOM - 8];
	text_for_log(span_of(cert->subject), subject, sizeof(subject));
	if (*subject) {
		(void)snprintf(out, NAME_ROOM, "“%s”", subject);
	} else {
		char hex[SHA256_HEX + 1];
		hex_format(cert->sha256.b, SHA256_BYTES, hex);
		(void)snprintf(out, NAME_ROOM, "one without a subject (SHA-256 %.16s…)", hex);
	}
	return out;
}

static cg_rc choose(const struct reader *r, size_t *leaf)
{
	size_t n = 0, chosen = 0;
	for (size_t i = 0; i < r->n; i++)
		if (r->keys.n > 0 ? fits(r, i) : !issued_another(r, i)) {
			chosen = i;
			n++;
		}
	if (n == 0 && r->keys.n > 0)
		return refuse(
		    r, CERT_KEY_MISMATCH,
		    "The private key does not belong to this certificate; it was thrown away. "
		    "Give a certificate and its own key, or the certificate alone. They belong "
		    "together if these print the same: openssl pkey -in key.pem -pubout and "
		    "openssl x509 -in cert.pem -noout -pubkey");
	if (n != 1) {
		char first[NAME_ROOM], second[NAME_ROOM];
		return cg_fail_code(r->err, CG_BAD_VALUE, CERT_SEVERAL,
				    "There are %zu certificates in this text that do not form one "
				    "chain; the first two are %s and %s. Give one of them alone.",
				    r->n, call_by_name(&r->certs[0], first),
				    call_by_name(&r->certs[1], second));
	}
	*leaf = chosen;
	return CG_OK;
}

static bool is_weakly_signed(gnutls_x509_crt_t crt)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(crt);
	return algorithm > 0 && !gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
							GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS);
}

/* A curve that the library cannot handle, or a point that is not on its curve, is noticed only when
 * the key is taken out. */
static cg_rc try_key(const struct reader *r, gnutls_x509_crt_t crt)
{
	gnutls_pubkey_t key;
	int rc = gnutls_pubkey_init(&key);
	if (rc < 0)
		return cg_fail_memory(r->err);
	rc = gnutls_pubkey_import_x509(key, crt, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_verify_params(key);
	gnutls_pubkey_deinit(key);
	if (rc >= 0)
		return CG_OK;
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return cg_fail_memory(r->err);
	return refuse(
	    r, CERT_KEY_TYPE,
	    "The key of this certificate is damaged, or of a kind that cannot be used; RSA "
	    "of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519 and Ed448 can. " MAKE_NEW);
}

static cg_rc finish(struct reader *r, enum cert_kind kind, int64_t now_unix_s,
		    struct cert_reading *out)
{
	size_t leaf = 0;
	struct cert_reading reading = {.private_key_dropped = r->keys.any};
	cg_rc rc = choose(r, &leaf);
	if (rc == CG_OK)
		rc = cert_check(&r->certs[leaf], &r->parts[leaf], kind, now_unix_s, r->arena,
				&reading, r->err);
	if (rc == CG_OK)
		rc = try_key(r, r->crts[leaf]);
	if (rc != CG_OK)
		return rc;
	struct cert *chain = arena_alloc(r->arena, r->n * sizeof(*chain));
	if (!chain)
		return cg_fail_memory(r->err);
	for (size_t i = 0; i < r->n; i++)
		if (i != leaf)
			chain[reading.n_chain++] = r->certs[i];
	reading.chain = chain;
	reading.leaf = r->certs[leaf];
	if (r->keys.n > 0)
		notice_add(&reading, "The private key was used to check the certificate and then "
				     "thrown away.");
	else if (r->keys.any)
		notice_add(&reading, "The private key was not needed and was thrown away.");
	if (is_weakly_signed(r->crts[leaf]))
		notice_add(&reading, "The certificate is signed with an outdated method (SHA-1 or "
				     "MD5). A web server that checks its issuer will refuse it.");
	if (reading.n_chain > 0)
		notice_add(&reading, "The text held a chain: the certificate that issues none of "
				     "the others was taken, without the CAs above it.");
	if (r->arena->failed)
		return cg_fail_memory(r->err);
	*out = reading;
	return CG_OK;
}

cg_rc cert_read(struct span text, enum cert_way way, enum cert_kind kind, int64_t now_unix_s,
		struct arena *arena, struct cert_reading *out, struct cert_exposed *exposed,
		struct cg_err *err)
{
	bool portal = way == CERT_WAY_PORTAL || way == CERT_WAY_PORTAL_FILE;
	bool file = way == CERT_WAY_ADMIN_FILE || way == CERT_WAY_PORTAL_FILE;
	struct cg_err ignored = {.code = NULL};
	struct reader r = {.arena = arena, .err = err ? err : &ignored, .text = text};
	if (exposed)
		*exposed = (struct cert_exposed){.n = 0};
	if (text.n > CERT_INPUT_MAX)
		return cg_fail_code(err, CG_TOO_BIG, CERT_INPUT_TOO_LARGE,
				    "The text is larger than %d kB. Give one certificate, with its "
				    "chain at most.",
				    CERT_INPUT_MAX / 1024);
	cg_rc rc = read_all_ways(&r);
	if (rc != CG_OK)
		goto out;
	if (portal && r.keys.any) {
		for (size_t i = 0; exposed && i < r.keys.n; i++)
			exposed->spki_sha256[exposed->n++] = r.keys.spki_sha256[i];
		rc = refuse(&r, CERT_PRIVATE_KEY_PASTED,
			    "This text holds a private key. Nothing of it was kept, but a key that "
			    "left its owner's hands must not be used any more. Make a new key and "
			    "certificate with: " MAKE_PAIR ", and give cert.pem alone.");
		goto out;
	}
	if (is_utf16(text))
		rc = refuse(
		    &r, CERT_UTF16,
		    "This file is UTF-16 text, as PowerShell and Notepad write it. Save it "
		    "as plain text (UTF-8 or ASCII) and give it again; or: iconv -f UTF-16 -t "
		    "UTF-8 FILE > cert.pem");
	else if (file && has_binary(text) && text.p[0] == DER_SEQUENCE)
		rc = read_binary(&r, text);
	else
		rc = read_text(&r, file);
	if (rc == CG_OK)
		rc = finish(&r, kind, now_unix_s, out);
out:
	for (size_t i = 0; i < r.n; i++)
		gnutls_x509_crt_deinit(r.crts[i]);
	if (r.memory) {
		gnutls_memset(r.memory, 0, r.memory_n);
		free(r.memory);
	}
	return rc;
}
