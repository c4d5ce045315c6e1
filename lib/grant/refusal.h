/* Every way in which the gate refuses: the one table of codes, statuses and texts. */
#ifndef CG_GRANT_REFUSAL_H
#define CG_GRANT_REFUSAL_H

#include "base/base.h"
#include "base/error.h"
#include "base/span.h"

enum refusal {
	REFUSAL_UNAVAILABLE, /* 0: what is not decided is refused */
	REFUSAL_NONE,
	/* by decide() */
	REFUSAL_API_NOT_FOUND,
	REFUSAL_API_INACTIVE,
	REFUSAL_ADDRESS_NOT_ALLOWED,
	REFUSAL_CREDENTIAL_MISSING,
	REFUSAL_CERTIFICATE_NOT_ENABLED,
	REFUSAL_CREDENTIAL_UNKNOWN,
	REFUSAL_CREDENTIAL_MISMATCH,
	REFUSAL_CERTIFICATE_UNTRUSTED,
	REFUSAL_CREDENTIAL_INACTIVE,
	REFUSAL_CERTIFICATE_NOT_YET_VALID,
	REFUSAL_CERTIFICATE_EXPIRED,
	REFUSAL_KEY_INACTIVE,
	REFUSAL_KEY_EXPIRED,
	REFUSAL_ACCESS_DENIED,
	REFUSAL_PATH_NOT_ALLOWED,
	REFUSAL_METHOD_NOT_ALLOWED,
	/* by the limits */
	REFUSAL_RATE_LIMITED,
	REFUSAL_TOO_MANY_CONCURRENT,
	REFUSAL_QUOTA_EXCEEDED,
	/* before or after it */
	REFUSAL_BAD_REQUEST,
	REFUSAL_BODY_TOO_LARGE,
	REFUSAL_UPSTREAM_UNREACHABLE,
	REFUSAL_UPSTREAM_TLS,
	REFUSAL_UPSTREAM_INVALID,
	REFUSAL_UPSTREAM_TIMEOUT,
	REFUSAL__COUNT
};

struct refusal_row {
	const char *code;
	int status;
	const char *error; /* Tyk's text, for scripts written for it; NULL: none */
};

/* CG_BAD_VALUE, at the field code, for one that no refusal has; the sentence names all. */
cg_rc refusal_check_code(struct span code, struct cg_err *err) CG_MUST_USE;
/* Never NULL. */
const struct refusal_row *refusal_row(enum refusal refusal);

#endif
