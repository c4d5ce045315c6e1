/* lib/usage's counts: histograms and percentiles, the table in the run folder with many writers and
 * killed ones, and the way of numbers through the store over time. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/limits.h"
#include "model/open.h"
#include "usage/counts.h"
#include "usage/keep.h"
#include "usage/query.h"
#include "usage/rollup.h"
#include "folder.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define THREADS	   8
#define PER_THREAD 20000
#define GROUPS	   5
#define KILLS	   40
#define VALUES	   5000

static struct home home;
static struct store *store;
static struct usage *usage;
static struct arena arena;

static int setup(void **state)
{
	static char dir[32];
	struct cg_err err = {0};
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/cgc.XXXXXX");
	arena_init(&arena, (size_t)256 * 1024 * 1024);
	if (!mkdtemp(dir) || home_find(dir, &home, NULL) != CG_OK || mkdir(home.run, 0700) != 0 ||
	    mkdir(home.db, 0700) != 0 || mkdir(home.keys, 0700) != 0)
		return -1;
	if (store_create(&home, &err) != CG_OK || model_open(&home, &store, &err) != CG_OK ||
	    usage_open(&home, &usage, &err) != CG_OK) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	usage_close(&usage);
	store_close(&store);
	arena_release(&arena);
	return remove_tree(home.dir);
}

static int64_t at(const char *rfc3339)
{
	int64_t t = 0;
	if (!rfc3339_parse(span_of(rfc3339), &t))
		fail_msg("%s is no time", rfc3339);
	return t;
}

static void count(const char *api, const char *key, unsigned status, const char *code, int64_t now,
		  int64_t whole_us, int64_t upstream_us)
{
	const struct usage_group g = {.api_id = span_of(api),
				      .key_id = span_of(key),
				      .status = status,
				      .code = span_of(code)};
	usage_count(usage, &g, now, whole_us, upstream_us);
}

static void save(int64_t now)
{
	struct cg_err err = {0};
	if (usage_save(store, usage, now, NULL, NULL, &err) != CG_OK)
		fail_msg("%s", err.text);
}

static void roll(int64_t now)
{
	struct cg_err err = {0};
	bool more = true;
	while (more)
		if (usage_roll_up(store, now, &more, &err) != CG_OK)
			fail_msg("%s", err.text);
	if (usage_purge(store, now, &err) != CG_OK)
		fail_msg("%s", err.text);
}

static struct usage_sums ask(int64_t from, int64_t to, enum usage_step step, enum usage_group_by by,
			     int64_t now)
{
	struct usage_query q = {.from = from, .to = to, .step = step, .by = by};
	struct usage_sums sums;
	struct cg_err err = {0};
	arena_clear(&arena);
	if (usage_ask(store, &q, now, &arena, &sums, &err) != CG_OK)
		fail_msg("%s", err.text);
	return sums;
}

static uint64_t total(int64_t from, int64_t to, enum usage_step step, int64_t now)
{
	struct usage_sums sums = ask(from, to, step, USAGE_BY_NONE, now);
	uint64_t n = 0;
	for (size_t i = 0; i < sums.n; i++)
		n += sums.items[i]->requests;
	return n;
}

/* --- histograms --- */

static void test_buckets(void **state)
{
	(void)state;
	assert_int_equal(histogram_bucket(0), 0);
	assert_int_equal(histogram_bucket(63), 0);
	assert_int_equal(histogram_bucket(64), 1);
	assert_int_equal(histogram_bucket(((uint64_t)1 << 28) - 1), HISTOGRAM_BUCKETS - 2);
	assert_int_equal(histogram_bucket((uint64_t)1 << 28), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t from = histogram_from_us(i), to = histogram_to_us(i);
		assert_true(from < to);
		assert_int_equal(histogram_bucket(from), i);
		if (i + 1 < HISTOGRAM_BUCKETS) {
			assert_int_equal(histogram_bucket(to - 1), i);
			assert_int_equal(histogram_bucket(to), i + 1);
		}
		/* An eighth around its middle. */
		if (i > 0 && i + 1 < HISTOGRAM_BUCKETS)
			assert_true((to - from) * 4 <= from);
	}
}

