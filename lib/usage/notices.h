/* What an administrator is told of without having asked, as entries of the audit, each once: that a
 * key has used up its quota, and that a key ends.  By the steward alone. */
#ifndef CG_USAGE_NOTICES_H
#define CG_USAGE_NOTICES_H

#include "base/error.h"
#include "live/limits.h"
#include "store/store.h"

/* A key was refused at an API because of a quota: tells of each of its quotas there that is used up
 * ("quota.reached"), once in its period. */
cg_rc notices_quota(struct store *store, struct limits *limits, const char *key_id,
		    const char *api_id, struct cg_err *err) CG_MUST_USE;

/* A round over all keys, in pieces. */
struct notices_round {
	bool running;
	char after[65]; /* id of the last key that was looked at */
};
/* Looks at the next `max` keys and tells of those that end within 30, 14, 7 or 1 days
 * ("key.ends_soon") or have ended ("key.expired"), for each of these once; at the end of a round
 * forgets what is long past.  *round starts zeroed, and is not running at the end. */
cg_rc notices_keys(struct store *store, struct notices_round *round, size_t max, int64_t now_unix_s,
		   struct cg_err *err) CG_MUST_USE;

#endif
