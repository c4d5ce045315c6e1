#include "base/base.h"
#include "model/entity.h"
#include "base/clock.h"
#include "base/hash.h"
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
		cg_rc read = name_read(m->name, arena, &m->name, err);
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
	return cg_fail_code(err, CG_CLASH, "name_in_use", "There is another %s with the name “%s”.",
			    e->word, m->name);
}

static cg_rc check(struct store_txn *txn, const struct entity *e, void *message, const void *before,
		   struct arena *arena, struct cg_err *err)
{
	/* Both, so that all faults of fields are told at once. */
	struct cg_err why = {0};
	cg_rc names = check_name(txn, e, message, before, arena, &why);
	if (names != CG_OK && names != CG_BAD_VALUE && names != CG_CLASH) {
		if (err)
			*err = why;
		return names;
	}
	if (names != CG_OK)
		(void)cg_fail_field(err, "name", "%s",
				    names == CG_BAD_VALUE ? why.fields[0].text : why.text);
	cg_rc rc = e->check(txn, message, before, arena, err);
	if (rc != CG_OK)
		return rc;
	if (names == CG_CLASH && err)
		*err = why; /* nothing else is wrong */
	return names;
}

/* --- all faults at once: what can be read is checked also where another member cannot be --- */

static bool is_member(const char *path, const char *name)
{
	size_t n = strlen(name);
	return strncmp(path, name, n) == 0 && (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

/* The JSON without the members that were faulty, a new reference.  NULL where one of them is a
 * choice, on which it depends what others mean. */
static json_t *without_faulty(const struct entity *e, const json_t *json, const struct cg_err *err)
{
	json_t *out = json_copy((json_t *)(uintptr_t)json);
	for (unsigned i = 0; out && i < err->n_fields; i++)
		for (unsigned f = 0; f < e->type->n_fields; f++) {
			const ProtobufCFieldDescriptor *field = &e->type->fields[f];
			const struct record_field *row = record_field(e->type, field);
			if (!is_member(err->fields[i].field, field->name))
				continue;
			if (!row || row->form == FIELD_ENUM || row->form == FIELD_BOOL) {
				json_decref(out);
				return NULL;
			}
			(void)json_object_del(out, field->name);
		}
	return out;
}

/* Those of members that had none yet. */
static void add_faults(const struct entity *e, struct cg_err *to, const struct cg_err *more)
{
	struct cg_err first = *to;
	for (unsigned i = 0; i < more->n_fields; i++) {
		bool told = false;
		for (unsigned f = 0; f < e->type->n_fields; f++)
			for (unsigned k = 0; k < first.n_fields; k++)
				told = told ||
				       (is_member(first.fields[k].field, e->type->fields[f].name) &&
					is_member(more->fields[i].field, e->type->fields[f].name));
		if (!told)
			(void)cg_fail_field(to, more->fields[i].field, "%s", more->fields[i].text);
	}
}

/* A record of JSON, with the id (which may be NULL), checked. */
static cg_rc read_new(struct store_txn *txn, const struct entity *e, const json_t *json, char *id,
		      struct arena *arena, struct entity_head **out, struct cg_err *err)
{
	struct cg_err more = {0};
	struct entity_head *m;
	cg_rc rc = record_from_json(e->type, json, NULL, arena, &m, err);
	if (rc == CG_OK) {
		/* Before the check: secrets are sealed for it. */
		m->id = id;
		*out = m;
		return check(txn, e, m, NULL, arena, err);
	}
	json_t *rest = rc == CG_BAD_VALUE && err ? without_faulty(e, json, err) : NULL;
	if (rest && record_from_json(e->type, rest, NULL, arena, &m, &more) == CG_OK) {
		m->id = id;
		cg_rc also = check(txn, e, m, NULL, arena, &more);
		if (also == CG_CLASH && more.n_fields == 0)
			(void)cg_fail_field(&more, "name", "%s", more.text);
		add_faults(e, err, &more);
	}
	json_decref(rest);
	return rc;
}

static cg_rc read_changed(struct store_txn *txn, const struct entity *e, const json_t *patch,
			  const struct entity_head *before, struct arena *arena,
			  struct entity_head **out, struct cg_err *err)
{
	struct cg_err more = {0};
	struct entity_head *m;
	cg_rc rc = record_patch(e->type, patch, before, arena, &m, err);
	if (rc == CG_OK) {
		*out = m;
		return check(txn, e, m, before, arena, err);
	}
	json_t *rest = rc == CG_BAD_VALUE && err ? without_faulty(e, patch, err) : NULL;
	if (rest && record_patch(e->type, rest, before, arena, &m, &more) == CG_OK) {
		(void)!check(txn, e, m, before, arena, &more);
		add_faults(e, err, &more);
	}
	json_decref(rest);
	return rc;
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
	rc = read_new(txn, e, json, id, arena, &m, err);
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

static cg_rc judge_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct entity_head *m;
	return read_new(txn, c->e, c->json, NULL, c->arena, &m, err);
}

cg_rc entity_judge(struct store *store, const struct entity *e, const json_t *json,
		   struct arena *arena, struct cg_err *err)
{
	struct call c = {.e = e, .json = json, .arena = arena};
	return store_read(store, judge_txn, &c, err);
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
	if (rc == CG_NOT_FOUND)
		rc = find_named(txn, e, id_or_name, arena, &bytes, err);
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
		rc = read_changed(txn, c->e, c->json, before, c->arena, &after, err);
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
