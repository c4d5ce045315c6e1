/* What APIs, keys, users and the like have in common: made from JSON, changed by a merge patch,
 * listed by name; each change in one transaction with its audit entry.  The files of this folder
 * say per entity what is special. */
#ifndef CG_MODEL_ENTITY_H
#define CG_MODEL_ENTITY_H

#include "model/actor.h"
#include "store/store.h"

/* The members that every such record begins with, in schema/ as here (checked in entity.c). */
struct entity_head {
	ProtobufCMessage base;
	char *id;
	protobuf_c_boolean has_created_at;
	int64_t created_at;
	protobuf_c_boolean has_updated_at;
	int64_t updated_at;
	protobuf_c_boolean has_revision;
	uint64_t revision;
	char *name;
};

struct entity {
	const char *word;  /* for sentences: "API" */
	const char *audit; /* for the audit: "api" */
	const ProtobufCMessageDescriptor *type;
	enum store_table table;
	enum store_index by_name;
	bool unique_name;
	Cg__Role role; /* needed to change one */
	enum store_effect effect;
	/* Checks values against each other and against other records, and brings them into their
	 * normal form.  `before` is NULL for a new one. */
	cg_rc (*check)(struct store_txn *txn, void *message, const void *before,
		       struct arena *arena, struct cg_err *err);
	/* Before one is removed: takes what belongs to it along.  May be NULL. */
	cg_rc (*removing)(struct store_txn *txn, const void *message, struct arena *arena,
			  struct cg_err *err);
};

/* Any revision will do, for the functions below. */
#define ENTITY_ANY_REVISION UINT64_MAX

/* Makes one from JSON in a transaction of its own. */
cg_rc entity_create(struct store *store, const struct entity *e, const struct actor *actor,
		    const json_t *json, struct arena *arena, void *out_message,
		    struct cg_err *err) CG_MUST_USE;
/* The same within a transaction that does more. */
cg_rc entity_create_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
		       const json_t *json, struct arena *arena, void *out_message,
		       struct cg_err *err) CG_MUST_USE;
/* The same under an id that random_id made before (NULL: a new one), so that what is asked for
 * twice is made once: then CG_CLASH with the code made_already. */
#define ENTITY_MADE_ALREADY "made_already"
cg_rc entity_create_as(struct store *store, const struct entity *e, const struct actor *actor,
		       const char *id, const json_t *json, struct arena *arena, void *out_message,
		       struct cg_err *err) CG_MUST_USE;
cg_rc entity_create_as_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
			  const char *id, const json_t *json, struct arena *arena,
			  void *out_message, struct cg_err *err) CG_MUST_USE;
/* Whether that is what came of one of these. */
bool entity_made_already(cg_rc rc, const struct cg_err *err);
/* For who has found a fault beside the JSON, so_far: what entity_create (id NULL) or entity_change
 * would say of the JSON is added to err.  Returns what both come to; nothing is written. */
cg_rc entity_judge(struct store *store, const struct entity *e, const char *id, const json_t *json,
		   cg_rc so_far, struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Changes one; CG_STALE unless its revision is `revision`.  A patch that changes nothing leaves the
 * revision. */
cg_rc entity_change(struct store *store, const struct entity *e, const struct actor *actor,
		    const char *id, uint64_t revision, const json_t *patch, struct arena *arena,
		    void *out_message, struct cg_err *err) CG_MUST_USE;
/* The same within a transaction that does more. */
cg_rc entity_change_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
		       const char *id, uint64_t revision, const json_t *patch, struct arena *arena,
		       void *out_message, struct cg_err *err) CG_MUST_USE;
cg_rc entity_remove(struct store *store, const struct entity *e, const struct actor *actor,
		    const char *id, uint64_t revision, struct arena *arena,
		    struct cg_err *err) CG_MUST_USE;
/* The same within a transaction that does more. */
cg_rc entity_remove_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
		       const char *id, uint64_t revision, struct arena *arena,
		       struct cg_err *err) CG_MUST_USE;

/* One by id, or by name, in any form that text_normal brings to it, where no id fits.  CG_NOT_FOUND
 * with a sentence; CG_CLASH where several have that name. */
cg_rc entity_get(struct store *store, const struct entity *e, const char *id_or_name,
		 struct arena *arena, void *out_message, struct cg_err *err) CG_MUST_USE;
cg_rc entity_get_in(struct store_txn *txn, const struct entity *e, const char *id_or_name,
		    struct arena *arena, void *out_message, struct cg_err *err) CG_MUST_USE;
/* What a question names, by id or name, as its id; *out stays NULL where the text is empty. `past`:
 * the id of one that was removed will do, as what was counted of it is kept.  CG_BAD_VALUE, at the
 * field, for what there never was, and for a name that several have. */
cg_rc entity_read_id(struct store *store, const struct entity *e, struct span text,
		     const char *field, bool past, struct arena *arena, const char **out,
		     struct cg_err *err) CG_MUST_USE;
/* Writes a record back within a transaction, as its next revision. */
cg_rc entity_put_in(struct store_txn *txn, const struct entity *e, void *message,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;

struct entity_page {
	void **messages;
	size_t n;
	const char *next; /* cursor of the next page; NULL: this was the last */
};
/* CG_BAD_VALUE, at the field "cursor", for one that no page gave; empty: the first page. */
cg_rc entity_check_cursor(struct span cursor, struct cg_err *err) CG_MUST_USE;
/* A page of those whose name or other text holds `q`, or whose id begins with it (empty: all), in
 * the order of names. CG_BAD_VALUE for a cursor that no page gave. */
cg_rc entity_list(struct store *store, const struct entity *e, struct span cursor, size_t limit,
		  struct span q, struct arena *arena, struct entity_page *out,
		  struct cg_err *err) CG_MUST_USE;
/* What a list is searched for beside the texts of its records. */
struct entity_search {
	struct span q; /* as above */
	/* By what the index has of a record (of a key: name, id and tags, with line ends between):
	 * whether it may be in the list.  NULL: all may. */
	bool (*among)(struct span text, struct span id, void *arg);
	/* Whether one is found though its texts do not hold q.  NULL: none is. */
	bool (*also)(struct span id, void *arg);
	/* Whether the record, as it is now, fits; for what the index only promises.  NULL: it does.
	 */
	cg_rc (*fits)(struct store_txn *txn, const void *message, void *arg, struct arena *arena,
		      bool *fits, struct cg_err *err);
	void *arg;
	/* Only those that this index has under `under`, each of which is looked at; `among` and
	 * `also` are not asked then.  NULL: of all. */
	const char *under;
	enum store_index index;
};
cg_rc entity_search(struct store *store, const struct entity *e, struct span cursor, size_t limit,
		    const struct entity_search *what, struct arena *arena, struct entity_page *out,
		    struct cg_err *err) CG_MUST_USE;

#endif
