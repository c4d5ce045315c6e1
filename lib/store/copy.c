/* Copies of the store, checks of their files, and room in the logs. */
#include "base/base.h"
#include "store/inside.h"
#include "store/tables.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/* One file, from folder to folder; its bytes are on disk when 0 comes back, else errno. */
static int copy_file(int from_dir, int to_dir, const char *name)
{
	int cause = 0;
	int from = openat(from_dir, name, O_RDONLY | O_CLOEXEC);
	int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = 1;
	if (from < 0 || to < 0)
		cause = errno;
	while (cause == 0 && n > 0)
		if ((n = sendfile(to, from, NULL, (size_t)64 * 1024 * 1024)) < 0)
			cause = errno;
	if (from >= 0)
		(void)close(from);
	if (to >= 0 && close(to) != 0 && cause == 0)
		cause = errno;
	return cause;
}

static bool is_ours(const char *name)
{
	size_t n = strlen(name);
	return strncmp(name, "log.", 4) == 0 || (n > 3 && strcmp(name + n - 3, ".db") == 0);
}

/* Every database and log file; `each` returns 0 or errno. */
static int each_file(const char *folder, int (*each)(int dir, const char *name, void *arg),
		     void *arg)
{
	DIR *dir = opendir(folder);
	int cause = dir ? 0 : errno;
	const struct dirent *entry;
	while (dir && cause == 0 && (errno = 0, entry = readdir(dir)))
		if (is_ours(entry->d_name))
			cause = each(dirfd(dir), entry->d_name, arg);
	if (dir)
		(void)closedir(dir);
	return cause;
}

static int copy_each(int dir, const char *name, void *arg)
{
	return copy_file(dir, *(const int *)arg, name);
}

static int sync_each(int dir, const char *name, void *arg)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int cause = fd >= 0 && fsync(fd) == 0 ? 0 : errno;
	(void)arg;
	if (fd >= 0)
		(void)close(fd);
	return cause;
}

static cg_rc copy_failed(int cause, const char *db, struct cg_err *err)
{
	if (cause == ENOSPC || cause == EDQUOT)
		return cg_fail_code(err, CG_FULL, "storage_full",
				    "There is no room for the copy in %s: free some space.", db);
	return cg_fail(err, CG_UNAVAILABLE, "The store cannot be copied to %s: %s.", db,
		       strerror(cause));
}

/* To `db`, whose files and folder are on disk when CG_OK comes back. */
static cg_rc finish_copy(cg_rc rc, int cause, int to, const char *db, struct cg_err *err)
{
	if (rc == CG_OK && cause == 0)
		cause = each_file(db, sync_each, NULL);
	if (rc == CG_OK && cause == 0 && fsync(to) != 0)
		cause = errno;
	(void)close(to);
	return rc == CG_OK && cause != 0 ? copy_failed(cause, db, err) : rc;
}

cg_rc store_copy_files(const char *from, const char *db, struct cg_err *err)
{
	int to = open(db, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return copy_failed(errno, db, err);
	return finish_copy(CG_OK, each_file(from, copy_each, &to), to, db, err);
}

cg_rc store_copy(struct store *s, const char *db, struct cg_err *err)
{
	int cause = 0, to = open(db, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return copy_failed(errno, db, err);
	cg_rc rc = store_enter(s, err);
	if (rc == CG_OK) {
		/* Nobody else is in the store, so the files hold everything after this. */
		int failed = s->environment.env->txn_checkpoint(s->environment.env, 0, 0, DB_FORCE);
		if (failed != 0)
			rc = environment_error(&s->home, failed, "checkpoint", err);
		else
			cause = each_file(s->home.db, copy_each, &to);
		store_leave(s, !store_is_harmless(failed));
	}
	/* The rest while others go on. */
	return finish_copy(rc, cause, to, db, err);
}

static void quiet(const DB_ENV *env, const char *prefix, const char *message)
{
	(void)env;
	(void)prefix;
	(void)message;
}

cg_rc store_check_files(const char *db, struct cg_err *err)
{
	for (size_t i = 0; i < STORE__TABLES + STORE__INDEXES; i++) {
		const char *file = i < STORE__TABLES ? store_tables[i].file
						     : store_indexes[i - STORE__TABLES].file;
		char path[HOME_PATH_MAX + 64];
		DB *handle;
		(void)snprintf(path, sizeof(path), "%s/%s", db, file);
		if (access(path, F_OK) != 0)
			return cg_fail(err, CG_UNAVAILABLE, "%s is missing.", path);
		if (db_create(&handle, NULL, 0) != 0)
			return cg_fail_memory(err);
		handle->set_errcall(handle, quiet);
		/* verify frees the handle, whatever comes out. */
		int rc = handle->verify(handle, path, NULL, NULL, 0);
		if (rc != 0)
			return cg_fail(err, CG_UNAVAILABLE, "%s is damaged (%s).", path,
				       db_strerror(rc));
	}
	return CG_OK;
}

cg_rc store_checkpoint(struct store *s, struct cg_err *err)
{
	cg_rc rc = store_enter(s, err);
	if (rc != CG_OK)
		return rc;
	DB_ENV *env = s->environment.env;
	int failed = env->txn_checkpoint(env, 0, 0, 0);
	if (failed == 0)
		failed = env->log_archive(env, NULL, DB_ARCH_REMOVE);
	store_leave(s, !store_is_harmless(failed));
	return failed == 0 ? CG_OK : environment_error(&s->home, failed, "checkpoint", err);
}
