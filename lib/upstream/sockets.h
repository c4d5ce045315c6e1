/* The sockets of a thread's upstream connections, watched because curl does not; private to
 * upstream/. */
#ifndef CG_UPSTREAM_SOCKETS_H
#define CG_UPSTREAM_SOCKETS_H

#include "base/base.h"
#include "base/limits.h"

/* Beside the kept ones: addresses that are tried at the same time, and a second attempt. */
#define UPSTREAM_SOCKETS_MAX (UPSTREAM_KEPT_MAX + 12)

struct upstream_sockets {
	int fds[UPSTREAM_SOCKETS_MAX];
	size_t n;
};

/* A new socket, or -1. */
int upstream_socket_open(struct upstream_sockets *s, int family, int type, int protocol);
/* Closes one of them; as close(2). */
int upstream_socket_close(struct upstream_sockets *s, int fd);
/* Ends connections on which something has come since their last answer: it would be read as the
 * answer to the next request.  curl 7.88 takes such a connection for a good one, but notices when
 * it is at its end.  False when one could not be brought to that.  Call it between requests. */
bool upstream_sockets_end_noisy(struct upstream_sockets *s) CG_MUST_USE;

#endif
