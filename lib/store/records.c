#include "base/base.h"
#include "store/inside.h"
#include "store/tables.h"

static cg_rc fail(struct store_txn *txn, int cause, const char *where, struct cg_err *err)
{
	txn->failed = cause;
	return environment_error(&txn->store->home, cause, where, err);
}

static DBT dbt_of(struct span s)
{
	return (DBT){.data = (void *)(uintptr_t)s.p, .size = (u_int32_t)s.n};
}

/* Takes what the library allocated into the arena. */
static cg_rc take(DBT *found, struct arena *arena, struct span *out, struct cg_err *err)
{
	char *copy = arena_copy(arena, span_make(found->data, found->size));
	free(found->data);
	if (!copy)
		return cg_fail_memory(err);
	*out = span_make(copy, found->size);
	return CG_OK;
}

static cg_rc get(struct store_txn *txn, DB *db, const char *where, struct span key,
		 struct arena *arena, struct span *value, struct cg_err *err)
{
	DBT k = dbt_of(key), v = {.flags = DB_DBT_MALLOC};
	int rc = db->get(db, txn->txn, &k, &v, 0);
	if (rc == DB_NOTFOUND)
		return CG_NOT_FOUND;
	return rc == 0 ? take(&v, arena, value, err) : fail(txn, rc, where, err);
}

cg_rc store_get(struct store_txn *txn, enum store_table table, struct span key, struct arena *arena,
		struct span *value, struct cg_err *err)
{
	return get(txn, txn->store->environment.tables[table], store_tables[table].file, key, arena,
		   value, err);
}

cg_rc store_find(struct store_txn *txn, enum store_index index, struct span index_key,
		 struct arena *arena, struct span *value, struct cg_err *err)
{
	return get(txn, txn->store->environment.indexes[index], store_indexes[index].file,
		   index_key, arena, value, err);
}

static cg_rc put(struct store_txn *txn, enum store_table table, struct span key, struct span value,
		 u_int32_t flags, struct cg_err *err)
{
	DB *db = txn->store->environment.tables[table];
	DBT k = dbt_of(key), v = dbt_of(value);
	if (table == STORE_CREDENTIAL)
		store_note_known(txn->store, key);
	int rc = db->put(db, txn->txn, &k, &v, flags);
	if (rc == DB_KEYEXIST)
		return CG_CLASH;
	return rc == 0 ? CG_OK : fail(txn, rc, store_tables[table].file, err);
}

cg_rc store_put(struct store_txn *txn, enum store_table table, struct span key, struct span value,
		struct cg_err *err)
{
	return put(txn, table, key, value, 0, err);
}

cg_rc store_add(struct store_txn *txn, enum store_table table, struct span key, struct span value,
		struct cg_err *err)
{
	cg_rc rc = put(txn, table, key, value, DB_NOOVERWRITE, err);
	if (rc == CG_OK && key.n <= sizeof(txn->added_key)) {
		txn->added_table = table;
		txn->added_n = key.n;
		memcpy(txn->added_key, key.p, key.n);
	}
	return rc;
}

cg_rc store_remove(struct store_txn *txn, enum store_table table, struct span key,
		   struct cg_err *err)
{
	DB *db = txn->store->environment.tables[table];
	DBT k = dbt_of(key);
	int rc = db->del(db, txn->txn, &k, 0);
	if (rc == DB_NOTFOUND)
		return CG_NOT_FOUND;
	return rc == 0 ? CG_OK : fail(txn, rc, store_tables[table].file, err);
}

cg_rc store_load(struct store_txn *txn, enum store_table table, struct span key,
		 struct arena *arena, void *out_message, struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = store_get(txn, table, key, arena, &bytes, err);
	return rc == CG_OK ? record_unpack(store_tables[table].type, bytes, arena, out_message, err)
			   : rc;
}

cg_rc store_load_indexed(struct store_txn *txn, enum store_table table, struct span key,
			 struct arena *arena, void *out_message, struct cg_err *err)
{
	cg_rc rc = store_load(txn, table, key, arena, out_message, err);
	return rc == CG_NOT_FOUND
		   ? cg_fail(err, CG_UNAVAILABLE, "An index of the store leads nowhere.")
		   : rc;
}

