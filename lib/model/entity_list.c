#include "base/base.h"
#include "model/entity.h"
#include "base/first.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"

/* Records looked at in one stay in the store while a list is searched. */
#define LIST_SCAN 500

/* Where in the index a walk is: a name and an id. */
struct place {
	char name[NAME_MAX_BYTES], id[ID_MAX_BYTES];
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
	if (l->e->type == &cg__catalogue_entry__descriptor)
		return text_holds(((const Cg__CatalogueEntry *)(const void *)m)->description,
				  l->folded);
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

/* Whether an index holds all that is searched; of developers it lacks their addresses, of the
 * catalogue the descriptions. */
static bool has_texts(const struct entity *e)
{
	return e->type != &cg__developer__descriptor && e->type != &cg__catalogue_entry__descriptor;
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
	struct entity_head *m = NULL;
	bool fits = true;
	arena_clear(&l->one);
	cg_rc rc = store_load_indexed(txn, l->e->table, id, &l->one, &m, err);
	if (rc != CG_OK || (!is_also(s, id) && !matches(l, m)))
		return rc;
	if (s->fits)
		rc = s->fits(txn, m, s->arg, &l->one, &fits, err);
	if (rc != CG_OK || !fits)
		return rc;
	l->more = l->page->n == l->limit;
	if (l->more)
		return CG_NOT_FOUND;
	rc =
	    store_load_indexed(txn, l->e->table, id, l->arena, &l->page->messages[l->page->n], err);
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

/* --- those under a key of an index: in the order of ids there, put into that of names here --- */

struct gathering {
	struct listing *l;
	struct first first; /* struct place */
};

static int compare_spans(struct span a, struct span b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = compare_spans(span_make(x->name, x->name_n), span_make(y->name, y->name_n));
	return order != 0 ? order
			  : compare_spans(span_make(x->id, x->id_n), span_make(y->id, y->id_n));
}

static bool is_under(const struct entity_search *s, const void *message)
{
	struct span keys[LIST_MAX_ENTRIES];
	size_t n = store_index_keys(s->index, message, keys, CG_COUNT(keys));
	for (size_t i = 0; i < n; i++)
		if (span_is_text(keys[i], s->under))
			return true;
	return false;
}

/* Whether it is one of the list, as it is in this transaction. */
static cg_rc is_listed(struct store_txn *txn, const struct listing *l, const void *message,
		       struct arena *arena, bool *out, struct cg_err *err)
{
	const struct entity_search *s = l->search;
	*out = is_under(s, message) && matches(l, message);
	return *out && s->fits ? s->fits(txn, message, s->arg, arena, out, err) : CG_OK;
}

static cg_rc gather(struct store_txn *txn, const void *message, void *arg, struct arena *one,
		    struct cg_err *err)
{
	struct gathering *g = arg;
	struct listing *l = g->l;
	const struct entity_head *m = message;
	struct place at;
	bool listed = false;
	if (!place_set(&at, span_of(m->name), span_of(m->id)))
		return cg_fail(err, CG_UNAVAILABLE, "A record of the store has a damaged name.");
	cg_rc rc = is_listed(txn, l, m, one, &listed, err);
	if (rc != CG_OK || !listed || (l->at.id_n > 0 && by_place(&at, &l->at) <= 0))
		return rc;
	first_add(&g->first, &at);
	return CG_OK;
}

static cg_rc load_gathered(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct gathering *g = arg;
	struct listing *l = g->l;
	const struct place *items = g->first.items;
	cg_rc rc = CG_OK;
	l->page->n = 0;
	for (size_t i = 0; rc == CG_OK && i < g->first.n && i < l->limit; i++) {
		void *m;
		bool listed = false;
		rc = store_load(txn, l->e->table, span_make(items[i].id, items[i].id_n), l->arena,
				&m, err);
		if (rc == CG_OK)
			rc = is_listed(txn, l, m, l->arena, &listed, err);
		if (rc == CG_OK && listed)
			l->page->messages[l->page->n++] = m;
		/* It went away meanwhile. */
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	return rc;
}

/* *last is where the page ends. */
static cg_rc list_under(struct store *store, struct listing *l, struct place *last,
			struct cg_err *err)
{
	struct gathering g = {.l = l};
	struct store_walk walk = {
	    .index = l->search->index, .only = true, .index_key = span_of(l->search->under)};
	if (!first_begin(&g.first, l->limit + 1, sizeof(struct place), by_place, l->arena))
		return cg_fail_memory(err);
	cg_rc rc = store_scan_records(store, &walk, gather, &g, err);
	if (rc != CG_OK)
		return rc;
	first_end(&g.first);
	l->more = g.first.n > l->limit;
	if (l->more)
		*last = ((const struct place *)g.first.items)[l->limit - 1];
	return store_read(store, load_gathered, &g, err);
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

static const char *write_cursor(const struct place *last, struct arena *arena)
{
	char hex[2 * NAME_MAX_BYTES + 1];
	hex_format((const uint8_t *)last->name, last->name_n, hex);
	return arena_printf(arena, "%s.%.*s", hex, (int)last->id_n, last->id);
}

static bool place_of(const struct entity_head *m, struct place *out)
{
	return place_set(out, span_of(m->name), span_of(m->id));
}

/* Where a page begins; *out is untouched for the first one. */
static cg_rc read_start(struct span cursor, struct place *out, struct cg_err *err)
{
	return cursor.n > 0 && !read_cursor(cursor, out)
		   ? cg_fail_field(err, "cursor", "is not one that a list gave")
		   : CG_OK;
}

cg_rc entity_check_cursor(struct span cursor, struct cg_err *err)
{
	struct place ignored;
	return read_start(cursor, &ignored, err);
}

cg_rc entity_search(struct store *store, const struct entity *e, struct span cursor, size_t limit,
		    const struct entity_search *what, struct arena *arena, struct entity_page *out,
		    struct cg_err *err)
{
	struct entity_page page = {arena_alloc(arena, limit * sizeof(void *)), 0, NULL};
	struct listing l = {.e = e, .arena = arena, .search = what, .limit = limit, .page = &page};
	struct place last;
	cg_rc rc;
	const char *folded = text_fold(what->q, arena);
	if (!page.messages || !folded)
		return cg_fail_memory(err);
	l.folded = span_of(folded);
	rc = read_start(cursor, &l.at, err);
	if (rc == CG_OK && what->under)
		rc = list_under(store, &l, &last, err);
	else if (rc == CG_OK)
		rc = what->q.n > 0 || what->among || what->fits ? search(store, &l, err)
								: list(store, &l, err);
	if (rc == CG_OK && l.more && !what->under && !place_of(page.messages[page.n - 1], &last))
		rc = cg_fail(err, CG_UNAVAILABLE, "A record of the store has a damaged name.");
	if (rc != CG_OK)
		return rc;
	if (l.more && !(page.next = write_cursor(&last, arena)))
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
