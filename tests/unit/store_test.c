/* lib/store and lib/live with real databases and real deaths: what was acknowledged is there, what
 * was not is not, and nobody waits for the dead. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "base/mapped.h"
#include "record/record.h"
#include "store/store.h"
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
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

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int setup_folders(void **state)
{
	static char dir[32];
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/cgs.XXXXXX");
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	if (!mkdtemp(dir) || home_find(dir, &home, NULL) != CG_OK)
		return -1;
	return mkdir(home.db, 0700) | mkdir(home.run, 0700) | mkdir(home.keys, 0700);
}

static int setup(void **state)
{
	return setup_folders(state) == 0 && store_create(&home, NULL) == CG_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	remove_tree(home.dir);
	return 0;
}

static struct store *open_store(void)
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

static struct span pack(const struct key *k, struct arena *a)
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

static cg_rc change_txn(struct store_txn *txn, void *arg, struct cg_err *err)
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

static cg_rc change(struct store *s, enum action action, const struct key *keys, size_t n)
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

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
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

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	l->n = 0;
	l->ids[0] = '\0';
	return store_walk(txn, &l->walk, visit, l, err);
}

static void assert_walk(struct store *s, struct store_walk walk, size_t most, const char *want)
{
	struct listing l = {.walk = walk, .most = most};
	assert_int_equal(store_read(s, list_txn, &l, NULL), CG_OK);
	assert_string_equal(l.ids, want);
}

static struct store_walk all(void)
{
	return (struct store_walk){.table = STORE_KEY};
}

static struct store_walk under(enum store_index index, const char *index_key, const char *after)
{
	return (struct store_walk){.by_index = true,
				   .index = index,
				   .only = true,
				   .index_key = span_of(index_key),
				   .after_key = span_of(after)};
}

static struct store_walk from(enum store_index index, const char *index_key, const char *after)
{
	struct store_walk w = under(index, index_key, after);
	w.only = false;
	return w;
}

/* --- tests --- */

static void test_create_and_open(void **state)
{
	(void)state;
	struct store *s = NULL;
	struct cg_err err = {0};
	/* No store yet. */
	assert_int_equal(store_open(&home, &s, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "certgate init"));
	assert_null(s);
	assert_int_equal(store_create(&home, &err), CG_OK);
	s = open_store();
	const struct key k = {"id1", "one", {"api"}};
	assert_int_equal(change(s, ADD, &k, 1), CG_OK);
	store_close(&s);
	assert_null(s);
	store_close(&s);
	/* A second one is not made over it. */
	assert_int_equal(store_create(&home, &err), CG_CLASH);
	assert_non_null(strstr(err.text, "nothing was changed"));
	s = open_store();
	assert_walk(s, all(), 0, "id1 ");
	assert_int_equal(store_recoveries(s), 0);
	store_close(&s);
}

static void test_closed_folder(void **state)
{
	(void)state;
	struct store *s = NULL;
	struct cg_err err = {0};
	assert_int_equal(chmod(home.db, 0750), 0);
	assert_int_equal(store_open(&home, &s, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "chmod 700"));
	assert_int_equal(chmod(home.db, 0700), 0);
	s = open_store();
	store_close(&s);
	/* Nothing that was made is for others. */
	char command[3 * HOME_PATH_MAX];
	(void)snprintf(command, sizeof(command), "test -z \"$(find '%s' -perm /077)\"", home.dir);
	assert_int_equal(system(command), 0);
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span *io = arg; /* key in, value out */
	return store_get(txn, STORE_CRL, *io, &arena, io, err);
}

struct bytes {
	struct span key, value;
	bool add;
};

static cg_rc bytes_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct bytes *b = arg;
	return b->add ? store_add(txn, STORE_CRL, b->key, b->value, err)
		      : store_put(txn, STORE_CRL, b->key, b->value, err);
}

