/* lib/live's counters of limits: never more than the limit, whatever the clock, other threads and
 * deaths do, and never less than can be had. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/limits.h"
#include "live/limits.h"
#include "live/limits_in.h" /* what a kill may leave half done */
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define S INT64_C(1000000000) /* ns */

/* --- a run folder and a clock for each test --- */

static struct home home;
static struct limits *limits;

/* What all processes of a test see. */
static struct shared {
	int64_t boot_ns, unix_s;
	uint32_t clock_blocks; /* who reads the clock stays in it */
	uint32_t clock_blocked;
	uint32_t changes[1000], n_changes; /* steps of a call that change something */
	uint32_t acknowledged, in_flight, most_in_flight, stop;
	uint32_t ready, together; /* who has begun, and how many wait for each other */
} * shared;

static void test_clock(void *arg, struct limits_time *now)
{
	(void)arg;
	if (__atomic_load_n(&shared->clock_blocks, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&shared->clock_blocked, 1, __ATOMIC_RELEASE);
		for (;;)
			(void)pause();
	}
	now->boot_ns = __atomic_load_n(&shared->boot_ns, __ATOMIC_RELAXED);
	now->unix_s = __atomic_load_n(&shared->unix_s, __ATOMIC_RELAXED);
}

/* Both clocks, as time does. */
static void pass(int64_t ns)
{
	static int64_t rest;
	shared->boot_ns += ns;
	rest += ns;
	shared->unix_s += rest / S;
	rest %= S;
}

static int64_t at(const char *rfc3339)
{
	int64_t t;
	if (!rfc3339_parse(span_of(rfc3339), &t))
		fail_msg("%s is no time", rfc3339);
	return t;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static struct limits *open_limits(void)
{
	struct limits *l = NULL;
	struct cg_err err = {0};
	if (limits_open(&home, test_clock, NULL, &l, &err) != CG_OK)
		fail_msg("%s", err.text);
	return l;
}

static int setup(void **state)
{
	static char dir[32];
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/cgl.XXXXXX");
	void *p =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || !mkdtemp(dir) || home_find(dir, &home, NULL) != CG_OK ||
	    mkdir(home.run, 0700) != 0)
		return -1;
	shared = p;
	shared->boot_ns = 1000000 * S;
	shared->unix_s = at("2026-03-10T12:00:00Z");
	limits = open_limits();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	limits_close(&limits);
	(void)munmap(shared, sizeof(*shared));
	(void)nftw(home.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static struct sha256 name_of(const char *text)
{
	struct sha256 name;
	if (limits_name(LIMITS_OF_KEY, span_of(text), span_of(""), &name) != CG_OK)
		fail_msg("no name");
	return name;
}

static struct limits_ask ask_rate(const char *name, uint32_t limit, uint32_t per_s)
{
	return (struct limits_ask){.name = name_of(name), .rate.limit = limit, .rate.per_s = per_s};
}

/* Names that share a lock, and with it what is free again: they begin alike. */
static void share_stripe(struct sha256 *name)
{
	memset(name->b, 0, 4);
}

static const struct limits_quota nothing_stored;

static struct limits_ask ask_quota(const char *name, uint64_t limit, enum limits_period period)
{
	return (struct limits_ask){.name = name_of(name),
				   .quota.limit = limit,
				   .quota.period = period,
				   .stored = &nothing_stored};
}

static struct limits_ask numbered(const char *what, uint32_t i, uint32_t limit, uint32_t per_s)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "%s %u", what, i);
	return ask_rate(name, limit, per_s);
}

static struct limits_result take_of(struct limits *l, const struct limits_ask *asks, size_t n)
{
	struct limits_result result;
	struct cg_err err = {0};
	if (limits_take(l, asks, n, &result, &err) != CG_OK)
		fail_msg("%s", err.text);
	return result;
}

static struct limits_result look_at(const struct limits_ask *asks, size_t n)
{
	struct limits_result result;
	struct cg_err err = {0};
	if (limits_look(limits, asks, n, &result, &err) != CG_OK)
		fail_msg("%s", err.text);
	return result;
}

static bool passes(const struct limits_ask *ask)
{
	struct limits_result result = take_of(limits, ask, 1);
	limits_end(limits, &result.held);
	return result.verdict == LIMITS_PASSED;
}

/* How many of up to `most` calls pass now. */
static unsigned passing(const struct limits_ask *ask, unsigned most)
{
	unsigned n = 0;
	while (n < most && passes(ask))
		n++;
	return n;
}

/* After what a refusal says, a call passes, and a second earlier none does. */
static void check_retry_after(const struct limits_ask *asks, size_t n,
			      const struct limits_result *refused)
{
	int64_t boot_ns = shared->boot_ns, unix_s = shared->unix_s;
	assert_int_equal(refused->verdict, LIMITS_REFUSED);
	assert_true(refused->retry_after_s >= 1);
	if (refused->retry_after_s > 1) {
		shared->boot_ns = boot_ns + (refused->retry_after_s - 1) * S;
		shared->unix_s = unix_s + refused->retry_after_s - 1;
		assert_int_equal(look_at(asks, n).verdict, LIMITS_REFUSED);
	}
	shared->boot_ns = boot_ns + refused->retry_after_s * S;
	shared->unix_s = unix_s + refused->retry_after_s;
	assert_int_equal(look_at(asks, n).verdict, LIMITS_PASSED);
	shared->boot_ns = boot_ns;
	shared->unix_s = unix_s;
}

/* --- rate --- */

