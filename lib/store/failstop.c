#include "base/base.h"
#include "store/failstop.h"
#include "base/folder.h"
#include <db.h>
#include <fcntl.h>
#include <stdarg.h>

/* NULL: nobody opens.  Only touched by whoever is inside the lock. */
static const struct home *opening;

static void __attribute__((noreturn)) stop(int cause)
{
	char text[HOME_PATH_MAX + 200];
	int n = snprintf(text, sizeof(text),
			 "certgate: The data folder %s cannot be opened (%s), and this program "
			 "ends. Nothing was changed.\n",
			 opening->dir, strerror(cause));
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(1);
	_exit(1);
}

static void *take(size_t size)
{
	void *p = malloc(size);
	if (!p && opening)
		stop(ENOMEM);
	return p;
}

static void *retake(void *old, size_t size)
{
	void *p = realloc(old, size);
	if (!p && opening)
		stop(ENOMEM);
	return p;
}

/* 0 or errno. */
static int sync_name(const char *path)
{
	return folder_sync_of(path, NULL) == CG_OK ? 0 : EIO;
}

static bool is_log(const char *path)
{
	const char *end = strrchr(path, '/');
	return strncmp(end ? end + 1 : path, "log.", 4) == 0;
}

static int lasting_rename(const char *from, const char *to)
{
	int cause = rename(from, to) == 0 ? sync_name(to) : errno;
	errno = cause;
	return cause == 0 ? 0 : -1;
}

static int checked_open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	int fd = open(path, flags, va_arg(ap, int));
	va_end(ap);
	if (fd >= 0 && (flags & O_CREAT) && is_log(path)) {
		int cause = sync_name(path);
		if (cause != 0) {
			(void)close(fd);
			fd = -1;
			errno = cause;
		}
	}
	/* Not those that say something about the folder: they are told. */
	if (fd < 0 && opening &&
	    (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO))
		stop(errno);
	return fd;
}

void failstop_begin(const struct home *home)
{
	static bool set;
	if (!set) {
		(void)db_env_set_func_malloc(take);
		(void)db_env_set_func_realloc(retake);
		(void)db_env_set_func_open(checked_open);
		(void)db_env_set_func_rename(lasting_rename);
		set = true;
	}
	opening = home;
}

void failstop_end(void)
{
	opening = NULL;
}
