#include "base/base.h"
#include "model/entity.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/audit.h"
#include "model/name.h"
#include "model/revoked.h"

#define CHECK_HEAD(type)                                                                           \
	_Static_assert(offsetof(type, id) == offsetof(struct entity_head, id) &&                   \
			   offsetof(type, created_at) ==                                           \
			       offsetof(struct entity_head, created_at) &&                         \
			   offsetof(type, revision) == offsetof(struct entity_head, revision) &&   \
			   offsetof(type, name) == offsetof(struct entity_head, name),             \
		       "the first members of " #type)
CHECK_HEAD(Cg__Api);
CHECK_HEAD(Cg__Key);
CHECK_HEAD(Cg__Policy);
CHECK_HEAD(Cg__CatalogueEntry);
CHECK_HEAD(Cg__KeyRequest);
CHECK_HEAD(Cg__User);
CHECK_HEAD(Cg__RestToken);
CHECK_HEAD(Cg__Organisation);
CHECK_HEAD(Cg__Developer);

static cg_rc check_name(struct store_txn *txn, const struct entity *e, struct entity_head *m,
			const struct entity_head *before, struct arena *arena, struct cg_err *err)
{
	struct span bytes;
	struct entity_head *other;
	if (!m->name)
		return cg_fail_field(err, "name", "is missing");
	/* One that was there before the rule must not keep its record from being changed. */
	if (!before || !before->name || strcmp(before->name, m->name) != 0) {
		cg_rc read = name_read(m->name, "name", arena, &m->name, err);
		if (read != CG_OK)
			return read;
	}
	if (!e->unique_name)
		return CG_OK;
	cg_rc rc = store_find(txn, e->by_name, span_of(m->name), arena, &bytes, err);
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	rc = record_unpack(e->type, bytes, arena, &other, err);
	if (rc != CG_OK || (m->id && strcmp(other->id, m->id) == 0))
		return rc;
	return cg_fail_clash(err, "name_in_use", "name", "There is another %s with the name “%s”.",
			     e->word, m->name);
}

/* A record that is to be checked, on its way through record_read_checked. */
struct checking {
	struct store_txn *txn;
	const struct entity *e;
	const struct entity_head *before; /* NULL: it is a new one */
	char *id;			  /* of a new one; may be NULL */
	struct arena *arena;
};

/* The name and the rest, so that all faults of fields are told at once. */
static cg_rc check(void *message, void *arg, struct cg_err *err)
{
	const struct checking *c = arg;
	struct entity_head *m = message;
	/* Before: secrets are sealed for it. */
	if (!c->before)
		m->id = c->id;
	cg_rc rc = check_name(c->txn, c->e, m, c->before, c->arena, err);
	return cg_is_told(rc) ? cg_worse(rc, c->e->check(c->txn, m, c->before, c->arena, err)) : rc;
}

/* A record of JSON, or as `before` with the JSON as a patch. */
static cg_rc read_checked(struct store_txn *txn, const struct entity *e, const json_t *json,
			  const struct entity_head *before, char *id, struct arena *arena,
			  struct entity_head **out, struct cg_err *err)
{
	struct checking c = {txn, e, before, id, arena};
	return record_read_checked(e->type, json, before, check, &c, arena, out, err);
}

bool entity_made_already(cg_rc rc, const struct cg_err *err)
{
	return rc == CG_CLASH && err->code && strcmp(err->code, ENTITY_MADE_ALREADY) == 0;
}

cg_rc entity_create_as_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
			  const char *made_id, const json_t *json, struct arena *arena,
			  void *out_message, struct cg_err *err)
{
	struct entity_head *m;
	struct span bytes;
	cg_rc rc = actor_require(actor, e->role, err);
	if (rc == CG_OK && made_id) {
		rc = store_get(txn, e->table, span_of(made_id), arena, &bytes, err);
		if (rc == CG_OK)
			return cg_fail_code(err, CG_CLASH, ENTITY_MADE_ALREADY,
					    "This was made already.");
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	if (rc != CG_OK)
		return rc;
	char *id = arena_alloc(arena, ID_TEXT + 1);
	if (!id)
		return cg_fail_memory(err);
	if (made_id)
		memcpy(id, made_id, ID_TEXT);
	else if (random_id(id) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	rc = read_checked(txn, e, json, NULL, id, arena, &m, err);
	if (rc != CG_OK)
		return rc;
	m->has_created_at = m->has_updated_at = m->has_revision = true;
	m->created_at = m->updated_at = clock_unix_s();
	m->revision = 1;
	rc = record_pack(m, arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_add(txn, e->table, span_of(id), bytes, err);
	if (rc != CG_OK)
		return rc;
	json_t *changes;
	rc = record_changes(NULL, m, &changes, err);
	if (rc != CG_OK)
		return rc;
	rc = audit_add(txn, actor, arena_printf(arena, "%s.create", e->audit), id, m->name, changes,
		       arena, err);
	json_decref(changes);
	if (rc == CG_OK)
		memcpy(out_message, &m, sizeof(m));
	return rc;
}

cg_rc entity_create_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
		       const json_t *json, struct arena *arena, void *out_message,
		       struct cg_err *err)
{
	return entity_create_as_in(txn, e, actor, NULL, json, arena, out_message, err);
}

/* One call, on its way into the transaction. */
struct call {
	const struct entity *e;
	const struct actor *actor;
	const char *id;
	uint64_t revision;
	const json_t *json;
	struct arena *arena;
	void *message;
};

static cg_rc create_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	return entity_create_as_in(txn, c->e, c->actor, c->id, c->json, c->arena, &c->message, err);
}

cg_rc entity_create(struct store *store, const struct entity *e, const struct actor *actor,
		    const json_t *json, struct arena *arena, void *out_message, struct cg_err *err)
{
	return entity_create_as(store, e, actor, NULL, json, arena, out_message, err);
}

cg_rc entity_create_as(struct store *store, const struct entity *e, const struct actor *actor,
		       const char *id, const json_t *json, struct arena *arena, void *out_message,
		       struct cg_err *err)
{
	struct call c = {.e = e, .actor = actor, .id = id, .json = json, .arena = arena};
	cg_rc rc = store_write(store, e->effect, create_txn, &c, err);
	if (rc == CG_OK)
		memcpy(out_message, &c.message, sizeof(c.message));
	return rc;
}

/* Ends as a failure in any case, so that nothing stays of what checks write. */
static cg_rc judge_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct entity_head *before = NULL, *m;
	cg_rc rc = c->id ? entity_get_in(txn, c->e, c->id, c->arena, &before, err) : CG_OK;
	if (rc == CG_OK)
		rc = read_checked(txn, c->e, c->json, before, NULL, c->arena, &m, err);
	return rc == CG_OK ? CG_BAD_VALUE : rc;
}

