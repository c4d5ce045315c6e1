/* Requests of developers: for a key, for more access of one they have, or for its next certificate.
 *
 * A certificate that is pasted is only claimed.  No second claim is taken while one stands; but who
 * shows the private key in a handshake, together with the code of a request, has proven it, and a
 * proof beats a claim: the certificate goes over to the prover's request. */
#ifndef CG_MODEL_REQUEST_H
#define CG_MODEL_REQUEST_H

#include "cert/cert.h"
#include "model/entity.h"

/* For entity_get and entity_list. */
extern const struct entity request_entity;

#define REQUEST_CODE_TEXT 14 /* "h7k2-m4xq-9rtw" */

/* A developer (actor->developer) acts for the organisation that he belongs to, and sees and changes
 * nothing of others: there CG_NOT_FOUND. */
struct request_new {
	const char *id;		  /* of entity_create_as; NULL: a new one */
	const char *developer_id; /* who asks: the actor, or for administrators anybody */
	const char *catalogue_id; /* id or name */
	const char *key_id;	  /* of the same organisation; NULL: a new key */
	const char *name;	  /* of a new key */
	const struct cert *cert;  /* of a new key; NULL: none */
	bool token;		  /* of a new key: a token instead */
	/* It is theirs although somebody else has it: the request claims nothing before it is
	 * proven. */
	bool disputed;
	/* What is wrong beside all this, such as with a certificate that cannot be read; NULL:
	 * nothing.  Then nothing is made, and CG_BAD_VALUE comes with all that is wrong. */
	const struct cg_err *fault;
};
/* Makes one, and approves it at once where the entry says so.  CG_CLASH with the code
 * certificate_in_use (never by whom), certificate_yours (a key of the own organisation, named),
 * certificate_revoked, key_exposed, too_many_keys, access_given (the key has it already),
 * requested_already, access_own (the key has rights that this would replace), limits_lost (it would
 * take from what the key may), proof_missing (its certificate is only claimed, and the entry asks
 * for more), developer_inactive (or the organisation is), made_already. */
cg_rc request_create(struct store *store, const struct actor *actor, const struct request_new *what,
		     struct arena *arena, Cg__KeyRequest **out, struct cg_err *err) CG_MUST_USE;