static void test_rate_window(void **state)
{
	/* 4 calls in 16 s: parts of 1 s.  The clock starts at the beginning of a part. */
	static const struct {
		int64_t after_ms; /* the row before */
		bool pass;
		uint32_t left;
	} rows[] = {
	    {0,	true,  3},
	     {999,   true,	 2}, /* the same part */
	    {1,	true,  1},
	     {14999, true,  0}, /* 15.999 s: all four within 16 s */
	    {0,	false, 0},
	     {1,	 false, 0}, /* 16 s after the first, but its part ended later */
	    {998,	  false, 0},
	     {1,	 false, 0}, /* 16.998 + */
	    {1,	true,  1}, /* 17 s: the first part, with two, is out */
	    {0,	true,  0},
	     {0,	 false, 0},
	       {999,   false, 0},
		{1,	    true,  0}, /* the third */
	    {0,	false, 0},
	     {40000, true,  3}, /* all out */
	};
	(void)state;
	struct limits_ask ask = ask_rate("a", 4, 16);
	shared->boot_ns = 160000 * S;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		pass(rows[i].after_ms * 1000000);
		struct limits_result r = take_of(limits, &ask, 1);
		if ((r.verdict == LIMITS_PASSED) != rows[i].pass ||
		    r.left[0].rate_left != rows[i].left)
			fail_msg("row %zu: verdict %d, %u left", i, r.verdict, r.left[0].rate_left);
		if (!rows[i].pass) {
			assert_int_equal(r.kind, LIMITS_RATE);
			check_retry_after(&ask, 1, &r);
		}
	}
}

static void test_rate_of_nothing(void **state)
{
	(void)state;
	struct limits_ask ask = ask_rate("a", 0, 10);
	struct limits_result r = take_of(limits, &ask, 1);
	assert_int_equal(r.verdict, LIMITS_REFUSED);
	assert_int_equal(r.retry_after_s, 10);
	/* No limit at all. */
	struct limits_ask none = ask_rate("a", 0, 0);
	assert_int_equal(passing(&none, 100), 100);
	assert_int_equal(take_of(limits, NULL, 0).verdict, LIMITS_PASSED);
}

static uint32_t seed;

static uint32_t chance(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

/* Every accepted call with its time, and nothing clever. */
static struct {
	int64_t *ns;
	size_t n;
	int64_t from_ns; /* what was counted before it may be forgotten */
} accepted;

static size_t accepted_since(int64_t ns)
{
	size_t n = 0;
	for (size_t i = accepted.n; i > 0 && accepted.ns[i - 1] > ns; i--)
		n++;
	return n;
}

/* Random calls against the log: never more than the limit in any window, and a refusal only when
 * the limit was used up within a window and a part.  Every some hundred calls the limit changes. */
static void test_rate_against_log(void **state)
{
	enum { CALLS = 20000, RUNS = 12 };
	static int64_t log[CALLS];
	static const uint32_t pers[] = {1, 3, 10, 60, 86400};
	(void)state;
	for (uint32_t run = 0; run < RUNS; run++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "run %u", run);
		seed = run;
		accepted.ns = log;
		accepted.n = 0;
		accepted.from_ns = 0;
		bool changing = run % 2 == 1;
		uint32_t limit = 1 + chance(60), per_s = pers[chance(CG_COUNT(pers))];
		size_t refusals = 0;
		for (uint32_t i = 0; i < CALLS; i++) {
			if (changing && i % 300 == 299) {
				int64_t kept_ns = shared->boot_ns - per_s * S;
				if (accepted.from_ns < kept_ns)
					accepted.from_ns = kept_ns;
				limit = 1 + chance(60);
				per_s = pers[chance(CG_COUNT(pers))];
			}
			/* Now and then a lull, otherwise about twice what may pass. */
			int64_t mean_ns = per_s * S / limit;
			pass(chance(50) == 0 ? chance(20) * mean_ns
					     : (int64_t)chance(1000) * mean_ns / 1000);
			int64_t now_ns = shared->boot_ns, from_ns = now_ns - per_s * S;
			struct limits_ask ask = ask_rate(name, limit, per_s);
			struct limits_result r = take_of(limits, &ask, 1);
			if (r.verdict == LIMITS_PASSED) {
				if (from_ns < accepted.from_ns)
					from_ns = accepted.from_ns;
				log[accepted.n++] = now_ns;
				if (accepted_since(from_ns) > limit)
					fail_msg("run %u, call %u: %zu of %u in %u s", run, i,
						 accepted_since(from_ns), limit, per_s);
			} else {
				refusals++;
				if (!changing &&
				    accepted_since(from_ns - per_s * S / 16 - 1) < limit)
					fail_msg("run %u, call %u: refused after %zu of %u in %u s",
						 run, i, accepted_since(from_ns - per_s * S / 16),
						 limit, per_s);
				if (refusals % 50 == 0)
					check_retry_after(&ask, 1, &r);
			}
		}
		/* Otherwise it says little. */
		assert_in_range(refusals, CALLS / 10, CALLS);
		assert_in_range(accepted.n, CALLS / 10, CALLS);
	}
}

static void test_rate_changed(void **state)
{
	(void)state;
	struct limits_ask ask = ask_rate("a", 10, 60);
	assert_int_equal(passing(&ask, 6), 6);
	/* Less: what was counted counts. */
	ask.rate.limit = 8;
	assert_int_equal(passing(&ask, 99), 2);
	ask.rate.limit = 3;
	struct limits_result r = take_of(limits, &ask, 1);
	check_retry_after(&ask, 1, &r);
	/* More, at once. */
	ask.rate.limit = 20;
	assert_int_equal(passing(&ask, 99), 12);
	/* A shorter window: all of it was at this moment. */
	ask.rate.per_s = 10;
	assert_int_equal(passing(&ask, 99), 0);
	pass(5 * S);
	assert_int_equal(passing(&ask, 99), 0);
	pass(6 * S);
	assert_int_equal(passing(&ask, 99), 20);
	/* A longer one: what the shorter one knew. */
	pass(2 * S);
	ask.rate.per_s = 3600;
	assert_int_equal(passing(&ask, 99), 0);
	ask.rate.limit = 25;
	assert_int_equal(passing(&ask, 99), 5);
	r = take_of(limits, &ask, 1);
	assert_in_range(r.retry_after_s, 3598 - 1, 3600 + 225);
	/* Refusals do not push it away. */
	for (int i = 0; i < 1000; i++) {
		pass(4 * S);
		if (passes(&ask))
			break;
	}
	assert_in_range(shared->boot_ns, 1000000 * S, 1000000 * S + 4000 * S);
	/* An old part of the long window is not in a short one. */
	pass(1000 * S);
	ask.rate.per_s = 60;
	ask.rate.limit = 25;
	assert_int_equal(passing(&ask, 99), 25);
}