cg_rc entity_judge(struct store *store, const struct entity *e, const char *id, const json_t *json,
		   cg_rc so_far, struct arena *arena, struct cg_err *err)
{
	struct call c = {.e = e, .id = id, .json = json, .arena = arena};
	struct cg_err more = {0};
	if (!cg_is_told(so_far))
		return so_far;
	cg_rc rc = store_write(store, STORE_CHANGES_NONE, judge_txn, &c, &more);
	cg_err_add(err, &more);
	return cg_is_told(rc) && more.n_fields > 0 ? cg_worse(so_far, rc) : so_far;
}

struct named {
	struct arena *arena;
	struct span record;
	unsigned n;
};

static cg_rc visit_named(struct span index_key, struct span key, struct span value, void *arg,
			 struct cg_err *err)
{
	struct named *named = arg;
	(void)index_key;
	(void)key;
	if (++named->n > 1)
		return CG_NOT_FOUND;
	char *copy = arena_copy(named->arena, value);
	if (!copy)
		return cg_fail_memory(err);
	named->record = span_make(copy, value.n);
	return CG_OK;
}

/* The one with this name; which of several is not for us to choose. */
static cg_rc find_named(struct store_txn *txn, const struct entity *e, const char *name,
			struct arena *arena, struct span *out, struct cg_err *err)
{
	struct named named = {.arena = arena};
	struct store_walk walk = {
	    .by_index = true, .index = e->by_name, .only = true, .index_key = span_of(name)};
	cg_rc rc = store_walk(txn, &walk, visit_named, &named, err);
	if (rc == CG_OK && named.n == 0)
		return CG_NOT_FOUND;
	if (rc == CG_OK && named.n > 1)
		return cg_fail_code(
		    err, CG_CLASH, "name_ambiguous",
		    "There is more than one %s “%.100s”: name the one that is meant "
		    "by its id.",
		    e->word, name);
	*out = named.record;
	return rc;
}

