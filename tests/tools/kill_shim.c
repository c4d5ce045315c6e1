/* LD_PRELOAD: ends the process by SIGKILL before its N-th call that gives, moves or takes away a
 * name: rename, renameat2, link, unlink.
 *
 *   KILL_AT     which call, from 1
 *   KILL_AFTER  count from the first call of this function on, that one included */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void count(const char *name)
{
	static int calls, at = -1;
	static bool counting;
	const char *after = getenv("KILL_AFTER"), *which = getenv("KILL_AT");
	if (at < 0)
		at = which ? (int)strtol(which, NULL, 10) : 0;
	counting = counting || !after || strcmp(after, name) == 0;
	if (counting && ++calls == at)
		(void)kill(getpid(), SIGKILL);
}

int rename(const char *from, const char *to)
{
	static int (*next)(const char *, const char *);
	if (!next)
		next = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
	count("rename");
	return next(from, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	static int (*next)(int, const char *, int, const char *, unsigned int);
	if (!next)
		next = (int (*)(int, const char *, int, const char *, unsigned int))dlsym(
		    RTLD_NEXT, "renameat2");
	count("renameat2");
	return next(from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to)
{
	static int (*next)(const char *, const char *);
	if (!next)
		next = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link");
	count("link");
	return next(from, to);
}

int unlink(const char *path)
{
	static int (*next)(const char *);
	if (!next)
		next = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
	count("unlink");
	return next(path);
}
