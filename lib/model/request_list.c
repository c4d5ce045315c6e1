#include "base/base.h"
#include "model/request.h"
#include "base/hash.h"
#include "base/limits.h"
#include "model/developer.h"
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

/* Each of those under a key of an index is looked at alone, in memory that the next one uses again,
 * in stays that keep nobody out. */
struct looking {
	void (*see)(const Cg__KeyRequest *r, void *arg);
	void *arg;
	struct arena one;
};

static cg_rc look(struct store_txn *txn, struct span index_key, struct span id, void *arg,
		  struct cg_err *err)
{
	struct looking *l = arg;
	Cg__KeyRequest *r;
	(void)index_key;
	arena_clear(&l->one);
	cg_rc rc = store_load(txn, STORE_REQUEST, id, &l->one, &r, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store leads nowhere.");
	if (rc == CG_OK)
		l->see(r, l->arg);
	return rc;
}

static cg_rc look_at_all(struct store *store, enum store_index index, const char *index_key,
			 void (*see)(const Cg__KeyRequest *r, void *arg), void *arg,
			 struct cg_err *err)
{
	struct looking l = {.see = see, .arg = arg};
	struct store_walk walk = {.index = index, .only = true, .index_key = span_of(index_key)};
	arena_init(&l.one, RECORD_ARENA_MAX);
	cg_rc rc = store_scan(store, &walk, look, &l, err);
	arena_release(&l.one);
	return rc;
}

struct noted {
	int64_t created_at;
	char id[ID_TEXT + 1];
};
/* The first ones so far, of which alone the whole is read: twice as many as are wanted, of which
 * half go when they are full. */
struct noting {
	struct arena *arena;
	bool oldest_first;
	struct noted *items;
	size_t n;
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

static void keep_first(struct noting *n)
{
	qsort(n->items, n->n, sizeof(*n->items),
	      n->oldest_first ? oldest_noted_first : newest_noted_first);
	if (n->n > REQUESTS_SHOWN_MAX) {
		n->list.more = true;
		n->n = REQUESTS_SHOWN_MAX;
	}
}

static void note(const Cg__KeyRequest *r, void *arg)
{
	struct noting *n = arg;
	if (n->n == 2 * (size_t)REQUESTS_SHOWN_MAX)
		keep_first(n);
	n->items[n->n].created_at = r->created_at;
	(void)snprintf(n->items[n->n++].id, sizeof(n->items->id), "%s", r->id);
}

static cg_rc load_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct noting *n = arg;
	struct request_list *list = &n->list;
	cg_rc rc = CG_OK;
	list->n = 0;
	for (size_t i = 0; rc == CG_OK && i < n->n; i++) {
		rc = store_load(txn, STORE_REQUEST, span_of(n->items[i].id), n->arena,
				&list->items[list->n], err);
		list->n += rc == CG_OK;
		/* It went away meanwhile. */
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	return rc;
}

static cg_rc begin(struct noting *n, struct cg_err *err)
{
	n->items = arena_alloc(n->arena, 2 * (size_t)REQUESTS_SHOWN_MAX * sizeof(*n->items));
	n->list.items = arena_alloc(n->arena, REQUESTS_SHOWN_MAX * sizeof(*n->list.items));
	return n->items && n->list.items ? CG_OK : cg_fail_memory(err);
}

static cg_rc load_first(struct store *store, struct noting *n, struct request_list *out,
			struct cg_err *err)
{
	keep_first(n);
	cg_rc rc = store_read(store, load_txn, n, err);
	if (rc == CG_OK)
		*out = n->list;
	return rc;
}

cg_rc request_list(struct store *store, enum store_index index, const char *index_key,
		   bool oldest_first, struct arena *arena, struct request_list *out,
		   struct cg_err *err)
{
	struct noting n = {.arena = arena, .oldest_first = oldest_first};
	cg_rc rc = begin(&n, err);
	if (rc == CG_OK)
		rc = look_at_all(store, index, index_key, note, &n, err);
	return rc == CG_OK ? load_first(store, &n, out, err) : rc;
}

cg_rc request_list_of_organisation(struct store *store, const struct actor *actor,
				   struct arena *arena, struct request_list *out,
				   struct cg_err *err)
{
	struct noting n = {.arena = arena};
	struct developers members = {.n = 0};
	if (!actor->developer)
		return cg_fail(err, CG_DENIED, "Sign in to the portal.");
	cg_rc rc = developers_of(store, actor->developer->organisation_id, arena, &members, err);
	if (rc == CG_OK)
		rc = begin(&n, err);
	for (size_t i = 0; rc == CG_OK && i < members.n; i++)
		rc = look_at_all(store, STORE_REQUEST_BY_DEVELOPER, members.items[i]->id, note, &n,
				 err);
	return rc == CG_OK ? load_first(store, &n, out, err) : rc;
}

static void count(const Cg__KeyRequest *r, void *arg)
{
	struct request_counts *n = arg;
	if (r->status == CG__KEY_REQUEST__STATUS__PENDING &&
	    (n->pending++ == 0 || r->created_at < n->oldest_at))
		n->oldest_at = r->created_at;
	n->keys += r->status == CG__KEY_REQUEST__STATUS__APPROVED && !r->renewal;
}

cg_rc request_count(struct store *store, enum store_index index, const char *index_key,
		    struct request_counts *out, struct cg_err *err)
{
	*out = (struct request_counts){.pending = 0};
	return look_at_all(store, index, index_key, count, out, err);
}
