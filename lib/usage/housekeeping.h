/* What the steward does (model/steward.h), second by second: quotas and counts go into the store,
 * are put together and forgotten in time, and what an administrator should hear of is told. */
#ifndef CG_USAGE_HOUSEKEEPING_H
#define CG_USAGE_HOUSEKEEPING_H

#include "live/limits.h"
#include "store/store.h"
#include "usage/counts.h"
#include "usage/notices.h"

/* One per process; starts zeroed. */
struct housekeeping {
	struct store *store;
	struct limits *limits;
	struct usage *usage; /* NULL: there was no room for it */
	int64_t flushed_unix_s, swept_unix_s, purged_unix_s, round_unix_s;
	struct notices_round round;
	size_t quotas_skip; /* of those that called, when there are very many */
};

/* Brings the counts of requests into the store, so that a question gets the newest. */
cg_rc housekeeping_counts(struct housekeeping *h, int64_t now_unix_s,
			  struct cg_err *err) CG_MUST_USE;
/* One turn.  `last`: the process ends, so what is there goes on disk, and the rest is for another
 * one. */
cg_rc housekeeping_turn(struct housekeeping *h, int64_t now_unix_s, bool last,
			struct cg_err *err) CG_MUST_USE;
/* All that is due, at once. */
cg_rc housekeeping_all(struct housekeeping *h, int64_t now_unix_s, struct cg_err *err) CG_MUST_USE;

#endif
