/* While Berkeley DB opens an environment, a failure to get memory or a descriptor ends this
 * process.  Private to store/.
 *
 * The library takes each error while it looks for the log's end for that end, and then overwrites
 * what is behind it (measured: an allocation that fails once during a recovery, and all that was
 * not yet written back is lost); other ways out of such an error go through null pointers.  The
 * death of a process, at whatever moment, costs nothing. */
#ifndef CG_STORE_FAILSTOP_H
#define CG_STORE_FAILSTOP_H

#include "base/base.h"
#include "base/home.h"

/* Around the opening, inside the lock. */
void failstop_begin(const struct home *home);
void failstop_end(void);

#endif
