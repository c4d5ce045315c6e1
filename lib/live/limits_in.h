/* The layout of the counters' files.  Private to live/limits*.c.
 *
 * `limits` has the table's buckets and locks, `limits.slots` the slots, in segments that are
 * allocated before anybody maps them.  A stripe is one lock and the buckets that it guards.
 *
 * Who is killed while he holds a lock leaves behind what is in memory up to some instruction.  So
 * every change is one of these:
 * - a word that is stored whole (a count goes up, a chain gets a link);
 * - counters that change their shape: written to the stripe's `redo` first, and copied again by the
 *   next one where the copy may have been cut short;
 * - a slot on its way from one place to another: it is the stripe's `loose` one before it is
 * unlinked and until it is linked. */
#ifndef CG_LIVE_LIMITS_IN_H
#define CG_LIVE_LIMITS_IN_H

#include "base/limits.h"
#include "base/mapped.h"
#include "live/limits.h"
#include <pthread.h>

/* Of both files, `limits` and that of the slots: mapped_open. */
#define LIMITS_LAYOUT 1

#define BUCKETS	       (1u << 20)
#define STRIPES	       (1u << 10)
#define STRIPE_BUCKETS (BUCKETS / STRIPES)
#define SEGMENT	       (1u << 12) /* slots of a segment */
#define SEGMENTS       (LIMITS_SLOTS_MAX / SEGMENT)
#define PROCESSES      4096
#define PARTS	       16	   /* of a window */
#define COUNTS	       (PARTS + 1) /* a span that is as long as 16 parts touches 17 */
#define PART_NS	       (INT64_C(1000000000) / PARTS) /* of a part, per second of the window */

/* Orders stores for whoever finds them after this process was killed between them. */
#define SETTLE() __atomic_signal_fence(__ATOMIC_SEQ_CST)

struct rate {
	int64_t head;		 /* number of the newest part, since boot */
	uint32_t per_s;		 /* 0: never used */
	uint32_t counts[COUNTS]; /* part p in counts[p % COUNTS], of head and the 16 before it */
	/* When the newest call of the part came, from the part's beginning, rounded up to a unit:
	 * a part counts until that is over, so that nobody waits longer than the window. */
	uint32_t newest[COUNTS];
};

struct quota {
	uint64_t used;
	int64_t starts_unix_s, ends_unix_s; /* 0: no period has begun */
	int64_t ends_boot_ns;
	uint8_t period; /* enum limits_period */
	uint8_t read;	/* the store was asked */
};

struct counters {
	struct rate rate;
	struct quota quota;
};

/* How many calls of one process are in flight.  Only that process counts up, under the lock, and
 * down, without it; whoever has the lock may take a place with 0 or of a dead process. */
struct hold {
	uint32_t incarnation; /* of the process's place in the table */
	uint16_t process;
	uint16_t count;
};

#define HOLDS	   27
#define HOLDS_FROM 24

struct slot {
	union {
		struct sha256 name;
		uint32_t name_start; /* which is also looked at without the lock: whole */
	};
	uint32_t next; /* slot of the same bucket, 0: none */
	uint32_t more; /* slot with more holds, 0: none */
	union {
		struct counters counters;
		/* From HOLDS_FROM on behind counters, all of them in a slot behind another. */
		struct hold holds[HOLDS];
	};
};
_Static_assert(sizeof(struct slot) == 256, "a slot is four cache lines");
_Static_assert(sizeof(struct counters) == HOLDS_FROM * sizeof(struct hold), "no hold on counters");

struct stripe {
	_Alignas(64) pthread_mutex_t mutex;
	uint32_t redo_slot; /* 0: none */
	uint32_t loose;	    /* 0: none */
	uint32_t hand;	    /* where the search for slots that are free again goes on */
	struct counters redo;
};

struct limits_file {
	struct mapped_head head;
	pthread_mutex_t growing;
	uint64_t slots_inode; /* 0: not made yet */
	uint32_t segments;    /* allocated */
	uint32_t slots;	      /* given out; the first is 1 */
	uint32_t incarnations[PROCESSES];
	uint64_t changed[LIMITS_SLOTS_MAX / 64]; /* bit of a slot: its quota is not in the store */
	struct stripe stripes[STRIPES];
	uint32_t buckets[BUCKETS]; /* slot, 0: none */
};

struct limits {
	struct limits_file *file;
	int slots_fd;
	uint16_t process;
	uint32_t incarnation;
	limits_clock_fn clock;
	void *clock_arg;
	pthread_mutex_t mapping;
	struct slot *segments[SEGMENTS]; /* NULL: not mapped here yet */
	char slots_path[HOME_PATH_MAX + 16];
};

/* --- limits_slots.c --- */

cg_rc limits_slots_open(struct limits *l, struct cg_err *err) CG_MUST_USE;
void limits_slots_close(struct limits *l);
struct slot *limits_slot_map(struct limits *l, uint32_t index);

/* NULL when the index is of no slot, or its segment cannot be mapped. */
static inline struct slot *limits_slot(struct limits *l, uint32_t index)
{
	struct slot *segment =
	    index < LIMITS_SLOTS_MAX
		? __atomic_load_n(&l->segments[index / SEGMENT], __ATOMIC_ACQUIRE)
		: NULL;
	return segment ? segment + index % SEGMENT : limits_slot_map(l, index);
}

