/* Public certificates that somebody has registered. */
#ifndef CG_MODEL_CERTIFICATE_H
#define CG_MODEL_CERTIFICATE_H

#include "cert/cert.h"
#include "model/actor.h"
#include "store/store.h"

/* The kind by its name ("client", "ca", "upstream"; empty: client), as the record and as cert_read
 * know it. */
cg_rc certificate_kind_parse(struct span text, Cg__Certificate__Kind *out, enum cert_kind *reading,
			     struct cg_err *err) CG_MUST_USE;

/* Writes a client's certificate, unless it is known already; no audit entry for one that is.
 * CG_BAD_VALUE (not_a_client_certificate) for one that is known as another kind, CG_CLASH
 * (key_exposed) for a public key that is blocked. */
cg_rc certificate_put_in(struct store_txn *txn, const struct actor *actor, const struct cert *cert,
			 struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Registers one on its own; CG_CLASH when it is known, also as another kind. */
cg_rc certificate_create(struct store *store, const struct actor *actor, const struct cert *cert,
			 Cg__Certificate__Kind kind, struct arena *arena, Cg__Certificate **out,
			 struct cg_err *err) CG_MUST_USE;

/* The record that a certificate would become; nothing is written.  *cert has to live as long. */
cg_rc certificate_record(const struct cert *cert, struct arena *arena, Cg__Certificate **out,
			 struct cg_err *err) CG_MUST_USE;

/* A record and who uses it. */
struct certificate_use {
	Cg__Certificate *certificate;
	const char *key_id; /* the key it belongs to, "" for none */
	bool revoked;	    /* its credential is, and keeps it from being registered anew */
	/* The APIs that trust it as a CA of clients, or for their upstreams. */
	const char **api_ids, **api_names;
	size_t n_apis, room;
};
/* One by any notation of its SHA-256. */
cg_rc certificate_get(struct store *store, const char *sha256, struct arena *arena,
		      struct certificate_use *out, struct cg_err *err) CG_MUST_USE;
/* CG_CLASH, naming the key, while one uses it, unless `cascade`: then the credential goes too.  A
 * CA that APIs trust stays in any case: taking it out of them is a decision on each of them. */
cg_rc certificate_remove(struct store *store, const struct actor *actor, const char *sha256,
			 uint64_t revision, bool cascade, struct arena *arena,
			 struct cg_err *err) CG_MUST_USE;

struct certificate_page {
	struct certificate_use *items;
	size_t n;
	const char *next;
	const char *notice; /* a sentence on what was searched for; NULL: none */
};
/* A page in the order of fingerprints.  `q`: a fingerprint in any notation, the start of one (4 to
 * 32 hex digits, or 4 and more characters of x5t#S256), or a part of subject, issuer or a name. */
cg_rc certificate_list(struct store *store, struct span cursor, size_t limit, struct span q,
		       struct arena *arena, struct certificate_page *out,
		       struct cg_err *err) CG_MUST_USE;
/* The digests of all that `q` fits (as above), in their order; *digests is malloc'ed, for the
 * caller to free, NULL where there is none.  *notice as above. */
cg_rc certificate_search(struct store *store, struct span q, struct arena *arena,
			 struct sha256 **digests, size_t *n, const char **notice,
			 struct cg_err *err) CG_MUST_USE;
/* The first `limit` of a kind that is not client: these are few. */
cg_rc certificate_list_kind(struct store *store, Cg__Certificate__Kind kind, size_t limit,
			    struct arena *arena, struct certificate_page *out,
			    struct cg_err *err) CG_MUST_USE;

#endif
