#include "base/base.h"
#include "store/store.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/environment.h"
#include "store/lock.h"
#include "store/tables.h"
#include <sys/stat.h>

#define CHECKPOINT_COMMITS 64	/* looked at so often ... */
#define CHECKPOINT_KB	   512u /* ... and done when so much log was written since */

struct store {
	struct home home;
	struct live *live;
	struct store_lock *lock;
	/* Below: only touched while inside the lock. */
	struct environment environment;
	uint64_t environment_number; /* of the handles above; 0: none */
	unsigned recoveries;
};

struct store_txn {
	struct store *store;
	DB_TXN *txn; /* NULL while reading: the lock keeps writers out */
	int failed;  /* the library's error that fn came upon, 0: none */
};

/* Opens handles for the environment as it is now.  The new ones first, the old ones closed after:
 * closing may wait for a latch that a dead process holds as long as its region is the current one
 * (measured). */
static cg_rc reopen(struct store *s, bool broken, struct cg_err *err)
{
	struct environment now, old = s->environment;
	cg_rc rc = CG_UNAVAILABLE;
	if (!broken) {
		rc = environment_open(&s->home, false, &now, NULL);
		broken = rc != CG_OK; /* regions lost or damaged: recovery makes them anew */
	}
	if (broken) {
		lock_environment_move(s->lock);
		live_generation_move(s->live);
		rc = environment_open(&s->home, true, &now, err);
		/* The first opening of a new run folder is no news. */
		if (lock_environment(s->lock) > LOCK_ENVIRONMENT_FIRST + 1 || rc != CG_OK)
			log_info("store_recovered", "result", rc == CG_OK ? "ok" : "failed",
				 LOG_END);
	}
	if (rc != CG_OK)
		return rc;
	s->environment = now;
	s->environment_number = lock_environment(s->lock);
	if (old.env) {
		(void)__atomic_add_fetch(&s->recoveries, 1, __ATOMIC_RELAXED);
		environment_close(&old);
	}
	return CG_OK;
}

static cg_rc enter(struct store *s, struct cg_err *err)
{
	bool broken;
	cg_rc rc = lock_enter(s->lock, &broken, err);
	if (rc != CG_OK)
		return rc;
	if (broken || s->environment_number != lock_environment(s->lock)) {
		rc = reopen(s, broken, err);
		if (rc != CG_OK)
			lock_leave(s->lock, true);
	}
	return rc;
}

/* Errors after which the environment may be used on as it is. */
static bool is_harmless(int cause)
{
	return cause == 0 || cause == DB_LOCK_DEADLOCK || cause == ENOSPC || cause == EDQUOT;
}

static void checkpoint(struct store *s)
{
	if (lock_count_commit(s->lock) % CHECKPOINT_COMMITS != 0)
		return;
	int rc = s->environment.env->txn_checkpoint(s->environment.env, CHECKPOINT_KB, 0, 0);
	if (rc != 0)
		log_error("checkpoint_failed", "cause", db_strerror(rc), LOG_END);
}

/* One run of a transaction, inside the lock. */
static cg_rc run_once(struct store *s, bool write, enum store_effect effect, store_fn fn, void *arg,
		      int *failed, struct cg_err *err)
{
	struct store_txn t = {.store = s};
	DB_ENV *env = s->environment.env;
	*failed = 0;
	if (write && (*failed = env->txn_begin(env, NULL, &t.txn, 0)) != 0)
		return environment_error(*failed, "begin", err);
	cg_rc rc = fn(&t, arg, err);
	*failed = t.failed;
	if (!write)
		return rc;
	if (rc != CG_OK) {
		int aborted = t.txn->abort(t.txn);
		if (aborted != 0)
			*failed = aborted;
		return rc;
	}
	if ((*failed = t.txn->commit(t.txn, DB_TXN_SYNC)) != 0) {
		rc = environment_error(*failed, "commit", err);
		/* Whether it is in the log or not, recovery decides. */
		if (is_harmless(*failed))
			*failed = DB_RUNRECOVERY;
		return rc;
	}
	if (effect == STORE_CHANGES_GRANTS)
		live_generation_move(s->live);
	checkpoint(s);
	return CG_OK;
}

static cg_rc run(struct store *s, bool write, enum store_effect effect, store_fn fn, void *arg,
		 struct cg_err *err)
{
	cg_rc rc = CG_UNAVAILABLE;
	for (int tries = 0; tries < STORE_TRIES; tries++) {
		int failed;
		rc = enter(s, err);
		if (rc != CG_OK)
			return rc;
		rc = run_once(s, write, effect, fn, arg, &failed, err);
		lock_leave(s->lock, !is_harmless(failed));
		/* Another try makes sense where the library asks for one, and after a recovery. */
		if (failed != DB_LOCK_DEADLOCK && failed != DB_RUNRECOVERY)
			break;
	}
	return rc;
}

cg_rc store_read(struct store *s, store_fn fn, void *arg, struct cg_err *err)
{
	return run(s, false, STORE_CHANGES_NONE, fn, arg, err);
}

cg_rc store_write(struct store *s, enum store_effect effect, store_fn fn, void *arg,
		  struct cg_err *err)
{
	return run(s, true, effect, fn, arg, err);
}

struct live *store_live(const struct store *s)
{
	return s->live;
}

unsigned store_recoveries(const struct store *s)
{
	return __atomic_load_n(&s->recoveries, __ATOMIC_RELAXED);
}

static void note_known(struct store *s, struct span key)
{
	struct sha256 digest;
	if (key.n == SHA256_BYTES) {
		memcpy(digest.b, key.p, SHA256_BYTES);
		live_note_known(s->live, &digest);
	}
}