cg_rc entity_get_in(struct store_txn *txn, const struct entity *e, const char *id_or_name,
		    struct arena *arena, void *out_message, struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = store_get(txn, e->table, span_of(id_or_name), arena, &bytes, err);
	/* As it is given first: a name may be older than the form that names have. */
	if (rc == CG_NOT_FOUND)
		rc = find_named(txn, e, id_or_name, arena, &bytes, err);
	if (rc == CG_NOT_FOUND) {
		const char *normal = text_normal(span_of(id_or_name), arena);
		if (!normal)
			return cg_fail_memory(err);
		if (strcmp(normal, id_or_name) != 0)
			rc = find_named(txn, e, normal, arena, &bytes, err);
	}
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_NOT_FOUND, "There is no %s “%.100s”.", e->word, id_or_name);
	return rc == CG_OK ? record_unpack(e->type, bytes, arena, out_message, err) : rc;
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	return entity_get_in(txn, c->e, c->id, c->arena, &c->message, err);
}

cg_rc entity_get(struct store *store, const struct entity *e, const char *id_or_name,
		 struct arena *arena, void *out_message, struct cg_err *err)
{
	struct call c = {.e = e, .id = id_or_name, .arena = arena};
	cg_rc rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		memcpy(out_message, &c.message, sizeof(c.message));
	return rc;
}

struct removal {
	const char *action;
	bool found;
};

static cg_rc visit_removal(const Cg__AuditEntry *entry, void *arg, struct cg_err *err)
{
	struct removal *r = arg;
	(void)err;
	r->found = r->found || (entry->action && strcmp(entry->action, r->action) == 0);
	return r->found ? CG_NOT_FOUND : CG_OK;
}

/* Whether the id is of one that was removed. */
static cg_rc was_removed(struct store *store, const struct entity *e, const char *id,
			 struct arena *arena, bool *out, struct cg_err *err)
{
	struct removal r = {arena_printf(arena, "%s.delete", e->audit), false};
	cg_rc rc =
	    r.action ? audit_walk(store, id, 0, visit_removal, &r, err) : cg_fail_memory(err);
	*out = r.found;
	return rc;
}

cg_rc entity_read_id(struct store *store, const struct entity *e, struct span text,
		     const char *field, bool past, struct arena *arena, const char **out,
		     struct cg_err *err)
{
	struct cg_err why = {0};
	struct entity_head *m;
	bool removed = false;
	if (text.n == 0)
		return CG_OK;
	const char *name = arena_copy(arena, text);
	if (!name)
		return cg_fail_memory(err);
	cg_rc rc = entity_get(store, e, name, arena, &m, &why);
	if (rc == CG_NOT_FOUND && past &&
	    was_removed(store, e, name, arena, &removed, err) != CG_OK)
		return CG_UNAVAILABLE;
	if (removed)
		*out = name;
	else if (rc == CG_OK)
		*out = m->id;
	else if (rc == CG_NOT_FOUND || rc == CG_CLASH)
		return cg_fail_field(err, field, "%s", why.text);
	else
		return cg_fail(err, rc, "%s", why.text);
	return CG_OK;
}

