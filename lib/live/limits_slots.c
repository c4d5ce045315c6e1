#include "base/base.h"
#include "live/limits_in.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SEGMENT_BYTES ((off_t)(SEGMENT * sizeof(struct slot)))
/* Tries before the thread sleeps: the lock is held for less than it takes to fall asleep. */
#define SPINS 100
/* So much is searched for a slot to use again before a new one is made: many buckets while the
 * table is empty, few slots when it is full. */
#define SEARCH_BUCKETS 64
#define SEARCH_SLOTS   8

/* --- locks --- */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Robust: the next one hears of a dead holder, and what the dead one left tells itself what to do
 * (limits_in.h). */
static int lock_mutex(pthread_mutex_t *mutex)
{
	int rc = pthread_mutex_trylock(mutex);
	for (int i = 0; rc == EBUSY && i < SPINS; i++) {
		relax();
		rc = pthread_mutex_trylock(mutex);
	}
	if (rc == EBUSY) {
		struct timespec until;
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LIMITS_LOCK_WAIT_MS / 1000;
		rc = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
	}
	return rc == EOWNERDEAD ? pthread_mutex_consistent(mutex) : rc;
}

static cg_rc fail_lock(int cause, struct cg_err *err)
{
	return cg_fail(err, CG_UNAVAILABLE, "The counters of limits are locked (%s): try again.",
		       strerror(cause));
}

cg_rc limits_lock(struct limits *l, struct stripe *stripe, struct cg_err *err)
{
	int rc = lock_mutex(&stripe->mutex);
	if (rc != 0)
		return fail_lock(rc, err);
	if (stripe->redo_slot != 0) {
		struct slot *slot = limits_slot(l, stripe->redo_slot);
		if (!slot) {
			limits_unlock(stripe);
			return fail_lock(ENOMEM, err);
		}
		slot->counters = stripe->redo;
		SETTLE();
		stripe->redo_slot = 0;
	}
	return CG_OK;
}

void limits_unlock(struct stripe *stripe)
{
	(void)pthread_mutex_unlock(&stripe->mutex);
}

void limits_slot_write(struct stripe *stripe, uint32_t index, struct slot *slot,
		       const struct counters *counters)
{
	stripe->redo = *counters;
	SETTLE();
	stripe->redo_slot = index;
	SETTLE();
	slot->counters = *counters;
	SETTLE();
	stripe->redo_slot = 0;
}

/* --- the file --- */

