/* What was counted, for people: summed up over spans of time, by one member. */
#ifndef CG_USAGE_QUERY_H
#define CG_USAGE_QUERY_H

#include "store/store.h"
#include "usage/sums.h"

enum usage_step {
	USAGE_STEP_NONE, /* the whole time in one */
	USAGE_STEP_MINUTE,
	USAGE_STEP_HOUR,
	USAGE_STEP_DAY,
};

enum usage_group_by {
	USAGE_BY_NONE,
	USAGE_BY_API,
	USAGE_BY_KEY,
	USAGE_BY_STATUS,
	USAGE_BY_CODE,
};

struct usage_query {
	int64_t from, to; /* Unix seconds; spans that begin in [from, to) */
	enum usage_step step;
	bool whole; /* the whole time in one, though read step by step */
	bool plain; /* without latencies, and in no order: room for USAGE_PLAIN_ITEMS_MAX */
	enum usage_group_by by;
	struct span api_id, key_id; /* only of these; p NULL: of all */
};

/* By time, and then by group, as strcmp tells it. */
int usage_compare(const struct usage_sum *a, const struct usage_sum *b);

/* Sums in the order of usage_compare; only the member that they are grouped by means
 * anything.  `from` is moved to the beginning of its span.  Everything is in the arena.
 * CG_BAD_VALUE when there are more than USAGE_ITEMS_MAX (or as `plain` says). */
cg_rc usage_ask(struct store *store, struct usage_query *query, int64_t now_unix_s,
		struct arena *arena, struct usage_sums *out, struct cg_err *err) CG_MUST_USE;

#endif
