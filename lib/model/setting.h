/* What holds for the whole installation: one record, which is there from the first change on.
 * Until then every member has its default. */
#ifndef CG_MODEL_SETTING_H
#define CG_MODEL_SETTING_H

#include "model/actor.h"
#include "store/store.h"

#define SETTING_ID "settings"

/* The settings as they are now, for whoever needs them; in the arena. */
cg_rc setting_get(struct store *store, struct arena *arena, Cg__Setting **out,
		  struct cg_err *err) CG_MUST_USE;
cg_rc setting_get_in(struct store_txn *txn, struct arena *arena, Cg__Setting **out,
		     struct cg_err *err) CG_MUST_USE;
/* Changes them by a merge patch, as an owner; CG_STALE unless their revision is `revision`
 * (ENTITY_ANY_REVISION: any will do). */
cg_rc setting_change(struct store *store, const struct actor *actor, uint64_t revision,
		     const json_t *patch, struct arena *arena, Cg__Setting **out,
		     struct cg_err *err) CG_MUST_USE;
/* Checks the values and brings them into their normal form; for imports. */
cg_rc setting_check(Cg__Setting *setting, struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
