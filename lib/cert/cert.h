/* Certificates as people and web servers hand them over: what was pasted or uploaded -> one checked
 * certificate; DER -> its facts; SSL_CLIENT_CERT -> fingerprint.  Nothing here keeps state, so all
 * of it may be called from many threads at once.  The outcome of each odd shape is laid down in
 * tests/certs/ (README.md and manifest.tsv there). */
#ifndef CG_CERT_CERT_H
#define CG_CERT_CERT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/span.h"

/* --- facts of one certificate --- */

/* All text is valid UTF-8 without control, bidi or invisible characters (they stand as \xNN or
 * \u{NNNN}), has a ceiling in limits.h (what is longer ends in "..."), and ends in a NUL.  It is
 * still the choice of a stranger: HTML, CSV and JSON have to escape it.  Pointers are into the
 * arena that was given. */
struct cert {
	struct span der;	   /* as decoded, never re-encoded */
	struct sha256 sha256;	   /* of der: the identity of the certificate */
	struct sha256 spki_sha256; /* of the SubjectPublicKeyInfo: the identity of the key */
	const char *subject;	   /* "CN=...,O=...", most specific first (RFC 4514); "" if empty */
	const char *issuer;	   /* likewise */
	const char *serial;	   /* octets in lower-case hex, "-" first if negative */
	int64_t not_before;	   /* Unix seconds, the first second of validity */
	int64_t not_after;	   /* Unix seconds, the last second of validity */
	const char *public_key;	   /* "RSA 4096", "RSA-PSS 2048", "EC P-256", "Ed25519", ... */
	const char *const *names;  /* "DNS:a.example", "email:...", "URI:...", "IP:...", ... */
	size_t n_names;
	bool is_ca;		  /* basic constraints say so; openssl req -x509 does by default */
	bool client_auth_allowed; /* extended key usage and key usage, where present, allow it */
};

/* The facts of a DER that was accepted before, without judging them: an expired or weak certificate
 * has facts too.  Needs no X.509 library, some microseconds.  der is not copied: it has to live as
 * long as *out.  CG_BAD_VALUE (CERT_DAMAGED) when it is not one whole certificate in strict DER,
 * CG_UNAVAILABLE without memory. */
cg_rc cert_facts(struct span der, struct arena *arena, struct cert *out,
		 struct cg_err *err) CG_MUST_USE;

/* The PEM text (RFC 7468, 64 columns, final newline); NULL without memory. */
char *cert_pem(struct arena *arena, struct span der) CG_MUST_USE;

/* --- what people paste and upload --- */

/* How the text came.  The admin may give a private key along with its certificate; in the portal
 * any private key refuses all.  A file may be binary (DER), a text field may not.  REST bodies are
 * files when sent as they are, text fields when they came in JSON. */
enum cert_way {
	CERT_WAY_ADMIN,
	CERT_WAY_ADMIN_FILE,
	CERT_WAY_PORTAL,
	CERT_WAY_PORTAL_FILE,
};

/* What the certificate is for. */
enum cert_kind {
	CERT_KIND_CLIENT,   /* a client of the gate: has to be usable in a handshake as a client */
	CERT_KIND_CA,	    /* issues clients of APIs that trust a CA */
	CERT_KIND_UPSTREAM, /* what an upstream shows, or a CA of upstreams: any purpose */
};

#define CERT_NOTICES_MAX 8

struct cert_reading {
	struct cert leaf;	  /* the certificate that was meant */
	const struct cert *chain; /* the others of the text, each once, in their order */
	size_t n_chain;
	bool private_key_dropped; /* the text held a private key; nothing of it is left here */
	/* Whole sentences for the person, e.g. that the certificate ends soon. */
	const char *notices[CERT_NOTICES_MAX];
	size_t n_notices;
};

/* The public halves of private keys that were pasted where none may be: the caller has them blocked
 * as exposed.  Encrypted, damaged and OpenSSH keys cannot be computed and are missing. */
struct cert_exposed {
	struct sha256 spki_sha256[CERT_EXPOSED_MAX];
	size_t n;
};

