/* Rate, concurrency and quota, counted in two files of the run folder that all processes of a host
 * map, so that any number of threads and processes together never get more than the limit.
 *
 * What is counted belongs to a *subject*: a key, a key at one API, or an API.  A subject gets its
 * counters at its first use; they are found by its name and carry it, and are never passed on to
 * another.  The values of the limits come with each call and hold from it on; only counts are kept.
 *
 * Rate: never more than `limit` calls in any span of `per_s` seconds.  The window is cut into 16
 * parts; what falls out of it is free again when the newest call of its part does, so one part
 * later at the latest, and within `per_s` from any refusal on.  When `per_s` changes, what was
 * counted is taken for as late as it can have been.  The clock is CLOCK_BOOTTIME.
 *
 * Concurrency: calls that have begun and not ended.  What a process that was killed had begun is
 * given back when somebody would be refused for it.
 *
 * Quota: a period of wall time that begins with the first call, and after its end with the next
 * one.  It also ends when as much time has passed by CLOCK_BOOTTIME, so that a clock that was set
 * back locks nobody out.
 *
 * Changes are made under locks of which a dead holder is noticed; a kill at any instant leaves
 * every counter usable and at most the killed call counted without having been let through. Without
 * another one at the same moment no system call is made. */
#ifndef CG_LIVE_LIMITS_H
#define CG_LIVE_LIMITS_H

#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/home.h"
#include "base/span.h"

struct limits;

/* --- time --- */

struct limits_time {
	int64_t boot_ns; /* CLOCK_BOOTTIME */
	int64_t unix_s;	 /* CLOCK_REALTIME */
};
/* Reads the time.  Called while the counters are locked, so that what is counted first has the
 * earlier time: must not block nor call back. */
typedef void (*limits_clock_fn)(void *arg, struct limits_time *now);

/* Maps the run folder's files `limits` and `limits.slots`, making them if need be, and registers
 * this process: after a fork the child opens its own, or calls exec, and until then what its parent
 * had begun counts on if the parent is killed.  `clock` NULL: the host's.
 * CG_FULL or CG_UNAVAILABLE with a sentence. */
cg_rc limits_open(const struct home *home, limits_clock_fn clock, void *clock_arg,
		  struct limits **out, struct cg_err *err) CG_MUST_USE;
/* What this process has begun and not ended is given back. */
void limits_close(struct limits **limits);

/* --- whose counters --- */

/* Ids above it have no name, bytes. */
#define LIMITS_ID_MAX 255

enum limits_subject {
	LIMITS_OF_API,	   /* id: the API's */
	LIMITS_OF_KEY,	   /* id: the key's; scope: the API's id for counters of its own there */
	LIMITS_OF_SIGN_IN, /* id: an address, or "" for all together; scope: what is counted */
};

/* The name of a subject's counters: a SHA-256, so to be made once and kept, and also the key under
 * which the store keeps its quota.  Depends on nothing but what is given.  CG_FAIL when an id is
 * longer than LIMITS_ID_MAX or memory is short. */
cg_rc limits_name(enum limits_subject subject, struct span id, struct span scope,
		  struct sha256 *out) CG_MUST_USE;

/* --- what is asked --- */

enum limits_period {
	LIMITS_NO_QUOTA,
	LIMITS_HOUR,
	LIMITS_DAY,   /* 24 hours */
	LIMITS_WEEK,  /* 7 days */
	LIMITS_MONTH, /* to the same day and time of the next month in UTC, or to its last day */
	LIMITS_PERIOD__COUNT,
};

/* When a period ends that begins then; it is none of LIMITS_NO_QUOTA. */
int64_t limits_period_end(int64_t starts_unix_s, enum limits_period period);

/* A subject's quota as the store keeps it. */
struct limits_quota {
	struct sha256 name;
	uint64_t used;
	int64_t starts_unix_s, ends_unix_s; /* 0 and 0: no period has begun */
	enum limits_period period;
	uint32_t slot; /* for limits_saved; means nothing in the store */
};

