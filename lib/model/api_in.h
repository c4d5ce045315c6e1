/* The parts of an API's record; private to model/. */
#ifndef CG_MODEL_API_IN_H
#define CG_MODEL_API_IN_H

#include "record/record.h"
#include "store/store.h"

/* Certificates that a list names by their SHA-256: each has to be registered with the kind ca or,
 * where `upstream` is set, upstream; one that is named twice is dropped. */
cg_rc api_check_certificates(struct store_txn *txn, ProtobufCBinaryData *digests, size_t *n,
			     const char *field, bool upstream, struct arena *arena,
			     struct cg_err *err) CG_MUST_USE;
/* target_url, target_urls and upstream_tls; a private key that was given now is sealed. */
cg_rc api_check_upstream(struct store_txn *txn, Cg__Api *api, const Cg__Api *before,
			 struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Whether anything in it is sealed. */
bool api_has_sealed(const Cg__Api *api);
/* Seals that anew, under the key in use; *n: how many values. */
cg_rc api_reseal(const struct home *home, Cg__Api *api, struct arena *arena, size_t *n,
		 struct cg_err *err) CG_MUST_USE;
/* Puts the private key, PKCS #8 as PEM, into upstream_tls, sealed. */
cg_rc api_seal_client_key(const struct home *home, Cg__Api *api, struct span pem,
			  struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* The same with the value of one of secret_headers, which is there in the clear. */
cg_rc api_seal_header(const struct home *home, const Cg__Api *api, Cg__SecretHeader *header,
		      struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* request_headers, response_headers, secret_headers and cors; values that were given now are
 * sealed. */
cg_rc api_check_headers(struct store_txn *txn, Cg__Api *api, const Cg__Api *before,
			struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
