#include "base/base.h"
#include "model/request.h"
#include "base/first.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/developer.h"
#include "model/id_set.h"
#include "model/request_in.h"

static int newest_first(const void *a, const void *b)
{
	const Cg__KeyRequest *x = *(Cg__KeyRequest *const *)a, *y = *(Cg__KeyRequest *const *)b;
	if (x->created_at != y->created_at)
		return x->created_at > y->created_at ? -1 : 1;
	return strcmp(x->id, y->id);
}

cg_rc request_list_in(struct store_txn *txn, enum store_index index, struct span index_key,
		      struct arena *arena, struct request_list *out, struct cg_err *err)
{
	struct request_list list = {.n = 0};
	cg_rc rc = store_load_all(txn, index, index_key, arena, &list.items, &list.n, err);
	if (rc != CG_OK)
		return rc;
	if (list.n > 1)
		qsort(list.items, list.n, sizeof(*list.items), newest_first);
	*out = list;
	return CG_OK;
}

/* Those under a key of an index, in stays that keep nobody out. */
static cg_rc see_all(struct store *store, enum store_index index, const char *index_key,
		     store_see_fn one, void *arg, struct cg_err *err)
{
	const struct store_walk walk = {
	    .index = index, .only = true, .index_key = span_of(index_key)};
	return store_scan_records(store, &walk, one, arg, err);
}

/* --- whose requests hold what is searched for --- */

struct searching {
	struct span folded;
	struct id_set organisations, developers, entries;
	struct arena one;
};

static cg_rc note_organisation(struct store_txn *txn, struct span name, struct span id, void *arg,
			       struct cg_err *err)
{
	struct searching *s = arg;
	(void)txn;
	return bytes_hold(name, s->folded) ? id_set_add(&s->organisations, id, err) : CG_OK;
}

static cg_rc note_entry(struct store_txn *txn, struct span name, struct span id, void *arg,
			struct cg_err *err)
{
	struct searching *s = arg;
	(void)txn;
	return bytes_hold(name, s->folded) ? id_set_add(&s->entries, id, err) : CG_OK;
}

static cg_rc note_developer(struct store_txn *txn, struct span name, struct span id, void *arg,
			    struct cg_err *err)
{
	struct searching *s = arg;
	Cg__Developer *d;
	arena_clear(&s->one);
	cg_rc rc = store_load_indexed(txn, STORE_DEVELOPER, id, &s->one, &d, err);
	return rc == CG_OK && (bytes_hold(name, s->folded) || text_holds(d->email, s->folded) ||
			       id_set_has(&s->organisations, span_of(d->organisation_id)))
		   ? id_set_add(&s->developers, id, err)
		   : rc;
}

/* search_end has to follow, whatever comes of it. */
static cg_rc search_begin(struct store *store, const char *folded, struct searching *s,
			  struct cg_err *err)
{
	const struct {
		enum store_index index;
		store_scan_fn note;
		struct id_set *set;
	} rows[] = {
	    {STORE_ORGANISATION_BY_NAME, note_organisation, &s->organisations},
	    {STORE_DEVELOPER_BY_NAME,    note_developer,    &s->developers   },
	    {STORE_CATALOGUE_BY_NAME,    note_entry,	  &s->entries	     },
	};
	cg_rc rc = CG_OK;
	*s = (struct searching){.folded = span_of(folded)};
	arena_init(&s->one, RECORD_ARENA_MAX);
	for (size_t i = 0; rc == CG_OK && s->folded.n > 0 && i < CG_COUNT(rows); i++) {
		struct store_walk walk = {.index = rows[i].index};
		rc = store_scan(store, &walk, rows[i].note, s, err);
		id_set_sort(rows[i].set);
	}
	return rc;
}

static void search_end(struct searching *s)
{
	id_set_release(&s->organisations);
	id_set_release(&s->developers);
	id_set_release(&s->entries);
	arena_release(&s->one);
}

static bool is_searched(const struct searching *s, const Cg__KeyRequest *r)
{
	return s->folded.n == 0 || text_holds(r->name, s->folded) ||
	       id_set_has(&s->developers, span_of(r->developer_id)) ||
	       id_set_has(&s->entries, span_of(r->catalogue_id));
}

/* --- the first ones --- */

/* Where one is in a list. */
struct noted {
	int64_t created_at;
	char id[ID_MAX_BYTES + 1];
};
/* Of the first ones alone the whole is read. */
struct noting {
	const struct request_query *query;
	struct searching *search; /* NULL: for nothing */
	struct arena *arena;
	struct noted after; /* begin behind it; id "": at the first */
	struct first first; /* struct noted */
	struct request_list list;
};

static int newest_noted_first(const void *a, const void *b)
{
	const struct noted *x = a, *y = b;
	if (x->created_at != y->created_at)
		return x->created_at > y->created_at ? -1 : 1;
	return strcmp(x->id, y->id);
}

static int oldest_noted_first(const void *a, const void *b)
{
	return newest_noted_first(b, a);
}