cg_rc store_save(struct store_txn *txn, enum store_table table, struct span key,
		 const void *message, struct arena *arena, struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = record_pack(message, arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, table, key, bytes, err) : rc;
}

/* --- walks --- */

#define MANY_BYTES (64U * 1024) /* read at once; more than a page, and than the largest entry */

struct cursor {
	DBC *c;
	bool by_index, bare;
	DBT index_key, key, value;
};

static int cursor_get(struct cursor *cur, u_int32_t how)
{
	if (cur->bare)
		return cur->c->get(cur->c, &cur->index_key, &cur->key, how);
	return cur->by_index ? cur->c->pget(cur->c, &cur->index_key, &cur->key, &cur->value, how)
			     : cur->c->get(cur->c, &cur->key, &cur->value, how);
}

static struct span of_dbt(const DBT *d)
{
	return span_make(d->data, d->size);
}

/* Gives a DBT a copy of the bytes that the library may reallocate. */
static int preset(DBT *d, struct span bytes)
{
	d->data = malloc(bytes.n > 0 ? bytes.n : 1);
	if (!d->data)
		return ENOMEM;
	if (bytes.n > 0)
		memcpy(d->data, bytes.p, bytes.n);
	d->size = (u_int32_t)bytes.n;
	return 0;
}

/* Puts the cursor on the first record of the walk. */
static int cursor_start(struct cursor *cur, const struct store_walk *w)
{
	int rc;
	if (!w->by_index) {
		if ((rc = preset(&cur->key, w->after_key)) != 0)
			return rc;
		rc = cursor_get(cur, DB_SET_RANGE);
		if (rc == 0 && w->after_key.n > 0 && span_is(of_dbt(&cur->key), w->after_key))
			rc = cursor_get(cur, DB_NEXT);
		return rc;
	}
	if ((rc = preset(&cur->index_key, w->index_key)) != 0)
		return rc;
	if (w->only && w->after_key.n > 0) {
		if ((rc = preset(&cur->key, w->after_key)) != 0)
			return rc;
		rc = cursor_get(cur, DB_GET_BOTH_RANGE);
		if (rc == 0 && span_is(of_dbt(&cur->key), w->after_key))
			rc = cursor_get(cur, DB_NEXT_DUP);
		return rc;
	}
	rc = cursor_get(cur, w->only ? DB_SET : DB_SET_RANGE);
	/* Under one index key the primary keys are in order. */
	while (rc == 0 && w->after_key.n > 0 && span_is(of_dbt(&cur->index_key), w->index_key)) {
		struct span at = of_dbt(&cur->key);
		size_t n = at.n < w->after_key.n ? at.n : w->after_key.n;
		int order = memcmp(at.p, w->after_key.p, n);
		if (order > 0 || (order == 0 && at.n > w->after_key.n))
			break;
		rc = cursor_get(cur, DB_NEXT);
	}
	return rc;
}

/* From where the cursor stands on, many entries of an index at a time: without the records most of
 * a walk would be the library's calls. */
static int walk_many(struct cursor *cur, bool only, store_visit_fn visit, void *arg, cg_rc *out,
		     struct cg_err *err)
{
	DBT many = {.data = malloc(MANY_BYTES), .ulen = MANY_BYTES, .flags = DB_DBT_USERMEM};
	u_int32_t how = only ? DB_NEXT_DUP | DB_MULTIPLE : DB_NEXT | DB_MULTIPLE_KEY;
	int rc = many.data ? 0 : ENOMEM;
	while (rc == 0 && *out == CG_OK &&
	       (rc = cur->c->get(cur->c, &cur->index_key, &many, how)) == 0) {
		void *at, *index_key = cur->index_key.data, *key;
		u_int32_t index_key_n = cur->index_key.size, key_n;
		DB_MULTIPLE_INIT(at, &many);
		while (*out == CG_OK) {
			if (only)
				DB_MULTIPLE_NEXT(at, &many, key, key_n);
			else
				DB_MULTIPLE_KEY_NEXT(at, &many, index_key, index_key_n, key, key_n);
			if (!at)
				break;
			*out = visit(span_make(index_key, index_key_n), span_make(key, key_n),
				     SPAN_LIT(""), arg, err);
		}
	}
	free(many.data);
	return rc;
}

