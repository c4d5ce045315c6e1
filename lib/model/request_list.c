#include "base/base.h"
#include "model/request.h"
#include "base/limits.h"
#include "model/developer.h"
#include "model/request_in.h"

/* Within a transaction: all of them, of which there are not many. */
struct listing {
	struct arena *arena;
	struct request_list *list;
	size_t room;
};

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct listing *l = arg;
	(void)index_key;
	(void)key;
	Cg__KeyRequest **items =
	    arena_grow(l->arena, l->list->items, l->list->n, &l->room, sizeof(Cg__KeyRequest *));
	if (!items)
		return cg_fail_memory(err);
	l->list->items = items;
	cg_rc rc = record_unpack(&cg__key_request__descriptor, value, l->arena,
				 &l->list->items[l->list->n], err);
	l->list->n += rc == CG_OK;
	return rc;
}

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
	struct listing l = {.arena = arena, .list = &list};
	struct store_walk walk = {
	    .by_index = true, .index = index, .only = true, .index_key = index_key};
	cg_rc rc = store_walk(txn, &walk, visit, &l, err);
	if (rc != CG_OK)
		return rc;
	if (list.n > 1)
		qsort(list.items, list.n, sizeof(*list.items), newest_first);
	*out = list;
	return CG_OK;
}

/* Where requests are: of any number the newest are looked for, and these alone are read whole. */
struct noted {
	int64_t created_at;
	const char *id;
};
struct noting {
	struct arena *arena, one; /* of the list; of a request that is only looked at */
	struct noted *items;
	size_t n, room;
	struct request_list list;
};

static cg_rc note(struct store_txn *txn, struct span index_key, struct span id, void *arg,
		  struct cg_err *err)
{
	struct noting *noting = arg;
	Cg__KeyRequest *r;
	(void)index_key;
	arena_clear(&noting->one);
	cg_rc rc = store_load(txn, STORE_REQUEST, id, &noting->one, &r, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store leads nowhere.");
	if (rc != CG_OK)
		return rc;
	struct noted *items =
	    arena_grow(noting->arena, noting->items, noting->n, &noting->room, sizeof(*items));
	const char *copy = arena_copy(noting->arena, id);
	if (items)
		noting->items = items;
	if (!items || !copy)
		return cg_fail_memory(err);
	items[noting->n++] = (struct noted){r->created_at, copy};
	return CG_OK;
}

static cg_rc note_all(struct store *store, enum store_index index, const char *index_key,
		      struct noting *noting, struct cg_err *err)
{
	struct store_walk walk = {.index = index, .only = true, .index_key = span_of(index_key)};
	arena_init(&noting->one, RECORD_ARENA_MAX);
	cg_rc rc = store_scan(store, &walk, note, noting, err);
	arena_release(&noting->one);
	return rc;
}

static int newest_noted_first(const void *a, const void *b)
{
	const struct noted *x = a, *y = b;
	if (x->created_at != y->created_at)
		return x->created_at > y->created_at ? -1 : 1;
	return strcmp(x->id, y->id);
}

static cg_rc load_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct noting *noting = arg;
	struct request_list *list = &noting->list;
	cg_rc rc = CG_OK;
	list->n = 0;
	for (size_t i = 0; rc == CG_OK && i < noting->n && list->n < REQUESTS_SHOWN_MAX; i++) {
		rc = store_load(txn, STORE_REQUEST, span_of(noting->items[i].id), noting->arena,
				&list->items[list->n], err);
		list->n += rc == CG_OK;
		/* It went away meanwhile. */
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	return rc;
}

static cg_rc load_newest(struct store *store, struct noting *noting, struct request_list *out,
			 struct cg_err *err)
{
	noting->list.items =
	    arena_alloc(noting->arena, REQUESTS_SHOWN_MAX * sizeof(*noting->list.items));
	if (!noting->list.items)
		return cg_fail_memory(err);
	noting->list.more = noting->n > REQUESTS_SHOWN_MAX;
	if (noting->n > 1)
		qsort(noting->items, noting->n, sizeof(*noting->items), newest_noted_first);
	cg_rc rc = store_read(store, load_txn, noting, err);
	if (rc == CG_OK)
		*out = noting->list;
	return rc;
}

cg_rc request_list(struct store *store, enum store_index index, const char *index_key,
		   struct arena *arena, struct request_list *out, struct cg_err *err)
{
	struct noting noting = {.arena = arena};
	cg_rc rc = note_all(store, index, index_key, &noting, err);
	return rc == CG_OK ? load_newest(store, &noting, out, err) : rc;
}

cg_rc request_list_of_organisation(struct store *store, const struct actor *actor,
				   struct arena *arena, struct request_list *out,
				   struct cg_err *err)
{
	struct noting noting = {.arena = arena};
	struct developers members = {.n = 0};
	if (!actor->developer)
		return cg_fail(err, CG_DENIED, "Sign in to the portal.");
	cg_rc rc = developers_of(store, actor->developer->organisation_id, arena, &members, err);
	for (size_t i = 0; rc == CG_OK && i < members.n; i++)
		rc =
		    note_all(store, STORE_REQUEST_BY_DEVELOPER, members.items[i]->id, &noting, err);
	return rc == CG_OK ? load_newest(store, &noting, out, err) : rc;
}
