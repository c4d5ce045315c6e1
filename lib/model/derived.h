/* Facts that a record repeats of what it holds, a certificate's DER or a digest: they are checked
 * where a record comes from outside (an import) or may be damaged (verify). */
#ifndef CG_MODEL_DERIVED_H
#define CG_MODEL_DERIVED_H

#include "store/store.h"

/* CG_BAD_VALUE, with a sentence, when the record says something else than what it is derived from.
 * A credential is compared with its certificate, where that is in the store. */
cg_rc derived_check(struct store_txn *txn, enum store_table table, const void *message,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