/* CLOCK_BOOTTIME never does this; a restored virtual machine might. */
static void test_rate_clock_back(void **state)
{
	static const int64_t steps_s[] = {1, 59, 60, 61, 3600, 999000};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(steps_s); i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "step %zu", i);
		struct limits_ask ask = ask_rate(name, 5, 60);
		shared->boot_ns = 1000000 * S;
		assert_int_equal(passing(&ask, 9), 5);
		shared->boot_ns -= steps_s[i] * S;
		assert_int_equal(passing(&ask, 9), 0);
		struct limits_result r = take_of(limits, &ask, 1);
		assert_in_range(r.retry_after_s, 1, 64);
		check_retry_after(&ask, 1, &r);
		shared->boot_ns += 64 * S;
		assert_int_equal(passing(&ask, 9), 5);
	}
}

/* --- quota --- */

static void test_quota_periods(void **state)
{
	static const struct {
		enum limits_period period;
		const char *starts, *ends;
	} rows[] = {
	    {LIMITS_HOUR,  "2026-03-10T12:34:56Z", "2026-03-10T13:34:56Z"},
	    {LIMITS_DAY,	 "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"}, /* daylight saving */
	    {LIMITS_DAY,	 "2026-10-24T23:59:59Z", "2026-10-25T23:59:59Z"},
	    {LIMITS_WEEK,  "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
	    {LIMITS_MONTH, "2026-03-10T12:00:00Z", "2026-04-10T12:00:00Z"},
	    {LIMITS_MONTH, "2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z"},
	    {LIMITS_MONTH, "2028-01-31T12:00:00Z", "2028-02-29T12:00:00Z"},
	    {LIMITS_MONTH, "2100-01-30T12:00:00Z", "2100-02-28T12:00:00Z"},
	    {LIMITS_MONTH, "2000-01-30T12:00:00Z", "2000-02-29T12:00:00Z"},
	    {LIMITS_MONTH, "2028-02-29T01:02:03Z", "2028-03-29T01:02:03Z"},
	    {LIMITS_MONTH, "2026-03-31T23:59:59Z", "2026-04-30T23:59:59Z"},
	    {LIMITS_MONTH, "2026-12-31T23:59:59Z", "2027-01-31T23:59:59Z"},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "row %zu", i);
		struct limits_ask ask = ask_quota(name, 3, rows[i].period);
		int64_t ends = at(rows[i].ends);
		shared->unix_s = at(rows[i].starts);
		int64_t length_s = ends - shared->unix_s;
		struct limits_result r = take_of(limits, &ask, 1);
		assert_int_equal(r.verdict, LIMITS_PASSED);
		assert_int_equal(r.left[0].quota_used, 1);
		assert_int_equal(r.left[0].quota_left, 2);
		assert_int_equal(r.left[0].quota_reset_s, length_s);
		if (r.left[0].quota_resets_unix_s != ends)
			fail_msg("row %zu: ends %" PRId64 " s late", i,
				 r.left[0].quota_resets_unix_s - ends);
		pass((length_s - 1) * S);
		assert_int_equal(passing(&ask, 9), 2);
		r = take_of(limits, &ask, 1);
		assert_int_equal(r.verdict, LIMITS_REFUSED);
		assert_int_equal(r.kind, LIMITS_QUOTA);
		assert_int_equal(r.retry_after_s, 1);
		assert_int_equal(r.left[0].quota_used, 3);
		check_retry_after(&ask, 1, &r);
		/* The next period begins with its first call. */
		pass(8 * S);
		r = take_of(limits, &ask, 1);
		assert_int_equal(r.left[0].quota_used, 1);
		assert_in_range(r.left[0].quota_resets_unix_s, ends + 7 + 3600, INT64_MAX);
	}
}

static void test_quota_clock_steps(void **state)
{
	(void)state;
	struct limits_ask ask = ask_quota("a", 3, LIMITS_DAY);
	assert_int_equal(passing(&ask, 9), 3);
	/* Back by a year: the day still ends after a day. */
	shared->unix_s -= 365 * 86400;
	struct limits_result r = take_of(limits, &ask, 1);
	assert_int_equal(r.verdict, LIMITS_REFUSED);
	assert_int_equal(r.retry_after_s, 86400);
	check_retry_after(&ask, 1, &r);
	pass(86399 * S);
	assert_int_equal(passing(&ask, 9), 0);
	pass(1 * S);
	assert_int_equal(passing(&ask, 9), 3);
	/* Forward: it is over. */
	shared->unix_s += 365 * 86400;
	assert_int_equal(passing(&ask, 9), 3);
	/* Back by an hour in the middle of it. */
	pass(7200 * S);
	shared->unix_s -= 3600;
	r = take_of(limits, &ask, 1);
	assert_int_equal(r.retry_after_s, 86400 - 7200);
	check_retry_after(&ask, 1, &r);
}

static void test_quota_changed(void **state)
{
	(void)state;
	struct limits_ask ask = ask_quota("a", 5, LIMITS_DAY);
	assert_int_equal(passing(&ask, 9), 5);
	ask.quota.limit = 8;
	assert_int_equal(passing(&ask, 9), 3);
	ask.quota.limit = 2;
	assert_int_equal(passing(&ask, 9), 0);
	assert_int_equal(look_at(&ask, 1).left[0].quota_left, 0);
	/* Another length from the same beginning on. */
	pass(1800 * S);
	ask.quota.limit = 9;
	ask.quota.period = LIMITS_WEEK;
	assert_int_equal(passing(&ask, 9), 1);
	assert_int_equal(look_at(&ask, 1).left[0].quota_reset_s, 7 * 86400 - 1800);
	ask.quota.period = LIMITS_HOUR;
	struct limits_result r = take_of(limits, &ask, 1);
	assert_int_equal(r.retry_after_s, 1800);
	check_retry_after(&ask, 1, &r);
	/* Nothing is lost while there is none. */
	struct limits_ask none = ask;
	none.quota.period = LIMITS_NO_QUOTA;
	assert_int_equal(passing(&none, 9), 9);
	assert_int_equal(look_at(&ask, 1).left[0].quota_used, 9);
	/* None at all. */
	struct limits_ask zero = ask_quota("b", 0, LIMITS_HOUR);
	r = take_of(limits, &zero, 1);
	assert_int_equal(r.retry_after_s, 3600);
	assert_int_equal(r.left[0].quota_resets_unix_s, 0);
}

