/* What an API's upstream_tls says -> what libcurl takes: CAs out of the store, the private key
 * unsealed. */
#ifndef CG_UPSTREAM_TRUST_H
#define CG_UPSTREAM_TRUST_H

#include "base/base.h"
#include "base/error.h"
#include "record/record.h"
#include "store/store.h"
#include "upstream/tls.h"

/* Of an API that has upstream_tls; the caller frees it. */
cg_rc upstream_tls_load(struct store *store, const Cg__Api *api, struct upstream_tls **out,
			struct cg_err *err) CG_MUST_USE;

#endif
