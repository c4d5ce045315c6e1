/* The access log: a line for each request, to a file or to syslog.
 *
 * A request only puts its line into a queue, which a thread writes out: a disk or a syslog that
 * hangs holds up nobody.  When the queue is full, lines are dropped, and the program's own log says
 * how many.  A kill takes the lines of the last moment with it. */
#ifndef CG_USAGE_ACCESS_LOG_H
#define CG_USAGE_ACCESS_LOG_H

#include "base/base.h"
#include "base/error.h"
#include "base/span.h"

struct access_log;

/* `where` is an absolute path or "syslog"; NULL or empty: *out is NULL, no log.  The file is opened
 * for each batch of lines anew when somebody has renamed or removed it, so nobody need be told of a
 * rotation.  Call it before a fork of the program's, if any; the thread starts with the first line.
 * CG_BAD_INPUT with a sentence. */
cg_rc access_log_open(const char *where, struct access_log **out, struct cg_err *err) CG_MUST_USE;
/* Writes what is there, for at most two seconds. */
void access_log_close(struct access_log **log);
/* One line, without its end.  From any thread; never waits for the file. */
void access_log_write(struct access_log *log, struct span line);

#endif
