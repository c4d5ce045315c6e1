/* A data folder and keys in it for the tests of lib/store. */
#ifndef CG_TESTS_UNIT_STORE_WORLD_H
#define CG_TESTS_UNIT_STORE_WORLD_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "record/record.h"
#include "store/store.h"
#include "folder.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* The library frees nothing of an environment that was recovered under it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdb-5.3";
}

/* --- a data folder for each test --- */

static struct home home;
static struct arena arena;

static inline int setup_folders(void **state)
{
	static char dir[32];
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/cgs.XXXXXX");
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	if (!mkdtemp(dir) || home_find(dir, &home, NULL) != CG_OK)
		return -1;
	return mkdir(home.db, 0700) | mkdir(home.run, 0700) | mkdir(home.keys, 0700);
}

static inline int setup(void **state)
{
	return setup_folders(state) == 0 && store_create(&home, NULL) == CG_OK ? 0 : -1;
}

static inline int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	(void)remove_tree(home.dir);
	return 0;
}

static inline struct store *open_store(void)
{
	struct store *s = NULL;
	struct cg_err err = {0};
	if (store_open(&home, &s, &err) != CG_OK)
		fail_msg("%s", err.text);
	return s;
}

/* --- keys, as records with two indexes, one of them with several entries --- */

struct key {
	const char *id, *name;
	const char *apis[4];
};

static inline struct span pack(const struct key *k, struct arena *a)
{
	Cg__Key m = CG__KEY__INIT;
	Cg__Access access[4], *list[4];
	struct span bytes = {NULL, 0};
	m.id = (char *)(uintptr_t)k->id;
	m.name = (char *)(uintptr_t)k->name;
	m.access = list;
	for (; m.n_access < 4 && k->apis[m.n_access]; m.n_access++) {
		cg__access__init(&access[m.n_access]);
		access[m.n_access].api_id = (char *)(uintptr_t)k->apis[m.n_access];
		list[m.n_access] = &access[m.n_access];
	}
	return record_pack(&m, a, &bytes, NULL) == CG_OK ? bytes : (struct span){NULL, 0};
}

enum action { PUT, ADD, REMOVE };

struct change {
	enum action action;
	const struct key *keys;
	size_t n;
	cg_rc then; /* what the function returns when all went well */
};

static inline cg_rc change_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct change *c = arg;
	struct arena a;
	cg_rc rc = CG_OK;
	arena_init(&a, 1024 * 1024);
	for (size_t i = 0; rc == CG_OK && i < c->n; i++) {
		struct span id = span_of(c->keys[i].id);
		if (c->action == REMOVE)
			rc = store_remove(txn, STORE_KEY, id, err);
		else if (c->action == ADD)
			rc = store_add(txn, STORE_KEY, id, pack(&c->keys[i], &a), err);
		else
			rc = store_put(txn, STORE_KEY, id, pack(&c->keys[i], &a), err);
	}
	arena_release(&a);
	return rc == CG_OK ? c->then : rc;
}

static inline cg_rc change(struct store *s, enum action action, const struct key *keys, size_t n)
{
	struct change c = {action, keys, n, CG_OK};
	return store_write(s, STORE_CHANGES_GRANTS, change_txn, &c, NULL);
}

/* Ids in the order of a walk, as "a b c ". */
struct listing {
	struct store_walk walk;
	size_t most;
	size_t n;
	char ids[4096];
	char last[64];
};

static inline cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
			  struct cg_err *err)
{
	struct listing *l = arg;
	struct arena a;
	Cg__Key *m;
	(void)err;
	if (l->most && l->n == l->most)
		return CG_NOT_FOUND;
	arena_init(&a, 100000);
	/* The record belongs to its key, whatever was walked on. */
	bool good = record_unpack(&cg__key__descriptor, value, &a, &m, NULL) == CG_OK &&
		    span_is_text(key, m->id) && (l->walk.by_index || index_key.n == 0);
	arena_release(&a);
	if (!good)
		return CG_FAIL;
	l->n++;
	(void)snprintf(l->last, sizeof(l->last), "%.*s", (int)key.n, key.p);
	size_t used = strlen(l->ids);
	(void)snprintf(l->ids + used, sizeof(l->ids) - used, "%.*s ", (int)key.n, key.p);
	return CG_OK;
}

static inline cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	l->n = 0;
	l->ids[0] = '\0';
	return store_walk(txn, &l->walk, visit, l, err);
}

static inline void assert_walk(struct store *s, struct store_walk walk, size_t most,
			       const char *want)
{
	struct listing l = {.walk = walk, .most = most};
	assert_int_equal(store_read(s, list_txn, &l, NULL), CG_OK);
	assert_string_equal(l.ids, want);
}

static inline struct store_walk all(void)
{
	return (struct store_walk){.table = STORE_KEY};
}

static inline struct store_walk under(enum store_index index, const char *index_key,
				      const char *after)
{
	return (struct store_walk){.by_index = true,
				   .index = index,
				   .only = true,
				   .index_key = span_of(index_key),
				   .after_key = span_of(after)};
}

static inline struct store_walk from(enum store_index index, const char *index_key,
				     const char *after)
{
	struct store_walk w = under(index, index_key, after);
	w.only = false;
	return w;
}

static inline cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span *io = arg; /* key in, value out */
	return store_get(txn, STORE_CRL, *io, &arena, io, err);
}

struct bytes {
	struct span key, value;
	bool add;
};

static inline cg_rc bytes_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct bytes *b = arg;
	return b->add ? store_add(txn, STORE_CRL, b->key, b->value, err)
		      : store_put(txn, STORE_CRL, b->key, b->value, err);
}

/* A child that ends with this program at the latest. */
static inline pid_t fork_child(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		(void)alarm(600);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

#endif
