/* The limits of a request that may pass, between the decision and the counters: whose counters, how
 * much, and what to tell when they refuse. */
#ifndef CG_GRANT_LIMIT_H
#define CG_GRANT_LIMIT_H

#include "grant/decide.h"
#include "live/limits.h"

/* What is counted for; the words of header fields and sentences. */
enum limit_owner {
	LIMIT_OF_API, /* the API's own, over all keys */
	LIMIT_OF_KEY, /* the key's, over all its APIs, or at this one where that is separate */
	LIMIT_OF_KEY_AT_API, /* of the entry of its access rights, beside the key's */
};

struct limit_asks {
	struct limits_ask asks[LIMITS_ASKS_MAX];
	enum limit_owner owners[LIMITS_ASKS_MAX];
	const char *names[LIMITS_ASKS_MAX]; /* in RateLimit fields */
	struct limits_quota stored[LIMITS_ASKS_MAX];
	size_t n;
};

/* The asks of a decision that lets the route's API be called, in the order in which they are to
 * refuse. */
void limit_asks_make(const struct route *route, const struct decision *d, struct limit_asks *out);
/* limits_take (or limits_look when `look`), with the quotas of the store where the counters ask for
 * them. */
cg_rc limit_ask(struct limits *limits, struct store *store, struct limit_asks *asks, bool look,
		struct limits_result *out, struct cg_err *err) CG_MUST_USE;
/* REFUSAL_NONE when it passed. */
enum refusal limit_refusal(const struct limits_result *result);
/* The sentence for whoever was refused, in the arena; never NULL. */
const char *limit_detail(const struct limit_asks *asks, const struct limits_result *result,
			 struct arena *arena);

#endif