/* --- opening --- */

static cg_rc attach(const struct home *home, struct store **out, struct cg_err *err)
{
	cg_rc rc = home_check(home, err);
	if (rc != CG_OK)
		return rc;
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return cg_fail_memory(err);
	s->home = *home;
	rc = live_open(home, &s->live, err);
	if (rc == CG_OK)
		rc = lock_open(home, &s->lock, err);
	if (rc != CG_OK) {
		store_close(&s);
		return rc;
	}
	*out = s;
	return CG_OK;
}

static cg_rc check_version(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct arena arena;
	struct span bytes;
	Cg__Meta *meta;
	(void)arg;
	arena_init(&arena, 4096);
	cg_rc rc = store_get(txn, STORE_META, SPAN_LIT("meta"), &arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		rc = cg_fail(err, CG_UNAVAILABLE,
			     "The data folder %s holds no certgate store: run "
			     "`certgate init`.",
			     txn->store->home.dir);
	if (rc == CG_OK)
		rc = record_unpack(&cg__meta__descriptor, bytes, &arena, &meta, err);
	if (rc == CG_OK && meta->schema_version > STORE_SCHEMA_VERSION)
		rc = cg_fail(err, CG_UNAVAILABLE,
			     "The store was written by a newer certgate (schema %" PRIu64
			     ", this one knows %d): install that version.",
			     meta->schema_version, STORE_SCHEMA_VERSION);
	arena_release(&arena);
	return rc;
}

static cg_rc write_version(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct arena arena;
	struct span bytes;
	Cg__Meta meta = CG__META__INIT;
	(void)arg;
	meta.schema_version = STORE_SCHEMA_VERSION;
	meta.has_created_at = true;
	meta.created_at = clock_unix_s();
	arena_init(&arena, 4096);
	cg_rc rc = record_pack(&meta, &arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_add(txn, STORE_META, SPAN_LIT("meta"), bytes, err);
	if (rc == CG_CLASH)
		rc = cg_fail(err, CG_CLASH, "There is a store in %s already; nothing was changed.",
			     txn->store->home.dir);
	arena_release(&arena);
	return rc;
}

cg_rc store_create(const struct home *home, struct cg_err *err)
{
	struct store *s;
	cg_rc rc = attach(home, &s, err);
	if (rc != CG_OK)
		return rc;
	rc = store_write(s, STORE_CHANGES_GRANTS, write_version, NULL, err);
	store_close(&s);
	return rc;
}

static cg_rc fill_visit(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	(void)index_key;
	(void)value;
	(void)err;
	note_known(arg, key);
	return CG_OK;
}

/* In one stay: whoever adds a credential meanwhile waits, and notes it himself. */
static cg_rc fill_known(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct store *s = arg;
	struct store_walk all = {.table = STORE_CREDENTIAL};
	if (live_is_filled(s->live))
		return CG_OK;
	cg_rc rc = store_walk(txn, &all, fill_visit, s, err);
	if (rc == CG_OK)
		live_set_filled(s->live);
	return rc;
}

cg_rc store_open(const struct home *home, struct store **out, struct cg_err *err)
{
	struct store *s;
	cg_rc rc = attach(home, &s, err);
	if (rc != CG_OK)
		return rc;
	rc = store_read(s, check_version, NULL, err);
	if (rc == CG_OK && !live_is_filled(s->live))
		rc = store_read(s, fill_known, s, err);
	if (rc != CG_OK)
		store_close(&s);
	else
		*out = s;
	return rc;
}

void store_close(struct store **store)
{
	struct store *s = *store;
	bool broken;
	if (!s)
		return;
	if (s->lock && s->environment.env && lock_enter(s->lock, &broken, NULL) == CG_OK) {
		/* With a broken environment closing may hang; the process ends anyway. */
		if (!broken && s->environment_number == lock_environment(s->lock))
			environment_close(&s->environment);
		lock_leave(s->lock, broken);
	}
	lock_close(&s->lock);
	live_close(&s->live);
	free(s);
	*store = NULL;
}

/* --- records --- */

static cg_rc fail(struct store_txn *txn, int cause, const char *where, struct cg_err *err)
{
	txn->failed = cause;
	return environment_error(cause, where, err);
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
		note_known(txn->store, key);
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
	return put(txn, table, key, value, DB_NOOVERWRITE, err);
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

/* --- walks --- */

struct cursor {
	DBC *c;
	bool by_index;
	DBT index_key, key, value;
};

static int cursor_get(struct cursor *cur, u_int32_t how)
{
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
	rc = cursor_get(cur, w->only ? DB_SET : DB_SET_RANGE);
	/* Under one index key the primary keys are in order. */
	while (rc == 0 && w->after_key.n > 0 && span_is(of_dbt(&cur->index_key), w->index_key)) {
		struct span at = of_dbt(&cur->key);
		size_t n = at.n < w->after_key.n ? at.n : w->after_key.n;
		int order = memcmp(at.p, w->after_key.p, n);
		if (order > 0 || (order == 0 && at.n > w->after_key.n))
			break;
		rc = cursor_get(cur, w->only ? DB_NEXT_DUP : DB_NEXT);
	}
	return rc;
}

cg_rc store_walk(struct store_txn *txn, const struct store_walk *w, store_visit_fn visit, void *arg,
		 struct cg_err *err)
{
	const struct environment *e = &txn->store->environment;
	DB *db = w->by_index ? e->indexes[w->index] : e->tables[w->table];
	struct cursor cur = {.by_index = w->by_index,
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
