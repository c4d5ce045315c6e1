/* Connections that a web server keeps, on their way from a process that ends to one that goes on:
 * none is closed, so none is closed at the moment in which the server sends a request on it, which
 * FastCGI has no word against.  They wait in a queue of descriptors, a datagram socket that is
 * connected to itself: what one process sends to it, another one receives (unix(7), SCM_RIGHTS).
 * `certgate supervise` makes one for each program and gives it to all of its processes. */
#ifndef CG_WEB_HANDOVER_H
#define CG_WEB_HANDOVER_H

#include "base/base.h"
#include <sys/socket.h>

#define HANDOVER_FD 3 /* where the processes have it */

/* For a supervisor: an empty queue.  Its name is `path`, but it is not to be found there when this
 * returns.  -1 with errno where it cannot be made. */
int handover_open(const char *path);
/* Whether this process has one, which the programs that it starts do not get. */
bool handover_is_given(void);
/* Puts fd into the queue; the caller closes it.  False with errno: EAGAIN where it is full. */
bool handover_give(int fd);
/* Takes one out, as accept4(2) does: the caller's to close; -1 with errno, EAGAIN where there is
 * none. */
int handover_take(void);

/* Room for one descriptor in a message. */
union passed_fd {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};
/* Adds fd to the message, in *control. */
void passed_fd_put(struct msghdr *message, union passed_fd *control, int fd);

#endif
