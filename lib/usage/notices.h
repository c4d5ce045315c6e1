/* What an administrator is told of without having asked, as entries of the audit, and a key's
 * organisation by mail, each once: that a key has used up its quota, and that a key or one of its
 * credentials ends.  By the steward alone. */
#ifndef CG_USAGE_NOTICES_H
#define CG_USAGE_NOTICES_H

#include "base/error.h"
#include "live/limits.h"
#include "store/store.h"

/* A key has called an API: tells of each of its quotas there that is used up ("quota.reached"), or
 * of which four fifths are ("quota.nearly_reached"), once in its period. */
cg_rc notices_quota(struct store *store, struct limits *limits, const char *key_id,
		    const char *api_id, struct cg_err *err) CG_MUST_USE;

/* A round over all keys and then all credentials, in pieces. */
struct notices_round {
	bool running, credentials;
	char after[65]; /* under which the last one that was looked at lies */
	size_t after_n;
};
/* Looks at the next `max` of them and tells of those that end within 30, 14, 7 or 1 days
 * ("key.ends_soon", "credential.ends_soon") or have ended ("key.expired", "credential.expired"),
 * for each of these once; at the end of a round forgets what is long past.  *round starts zeroed,
 * and is not running at the end. */
cg_rc notices_ends(struct store *store, struct notices_round *round, size_t max, int64_t now_unix_s,
		   struct cg_err *err) CG_MUST_USE;

#endif
