#include "base/base.h"
#include "cert/cert.h"
#include "cert/inside.h"

enum cert_seen cert_from_server(struct span value, struct arena *arena, struct span *der,
				struct sha256 *sha256)
{
	static const struct span begin = SPAN_LIT("-----BEGIN CERTIFICATE-----");
	static const struct span end = SPAN_LIT("-----END CERTIFICATE-----");
	value = span_trim(value);
	/* What Apache puts for an unset variable: "(null)" in a header, "-" in a log format. */
	if (value.n == 0 || span_is_text(value, "-") || span_is_text(value, "(null)"))
		return CERT_SEEN_NONE;
	if (value.n > CERT_INPUT_MAX || !span_starts(value, begin) || value.n < begin.n + end.n ||
	    memcmp(value.p + value.n - end.n, end.p, end.n) != 0)
		return CERT_SEEN_DAMAGED;
	struct span body = {value.p + begin.n, value.n - begin.n - end.n};
	uint8_t *bytes = arena_alloc(arena, body.n / 4 * 3 + 3);
	if (!bytes)
		return CERT_SEEN_FAILED;
	size_t n;
	/* Another certificate in between has dashes, which are not base64. */
	if (!base64_decode(body, bytes, &n))
		return CERT_SEEN_DAMAGED;
	struct span all = span_make(bytes, n), rest = all;
	struct der v;
	if (!der_take(&rest, DER_SEQUENCE, &v) || rest.n > 0)
		return CERT_SEEN_DAMAGED;
	struct sha256 digest;
	if (sha256_of(all, &digest) != CG_OK)
		return CERT_SEEN_FAILED;
	*der = all;
	*sha256 = digest;
	return CERT_SEEN_ONE;
}
