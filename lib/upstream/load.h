/* What an API's upstream_tls says -> what libcurl takes. */
#ifndef CG_UPSTREAM_LOAD_H
#define CG_UPSTREAM_LOAD_H

#include "model/api.h"
#include "store/store.h"
#include "upstream/tls.h"

/* Of an API that has upstream_tls; the caller frees it.  CG_BAD_VALUE when it cannot be used: a CA
 * is gone, or its key does not open. */
cg_rc upstream_tls_load(struct store *store, const Cg__Api *api, struct upstream_tls **out,
			struct cg_err *err) CG_MUST_USE;

#endif