static void test_get_put_add_remove(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct cg_err err = {0};
	struct span io = SPAN_LIT("k\0y");
	assert_int_equal(store_read(s, get_txn, &io, &err), CG_NOT_FOUND);
	assert_string_equal(err.text, "");
	struct bytes b = {SPAN_LIT("k\0y"), SPAN_LIT("v\0\xff"), true};
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, bytes_txn, &b, &err), CG_OK);
	/* The same again is a clash, and the old one stays. */
	b.value = SPAN_LIT("other");
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, bytes_txn, &b, &err), CG_CLASH);
	assert_string_equal(err.text, "");
	io = SPAN_LIT("k\0y");
	assert_int_equal(store_read(s, get_txn, &io, &err), CG_OK);
	assert_true(span_is(io, SPAN_LIT("v\0\xff")));
	b.add = false;
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, bytes_txn, &b, &err), CG_OK);
	io = SPAN_LIT("k\0y");
	assert_int_equal(store_read(s, get_txn, &io, &err), CG_OK);
	assert_true(span_is(io, SPAN_LIT("other")));
	/* Another key that begins alike. */
	io = SPAN_LIT("k\0");
	assert_int_equal(store_read(s, get_txn, &io, &err), CG_NOT_FOUND);
	/* A record as large as there can be, and an empty one. */
	char *big = arena_alloc(&arena, RECORD_MAX);
	assert_non_null(big);
	memset(big, 0x5a, RECORD_MAX);
	b = (struct bytes){SPAN_LIT("big"), span_make(big, RECORD_MAX), true};
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, bytes_txn, &b, &err), CG_OK);
	io = SPAN_LIT("big");
	assert_int_equal(store_read(s, get_txn, &io, &err), CG_OK);
	assert_true(span_is(io, b.value));
	b = (struct bytes){SPAN_LIT("empty"), SPAN_LIT(""), true};
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, bytes_txn, &b, &err), CG_OK);
	io = SPAN_LIT("empty");
	assert_int_equal(store_read(s, get_txn, &io, &err), CG_OK);
	assert_int_equal(io.n, 0);
	/* What is not there cannot be removed. */
	const struct key none = {"none", "none", {NULL}};
	assert_int_equal(change(s, REMOVE, &none, 1), CG_NOT_FOUND);
	store_close(&s);
}

static void test_indexes_follow(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct key keys[] = {
	    {"k1", "same",  {"a", "b"}},
		{"k2", "same",  {"b", "c"}},
	    {"k3", "other", {NULL}	  }
	   };
	assert_int_equal(change(s, ADD, keys, 3), CG_OK);
	assert_walk(s, under(STORE_KEY_BY_NAME, "same", NULL), 0, "k1 k2 ");
	assert_walk(s, under(STORE_KEY_BY_NAME, "other", NULL), 0, "k3 ");
	assert_walk(s, under(STORE_KEY_BY_API, "a", NULL), 0, "k1 ");
	assert_walk(s, under(STORE_KEY_BY_API, "b", NULL), 0, "k1 k2 ");
	assert_walk(s, under(STORE_KEY_BY_API, "c", NULL), 0, "k2 ");
	/* Another name, one API more, one less, one twice. */
	keys[0] = (struct key){
	    "k1", "new", {"b", "c", "b"}
	};
	assert_int_equal(change(s, PUT, keys, 1), CG_OK);
	assert_walk(s, under(STORE_KEY_BY_NAME, "same", NULL), 0, "k2 ");
	assert_walk(s, under(STORE_KEY_BY_NAME, "new", NULL), 0, "k1 ");
	assert_walk(s, under(STORE_KEY_BY_API, "a", NULL), 0, "");
	assert_walk(s, under(STORE_KEY_BY_API, "b", NULL), 0, "k1 k2 ");
	assert_walk(s, under(STORE_KEY_BY_API, "c", NULL), 0, "k1 k2 ");
	/* None at all. */
	keys[0] = (struct key){"k1", "new", {NULL}};
	assert_int_equal(change(s, PUT, keys, 1), CG_OK);
	assert_walk(s, under(STORE_KEY_BY_API, "b", NULL), 0, "k2 ");
	assert_int_equal(change(s, REMOVE, &keys[1], 1), CG_OK);
	assert_walk(s, under(STORE_KEY_BY_API, "b", NULL), 0, "");
	assert_walk(s, under(STORE_KEY_BY_API, "c", NULL), 0, "");
	assert_walk(s, under(STORE_KEY_BY_NAME, "same", NULL), 0, "");
	assert_walk(s, all(), 0, "k1 k3 ");
	store_close(&s);
	s = open_store();
	assert_walk(s, under(STORE_KEY_BY_NAME, "new", NULL), 0, "k1 ");
	store_close(&s);
}

static cg_rc put_packed(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct bytes *b = arg;
	return store_put(txn, STORE_KEY, b->key, b->value, err);
}