/* Reads one certificate out of text.  Forgiving in form: PEM with any line ends, indents, text
 * around it, one line, backslash-n, %XX and HTML entities, the same twice, a chain in any order,
 * bare base64, DER (files).  Strict in substance: whatever two programs could read in two ways is
 * refused.  Linear in the size of the text.
 *
 * Private keys are looked for first, in the whole text and in each reading of it.  Admin: a key
 * only picks or checks the certificate (encrypted ones not even that) and is dropped.  Portal:
 * refusal with CERT_PRIVATE_KEY_PASTED, and *exposed (may be NULL) is filled.  *exposed is written
 * in every case, with n = 0 in all but this one.
 *
 * No part of the text is kept, logged, or repeated in *err; all working memory is wiped.  The
 * caller wipes the text itself, and shows nobody the text of a refused portal paste again: what may
 * be put back in a form is cert_pem() of what was accepted.
 *
 * now_unix_s is the time that "expired" is measured by.  CG_OK, or a refusal: CG_BAD_VALUE, or
 * CG_TOO_BIG above CERT_INPUT_MAX, each with a sentence and one of the codes below; CG_UNAVAILABLE
 * without memory.  *out is written on CG_OK only and points into the arena. */
cg_rc cert_read(struct span text, enum cert_way way, enum cert_kind kind, int64_t now_unix_s,
		struct arena *arena, struct cert_reading *out, struct cert_exposed *exposed,
		struct cg_err *err) CG_MUST_USE;

/* err->code of a refusal. */
#define CERT_NO_CERTIFICATE	"no_certificate"	/* nothing given, or text without one */
#define CERT_INPUT_TOO_LARGE	"input_too_large"	/* above CERT_INPUT_MAX */
#define CERT_TOO_LARGE		"certificate_too_large" /* above CERT_DER_MAX */
#define CERT_TOO_MANY		"too_many_certificates" /* above CERT_INPUT_CERTS_MAX */
#define CERT_BINARY		"binary_in_text" /* NUL or control bytes, DER in a text field */
#define CERT_UTF16		"utf16"		 /* PowerShell's or Notepad's other encoding */
#define CERT_DAMAGED		"damaged"    /* markers, base64 or DER are broken or cut short */
#define CERT_NOT_DER		"not_der"    /* readable, but not in the one canonical form */
#define CERT_UNREADABLE		"unreadable" /* DER, but no certificate that libraries read */
#define CERT_PRIVATE_KEY_PASTED "private_key_pasted"   /* portal */
#define CERT_PRIVATE_KEY_ALONE	"private_key_alone"    /* admin: without its certificate */
#define CERT_KEY_MISMATCH	"key_mismatch"	       /* admin: key of another certificate */
#define CERT_SEVERAL		"several_certificates" /* unrelated ones */
#define CERT_IS_REQUEST		"certificate_request"  /* a CSR */
#define CERT_IS_CRL		"revocation_list"
#define CERT_IS_PUBLIC_KEY	"public_key"
#define CERT_IS_SSH_KEY		"ssh_key"
#define CERT_IS_PKCS7		"pkcs7"
#define CERT_IS_PKCS12		"pkcs12"
#define CERT_IS_TRUSTED		"trusted_certificate" /* OpenSSL's own form with extra data */
#define CERT_EXPIRED		"certificate_expired"
#define CERT_NEVER_VALID	"never_valid"		   /* ends before it begins */
#define CERT_WEAK_KEY		"weak_key"		   /* RSA under 2048 bits */
#define CERT_KEY_TOO_LARGE	"key_too_large"		   /* RSA above 8192 bits */
#define CERT_KEY_TYPE		"key_type"		   /* DSA, X25519, other curves */
#define CERT_NOT_CLIENT		"not_a_client_certificate" /* purposes exclude clients */
#define CERT_NOT_CA		"not_a_ca_certificate"
#define CERT_CRITICAL_EXTENSION "unknown_critical_extension"

/* --- what the web server passes --- */

enum cert_seen {
	CERT_SEEN_NONE,	   /* "", "-", "(null)", white space: no certificate came */
	CERT_SEEN_DAMAGED, /* a value, but not one certificate: nobody, and worth a log line */
	CERT_SEEN_ONE,
	CERT_SEEN_FAILED, /* no memory: the caller has to refuse, not to go on without */
};

/* SSL_CLIENT_CERT -> DER in the arena and its SHA-256.  Takes the forms that servers produce: PEM
 * with newline, CRLF, tab or space between the lines.  Exactly one certificate with its markers,
 * and nothing else but white space: two are damaged, never the second.  Only the outer length of
 * the DER is checked, the rest is pinned by the digest.  *der and *sha256 are written on
 * CERT_SEEN_ONE only. */
enum cert_seen cert_from_server(struct span value, struct arena *arena, struct span *der,
				struct sha256 *sha256) CG_MUST_USE;

#endif
