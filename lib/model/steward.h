/* Who does the housekeeping: of all processes of a host the one that holds this lock. */
#ifndef CG_MODEL_STEWARD_H
#define CG_MODEL_STEWARD_H

#include "base/base.h"
#include "base/home.h"

/* A descriptor while this process is the steward, for steward_end; -1 when another one is it, and
 * still is after wait_ms.  The lock ends with its holder. */
int steward_begin(const struct home *home, unsigned wait_ms) CG_MUST_USE;
void steward_end(int steward);

#endif