/* One subject and its limits.  A limit of 0 lets nothing through. */
struct limits_ask {
	struct sha256 name;
	struct {
		uint32_t limit;
		uint32_t per_s; /* 0: no rate limit */
	} rate;
	struct {
		bool on;
		uint32_t limit;
	} concurrent;
	struct {
		uint64_t limit;
		enum limits_period period; /* LIMITS_NO_QUOTA: none */
	} quota;
	/* What the store has of this quota, once LIMITS_UNREAD has asked for it; zeroed but for the
	 * name where it has nothing.  NULL: not read. */
	const struct limits_quota *stored;
};

enum limits_kind {
	LIMITS_RATE,
	LIMITS_CONCURRENT,
	LIMITS_QUOTA,
};

enum limits_verdict {
	LIMITS_REFUSED, /* nothing was counted */
	LIMITS_UNREAD,	/* nothing was counted: read asks[ask]'s quota from the store, and ask
			 * again with it in `stored`.  After a reboot, or after long disuse. */
	LIMITS_PASSED,	/* all is counted; limits_end has to follow */
};

/* Subjects of one call. */
#define LIMITS_ASKS_MAX 6

/* Where a subject stands after the call; of limits that were not asked for, 0. */
struct limits_left {
	uint32_t rate_left;    /* calls that would pass now */
	uint32_t rate_reset_s; /* until all of the limit is free, if nobody calls */
	uint32_t in_flight;    /* this call included, if it passed */
	uint64_t quota_used;   /* this call included, if it passed */
	uint64_t quota_left;
	int64_t quota_reset_s;	     /* to the end of the period; 0: none has begun */
	int64_t quota_resets_unix_s; /* the same as a time; 0: none has begun */
};

/* What a call has begun. */
struct limits_held {
	uint32_t n;
	struct {
		uint32_t slot, at;
	} places[LIMITS_ASKS_MAX];
};

struct limits_result {
	enum limits_verdict verdict;
	/* LIMITS_REFUSED: the first that refuses, in the order of the asks, each with its rate,
	 * then its concurrency, then its quota. */
	size_t ask;
	enum limits_kind kind;
	/* LIMITS_REFUSED: after so many seconds a call passes, if nobody else calls: the longest of
	 * all limits that refuse.  Calls in flight may end at any time: 1. */
	int64_t retry_after_s;
	struct limits_left left[LIMITS_ASKS_MAX];
	struct limits_held held;
};

/* Decides over all asks at once: either every one has room and all are counted, or nothing is.  A
 * subject may stand in it once.
 * CG_OK with *out; CG_UNAVAILABLE when a lock was held for LIMITS_LOCK_WAIT_MS or the table is full
 * of counters that are in use, CG_FULL when it cannot grow, CG_FAIL: nothing was counted, and the
 * call must not pass.  *out says LIMITS_REFUSED then. */
cg_rc limits_take(struct limits *limits, const struct limits_ask *asks, size_t n,
		  struct limits_result *out, struct cg_err *err) CG_MUST_USE;
/* The same without counting anything or making counters: what limits_take would say. */
cg_rc limits_look(struct limits *limits, const struct limits_ask *asks, size_t n,
		  struct limits_result *out, struct cg_err *err) CG_MUST_USE;
/* Ends what a call that passed has begun, once; *held is emptied.  Waits for nobody. */
void limits_end(struct limits *limits, struct limits_held *held);

/* --- quotas in the store --- */

/* Copies up to `max` quotas that have changed since they were saved last, from *position on, which
 * starts at 0 and moves.  0 at the end.  One process at a time saves: the one that holds the
 * steward's lock. */
cg_rc limits_changed(struct limits *limits, uint32_t *position, struct limits_quota *out,
		     size_t max, size_t *n, struct cg_err *err) CG_MUST_USE;
/* After their transaction was committed: those that have not changed again need not be saved. */
cg_rc limits_saved(struct limits *limits, const struct limits_quota *quotas, size_t n,
		   struct cg_err *err) CG_MUST_USE;

/* --- how full it is --- */

struct limits_size {
	uint32_t slots, slots_max; /* counters made, and the most there can be */
	size_t slot_bytes;	   /* of each */
	size_t bytes;		   /* of both files */
};
void limits_size(const struct limits *limits, struct limits_size *out);

#endif
