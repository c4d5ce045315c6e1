/* The files of a store: its logs, its copies, those of the run folder, and what is said when they
 * cannot be had. */
#include "base/base.h"
#include "store_world.h"
#include "base/mapped.h"
#include <sys/resource.h>

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

static cg_rc open_mapped(const char *path, uint32_t layout, void **out, struct cg_err *err)
{
	return mapped_open(path, sizeof(struct mapped_test), layout, make_mapped, out, err);
}

/* 0: opened and right.  Ends by a signal when it must wait for ever. */
static int open_in_child(const char *path, uint32_t layout, uint64_t want)
{
	pid_t pid = fork_child();
	if (pid == 0) {
		void *memory = NULL;
		(void)alarm(600);
		if (open_mapped(path, layout, &memory, NULL) != CG_OK)
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
	assert_int_equal(open_mapped(path, 1, &first, &err), CG_OK);
	/* While it stays mapped here: by another process, by this one, and by both again. */
	assert_int_equal(open_in_child(path, 1, 42), 0);
	assert_int_equal(open_mapped(path, 1, &second, &err), CG_OK);
	assert_true(((struct mapped_test *)second)->number == 43);
	assert_int_equal(open_in_child(path, 1, 43), 0);
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
	/* As programs of another version see it, whose struct has another layout and the same size:
	 * not while somebody has it, and then anew. */
	assert_int_equal(open_mapped(path, 1, &first, &err), CG_OK);
	assert_int_equal(open_mapped(path, 2, &second, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "another version"));
	mapped_close(&first, sizeof(struct mapped_test));
	assert_int_equal(open_mapped(path, 2, &second, &err), CG_OK);
	assert_true(((struct mapped_test *)second)->number == 42);
	assert_int_equal(n_made, 2);
	mapped_close(&second, sizeof(struct mapped_test));
	/* Somewhere that it cannot be. */
	assert_int_equal(open_mapped("/proc/nowhere", 1, &first, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "/proc/nowhere"));
}

/* --- copies --- */

static const char *folder_of(const char *name)
{
	const char *path = arena_printf(&arena, "%s/%s", home.dir, name);
	assert_non_null(path);
	assert_int_equal(mkdir(path, 0700), 0);
	return path;
}

/* No file of this process may grow beyond n bytes. */
static void let_files_grow_to(rlim_t n)
{
	struct rlimit limit;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The copy is the store as it was; what keeps one from being made is said, and the store goes on.
 */
static void test_copies(void **state)
{
	(void)state;
	const struct key k = {"k1", "one", {"a"}}, later = {"k2", "two", {"a"}};
	struct store *s = open_store();
	struct cg_err err = {0};
	assert_int_equal(change(s, ADD, &k, 1), CG_OK);
	const char *live = folder_of("live"), *again = folder_of("again"),
		   *full = folder_of("full");
	assert_int_equal(store_copy(s, live, &err), CG_OK);
	assert_int_equal(change(s, ADD, &later, 1), CG_OK);
	/* Nothing is written over. */
	assert_int_equal(store_copy(s, live, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, live));
	assert_non_null(strstr(err.text, strerror(EEXIST)));
	const char *nowhere = arena_printf(&arena, "%s/nowhere", home.dir);
	assert_int_equal(store_copy(s, nowhere, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, nowhere));
	assert_int_equal(store_copy_files(live, nowhere, &err), CG_UNAVAILABLE);
	assert_int_equal(store_copy_files(nowhere, again, &err), CG_UNAVAILABLE);
	let_files_grow_to(4096);
	assert_int_equal(store_copy_files(live, full, &err), CG_UNAVAILABLE);
	let_files_grow_to(RLIM_INFINITY);
	assert_non_null(strstr(err.text, full));
	assert_walk(s, all(), 0, "k1 k2 ");
	store_close(&s);
	/* A copy of the copy is whole. */
	assert_int_equal(store_copy_files(live, again, &err), CG_OK);
	assert_int_equal(store_check_files(again, &err), CG_OK);
	(void)remove_tree(home.db);
	assert_int_equal(rename(again, home.db), 0);
	(void)remove_tree(home.run);
	assert_int_equal(mkdir(home.run, 0700), 0);
	s = open_store();
	assert_walk(s, all(), 0, "k1 ");
	assert_walk(s, under(STORE_KEY_BY_NAME, "one", NULL), 0, "k1 ");
	store_close(&s);
}

static void test_damaged_copies(void **state)
{
	(void)state;
	const struct key k = {"k1", "one", {"a"}};
	struct store *s = open_store();
	struct cg_err err = {0};
	assert_int_equal(change(s, ADD, &k, 1), CG_OK);
	const char *copy = folder_of("copy");
	assert_int_equal(store_copy(s, copy, &err), CG_OK);
	store_close(&s);
	assert_int_equal(store_check_files(copy, &err), CG_OK);
	const char *const files[] = {"key.db", "key-by-api.db"};
	for (size_t i = 0; i < CG_COUNT(files); i++) {
		const char *path = arena_printf(&arena, "%s/%s", copy, files[i]);
		uint8_t page[32] = {0};
		int fd = open(path, O_RDWR);
		assert_true(fd >= 0);
		assert_int_equal(pread(fd, page, sizeof(page), 0), sizeof(page));
		static const uint8_t damage[sizeof(page)] = {0};
		assert_int_equal(pwrite(fd, damage, sizeof(damage), 0), sizeof(damage));
		assert_int_equal(store_check_files(copy, &err), CG_UNAVAILABLE);
		assert_non_null(strstr(err.text, path));
		assert_non_null(strstr(err.text, "damaged"));
		assert_int_equal(pwrite(fd, page, sizeof(page), 0), sizeof(page));
		(void)close(fd);
		assert_int_equal(store_check_files(copy, &err), CG_OK);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(store_check_files(copy, &err), CG_UNAVAILABLE);
		assert_non_null(strstr(err.text, path));
		assert_non_null(strstr(err.text, "missing"));
		assert_int_equal(store_copy_files(home.db, folder_of(files[i]), &err), CG_OK);
		copy = arena_printf(&arena, "%s/%s", home.dir, files[i]);
	}
}

/* --- no descriptors --- */

enum { OPENED = 0, ENDED = 1, TOLD = 9, SAID_MAX = 4000 };

/* Opens the store with `n` descriptors at most; what was said is in `said`. */
static int open_with_descriptors(rlim_t n, bool recover, char said[SAID_MAX + 1])
{
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	if (recover) {
		const char *lock = arena_printf(&arena, "%s/lock", home.run);
		assert_int_equal(unlink(lock), 0);
	}
	pid_t pid = fork_child();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s = NULL;
		struct cg_err err = {0};
		struct rlimit limit;
		if (dup2(fds[1], STDERR_FILENO) < 0)
			_exit(2);
		for (int fd = 3; fd < 1000; fd++)
			(void)close(fd);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = n;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			_exit(2);
		if (store_open(&home, &s, &err) == CG_OK)
			_exit(OPENED);
		(void)dprintf(STDERR_FILENO, "%s", err.text);
		_exit(s ? 2 : TOLD);
	}
	(void)close(fds[1]);
	char bytes[512];
	size_t used = 0;
	ssize_t got;
	while ((got = read(fds[0], bytes, sizeof(bytes))) > 0) {
		size_t kept = (size_t)got < SAID_MAX - used ? (size_t)got : SAID_MAX - used;
		memcpy(said + used, bytes, kept);
		used += kept;
	}
	said[used] = '\0';
	(void)close(fds[0]);
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("with %d descriptors: %x %s", (int)n, status, said);
	return WEXITSTATUS(status);
}

/* However many descriptors there are: it opens, or somebody is told, and nothing is lost. */
static void test_no_descriptors(void **state)
{
	(void)state;
	const struct key k = {"k1", "one", {"a"}};
	for (int recover = 0; recover < 2; recover++) {
		struct store *s = open_store();
		assert_int_equal(change(s, PUT, &k, 1), CG_OK);
		store_close(&s);
		unsigned ended = 0, told = 0;
		for (rlim_t n = 3;; n++) {
			char said[SAID_MAX + 1];
			int end = open_with_descriptors(n, recover, said);
			if (end == OPENED)
				break;
			if ((end != ENDED && end != TOLD) || !strstr(said, "."))
				fail_msg("with %d descriptors: %d %s", (int)n, end, said);
			if (end == ENDED && !strstr(said, "this program ends"))
				fail_msg("with %d descriptors: %s", (int)n, said);
			ended += end == ENDED;
			told += end == TOLD;
			assert_in_range(n, 3, 200);
			s = open_store();
			assert_walk(s, all(), 0, "k1 ");
			assert_walk(s, under(STORE_KEY_BY_API, "a", NULL), 0, "k1 ");
			store_close(&s);
		}
		assert_in_range(ended, 1, 200);
		assert_in_range(told, 1, 200);
	}
}

/* --- the run folder --- */

static void test_no_run_folder(void **state)
{
	(void)state;
	struct live *live = NULL;
	struct store *s = NULL;
	struct cg_err err = {0};
	(void)remove_tree(home.run);
	assert_int_equal(live_open(&home, &live, &err), CG_UNAVAILABLE);
	assert_null(live);
	assert_non_null(strstr(err.text, home.run));
	live_close(&live);
	err.text[0] = '\0';
	assert_int_equal(store_open(&home, &s, &err), CG_UNAVAILABLE);
	assert_null(s);
	assert_non_null(strstr(err.text, home.run));
	assert_int_equal(mkdir(home.run, 0700), 0);
	/* Something else is in its place. */
	const char *path = folder_of("run/live");
	assert_int_equal(live_open(&home, &live, &err), CG_UNAVAILABLE);
	assert_null(live);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(live_open(&home, &live, &err), CG_OK);
	live_close(&live);
	assert_null(live);
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
			(void)remove_tree(home.run);
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
	    TEST(test_newer_store),   TEST(test_logs_are_removed),  TEST(test_mapped_file),
	    TEST(test_copies),	      TEST(test_damaged_copies),    TEST(test_no_descriptors),
	    TEST(test_no_run_folder), TEST(test_regions_have_room),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(600);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
