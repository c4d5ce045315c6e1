#include "base/base.h"
#include "grant/refusal.h"

#define DISALLOWED_API	    "Access to this API has been disallowed"
#define DISALLOWED_RESOURCE "Access to this resource has been disallowed"
#define INACTIVE	    "Key is inactive, please renew"
#define PROXYING	    "There was a problem proxying the request"

/* clang-format off */
static const struct refusal_row rows[] = {
	[REFUSAL_UNAVAILABLE] = {"unavailable", 503, NULL},
	[REFUSAL_NONE] = {"allowed", 200, NULL},
	[REFUSAL_API_NOT_FOUND] = {"api_not_found", 404, "Not Found"},
	[REFUSAL_API_INACTIVE] = {"api_inactive", 404, "Not Found"},
	[REFUSAL_ADDRESS_NOT_ALLOWED] = {"address_not_allowed", 403, "access from this IP has been disallowed"},
	[REFUSAL_CREDENTIAL_MISSING] = {"credential_missing", 401, "Authorization field missing"},
	[REFUSAL_CERTIFICATE_NOT_ENABLED] = {"certificate_not_enabled", 401, "Authorization field missing"},
	[REFUSAL_CREDENTIAL_UNKNOWN] = {"credential_unknown", 403, DISALLOWED_API},
	[REFUSAL_CREDENTIAL_MISMATCH] = {"credential_mismatch", 403, DISALLOWED_API},
	[REFUSAL_CERTIFICATE_UNTRUSTED] = {"certificate_untrusted", 403, NULL},
	[REFUSAL_CREDENTIAL_INACTIVE] = {"credential_inactive", 403, INACTIVE},
	[REFUSAL_CERTIFICATE_NOT_YET_VALID] = {"certificate_not_yet_valid", 403, "Certificate is not yet valid"},
	[REFUSAL_CERTIFICATE_EXPIRED] = {"certificate_expired", 403, "Certificate has expired"},
	[REFUSAL_KEY_INACTIVE] = {"key_inactive", 403, INACTIVE},
	[REFUSAL_KEY_EXPIRED] = {"key_expired", 401, "Key has expired, please renew"},
	[REFUSAL_ACCESS_DENIED] = {"access_denied", 403, DISALLOWED_API},
	[REFUSAL_PATH_NOT_ALLOWED] = {"path_not_allowed", 403, DISALLOWED_RESOURCE},
	[REFUSAL_METHOD_NOT_ALLOWED] = {"method_not_allowed", 403, DISALLOWED_RESOURCE},
	[REFUSAL_RATE_LIMITED] = {"rate_limited", 429, "Rate Limit Exceeded"},
	[REFUSAL_TOO_MANY_CONCURRENT] = {"too_many_concurrent", 429, "Rate Limit Exceeded"},
	[REFUSAL_QUOTA_EXCEEDED] = {"quota_exceeded", 403, "Quota exceeded"},
	[REFUSAL_BAD_REQUEST] = {"bad_request", 400, NULL},
	[REFUSAL_BODY_TOO_LARGE] = {"body_too_large", 413, NULL},
	[REFUSAL_UPSTREAM_UNREACHABLE] = {"upstream_unreachable", 502, PROXYING},
	[REFUSAL_UPSTREAM_TLS] = {"upstream_tls", 502, PROXYING},
	[REFUSAL_UPSTREAM_INVALID] = {"upstream_invalid", 502, PROXYING},
	[REFUSAL_UPSTREAM_TIMEOUT] = {"upstream_timeout", 504, NULL},
};
/* clang-format on */
_Static_assert(CG_COUNT(rows) == REFUSAL__COUNT, "a row for each refusal");

const struct refusal_row *refusal_row(enum refusal refusal)
{
	return &rows[refusal < REFUSAL__COUNT ? refusal : REFUSAL_UNAVAILABLE];
}

cg_rc refusal_check_code(struct span code, struct cg_err *err)
{
	char all[CG_FAULT_TEXT] = "";
	size_t n = 0;
	for (enum refusal r = 0; r < REFUSAL__COUNT; r++) {
		if (r == REFUSAL_NONE)
			continue;
		if (span_is_text(code, rows[r].code))
			return CG_OK;
		int more =
		    snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? ", " : "", rows[r].code);
		n = more > 0 && (size_t)more < sizeof(all) - n ? n + (size_t)more : n;
	}
	return cg_fail_field(err, "code", "must be one of: %s", all);
}
