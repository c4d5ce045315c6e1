/* Public certificates that somebody has registered. */
#ifndef CG_MODEL_CERTIFICATE_H
#define CG_MODEL_CERTIFICATE_H

#include "cert/cert.h"
#include "model/actor.h"
#include "store/store.h"

/* Writes the certificate of a reading, unless it is known already; no audit entry for one that is.
 * `*out` (may be NULL) is the record. */
cg_rc certificate_put_in(struct store_txn *txn, const struct actor *actor, const struct cert *cert,
			 struct arena *arena, Cg__Certificate **out,
			 struct cg_err *err) CG_MUST_USE;
/* Registers one on its own; CG_CLASH when it is known. */
cg_rc certificate_create(struct store *store, const struct actor *actor, const struct cert *cert,
			 struct arena *arena, Cg__Certificate **out,
			 struct cg_err *err) CG_MUST_USE;

/* The record that a certificate would become; nothing is written.  *cert has to live as long. */
cg_rc certificate_record(const struct cert *cert, struct arena *arena, Cg__Certificate **out,
			 struct cg_err *err) CG_MUST_USE;

/* A record and the key it belongs to, "" for none. */
struct certificate_use {
	Cg__Certificate *certificate;
	const char *key_id;
	bool revoked; /* its credential is, and keeps it from being registered anew */
};
/* One by any notation of its SHA-256. */
cg_rc certificate_get(struct store *store, const char *sha256, struct arena *arena,
		      struct certificate_use *out, struct cg_err *err) CG_MUST_USE;
/* CG_CLASH, naming the key, while one uses it, unless `cascade`: then the credential goes too. */
cg_rc certificate_remove(struct store *store, const struct actor *actor, const char *sha256,
			 uint64_t revision, bool cascade, struct arena *arena,
			 struct cg_err *err) CG_MUST_USE;

struct certificate_page {
	struct certificate_use *items;
	size_t n;
	const char *next;
};
/* A page in the order of fingerprints.  `q`: a fingerprint in any notation, the start of one, or a
 * part of subject, issuer or a name. */
cg_rc certificate_list(struct store *store, struct span cursor, size_t limit, struct span q,
		       struct arena *arena, struct certificate_page *out,
		       struct cg_err *err) CG_MUST_USE;

#endif
