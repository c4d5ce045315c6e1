/* LD_PRELOAD: the process is told to end while it is on its way up, when its FastCGI library is set
 * up and it does not wait for signals yet. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

int epoll_create1(int flags)
{
	static int (*next)(int);
	if (!next)
		next = (int (*)(int))dlsym(RTLD_NEXT, "epoll_create1");
	(void)kill(getpid(), SIGTERM);
	return next(flags);
}
