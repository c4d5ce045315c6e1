#include "base/base.h"
#include "store/store.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/inside.h"
#include "store/tables.h"
#include <fcntl.h>
#include <sys/stat.h>

/* When so much log was written since the last one.  Not by the number of commits: those of an
 * import are large, and what a recovery reads is bytes. */
#define CHECKPOINT_KB 1024U

/* What keeps this process from opening handles, and says nothing of the environment, in which
 * others may be at work. */
static bool is_own_trouble(int cause)
{
	return cause == EMFILE || cause == ENFILE || cause == ENOMEM || cause == EACCES ||
	       cause == EPERM || cause == EROFS || cause == ENOSPC || cause == EDQUOT;
}

/* Opens handles for the environment as it is now.  The new ones first, the old ones closed after:
 * closing may wait for a latch that a dead process holds as long as its region is the current one
 * (measured). */
static cg_rc reopen(struct store *s, bool *broken, struct cg_err *err)
{
	struct environment now, old = s->environment;
	cg_rc rc = CG_UNAVAILABLE;
	int cause;
	if (!*broken) {
		rc = environment_open(&s->home, false, &now, &cause, err);
		/* Regions lost or damaged: recovery makes them anew. */
		*broken = rc != CG_OK && !is_own_trouble(cause);
	}
	if (*broken) {
		rc = environment_open(&s->home, true, &now, &cause, err);
		/* Only then: caches hold what was acknowledged, and go on while nothing can be
		 * recovered. */
		if (rc == CG_OK) {
			lock_environment_move(s->lock);
			live_generation_move(s->live);
		}
		/* The first opening of a new run folder is no news. */
		if (lock_environment(s->lock) > LOCK_ENVIRONMENT_FIRST + 1 || rc != CG_OK)
			log_info("store_recovered", "result", rc == CG_OK ? "ok" : "failed",
				 LOG_END);
	}
	if (rc != CG_OK)
		return rc;
	s->environment = now;
	s->environment_number = lock_environment(s->lock);
	if (old.env) {
		(void)__atomic_add_fetch(&s->recoveries, 1, __ATOMIC_RELAXED);
		environment_close(&old);
	}
	return CG_OK;
}

cg_rc store_enter(struct store *s, struct cg_err *err)
{
	bool broken;
	cg_rc rc = lock_enter(s->lock, &broken, err);
	if (rc != CG_OK)
		return rc;
	if (broken || s->environment_number != lock_environment(s->lock)) {
		rc = reopen(s, &broken, err);
		if (rc != CG_OK)
			lock_leave(s->lock, broken);
	}
	return rc;
}

void store_leave(struct store *s, bool broken)
{
	lock_leave(s->lock, broken);
}

bool store_is_harmless(int cause)
{
	return cause == 0 || cause == DB_LOCK_DEADLOCK || cause == ENOSPC || cause == EDQUOT ||
	       cause == ENOMEM || cause == EBADMSG; /* of an index's keys */
}

static void checkpoint(struct store *s)
{
	int rc = s->environment.env->txn_checkpoint(s->environment.env, CHECKPOINT_KB, 0, 0);
	if (rc != 0)
		log_error("checkpoint_failed", "cause", db_strerror(rc), LOG_END);
}

/* How often the log was written to, as far as one can know. */
static bool log_writes(DB_ENV *env, uintmax_t *out)
{
	DB_LOG_STAT *stat = NULL;
	if (env->log_stat(env, &stat, 0) != 0)
		return false;
	*out = stat->st_wcount;
	free(stat);
	return true;
}

/* The commit failed, and may be in the log all the same.
 * When the disk was full and the log has not been written to since `before`, it is not: the library
 * has made an abort of it.  Else a recovery, here and now while nobody else is inside, decides.
 * *failed is then 0 when the environment is whole. */
