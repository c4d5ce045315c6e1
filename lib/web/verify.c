#include "base/base.h"
#include "web/verify.h"
#include "base/text.h"

/* Whether "FAILED:…" only says that no CA stands behind the certificate: OpenSSL's verify errors
 * 18, 19, 20, 21 and 27, as a number (lighttpd: "…reason(18)", "FAILED:18") or in words (Apache).
 */
static bool is_only_unknown_issuer(struct span reason)
{
	static const char *const texts[] = {
	    "self-signed certificate",
	    "self signed certificate",
	    "self-signed certificate in certificate chain",
	    "self signed certificate in certificate chain",
	    "unable to get local issuer certificate",
	    "unable to verify the first certificate",
	    "certificate not trusted",
	    "18",
	    "19",
	    "20",
	    "21",
	    "27",
	};
	static const char open[] = "reason(";
	for (size_t i = 0; i < CG_COUNT(texts); i++)
		if (span_is_text(reason, texts[i]))
			return true;
	const char *at = reason.n > 0 ? memmem(reason.p, reason.n, open, sizeof(open) - 1) : NULL;
	if (!at || reason.p[reason.n - 1] != ')')
		return false;
	size_t from = (size_t)(at - reason.p) + sizeof(open) - 1;
	uint64_t number;
	return number_parse(span_make(reason.p + from, reason.n - from - 1), 99, &number) &&
	       ((number >= 18 && number <= 21) || number == 27);
}

enum web_verify web_verify_judge(struct span verify)
{
	struct span failed = SPAN_LIT("FAILED:");
	if (verify.n == 0)
		return WEB_VERIFY_MISSING;
	if (span_is(verify, SPAN_LIT("NONE")))
		return WEB_VERIFY_NONE;
	if (span_is(verify, SPAN_LIT("SUCCESS")) || span_is(verify, SPAN_LIT("GENEROUS")))
		return WEB_VERIFY_GOOD;
	if (span_starts(verify, failed) && is_only_unknown_issuer(span_from(verify, failed.n)))
		return WEB_VERIFY_GOOD;
	return WEB_VERIFY_BAD;
}
