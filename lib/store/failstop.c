#include "base/base.h"
#include "store/failstop.h"
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

static int checked_open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	int fd = open(path, flags, va_arg(ap, int));
	va_end(ap);
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
		set = true;
	}
	opening = home;
}

void failstop_end(void)
{
	opening = NULL;
}
