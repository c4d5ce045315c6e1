#include "base/base.h"
#include "live/limits_in.h"
#include <fcntl.h>

/* A process in the table holds a lock on one byte far behind the slots: it ends with the process,
 * whatever ends that, and unlike a pid means nobody else later. */
#define LOCKS_AT ((off_t)1 << 40)

static struct flock byte_of(uint16_t process)
{
	return (struct flock){
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKS_AT + process, .l_len = 1};
}

cg_rc limits_held_open(struct limits *l, struct cg_err *err)
{
	for (uint32_t i = 0; i < PROCESSES; i++) {
		uint16_t process = (uint16_t)(((uint32_t)getpid() * 2654435761u + i) % PROCESSES);
		struct flock lock = byte_of(process);
		if (fcntl(l->slots_fd, F_OFD_SETLK, &lock) != 0) {
			if (errno == EAGAIN || errno == EACCES)
				continue;
			return cg_fail(err, CG_UNAVAILABLE, "%s cannot be locked: %s.",
				       l->slots_path, strerror(errno));
		}
		/* What the one before in this place held is nobody's from here on. */
		l->process = process;
		l->incarnation =
		    __atomic_add_fetch(&l->file->incarnations[process], 1, __ATOMIC_ACQ_REL);
		return CG_OK;
	}
	return cg_fail(
	    err, CG_UNAVAILABLE,
	    "%d processes count limits in %s already: run fewer, with more threads each.",
	    PROCESSES, l->slots_path);
}

static bool lives(struct limits *l, uint16_t process)
{
	struct flock lock = byte_of(process);
	return process == l->process || fcntl(l->slots_fd, F_OFD_GETLK, &lock) != 0 ||
	       lock.l_type != F_UNLCK;
}

static uint32_t count_of(struct limits *l, const struct hold *hold)
{
	uint32_t count = __atomic_load_n(&hold->count, __ATOMIC_ACQUIRE);
	if (count == 0 ||
	    hold->incarnation !=
		__atomic_load_n(&l->file->incarnations[hold->process], __ATOMIC_ACQUIRE))
		return 0;
	return count;
}

static struct hold *hold_at(struct slot *slot, uint32_t at)
{
	return &slot->holds[at];
}

/* The first place of a slot that has counters, or of one behind it. */
static uint32_t first_of(bool behind)
{
	return behind ? 0 : HOLDS_FROM;
}

/* Sums over a slot and those behind it; with `bury`, what the dead hold is given back first. */
static bool sum(struct limits *l, struct slot *slot, bool bury, uint32_t *out)
{
	*out = 0;
	for (bool behind = false; slot; behind = true) {
		for (uint32_t at = first_of(behind); at < HOLDS; at++) {
			struct hold *hold = hold_at(slot, at);
			uint32_t count = count_of(l, hold);
			if (count != 0 && bury && !lives(l, hold->process)) {
				__atomic_store_n(&hold->count, 0, __ATOMIC_RELEASE);
				count = 0;
			}
			*out += count;
		}
		if (slot->more == 0)
			return true;
		slot = limits_slot(l, slot->more);
	}
	return false;
}

static cg_rc fail_mapping(const struct limits *l, struct cg_err *err)
{
	return cg_fail(err, CG_UNAVAILABLE, "A part of %s cannot be mapped: %s.", l->slots_path,
		       strerror(errno));
}

cg_rc limits_held_count(struct limits *l, struct slot *slot, uint32_t limit, uint32_t *out,
			struct cg_err *err)
{
	if (!sum(l, slot, false, out) || (*out >= limit && !sum(l, slot, true, out)))
		return fail_mapping(l, err);
	return CG_OK;
}

bool limits_held_any(struct limits *l, struct slot *slot)
{
	uint32_t n;
	return !sum(l, slot, true, &n) || n != 0;
}

cg_rc limits_held_place(struct limits *l, uint32_t index, const struct limits_time *now,
			const struct pinned *pinned, uint32_t *out_slot, uint32_t *out_at,
			struct cg_err *err)
{
	uint32_t free_slot = 0, free_at = 0;
	struct slot *slot = NULL;
	for (bool behind = false; index != 0; behind = true) {
		slot = limits_slot(l, index);
		if (!slot)
			return fail_mapping(l, err);
		for (uint32_t at = first_of(behind); at < HOLDS; at++) {
			const struct hold *hold = hold_at(slot, at);
			if (hold->process == l->process && hold->incarnation == l->incarnation) {
				*out_slot = index;
				*out_at = at;
				return __atomic_load_n(&hold->count, __ATOMIC_RELAXED) < UINT16_MAX
					   ? CG_OK
					   : cg_fail(err, CG_UNAVAILABLE,
						     "This process has %d calls in flight.",
						     UINT16_MAX);
			}
			if (free_slot == 0 && count_of(l, hold) == 0) {
				free_slot = index;
				free_at = at;
			}
		}
		index = slot->more;
	}
	if (free_slot == 0) {
		cg_rc rc = limits_slot_more(l, slot, now, pinned, &free_slot, err);
		if (rc != CG_OK)
			return rc;
	}
	*out_slot = free_slot;
	*out_at = free_at;
	return CG_OK;
}

void limits_held_add(struct limits *l, uint32_t slot, uint32_t at)
{
	struct hold *hold = hold_at(limits_slot(l, slot), at);
	if (hold->process != l->process || hold->incarnation != l->incarnation) {
		__atomic_store_n(&hold->count, 0, __ATOMIC_RELAXED);
		SETTLE();
		hold->process = l->process;
		hold->incarnation = l->incarnation;
		SETTLE();
	}
	(void)__atomic_add_fetch(&hold->count, 1, __ATOMIC_ACQ_REL);
}

void limits_end(struct limits *l, struct limits_held *held)
{
	for (uint32_t i = 0; i < held->n; i++) {
		struct slot *slot = limits_slot(l, held->places[i].slot);
		(void)__atomic_sub_fetch(&hold_at(slot, held->places[i].at)->count, 1,
					 __ATOMIC_ACQ_REL);
	}
	held->n = 0;
}