/* Made anew with `limits`, which remembers which file it was. */
static int make_slots(struct limits *l)
{
	struct stat st;
	if (unlink(l->slots_path) != 0 && errno != ENOENT)
		return errno;
	l->slots_fd = open(l->slots_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (l->slots_fd < 0)
		return errno;
	int cause = posix_fallocate(l->slots_fd, 0, SEGMENT_BYTES);
	if (cause == 0 && fstat(l->slots_fd, &st) != 0)
		cause = errno;
	if (cause != 0)
		return cause;
	l->file->segments = 1;
	l->file->slots = 1; /* 0 means none */
	SETTLE();
	l->file->slots_inode = (uint64_t)st.st_ino;
	return 0;
}

static int open_slots(struct limits *l)
{
	struct stat st;
	if (l->file->slots_inode == 0)
		return make_slots(l);
	l->slots_fd = open(l->slots_path, O_RDWR | O_CLOEXEC);
	if (l->slots_fd < 0 || fstat(l->slots_fd, &st) != 0)
		return errno;
	return (uint64_t)st.st_ino == l->file->slots_inode ? 0 : ESTALE;
}

static cg_rc fail_file(const struct limits *l, int cause, struct cg_err *err)
{
	/* EFBIG: a limit on the size of files, of the process or of the file system. */
	if (cause == ENOSPC || cause == EDQUOT || cause == EFBIG)
		return cg_fail_code(err, CG_FULL, "storage_full",
				    "There is no room for %s: free some disk space.",
				    l->slots_path);
	if (cause == ENOENT || cause == ESTALE)
		return cg_fail(err, CG_UNAVAILABLE,
			       "%s was removed, but the file limits beside it was not: stop all "
			       "programs and remove both.",
			       l->slots_path);
	return cg_fail(err, CG_UNAVAILABLE, "%s cannot be used: %s.", l->slots_path,
		       strerror(cause));
}

cg_rc limits_slots_open(struct limits *l, struct cg_err *err)
{
	int cause = lock_mutex(&l->file->growing);
	if (cause != 0)
		return fail_lock(cause, err);
	cause = open_slots(l);
	(void)pthread_mutex_unlock(&l->file->growing);
	return cause == 0 ? CG_OK : fail_file(l, cause, err);
}

void limits_slots_close(struct limits *l)
{
	for (size_t i = 0; i < SEGMENTS; i++)
		if (l->segments[i])
			(void)munmap(l->segments[i], (size_t)SEGMENT_BYTES);
	if (l->slots_fd >= 0)
		(void)close(l->slots_fd);
}

struct slot *limits_slot_map(struct limits *l, uint32_t index)
{
	uint32_t number = index / SEGMENT;
	/* What was not allocated has no memory behind it. */
	if (number >= __atomic_load_n(&l->file->segments, __ATOMIC_ACQUIRE)) {
		errno = EINVAL;
		return NULL;
	}
	(void)pthread_mutex_lock(&l->mapping);
	struct slot *segment = l->segments[number];
	if (!segment) {
		void *p = mmap(NULL, (size_t)SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			       l->slots_fd, (off_t)number * SEGMENT_BYTES);
		if (p != MAP_FAILED) {
			segment = p;
			__atomic_store_n(&l->segments[number], segment, __ATOMIC_RELEASE);
		}
	}
	(void)pthread_mutex_unlock(&l->mapping);
	return segment ? segment + index % SEGMENT : NULL;
}

/* --- slots --- */

static cg_rc fail_slot(const struct limits *l, struct cg_err *err)
{
	return fail_file(l, errno, err);
}

cg_rc limits_slot_find(struct limits *l, const struct sha256 *name, uint32_t *index,
		       struct cg_err *err)
{
	for (*index = l->file->buckets[limits_bucket(name)]; *index != 0;) {
		const struct slot *slot = limits_slot(l, *index);
		if (!slot)
			return fail_slot(l, err);
		if (memcmp(&slot->name, name, sizeof(*name)) == 0)
			break;
		*index = slot->next;
	}
	return CG_OK;
}

bool limits_slot_is_changed(const struct limits *l, uint32_t index)
{
	return (__atomic_load_n(&l->file->changed[index / 64], __ATOMIC_RELAXED) >> (index % 64) &
		1) != 0;
}

/* Nothing in it that anybody would miss: no call in flight, no count in any window, no quota that
 * the store does not have or that still runs. */
static bool is_free(struct limits *l, uint32_t index, struct slot *slot,
		    const struct limits_time *now, const struct pinned *pinned)
{
	for (size_t i = 0; i < pinned->n; i++)
		if (pinned->slots[i] == index)
			return false;
	return limits_rate_is_over(&slot->counters.rate, now->boot_ns) &&
	       limits_quota_is_over(&slot->counters.quota, now) &&
	       !limits_slot_is_changed(l, index) && !limits_held_any(l, slot);
}

static uint32_t *buckets_of(struct limits *l, const struct stripe *stripe)
{
	return &l->file->buckets[(stripe - l->file->stripes) * STRIPE_BUCKETS];
}

/* Makes the next free slot of the stripe its loose one, if there is one among so many. */
static void search(struct limits *l, struct stripe *stripe, uint32_t buckets, uint32_t slots,
		   const struct limits_time *now, const struct pinned *pinned)
{
	uint32_t *first = buckets_of(l, stripe);
	for (; buckets > 0 && slots > 0; buckets--) {
		uint32_t *link = &first[stripe->hand];
		stripe->hand = (stripe->hand + 1) % STRIPE_BUCKETS;
		for (; *link != 0 && slots > 0; slots--) {
			struct slot *slot = limits_slot(l, *link);
			if (!slot)
				break;
			if (is_free(l, *link, slot, now, pinned)) {
				stripe->loose = *link;
				SETTLE();
				*link = slot->next;
				SETTLE();
				return;
			}
			link = &slot->next;
		}
	}
}

/* Gives out a slot that was never used; 0 or the cause.  Who is killed between the two stores loses
 * one slot, until the next reboot. */
static int give_out(struct limits *l, struct stripe *stripe)
{
	struct limits_file *file = l->file;
	int cause = lock_mutex(&file->growing);
	if (cause != 0)
		return cause;
	if (file->slots == LIMITS_SLOTS_MAX) {
		cause = ENOBUFS;
	} else if (file->slots == file->segments * SEGMENT) {
		cause = posix_fallocate(l->slots_fd, (off_t)file->segments * SEGMENT_BYTES,
					SEGMENT_BYTES);
		if (cause == 0)
			__atomic_store_n(&file->segments, file->segments + 1, __ATOMIC_RELEASE);
	}
	if (cause == 0) {
		uint32_t index = file->slots;
		__atomic_store_n(&file->slots, index + 1, __ATOMIC_RELEASE);
		SETTLE();
		stripe->loose = index;
	}
	(void)pthread_mutex_unlock(&file->growing);
	return cause;
}

/* Whether the stripe's loose slot has arrived where it was bound for when somebody was killed. */
static bool has_arrived(struct limits *l, struct stripe *stripe)
{
	const struct slot *loose = limits_slot(l, stripe->loose);
	const uint32_t *first = buckets_of(l, stripe);
	if (!loose)
		return true;
	for (uint32_t i = 0; i < STRIPE_BUCKETS; i++) {
		uint32_t index = first[i];
		while (index != 0) {
			const struct slot *slot = limits_slot(l, index);
			if (!slot)
				return true;
			for (uint32_t behind = index; behind != 0;) {
				const struct slot *at = limits_slot(l, behind);
				if (!at || behind == stripe->loose)
					return true;
				behind = at->more;
			}
			index = slot->next;
		}
	}
	return false;
}

/* Makes sure that the stripe has a loose slot. */
static cg_rc find_loose(struct limits *l, struct stripe *stripe, const struct limits_time *now,
			const struct pinned *pinned, struct cg_err *err)
{
	if (stripe->loose != 0 && has_arrived(l, stripe))
		stripe->loose = 0;
	if (stripe->loose == 0)
		search(l, stripe, SEARCH_BUCKETS, SEARCH_SLOTS, now, pinned);
	if (stripe->loose != 0)
		return CG_OK;
	int cause = give_out(l, stripe);
	if (cause != 0)
		search(l, stripe, STRIPE_BUCKETS, UINT32_MAX, now, pinned);
	if (stripe->loose != 0)
		return CG_OK;
	if (cause == ENOBUFS)
		return cg_fail(err, CG_UNAVAILABLE,
			       "The limits of %u keys and APIs are being counted, and no more can "
			       "be.",
			       LIMITS_SLOTS_MAX);
	return cause == ETIMEDOUT ? fail_lock(cause, err) : fail_file(l, cause, err);
}

cg_rc limits_slot_new(struct limits *l, const struct sha256 *name, const struct limits_time *now,
		      const struct pinned *pinned, uint32_t *index, struct cg_err *err)
{
	struct stripe *stripe = limits_stripe(l, name);
	cg_rc rc = find_loose(l, stripe, now, pinned, err);
	if (rc != CG_OK)
		return rc;
	*index = stripe->loose;
	struct slot *slot = limits_slot(l, *index);
	if (!slot)
		return fail_slot(l, err);
	/* Slots behind it have no call in flight any more and stay. */
	memset(slot->holds, 0, sizeof(slot->holds));
	limits_slot_name(slot, name);
	uint32_t *bucket = &l->file->buckets[limits_bucket(name)];
	slot->next = *bucket;
	SETTLE();
	*bucket = *index;
	SETTLE();
	stripe->loose = 0;
	return CG_OK;
}

cg_rc limits_slot_more(struct limits *l, struct slot *last, const struct limits_time *now,
		       const struct pinned *pinned, uint32_t *index, struct cg_err *err)
{
	struct stripe *stripe = limits_stripe(l, &last->name);
	cg_rc rc = find_loose(l, stripe, now, pinned, err);
	if (rc != CG_OK)
		return rc;
	*index = stripe->loose;
	struct slot *slot = limits_slot(l, *index);
	if (!slot)
		return fail_slot(l, err);
	memset(slot->holds, 0, sizeof(slot->holds));
	limits_slot_name(slot, &last->name);
	slot->next = 0;
	SETTLE();
	last->more = *index;
	SETTLE();
	stripe->loose = 0;
	return CG_OK;
}
