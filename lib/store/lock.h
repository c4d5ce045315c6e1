/* The one lock of the store: a robust mutex in a mapped file beside the regions.  Private to
 * store/. */
#ifndef CG_STORE_LOCK_H
#define CG_STORE_LOCK_H

#include "base/base.h"
#include "base/error.h"
#include "base/home.h"

struct store_lock;

cg_rc lock_open(const struct home *home, struct store_lock **out, struct cg_err *err) CG_MUST_USE;
void lock_close(struct store_lock **lock);

/* Takes the lock and marks somebody as inside.  *broken: the holder before died inside or left the
 * store broken, or the regions are new: the environment must be recovered.
 * CG_UNAVAILABLE after STORE_LOCK_WAIT_MS, or sooner when another wait for the same holder was in
 * vain. */
cg_rc lock_enter(struct store_lock *lock, bool *broken, struct cg_err *err) CG_MUST_USE;
/* Lets others in; `broken`: whoever comes next recovers first. */
void lock_leave(struct store_lock *lock, bool broken);

/* The number of the environment, which grows with each recovery, from LOCK_ENVIRONMENT_FIRST in a
 * new run folder.  To rely on it, or to move it: while inside. */
#define LOCK_ENVIRONMENT_FIRST 1
uint64_t lock_environment(const struct store_lock *lock);
void lock_environment_move(struct store_lock *lock);

#endif
