/* What the files of this folder share.  Nobody else includes it. */
#ifndef CG_CERT_INSIDE_H
#define CG_CERT_INSIDE_H

#include "base/base.h"
#include "base/buf.h"
#include "cert/cert.h"

/* Where it first occurs, or SIZE_MAX. */
static inline size_t span_find(struct span in, struct span what)
{
	const char *hit = in.n >= what.n ? memmem(in.p, in.n, what.p, what.n) : NULL;
	return hit ? (size_t)(hit - in.p) : SIZE_MAX;
}

/* --- der.c: strict DER (X.690) --- */

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8 = 0x0c,
	DER_TELETEX = 0x14,
	DER_NUMERIC = 0x12,
	DER_PRINTABLE = 0x13,
	DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_VISIBLE = 0x1a,
	DER_UNIVERSAL = 0x1c,
	DER_BMP = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

struct der {
	uint8_t tag;
	struct span body;
	struct span all; /* with tag and length */
};

/* Takes the next value off *rest.  False, and nothing changed, when it is cut short, has a length
 * that is indefinite or not minimal, or a tag number above 30. */
bool der_next(struct span *rest, struct der *out) CG_MUST_USE;
/* The same, and it has the tag. */
bool der_take(struct span *rest, uint8_t tag, struct der *out) CG_MUST_USE;
/* Passes over an optional one. */
void der_skip(struct span *rest, uint8_t tag);
/* Whether a bit is set in the body of a BIT STRING, the first one being 0; bits behind its end are
 * not. */
bool der_bit(struct span bit_string, unsigned bit);
/* Extensions below 2.5.29. */
enum {
	EXT_KEY_USAGE = 15,
	EXT_ALT_NAME = 17,
	EXT_BASIC = 19,
	EXT_CRL_NUMBER = 20,
	EXT_DELTA = 27,
	EXT_POINT = 28,
	EXT_ENTRY_ISSUER = 29,
	EXT_EXTENDED_KEY_USAGE = 37,
};
/* An extension of a certificate, of a revocation list or of an entry in one (RFC 5280, 4.1). */
struct extension {
	struct span oid, value; /* what the OCTET STRING holds */
	uint8_t number;		/* the last arc below 2.5.29; 0: it is another one */
	bool is_critical;
};
/* Takes the next one off a list of them; as der_next. */
bool extension_take(struct span *rest, struct extension *out) CG_MUST_USE;
/* One value fills all of it, and it and everything in it is in the form that a DER encoder would
 * write: re-encoding it gives the same bytes.  Does not look into OCTET STRINGs. */
bool der_is_canonical(struct span all) CG_MUST_USE;
/* One BER value fills all of it, going by its outer length: whole, but not DER where
 * der_is_canonical says no. */
bool der_is_whole(struct span all) CG_MUST_USE;
/* The digits of an INTEGER as bits: 2048 for a modulus of 2048 bits; 0 for a negative one. */
unsigned der_integer_bits(struct span body);
/* UTCTime or GeneralizedTime in the form of RFC 5280, any year from 0 to 9999. */
bool der_time(const struct der *value, int64_t *unix_s) CG_MUST_USE;

/* --- sentences --- */

/* Asks for nothing. */
#define MAKE_PAIR                                                                                  \
	"openssl req -x509 -newkey rsa:4096 -nodes -days 365 -subj /CN=me -keyout key.pem "        \
	"-out cert.pem"

/* Ends a refusal that nothing but another certificate helps. */
#define MAKE_NEW "Make a new one with: " MAKE_PAIR " (or ask your CA for one)."

/* What other things are, and what to give instead. */
#define IS_REQUEST                                                                                 \
	"This is a certificate request (CSR). Give the certificate that your CA made from it, or " \
	"sign it yourself with: openssl x509 -req -in request.pem -signkey key.pem -days 365 "     \
	"-out cert.pem"
#define IS_PUBLIC_KEY                                                                              \
	"This is a bare public key. Give the certificate that contains it; its text has a BEGIN "  \
	"CERTIFICATE line. To make one from the private key: openssl req -x509 -key key.pem "      \
	"-days 365 -subj /CN=me -out cert.pem"

/* --- names.c: text out of certificates --- */

/* Adds an OBJECT IDENTIFIER in dots. */
void oid_add(struct buf *to, struct span oid);
/* A Name as cert.h says, in the arena; NULL where it is no Name or memory is short. */
const char *name_text(struct arena *arena, struct span name) CG_MUST_USE;
/* Whether a web server on OpenSSL can read this Name: its values are text in the encoding they say.
 */
