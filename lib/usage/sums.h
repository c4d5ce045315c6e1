/* Requests summed up by group and time, in memory.  Private to usage/. */
#ifndef CG_USAGE_SUMS_H
#define CG_USAGE_SUMS_H

#include "base/arena.h"
#include "base/error.h"
#include "record/record.h"
#include "usage/counts.h"

struct usage_sum {
	int64_t at; /* Unix seconds */
	const char *api_id, *key_id, *code;
	unsigned status;
	uint64_t requests, refused, upstream_errors;
	uint64_t (*counts)[HISTOGRAM_BUCKETS]; /* of each part; NULL: not summed up */
};

/* Everything in the arena. */
struct usage_sums {
	struct arena *arena;
	bool plain;		  /* without latencies */
	struct usage_sum **items; /* in the order in which they came */
	size_t n, max;
	uint32_t *places; /* hash table of positions in items, plus 1 */
	size_t n_places;
};

/* At most `max` groups. */
cg_rc usage_sums_init(struct usage_sums *sums, size_t max, struct arena *arena,
		      struct cg_err *err) CG_MUST_USE;
/* Adds a record's counts to the sum of these members, which borrow nothing afterwards.  CG_TOO_BIG
 * without a sentence when there are `max` groups and this is a new one. */
cg_rc usage_sums_add(struct usage_sums *sums, int64_t at, const char *api_id, const char *key_id,
		     unsigned status, const char *code, const Cg__Usage *record,
		     struct cg_err *err) CG_MUST_USE;

/* The record of a sum or slot, in the arena. */
cg_rc usage_record(Cg__Usage__Step step, int64_t at, const char *api_id, const char *key_id,
		   unsigned status, const char *code, uint64_t requests,
		   uint64_t counts[USAGE_PARTS][HISTOGRAM_BUCKETS], struct arena *arena,
		   Cg__Usage **out, struct cg_err *err) CG_MUST_USE;

#endif
