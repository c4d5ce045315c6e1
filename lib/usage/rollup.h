/* Counts on their way from the run folder (counts.h) into the store, and there from minutes to
 * hours to days, each kept for its time; and beside them the same without the keys, which is a few
 * records a span however many keys there are.  By whoever holds the steward's lock.
 *
 * A minute's slot is written as a record under its own number, again whenever it has changed, so
 * that a kill between writing and noting that it was written counts nothing twice.  Hours and days
 * are put together from what is below them and written whole, likewise. */
#ifndef CG_USAGE_ROLLUP_H
#define CG_USAGE_ROLLUP_H

#include "store/store.h"
#include "usage/counts.h"

/* Told of each slot that is now in the store; of one perhaps again, after a kill. */
typedef void (*usage_saved_fn)(const struct usage_slot *slot, void *arg);

/* Writes what has changed; a kill takes nothing back of it, a loss of power may, until store_flush.
 * `told` may be NULL. */
cg_rc usage_save(struct store *store, struct usage *usage, int64_t now_unix_s, usage_saved_fn told,
		 void *arg, struct cg_err *err) CG_MUST_USE;
/* Puts together the next spans that are over, if any: call it often.  *more: there are others. */
cg_rc usage_roll_up(struct store *store, int64_t now_unix_s, bool *more,
		    struct cg_err *err) CG_MUST_USE;
/* Removes what is older than it is to be kept; much of it not at once: call it often. */
cg_rc usage_purge(struct store *store, int64_t now_unix_s, struct cg_err *err) CG_MUST_USE;

/* The length of a step's spans, s. */
int64_t usage_step_s(Cg__Usage__Step step);
/* The beginning of the span that holds t. */
int64_t usage_floor(int64_t t, Cg__Usage__Step step);
/* The step whose records those of this one are put together from; minutes are their own. */
Cg__Usage__Step usage_step_below(Cg__Usage__Step step);
/* Up to when records of this step are put together; what is later is in the step below.  For
 * minutes: no end. */
cg_rc usage_rolled_to(struct store *store, Cg__Usage__Step step, int64_t *out,
		      struct cg_err *err) CG_MUST_USE;
/* Records of a step whose beginning is in [from, to), in the order of time; they are borrowed. */
struct usage_range {
	Cg__Usage__Step step;
	int64_t from, to;
	const char *key_id; /* only those of this key; NULL: of all */
	bool plain;	    /* without the latencies, which are most of a record */
};
typedef cg_rc (*usage_visit_fn)(const Cg__Usage *record, void *arg, struct cg_err *err);
cg_rc usage_walk(struct store *store, const struct usage_range *range, usage_visit_fn visit,
		 void *arg, struct cg_err *err) CG_MUST_USE;

#endif
