/* Opening the store, brought up to date. */
#ifndef CG_MODEL_OPEN_H
#define CG_MODEL_OPEN_H

#include "store/store.h"

/* store_open, and where the store is of an older schema (schema/MIGRATIONS): a copy of it beside
 * the databases ("db-before-4"), then the upgrade in one transaction.  A newer store is refused. */
cg_rc model_open(const struct home *home, struct store **out, struct cg_err *err) CG_MUST_USE;

#endif
