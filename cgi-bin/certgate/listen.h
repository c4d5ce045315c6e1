/* The listening sockets of the supervisor. */
#ifndef CG_CERTGATE_LISTEN_H
#define CG_CERTGATE_LISTEN_H

#include "base/base.h"
#include "base/error.h"
#include <sys/types.h>

/* The socket at `path` among those that systemd holds for this service, which stay open while it is
 * restarted, so that no connection is refused; -1: there is none. */
int listen_given(const char *path);
/* The same of a socket that nobody connects to, which this service had systemd hold before it was
 * restarted (notify_store). */
int listen_stored(const char *path);
/* Makes one, mode 0660, and gives it to the group ((gid_t)-1: as made).  One that nobody listens on
 * any more is replaced; CG_CLASH where somebody does, or something else lies there.  *out may be
 * set on a failure as well: the caller closes and unlinks it. */
cg_rc listen_open(const char *path, gid_t group, int *out, struct cg_err *err) CG_MUST_USE;

#endif
