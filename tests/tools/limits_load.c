/* limits_load KEYS: what a call costs at the counters of limits, as ratios to one thread on one
 * key, and how much memory KEYS of them take.  Rounds are interleaved, and medians are shown,
 * because the machine may be busy with something else.  Used by tests/bench/limits. */
#include "base/base.h"
#include "live/limits.h"
#include <pthread.h>
#include <sys/stat.h>

#define ROUNDS	    9
#define CALLS	    80000 /* of all threads, in a round: whole for each number of threads */
#define THREADS_MAX 8
#define FEW	    1000

struct row {
	const char *what;
	uint32_t threads;
	uint32_t keys;	  /* they choose among, by chance; each thread among its own if `apart` */
	bool apart, full; /* full: an API's and a key's limits of all kinds, begun and ended */
	double ns[ROUNDS];
};

static struct limits *limits;
static struct sha256 *names; /* of keys, the API's behind them */
static uint32_t n_names;
static pthread_barrier_t start;

struct job {
	const struct row *row;
	uint32_t number;
	bool failed;
};

static void fill(const struct row *row, uint32_t key, struct limits_ask asks[2])
{
	static const struct limits_quota nothing;
	struct limits_ask *ask = &asks[0];
	if (row->full) {
		asks[0] = (struct limits_ask){
		    .name = names[n_names], .rate = {UINT32_MAX, 60  },
			      .concurrent = {true,	   1000}
		};
		ask = &asks[1];
	}
	*ask = (struct limits_ask){
	    .name = names[key], .rate = {UINT32_MAX, 60}
	};
	if (row->full) {
		ask->concurrent.on = true;
		ask->concurrent.limit = 1000;
		ask->quota.limit = UINT64_MAX;
		ask->quota.period = LIMITS_DAY;
		ask->stored = &nothing;
	}
}

static void *call(void *arg)
{
	struct job *job = arg;
	const struct row *row = job->row;
	uint32_t random = 12345 + job->number;
	(void)pthread_barrier_wait(&start);
	for (uint32_t i = 0; i < CALLS / row->threads; i++) {
		struct limits_ask asks[2];
		struct limits_result result;
		random = random * 1664525 + 1013904223;
		uint32_t key = (uint32_t)(((uint64_t)random * row->keys) >> 32);
		fill(row, row->apart ? key + job->number * row->keys : key, asks);
		if (limits_take(limits, asks, row->full ? 2 : 1, &result, NULL) != CG_OK ||
		    result.verdict != LIMITS_PASSED)
			job->failed = true;
		limits_end(limits, &result.held);
	}
	return NULL;
}

/* Of the processors, by all threads: a machine that is busy with something else changes it less. */
static double now_ns(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Nanoseconds of processor time for a call. */
static bool measure(const struct row *row, double *ns)
{
	pthread_t threads[THREADS_MAX];
	struct job jobs[THREADS_MAX] = {{0}};
	bool ok = pthread_barrier_init(&start, NULL, row->threads + 1) == 0;
	for (uint32_t i = 0; ok && i < row->threads; i++) {
		jobs[i] = (struct job){.row = row, .number = i};
		ok = pthread_create(&threads[i], NULL, call, &jobs[i]) == 0;
	}
	if (!ok)
		return false;
	(void)pthread_barrier_wait(&start);
	double began = now_ns();
	for (uint32_t i = 0; i < row->threads; i++) {
		(void)pthread_join(threads[i], NULL);
		ok = ok && !jobs[i].failed;
	}
	*ns = (now_ns() - began) / CALLS;
	(void)pthread_barrier_destroy(&start);
	return ok;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static bool make_names(uint32_t n)
{
	n_names = n;
	names = calloc((size_t)n + 1, sizeof(*names));
	for (uint32_t i = 0; names && i <= n; i++) {
		char id[ID_TEXT + 1];
		if (random_id(id) != CG_OK ||
		    limits_name(i == n ? LIMITS_OF_API : LIMITS_OF_KEY, span_of(id), span_of(""),
				&names[i]) != CG_OK)
			return false;
	}
	return names != NULL;
}

/* Every key calls once. */
static bool use_all(double *ns, struct cg_err *err)
{
	static const struct row row = {.full = false};
	double began = now_ns();
	for (uint32_t i = 0; i < n_names; i++) {
		struct limits_ask ask[2];
		struct limits_result result;
		fill(&row, i, ask);
		ask[0].rate.per_s = 86400;
		if (limits_take(limits, ask, 1, &result, err) != CG_OK)
			return false;
	}
	*ns = (now_ns() - began) / n_names;
	return true;
}

static bool run(uint32_t keys, struct cg_err *err)
{
	struct row rows[] = {
	    {"one key, 1 thread",		  1, 1,	false, false, {0}},
	    {"one key, 2 threads",	   2, 1,	 false, false, {0}},
	    {"one key, 4 threads",	   4, 1,	 false, false, {0}},
	    {"one key, 8 threads",	   8, 1,	 false, false, {0}},
	    {"a key each, 2 threads",	      2, 1,    true,  false, {0}},
	    {"a key each, 4 threads",	      4, 1,    true,  false, {0}},
	    {"a key each, 8 threads",	      8, 1,    true,  false, {0}},
	    {"of 1,000 keys",		      1, FEW,  false, false, {0}},
	    {"of all keys",		    1, keys, false, false, {0}},
	    {"all limits of API and key",	  1, 1,	false, true,  {0}},
	    {"the same, 8 threads, one API", 8, 100,  true,  true,	 {0}},
	};
	struct limits_size size;
	double ns;
	if (!make_names(keys) || !use_all(&ns, err))
		return false;
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < CG_COUNT(rows); i++)
			if (!measure(&rows[i], &rows[i].ns[round]))
				return false;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		qsort(rows[i].ns, ROUNDS, sizeof(double), by_size);
		printf("%-32s %7.0f ns  %5.2f\n", rows[i].what, rows[i].ns[ROUNDS / 2],
		       rows[i].ns[ROUNDS / 2] / rows[0].ns[ROUNDS / 2]);
	}
	printf("%-32s %7.0f ns  %5.2f\n", "first call of a key", ns, ns / rows[0].ns[ROUNDS / 2]);
	limits_size(limits, &size);
	printf("%u counters: %zu bytes each, %.1f MB in all\n", size.slots, size.slot_bytes,
	       (double)size.bytes / 1e6);
	return true;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/cgl.XXXXXX", path[HOME_PATH_MAX + 16];
	struct home home;
	struct cg_err err = {0};
	char *end = NULL;
	unsigned long keys = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
	if (keys < FEW || keys > 4000000 || *end != '\0') {
		(void)fprintf(stderr, "usage: limits_load KEYS\n");
		return 2;
	}
	if (!mkdtemp(dir) || home_find(dir, &home, &err) != CG_OK || mkdir(home.run, 0700) != 0)
		return 1;
	bool ok =
	    limits_open(&home, NULL, NULL, &limits, &err) == CG_OK && run((uint32_t)keys, &err);
	limits_close(&limits);
	free(names);
	(void)snprintf(path, sizeof(path), "%s/limits.slots", home.run);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/limits", home.run);
	(void)unlink(path);
	(void)rmdir(home.run);
	(void)rmdir(dir);
	if (!ok)
		(void)fprintf(stderr, "limits_load: a call failed. %s\n", err.text);
	return ok ? 0 : 1;
}
