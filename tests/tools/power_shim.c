/* LD_PRELOAD: keeps beside a data folder what a loss of power would leave of it.
 *
 *   POWER_SHADOW  a folder; at each fsync or fdatasync of a file in .../home/db, or of
 *                 .../home/revoked.log, the file as it then is is copied into it
 *
 * So at any moment the shadow holds exactly what was synced.  Its file "lock" is held (flock) around
 * each write and each sync of such a file: whoever holds it sees no half of either. */
#define _GNU_SOURCE
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

/* The file's name in the shadow, NULL: none of ours. */
static const char *name_of(int fd, char path[1024])
{
	char link[64];
	if (!getenv("POWER_SHADOW"))
		return NULL;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, 1023);
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	if (!strstr(path, "/home/db/") && !strstr(path, "/home/revoked.log"))
		return NULL;
	return strrchr(path, '/') + 1;
}

static int lock(void)
{
	char path[1024];
	(void)snprintf(path, sizeof(path), "%s/lock", getenv("POWER_SHADOW"));
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		abort(); /* the test would prove nothing */
	return fd;
}

static void unlock(int fd)
{
	int cause = errno;
	(void)close(fd);
	errno = cause;
}

static void keep(const char *from_path, const char *name)
{
	char path[1024], temporary[1024];
	struct stat st;
	(void)snprintf(path, sizeof(path), "%s/%s", getenv("POWER_SHADOW"), name);
	(void)snprintf(temporary, sizeof(temporary), "%s/.new", getenv("POWER_SHADOW"));
	int from = open(from_path, O_RDONLY | O_CLOEXEC);
	int to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (from < 0 || to < 0 || fstat(from, &st) != 0 || ftruncate(to, st.st_size) != 0)
		abort();
	/* Log files are mostly holes. */
	for (off_t at = 0, end; (at = lseek(from, at, SEEK_DATA)) >= 0; at = end) {
		if ((end = lseek(from, at, SEEK_HOLE)) < 0 || lseek(to, at, SEEK_SET) < 0)
			abort();
		for (off_t i = at; i < end;)
			if (sendfile(to, from, &i, (size_t)(end - i)) <= 0)
				abort();
	}
	if (rename(temporary, path) != 0)
		abort();
	(void)close(from);
	(void)close(to);
}

static int sync_file(int fd, long call)
{
	char path[1024];
	const char *name = name_of(fd, path);
	if (!name)
		return (int)syscall(call, fd);
	int held = lock();
	int rc = (int)syscall(call, fd);
	if (rc == 0)
		keep(path, name);
	unlock(held);
	return rc;
}

int fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}

ssize_t write(int fd, const void *p, size_t n)
{
	char path[1024];
	int held = name_of(fd, path) ? lock() : -1;
	ssize_t done = syscall(SYS_write, fd, p, n);
	if (held >= 0)
		unlock(held);
	return done;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	char path[1024];
	int held = name_of(fd, path) ? lock() : -1;
	ssize_t done = syscall(SYS_pwrite64, fd, p, n, at);
	if (held >= 0)
		unlock(held);
	return done;
}

ssize_t pwrite(int, const void *, size_t, off_t) __attribute__((alias("pwrite64")));
