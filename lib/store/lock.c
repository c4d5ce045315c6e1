#include "base/base.h"
#include "store/lock.h"
#include "base/limits.h"
#include "base/mapped.h"
#include <pthread.h>

#define LAYOUT 1 /* of the file: mapped_open */

struct lock_file {
	struct mapped_head head;
	pthread_mutex_t mutex;
	uint32_t inside;  /* somebody is in the library, or left it broken */
	uint32_t entries; /* counts those who came in */
	uint64_t environment;
};

struct store_lock {
	struct lock_file *file;
	uint64_t stuck; /* entries + 1 when a wait was in vain; 0: none was */
};

static void make(void *memory)
{
	struct lock_file *file = memory;
	mapped_mutex_init(&file->mutex);
	/* Regions that may lie beside it belong to a lock that nobody holds any more. */
	file->inside = 1;
	file->environment = LOCK_ENVIRONMENT_FIRST;
}

cg_rc lock_open(const struct home *home, struct store_lock **out, struct cg_err *err)
{
	char path[HOME_PATH_MAX + 8];
	void *memory = NULL;
	(void)snprintf(path, sizeof(path), "%s/lock", home->run);
	struct store_lock *lock = calloc(1, sizeof(*lock));
	if (!lock)
		return cg_fail_memory(err);
	cg_rc rc = mapped_open(path, sizeof(struct lock_file), LAYOUT, make, &memory, err);
	if (rc != CG_OK) {
		free(lock);
		return rc;
	}
	lock->file = memory;
	*out = lock;
	return CG_OK;
}

void lock_close(struct store_lock **lock)
{
	if (!*lock)
		return;
	void *memory = (*lock)->file;
	mapped_close(&memory, sizeof(struct lock_file));
	free(*lock);
	*lock = NULL;
}

/* Requests that stand in line in one process would each wait in full for a holder who does not
 * move: after one of them has, the others find out in passing. */
static int wait_ms(const struct store_lock *lock, uint32_t entries)
{
	uint64_t stuck = __atomic_load_n(&lock->stuck, __ATOMIC_RELAXED);
	return stuck == (uint64_t)entries + 1 ? STORE_LOCK_STUCK_WAIT_MS : STORE_LOCK_WAIT_MS;
}

cg_rc lock_enter(struct store_lock *lock, bool *broken, struct cg_err *err)
{
	struct timespec until;
	uint32_t entries = __atomic_load_n(&lock->file->entries, __ATOMIC_RELAXED);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t ns = until.tv_nsec + (int64_t)wait_ms(lock, entries) * 1000000;
	until.tv_sec += ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	int rc = pthread_mutex_clocklock(&lock->file->mutex, CLOCK_MONOTONIC, &until);
	bool died = rc == EOWNERDEAD;
	if (died)
		rc = pthread_mutex_consistent(&lock->file->mutex);
	if (rc == ETIMEDOUT)
		__atomic_store_n(&lock->stuck, (uint64_t)entries + 1, __ATOMIC_RELAXED);
	if (rc != 0)
		return cg_fail(err, CG_UNAVAILABLE,
			       "The store is busy (%s): try again in a moment.", strerror(rc));
	/* Before anything else: a kill from here on is seen by whoever comes next. */
	bool left = __atomic_exchange_n(&lock->file->inside, 1, __ATOMIC_SEQ_CST) != 0;
	(void)__atomic_add_fetch(&lock->file->entries, 1, __ATOMIC_RELAXED);
	*broken = died || left;
	return CG_OK;
}

void lock_leave(struct store_lock *lock, bool broken)
{
	if (!broken)
		__atomic_store_n(&lock->file->inside, 0, __ATOMIC_SEQ_CST);
	(void)pthread_mutex_unlock(&lock->file->mutex);
}

uint64_t lock_environment(const struct store_lock *lock)
{
	return __atomic_load_n(&lock->file->environment, __ATOMIC_RELAXED);
}

void lock_environment_move(struct store_lock *lock)
{
	(void)__atomic_add_fetch(&lock->file->environment, 1, __ATOMIC_RELAXED);
}