static void test_index_of_many(void **state)
{
	(void)state;
	struct store *s = open_store();
	Cg__Key m = CG__KEY__INIT;
	static Cg__Access access[LIST_MAX_ENTRIES];
	static Cg__Access *list[LIST_MAX_ENTRIES];
	static char ids[LIST_MAX_ENTRIES][16], id[] = "many", name[] = "many";
	for (size_t i = 0; i < LIST_MAX_ENTRIES; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "api-%zu", i);
		cg__access__init(&access[i]);
		access[i].api_id = ids[i];
		list[i] = &access[i];
	}
	m.id = id;
	m.name = name;
	m.access = list;
	m.n_access = LIST_MAX_ENTRIES;
	struct bytes b = {.key = SPAN_LIT("many")};
	assert_int_equal(record_pack(&m, &arena, &b.value, NULL), CG_OK);
	assert_int_equal(store_write(s, STORE_CHANGES_GRANTS, put_packed, &b, NULL), CG_OK);
	for (size_t i = 0; i < LIST_MAX_ENTRIES; i++)
		assert_walk(s, under(STORE_KEY_BY_API, ids[i], NULL), 0, "many ");
	m.n_access = 1;
	assert_int_equal(record_pack(&m, &arena, &b.value, NULL), CG_OK);
	assert_int_equal(store_write(s, STORE_CHANGES_GRANTS, put_packed, &b, NULL), CG_OK);
	for (size_t i = 0; i < LIST_MAX_ENTRIES; i++)
		assert_walk(s, under(STORE_KEY_BY_API, ids[i], NULL), 0, i == 0 ? "many " : "");
	/* Bytes that are no record are refused, not stored without their index. */
	b.value = SPAN_LIT("garbage!");
	struct cg_err err = {0};
	assert_int_not_equal(store_write(s, STORE_CHANGES_GRANTS, put_packed, &b, &err), CG_OK);
	assert_walk(s, under(STORE_KEY_BY_NAME, "many", NULL), 0, "many ");
	store_close(&s);
}

static void test_walks(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct key keys[] = {
	    {"k1",  "b",	{NULL}},
		 {"k2",	"a",  {NULL}},
	       {"k3",  "b",  {NULL}},
	    {"k4",  "c",	{NULL}},
	    {"k5",  "b",	{NULL}},
		 {"k55", "b",  {NULL}},
	       {"k6",  "bb", {NULL}}
	   };
	assert_walk(s, all(), 0, "");
	assert_walk(s, from(STORE_KEY_BY_NAME, "", NULL), 0, "");
	assert_walk(s, under(STORE_KEY_BY_NAME, "b", NULL), 0, "");
	assert_int_equal(change(s, ADD, keys, CG_COUNT(keys)), CG_OK);
	static const struct {
		const char *index_key; /* NULL: by primary key */
		bool only;
		const char *after;
		size_t most;
		const char *want;
	} rows[] = {
	    {NULL, false, NULL,	0, "k1 k2 k3 k4 k5 k55 k6 "},
	    {NULL, false, "k3",	0, "k4 k5 k55 k6 "	  },
	    {NULL, false, "k33", 0, "k4 k5 k55 k6 "	   },
	    {NULL, false, "k6",	0, ""			     },
	    {NULL, false, "zz",	0, ""			     },
	    {NULL, false, "a",   2, "k1 k2 "		  },
	    {"",	 false, NULL,  0, "k2 k1 k3 k5 k55 k6 k4 "},
	    {"a",  false, "k2",  0, "k1 k3 k5 k55 k6 k4 "   },
	    {"b",  false, NULL,  0, "k1 k3 k5 k55 k6 k4 "   },
	    {"b",  false, "k3",  0, "k5 k55 k6 k4 "	 },
	    {"b",  false, "k3",  2, "k5 k55 "		   },
	    {"b",  false, "k55", 0, "k6 k4 "		   },
	    {"b",  false, "k9",  0, "k6 k4 "		  },
	    {"ab", false, "k9",	0, "k1 k3 k5 k55 k6 k4 "	},
	    {"c",  false, "k4",  0, ""			    },
	    {"d",  false, NULL,  0, ""			    },
	    {"b",  true,	NULL,  0, "k1 k3 k5 k55 "		},
	    {"b",  true,	NULL,  3, "k1 k3 k5 "		    },
	    {"b",  true,	"k1",  0, "k3 k5 k55 "	     },
	    {"b",  true,	"k2",  0, "k3 k5 k55 "	     },
	    {"b",  true,	"k55", 0, ""			    },
	    {"b",  true,	"zz",  0, ""			   },
	    {"ab", true,	 NULL,  0, ""			    },
	    {"bb", true,	 NULL,  0, "k6 "		       },
	    {"d",  true,	NULL,  0, ""			   },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct store_walk w =
		    rows[i].index_key ? from(STORE_KEY_BY_NAME, rows[i].index_key, rows[i].after)
				      : all();
		w.only = rows[i].only;
		w.after_key = span_of(rows[i].after);
		struct listing l = {.walk = w, .most = rows[i].most};
		assert_int_equal(store_read(s, list_txn, &l, NULL), CG_OK);
		if (strcmp(l.ids, rows[i].want) != 0)
			fail_msg("row %zu: %s", i, l.ids);
	}
	/* Page by page, of every size: each once, in order. */
	for (size_t most = 1; most < 9; most++) {
		char got[4096] = "", after[64] = "";
		struct listing l;
		do {
			l = (struct listing){.walk = all(), .most = most};
			l.walk.after_key = span_of(after);
			assert_int_equal(store_read(s, list_txn, &l, NULL), CG_OK);
			size_t n = strlen(got);
			(void)snprintf(got + n, sizeof(got) - n, "%.200s", l.ids);
			memcpy(after, l.last, sizeof(after));
		} while (l.n == most);
		assert_string_equal(got, "k1 k2 k3 k4 k5 k55 k6 ");
	}
	store_close(&s);
}

