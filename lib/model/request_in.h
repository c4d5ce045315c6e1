/* Steps on requests within transactions.  Private to model/. */
#ifndef CG_MODEL_REQUEST_IN_H
#define CG_MODEL_REQUEST_IN_H

#include "model/request.h"

/* What a request is about, read in its transaction. */
struct request_about {
	Cg__Developer *developer;
	Cg__CatalogueEntry *entry;
	Cg__Policy *policy;
};
cg_rc request_about_in(struct store_txn *txn, const char *developer_id, const char *catalogue_id,
		       struct arena *arena, struct request_about *out,
		       struct cg_err *err) CG_MUST_USE;

/* CG_CLASH with the code developer_inactive while this developer or the organisation is switched
 * off. */
cg_rc request_check_active_in(struct store_txn *txn, const Cg__Developer *developer,
			      struct arena *arena, struct cg_err *err) CG_MUST_USE;

cg_rc request_of_in(struct store_txn *txn, const struct actor *actor, const char *id,
		    struct arena *arena, Cg__KeyRequest **out, struct cg_err *err) CG_MUST_USE;
/* CG_CLASH, as request_create says it, when a certificate cannot be claimed; what stands in the way
 * where it is somebody else's claim or registration is CG_OK if `disputed`. */
cg_rc request_check_claim_in(struct store_txn *txn, const char *organisation_id,
			     const struct cert *cert, bool disputed, struct arena *arena,
			     struct cg_err *err) CG_MUST_USE;
/* CG_CLASH when the developer has asked for REQUESTS_A_DAY_MAX within a day, further certificates
 * included. */
cg_rc request_check_day_in(struct store_txn *txn, const char *developer_id, struct arena *arena,
			   struct cg_err *err) CG_MUST_USE;
/* The key that is to get the entry's policy: one of the developer's organisation, to which a
 * developer may add it.  CG_CLASH, as request_create says it, when it cannot have it.  *wider: it
 * would let the key do more than its owner granted, so that a person has to approve it. */
cg_rc request_check_key_in(struct store_txn *txn, const struct actor *actor,
			   const struct request_about *about, const char *key_id,
			   struct arena *arena, Cg__Key **out, bool *wider,
			   struct cg_err *err) CG_MUST_USE;
/* Adds one that is filled but for id, dates and code. */
cg_rc request_add_in(struct store_txn *txn, const struct actor *actor, Cg__KeyRequest *request,
		     const char *id, struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* approved_by: who is named for it, REQUEST_AUTOMATIC where the entry's rule gives it. */
cg_rc request_approve_in(struct store_txn *txn, const struct actor *actor, const char *approved_by,
			 Cg__KeyRequest *request, struct arena *arena,
			 struct cg_err *err) CG_MUST_USE;
cg_rc request_decline_in(struct store_txn *txn, const struct actor *actor, Cg__KeyRequest *request,
			 const char *reason, struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Mails: to administrators and who asked that there is a new one; what became of it; to both sides
 * and administrators that a certificate went over to who proved it (request: the prover's; loser:
 * the developer or organisation that has lost it). */
cg_rc request_tell_new_in(struct store_txn *txn, const Cg__KeyRequest *request,
			  const struct request_about *about, struct arena *arena,
			  struct cg_err *err) CG_MUST_USE;
cg_rc request_tell_decision_in(struct store_txn *txn, const Cg__KeyRequest *request,
			       struct arena *arena, struct cg_err *err) CG_MUST_USE;
cg_rc request_tell_moved_in(struct store_txn *txn, const Cg__KeyRequest *request,
			    const Cg__Key *loser, struct arena *arena,
			    struct cg_err *err) CG_MUST_USE;
/* What the certificates of a key came of: the strictest of its entries' ways, whether one of them
 * asks for a proof, and the request (NULL: there is none) whose developer and entry a further one
 * is about. */
struct key_origin {
	Cg__CatalogueEntry__Renewal way;
	bool proof;
	const Cg__KeyRequest *request;
};
cg_rc key_origin_in(struct store_txn *txn, const char *key_id, struct arena *arena,
		    struct key_origin *out, struct cg_err *err) CG_MUST_USE;
/* CG_CLASH with the code proof_missing when a certificate that the key may use is only claimed. */
cg_rc key_check_proven_in(struct store_txn *txn, const Cg__Key *key, struct arena *arena,
			  struct cg_err *err) CG_MUST_USE;
/* What a renewal did to the certificate that it replaces. */
struct replaced {
	struct sha256 sha256;
	int64_t ends_at;  /* 0: its end was left alone */
	int64_t ended_at; /* before that; 0: it had no end */
};
/* Adds the further certificate of a request to its key, and lets the old one end. */
cg_rc renew_do_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
		  const struct renewal *what, int64_t proven_at, struct replaced *replaced,
		  struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Mails to the key's organisation, with a link that ends the certificate again and takes back what
 * it did.  caller: SHA-256 (hex) of the certificate in use that a call renewed by; NULL: none. */
cg_rc renew_tell_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
		    const struct cert *cert, const struct replaced *replaced, const char *caller,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* request_waits_for_proof for a pending one. */
cg_rc request_waits_for_proof_in(struct store_txn *txn, const Cg__KeyRequest *request,
				 struct arena *arena, bool *out, struct cg_err *err) CG_MUST_USE;

/* A key of the organisation of actor->developer; CG_NOT_FOUND for every other. */
cg_rc key_of_organisation_in(struct store_txn *txn, const struct actor *actor, const char *key_id,
			     struct arena *arena, Cg__Key **out, struct cg_err *err) CG_MUST_USE;

cg_rc request_list_in(struct store_txn *txn, enum store_index index, struct span index_key,
		      struct arena *arena, struct request_list *out,
		      struct cg_err *err) CG_MUST_USE;
/* An entry goes away: what waits for it is declined, and what was approved keeps its rule. */
cg_rc request_drop_entry_in(struct store_txn *txn, const Cg__CatalogueEntry *entry,
			    struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* A developer goes away, and with him what he asked for; what was approved tells how the
 * organisation's keys came to be, and stays, without a word of who it was. */
cg_rc request_drop_developer_in(struct store_txn *txn, const Cg__Developer *developer,
				struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