static void reopen_empty(void)
{
	char path[HOME_PATH_MAX + 16];
	limits_close(&limits);
	(void)snprintf(path, sizeof(path), "%s/limits", home.run);
	assert_int_equal(unlink(path), 0);
	limits = open_limits();
}

static void test_quota_in_the_store(void **state)
{
	struct limits_quota stored[8];
	struct cg_err err = {0};
	uint32_t position = 0;
	size_t n;
	(void)state;
	struct limits_ask ask = ask_quota("a", 5, LIMITS_DAY);
	/* Not counted before the store was asked. */
	ask.stored = NULL;
	struct limits_result r = take_of(limits, &ask, 1);
	assert_int_equal(r.verdict, LIMITS_UNREAD);
	assert_int_equal(r.ask, 0);
	assert_int_equal(look_at(&ask, 1).verdict, LIMITS_UNREAD);
	ask.stored = &nothing_stored;
	assert_int_equal(passing(&ask, 3), 3);
	/* Once is enough. */
	ask.stored = NULL;
	assert_int_equal(look_at(&ask, 1).left[0].quota_used, 3);
	for (unsigned i = 0; i < 100; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "other %u", i % 1000);
		struct limits_ask other = ask_quota(name, 5, LIMITS_DAY);
		assert_int_equal(passing(&other, 1), 1);
	}
	size_t seen = 0, mine = 0;
	struct limits_quota saved = {0};
	for (;;) {
		assert_int_equal(limits_changed(limits, &position, stored, 8, &n, &err), CG_OK);
		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++) {
			seen++;
			if (memcmp(&stored[i].name, &ask.name, sizeof(ask.name)) != 0)
				continue;
			mine++;
			saved = stored[i];
			/* Counted again before it was saved. */
			assert_int_equal(passing(&ask, 1), 1);
		}
		assert_int_equal(limits_saved(limits, stored, n, &err), CG_OK);
	}
	assert_int_equal(seen, 101);
	assert_int_equal(mine, 1);
	assert_int_equal(saved.used, 3);
	position = 0;
	assert_int_equal(limits_changed(limits, &position, stored, 8, &n, &err), CG_OK);
	assert_int_equal(n, 1);
	assert_int_equal(stored[0].used, 4);
	assert_int_equal(limits_saved(limits, stored, n, &err), CG_OK);
	position = 0;
	assert_int_equal(limits_changed(limits, &position, &stored[1], 1, &n, &err), CG_OK);
	assert_int_equal(n, 0);
	/* A refused call changes nothing. */
	struct limits_ask less = ask;
	less.quota.limit = 4;
	assert_int_equal(passing(&less, 1), 0);
	assert_int_equal(limits_changed(limits, &position, &stored[1], 1, &n, &err), CG_OK);
	assert_int_equal(n, 0);

	/* After a reboot it goes on from what the store has. */
	reopen_empty();
	pass(3600 * S);
	assert_int_equal(take_of(limits, &ask, 1).verdict, LIMITS_UNREAD);
	ask.stored = &stored[0];
	r = take_of(limits, &ask, 1);
	assert_int_equal(r.left[0].quota_used, 5);
	assert_int_equal(r.left[0].quota_reset_s, 86400 - 3600);
	assert_int_equal(passing(&ask, 9), 0);
	/* What was read later than somebody else did changes nothing. */
	stored[0].used = 0;
	assert_int_equal(passing(&ask, 9), 0);

	/* With a clock that says 1970 until it is set. */
	stored[0].used = 5;
	reopen_empty();
	int64_t unix_s = shared->unix_s;
	shared->unix_s = 1000;
	r = take_of(limits, &ask, 1);
	assert_int_equal(r.verdict, LIMITS_REFUSED);
	assert_int_equal(r.retry_after_s, 86400);
	shared->unix_s = unix_s + 60;
	r = take_of(limits, &ask, 1);
	assert_int_equal(r.retry_after_s, 86400 - 3600 - 60);
	check_retry_after(&ask, 1, &r);
	/* Of a period that is over. */
	reopen_empty();
	pass(86400 * S);
	assert_int_equal(passing(&ask, 9), 5);
}

/* --- several limits --- */