static cg_rc last_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	return store_last(txn, STORE_KEY, &arena, arg, err);
}

static cg_rc find_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span *io = arg;
	return store_find(txn, STORE_KEY_BY_NAME, *io, &arena, io, err);
}

static void test_last_and_find(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct span key;
	assert_int_equal(store_read(s, last_txn, &key, NULL), CG_NOT_FOUND);
	const struct key keys[] = {
	    {"k2",  "b", {NULL}},
		 {"k1",	"b", {NULL}},
	      {"k10", "a", {NULL}}
	  };
	assert_int_equal(change(s, ADD, keys, 3), CG_OK);
	assert_int_equal(store_read(s, last_txn, &key, NULL), CG_OK);
	assert_true(span_is_text(key, "k2"));
	key = SPAN_LIT("b");
	Cg__Key *m;
	assert_int_equal(store_read(s, find_txn, &key, NULL), CG_OK);
	assert_int_equal(record_unpack(&cg__key__descriptor, key, &arena, &m, NULL), CG_OK);
	assert_string_equal(m->id, "k1");
	key = SPAN_LIT("c");
	assert_int_equal(store_read(s, find_txn, &key, NULL), CG_NOT_FOUND);
	store_close(&s);
}

static void test_failed_transaction_leaves_nothing(void **state)
{
	(void)state;
	struct store *s = open_store();
	const struct key first = {"k1", "one", {"a"}};
	assert_int_equal(change(s, ADD, &first, 1), CG_OK);
	const struct live *live = store_live(s);
	uint64_t generation = live_generation(live);
	/* Whatever it fails with: nothing of it is there, nobody is told of a change. */
	static const cg_rc results[] = {CG_BAD_INPUT, CG_BAD_VALUE,  CG_NOT_FOUND, CG_CLASH,
					CG_STALE,     CG_DENIED,     CG_TOO_BIG,   CG_FULL,
					CG_FAIL,      CG_UNAVAILABLE};
	const struct key keys[] = {
	    {"k1", "changed", {"b"}},
	      {"k2", "two",	    {"a"}}
	  };
	for (size_t i = 0; i < CG_COUNT(results); i++) {
		struct change c = {PUT, keys, 2, results[i]};
		assert_int_equal(store_write(s, STORE_CHANGES_GRANTS, change_txn, &c, NULL),
				 results[i]);
		c = (struct change){REMOVE, keys, 1, results[i]};
		assert_int_equal(store_write(s, STORE_CHANGES_GRANTS, change_txn, &c, NULL),
				 results[i]);
	}
	/* The second of two clashes. */
	const struct key clash[] = {
	    {"k3", "three", {"a"}},
	    {"k1", "again", {"a"}}
	  };
	assert_int_equal(change(s, ADD, clash, 2), CG_CLASH);
	assert_walk(s, all(), 0, "k1 ");
	assert_walk(s, from(STORE_KEY_BY_NAME, "", NULL), 0, "k1 ");
	assert_walk(s, under(STORE_KEY_BY_NAME, "one", NULL), 0, "k1 ");
	assert_walk(s, from(STORE_KEY_BY_API, "", NULL), 0, "k1 ");
	assert_true(live_generation(live) == generation);
	assert_int_equal(store_recoveries(s), 0);
	store_close(&s);
}