/* Whether a certificate could be asked for now by this developer; nothing is written. */
cg_rc request_check(struct store *store, const char *developer_id, const struct cert *cert,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* Who approved what a developer had by asking alone, as its catalogue entry says. */
#define REQUEST_AUTOMATIC "automatic"

/* Approves one: the key is made, or gets the access or the certificate, in the same transaction.
 * One that is approved stays as it is.  CG_CLASH with the code decided_already, proof_missing,
 * certificate_expired, or what request_create says. */
cg_rc request_approve(struct store *store, const struct actor *actor, const char *id,
		      uint64_t revision, struct arena *arena, Cg__KeyRequest **out,
		      struct cg_err *err) CG_MUST_USE;
cg_rc request_decline(struct store *store, const struct actor *actor, const char *id,
		      uint64_t revision, const char *reason, struct arena *arena,
		      Cg__KeyRequest **out, struct cg_err *err) CG_MUST_USE;
/* By a member of the organisation that asked. */
cg_rc request_withdraw(struct store *store, const struct actor *actor, const char *id,
		       struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* Notes that `cert` was seen in a handshake together with a code.  actor->developer: who is signed
 * in where it came from a browser, NULL where it did not.  CG_NOT_FOUND when no request has the
 * code, CG_CLASH with the code certificate_other when it is not the request's certificate,
 * certificate_in_use when somebody else has proven it before or an administrator registered it,
 * developer_inactive. */
cg_rc request_prove(struct store *store, const struct actor *actor, struct span code,
		    const struct cert *cert, struct arena *arena, Cg__KeyRequest **out,
		    struct cg_err *err) CG_MUST_USE;

/* --- the next certificate of a key --- */

struct renewal {
	const struct cert *cert;
	/* Which one ends, hex; "": none. */
	const char *replaces;
	uint64_t overlap_days;
};
/* When the replaced one ends, if it does not end before: so many days after the next one counts. */
int64_t renewal_end(const struct renewal *what, int64_t now_unix_s);
/* CG_DENIED, with a sentence, unless the certificate with this SHA-256 (hex) opens a key now, from
 * the actor's address, and so may renew it: asked before its successor is read. */
cg_rc renew_may(struct store *store, const struct actor *actor, const char *sha256,
		struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* What became of it. */
struct renewed {
	Cg__Key *key;
	Cg__KeyRequest *request; /* that waits; NULL: the certificate was added */
	bool must_prove;	 /* it waits for its proof, and then perhaps for a decision */
};
/* Both make a request of it where it has to be approved, or its certificate proven: because an
 * entry of the key says so, or somebody else has it.  CG_CLASH as request_create says it; where
 * nobody has asked for the key, so that there is nothing to prove it by, certificate_in_use as
 * well. */
/* Asked for by a call with a certificate that the key has, which it replaces: what->replaces. Asked
 * again while the request waits, it is that one, as it was made.  Who has the key is mailed, as
 * after renew_by_session.  CG_DENIED when that certificate opens nothing now. */
cg_rc renew_by_certificate(struct store *store, const struct actor *actor,
			   const struct renewal *what, struct arena *arena, struct renewed *out,
			   struct cg_err *err) CG_MUST_USE;
/* Asked for by a developer who is signed in and has given the password again.  CG_DENIED with the
 * code certificate_needed where the key's entries ask for that way. */
cg_rc renew_by_session(struct store *store, const struct actor *actor, const char *key_id,
		       const struct renewal *what, struct arena *arena, struct renewed *out,
		       struct cg_err *err) CG_MUST_USE;
/* How a key may be renewed: the strictest of the entries that it came of. */
cg_rc renew_way(struct store *store, const char *key_id, struct arena *arena,
		Cg__CatalogueEntry__Renewal *out, struct cg_err *err) CG_MUST_USE;

/* --- reading --- */

/* One of the actor's organisation. */
cg_rc request_of(struct store *store, const struct actor *actor, const char *id,
		 struct arena *arena, Cg__KeyRequest **out, struct cg_err *err) CG_MUST_USE;

/* Whether it is pending, and cannot be approved before its certificate is proven. */
cg_rc request_waits_for_proof(struct store *store, const Cg__KeyRequest *request,
			      struct arena *arena, bool *out, struct cg_err *err) CG_MUST_USE;

struct request_list {
	Cg__KeyRequest **items;
	size_t n;
	const char *next; /* cursor of the next page; NULL: this was the last */
};
/* What is asked of a list. */
struct request_query {
	/* A part of the key's name, of the name or address of who asks, or of the name of his
	 * organisation or of the entry; empty: all. */
	struct span q;
	bool oldest_first; /* else the newest first */
	size_t limit;	   /* of a page, at least 1 */
	struct span cursor;
	/* Whether one is of the list; it is there for that moment alone.  NULL: all are. */
	bool (*fits)(const Cg__KeyRequest *request, void *arg);
	void *arg;
};
/* A page of those under one key of an index of requests (a status, a developer, a key, an entry).
 * All of them are looked at, in stays that keep nobody out; in memory is a page alone.
 * CG_BAD_VALUE for a cursor that no page gave. */
cg_rc request_list(struct store *store, enum store_index index, const char *index_key,
		   const struct request_query *query, struct arena *arena, struct request_list *out,
		   struct cg_err *err) CG_MUST_USE;
/* That it says of a cursor, for who has found more to tell. */
cg_rc request_check_cursor(struct span cursor, struct cg_err *err) CG_MUST_USE;
struct request_counts {
	size_t pending, keys; /* keys: approved ones that made a key, and renewed none */
	int64_t oldest_at;    /* when the oldest of those that are pending was made */
};
/* Counts all under one key of an index likewise. */
cg_rc request_count(struct store *store, enum store_index index, const char *index_key,
		    struct request_counts *out, struct cg_err *err) CG_MUST_USE;
/* Those of all members of the actor's organisation; q is not looked for. */
cg_rc request_list_of_organisation(struct store *store, const struct actor *actor,
				   const struct request_query *query, struct arena *arena,
				   struct request_list *out, struct cg_err *err) CG_MUST_USE;

#endif
