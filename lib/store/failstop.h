/* How Berkeley DB's calls of the operating system are answered.  Private to store/.
 *
 * The name of a new log file, and the name that a new database gets, is on disk before anything is
 * written under it.  The library syncs files, never folders (read in its source), and fsync(2)
 * promises nothing of a file's name: a loss of power could take a log file away with all that was
 * acknowledged in it.
 *
 * While Berkeley DB opens an environment, a failure to get memory or a descriptor ends this
 * process.
 * The library takes each error while it looks for the log's end for that end, and then overwrites
 * what is behind it (measured: an allocation that fails once during a recovery, and all that was
 * not yet written back is lost); other ways out of such an error go through null pointers.  The
 * death of a process, at whatever moment, costs nothing. */
#ifndef CG_STORE_FAILSTOP_H
#define CG_STORE_FAILSTOP_H

#include "base/base.h"
#include "base/home.h"

/* Around each opening, inside the lock; the first one sets what is called from then on. */
void failstop_begin(const struct home *home);
void failstop_end(void);

#endif