static cg_rc settle(struct store *s, const struct store_txn *t, uintmax_t before, int *failed,
		    struct cg_err *err)
{
	DBT key = {.data = (void *)(uintptr_t)t->added_key, .size = (u_int32_t)t->added_n};
	cg_rc rc = environment_error(&s->home, *failed, "commit", err);
	uintmax_t now;
	int found = EIO;
	if (rc == CG_FULL && log_writes(s->environment.env, &now) && now == before)
		return rc;
	bool broken = true;
	*failed = EIO; /* no reason for another try */
	if (reopen(s, &broken, NULL) == CG_OK) {
		DB *db = s->environment.tables[t->added_table];
		*failed = 0;
		if (t->added_n > 0)
			*failed = found = db->exists(db, NULL, &key, 0);
	}
	if (found == DB_NOTFOUND)
		*failed = 0;
	if (found == 0 || found == DB_NOTFOUND)
		return found == 0 ? CG_OK : rc;
	return cg_fail_code(
	    err, CG_UNAVAILABLE, "outcome_unknown",
	    "The disk that holds the data folder %.300s failed at the last moment. It "
	    "is not known whether this was done: look before you repeat it.",
	    s->home.dir);
}

/* One run of a transaction, inside the lock. */
static cg_rc run_once(struct store *s, bool write, enum store_effect effect, store_fn fn, void *arg,
		      int *failed, struct cg_err *err)
{
	struct store_txn t = {.store = s};
	DB_ENV *env = s->environment.env;
	uintmax_t writes = UINTMAX_MAX; /* not known */
	*failed = 0;
	if (write)
		(void)log_writes(env, &writes);
	if (write && (*failed = env->txn_begin(env, NULL, &t.txn, 0)) != 0)
		return environment_error(&s->home, *failed, "begin", err);
	cg_rc rc = fn(&t, arg, err);
	*failed = t.failed;
	/* One that fn passed over, taking it for something that is not there. */
	if (rc == CG_OK && t.failed != 0)
		rc = environment_error(&s->home, t.failed, "read", err);
	if (!write)
		return rc;
	if (rc != CG_OK) {
		int aborted = t.txn->abort(t.txn);
		if (aborted != 0)
			*failed = aborted;
		return rc;
	}
	u_int32_t flags = effect == STORE_CHANGES_COUNTS ? DB_TXN_WRITE_NOSYNC : DB_TXN_SYNC;
	if ((*failed = t.txn->commit(t.txn, flags)) != 0 &&
	    (rc = settle(s, &t, writes, failed, err)) != CG_OK)
		return rc;
	if (effect == STORE_CHANGES_GRANTS)
		live_generation_move(s->live);
	if (t.note)
		t.note(t.note_arg);
	checkpoint(s);
	return CG_OK;
}

static cg_rc run(struct store *s, bool write, enum store_effect effect, store_fn fn, void *arg,
		 struct cg_err *err)
{
	cg_rc rc = CG_UNAVAILABLE;
	for (int tries = 0; tries < STORE_TRIES; tries++) {
		int failed;
		rc = store_enter(s, err);
		if (rc != CG_OK)
			return rc;
		rc = run_once(s, write, effect, fn, arg, &failed, err);
		store_leave(s, !store_is_harmless(failed));
		/* Another try makes sense where the library asks for one, and after a recovery. */
		if (failed != DB_LOCK_DEADLOCK && failed != DB_RUNRECOVERY)
			break;
	}
	return rc;
}

cg_rc store_read(struct store *s, store_fn fn, void *arg, struct cg_err *err)
{
	return run(s, false, STORE_CHANGES_NONE, fn, arg, err);
}

cg_rc store_write(struct store *s, enum store_effect effect, store_fn fn, void *arg,
		  struct cg_err *err)
{
	return run(s, true, effect, fn, arg, err);
}

cg_rc store_flush(struct store *s, struct cg_err *err)
{
	cg_rc rc = store_enter(s, err);
	if (rc != CG_OK)
		return rc;
	int failed = s->environment.env->log_flush(s->environment.env, NULL);
	store_leave(s, !store_is_harmless(failed));
	return failed == 0 ? CG_OK : environment_error(&s->home, failed, "flush", err);
}

struct live *store_live(const struct store *s)
{
	return s->live;
}

unsigned store_recoveries(const struct store *s)
{
	return __atomic_load_n(&s->recoveries, __ATOMIC_RELAXED);
}

uint64_t store_environment_recoveries(const struct store *s)
{
	/* The first opening makes the regions as a recovery does. */
	uint64_t number = lock_environment(s->lock);
	return number > LOCK_ENVIRONMENT_FIRST + 1 ? number - LOCK_ENVIRONMENT_FIRST - 1 : 0;
}

void store_after_commit(struct store_txn *txn, store_note_fn note, void *arg)
{
	txn->note = note;
	txn->note_arg = arg;
}
