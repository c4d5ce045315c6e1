/* The files that hold the counters of limits: they grow, what is free is used again, and what is
 * wrong with them is an error, never a pass. */
#include "base/base.h"
#include "limits_world.h"
#include <fcntl.h>
#include <sys/resource.h>

enum { MANY = 20000 };

static void take_each_once(struct limits *l, uint32_t from)
{
	(void)__atomic_add_fetch(&shared->ready, 1, __ATOMIC_ACQ_REL);
	wait_until(&shared->ready, shared->together);
	for (uint32_t i = from; i < from + MANY; i++) {
		struct limits_ask ask = numbered("many", i, 3, 60);
		if (take_of(l, &ask, 1).verdict != LIMITS_PASSED)
			_exit(8);
	}
}

/* Over several segments, which each process maps when it meets them. */
static void test_growth(void **state)
{
	struct limits_size size;
	struct stat st;
	char path[HOME_PATH_MAX + 16];
	(void)state;
	shared->together = 2;
	pid_t pids[] = {child(take_each_once, 0), child(take_each_once, MANY)};
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		wait_for(pids[i], 0);
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		struct limits_ask ask = numbered("many", i, 3, 60);
		assert_int_equal(passing(&ask, 9), 2);
	}
	limits_size(limits, &size);
	assert_int_equal(size.slots, 2 * MANY);
	check_table();
	assert_in_range(size.slot_bytes, 1, 256);
	/* All of it is there: a hole could not be filled on a full disk. */
	(void)snprintf(path, sizeof(path), "%s/limits.slots", home.run);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 2 * MANY * size.slot_bytes, INT64_MAX);
	assert_in_range(st.st_blocks * 512, st.st_size, INT64_MAX);
}

/* Slots with nothing left to remember go to others, and take nothing along. */
static void test_slots_are_used_again(void **state)
{
	enum { ROUNDS = 60, EACH = 1000 };
	struct limits_size size;
	(void)state;
	struct limits_ask quota = ask_quota("lasting quota", 1000, LIMITS_MONTH);
	struct limits_ask held = {
	    .name = name_of("lasting call"), .concurrent = {true, 5}
	    };
	struct limits_result lasting = take_of(limits, &held, 1);
	struct limits_quota stored;
	struct cg_err err = {0};
	size_t n;
	assert_int_equal(passing(&quota, 700), 700);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < EACH; i++) {
			struct limits_ask ask = numbered("round", round * EACH + i, 4, 60);
			ask.quota.limit = 3;
			ask.quota.period = LIMITS_HOUR;
			if (take_of(limits, &ask, 1).verdict != LIMITS_UNREAD)
				fail_msg("round %u, %u: the store is not asked", round, i);
			ask.stored = &nothing_stored;
			if (i % 3 == 0) {
				ask.concurrent.on = true;
				ask.concurrent.limit = 3;
			}
			if (passing(&ask, 9) != 3)
				fail_msg("round %u, %u: not 3", round, i);
		}
		/* The store has them. */
		uint32_t position = 0;
		do {
			assert_int_equal(limits_changed(limits, &position, &stored, 1, &n, &err),
					 CG_OK);
			assert_int_equal(limits_saved(limits, &stored, n, &err), CG_OK);
		} while (n > 0);
		pass(3700 * S);
	}
	limits_size(limits, &size);
	assert_in_range(size.slots, EACH, 25000);
	check_table();
	assert_int_equal(look_at(&quota, 1).left[0].quota_used, 700);
	assert_int_equal(look_at(&held, 1).left[0].in_flight, 1);
	limits_end(limits, &lasting.held);
	assert_int_equal(look_at(&held, 1).left[0].in_flight, 0);
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

