/* lib/live's counters of limits: never more than the limit, whatever the clock does, and never less
 * than can be had. */
#include "base/base.h"
#include "limits_world.h"

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
	     {1,	 false, 0}, /* 16 s after the first, but the second is in its part
  */
	    {998,	  false, 0},
	     {1,	 true,  1}, /* 16 s after the second: both are out */
	    {1,	true,  1}, /* 16 s after the third */
	    {0,	true,  0},
	     {0,	 false, 0},
	       {999,   false, 0},
		{13999, false, 0}, /* 31.998 s */
	    {1,	true,  0}, /* the fourth */
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

/* However the calls lie in the parts of a window: a refusal names no more than the window, and who
 * waits exactly so long gets through, when nobody else calls meanwhile. */
static void test_retry_after_is_within_the_window(void **state)
{
	static const uint32_t pers[] = {1, 2, 7, 30, 60, 61, 100, 3600, 86400, RATE_SECONDS_MAX};
	(void)state;
	for (uint32_t run = 0; run < 400; run++) {
		char name[24];
		uint32_t limit = 1 + chance(5), per_s = pers[run % CG_COUNT(pers)];
		(void)snprintf(name, sizeof(name), "within %u", run);
		struct limits_ask ask = ask_rate(name, limit, per_s);
		for (uint32_t call = 0; call < 40; call++) {
			pass((int64_t)chance(1000000000) * per_s / (1 + chance(100)));
			while (passes(&ask))
				pass(chance(3));
			struct limits_result r = take_of(limits, &ask, 1);
			assert_in_range(r.retry_after_s, 1, per_s);
			assert_in_range(r.left[0].rate_reset_s, 1, per_s);
			int64_t refused_ns = shared->boot_ns;
			pass(r.retry_after_s * S);
			/* The answer has to come to the client, and his next call back. */
			pass(per_s > 60 ? 100000 : 0);
			if (!passes(&ask))
				fail_msg("run %u: %u in %u s, refused at %" PRId64
					 " ns for %" PRId64 " s",
					 run, limit, per_s, refused_ns, r.retry_after_s);
		}
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
	assert_in_range(r.retry_after_s, 3598 - 1, 3600);
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
		assert_in_range(r.retry_after_s, 1, 60);
		check_retry_after(&ask, 1, &r);
		shared->boot_ns += 60 * S;
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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_rate_window),	 TEST(test_rate_of_nothing),
	    TEST(test_rate_against_log), TEST(test_retry_after_is_within_the_window),
	    TEST(test_rate_changed),	 TEST(test_rate_clock_back),
	    TEST(test_quota_periods),	 TEST(test_quota_clock_steps),
	    TEST(test_quota_changed),	 TEST(test_quota_in_the_store),
	    TEST(test_all_or_nothing),	 TEST(test_names),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(600);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
