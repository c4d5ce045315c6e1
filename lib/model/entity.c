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

/* Records looked at in one stay in the store while a list is searched. */
#define LIST_SCAN 500
#define ID_MAX	  64 /* of a record's id, as its row says */

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

/* --- lists --- */

/* Where in the index a walk is: a name and an id. */
struct place {
	char name[NAME_MAX_BYTES], id[ID_MAX];
	size_t name_n, id_n;
};

struct listing {
	const struct entity *e;
	struct arena *arena;
	const struct entity_search *search;
	struct span folded; /* what is searched for */
	size_t limit, scanned;
	struct entity_page *page;
	struct place at; /* the last record looked at; of a search where it starts */
	bool more;
};

static bool matches(const struct listing *l, const struct entity_head *m)
{
	if (text_holds(m->name, l->folded) || span_starts(span_of(m->id), l->search->q))
		return true;
	if (l->e->type == &cg__developer__descriptor)
		return text_holds(((const Cg__Developer *)(const void *)m)->email, l->folded);
	if (l->e->type == &cg__key__descriptor) {
		const Cg__Key *key = (const void *)m;
		for (size_t i = 0; i < key->n_tags; i++)
			if (text_holds(key->tags[i], l->folded))
				return true;
	}
	return false;
}

/* False when it cannot be one of a record. */
static bool place_set(struct place *p, struct span name, struct span id)
{
	if (name.n > sizeof(p->name) || id.n > sizeof(p->id))
		return false;
	if (name.n > 0)
		memcpy(p->name, name.p, name.n);
	if (id.n > 0)
		memcpy(p->id, id.p, id.n);
	p->name_n = name.n;
	p->id_n = id.n;
	return true;
}

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct listing *l = arg;
	if (l->page->n == l->limit) {
		l->more = true;
		return CG_NOT_FOUND;
	}
	cg_rc rc = record_unpack(l->e->type, value, l->arena, &l->page->messages[l->page->n], err);
	if (rc == CG_OK && !place_set(&l->at, index_key, key))
		rc = cg_fail(err, CG_UNAVAILABLE, "An index of the store holds a damaged name.");
	if (rc != CG_OK)
		return rc;
	l->page->n++;
	return ++l->scanned % LIST_SCAN == 0 ? CG_NOT_FOUND : CG_OK;
}

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	/* What the walk started at must stay while the place moves on. */
	struct place start = l->at;
	struct store_walk walk = {.by_index = true,
				  .index = l->e->by_name,
				  .index_key = span_make(start.name, start.name_n),
				  .after_key = span_make(start.id, start.id_n)};
	return store_walk(txn, &walk, visit, l, err);
}

/* In several short stays: they must not keep everybody out. */
static cg_rc list(struct store *store, struct listing *l, struct cg_err *err)
{
	size_t before;
	cg_rc rc;
	do {
		before = l->scanned;
		rc = store_read(store, list_txn, l, err);
	} while (rc == CG_OK && !l->more && l->scanned != before && l->scanned % LIST_SCAN == 0);
	return rc;
}

/* --- searches: a walk over texts alone, in the order of names --- */

static bool is_key(const struct entity *e)
{
	return e->type == &cg__key__descriptor;
}

/* Whether an index holds all that is searched; of developers it lacks their addresses. */
static bool has_texts(const struct entity *e)
{
	return e->type != &cg__developer__descriptor;
}

static bool is_also(const struct entity_search *s, struct span id)
{
	return s->also && s->also(id, s->arg);
}

