/* News for whoever started this program, in the protocol of sd_notify(3): a datagram to the socket
 * that NOTIFY_SOCKET names.  systemd and `certgate supervise` listen to it; spawn-fcgi and
 * mod_fcgid do not. */
#ifndef CG_WEB_NOTIFY_H
#define CG_WEB_NOTIFY_H

#include "base/base.h"

/* It accepts requests. */
#define NOTIFY_READY "READY=1"
/* It accepts no more, and ends when the requests that run are answered. */
#define NOTIFY_STOPPING "STOPPING=1"
/* It should end, and serves on until it gets SIGTERM: start its successor first.  Whoever does not
 * know this one ignores it. */
#define NOTIFY_SUCCESSOR "X_CERTGATE_SUCCESSOR=1"

/* In the environment of a program for which its predecessor goes on until it is ready: there is no
 * need that it answers although it cannot start. */
#define NOTIFY_AWAITED "CERTGATE_AWAITED"

/* Before a sentence that tells people how it is: here why it cannot start. */
#define NOTIFY_STATUS "STATUS="
/* Before that, in a line of its own: it is set up in a wrong way (EINVAL), so that another try
 * comes to the same. */
#define NOTIFY_WRONG "ERRNO=22\n"
#define NOTIFY_MAX   1024 /* bytes of one piece of news, with its NUL */

/* False when nobody listens. */
bool notify_send(const char *news);
/* Has systemd hold fd for this service while it is restarted (FileDescriptorStoreMax=). */
bool notify_store(const char *name, int fd);
/* Tells, in the log as well, why this program cannot start: because of how it is set up, or of what
 * may pass. */
void notify_start_failed(bool set_up_wrong, const char *why);

#endif