/* A child that ends with this program at the latest. */
static pid_t fork_child(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		(void)alarm(60);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

static void test_generation(void **state)
{
	(void)state;
	struct store *s = open_store();
	const struct live *live = store_live(s);
	uint64_t before = live_generation(live);
	struct bytes b = {SPAN_LIT("k"), SPAN_LIT("v"), false};
	struct span io = SPAN_LIT("k");
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, bytes_txn, &b, NULL), CG_OK);
	assert_int_equal(store_read(s, get_txn, &io, NULL), CG_OK);
	assert_true(live_generation(live) == before);
	assert_int_equal(store_write(s, STORE_CHANGES_GRANTS, bytes_txn, &b, NULL), CG_OK);
	assert_true(live_generation(live) == before + 1);
	/* Another process sees the same number, and moves it for this one. */
	int pipe_fds[2];
	uint64_t there = 0;
	assert_int_equal(pipe(pipe_fds), 0);
	pid_t pid = fork_child();
	if (pid == 0) {
		struct store *mine = NULL;
		if (store_open(&home, &mine, NULL) != CG_OK)
			_exit(1);
		uint64_t seen = live_generation(store_live(mine));
		if (write(pipe_fds[1], &seen, sizeof(seen)) != sizeof(seen) ||
		    store_write(mine, STORE_CHANGES_GRANTS, bytes_txn, &b, NULL) != CG_OK)
			_exit(2);
		_exit(0);
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(pipe_fds[0], &there, sizeof(there)), sizeof(there));
	assert_true(there == before + 1);
	assert_true(live_generation(live) == before + 2);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	store_close(&s);
}

/* --- deaths --- */

enum moment { READING, BEFORE, AFTER_FIRST, AFTER_ALL, MOMENTS };

struct death {
	enum moment when;
	int signal;
};

static cg_rc die_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct death *d = arg;
	const struct key keys[] = {
	    {"dead1", "dead",	      {"d"}},
	      {"k1",    "overwritten", {"d"}}
	  };
	struct change c = {PUT, keys, 1, CG_OK};
	if (d->when == READING || d->when == BEFORE)
		(void)raise(d->signal);
	cg_rc rc = d->when == READING ? CG_OK : change_txn(txn, &c, err);
	if (d->when == AFTER_FIRST)
		(void)raise(d->signal);
	c = (struct change){PUT, keys + 1, 1, CG_OK};
	if (rc == CG_OK && d->when != READING)
		rc = change_txn(txn, &c, err);
	if (d->when == AFTER_ALL)
		(void)raise(d->signal);
	return rc;
}

/* A child that gets a signal of its own within a transaction. */
static pid_t child_with(enum moment when, int sig)
{
	pid_t pid = fork_child();
	if (pid != 0)
		return pid;
	struct store *s = NULL;
	struct death d = {when, sig};
	const struct key k = {"acknowledged", "by the dead", {"d"}};
	if (store_open(&home, &s, NULL) != CG_OK || change(s, PUT, &k, 1) != CG_OK)
		_exit(1);
	cg_rc rc = when == READING ? store_read(s, die_txn, &d, NULL)
				   : store_write(s, STORE_CHANGES_GRANTS, die_txn, &d, NULL);
	_exit(rc == CG_OK ? 0 : 2);
}

