/* Keys and their credentials. */
#ifndef CG_MODEL_KEY_H
#define CG_MODEL_KEY_H

#include "base/hash.h"
#include "cert/cert.h"
#include "model/entity.h"

/* For entity_change, entity_get, …; a new key is made by key_create. */
extern const struct entity key_entity;

/* What a key is made from. */
struct key_new {
	const char *id;		 /* of entity_create_as; NULL: a new one */
	const json_t *key;	 /* the record's members */
	const struct cert *cert; /* NULL: none */
	bool token;		 /* make one */
	/* For the audit: the refused request in whose handshake cert's private key was proven;
	 * NULL. */
	const char *refused_request_id;
	/* What is wrong beside all this, such as with a certificate that cannot be read; NULL:
	 * nothing.  Then no key is made, and CG_BAD_VALUE comes with all that is wrong. */
	const struct cg_err *fault;
};
/* *token is filled when one was asked for: the only time that it is seen; the store keeps its
 * digest.  CG_CLASH (certificate_in_use, certificate_revoked) when the certificate belongs to
 * another key; nothing is written then. */
cg_rc key_create(struct store *store, const struct actor *actor, const struct key_new *what,
		 struct arena *arena, Cg__Key **out, char token[TOKEN_TEXT + 1],
		 struct cg_err *err) CG_MUST_USE;

/* Takes an API that goes away out of every key's access rights. */
cg_rc key_drop_api(struct store_txn *txn, const char *api_id, struct arena *arena,
		   struct cg_err *err) CG_MUST_USE;

/* Takes a policy that goes away from every key that has it. */
cg_rc key_drop_policy(struct store_txn *txn, const char *policy_id, struct arena *arena,
		      struct cg_err *err) CG_MUST_USE;

/* Notes that a key let a request through; one that is gone is none.  No change of anybody's, so
 * neither a revision nor an entry of the audit. */
cg_rc key_used(struct store_txn *txn, const char *id, int64_t at_unix_s, struct arena *arena,
	       struct cg_err *err) CG_MUST_USE;
/* The same of a credential. */
cg_rc credential_used(struct store_txn *txn, const struct sha256 *digest, int64_t at_unix_s,
		      struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* Has the key's organisation told by mail that a credential (its SHA-256 in hex, "" of a token), or
 * with NULL all of the key, does not count any more. */
cg_rc key_tell_revoked_in(struct store_txn *txn, const Cg__Key *key, const char *sha256,
			  const char *reason, struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* --- credentials --- */

struct credentials {
	Cg__Credential **items;
	size_t n;
};
cg_rc credential_list(struct store *store, const char *key_id, struct arena *arena,
		      struct credentials *out, struct cg_err *err) CG_MUST_USE;
/* One of a key, by any notation of its SHA-256. */
cg_rc credential_get(struct store *store, const char *key_id, const char *sha256,
		     struct arena *arena, Cg__Credential **out, struct cg_err *err) CG_MUST_USE;
/* A further credential of a key: a certificate (cert), or a token (cert is NULL).  CG_CLASH with
 * the code ENTITY_MADE_ALREADY unless the key has `had` credentials before, so that what is asked
 * for twice is made once; CREDENTIALS_ANY: however many. */
#define CREDENTIALS_ANY SIZE_MAX
cg_rc credential_add(struct store *store, const struct actor *actor, const char *key_id,
		     const struct cert *cert, size_t had, struct arena *arena, Cg__Credential **out,
		     char token[TOKEN_TEXT + 1], struct cg_err *err) CG_MUST_USE;
/* What it says of a key with these where it had `had` of them. */
cg_rc credential_check_had(const struct credentials *list, size_t had,
			   struct cg_err *err) CG_MUST_USE;
/* Changes one; CG_STALE unless its revision is `revision` (or ENTITY_ANY_REVISION).  A patch that
 * changes nothing leaves the revision. */
cg_rc credential_change(struct store *store, const struct actor *actor, const char *key_id,
			const char *sha256, uint64_t revision, const json_t *patch,
			struct arena *arena, Cg__Credential **out, struct cg_err *err) CG_MUST_USE;
/* Revokes: the credential is refused from the next request, and its digest stays known, so that
 * nobody can register it anew. `reason` is a member of the enumeration, NULL: other. */
cg_rc credential_revoke(struct store *store, const struct actor *actor, const char *key_id,
			const char *sha256, uint64_t revision, const char *reason,
			struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* The keys that were used last, the newest first; at most max. */
cg_rc key_recent(struct store *store, size_t max, struct arena *arena, struct entity_page *out,
		 struct cg_err *err) CG_MUST_USE;

#endif