static int in_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Against the percentiles of the values themselves. */
static void test_percentiles(void **state)
{
	static const double ps[] = {0.01, 0.5, 0.9, 0.95, 0.99, 1};
	static uint64_t values[VALUES];
	uint64_t seed = 88172645463325252, counts[HISTOGRAM_BUCKETS];
	(void)state;
	memset(counts, 0, sizeof(counts));
	assert_true(histogram_percentile(counts, 0.5) < 0);
	counts[histogram_bucket(1000)] = 1;
	double one = histogram_percentile(counts, 0.99);
	assert_true(one > 880 && one < 1140);
	for (int round = 0; round < 20; round++) {
		memset(counts, 0, sizeof(counts));
		for (size_t i = 0; i < CG_COUNT(values); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			/* From 64 µs to a minute, each order of magnitude as often. */
			values[i] = 64 + (seed >> 32) % ((uint64_t)100 << (seed % 20));
			counts[histogram_bucket(values[i])]++;
		}
		qsort(values, CG_COUNT(values), sizeof(values[0]), in_order);
		for (size_t i = 0; i < CG_COUNT(ps); i++) {
			size_t rank = (size_t)(ps[i] * VALUES + 0.999999);
			double want = (double)values[rank - 1],
			       got = histogram_percentile(counts, ps[i]);
			if (got < want / 1.26 || got > want * 1.26)
				fail_msg("p%g: %g, not %g", 100 * ps[i], got, want);
		}
	}
}

/* --- counting --- */

static void *count_many(void *arg)
{
	const int64_t *now = arg;
	for (int i = 0; i < PER_THREAD; i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "key%d", i % GROUPS);
		count("api", key, 200, "", *now, 1000, 900);
	}
	return NULL;
}

static void *save_always(void *arg)
{
	uint32_t *stop = arg;
	int64_t now = at("2026-03-01T12:00:30Z");
	while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
		save(now);
	return NULL;
}

/* All threads together, while the steward saves: nothing is lost, nothing is there twice. */
static void test_threads(void **state)
{
	pthread_t threads[THREADS], saver;
	uint32_t stop = 0;
	int64_t now = at("2026-03-01T12:00:30Z");
	(void)state;
	assert_int_equal(pthread_create(&saver, NULL, save_always, &stop), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, &now), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(saver, NULL), 0);
	save(now);
	struct usage_sums sums = ask(now - 3600, now + 60, USAGE_STEP_MINUTE, USAGE_BY_KEY, now);
	assert_int_equal(sums.n, GROUPS);
	for (size_t i = 0; i < sums.n; i++) {
		uint64_t n = 0;
		assert_int_equal(sums.items[i]->at, at("2026-03-01T12:00:00Z"));
		assert_int_equal(sums.items[i]->requests, THREADS * PER_THREAD / GROUPS);
		for (size_t b = 0; b < HISTOGRAM_BUCKETS; b++)
			n += sums.items[i]->counts[USAGE_UPSTREAM][b];
		assert_int_equal(n, THREADS * PER_THREAD / GROUPS);
	}
}

/* Killed writers: what they had counted is there, at most one more or less each; their slots come
 * free. */
static void test_kills(void **state)
{
	int64_t now = at("2026-03-02T12:00:30Z");
	uint64_t *counted =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)state;
	assert_ptr_not_equal(counted, MAP_FAILED);
	for (int i = 0; i < KILLS; i++) {
		uint64_t before = __atomic_load_n(counted, __ATOMIC_RELAXED);
		pid_t pid = fork();
		if (pid == 0) {
			for (unsigned n = 0;; n++) {
				char key[24];
				(void)snprintf(key, sizeof(key), "kill%u", n % 50);
				count("api", key, 200, "", now, 1000, -1);
				(void)__atomic_add_fetch(counted, 1, __ATOMIC_RELAXED);
			}
		}
		assert_true(pid > 0);
		/* In the midst of it, wherever that is. */
		while (__atomic_load_n(counted, __ATOMIC_RELAXED) < before + 500 + (unsigned)i * 7)
			(void)sched_yield();
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		save(now);
	}
	uint64_t got = total(now - 3600, now + 60, USAGE_STEP_NONE, now);
	assert_in_range(got, *counted, *counted + KILLS);
	(void)munmap(counted, 4096);
	/* Later all slots are free again, those of the killed as well. */
	for (unsigned i = 0; i < 3; i++)
		save(now + 300);
	uint64_t other, other_after, lost;
	usage_not_told(usage, &other, &lost);
	for (unsigned n = 0; n < USAGE_SLOTS / 2; n++) {
		char key[24];
		(void)snprintf(key, sizeof(key), "after%u", n);
		count("api", key, 200, "", now + 300, 1, -1);
	}
	usage_not_told(usage, &other_after, &lost);
	assert_int_equal(other_after, other);
	assert_int_equal(lost, 0);
	save(now + 300);
	save(now + 900);
}

