/* Steps on certificates within transactions.  Private to model/. */
#ifndef CG_MODEL_CERTIFICATE_IN_H
#define CG_MODEL_CERTIFICATE_IN_H

#include "model/certificate.h"

/* Any notation of a fingerprint into the record's id; CG_NOT_FOUND where it is none. */
cg_rc certificate_read_id(const char *sha256, struct arena *arena, const char **out,
			  struct cg_err *err) CG_MUST_USE;
/* Who uses it: its key, or the APIs that trust it.  All but use->certificate is set; the texts are
 * the arena's. */
cg_rc certificate_users_in(struct store_txn *txn, const Cg__Certificate *certificate,
			   struct arena *arena, struct certificate_use *use,
			   struct cg_err *err) CG_MUST_USE;

#endif