static void test_killed_inside(void **state)
{
	(void)state;
	const struct key mine = {"k1", "mine", {"a"}};
	struct store *s = open_store();
	assert_int_equal(change(s, ADD, &mine, 1), CG_OK);
	for (unsigned round = 0; round < 2 * MOMENTS; round++) {
		int status = 0;
		uint64_t generation = live_generation(store_live(s));
		pid_t pid = child_with((enum moment)(round % MOMENTS), SIGKILL);
		assert_true(pid > 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* Nobody did anything by hand: the next one in repairs it. */
		assert_walk(s, all(), 0, "acknowledged k1 ");
		assert_walk(s, under(STORE_KEY_BY_NAME, "mine", NULL), 0, "k1 ");
		assert_walk(s, under(STORE_KEY_BY_NAME, "dead", NULL), 0, "");
		assert_walk(s, under(STORE_KEY_BY_API, "a", NULL), 0, "k1 ");
		assert_walk(s, under(STORE_KEY_BY_API, "d", NULL), 0, "acknowledged ");
		assert_true(live_generation(store_live(s)) > generation + 1);
		assert_int_equal(store_recoveries(s), round + 1);
		assert_int_equal(change(s, PUT, &mine, 1), CG_OK);
		/* And for everybody who comes later. */
		const struct key gone = {"acknowledged", "by the dead", {"d"}};
		assert_int_equal(change(s, REMOVE, &gone, 1), CG_OK);
	}
	store_close(&s);
	s = open_store();
	assert_walk(s, all(), 0, "k1 ");
	assert_int_equal(store_recoveries(s), 0);
	store_close(&s);
}

/* Killed at any moment, by somebody else, while it writes as fast as it can. */
static void test_killed_anywhere(void **state)
{
	(void)state;
	struct store *s = open_store();
	size_t acknowledged = 0;
	for (unsigned round = 0; round < 12; round++) {
		int fds[2];
		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork_child();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct store *mine = NULL;
			if (store_open(&home, &mine, NULL) != CG_OK)
				_exit(1);
			for (unsigned i = 0;; i++) {
				char id[32];
				(void)snprintf(id, sizeof(id), "r%02u-%06u", round, i);
				const struct key k = {
				    id, id, {"a", id}
				     };
				if (change(mine, ADD, &k, 1) != CG_OK)
					_exit(2);
				if (write(fds[1], &i, sizeof(i)) != sizeof(i))
					_exit(3);
			}
		}
		(void)close(fds[1]);
		unsigned i, last = 0;
		while (read(fds[0], &i, sizeof(i)) == sizeof(i)) {
			last = i;
			if (i == 5 + 7 * round)
				assert_int_equal(kill(pid, SIGKILL), 0);
		}
		(void)close(fds[0]);
		int status = 0;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* All that was told is there; of the one after it all or nothing. */
		char id[32], want[64];
		for (i = 0; i <= last; i++) {
			(void)snprintf(id, sizeof(id), "r%02u-%06u", round, i);
			(void)snprintf(want, sizeof(want), "%s ", id);
			assert_walk(s, under(STORE_KEY_BY_NAME, id, NULL), 0, want);
			assert_walk(s, under(STORE_KEY_BY_API, id, NULL), 0, want);
		}
		acknowledged += last + 1;
	}
	struct listing by_id = {.walk = all()},
		       by_api = {.walk = under(STORE_KEY_BY_API, "a", NULL)},
		       by_name = {.walk = from(STORE_KEY_BY_NAME, "", NULL)};
	assert_int_equal(store_read(s, list_txn, &by_id, NULL), CG_OK);
	assert_int_equal(store_read(s, list_txn, &by_api, NULL), CG_OK);
	assert_int_equal(store_read(s, list_txn, &by_name, NULL), CG_OK);
	assert_true(by_id.n >= acknowledged && by_id.n <= acknowledged + 12);
	assert_int_equal(by_id.n, by_api.n);
	assert_int_equal(by_id.n, by_name.n);
	store_close(&s);
}

static void test_run_folder_lost(void **state)
{
	(void)state;
	const struct key k = {"k1", "one", {"a"}};
	struct store *s = open_store();
	assert_int_equal(change(s, ADD, &k, 1), CG_OK);
	uint64_t generation = live_generation(store_live(s));
	store_close(&s);
	/* As after a reboot, when it lies on a tmpfs. */
	remove_tree(home.run);
	assert_int_equal(mkdir(home.run, 0700), 0);
	s = open_store();
	assert_walk(s, all(), 0, "k1 ");
	assert_walk(s, under(STORE_KEY_BY_API, "a", NULL), 0, "k1 ");
	/* A process that still has the old number must not take it for the new one. */
	assert_true(live_generation(store_live(s)) != generation);
	const struct key k2 = {"k2", "two", {"a"}};
	assert_int_equal(change(s, ADD, &k2, 1), CG_OK);
	store_close(&s);
	/* The regions alone. */
	char command[HOME_PATH_MAX + 64];
	(void)snprintf(command, sizeof(command), "rm -f '%s'/__db.*", home.run);
	assert_int_equal(system(command), 0);
	s = open_store();
	assert_walk(s, all(), 0, "k1 k2 ");
	store_close(&s);
	/* The lock alone: what lies beside it belongs to nobody any more. */
	(void)snprintf(command, sizeof(command), "rm -f '%s'/lock", home.run);
	assert_int_equal(system(command), 0);
	s = open_store();
	assert_walk(s, all(), 0, "k1 k2 ");
	store_close(&s);
}