/* More groups than there is room for: counted all the same, as "other". */
static void test_full(void **state)
{
	int64_t now = at("2026-03-03T12:00:30Z");
	uint64_t before, other, lost;
	unsigned n = 2 * USAGE_SLOTS;
	(void)state;
	usage_not_told(usage, &before, &lost);
	for (unsigned i = 0; i < n; i++) {
		char key[24];
		(void)snprintf(key, sizeof(key), "full%u", i);
		count("api", key, 200, "", now, 1, -1);
	}
	usage_not_told(usage, &other, &lost);
	assert_true(other > before);
	assert_int_equal(lost, 0);
	save(now);
	assert_int_equal(total(now - 3600, now + 60, USAGE_STEP_NONE, now), n);
	struct usage_sums sums = ask(now - 3600, now + 60, USAGE_STEP_NONE, USAGE_BY_KEY, now);
	uint64_t told = 0;
	for (size_t i = 0; i < sums.n; i++)
		if (strcmp(sums.items[i]->key_id, USAGE_OTHER) == 0)
			told = sums.items[i]->requests;
	assert_in_range(told, n - USAGE_SLOTS, n);
	save(now + 300);
}

/* --- uses of credentials --- */

/* The next one that is to be saved; none: its time is 0. */
static struct usage_use next_use(void)
{
	struct usage_use use = {.at_unix_s = 0};
	size_t position = 0;
	(void)!usage_used_changed(usage, &position, &use);
	return use;
}

static void test_uses(void **state)
{
	int64_t minute = at("2026-03-04T12:00:00Z");
	/* Of one place. */
	struct sha256 a = {{1}}, b = {{1}};
	b.b[SHA256_BYTES - 1] = 1;
	(void)state;
	assert_int_equal(next_use().at_unix_s, 0);
	usage_used(usage, &a, minute + 59);
	struct usage_use of_a = next_use();
	assert_int_equal(of_a.at_unix_s, minute);
	assert_memory_equal(&of_a.credential, &a, sizeof(a));
	usage_used_saved(usage, &of_a);
	usage_used(usage, &a, minute + 30);
	assert_int_equal(next_use().at_unix_s, 0);
	usage_used(usage, &a, minute + 60);
	assert_int_equal(next_use().at_unix_s, minute + 60);
	of_a = next_use();
	/* Another one takes the place while the first is being saved: it is told all the same. */
	usage_used(usage, &b, minute + 60);
	usage_used_saved(usage, &of_a);
	struct usage_use of_b = next_use();
	assert_int_equal(of_b.at_unix_s, minute + 60);
	assert_memory_equal(&of_b.credential, &b, sizeof(b));
	/* Nobody has it, as one that was removed: that is no fault, and it is not told for ever. */
	save(minute + 60);
	assert_int_equal(next_use().at_unix_s, 0);
}

/* --- time --- */

static void test_edges(void **state)
{
	(void)state;
	assert_int_equal(usage_floor(at("2026-03-29T01:59:59Z"), CG__USAGE__STEP__HOUR),
			 at("2026-03-29T01:00:00Z"));
	assert_int_equal(usage_floor(at("2026-03-29T23:59:59Z"), CG__USAGE__STEP__DAY),
			 at("2026-03-29T00:00:00Z"));
	assert_int_equal(usage_floor(-1, CG__USAGE__STEP__MINUTE), -60);
	/* The last second of a day and the first of the next, over a leap day. */
	count("edge", "k", 200, "", at("2028-02-28T23:59:59Z"), 1, -1);
	count("edge", "k", 200, "", at("2028-02-29T00:00:00Z"), 1, -1);
	count("edge", "k", 200, "", at("2028-02-29T23:59:59Z"), 1, -1);
	count("edge", "k", 200, "", at("2028-03-01T00:00:00Z"), 1, -1);
	int64_t now = at("2028-03-01T00:00:30Z");
	save(now);
	struct usage_sums s =
	    ask(at("2028-02-28T00:00:00Z"), now, USAGE_STEP_DAY, USAGE_BY_NONE, now);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.items[1]->at, at("2028-02-29T00:00:00Z"));
	assert_int_equal(s.items[1]->requests, 2);
	/* `from` belongs to it, `to` does not. */
	assert_int_equal(
	    total(at("2028-02-29T00:00:00Z"), at("2028-03-01T00:00:00Z"), USAGE_STEP_MINUTE, now),
	    2);
	/* Rolled up, it is the same. */
	now = at("2028-03-02T01:00:00Z");
	roll(now);
	s = ask(at("2028-02-28T00:00:00Z"), now, USAGE_STEP_DAY, USAGE_BY_API, now);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.items[1]->requests, 2);
	assert_string_equal(s.items[1]->api_id, "edge");
	save(now);
}

