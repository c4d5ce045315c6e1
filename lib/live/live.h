/* What all processes of a host see at once, without a lock: the generation of the contents, and
 * which digests anybody may have. */
#ifndef CG_LIVE_LIVE_H
#define CG_LIVE_LIVE_H

#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/home.h"

struct live;

/* Maps the run folder's file, making it if need be. */
cg_rc live_open(const struct home *home, struct live **out, struct cg_err *err) CG_MUST_USE;
void live_close(struct live **live);
/* Whether the file was removed or replaced under this process, which then sees no change any more
 * and has to end.  Looks once a second at most. */
bool live_is_lost(struct live *live);

/* The generation: what was read from the store while it had another value may be outdated.  One
 * atomic load. */
uint64_t live_generation(const struct live *live);
/* Called by store/ after each commit that changes what a grant could be, before it lets others in,
 * so before anybody is told that the change was made. */
void live_generation_move(struct live *live);

/* The known digests, as a Bloom filter: a digest that nobody ever had is told without the store, so
 * that a flood of made-up ones costs the others nothing.  Never says "unknown" of one that is
 * there; of about one in 400 that is not, with a million in it, "maybe". */
bool live_may_be_known(const struct live *live, const struct sha256 *digest);
/* By store/, before the digest's record is committed. */
void live_note_known(struct live *live, const struct sha256 *digest);
/* A new file knows nothing yet, and until it has been filled everything may be known. */
bool live_is_filled(const struct live *live);
void live_set_filled(struct live *live);

#endif