cg_rc entity_put_in(struct store_txn *txn, const struct entity *e, void *message,
		    struct arena *arena, struct cg_err *err)
{
	struct entity_head *m = message;
	struct span bytes;
	m->has_revision = m->has_updated_at = true;
	m->revision++;
	m->updated_at = clock_unix_s();
	cg_rc rc = record_pack(m, arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, e->table, span_of(m->id), bytes, err) : rc;
}

static cg_rc check_revision(const struct call *c, const struct entity_head *m, struct cg_err *err)
{
	if (c->revision == ENTITY_ANY_REVISION || c->revision == m->revision)
		return CG_OK;
	return cg_fail(err, CG_STALE,
		       "The %s was changed meanwhile (it is at revision %" PRIu64
		       "): read it again and repeat your change.",
		       c->e->word, m->revision);
}

static cg_rc change_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct entity_head *before, *after;
	cg_rc rc = actor_require(c->actor, c->e->role, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, c->e, c->id, c->arena, &before, err);
	if (rc == CG_OK)
		rc = check_revision(c, before, err);
	if (rc == CG_OK)
		rc = read_checked(txn, c->e, c->json, before, NULL, c->arena, &after, err);
	json_t *changes;
	if (rc == CG_OK)
		rc = record_changes(before, after, &changes, err);
	if (rc != CG_OK)
		return rc;
	if (json_object_size(changes) > 0) {
		rc = revoked_note_less(txn, c->e->table, before, after, c->arena, err);
		if (rc == CG_OK)
			rc = entity_put_in(txn, c->e, after, c->arena, err);
		if (rc == CG_OK)
			rc = audit_add(txn, c->actor,
				       arena_printf(c->arena, "%s.change", c->e->audit), after->id,
				       after->name, changes, c->arena, err);
	}
	json_decref(changes);
	c->message = after;
	return rc;
}

cg_rc entity_change_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
		       const char *id, uint64_t revision, const json_t *patch, struct arena *arena,
		       void *out_message, struct cg_err *err)
{
	struct call c = {
	    .e = e, .actor = actor, .id = id, .revision = revision, .json = patch, .arena = arena};
	cg_rc rc = change_txn(txn, &c, err);
	if (rc == CG_OK)
		memcpy(out_message, &c.message, sizeof(c.message));
	return rc;
}

cg_rc entity_change(struct store *store, const struct entity *e, const struct actor *actor,
		    const char *id, uint64_t revision, const json_t *patch, struct arena *arena,
		    void *out_message, struct cg_err *err)
{
	struct call c = {
	    .e = e, .actor = actor, .id = id, .revision = revision, .json = patch, .arena = arena};
	cg_rc rc = store_write(store, e->effect, change_txn, &c, err);
	if (rc == CG_OK)
		memcpy(out_message, &c.message, sizeof(c.message));
	return rc;
}

cg_rc entity_remove_in(struct store_txn *txn, const struct entity *e, const struct actor *actor,
		       const char *id, uint64_t revision, struct arena *arena, struct cg_err *err)
{
	struct call c = {.e = e, .revision = revision};
	struct entity_head *m;
	cg_rc rc = actor_require(actor, e->role, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, e, id, arena, &m, err);
	if (rc == CG_OK)
		rc = check_revision(&c, m, err);
	if (rc == CG_OK && e->removing)
		rc = e->removing(txn, m, arena, err);
	if (rc == CG_OK)
		rc = revoked_note_less(txn, e->table, m, NULL, arena, err);
	if (rc == CG_OK)
		rc = store_remove(txn, e->table, span_of(m->id), err);
	if (rc == CG_OK)
		rc = audit_add(txn, actor, arena_printf(arena, "%s.delete", e->audit), m->id,
			       m->name, NULL, arena, err);
	return rc;
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	return entity_remove_in(txn, c->e, c->actor, c->id, c->revision, c->arena, err);
}

cg_rc entity_remove(struct store *store, const struct entity *e, const struct actor *actor,
		    const char *id, uint64_t revision, struct arena *arena, struct cg_err *err)
{
	struct call c = {.e = e, .actor = actor, .id = id, .revision = revision, .arena = arena};
	return store_write(store, e->effect, remove_txn, &c, err);
}
