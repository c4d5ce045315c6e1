/* LD_PRELOAD: a pause of 20 ms where a busy machine may make one at any time: between a call whose
 * result is about to be acted on and the act.  After accept4, recvmsg and epoll_wait, and after a
 * poll that does not wait and has found nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_US 20000

int accept4(int fd, struct sockaddr *address, socklen_t *n, int flags)
{
	static int (*next)(int, struct sockaddr *, socklen_t *, int);
	if (!next)
		next =
		    (int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT, "accept4");
	int accepted = next(fd, address, n, flags);
	if (accepted >= 0)
		(void)usleep(PAUSE_US);
	return accepted;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	static ssize_t (*next)(int, struct msghdr *, int);
	if (!next)
		next = (ssize_t(*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
	ssize_t got = next(fd, message, flags);
	if (got >= 0)
		(void)usleep(PAUSE_US);
	return got;
}

int epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
	static int (*next)(int, struct epoll_event *, int, int);
	if (!next)
		next = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
	int found = next(fd, events, n, ms);
	if (found > 0)
		(void)usleep(PAUSE_US);
	return found;
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	static int (*next)(struct pollfd *, nfds_t, int);
	if (!next)
		next = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
	int found = next(fds, n, ms);
	if (ms == 0 && found == 0)
		(void)usleep(PAUSE_US);
	return found;
}

/* What the compiler makes of poll() with _FORTIFY_SOURCE. */
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room);
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room)
{
	(void)room;
	return poll(fds, n, ms);
}
