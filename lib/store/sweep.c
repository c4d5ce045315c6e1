/* Finding records in order to change them, and removing any number. */
#include "base/base.h"
#include "store/store.h"
#include "base/limits.h"

#define SWEEP_BATCH   500 /* records looked at in one transaction */
#define SWEEP_KEY_MAX 256 /* of a primary key, bytes */

struct finding {
	const ProtobufCMessageDescriptor *type;
	size_t most, looked, room;
	store_fits_fn fits;
	void *arg;
	struct arena *arena, one;
	struct store_keys *out;
};

static cg_rc add_key(struct finding *f, struct span key, struct cg_err *err)
{
	struct store_keys *out = f->out;
	struct span *items = arena_grow(f->arena, out->items, out->n, &f->room, sizeof(*items));
	const char *copy = arena_copy(f->arena, key);
	if (items)
		out->items = items;
	if (!items || !copy)
		return cg_fail_memory(err);
	out->items[out->n++] = span_make(copy, key.n);
	return CG_OK;
}

static cg_rc find_one(struct span index_key, struct span key, struct span value, void *arg,
		      struct cg_err *err)
{
	struct finding *f = arg;
	bool fits = true;
	cg_rc rc = CG_OK;
	(void)index_key;
	if (f->fits) {
		void *message;
		arena_clear(&f->one);
		rc = record_unpack(f->type, value, &f->one, &message, err);
		fits = rc == CG_OK && f->fits(message, f->arg);
	}
	if (rc == CG_OK && fits)
		rc = add_key(f, key, err);
	if (rc != CG_OK || ++f->looked < f->most)
		return rc;
	const char *last = arena_copy(f->arena, key);
	if (!last)
		return cg_fail_memory(err);
	f->out->last = span_make(last, key.n);
	return CG_NOT_FOUND;
}

cg_rc store_keys(struct store_txn *txn, const struct store_walk *walk, size_t most,
		 store_fits_fn fits, void *arg, struct arena *arena, struct store_keys *out,
		 struct cg_err *err)
{
	enum store_table table = walk->by_index ? store_index_table(walk->index) : walk->table;
	struct finding f = {.type = store_table_type(table),
			    .most = most,
			    .fits = fits,
			    .arg = arg,
			    .arena = arena,
			    .out = out};
	struct store_walk w = *walk;
	w.bare = w.by_index && !fits;
	*out = (struct store_keys){.n = 0};
	arena_init(&f.one, RECORD_ARENA_MAX);
	cg_rc rc = store_walk(txn, &w, find_one, &f, err);
	arena_release(&f.one);
	return rc;
}

cg_rc store_remove_all(struct store_txn *txn, enum store_table table, const struct store_keys *keys,
		       struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < keys->n; i++)
		rc = store_remove(txn, table, keys->items[i], err);
	return rc;
}

struct sweeping {
	struct store_walk walk;
	store_fits_fn fits;
	void *arg;
	struct arena arena;
	struct store_keys found;
};

static cg_rc sweep_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct sweeping *s = arg;
	arena_clear(&s->arena);
	cg_rc rc =
	    store_keys(txn, &s->walk, SWEEP_BATCH, s->fits, s->arg, &s->arena, &s->found, err);
	return rc == CG_OK ? store_remove_all(txn, s->walk.table, &s->found, err) : rc;
}

cg_rc store_sweep(struct store *store, enum store_effect effect, enum store_table table,
		  store_fits_fn fits, void *arg, struct cg_err *err)
{
	struct sweeping s = {.walk.table = table, .fits = fits, .arg = arg};
	char after[SWEEP_KEY_MAX];
	cg_rc rc;
	arena_init(&s.arena, COMMAND_ARENA_MAX);
	do {
		rc = store_write(store, effect, sweep_txn, &s, err);
		size_t n = rc == CG_OK ? s.found.last.n : 0;
		if (n > sizeof(after))
			rc = cg_fail(err, CG_UNAVAILABLE, "A key of the store is damaged.");
		if (rc == CG_OK && n > 0)
			memcpy(after, s.found.last.p, n);
		s.walk.after_key = span_make(after, n);
	} while (rc == CG_OK && s.walk.after_key.n > 0);
	arena_release(&s.arena);
	return rc;
}
