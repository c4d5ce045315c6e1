#include "base/base.h"
#include "base/file.h"
#include "base/folder.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

bool file_hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* Those below are open, so that it gets this number.  The wrong way round, so that
		 * using it fails as before. */
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

bool file_write(int fd, struct span bytes)
{
	for (size_t at = 0; at < bytes.n;) {
		ssize_t n = write(fd, bytes.p + at, bytes.n - at);
		if (n == 0)
			errno = ENOSPC;
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

cg_rc file_put(const char *path, mode_t mode, enum file_there there, struct span bytes,
	       struct cg_err *err)
{
	char temporary[PATH_MAX];
	int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return cg_fail(err, CG_BAD_INPUT, "The path %.200s is too long.", path);
	/* Under a name that nobody has, nor had: what a killed process left may have become the
	 * file in use. */
	int fd = mkostemp(temporary, O_CLOEXEC);
	bool ok = fd >= 0 && fchmod(fd, mode) == 0 && file_write(fd, bytes) && fsync(fd) == 0;
	bool moved = ok && there == FILE_REPLACE && rename(temporary, path) == 0;
	ok = moved || (ok && there == FILE_KEEP && (link(temporary, path) == 0 || errno == EEXIST));
	int cause = errno;
	if (fd >= 0) {
		(void)close(fd);
		if (!moved)
			(void)unlink(temporary);
	}
	/* Also where another process was first, which may not have come so far. */
	return ok ? folder_sync_of(path, err)
		  : cg_fail(err, CG_UNAVAILABLE, "%.300s cannot be written: %s.", path,
			    strerror(cause));
}
