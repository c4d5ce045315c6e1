/* lib/store with real databases and real deaths: what was acknowledged is there, what was not is
 * not, and nobody waits for the dead. */
#include "base/base.h"
#include "store_world.h"
#include <pthread.h>

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
	(void)remove_tree(home.run);
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

/* Who gets no time for long is told so, and tries again. */
static bool is_busy(cg_rc rc, const struct cg_err *err)
{
	return rc == CG_UNAVAILABLE && strstr(err->text, "is busy");
}

static void *write_some(void *arg)
{
	struct store *s = arg;
	static unsigned next;
	unsigned me = __atomic_add_fetch(&next, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < EACH; i++) {
		char id[32];
		(void)snprintf(id, sizeof(id), "%u-%u-%u", (unsigned)getpid(), me, i);
		const struct key k = {id, "many", {"a"}};
		struct change add = {ADD, &k, 1, CG_OK};
		struct listing l = {.walk = all()};
		struct cg_err err = {0};
		cg_rc rc;
		while (is_busy(rc = store_write(s, STORE_CHANGES_GRANTS, change_txn, &add, &err),
			       &err))
			;
		if (rc != CG_OK)
			return s;
		while (is_busy(rc = store_read(s, list_txn, &l, &err), &err))
			;
		if (rc != CG_OK)
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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_killed_inside),	TEST(test_killed_anywhere),
	    TEST(test_run_folder_lost), TEST(test_run_files_of_another_time),
	    TEST(test_stopped_holder),	TEST(test_threads_and_processes),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(600);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
