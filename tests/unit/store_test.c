/* lib/store: what is written is there, under its key and under each index, and what failed is not.
 */
#include "base/base.h"
#include "store_world.h"

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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_create_and_open, setup_folders, teardown),
	    TEST(test_closed_folder),
	    TEST(test_get_put_add_remove),
	    TEST(test_indexes_follow),
	    TEST(test_index_of_many),
	    TEST(test_walks),
	    TEST(test_last_and_find),
	    TEST(test_failed_transaction_leaves_nothing),
	    TEST(test_generation),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(600);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