/* The files of the run folder as another boot, or another layout, or a fault left them. */
static void test_run_files_of_another_time(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		const char *what;
		size_t at, n; /* bytes that are changed; n 0: the file is cut to `at` */
	} rows[] = {
	    {"lock", "another boot id", 8,  36},
	    {"live", "another boot id", 8,  36},
	    {"lock", "never finished",  0,  4 },
	    {"live", "never finished",  0,  4 },
	    {"lock", "empty",	      0,	 0 },
	    {"live", "empty",	      0,	 0 },
	    {"lock", "cut",		    50, 0 },
	    {"live", "cut",		    50, 0 },
	};
	const struct key k = {"k1", "one", {"a"}};
	struct store *s = open_store();
	assert_int_equal(change(s, ADD, &k, 1), CG_OK);
	store_close(&s);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		char path[HOME_PATH_MAX + 16];
		/* Held for ever by somebody of that time. */
		pid_t pid = child_with(AFTER_ALL, SIGSTOP);
		int status = 0;
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		(void)snprintf(path, sizeof(path), "%s/%s", home.run, rows[i].file);
		int fd = open(path, O_RDWR);
		assert_true(fd >= 0);
		if (rows[i].n == 0) {
			assert_int_equal(ftruncate(fd, (off_t)rows[i].at), 0);
		} else {
			assert_int_equal(pwrite(fd, "00000000-0000-0000-0000-000000000000",
						rows[i].n, (off_t)rows[i].at),
					 rows[i].n);
		}
		(void)close(fd);
		s = open_store();
		assert_walk(s, all(), 0, "acknowledged k1 ");
		assert_walk(s, under(STORE_KEY_BY_NAME, "one", NULL), 0, "k1 ");
		store_close(&s);
	}
}

static void test_stopped_holder(void **state)
{
	(void)state;
	const struct key k = {"k1", "one", {"a"}};
	struct store *s = open_store();
	struct cg_err err = {0};
	assert_int_equal(change(s, ADD, &k, 1), CG_OK);
	pid_t pid = child_with(AFTER_FIRST, SIGSTOP);
	int status = 0;
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	/* The world does not stop with it, and nobody goes in beside it. */
	struct listing l = {.walk = all()};
	assert_int_equal(store_read(s, list_txn, &l, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "busy"));
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* It was slow, not dead: its work counts and nothing was recovered. */
	assert_walk(s, all(), 0, "acknowledged dead1 k1 ");
	assert_walk(s, under(STORE_KEY_BY_NAME, "overwritten", NULL), 0, "k1 ");
	assert_int_equal(store_recoveries(s), 0);
	store_close(&s);
}

/* --- many at once --- */

#define WRITERS 4
#define EACH	25

static void *write_some(void *arg)
{
	struct store *s = arg;
	static unsigned next;
	unsigned me = __atomic_add_fetch(&next, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < EACH; i++) {
		char id[32];
		(void)snprintf(id, sizeof(id), "%u-%u-%u", (unsigned)getpid(), me, i);
		const struct key k = {id, "many", {"a"}};
		if (change(s, ADD, &k, 1) != CG_OK)
			return s;
		struct listing l = {.walk = all()};
		if (store_read(s, list_txn, &l, NULL) != CG_OK)
			return s;
	}
	return NULL;
}

static void test_threads_and_processes(void **state)
{
	(void)state;
	struct store *s = open_store();
	pid_t children[2];
	for (size_t i = 0; i < CG_COUNT(children); i++) {
		children[i] = fork_child();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			struct store *mine = NULL;
			_exit(store_open(&home, &mine, NULL) != CG_OK || write_some(mine));
		}
	}
	pthread_t threads[WRITERS];
	for (size_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_some, s), 0);
	for (size_t i = 0; i < WRITERS; i++) {
		void *fault;
		assert_int_equal(pthread_join(threads[i], &fault), 0);
		assert_null(fault);
	}
	for (size_t i = 0; i < CG_COUNT(children); i++) {
		int status = -1;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	struct listing by_id = {.walk = all()},
		       by_name = {.walk = under(STORE_KEY_BY_NAME, "many", NULL)};
	assert_int_equal(store_read(s, list_txn, &by_id, NULL), CG_OK);
	assert_int_equal(store_read(s, list_txn, &by_name, NULL), CG_OK);
	assert_int_equal(by_id.n, (WRITERS + CG_COUNT(children)) * EACH);
	assert_int_equal(by_name.n, by_id.n);
	store_close(&s);
}

static cg_rc newer_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span bytes;
	Cg__Meta meta = CG__META__INIT;
	(void)arg;
	meta.schema_version = STORE_SCHEMA_VERSION + 1;
	cg_rc rc = record_pack(&meta, &arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, STORE_META, SPAN_LIT("meta"), bytes, err) : rc;
}

static void test_newer_store(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct cg_err err = {0};
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, newer_txn, NULL, NULL), CG_OK);
	store_close(&s);
	assert_int_equal(store_open(&home, &s, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "newer"));
	assert_null(s);
}

