#include "base/base.h"
#include "store/environment.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/failstop.h"
#include "store/tables.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define CACHE_BYTES	 (16U * 1024 * 1024)
#define LOG_FILE_BYTES	 (10U * 1024 * 1024)
#define LOG_BUFFER_BYTES (256U * 1024)
#define LOCKS_MAX	 50000U /* a transaction of 25000 puts ran out of the default (measured) */
#define LOCKERS_MAX	 5000U
#define TXNS_MAX	 500U
/* Of new databases.  What disks and file systems write whole: of a larger page a loss of power
 * could leave a half, which no recovery mends.  By default the library takes the file system's
 * block size, which is larger on some. */
#define PAGE_BYTES 4096U
/* What the regions take up at most (measured: 57 MB), and a little more. */
#define REGION_BYTES ((uint64_t)64 * 1024 * 1024)
/* The library reckons with 7000, and does not know how many processes have handles of all
 * databases. */
#define MUTEXES_MAX 16000U
/* So many have to be left for transactions. */
#define MUTEXES_SPARE 1000U

static void on_error(const DB_ENV *env, const char *prefix, const char *message)
{
	(void)env;
	(void)prefix;
	log_error("database", "message", message, LOG_END);
}

static void ignore_error(const DB_ENV *env, const char *prefix, const char *message)
{
	(void)env;
	(void)prefix;
	(void)message;
}

cg_rc environment_error(const struct home *home, int cause, const char *where, struct cg_err *err)
{
	log_error("database_failed", "where", where, "cause", db_strerror(cause), LOG_END);
	if (cause == ENOSPC || cause == EDQUOT)
		return cg_fail_code(err, CG_FULL, "storage_full",
				    "The disk that holds the data folder %.300s is full: free some "
				    "space. Nothing was changed.",
				    home->dir);
	if (cause == EACCES || cause == EPERM)
		return cg_fail(err, CG_UNAVAILABLE,
			       "The data folder %.300s cannot be written (%s): give it back to the "
			       "user that certgate runs as.",
			       home->dir, db_strerror(cause));
	return cg_fail(err, CG_UNAVAILABLE,
		       "The data folder %.300s cannot be used now (%.60s, %s).", home->dir, where,
		       db_strerror(cause));
}

/* The keys of an index, out of a record's bytes. */
static int index_keys(DB *index, const DBT *key, const DBT *value, DBT *result)
{
	const struct index_def *def = index->app_private;
	struct arena arena;
	void *message;
	struct span keys[LIST_MAX_ENTRIES];
	(void)key;
	arena_init(&arena, RECORD_ARENA_MAX);
	int rc = DB_DONOTINDEX;
	if (record_unpack(store_tables[def->table].type, span_make(value->data, value->size),
			  &arena, &message, NULL) != CG_OK) {
		rc = arena.failed ? ENOMEM : EBADMSG;
		goto out;
	}
	size_t n = store_index_keys((enum store_index)(def - store_indexes), message, keys,
				    LIST_MAX_ENTRIES);
	if (n == 0)
		goto out;
	DBT *items = n > 1 ? calloc(n, sizeof(*items)) : result;
	if (!items) {
		rc = ENOMEM;
		goto out;
	}
	memset(items, 0, n * sizeof(*items));
	rc = 0;
	for (size_t i = 0; i < n; i++) {
		items[i].data = malloc(keys[i].n > 0 ? keys[i].n : 1);
		if (!items[i].data) {
			rc = ENOMEM;
			n = i;
			break;
		}
		if (keys[i].n > 0)
			memcpy(items[i].data, keys[i].p, keys[i].n);
		items[i].size = (u_int32_t)keys[i].n;
		items[i].flags = DB_DBT_APPMALLOC;
	}
	if (rc != 0) {
		for (size_t i = 0; i < n; i++)
			free(items[i].data);
		if (items != result)
			free(items);
	} else if (items != result) {
		*result = (DBT){.data = items,
				.size = (u_int32_t)n,
				.flags = DB_DBT_MULTIPLE | DB_DBT_APPMALLOC};
	}
out:
	arena_release(&arena);
	return rc;
}

/* Where the databases are, as seen from the run folder.  The library writes this name into its log,
 * and what recovers a copy in another place must not follow it back to the original (it did). */
static const char *db_from_run(const struct home *home)
{
	static const char beside[] = "../db";
	char path[HOME_PATH_MAX + sizeof(beside)];
	struct stat there, here;
	(void)snprintf(path, sizeof(path), "%s/%s", home->run, beside);
	/* Not so where the run folder is a link to somewhere else. */
	bool is = stat(path, &there) == 0 && stat(home->db, &here) == 0 &&
		  there.st_dev == here.st_dev && there.st_ino == here.st_ino;
	return is ? beside : home->db;
}

static int open_env(const struct home *home, bool recover, struct environment *e)
{
	DB_ENV *env;
	const char *db = db_from_run(home);
	int rc = db_env_create(&env, 0);
	if (rc != 0)
		return rc;
	e->env = env;
	env->set_errcall(env, on_error);
	if ((rc = env->set_cachesize(env, 0, CACHE_BYTES, 1)) != 0 ||
	    (rc = env->set_lk_detect(env, DB_LOCK_MINWRITE)) != 0 ||
	    (rc = env->set_lk_max_locks(env, LOCKS_MAX)) != 0 ||
	    (rc = env->set_lk_max_objects(env, LOCKS_MAX)) != 0 ||
	    (rc = env->set_lk_max_lockers(env, LOCKERS_MAX)) != 0 ||
	    (rc = env->set_tx_max(env, TXNS_MAX)) != 0 ||
	    (rc = env->mutex_set_max(env, MUTEXES_MAX)) != 0 ||
	    (rc = env->set_lg_max(env, LOG_FILE_BYTES)) != 0 ||
	    (rc = env->set_lg_bsize(env, LOG_BUFFER_BYTES)) != 0 ||
	    (rc = env->set_data_dir(env, db)) != 0 || (rc = env->set_lg_dir(env, db)) != 0 ||
	    (rc = env->log_set_config(env, DB_LOG_AUTO_REMOVE, 1)) != 0)
		return rc;
	/* Without recovery only regions that are there: new ones would know nothing of what the log
	 * has and the tables do not have yet. */
	return env->open(env, home->run,
			 DB_THREAD | DB_INIT_MPOOL | DB_INIT_LOCK | DB_INIT_LOG | DB_INIT_TXN |
			     (recover ? (u_int32_t)(DB_RECOVER | DB_CREATE) : 0),
			 0600);
}