static void test_all_or_nothing(void **state)
{
	(void)state;
	struct limits_ask asks[] = {
	    ask_rate("api", 10, 60),
	    ask_rate("key", 6, 60),
	    ask_quota("key at api", 4, LIMITS_DAY),
	};
	asks[1].concurrent.on = true;
	asks[1].concurrent.limit = 2;
	struct limits_result r[2];
	/* Concurrency. */
	for (int i = 0; i < 2; i++) {
		r[i] = take_of(limits, asks, 3);
		assert_int_equal(r[i].verdict, LIMITS_PASSED);
		assert_int_equal(r[i].left[1].in_flight, i + 1);
		assert_int_equal(r[i].held.n, 1);
	}
	struct limits_result refused = take_of(limits, asks, 3);
	assert_int_equal(refused.verdict, LIMITS_REFUSED);
	assert_int_equal(refused.ask, 1);
	assert_int_equal(refused.kind, LIMITS_CONCURRENT);
	assert_int_equal(refused.retry_after_s, 1);
	assert_int_equal(refused.held.n, 0);
	assert_int_equal(refused.left[0].rate_left, 8);
	assert_int_equal(refused.left[1].rate_left, 4);
	assert_int_equal(refused.left[2].quota_left, 2);
	limits_end(limits, &r[0].held);
	limits_end(limits, &r[0].held); /* empty now */
	assert_int_equal(look_at(asks, 3).left[1].in_flight, 1);
	limits_end(limits, &r[1].held);
	/* The quota: what stands before it does not move. */
	for (int i = 0; i < 2; i++) {
		r[i] = take_of(limits, asks, 3);
		limits_end(limits, &r[i].held);
	}
	for (int i = 0; i < 50; i++)
		refused = take_of(limits, asks, 3);
	assert_int_equal(refused.verdict, LIMITS_REFUSED);
	assert_int_equal(refused.ask, 2);
	assert_int_equal(refused.kind, LIMITS_QUOTA);
	assert_int_equal(refused.left[0].rate_left, 6);
	assert_int_equal(refused.left[1].rate_left, 2);
	check_retry_after(asks, 3, &refused);
	/* The first is named, the longest is waited for. */
	asks[2].quota.limit = 100;
	for (int i = 0; i < 2; i++) {
		r[i] = take_of(limits, asks, 3);
		limits_end(limits, &r[i].held);
	}
	asks[2].quota.limit = 6;
	refused = take_of(limits, asks, 3);
	assert_int_equal(refused.ask, 1);
	assert_int_equal(refused.kind, LIMITS_RATE);
	assert_int_equal(refused.retry_after_s, 86400);
	check_retry_after(asks, 3, &refused);
	/* The API's own is first. */
	asks[0].rate.limit = 6;
	refused = take_of(limits, asks, 3);
	assert_int_equal(refused.ask, 0);
	/* A look counts nothing and makes nothing. */
	struct limits_size before, after;
	limits_size(limits, &before);
	for (int i = 0; i < 50; i++) {
		struct limits_ask other = ask_rate("never taken", 3, 60);
		assert_int_equal(look_at(&other, 1).verdict, LIMITS_PASSED);
		assert_int_equal(look_at(&other, 1).left[0].rate_left, 3);
	}
	limits_size(limits, &after);
	assert_int_equal(before.slots, after.slots);
	/* Some that share a lock. */
	struct limits_ask alike[LIMITS_ASKS_MAX];
	for (size_t i = 0; i < CG_COUNT(alike); i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "alike %zu", i);
		alike[i] = ask_rate(name, 3 + (uint32_t)i, 60);
		if (i % 2 == 0)
			share_stripe(&alike[i].name);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(take_of(limits, alike, CG_COUNT(alike)).verdict, LIMITS_PASSED);
	refused = take_of(limits, alike, CG_COUNT(alike));
	assert_int_equal(refused.ask, 0);
	assert_int_equal(refused.left[5].rate_left, 5);
	/* Mistakes are no pass. */
	struct limits_ask twice[] = {asks[0], asks[0]}, many[LIMITS_ASKS_MAX + 1];
	assert_int_equal(limits_take(limits, twice, 2, &refused, NULL), CG_FAIL);
	assert_int_equal(refused.verdict, LIMITS_REFUSED);
	for (size_t i = 0; i < CG_COUNT(many); i++)
		many[i] = asks[0];
	assert_int_equal(limits_take(limits, many, CG_COUNT(many), &refused, NULL), CG_FAIL);
}

static void test_names(void **state)
{
	struct sha256 a, b;
	char text[LIMITS_ID_MAX + 1] = {0};
	(void)state;
#define NAME(subject, id, scope, out)                                                              \
	assert_int_equal(limits_name(subject, span_of(id), span_of(scope), out), CG_OK)
	NAME(LIMITS_OF_KEY, "ab", "c", &a);
	NAME(LIMITS_OF_KEY, "ab", "c", &b);
	assert_memory_equal(&a, &b, sizeof(a));
	NAME(LIMITS_OF_KEY, "a", "bc", &b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	NAME(LIMITS_OF_KEY, "ab", "", &a);
	NAME(LIMITS_OF_API, "ab", "", &b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_int_equal(limits_name(LIMITS_OF_KEY, span_make(text, sizeof(text)), span_of(""), &a),
			 CG_FAIL);
	assert_int_equal(limits_name(LIMITS_OF_KEY, span_make(text, LIMITS_ID_MAX),
				     span_make(text, LIMITS_ID_MAX), &a),
			 CG_OK);
}

/* --- processes --- */

/* A child that runs fn(arg) with counters of its own, and ends with the test at the latest. */
static pid_t child(void (*fn)(struct limits *l, uint32_t arg), uint32_t arg)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct limits *l = NULL;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (limits_open(&home, test_clock, NULL, &l, NULL) != CG_OK)
			_exit(3);
		fn(l, arg);
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void wait_for(pid_t pid, int signal_or_0)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (signal_or_0 == 0)
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	else
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal_or_0);
}

