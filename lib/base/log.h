/* One line per event on standard error: "level event name=value …".  The web server, systemd or the
 * supervisor keeps it.  Values are made safe and cut; secrets are never given to it. */
#ifndef CG_BASE_LOG_H
#define CG_BASE_LOG_H

#include "base/base.h"

/* A name = value pair; end the list with LOG_END. */
#define LOG_END ((const char *)NULL)

/* The program's name, first on each line.  Kept, not copied. */
void log_open(const char *program);
/* Names and values in turn, then LOG_END: log_error("store_open", "path", p, "cause", c, LOG_END).
 * Values may be NULL ("-"). */
void log_info(const char *event, ...) __attribute__((sentinel));
void log_error(const char *event, ...) __attribute__((sentinel));

#endif