/* Three days, a request each minute, saved and rolled up as time goes by: each step adds up at each
 * moment, and afterwards what is too old for its step is gone and the rest is not. */
static void test_rollup(void **state)
{
	int64_t from = at("2029-01-01T00:00:00Z"), now = from;
	uint64_t n = 0;
	(void)state;
	for (; now < from + 3 * 86400; now += 60) {
		count("roll", n % 2 ? "a" : "b", n % 3 ? 200 : 403, n % 3 ? "" : "access_denied",
		      now, 5000, 4000);
		n++;
		save(now + 1);
		/* Not at the full hour, nor twice in one. */
		if (n % 47 != 0)
			continue;
		roll(now + 1);
		assert_int_equal(total(from, now + 1, USAGE_STEP_DAY, now), n);
		assert_int_equal(total(from, now + 1, USAGE_STEP_HOUR, now), n);
	}
	save(now);
	roll(now + 300);
	struct usage_sums s = ask(from, now, USAGE_STEP_HOUR, USAGE_BY_CODE, now);
	assert_int_equal(s.n, 2 * 72);
	assert_int_equal(s.items[0]->requests + s.items[1]->requests, 60);
	assert_int_equal(s.items[1]->refused, 20);
	/* The latencies come along. */
	assert_in_range((uint64_t)histogram_percentile(s.items[0]->counts[USAGE_UPSTREAM], 0.5),
			3500, 4600);
	assert_int_equal(total(from, now, USAGE_STEP_MINUTE, now), 2 * 1440 - 5);
	/* Two months later the hours are gone, years later the days. */
	roll(from + 61 * 86400);
	assert_int_equal(total(from, now, USAGE_STEP_DAY, now), n);
	assert_int_equal(total(from, from + 86400, USAGE_STEP_HOUR, from + 61 * 86400), 0);
	roll(from + 740 * INT64_C(86400));
	assert_int_equal(total(from, now, USAGE_STEP_DAY, now), 0);
}

/* Of each code whether it is a refusal, a fault of the upstream, or neither. */
static void test_outcomes(void **state)
{
	static const struct {
		const char *code;
		unsigned status;
		bool refused, by_upstream;
	} rows[] = {
	    {"",		 200, false, false},
	    {"",		 404, false, false},
	    {"",		 503, false, true },
	    {"access_denied",    403, true,	 false},
	    {"unavailable",	    503, true,  false},
	    {"upstream_timeout", 504, false, true },
	    {"upstream_cut",     200, false, true },
	    {"client_gone",	    0,   false, false},
	    {"gate_stopped",     0,	false, false},
	    {"gate_stopped",     200, false, false},
	};
	int64_t now = at("2033-07-01T10:00:00Z");
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++, now += 60) {
		count("outcome", "", rows[i].status, rows[i].code, now, 1000, 500);
		save(now + 1);
		struct usage_sums s = ask(now, now + 60, USAGE_STEP_MINUTE, USAGE_BY_API, now + 1);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.items[0]->requests, 1);
		assert_int_equal(s.items[0]->refused, rows[i].refused);
		assert_int_equal(s.items[0]->upstream_errors, rows[i].by_upstream);
	}
}

/* A minute that comes late, because the store could not be written to, is in its hour and day. */
static void test_late(void **state)
{
	int64_t hour = at("2032-05-05T10:00:00Z");
	(void)state;
	count("late", "k", 200, "", hour + 60, 1, -1);
	save(hour + 61);
	count("late", "k", 200, "", hour + 120, 1, -1);
	count("late", "k", 200, "", hour + 7200, 1, -1);
	roll(hour + 7200);
	assert_int_equal(total(hour, hour + 3600, USAGE_STEP_HOUR, hour + 7200), 1);
	save(hour + 7201);
	assert_int_equal(total(hour, hour + 3600, USAGE_STEP_HOUR, hour + 7200), 2);
	roll(hour + 2 * 86400);
	assert_int_equal(total(hour, hour + 3600, USAGE_STEP_HOUR, hour + 2 * 86400), 2);
	assert_int_equal(
	    total(hour - 36000, hour + 50400, USAGE_STEP_DAY, hour + 2 * INT64_C(86400)), 3);
}