/* Killed, or done before. */
static void wait_for_any_end(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

static void wait_until(const uint32_t *what, uint32_t at_least)
{
	while (__atomic_load_n(what, __ATOMIC_ACQUIRE) < at_least)
		(void)usleep(200);
}

/* Every slot hangs in one place, in the chain of its name. */
static void check_table(void)
{
	uint32_t slots = limits->file->slots;
	bool *seen = calloc(slots, sizeof(*seen));
	assert_non_null(seen);
	for (uint32_t bucket = 0; bucket < BUCKETS; bucket++)
		for (uint32_t i = limits->file->buckets[bucket]; i != 0;) {
			const struct slot *slot = limits_slot(limits, i);
			assert_non_null(slot);
			assert_int_equal(limits_bucket(&slot->name), bucket);
			for (uint32_t behind = i; behind != 0;
			     behind = limits_slot(limits, behind)->more) {
				assert_in_range(behind, 1, slots - 1);
				assert_false(seen[behind]);
				seen[behind] = true;
			}
			i = slot->next;
		}
	free(seen);
}

/* Many more than one process makes before the others have started. */
enum { CALLS = 300000, CALLS_OF_API = CALLS + 1000 };

static void calls_of_key(struct limits_ask asks[3])
{
	asks[0] = ask_rate("api", CALLS_OF_API, 60);
	asks[0].concurrent.on = true;
	asks[0].concurrent.limit = 20;
	asks[1] = ask_rate("key", CALLS + 11, 60);
	asks[2] = ask_quota("key at api", CALLS, LIMITS_DAY);
	asks[2].concurrent.on = true;
	asks[2].concurrent.limit = 7;
}

/* Calls until the quota is used up; calls that find too many at once try again. */
static void *call_until_refused(void *arg)
{
	struct limits_ask asks[3];
	struct limits_result r;
	calls_of_key(asks);
	if (gettid() % 2 == 0) {
		/* Whatever the order in which they are asked for, nobody waits in a circle. */
		struct limits_ask first = asks[0];
		asks[0] = asks[2];
		asks[2] = first;
	}
	(void)__atomic_add_fetch(&shared->ready, 1, __ATOMIC_ACQ_REL);
	wait_until(&shared->ready, shared->together);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		struct cg_err err = {0};
		if (limits_take(arg, asks, 3, &r, &err) != CG_OK) {
			/* Who gets no time for long finds the lock taken. */
			if (strstr(err.text, "are locked (Connection timed out): try again"))
				continue;
			return (void *)1;
		}
		if (r.verdict == LIMITS_PASSED) {
			uint32_t n = __atomic_add_fetch(&shared->in_flight, 1, __ATOMIC_ACQ_REL);
			uint32_t most = __atomic_load_n(&shared->most_in_flight, __ATOMIC_RELAXED);
			while (n > most && !__atomic_compare_exchange_n(
					       &shared->most_in_flight, &most, n, false,
					       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				;
			(void)__atomic_add_fetch(&shared->acknowledged, 1, __ATOMIC_ACQ_REL);
			(void)__atomic_sub_fetch(&shared->in_flight, 1, __ATOMIC_ACQ_REL);
			limits_end(arg, &r.held);
		} else if (r.kind == LIMITS_QUOTA) {
			return NULL;
		}
	}
	return NULL;
}

static void run_threads(struct limits *l, uint32_t n)
{
	pthread_t threads[16];
	bool bad = false;
	for (uint32_t i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, call_until_refused, l) != 0)
			_exit(4);
	for (uint32_t i = 0; i < n; i++) {
		void *result;
		(void)pthread_join(threads[i], &result);
		bad = bad || result;
	}
	if (bad)
		_exit(5);
}

static void test_threads_and_processes(void **state)
{
	pid_t pids[4];
	(void)state;
	shared->together = CG_COUNT(pids) * 8;
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		pids[i] = child(run_threads, 8);
	wait_until(&shared->ready, shared->together);
	/* The clock goes on while they count, but nothing falls out. */
	for (int i = 0; i < 50; i++) {
		(void)__atomic_add_fetch(&shared->boot_ns, S, __ATOMIC_RELAXED);
		(void)usleep(200);
	}
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		wait_for(pids[i], 0);
	struct limits_ask asks[3];
	calls_of_key(asks);
	struct limits_result r = take_of(limits, asks, 3);
	assert_int_equal(r.kind, LIMITS_QUOTA);
	assert_int_equal(shared->acknowledged, CALLS);
	assert_in_range(shared->most_in_flight, 1, 7);
	assert_int_equal(r.left[0].rate_left, CALLS_OF_API - CALLS);
	assert_int_equal(r.left[1].rate_left, 11);
	assert_int_equal(r.left[0].in_flight, 0);
	assert_int_equal(r.left[2].in_flight, 0);
}

/* As many as may be begin, and then wait to be killed. */
static void hold_all(struct limits *l, uint32_t n)
{
	struct limits_ask ask = {
	    .name = name_of("held"), .concurrent = {true, 40}
	     };
	for (uint32_t i = 0; i < n; i++) {
		struct limits_result r;
		if (limits_take(l, &ask, 1, &r, NULL) != CG_OK || r.verdict != LIMITS_PASSED)
			_exit(6);
	}
	(void)__atomic_add_fetch(&shared->ready, 1, __ATOMIC_ACQ_REL);
	for (;;)
		(void)pause();
}

static void test_concurrency_of_the_dead(void **state)
{
	enum { PROCESSES_N = 35 };
	pid_t pids[PROCESSES_N];
	(void)state;
	struct limits_ask ask = {
	    .name = name_of("held"), .concurrent = {true, 40}
	     };
	/* More processes than have room in one slot. */
	for (uint32_t i = 0; i < PROCESSES_N; i++)
		pids[i] = child(hold_all, 1);
	wait_until(&shared->ready, PROCESSES_N);
	struct limits_result mine[40], r;
	for (unsigned i = 0; i < 5; i++) {
		mine[i] = take_of(limits, &ask, 1);
		assert_int_equal(mine[i].verdict, LIMITS_PASSED);
	}
	assert_int_equal(passing(&ask, 1), 0);
	/* Those of the dead are had by the next, those of the living are not. */
	for (uint32_t i = 0; i < PROCESSES_N; i += 2) {
		assert_int_equal(kill(pids[i], SIGKILL), 0);
		wait_for(pids[i], SIGKILL);
	}
	unsigned n = 5;
	for (; n < 40; n++) {
		mine[n] = take_of(limits, &ask, 1);
		if (mine[n].verdict != LIMITS_PASSED)
			break;
	}
	assert_int_equal(n, 5 + (PROCESSES_N + 1) / 2);
	for (uint32_t i = 1; i < PROCESSES_N; i += 2) {
		assert_int_equal(kill(pids[i], SIGKILL), 0);
		wait_for(pids[i], SIGKILL);
	}
	for (unsigned i = 0; i < n; i++)
		limits_end(limits, &mine[i].held);
	assert_int_equal(look_at(&ask, 1).verdict, LIMITS_PASSED);
	/* Again and again, one by one: no place is lost. */
	for (uint32_t i = 0; i < 60; i++) {
		shared->ready = 0;
		pid_t pid = child(hold_all, 40);
		wait_until(&shared->ready, 1);
		assert_int_equal(passing(&ask, 1), 0);
		assert_int_equal(kill(pid, SIGKILL), 0);
		wait_for(pid, SIGKILL);
		r = take_of(limits, &ask, 1);
		assert_int_equal(r.verdict, LIMITS_PASSED);
		assert_int_equal(r.left[0].in_flight, 1);
		limits_end(limits, &r.held);
	}
	struct limits_size size;
	limits_size(limits, &size);
	assert_in_range(size.slots, 1, 8);
	/* What a process leaves open when it closes is given back too. */
	struct limits *other = open_limits();
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(take_of(other, &ask, 1).verdict, LIMITS_PASSED);
	assert_int_equal(passing(&ask, 1), 0);
	limits_close(&other);
	assert_int_equal(passing(&ask, 50), 50);
	/* And does not become another's who gets its place in the table. */
	struct limits_ask fresh = {
	    .name = name_of("fresh"), .concurrent = {true, 40}
	      };
	other = open_limits();
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(take_of(other, &fresh, 1).verdict, LIMITS_PASSED);
	limits_close(&other);
	other = open_limits();
	r = take_of(other, &fresh, 1);
	assert_int_equal(r.verdict, LIMITS_PASSED);
	assert_int_equal(look_at(&fresh, 1).left[0].in_flight, 1);
	limits_end(other, &r.held);
	limits_close(&other);
}

static void test_killed_anywhere(void **state)
{
	enum { KILLS = 150, THREADS_N = 3 };
	pid_t pids[3];
	(void)state;
	seed = 7;
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		pids[i] = child(run_threads, THREADS_N);
	for (uint32_t i = 0; i < KILLS; i++) {
		size_t n = chance(CG_COUNT(pids));
		/* They get on in between, and never to the end. */
		wait_until(&shared->acknowledged, (i + 1) * (CALLS / KILLS / 4));
		(void)usleep(chance(500));
		(void)__atomic_add_fetch(&shared->boot_ns, S / 4, __ATOMIC_RELAXED);
		(void)kill(pids[n], SIGKILL);
		wait_for_any_end(pids[n]);
		pids[n] = child(run_threads, THREADS_N);
	}
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		wait_for(pids[i], 0);
	/* One call in flight at a time is let through only if nobody's is left. */
	struct limits_ask asks[3];
	calls_of_key(asks);
	asks[0].concurrent.limit = asks[2].concurrent.limit = 1;
	uint32_t passed = __atomic_load_n(&shared->acknowledged, __ATOMIC_ACQUIRE);
	for (;;) {
		struct limits_result r = take_of(limits, asks, 3);
		if (r.verdict != LIMITS_PASSED) {
			assert_int_equal(r.kind, LIMITS_QUOTA);
			break;
		}
		passed++;
		limits_end(limits, &r.held);
	}
	if (passed > CALLS || passed + KILLS * THREADS_N < CALLS)
		fail_msg("%u calls passed a limit of %d in %d kills", passed, CALLS, KILLS);
	check_table();
}

static void take_and_stop(struct limits *l, uint32_t arg)
{
	struct limits_ask ask = ask_rate("a", 5, 60);
	struct limits_result r;
	(void)arg;
	if (limits_take(l, &ask, 1, &r, NULL) != CG_OK)
		_exit(7);
}

/* Somebody has the lock and does not move: an error, no pass and no wait for ever.  When he is
 * killed, the next one goes on. */
static void test_stopped_holder(void **state)
{
	struct limits_ask ask = ask_rate("a", 5, 60), other = ask_rate("b", 5, 60);
	struct limits_result r;
	struct cg_err err = {0};
	(void)state;
	assert_int_equal(passing(&ask, 2), 2);
	__atomic_store_n(&shared->clock_blocks, 1, __ATOMIC_RELEASE);
	pid_t pid = child(take_and_stop, 0);
	wait_until(&shared->clock_blocked, 1);
	__atomic_store_n(&shared->clock_blocks, 0, __ATOMIC_RELEASE);
	assert_int_equal(limits_take(limits, &ask, 1, &r, &err), CG_UNAVAILABLE);
	assert_int_equal(r.verdict, LIMITS_REFUSED);
	assert_true(err.text[0] != '\0');
	assert_int_equal(passing(&other, 9), 5);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_for(pid, SIGKILL);
	assert_int_equal(passing(&ask, 9), 3);
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
/* --- killed between any two instructions --- */

enum step_scene {
	STEP_COUNT,  /* the ordinary call, in a new part of the window */
	STEP_WINDOW, /* the first one with another window */
	STEP_PERIOD, /* the first one of a new period */
	STEP_NEW,    /* the first one of all */
	STEP_REUSE,  /* the same, in somebody else's slot */
	STEP__COUNT,
};

static struct limits_ask step_asks[2];
static size_t n_step_asks;
static volatile bool stepping;
static volatile uint32_t steps_done, steps_most;
static struct limits *stepped;
static uint64_t step_sum;

/* Of all that the call may change. */
static uint64_t sum_of_state(void)
{
	const uint64_t *parts[] = {(const uint64_t *)(const void *)stepped->file->stripes,
				   (const uint64_t *)(const void *)stepped->segments[0]};
	const size_t words[] = {sizeof(stepped->file->stripes) / 8,
				stepped->file->slots * sizeof(struct slot) / 8};
	uint64_t sum = stepped->file->buckets[limits_bucket(&step_asks[0].name)];
	for (size_t part = 0; part < CG_COUNT(parts); part++)
		for (size_t i = 0; i < words[part]; i++)
			sum = (sum ^ parts[part][i]) * UINT64_C(1099511628211);
	return sum;
}

/* The processor traps after each instruction for as long as the flag is set (Intel SDM vol. 3,
 * 18.3.1.4). */
#define TRAP_FLAG 0x100
/* Only looks at which instructions change something. */
#define LOOK UINT32_MAX

static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	(void)info;
	if (sig == SIGTRAP && stepping) {
		steps_done++;
		if (steps_done == steps_most)
			(void)kill(getpid(), SIGKILL);
		uint64_t sum = steps_most == LOOK ? sum_of_state() : 0;
		if (sum != step_sum && shared->n_changes < CG_COUNT(shared->changes))
			shared->changes[shared->n_changes++] = steps_done;
		step_sum = sum;
	}
	if (stepping)
		uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	else
		uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static void step_take(struct limits *l, uint32_t steps)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	struct limits_result r;
	/* Once on other names, so that what is slow the first time is done. */
	struct limits_ask warm[] = {ask_rate("warm", 1000000, 60), ask_rate("warm 2", 1000000, 1)};
	if (limits_take(l, warm, 2, &r, NULL) != CG_OK)
		_exit(7);
	(void)sigaction(SIGTRAP, &action, NULL);
	(void)sigaction(SIGUSR1, &action, NULL);
	stepped = l;
	steps_most = steps;
	step_sum = steps == LOOK ? sum_of_state() : 0;
	stepping = true;
	(void)raise(SIGUSR1);
	cg_rc rc = limits_take(l, step_asks, n_step_asks, &r, NULL);
	stepping = false;
	/* All of it, and not acknowledged. */
	if (rc != CG_OK || r.verdict != LIMITS_PASSED)
		_exit(7);
	_exit(9);
}

static void prepare_scene(enum step_scene scene)
{
	static unsigned n;
	char name[32];
	(void)snprintf(name, sizeof(name), "scene %d.%u", scene, n++);
	step_asks[0] = ask_quota(name, 10, LIMITS_DAY);
	step_asks[0].rate.limit = 10;
	step_asks[0].rate.per_s = 60;
	step_asks[0].concurrent.on = true;
	step_asks[0].concurrent.limit = 1;
	step_asks[1] = ask_rate("api of all", UINT32_MAX, 60);
	step_asks[1].concurrent.on = true;
	step_asks[1].concurrent.limit = 1;
	n_step_asks = scene == STEP_COUNT ? 2 : 1;
	if (scene == STEP_REUSE) {
		/* What the one before has counted is over and in the store. */
		struct limits_quota quotas[64];
		uint32_t position = 0;
		size_t changed;
		pass(2 * 86400 * S);
		do {
			assert_int_equal(
			    limits_changed(limits, &position, quotas, 64, &changed, NULL), CG_OK);
			assert_int_equal(limits_saved(limits, quotas, changed, NULL), CG_OK);
		} while (changed > 0);
		/* Takes what may be left loose, so that each goes the same way, instruction by
		 * instruction. */
		struct limits_ask other = numbered("other", n, 1, 60);
		share_stripe(&other.name);
		limits->file->stripes[0].hand = 0;
		assert_true(passes(&other));
		limits->file->stripes[0].hand = 0;
		pass(100 * S);
		share_stripe(&step_asks[0].name);
	}
}

/* Lets a child make the call of a scene and kills it after so many instructions; whether it was
 * faster. */
static bool run_scene(enum step_scene scene, uint32_t steps)
{
	static const struct {
		unsigned before, least;
	} scenes[STEP__COUNT] = {
	    [STEP_COUNT] = {4, 5},
		   [STEP_WINDOW] = {4, 5},
		   [STEP_PERIOD] = {9, 9},
	    [STEP_NEW] = {0, 9},
		   [STEP_REUSE] = {0, 9},
	};
	struct limits_result r;
	int status;
	prepare_scene(scene);
	for (unsigned i = 0; i < scenes[scene].before; i++) {
		r = take_of(limits, step_asks, n_step_asks);
		assert_int_equal(r.verdict, LIMITS_PASSED);
		limits_end(limits, &r.held);
	}
	if (scene == STEP_COUNT)
		pass(4 * S);
	else if (scene == STEP_WINDOW)
		step_asks[0].rate.per_s = 30;
	else if (scene == STEP_PERIOD)
		pass(86400 * S);
	pid_t pid = child(step_take, steps);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 9);
	else
		assert_int_equal(WTERMSIG(status), SIGKILL);
	/* What is free is found again: chains that grow would shift the steps. */
	limits->file->stripes[0].hand = 0;
	/* All but at most the one, and none is in flight. */
	unsigned n = 0;
	for (;; n++) {
		r = take_of(limits, step_asks, n_step_asks);
		if (r.verdict != LIMITS_PASSED)
			break;
		limits_end(limits, &r.held);
	}
	if (n < scenes[scene].least || n > scenes[scene].least + 1 || r.kind != LIMITS_RATE ||
	    r.ask != 0)
		fail_msg("scene %d, killed after %u steps: %u passed, kind %d of %zu", scene, steps,
			 n, r.kind, r.ask);
	return WIFEXITED(status);
}