/* Regions are sparse files that grow: on a full disk the first touch of a page would be SIGBUS.  So
 * each gets all the room that it is mapped for, which the library does not tell, but the kernel
 * does. */
static int allocate_regions(const struct home *home)
{
	/* As the kernel tells it: without links. */
	char *run = realpath(home->run, NULL);
	if (!run)
		return errno;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 256];
	size_t n = strlen(run);
	int rc = maps ? 0 : errno;
	while (rc == 0 && fgets(line, sizeof(line), maps)) {
		char *end, *path = strchr(line, '/');
		/* "7f12a000-7f13b000 rw-s ..." */
		unsigned long long from = strtoull(line, &end, 16);
		if (!path || *end != '-')
			continue;
		unsigned long long to = strtoull(end + 1, NULL, 16);
		path[strcspn(path, "\n")] = '\0';
		/* " (deleted)" behind it: of an environment before this one. */
		if (strncmp(path, run, n) != 0 || strncmp(path + n, "/__db.", 6) != 0 ||
		    strchr(path + n, ' '))
			continue;
		int fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)(to - from)) != 0)
			rc = errno;
		if (rc == EOPNOTSUPP)
			rc = 0; /* this file system has no such thing */
		if (fd >= 0)
			(void)close(fd);
	}
	if (maps)
		(void)fclose(maps);
	free(run);
	return rc;
}

static int open_db(struct environment *e, const char *file, const struct index_def *index, DB **out)
{
	DB *db;
	int rc = db_create(&db, e->env, 0);
	if (rc != 0)
		return rc;
	*out = db;
	/* A damaged page is an error then, never a wrong answer. */
	if ((rc = db->set_flags(db, DB_CHKSUM | (index ? (u_int32_t)DB_DUPSORT : 0))) != 0 ||
	    (rc = db->set_pagesize(db, PAGE_BYTES)) != 0)
		return rc;
	db->app_private = (void *)(uintptr_t)index;
	return db->open(db, NULL, file, NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT | DB_THREAD,
			0600);
}

/* A process that was killed leaves the mutexes of its handles behind, some hundred each time, and
 * nothing but new regions brings them back. */
static bool mutexes_run_out(DB_ENV *env)
{
	DB_MUTEX_STAT *stat = NULL;
	if (!env || env->mutex_stat(env, &stat, 0) != 0)
		return false;
	uint64_t left = stat->st_mutex_free;
	/* The region grows. */
	if (stat->st_mutex_max > stat->st_mutex_cnt)
		left += stat->st_mutex_max - stat->st_mutex_cnt;
	bool few = left < MUTEXES_SPARE;
	free(stat);
	return few;
}

cg_rc environment_open(const struct home *home, bool recover, struct environment *out, int *cause,
		       struct cg_err *err)
{
	struct environment e = {0};
	struct statvfs fs;
	if (recover && statvfs(home->run, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize < REGION_BYTES) {
		*cause = ENOSPC;
		return environment_error(home, ENOSPC, home->run, err);
	}
	const char *where = home->db;
	failstop_begin(home);
	int rc = open_env(home, recover, &e);
	if (rc == 0 && recover)
		rc = allocate_regions(home);
	for (size_t i = 0; rc == 0 && i < STORE__TABLES; i++)
		rc = open_db(&e, where = store_tables[i].file, NULL, &e.tables[i]);
	for (size_t i = 0; rc == 0 && i < STORE__INDEXES; i++) {
		const struct index_def *def = &store_indexes[i];
		rc = open_db(&e, where = def->file, def, &e.indexes[i]);
		if (rc == 0)
			rc = e.tables[def->table]->associate(e.tables[def->table], NULL,
							     e.indexes[i], index_keys, 0);
		if (rc == 0)
			rc = open_db(&e, def->file, def, &e.bare[i]);
	}
	failstop_end();
	if (!recover && (rc == 0 || rc == ENOMEM) && mutexes_run_out(e.env))
		rc = DB_RUNRECOVERY;
	if (rc != 0) {
		environment_close(&e);
		*cause = rc;
		return environment_error(home, rc, where, err);
	}
	*out = e;
	return CG_OK;
}

void environment_close(struct environment *e)
{
	/* After a recovery: a line for each handle, and some more. */
	if (e->env)
		e->env->set_errcall(e->env, ignore_error);
	for (size_t i = 0; i < STORE__INDEXES; i++)
		if (e->bare[i])
			(void)e->bare[i]->close(e->bare[i], DB_NOSYNC);
	for (size_t i = 0; i < STORE__INDEXES; i++)
		if (e->indexes[i])
			(void)e->indexes[i]->close(e->indexes[i], DB_NOSYNC);
	for (size_t i = 0; i < STORE__TABLES; i++)
		if (e->tables[i])
			(void)e->tables[i]->close(e->tables[i], DB_NOSYNC);
	if (e->env)
		(void)e->env->close(e->env, 0);
	*e = (struct environment){0};
}
