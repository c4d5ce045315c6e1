/* Developers: people who sign in to /portal. */
#ifndef CG_MODEL_DEVELOPER_H
#define CG_MODEL_DEVELOPER_H

#include "model/entity.h"
#include "model/password.h"

/* For entity_get, entity_change and entity_list; made by developer_create_in, removed by
 * developer_remove. */
extern const struct entity developer_entity;

/* What a developer is made from. */
struct developer_new {
	const char *id;	    /* that random_id made before: entity_create_as; NULL: a new one */
	const json_t *json; /* the record's members */
	const char *password_hash; /* NULL: none, so a new password has to be asked for first */
	bool confirmed;		   /* by a link that was sent to the address */
	bool terms_accepted;
};
/* Makes one, for administrators; without an organisation_id in a new organisation of the same name,
 * as its manager.  CG_CLASH with the code email_in_use. */
cg_rc developer_create_in(struct store_txn *txn, const struct actor *actor,
			  const struct developer_new *what, struct arena *arena,
			  Cg__Developer **out, struct cg_err *err) CG_MUST_USE;
/* The same in a transaction of its own, with an id as above and a password (NULL: none). */
cg_rc developer_create(struct store *store, const struct actor *actor, const char *id,
		       const json_t *json, const char *password, struct arena *arena,
		       Cg__Developer **out, struct cg_err *err) CG_MUST_USE;
/* Changes one as entity_change does; a new password (NULL: it stays), for administrators, ends his
 * sessions. */
cg_rc developer_change(struct store *store, const struct actor *actor, const char *id,
		       uint64_t revision, const json_t *patch, const char *password,
		       struct arena *arena, Cg__Developer **out, struct cg_err *err) CG_MUST_USE;
/* Writes a password's hash, within a transaction that has judged whoever asks, and ends all
 * sessions but `session_id` (NULL: none stays). */
cg_rc developer_put_password_in(struct store_txn *txn, const struct actor *actor,
				Cg__Developer *developer, char *hash, const char *session_id,
				struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Removes one (by id), for administrators, with his sessions, links and mails.  His keys stay with
 * the organisation, switched off if he is; of its last developer they go, and the organisation with
 * them. */
cg_rc developer_remove(struct store *store, const struct actor *actor, const char *id,
		       uint64_t revision, struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* All that is kept about one (by id), for administrators: an object of records by kind, a new
 * reference. */
cg_rc developer_export(struct store *store, const struct actor *actor, const char *id,
		       struct arena *arena, json_t **out, struct cg_err *err) CG_MUST_USE;

/* By the address, in any letter case.  CG_NOT_FOUND leaves err alone. */
cg_rc developer_by_email_in(struct store_txn *txn, const char *email, struct arena *arena,
			    Cg__Developer **out, struct cg_err *err) CG_MUST_USE;
/* One who may sign in; CG_NOT_FOUND, without a word, for one who is gone or switched off, himself
 * or his organisation. */
cg_rc developer_get_active_in(struct store_txn *txn, const char *id, struct arena *arena,
			      Cg__Developer **out, struct cg_err *err) CG_MUST_USE;
struct developers {
	Cg__Developer **items;
	size_t n;
};
/* Those of an organisation. */
cg_rc developers_of_in(struct store_txn *txn, const char *organisation_id, struct arena *arena,
		       struct developers *out, struct cg_err *err) CG_MUST_USE;
cg_rc developers_of(struct store *store, const char *organisation_id, struct arena *arena,
		    struct developers *out, struct cg_err *err) CG_MUST_USE;

/* The developer of that address, if it is his password; takes the time of one hash in every case.
 * CG_DENIED with a sentence otherwise, the same whatever is wrong. */
cg_rc developer_sign_in(struct store *store, const char *email, const char *password,
			struct arena *arena, Cg__Developer **out, struct cg_err *err) CG_MUST_USE;
/* Changes the developer's own password (actor->developer) and ends his sessions but `session_id`.
 * CG_BAD_VALUE with the fields current, new or repeat. */
cg_rc developer_change_password(struct store *store, const struct actor *actor,
				const struct password_change *change, const char *session_id,
				struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