static void test_killed_at_each_step(void **state)
{
	struct limits_size size;
	uint32_t kills = 0;
	(void)state;
	for (enum step_scene scene = 0; scene < STEP__COUNT; scene++) {
		shared->n_changes = 0;
		assert_true(run_scene(scene, LOOK));
		/* Locks, at least, and counts. */
		assert_in_range(shared->n_changes, 15, CG_COUNT(shared->changes) - 1);
		for (uint32_t i = 0; i < shared->n_changes; i++)
			kills += !run_scene(scene, shared->changes[i]);
		check_table();
	}
	assert_in_range(kills, 100, 5000);
	/* At most one slot is lost in a kill. */
	limits_size(limits, &size);
	assert_in_range(size.slots, 1, 2 * kills);
}
#endif

/* --- the table --- */

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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_rate_window),
		TEST(test_rate_of_nothing),
		TEST(test_rate_against_log),
		TEST(test_rate_changed),
		TEST(test_rate_clock_back),
		TEST(test_quota_periods),
		TEST(test_quota_clock_steps),
		TEST(test_quota_changed),
		TEST(test_quota_in_the_store),
		TEST(test_all_or_nothing),
		TEST(test_names),
		TEST(test_threads_and_processes),
		TEST(test_concurrency_of_the_dead),
		TEST(test_killed_anywhere),
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
		TEST(test_killed_at_each_step),
#endif
		TEST(test_stopped_holder),
		TEST(test_growth),
		TEST(test_slots_are_used_again),
		TEST(test_no_room),
		TEST(test_run_folder),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(300);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
