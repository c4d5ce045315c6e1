/* What all processes of a host see at once, without a lock: the generation of the contents. */
#ifndef CG_LIVE_LIVE_H
#define CG_LIVE_LIVE_H

#include "base/base.h"
#include "base/error.h"
#include "base/home.h"

struct live;

/* Maps the run folder's file, making it if need be. */
cg_rc live_open(const struct home *home, struct live **out, struct cg_err *err) CG_MUST_USE;
void live_close(struct live **live);

/* The generation: what was read from the store while it had another value may be outdated.  One
 * atomic load. */
uint64_t live_generation(const struct live *live);
/* Called by store/ after each commit that changes what a grant could be, before it lets others in,
 * so before anybody is told that the change was made. */
void live_generation_move(struct live *live);

#endif