/* No room for more: an error for those who have no slot yet, and nothing for the others. */
static void test_no_room(void **state)
{
	struct limits_size size;
	struct limits_result r;
	struct cg_err err = {0};
	(void)state;
	limits_size(limits, &size);
	/* The slots' file stays at its first segment. */
	let_files_grow_to(size.slot_bytes * 4096);
	cg_rc rc = CG_OK;
	uint32_t n = 0;
	for (; rc == CG_OK && n < MANY; n++) {
		struct limits_ask ask = numbered("many", n, 3, 60);
		rc = limits_take(limits, &ask, 1, &r, &err);
	}
	assert_int_equal(rc, CG_FULL);
	assert_int_equal(r.verdict, LIMITS_REFUSED);
	assert_string_equal(err.code, "storage_full");
	limits_size(limits, &size);
	assert_int_equal(n - 1, size.slots);
	for (uint32_t i = 0; i < n - 1; i++) {
		struct limits_ask ask = numbered("many", i, 3, 60);
		assert_int_equal(passing(&ask, 9), 2);
	}
	/* Where old ones are free again, new ones have room: nearly everywhere. */
	uint32_t got = 0;
	pass(70 * S);
	for (uint32_t i = 0; i < 1000; i++) {
		struct limits_ask ask = numbered("new", i, 3, 60);
		rc = limits_take(limits, &ask, 1, &r, &err);
		assert_true(rc == CG_OK || rc == CG_FULL);
		got += rc == CG_OK;
		assert_true(rc != CG_OK || r.left[0].rate_left == 2);
	}
	assert_in_range(got, 900, 1000);
	check_table();
	/* With room, all have. */
	let_files_grow_to(RLIM_INFINITY);
	for (uint32_t i = 0; i < MANY; i++) {
		struct limits_ask ask = numbered("newer", i, 3, 60);
		assert_int_equal(passing(&ask, 1), 1);
	}
	/* Not even for the first. */
	limits_close(&limits);
	char path[HOME_PATH_MAX + 16];
	(void)snprintf(path, sizeof(path), "%s/limits", home.run);
	assert_int_equal(unlink(path), 0);
	let_files_grow_to(100000);
	assert_int_not_equal(limits_open(&home, test_clock, NULL, &limits, &err), CG_OK);
	assert_null(limits);
	let_files_grow_to(RLIM_INFINITY);
	limits = open_limits();
}

static void test_run_folder(void **state)
{
	char path[HOME_PATH_MAX + 16];
	struct limits *other = NULL;
	struct cg_err err = {0};
	(void)state;
	struct limits_ask ask = ask_rate("a", 5, 60);
	assert_int_equal(passing(&ask, 3), 3);
	/* Everything ends and starts again: it goes on. */
	limits_close(&limits);
	limits = open_limits();
	assert_int_equal(passing(&ask, 9), 2);
	/* Half of the files: nobody counts on the wrong one. */
	(void)snprintf(path, sizeof(path), "%s/limits.slots", home.run);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(limits_open(&home, test_clock, NULL, &other, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "limits.slots"));
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(limits_open(&home, test_clock, NULL, &other, &err), CG_UNAVAILABLE);
	assert_int_equal(passing(&ask, 9), 0);
	/* Of another boot: made anew, both. */
	limits_close(&limits);
	(void)snprintf(path, sizeof(path), "%s/limits", home.run);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "00000000", 8, 8), 8);
	(void)close(fd);
	limits = open_limits();
	assert_int_equal(passing(&ask, 9), 5);
}

/* More processes count one key's calls than have room in its slot. */
static void test_many_processes(void **state)
{
	enum { OTHERS = 50 };
	struct limits *others[OTHERS];
	struct limits_result mine[OTHERS];
	struct limits_size size;
	(void)state;
	struct limits_ask ask = ask_rate("a", 1000, 60);
	ask.concurrent.on = true;
	ask.concurrent.limit = OTHERS + 1;
	for (uint32_t i = 0; i < OTHERS; i++) {
		others[i] = open_limits();
		mine[i] = take_of(others[i], &ask, 1);
		assert_int_equal(mine[i].verdict, LIMITS_PASSED);
		assert_int_equal(mine[i].left[0].in_flight, i + 1);
	}
	/* The last of them is this one's, and was it often enough. */
	assert_int_equal(passing(&ask, 9), 9);
	struct limits_result last = take_of(limits, &ask, 1);
	assert_int_equal(last.left[0].in_flight, OTHERS + 1);
	assert_int_equal(passing(&ask, 9), 0);
	assert_int_equal(take_of(limits, &ask, 1).kind, LIMITS_CONCURRENT);
	check_table();
	/* Each gives back its own; those of one that closes are nobody's. */
	for (uint32_t i = 0; i < OTHERS; i += 2)
		limits_end(others[i], &mine[i].held);
	assert_int_equal(look_at(&ask, 1).left[0].in_flight, OTHERS / 2 + 1);
	for (uint32_t i = 0; i < OTHERS; i++)
		limits_close(&others[i]);
	ask.concurrent.limit = 2;
	assert_int_equal(passing(&ask, 1), 1);
	limits_end(limits, &last.held);
	assert_int_equal(look_at(&ask, 1).left[0].in_flight, 0);
	limits_size(limits, &size);
	assert_in_range(size.slots, 2, 1 + OTHERS / HOLDS + 1);
}

