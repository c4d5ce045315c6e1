/* APIs. */
#ifndef CG_MODEL_API_H
#define CG_MODEL_API_H

#include "model/entity.h"

/* For entity_create, entity_change, … */
extern const struct entity api_entity;

/* The private key of upstream_tls.client_certificate, PKCS #8 as PEM, in the arena, which wipes it.
 * CG_BAD_VALUE when this host's seal.key does not open it. */
cg_rc api_client_key_open(const struct home *home, const Cg__Api *api, struct arena *arena,
			  struct span *out, struct cg_err *err) CG_MUST_USE;
/* The value of secret_headers[i], likewise. */
cg_rc api_secret_header_open(const struct home *home, const Cg__Api *api, size_t i,
			     struct arena *arena, struct span *out, struct cg_err *err) CG_MUST_USE;

#endif
