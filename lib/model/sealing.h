/* The host's sealing key in use, and its change.  keys/seal.key seals; keys/seal.previous, the one
 * before it, still opens: readers under way, and backups that were made under it. */
#ifndef CG_MODEL_SEALING_H
#define CG_MODEL_SEALING_H

#include "model/actor.h"
#include "store/store.h"

/* `about` is what the value is bound to (base/seal.h).  What comes out is in the arena, which wipes
 * it. */
cg_rc sealing_close(const struct home *home, struct span plain, struct span about,
		    struct arena *arena, struct span *out, struct cg_err *err) CG_MUST_USE;
/* CG_BAD_VALUE when neither key opens it. */
cg_rc sealing_open(const struct home *home, struct span sealed, struct span about,
		   struct arena *arena, struct span *out, struct cg_err *err) CG_MUST_USE;

/* Makes a new seal.key and seals under it whatever was sealed under the one before.  A crash at any
 * point leaves all of it readable; asked again, it starts over.  For owners.  *n: how many values.
 * CG_CLASH while another process is at it. */
cg_rc sealing_rotate(struct store *store, const struct actor *actor, size_t *n,
		     struct cg_err *err) CG_MUST_USE;

#endif
