/* Every way in which the gate refuses: the one table of codes, statuses and texts. */
#ifndef CG_GRANT_REFUSAL_H
#define CG_GRANT_REFUSAL_H

#include "base/base.h"

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

/* Never NULL. */
const struct refusal_row *refusal_row(enum refusal refusal);

#endif
