/* Files of our own: written whole or not at all. */
#ifndef CG_BASE_FILE_H
#define CG_BASE_FILE_H

#include "base/base.h"
#include "base/error.h"
#include "base/span.h"
#include <sys/types.h>

/* Before a program opens anything: standard input, output and error that it was started without, as
 * by process managers that go by the FastCGI specification, become files that can be neither read
 * nor written.  Otherwise the next file that is opened has the number, and gets what is said:
 * tokens, or lines of the log in the middle of what all processes share.  False with errno. */
bool file_hold_standard(void) CG_MUST_USE;

/* Writes all of it; false with errno, ENOSPC also where the disk took a part only. */
bool file_write(int fd, struct span bytes) CG_MUST_USE;

enum file_there { FILE_REPLACE, FILE_KEEP };
/* Puts a file at `path`, on disk together with its name: nobody ever reads half of it, also after a
 * kill, a full disk or a loss of power.  One that is there already is replaced at once or kept, as
 * `there` says: whoever came first wins.  CG_BAD_INPUT for a path that is too long, CG_UNAVAILABLE
 * where it cannot be written, naming it. */
cg_rc file_put(const char *path, mode_t mode, enum file_there there, struct span bytes,
	       struct cg_err *err) CG_MUST_USE;

#endif