static inline uint32_t limits_bucket(const struct sha256 *name)
{
	uint32_t start;
	memcpy(&start, name->b, sizeof(start));
	return start % BUCKETS;
}

/* Under the stripe's lock. */
static inline void limits_slot_name(struct slot *slot, const struct sha256 *name)
{
	uint32_t start;
	memcpy(&start, name->b, sizeof(start));
	memcpy(slot->name.b + sizeof(start), name->b + sizeof(start),
	       sizeof(*name) - sizeof(start));
	__atomic_store_n(&slot->name_start, start, __ATOMIC_RELAXED);
}

static inline struct stripe *limits_stripe(const struct limits *l, const struct sha256 *name)
{
	return &l->file->stripes[limits_bucket(name) / STRIPE_BUCKETS];
}

/* A slot's stripe, for who has no lock.  It changes once at most, with the slot's first name, and
 * not while this stripe is locked. */
static inline struct stripe *limits_slot_stripe(const struct limits *l, const struct slot *slot)
{
	uint32_t start = __atomic_load_n(&slot->name_start, __ATOMIC_RELAXED);
	return &l->file->stripes[start % BUCKETS / STRIPE_BUCKETS];
}

/* CG_UNAVAILABLE after LIMITS_LOCK_WAIT_MS. */
cg_rc limits_lock(struct limits *l, struct stripe *stripe, struct cg_err *err) CG_MUST_USE;
void limits_unlock(struct stripe *stripe);

/* Slots that must not be taken for free ones, though nothing is counted in them yet. */
struct pinned {
	uint32_t slots[LIMITS_ASKS_MAX];
	size_t n;
};
/* With the name's stripe locked: its slot; 0 when it has none. */
cg_rc limits_slot_find(struct limits *l, const struct sha256 *name, uint32_t *index,
		       struct cg_err *err) CG_MUST_USE;
/* The same for a name that has none: a new one, with nothing counted. */
cg_rc limits_slot_new(struct limits *l, const struct sha256 *name, const struct limits_time *now,
		      const struct pinned *pinned, uint32_t *index, struct cg_err *err) CG_MUST_USE;
/* One behind `last`, for more holds. */
cg_rc limits_slot_more(struct limits *l, struct slot *last, const struct limits_time *now,
		       const struct pinned *pinned, uint32_t *index,
		       struct cg_err *err) CG_MUST_USE;
/* Writes counters whose shape has changed. */
void limits_slot_write(struct stripe *stripe, uint32_t index, struct slot *slot,
		       const struct counters *counters);
bool limits_slot_is_changed(const struct limits *l, uint32_t index);

/* --- limits_window.c: nothing but arithmetic --- */

/* Moves the window to `now` and cuts it to per_s; whether anything was changed. */
bool limits_rate_move(struct rate *rate, uint32_t per_s, int64_t now_ns);
uint64_t limits_rate_count(const struct rate *rate, int64_t now_ns);
/* Counts one, of now; for a window that was moved to it. */
void limits_rate_add(struct rate *rate, int64_t now_ns);
/* The newest part, to a window that has the same parts. */
void limits_rate_copy_newest(struct rate *to, const struct rate *from);
/* When less than `limit` is counted, and when nothing is; for a window that was moved to now. */
int64_t limits_rate_free_ns(const struct rate *rate, uint32_t limit, int64_t now_ns);
int64_t limits_rate_empty_ns(const struct rate *rate, int64_t now_ns);
/* Whether nothing in it can count any more, whatever was asked for. */
bool limits_rate_is_over(const struct rate *rate, int64_t now_ns);

/* Ends the period if it is over, and makes it `period`; whether anything was changed. */
bool limits_quota_move(struct quota *quota, enum limits_period period,
		       const struct limits_time *now);
void limits_quota_begin(struct quota *quota, enum limits_period period,
			const struct limits_time *now);
void limits_quota_read(struct quota *quota, const struct limits_quota *stored,
		       const struct limits_time *now);
/* To the end of the period, at least 1; 0 when none has begun. */
int64_t limits_quota_rest_s(const struct quota *quota, const struct limits_time *now);
bool limits_quota_is_over(const struct quota *quota, const struct limits_time *now);

/* --- limits_held.c --- */

/* Takes a place in the table of processes, for as long as this one lives. */
cg_rc limits_held_open(struct limits *l, struct cg_err *err) CG_MUST_USE;
/* Calls in flight; from `limit` on only after the dead were looked for. */
cg_rc limits_held_count(struct limits *l, struct slot *slot, uint32_t limit, uint32_t *out,
			struct cg_err *err) CG_MUST_USE;
/* Whether any is, of processes that live. */
bool limits_held_any(struct limits *l, struct slot *slot);
/* This process's place at the slot, made if need be: slot (or one behind it) and number. */
cg_rc limits_held_place(struct limits *l, uint32_t index, const struct limits_time *now,
			const struct pinned *pinned, uint32_t *slot, uint32_t *at,
			struct cg_err *err) CG_MUST_USE;
void limits_held_add(struct limits *l, uint32_t slot, uint32_t at);

#endif