/* A kill of the steward after its transaction and before it noted that: written again, the same. */
static void end_here(const struct usage_slot *slot, void *arg)
{
	(void)slot;
	(void)arg;
	_exit(0);
}

static void test_steward_killed(void **state)
{
	int64_t now = at("2033-10-18T00:00:30Z");
	(void)state;
	count("steward", "k", 200, "", now, 1, -1);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct store *own = NULL;
			struct usage *mapped = NULL;
			if (model_open(&home, &own, NULL) != CG_OK ||
			    usage_open(&home, &mapped, NULL) != CG_OK)
				_exit(2);
			(void)!usage_save(own, mapped, now, end_here, NULL, NULL);
			_exit(3);
		}
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), 0);
		count("steward", "k", 200, "", now, 1, -1);
	}
	save(now);
	save(now);
	assert_int_equal(total(now - 60, now + 60, USAGE_STEP_NONE, now), 4);
}

/* The clock is set back: the same minute anew, in another slot. */
static void test_clock_back(void **state)
{
	int64_t now = at("2034-01-01T12:00:30Z");
	(void)state;
	for (int i = 0; i < 3; i++) {
		count("back", "k", 200, "", now, 1, -1);
		count("back", "other", 200, "", now, 1, -1);
		save(now);
		/* Empties what is over. */
		save(now + 600);
		save(now + 600);
	}
	assert_int_equal(total(now - 60, now + 60, USAGE_STEP_NONE, now), 6);
	/* And from a time that was in the future. */
	count("back", "k", 200, "", now + 86400 * 400, 1, -1);
	save(now);
	save(now);
	count("back", "k", 200, "", now, 1, -1);
	save(now);
	assert_int_equal(total(now - 60, now + 60, USAGE_STEP_NONE, now), 7);
}

static void test_in_flight(void **state)
{
	uint64_t requests;
	unsigned gates;
	int ready[2];
	char byte;
	(void)state;
	usage_in_flight(usage, &requests, &gates);
	assert_int_equal(gates, 0);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct usage *own = NULL;
		if (usage_open(&home, &own, NULL) != CG_OK)
			_exit(1);
		usage_gate_enter(own);
		usage_begin(own);
		usage_begin(own);
		usage_begin(own);
		usage_end(own);
		(void)!write(ready[1], "x", 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	usage_in_flight(usage, &requests, &gates);
	assert_int_equal(requests, 2);
	assert_int_equal(gates, 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	usage_in_flight(usage, &requests, &gates);
	assert_int_equal(requests, 0);
	assert_int_equal(gates, 0);
	usage_gate_enter(usage);
	usage_in_flight(usage, &requests, &gates);
	assert_int_equal(requests, 0);
	assert_int_equal(gates, 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void test_keep(void **state)
{
	(void)state;
	struct usage_keep keep;
	assert_true(usage_keep_parse("2,60,731", &keep));
	assert_int_equal(keep.minutes_s, 2 * 86400);
	assert_int_equal(keep.hours_s, 60 * 86400);
	assert_int_equal(keep.days_s, 731 * 86400);
	assert_true(usage_keep_parse(" 1, 1 ,1", &keep));
	static const char *const bad[] = {"",	       "2",	     "2,60",	 "2,60,731,9",
					  "0,60,731",  "2,1,731",    "2,60,9",	 "2,60,x",
					  "-2,60,731", "2,60,99999", "2,60,731,"};
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		if (usage_keep_parse(bad[i], &keep))
			fail_msg("%s is taken", bad[i]);
	/* What stands in limits.h can be read. */
	assert_int_equal(usage_keep()->days_s, 731 * 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keep),	   cmocka_unit_test(test_buckets),
	    cmocka_unit_test(test_percentiles),	   cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_kills),	   cmocka_unit_test(test_full),
	    cmocka_unit_test(test_uses),	   cmocka_unit_test(test_edges),
	    cmocka_unit_test(test_rollup),	   cmocka_unit_test(test_late),
	    cmocka_unit_test(test_steward_killed), cmocka_unit_test(test_outcomes),
	    cmocka_unit_test(test_clock_back),	   cmocka_unit_test(test_in_flight),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