/* CG_NOT_FOUND once the page is full. */
static cg_rc take_found(struct store_txn *txn, struct listing *l, struct span id,
			struct cg_err *err)
{
	const struct entity_search *s = l->search;
	struct span bytes;
	struct entity_head *m = NULL;
	bool fits = true;
	cg_rc rc = store_get(txn, l->e->table, id, l->arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store leads nowhere.");
	if (rc == CG_OK)
		rc = record_unpack(l->e->type, bytes, l->arena, &m, err);
	if (rc != CG_OK || (!is_also(s, id) && !matches(l, m)))
		return rc;
	if (s->fits)
		rc = s->fits(txn, m, s->arg, l->arena, &fits, err);
	if (rc != CG_OK || !fits)
		return rc;
	l->more = l->page->n == l->limit;
	if (l->more)
		return CG_NOT_FOUND;
	l->page->messages[l->page->n++] = m;
	return CG_OK;
}

static cg_rc search_visit(struct store_txn *txn, struct span text, struct span id, void *arg,
			  struct cg_err *err)
{
	struct listing *l = arg;
	const struct entity_search *s = l->search;
	if (s->among && !s->among(text, id, s->arg))
		return CG_OK;
	if (has_texts(l->e) && !bytes_hold(text, l->folded) && !span_starts(id, s->q) &&
	    !is_also(s, id))
		return CG_OK;
	return take_found(txn, l, id, err);
}

static cg_rc search(struct store *store, struct listing *l, struct cg_err *err)
{
	const struct place *at = &l->at;
	char text[sizeof(at->name) + sizeof(at->id) + 2];
	size_t n = at->name_n;
	struct store_walk walk = {.index = is_key(l->e) ? STORE_KEY_BY_TEXT : l->e->by_name};
	/* From the place on that a cursor gave: in the texts of keys the id stands behind the name.
	 */
	memcpy(text, at->name, n);
	if (!is_key(l->e)) {
		walk.after_key = span_make(at->id, at->id_n);
	} else if (at->id_n > 0) {
		text[n++] = '\n';
		memcpy(text + n, at->id, at->id_n);
		n += at->id_n;
		text[n++] = '\n' + 1;
	}
	walk.index_key = span_make(text, n);
	return store_scan(store, &walk, search_visit, l, err);
}

/* A cursor is where the page ended: hex of the name, a dot, the id. */
static bool read_cursor(struct span cursor, struct place *out)
{
	uint8_t bytes[NAME_MAX_BYTES];
	struct span name;
	return span_next(&cursor, '.', &name) && cursor.n > 0 && name.n <= 2 * sizeof(bytes) &&
	       name.n % 2 == 0 && hex_parse(name, bytes, name.n / 2) &&
	       place_set(out, span_make(bytes, name.n / 2), cursor);
}

static const char *write_cursor(const struct entity_head *last, struct arena *arena)
{
	char hex[2 * NAME_MAX_BYTES + 1];
	size_t n = strlen(last->name);
	hex_format((const uint8_t *)last->name, n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES, hex);
	return arena_printf(arena, "%s.%s", hex, last->id);
}

cg_rc entity_search(struct store *store, const struct entity *e, struct span cursor, size_t limit,
		    const struct entity_search *what, struct arena *arena, struct entity_page *out,
		    struct cg_err *err)
{
	struct entity_page page = {arena_alloc(arena, limit * sizeof(void *)), 0, NULL};
	struct listing l = {.e = e, .arena = arena, .search = what, .limit = limit, .page = &page};
	cg_rc rc;
	const char *folded = text_fold(what->q, arena);
	if (!page.messages || !folded)
		return cg_fail_memory(err);
	l.folded = span_of(folded);
	if (cursor.n > 0 && !read_cursor(cursor, &l.at))
		return cg_fail_field(err, "cursor", "is not one that a list gave");
	rc = what->q.n > 0 || what->among ? search(store, &l, err) : list(store, &l, err);
	if (rc != CG_OK)
		return rc;
	if (l.more && !(page.next = write_cursor(page.messages[page.n - 1], arena)))
		return cg_fail_memory(err);
	*out = page;
	return CG_OK;
}

cg_rc entity_list(struct store *store, const struct entity *e, struct span cursor, size_t limit,
		  struct span q, struct arena *arena, struct entity_page *out, struct cg_err *err)
{
	struct entity_search what = {.q = q};
	return entity_search(store, e, cursor, limit, &what, arena, out, err);
}
