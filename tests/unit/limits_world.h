/* A run folder, a clock and children for the tests of lib/live's counters of limits. */
#ifndef CG_TESTS_UNIT_LIMITS_WORLD_H
#define CG_TESTS_UNIT_LIMITS_WORLD_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/limits.h"
#include "live/limits.h"
#include "live/limits_in.h" /* what a kill may leave half done */
#include "folder.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

static inline void test_clock(void *arg, struct limits_time *now)
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
static inline void pass(int64_t ns)
{
	static int64_t rest;
	shared->boot_ns += ns;
	rest += ns;
	shared->unix_s += rest / S;
	rest %= S;
}

static inline int64_t at(const char *rfc3339)
{
	int64_t t;
	if (!rfc3339_parse(span_of(rfc3339), &t))
		fail_msg("%s is no time", rfc3339);
	return t;
}

static inline struct limits *open_limits(void)
{
	struct limits *l = NULL;
	struct cg_err err = {0};
	if (limits_open(&home, test_clock, NULL, &l, &err) != CG_OK)
		fail_msg("%s", err.text);
	return l;
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	(void)state;
	limits_close(&limits);
	(void)munmap(shared, sizeof(*shared));
	(void)remove_tree(home.dir);
	return 0;
}

/* The same numbers in each run. */
static uint32_t seed;

static inline uint32_t chance(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static inline struct sha256 name_of(const char *text)
{
	struct sha256 name;
	if (limits_name(LIMITS_OF_KEY, span_of(text), span_of(""), &name) != CG_OK)
		fail_msg("no name");
	return name;
}

static inline struct limits_ask ask_rate(const char *name, uint32_t limit, uint32_t per_s)
{
	return (struct limits_ask){.name = name_of(name), .rate.limit = limit, .rate.per_s = per_s};
}

/* Names that share a lock, and with it what is free again: they begin alike. */
static inline void share_stripe(struct sha256 *name)
{
	memset(name->b, 0, 4);
}

static const struct limits_quota nothing_stored;

static inline struct limits_ask ask_quota(const char *name, uint64_t limit,
					  enum limits_period period)
{
	return (struct limits_ask){.name = name_of(name),
				   .quota.limit = limit,
				   .quota.period = period,
				   .stored = &nothing_stored};
}

static inline struct limits_ask numbered(const char *what, uint32_t i, uint32_t limit,
					 uint32_t per_s)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "%s %u", what, i);
	return ask_rate(name, limit, per_s);
}

static inline struct limits_result take_of(struct limits *l, const struct limits_ask *asks,
					   size_t n)
{
	struct limits_result result;
	struct cg_err err = {0};
	if (limits_take(l, asks, n, &result, &err) != CG_OK)
		fail_msg("%s", err.text);
	return result;
}

static inline struct limits_result look_at(const struct limits_ask *asks, size_t n)
{
	struct limits_result result;
	struct cg_err err = {0};
	if (limits_look(limits, asks, n, &result, &err) != CG_OK)
		fail_msg("%s", err.text);
	return result;
}

static inline bool passes(const struct limits_ask *ask)
{
	struct limits_result result = take_of(limits, ask, 1);
	limits_end(limits, &result.held);
	return result.verdict == LIMITS_PASSED;
}

/* How many of up to `most` calls pass now. */
static inline unsigned passing(const struct limits_ask *ask, unsigned most)
{
	unsigned n = 0;
	while (n < most && passes(ask))
		n++;
	return n;
}

/* After what a refusal says, a call passes, and a second earlier none does. */
static inline void check_retry_after(const struct limits_ask *asks, size_t n,
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

/* --- processes --- */

/* A child that runs fn(arg) with counters of its own, and ends with the test at the latest. */
static inline pid_t child(void (*fn)(struct limits *l, uint32_t arg), uint32_t arg)
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

static inline void wait_for(pid_t pid, int signal_or_0)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (signal_or_0 == 0)
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	else
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal_or_0);
}

/* Killed, or done before. */
static inline void wait_for_any_end(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

static inline void wait_until(const uint32_t *what, uint32_t at_least)
{
	while (__atomic_load_n(what, __ATOMIC_ACQUIRE) < at_least)
		(void)usleep(200);
}

/* Every slot hangs in one place, in the chain of its name. */
static inline void check_table(void)
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

#endif
