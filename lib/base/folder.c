#include "base/base.h"
#include "base/folder.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool empty = dir != NULL;
	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir)
		(void)closedir(dir);
	return empty;
}

cg_rc folder_make(const char *path, struct cg_err *err)
{
	if (mkdir(path, 0700) == 0) {
		cg_rc rc = folder_sync_of(path, err);
		if (rc != CG_OK)
			(void)rmdir(path);
		return rc;
	}
	int cause = errno;
	if (cause == EEXIST && is_empty(path) && chmod(path, 0700) == 0)
		return CG_OK;
	if (cause == EEXIST)
		return cg_fail(err, CG_CLASH, "%s is there already and not an empty folder.", path);
	return cg_fail(err, CG_UNAVAILABLE, "The folder %s cannot be made: %s.", path,
		       strerror(cause));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void folder_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

cg_rc folder_sync(const char *path, struct cg_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	return ok ? CG_OK
		  : cg_fail(err, CG_UNAVAILABLE, "The folder %s cannot be written: %s.", path,
			    strerror(cause));
}

cg_rc folder_sync_of(const char *path, struct cg_err *err)
{
	char folder[PATH_MAX];
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	int written = n > 0 ? snprintf(folder, sizeof(folder), "%.*s", (int)n, path)
			    : snprintf(folder, sizeof(folder), ".");
	if (written < 0 || (size_t)written >= sizeof(folder))
		return cg_fail(err, CG_UNAVAILABLE, "The path %.200s is too long.", path);
	return folder_sync(folder, err);
}