static cg_rc note(struct store_txn *txn, const void *message, void *arg, struct arena *arena,
		  struct cg_err *err)
{
	struct noting *n = arg;
	const Cg__KeyRequest *r = message;
	struct noted one = {.created_at = r->created_at};
	(void)txn;
	(void)arena;
	(void)err;
	(void)snprintf(one.id, sizeof(one.id), "%s", r->id);
	if ((!*n->after.id || n->first.compare(&one, &n->after) > 0) &&
	    (!n->search || is_searched(n->search, r)) &&
	    (!n->query->fits || n->query->fits(r, n->query->arg)))
		first_add(&n->first, &one);
	return CG_OK;
}

static cg_rc load_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct noting *n = arg;
	struct request_list *list = &n->list;
	const struct noted *items = n->first.items;
	cg_rc rc = CG_OK;
	list->n = 0;
	for (size_t i = 0; rc == CG_OK && i < n->first.n && i < n->query->limit; i++) {
		rc = store_load(txn, STORE_REQUEST, span_of(items[i].id), n->arena,
				&list->items[list->n], err);
		list->n += rc == CG_OK;
		/* It went away meanwhile. */
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	return rc;
}

/* A cursor is where the page ended, "TIME.ID": that one may not be in the list any more. */
static cg_rc read_cursor(struct span cursor, struct noted *out, struct cg_err *err)
{
	struct span time;
	uint64_t at;
	if (cursor.n == 0)
		return CG_OK;
	if (!span_next(&cursor, '.', &time) || cursor.n == 0 || cursor.n > ID_MAX_BYTES ||
	    !number_parse(time, INT64_MAX, &at))
		return cg_fail_field(err, "cursor", "is not one that a list gave");
	out->created_at = (int64_t)at;
	(void)snprintf(out->id, sizeof(out->id), "%.*s", (int)cursor.n, cursor.p);
	return CG_OK;
}

cg_rc request_check_cursor(struct span cursor, struct cg_err *err)
{
	struct noted ignored;
	return read_cursor(cursor, &ignored, err);
}

static cg_rc begin(struct noting *n, const struct request_query *query, struct cg_err *err)
{
	n->query = query;
	bool begun =
	    first_begin(&n->first, query->limit + 1, sizeof(struct noted),
			query->oldest_first ? oldest_noted_first : newest_noted_first, n->arena);
	n->list.items = arena_alloc(n->arena, query->limit * sizeof(*n->list.items));
	return begun && n->list.items ? read_cursor(query->cursor, &n->after, err)
				      : cg_fail_memory(err);
}

static cg_rc load_first(struct store *store, struct noting *n, struct request_list *out,
			struct cg_err *err)
{
	first_end(&n->first);
	if (n->first.n > n->query->limit) {
		const struct noted *items = n->first.items, *last = &items[n->query->limit - 1];
		n->list.next = arena_printf(n->arena, "%" PRId64 ".%s", last->created_at, last->id);
		if (!n->list.next)
			return cg_fail_memory(err);
	}
	cg_rc rc = store_read(store, load_txn, n, err);
	if (rc == CG_OK)
		*out = n->list;
	return rc;
}

cg_rc request_list(struct store *store, enum store_index index, const char *index_key,
		   const struct request_query *query, struct arena *arena, struct request_list *out,
		   struct cg_err *err)
{
	struct noting n = {.arena = arena};
	struct searching search;
	const char *folded = text_fold(query->q, arena);
	if (!folded)
		return cg_fail_memory(err);
	cg_rc rc = begin(&n, query, err);
	if (rc != CG_OK)
		return rc;
	rc = search_begin(store, folded, &search, err);
	n.search = &search;
	if (rc == CG_OK)
		rc = see_all(store, index, index_key, note, &n, err);
	search_end(&search);
	return rc == CG_OK ? load_first(store, &n, out, err) : rc;
}

cg_rc request_list_of_organisation(struct store *store, const struct actor *actor,
				   const struct request_query *query, struct arena *arena,
				   struct request_list *out, struct cg_err *err)
{
	struct noting n = {.arena = arena};
	struct developers members = {.n = 0};
	if (!actor->developer)
		return cg_fail(err, CG_DENIED, "Sign in to the portal.");
	cg_rc rc = developers_of(store, actor->developer->organisation_id, arena, &members, err);
	if (rc == CG_OK)
		rc = begin(&n, query, err);
	for (size_t i = 0; rc == CG_OK && i < members.n; i++)
		rc =
		    see_all(store, STORE_REQUEST_BY_DEVELOPER, members.items[i]->id, note, &n, err);
	return rc == CG_OK ? load_first(store, &n, out, err) : rc;
}

static cg_rc count(struct store_txn *txn, const void *message, void *arg, struct arena *one,
		   struct cg_err *err)
{
	struct request_counts *n = arg;
	const Cg__KeyRequest *r = message;
	(void)txn;
	(void)one;
	(void)err;
	if (r->status == CG__KEY_REQUEST__STATUS__PENDING &&
	    (n->pending++ == 0 || r->created_at < n->oldest_at))
		n->oldest_at = r->created_at;
	n->keys += r->status == CG__KEY_REQUEST__STATUS__APPROVED && !r->renewal;
	return CG_OK;
}

cg_rc request_count(struct store *store, enum store_index index, const char *index_key,
		    struct request_counts *out, struct cg_err *err)
{
	*out = (struct request_counts){.pending = 0};
	return see_all(store, index, index_key, count, out, err);
}
