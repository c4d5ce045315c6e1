/* LD_PRELOAD: keeps beside a data folder what a loss of power would leave of it.
 *
 *   POWER_SHADOW  a folder; at each fsync or fdatasync of a file in .../home/db, or of
 *                 .../home/revoked.log, the file as it then is is copied into it, and at each
 *                 fsync of .../home/db the names in there, a line each, to NAMES, and of
 *                 .../home/keys to KEYS
 *
 * So at any moment the shadow holds exactly what was synced: contents, and apart from them names.
 * Its file LOCK is held (flock) around each write, sync, renaming and removal of such a file:
 * whoever holds it sees no half of any. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DB    "/home/db"
#define LOCK  "LOCK"
#define NAMES "NAMES"
#define NEW   "NEW"

/* Folders whose names are kept. */
static const struct {
	const char *end, *kept;
} folders[] = {
    {DB,	   NAMES },
    {"/home/keys", "KEYS"},
};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* A failure of the shim itself: the test would prove nothing. */
static void must(bool done)
{
	if (!done)
		abort();
}

static void in_shadow(const char *name, char out[1024])
{
	(void)snprintf(out, 1024, "%s/%s", getenv("POWER_SHADOW"), name);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

/* What is open there; "" where it cannot be told, or where nothing is watched. */
static void path_of(int fd, char path[1024])
{
	char link[64];
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = getenv("POWER_SHADOW") ? readlink(link, path, 1023) : -1;
	path[n > 0 ? n : 0] = '\0';
}

static bool is_file(const char *path)
{
	return strstr(path, DB "/") || strstr(path, "/home/revoked.log");
}

/* Of a path as the library says it: .../home/run/../db/NAME.  NULL: none of ours. */
static const char *name_in_db(const char *path)
{
	const char *db = getenv("POWER_SHADOW") ? strstr(path, "/db/") : NULL;
	return db ? strrchr(path, '/') + 1 : NULL;
}

static int lock(void)
{
	char path[1024];
	in_shadow(LOCK, path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	must(fd >= 0 && flock(fd, LOCK_EX) == 0);
	return fd;
}

static void unlock(int fd)
{
	int cause = errno;
	(void)close(fd);
	errno = cause;
}

static void keep_file(const char *from_path)
{
	char path[1024], new[1024];
	struct stat st;
	in_shadow(strrchr(from_path, '/') + 1, path);
	in_shadow(NEW, new);
	int from = open(from_path, O_RDONLY | O_CLOEXEC);
	int to = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	must(from >= 0 && to >= 0 && fstat(from, &st) == 0 && ftruncate(to, st.st_size) == 0);
	/* Log files are mostly holes. */
	for (off_t at = 0, end; (at = lseek(from, at, SEEK_DATA)) >= 0; at = end) {
		must((end = lseek(from, at, SEEK_HOLE)) >= 0 && lseek(to, at, SEEK_SET) >= 0);
		for (off_t i = at; i < end;)
			must(sendfile(to, from, &i, (size_t)(end - i)) > 0);
	}
	must(rename(new, path) == 0);
	(void)close(from);
	(void)close(to);
}

static void keep_names(const char *folder, const char *name)
{
	char path[1024], new[1024];
	const struct dirent *entry;
	in_shadow(name, path);
	in_shadow(NEW, new);
	DIR *dir = opendir(folder);
	FILE *to = fopen(new, "we");
	must(dir && to);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			must(fprintf(to, "%s\n", entry->d_name) > 0);
	must(fclose(to) == 0 && rename(new, path) == 0);
	(void)closedir(dir);
}

static int sync_fd(int fd, long call)
{
	char path[1024];
	path_of(fd, path);
	bool file = is_file(path);
	size_t folder = 0;
	while (folder < FOLDERS && !ends_with(path, folders[folder].end))
		folder++;
	if (!file && folder == FOLDERS)
		return (int)syscall(call, fd);
	int held = lock();
	int rc = (int)syscall(call, fd);
	if (rc == 0 && file)
		keep_file(path);
	if (rc == 0 && folder < FOLDERS)
		keep_names(path, folders[folder].kept);
	unlock(held);
	return rc;
}

int fsync(int fd)
{
	return sync_fd(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_fd(fd, SYS_fdatasync);
}

ssize_t write(int fd, const void *p, size_t n)
{
	char path[1024];
	path_of(fd, path);
	int held = is_file(path) ? lock() : -1;
	ssize_t done = syscall(SYS_write, fd, p, n);
	if (held >= 0)
		unlock(held);
	return done;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	char path[1024];
	path_of(fd, path);
	int held = is_file(path) ? lock() : -1;
	ssize_t done = syscall(SYS_pwrite64, fd, p, n, at);
	if (held >= 0)
		unlock(held);
	return done;
}

ssize_t pwrite(int, const void *, size_t, off_t) __attribute__((alias("pwrite64")));

int rename(const char *from, const char *to)
{
	const char *old_name = name_in_db(from), *new_name = name_in_db(to);
	if (!old_name || !new_name)
		return (int)syscall(SYS_rename, from, to);
	char old_path[1024], new_path[1024];
	int held = lock();
	int rc = (int)syscall(SYS_rename, from, to);
	/* What was synced under the one name is so under the other: which of them is on disk, the
	 * names tell. */
	in_shadow(old_name, old_path);
	in_shadow(new_name, new_path);
	if (rc == 0) {
		must(unlink(new_path) == 0 || errno == ENOENT);
		must(link(old_path, new_path) == 0 || errno == ENOENT);
	}
	unlock(held);
	return rc;
}

int unlink(const char *path)
{
	int held = name_in_db(path) ? lock() : -1;
	int rc = (int)syscall(SYS_unlink, path);
	if (held >= 0)
		unlock(held);
	return rc;
}