/* Log files do not pile up. */
static void test_logs_are_removed(void **state)
{
	(void)state;
	struct store *s = open_store();
	char *big = arena_alloc(&arena, 200000);
	assert_non_null(big);
	for (unsigned i = 0; i < 400; i++) {
		memset(big, (int)(i & 0xff), 200000);
		struct bytes b = {SPAN_LIT("big"), span_make(big, 200000), false};
		assert_int_equal(store_write(s, STORE_CHANGES_NONE, bytes_txn, &b, NULL), CG_OK);
	}
	store_close(&s);
	/* 80 MB went through files of 10 MB. */
	char command[HOME_PATH_MAX + 64];
	(void)snprintf(command, sizeof(command), "test $(ls '%s' | grep -c '^log\\.') -le 5",
		       home.db);
	assert_int_equal(system(command), 0);
}

/* --- mapped files --- */

struct mapped_test {
	struct mapped_head head;
	uint64_t number;
};

static unsigned n_made;

static void make_mapped(void *memory)
{
	struct mapped_test *m = memory;
	n_made++;
	m->number = 42;
}

/* 0: opened and right.  Ends by a signal when it must wait for ever. */
static int open_in_child(const char *path, size_t size, uint64_t want)
{
	pid_t pid = fork_child();
	if (pid == 0) {
		void *memory = NULL;
		(void)alarm(10);
		if (mapped_open(path, size, make_mapped, &memory, NULL) != CG_OK)
			_exit(1);
		struct mapped_test *m = memory;
		bool right = m->number == want;
		__atomic_store_n(&m->number, want + 1, __ATOMIC_SEQ_CST);
		_exit(right ? 0 : 2);
	}
	int status = -1;
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void test_mapped_file(void **state)
{
	(void)state;
	char path[HOME_PATH_MAX + 16];
	void *first = NULL, *second = NULL;
	struct cg_err err = {0};
	(void)snprintf(path, sizeof(path), "%s/mapped", home.run);
	n_made = 0;
	assert_int_equal(mapped_open(path, sizeof(struct mapped_test), make_mapped, &first, &err),
			 CG_OK);
	/* While it stays mapped here: by another process, by this one, and by both again. */
	assert_int_equal(open_in_child(path, sizeof(struct mapped_test), 42), 0);
	assert_int_equal(mapped_open(path, sizeof(struct mapped_test), make_mapped, &second, &err),
			 CG_OK);
	assert_true(((struct mapped_test *)second)->number == 43);
	assert_int_equal(open_in_child(path, sizeof(struct mapped_test), 43), 0);
	assert_true(((struct mapped_test *)first)->number == 44);
	assert_int_equal(n_made, 1);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* No page of it is a hole: a full disk must not be found out by SIGBUS. */
	assert_true(st.st_blocks * 512 >= st.st_size);
	mapped_close(&first, sizeof(struct mapped_test));
	mapped_close(&second, sizeof(struct mapped_test));
	assert_null(first);
	mapped_close(&first, sizeof(struct mapped_test));
	/* Somewhere that it cannot be. */
	assert_int_equal(mapped_open("/proc/nowhere", 100, make_mapped, &first, &err),
			 CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "/proc/nowhere"));
}

/* A full disk must not be found out by SIGBUS, also where the run folder is a link to a tmpfs. */
static void test_regions_have_room(void **state)
{
	(void)state;
	char elsewhere[HOME_PATH_MAX + 16];
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", home.dir);
	for (unsigned linked = 0; linked < 2; linked++) {
		if (linked) {
			assert_int_equal(mkdir(elsewhere, 0700), 0);
			remove_tree(home.run);
			assert_int_equal(symlink("elsewhere", home.run), 0);
		}
		struct store *s = open_store();
		for (unsigned n = 1; n <= 6; n++) {
			char path[HOME_PATH_MAX + 16];
			struct stat st;
			(void)snprintf(path, sizeof(path), "%s/__db.00%u", home.run, n);
			if (stat(path, &st) != 0)
				assert_true(n > 3);
			else if (st.st_blocks * 512 < st.st_size)
				fail_msg("%s has holes", path);
		}
		store_close(&s);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_create_and_open, setup_folders, teardown),
	    TEST(test_regions_have_room),
	    TEST(test_closed_folder),
	    TEST(test_get_put_add_remove),
	    TEST(test_indexes_follow),
	    TEST(test_index_of_many),
	    TEST(test_walks),
	    TEST(test_last_and_find),
	    TEST(test_failed_transaction_leaves_nothing),
	    TEST(test_generation),
	    TEST(test_killed_inside),
	    TEST(test_killed_anywhere),
	    TEST(test_run_folder_lost),
	    TEST(test_run_files_of_another_time),
	    TEST(test_stopped_holder),
	    TEST(test_threads_and_processes),
	    TEST(test_newer_store),
	    TEST(test_logs_are_removed),
	    TEST(test_mapped_file),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(120);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
