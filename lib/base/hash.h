/* SHA-256, hex, base64, random bytes, constant-time compare; all of it GnuTLS. */
#ifndef CG_BASE_HASH_H
#define CG_BASE_HASH_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/span.h"

#define SHA256_BYTES 32
#define SHA256_HEX   64 /* digits, without the NUL */
#define SHA256_X5T   43 /* characters of base64url, without the NUL */
#define ID_RAW_BYTES 16
#define ID_TEXT	     26 /* 128 bit in lower-case base32, without the NUL */
#define TOKEN_TEXT   52 /* 256 bit, the same alphabet */

struct sha256 {
	uint8_t b[SHA256_BYTES];
};

/* CG_FAIL when the library cannot hash (no memory): never a wrong digest. */
cg_rc sha256_of(struct span bytes, struct sha256 *out) CG_MUST_USE;
/* Lower-case hex of n bytes into 2n + 1 characters. */
void hex_format(const uint8_t *bytes, size_t n, char *out);
/* The value of a hex digit of either case, -1 for another character. */
int hex_digit(char c);
/* Exactly 2n hex digits of either case; false and out untouched otherwise. */
bool hex_parse(struct span text, uint8_t *out, size_t n) CG_MUST_USE;
/* Reads a SHA-256 in the notations people use: 64 hex digits of either case, with or without colons
 * or spaces between bytes, after "sha256:", "SHA256 Fingerprint=" or "sha256 fingerprint="; or the
 * 43 characters of base64url that JOSE calls x5t#S256.  False when it is not one. */
bool sha256_parse(struct span text, struct sha256 *out) CG_MUST_USE;
/* The digits, in lower-case hex, of a SHA-256 or of the start of one in these notations (x5t#S256:
 * of the whole alone).  Returns how many hex digits the text has, 0 when it has anything else; out
 * is "" where they are too few or too many for a start and are no whole either: a slip, or the
 * fingerprint of another method. */
#define SHA256_START_MIN 4
#define SHA256_START_MAX 32
size_t sha256_start(struct span text, char out[SHA256_HEX + 1]);
/* What follows one of those prefixes; all of it when none is there.  White space around it goes. */
struct span sha256_without_prefix(struct span text);
/* RFC 4648 section 6 in lower case, without padding: (8n + 4) / 5 characters and a NUL. */
void base32_format(const uint8_t *bytes, size_t n, char *out);
/* n random bytes fit for secrets; CG_FAIL when the library has none. */
cg_rc random_bytes(void *out, size_t n) CG_MUST_USE;
/* 128 random bits as an id, 256 as a token; out has room for the text and a NUL. */
cg_rc random_id(char out[ID_TEXT + 1]) CG_MUST_USE;
cg_rc random_token(char out[TOKEN_TEXT + 1]) CG_MUST_USE;
/* Equal, in a time that does not depend on where they differ.  Lengths are not secret. */
bool same_secret(struct span a, struct span b);
/* x5t#S256 (RFC 7515 section 4.1.8): base64url without padding. */
void x5t_format(const struct sha256 *digest, char out[SHA256_X5T + 1]);
/* Standard base64 with padding (RFC 4648 section 4); NULL when memory is short. */
char *base64_format(struct arena *a, struct span bytes) CG_MUST_USE;

#endif