cg_rc store_walk(struct store_txn *txn, const struct store_walk *w, store_visit_fn visit, void *arg,
		 struct cg_err *err)
{
	const struct environment *e = &txn->store->environment;
	DB *db = w->bare       ? e->bare[w->index]
		 : w->by_index ? e->indexes[w->index]
			       : e->tables[w->table];
	struct cursor cur = {.by_index = w->by_index,
			     .bare = w->bare,
			     .index_key = {.flags = DB_DBT_REALLOC},
			     .key = {.flags = DB_DBT_REALLOC},
			     .value = {.flags = DB_DBT_REALLOC}};
	cg_rc out = CG_OK;
	int rc = db->cursor(db, txn->txn, &cur.c, 0);
	if (rc != 0)
		return fail(txn, rc, "cursor", err);
	for (rc = cursor_start(&cur, w); rc == 0 && out == CG_OK;
	     rc = cursor_get(&cur, w->by_index && w->only ? DB_NEXT_DUP : DB_NEXT)) {
		out = visit(of_dbt(&cur.index_key), of_dbt(&cur.key), of_dbt(&cur.value), arg, err);
		if (out != CG_OK)
			break;
		if (w->bare) {
			rc = walk_many(&cur, w->only, visit, arg, &out, err);
			break;
		}
	}
	int closed = cur.c->close(cur.c);
	free(cur.index_key.data);
	free(cur.key.data);
	free(cur.value.data);
	if (rc != 0 && rc != DB_NOTFOUND)
		return fail(txn, rc, "walk", err);
	if (closed != 0)
		return fail(txn, closed, "walk", err);
	return out == CG_NOT_FOUND ? CG_OK : out;
}

cg_rc store_last(struct store_txn *txn, enum store_table table, struct arena *arena,
		 struct span *key, struct cg_err *err)
{
	DB *db = txn->store->environment.tables[table];
	DBC *c;
	DBT k = {.flags = DB_DBT_MALLOC};
	DBT v = {.flags = DB_DBT_PARTIAL | DB_DBT_MALLOC}; /* the key alone */
	int rc = db->cursor(db, txn->txn, &c, 0);
	if (rc != 0)
		return fail(txn, rc, "cursor", err);
	rc = c->get(c, &k, &v, DB_LAST);
	int closed = c->close(c);
	free(v.data);
	if (rc == DB_NOTFOUND)
		return CG_NOT_FOUND;
	if (rc == 0)
		rc = closed;
	return rc == 0 ? take(&k, arena, key, err) : fail(txn, rc, "last", err);
}

/* --- for checks --- */

enum store_table store_index_table(enum store_index index)
{
	return store_indexes[index].table;
}

const ProtobufCMessageDescriptor *store_table_type(enum store_table table)
{
	return store_tables[table].type;
}

const char *store_table_name(enum store_table table)
{
	return store_tables[table].type->short_name;
}

struct loading {
	const ProtobufCMessageDescriptor *type;
	struct arena *arena;
	void **items;
	size_t n, room;
};

static cg_rc load_one(struct span index_key, struct span key, struct span value, void *arg,
		      struct cg_err *err)
{
	struct loading *l = arg;
	(void)index_key;
	(void)key;
	void **items = arena_grow(l->arena, l->items, l->n, &l->room, sizeof(*items));
	if (!items)
		return cg_fail_memory(err);
	l->items = items;
	return record_unpack(l->type, value, l->arena, &items[l->n++], err);
}

cg_rc store_load_all(struct store_txn *txn, enum store_index index, struct span index_key,
		     struct arena *arena, void *out_items, size_t *n, struct cg_err *err)
{
	struct loading l = {.type = store_table_type(store_index_table(index)), .arena = arena};
	struct store_walk walk = {
	    .by_index = true, .index = index, .only = true, .index_key = index_key};
	cg_rc rc = store_walk(txn, &walk, load_one, &l, err);
	if (rc != CG_OK)
		return rc;
	memcpy(out_items, &l.items, sizeof(l.items));
	*n = l.n;
	return CG_OK;
}
