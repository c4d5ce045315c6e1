/* Who does the housekeeping: of all processes of a host the one that holds this lock. */
#ifndef CG_MODEL_STEWARD_H
#define CG_MODEL_STEWARD_H

#include "base/base.h"
#include "base/home.h"

/* What there is to do: files in the run folder. */
#define STEWARD_STORE	"steward"	  /* usage/housekeeping.h */
#define STEWARD_MAIL	"steward-mail"	  /* mail/send.h, which may wait for a mail program */
#define STEWARD_UPGRADE "steward-upgrade" /* model/open.h */

/* A descriptor while this process is the steward, for steward_end; -1 when another one is it, and
 * still is after wait_ms.  The lock ends with its holder. */
int steward_begin(const struct home *home, const char *what, unsigned wait_ms) CG_MUST_USE;
void steward_end(int steward);

#endif