bool name_is_readable(struct span name) CG_MUST_USE;
/* The alternative names of a GeneralNames into *out; false as name_text. */
bool general_names(struct arena *arena, struct span names, struct cert *out) CG_MUST_USE;

/* --- parts.c: a certificate taken apart --- */

enum key_kind {
	KEY_RSA,
	KEY_RSA_PSS,
	KEY_EC,
	KEY_ED25519,
	KEY_ED448,
	KEY_OTHER, /* nothing that a TLS client can use here */
};

struct key_parts {
	enum key_kind kind;
	unsigned bits; /* RSA only */
	const char
	    *curve;	 /* EC: its usual name; KEY_OTHER: the name of the kind, NULL if unknown */
	struct span oid; /* of the kind; of the curve for EC */
	struct span value; /* the subjectPublicKey bits: what a private key has in common with it */
};

struct cert_parts {
	struct span serial, issuer, subject, spki; /* spki with its tag */
	int64_t not_before, not_after;
	struct key_parts key;
	struct span alt_names; /* GeneralNames, p NULL when there are none */
	bool is_ca;
	bool signs_certificates; /* is_ca, and key usage, where present, agrees */
	bool client_auth_allowed;
	bool unknown_critical;
};

/* False when der is not one certificate in strict DER. */
bool parts_of(struct span der, struct cert_parts *out) CG_MUST_USE;
/* A SubjectPublicKeyInfo with its tag. */
bool key_parts_of(struct span spki, struct key_parts *out) CG_MUST_USE;

/* --- mend.c --- */

/* Writes the text into out (room: text.n bytes; it never grows) with one layer of escapes taken
 * off: backslash escapes of JSON, %XX, HTML entities, invisible characters, no-break spaces.
 * A plus stays a plus.  Returns the length; *changed tells whether anything was there to mend. */
size_t mend(struct span text, char *out, bool *changed);

/* --- keys.c: private keys in any disguise --- */

struct private_keys {
	bool any;    /* something that is, was or holds a private key */
	bool pkcs12; /* a PKCS#12 among it */
	bool unread; /* one whose public half could not be computed: encrypted, damaged, unusual */
	size_t n;    /* those that could be read, each once */
	unsigned tries;
	struct sha256 spki_sha256[CERT_EXPOSED_MAX];
	struct sha256 value_sha256[CERT_EXPOSED_MAX]; /* of key_parts.value */
};

/* Adds what one reading of the text holds.  scratch has room for 2 * text.n bytes and is left
 * unwiped. */
void private_keys_find(struct span text, char *scratch, struct private_keys *found);

/* --- layers.c --- */

#define KEY_LAYERS	   2	     /* base64 of base64, and the like */
#define KEY_LAYERS_ROOM(n) (4 * (n)) /* of room below, for KEY_LAYERS */

/* The same of what the text is base64 or hex of, in parts or as a whole, and of what that is base64
 * or hex of, `depth` layers down.  room and scratch are left unwiped. */
void private_keys_find_below(struct span text, unsigned depth, char *room, char *scratch,
			     struct private_keys *found);

/* --- pem.c --- */

/* Decodes base64 with white space anywhere (space, tab, CR, LF, FF, VT) into out, which has room
 * for text.n / 4 * 3 bytes.  Strict otherwise: padding whole, unused bits zero (RFC 4648, 3.5), so
 * that one text has one reading. */
bool base64_decode(struct span text, uint8_t *out, size_t *n) CG_MUST_USE;
/* 0 to 63, or -1. */
int base64_value(char c);

/* PEM text with this label (RFC 7468, 64 columns, final newline); NULL without memory. */
char *pem_format(struct arena *arena, struct span label, struct span der) CG_MUST_USE;

/* The encoded certificates of a text, not decoded yet. */
struct pem_blocks {
	struct span body[CERT_INPUT_CERTS_MAX];
	size_t n;
};

/* Splits by exact labels.  Other blocks than certificates are skipped; when there is nothing else,
 * the refusal names what was there. */
cg_rc pem_split(struct span text, struct pem_blocks *out, struct cg_err *err) CG_MUST_USE;

/* --- check.c --- */

/* May this certificate be registered as such a kind now?  Adds notices to *out. */
cg_rc cert_check(const struct cert *cert, const struct cert_parts *parts, enum cert_kind kind,
		 int64_t now_unix_s, struct arena *arena, struct cert_reading *out,
		 struct cg_err *err) CG_MUST_USE;
/* Keeps a sentence; those above CERT_NOTICES_MAX are dropped. */
void notice_add(struct cert_reading *out, const char *sentence);

#endif
