#include "base/base.h"
#include "base/hash.h"
#include "base/wipe.h"
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

cg_rc sha256_of(struct span bytes, struct sha256 *out)
{
	struct sha256 digest;
	int failed = gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.p, bytes.n, digest.b);
	/* The library leaves the last block there, which may be a token. */
	wipe_stack_top();
	if (failed < 0)
		return CG_FAIL;
	*out = digest;
	return CG_OK;
}

void hex_format(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_parse(struct span text, uint8_t *out, size_t n)
{
	if (text.n != 2 * n)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (hex_digit(text.p[i]) < 0)
			return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(text.p[2 * i]) * 16 + hex_digit(text.p[2 * i + 1]));
	return true;
}

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void x5t_format(const struct sha256 *digest, char out[SHA256_X5T + 1])
{
	unsigned held = 0, bits = 0;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		held = held << 8 | digest->b[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = url_digits[held >> (bits - 6) & 63];
	}
	*out++ = url_digits[held << (6 - bits) & 63];
	*out = '\0';
}

static bool x5t_parse(struct span text, struct sha256 *out)
{
	struct sha256 digest;
	unsigned held = 0, bits = 0;
	size_t n = 0;
	if (text.n != SHA256_X5T)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		const char *hit = text.p[i] ? strchr(url_digits, text.p[i]) : NULL;
		if (!hit)
			return false;
		held = held << 6 | (unsigned)(hit - url_digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			digest.b[n++] = (uint8_t)(held >> bits);
		}
	}
	/* The two bits that are left over: one text for one digest. */
	if (held & 3)
		return false;
	*out = digest;
	return true;
}

struct span sha256_without_prefix(struct span text)
{
	static const struct span prefixes[] = {
	    {"sha256:",		7 },
	    {"sha256=",		7 },
	    {"sha256 fingerprint=", 19},
	    {"sha256 fingerprint:", 19},
	};
	text = span_trim(text);
	for (size_t i = 0; i < CG_COUNT(prefixes); i++)
		if (text.n >= prefixes[i].n &&
		    span_is_nocase(span_make(text.p, prefixes[i].n), prefixes[i]))
			return span_trim(span_from(text, prefixes[i].n));
	return text;
}

bool sha256_parse(struct span text, struct sha256 *out)
{
	text = sha256_without_prefix(text);
	if (x5t_parse(text, out))
		return true;
	char digits[SHA256_HEX];
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if ((text.p[i] == ':' || text.p[i] == ' ') && n > 0 && n % 2 == 0)
			continue;
		if (n == sizeof(digits))
			return false;
		digits[n++] = text.p[i];
	}
	return hex_parse(span_make(digits, n), out->b, SHA256_BYTES);
}

size_t sha256_start(struct span text, char out[SHA256_HEX + 1])
{
	struct sha256 whole;
	size_t n = 0;
	out[0] = '\0';
	if (sha256_parse(text, &whole)) {
		hex_format(whole.b, SHA256_BYTES, out);
		return SHA256_HEX;
	}
	text = sha256_without_prefix(text);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == ':' || text.p[i] == ' ')
			continue;
		if (hex_digit(text.p[i]) < 0) {
			out[0] = '\0';
			return 0;
		}
		if (n < SHA256_START_MAX)
			out[n] = (char)(text.p[i] >= 'A' && text.p[i] <= 'F' ? text.p[i] + 32
									     : text.p[i]);
		n++;
	}
	out[n >= SHA256_START_MIN && n <= SHA256_START_MAX ? n : 0] = '\0';
	return n;
}

cg_rc random_bytes(void *out, size_t n)
{
	return gnutls_rnd(GNUTLS_RND_KEY, out, n) < 0 ? CG_FAIL : CG_OK;
}

void base32_format(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned held = 0, bits = 0;
	for (size_t i = 0; i < n; i++) {
		held = (held << 8) | bytes[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = digits[(held >> (bits - 5)) & 31];
	}
	if (bits > 0)
		*out++ = digits[(held << (5 - bits)) & 31];
	*out = '\0';
}

static cg_rc random_text(size_t n, char *out)
{
	uint8_t bytes[SHA256_BYTES];
	if (random_bytes(bytes, n) != CG_OK)
		return CG_FAIL;
	base32_format(bytes, n, out);
	gnutls_memset(bytes, 0, sizeof(bytes));
	return CG_OK;
}

cg_rc random_id(char out[ID_TEXT + 1])
{
	return random_text(ID_RAW_BYTES, out);
}

cg_rc random_token(char out[TOKEN_TEXT + 1])
{
	return random_text(32, out);
}

bool same_secret(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || gnutls_memcmp(a.p, b.p, a.n) == 0);
}

char *base64_format(struct arena *a, struct span bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = bytes.n < SIZE_MAX / 2 ? arena_alloc(a, (bytes.n + 2) / 3 * 4 + 1) : NULL;
	if (!out)
		return NULL;
	char *p = out;
	const uint8_t *b = (const uint8_t *)bytes.p;
	size_t left = bytes.n;
	for (; left >= 3; b += 3, left -= 3) {
		uint32_t v = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
		*p++ = digits[v >> 18];
		*p++ = digits[(v >> 12) & 63];
		*p++ = digits[(v >> 6) & 63];
		*p++ = digits[v & 63];
	}
	if (left > 0) {
		uint32_t v = (uint32_t)b[0] << 16 | (left > 1 ? (uint32_t)b[1] << 8 : 0);
		*p++ = digits[v >> 18];
		*p++ = digits[(v >> 12) & 63];
		*p++ = left > 1 ? digits[(v >> 6) & 63] : '=';
		*p++ = '=';
	}
	*p = '\0';
	return out;
}