/* The table of processes is full: who comes is told, and one place is enough for him. */
static void test_no_place(void **state)
{
	char path[HOME_PATH_MAX + 16];
	struct limits *other = NULL;
	struct cg_err err = {0};
	(void)state;
	limits_close(&limits);
	(void)snprintf(path, sizeof(path), "%s/limits.slots", home.run);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	/* Where limits_held.c has its locks. */
	struct flock lock = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)1 << 40, .l_len = PROCESSES};
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_int_equal(limits_open(&home, test_clock, NULL, &other, &err), CG_UNAVAILABLE);
	assert_non_null(strstr(err.text, "run fewer, with more threads each"));
	assert_null(other);
	lock.l_type = F_UNLCK;
	lock.l_start += 77;
	lock.l_len = 1;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	limits = open_limits();
	assert_int_equal(limits->process, 77);
	assert_int_equal(limits_open(&home, test_clock, NULL, &other, &err), CG_UNAVAILABLE);
	(void)close(fd);
}

/* A link that leads to no slot, as a damaged disk may leave it. */
static void test_damaged_links(void **state)
{
	static const uint32_t bad[] = {SEGMENT, LIMITS_SLOTS_MAX - 1, LIMITS_SLOTS_MAX, UINT32_MAX};
	struct limits_ask ask = ask_rate("a", 1000, 60), new = ask_rate("new", 1000, 60);
	(void)state;
	ask.concurrent.on = true;
	ask.concurrent.limit = 3;
	share_stripe(&ask.name);
	share_stripe(&new.name);
	new.name.b[4] ^= 1;
	struct limits_result mine = take_of(limits, &ask, 1);
	assert_int_equal(mine.verdict, LIMITS_PASSED);
	uint32_t index = mine.held.places[0].slot;
	struct slot *slot = limits_slot(limits, index);
	struct stripe *stripe = limits_stripe(limits, &ask.name);
	uint32_t *bucket = &limits->file->buckets[limits_bucket(&ask.name)];
	assert_int_equal(*bucket, index);
	/* Each, and whether a key that has been counted before needs it, and one that has not. */
	const struct {
		uint32_t *link;
		bool known, unknown;
	} links[] = {
	    {bucket,	     true,  true },
	    {&slot->next,	  false, true },
	    {&slot->more,	  true,	false},
	    {&stripe->redo_slot, true,  true },
	};
	for (size_t i = 0; i < CG_COUNT(links); i++)
		for (size_t k = 0; k < CG_COUNT(bad); k++) {
			struct limits_result r;
			struct cg_err err = {0};
			uint32_t good = *links[i].link;
			*links[i].link = bad[k];
			cg_rc rc = limits_take(limits, &ask, 1, &r, &err);
			if (rc != (links[i].known ? CG_UNAVAILABLE : CG_OK) ||
			    (rc != CG_OK && (r.verdict != LIMITS_REFUSED || !err.text[0])))
				fail_msg("link %zu to %u: %d %s", i, bad[k], rc, err.text);
			if (rc == CG_OK)
				limits_end(limits, &r.held);
			err.text[0] = '\0';
			rc = links[i].unknown ? limits_take(limits, &new, 1, &r, &err) : CG_OK;
			if (links[i].unknown && (rc != CG_UNAVAILABLE || !err.text[0]))
				fail_msg("new, link %zu to %u: %d %s", i, bad[k], rc, err.text);
			*links[i].link = good;
		}
	/* One that was on its way when its holder died is given up. */
	for (size_t k = 0; k < CG_COUNT(bad); k++) {
		struct limits_ask next = numbered("next", (uint32_t)k, 1000, 60);
		share_stripe(&next.name);
		next.name.b[4] = (uint8_t)(k + 1);
		stripe->loose = bad[k];
		assert_int_equal(take_of(limits, &next, 1).verdict, LIMITS_PASSED);
	}
	limits_end(limits, &mine.held);
	assert_int_equal(passing(&ask, 9), 9);
	check_table();
}

/* The folder is not as it should be: who comes is told what is wrong, and nothing is counted. */
static void test_unusable_files(void **state)
{
	char path[HOME_PATH_MAX + 16];
	struct limits *other = NULL;
	struct cg_err err = {0};
	(void)state;
	limits_close(&limits);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/limits", home.run);
		assert_int_equal(unlink(path), 0);
		(void)snprintf(path, sizeof(path), "%s/%s", home.run,
			       i ? "limits.slots" : "limits");
		(void)unlink(path);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(limits_open(&home, test_clock, NULL, &other, &err),
				 CG_UNAVAILABLE);
		assert_null(other);
		if (!strstr(err.text, path) || !strstr(err.text, "cannot be used"))
			fail_msg("%s: %s", path, err.text);
		assert_int_equal(rmdir(path), 0);
		limits = open_limits();
		limits_close(&limits);
	}
	limits = open_limits();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_growth),	      TEST(test_slots_are_used_again), TEST(test_no_room),
	    TEST(test_run_folder),    TEST(test_many_processes),       TEST(test_no_place),
	    TEST(test_damaged_links), TEST(test_unusable_files),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(600);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
