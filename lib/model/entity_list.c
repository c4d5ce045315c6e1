#include "base/base.h"
#include "model/entity.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"

/* Records looked at in one stay in the store while a list is searched. */
#define LIST_SCAN 500
#define ID_MAX	  64 /* of a record's id, as its row says */

/* Where in the index a walk is: a name and an id. */
struct place {
	char name[NAME_MAX_BYTES], id[ID_MAX];
	size_t name_n, id_n;
};

struct listing {
	const struct entity *e;
	struct arena *arena, one; /* of the page; of a record that a search looks at */
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

/* CG_NOT_FOUND once the page is full.  Into the page's memory goes only what fits: a search passes
 * over any number. */
static cg_rc take_found(struct store_txn *txn, struct listing *l, struct span id,
			struct cg_err *err)
{
	const struct entity_search *s = l->search;
	struct span bytes;
	struct entity_head *m = NULL;
	bool fits = true;
	arena_clear(&l->one);
	cg_rc rc = store_get(txn, l->e->table, id, &l->one, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store leads nowhere.");
	if (rc == CG_OK)
		rc = record_unpack(l->e->type, bytes, &l->one, &m, err);
	if (rc != CG_OK || (!is_also(s, id) && !matches(l, m)))
		return rc;
	if (s->fits)
		rc = s->fits(txn, m, s->arg, &l->one, &fits, err);
	if (rc != CG_OK || !fits)
		return rc;
	l->more = l->page->n == l->limit;
	if (l->more)
		return CG_NOT_FOUND;
	rc = record_unpack(l->e->type, bytes, l->arena, &l->page->messages[l->page->n], err);
	l->page->n += rc == CG_OK;
	return rc;
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
	arena_init(&l->one, RECORD_ARENA_MAX);
	cg_rc rc = store_scan(store, &walk, search_visit, l, err);
	arena_release(&l->one);
	return rc;
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
