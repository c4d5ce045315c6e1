/* The revocation lists that were uploaded for CA certificates. */
#ifndef CG_MODEL_CRL_H
#define CG_MODEL_CRL_H

#include "cert/crl.h"
#include "model/actor.h"
#include "store/store.h"

/* Takes a list, PEM or DER, for the CA with this SHA-256 (any notation), in the place of an older
 * one.  CG_CLASH (revocation_list_older) for one that is older than what is there; CG_STALE unless
 * the revision of what is there is `revision`.  Of the one that is there already nothing
 * changes. */
cg_rc ca_crl_put(struct store *store, const struct actor *actor, const char *ca, uint64_t revision,
		 struct span text, struct arena *arena, Cg__Crl **out,
		 struct cg_err *err) CG_MUST_USE;
cg_rc ca_crl_get(struct store *store, const char *ca, struct arena *arena, Cg__Crl **out,
		 struct cg_err *err) CG_MUST_USE;
cg_rc ca_crl_remove(struct store *store, const struct actor *actor, const char *ca,
		    uint64_t revision, struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
