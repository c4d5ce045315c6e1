/* A month of usage, as the steward would have put it together, for measuring:
 *
 *   usage_fill HOME HOURLY          reads ids from standard input, a line "api ID" or "key ID"
 * each; HOURLY of the keys are used in each hour, four times as many in a day (at most what a day
 * holds), a tenth in each minute of the last two days
 *
 * Started as root it becomes HOME's owner. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/key.h"
#include "store/store.h"
#include "usage/rollup.h"
#include "usage/sums.h"
#include "owner.h"
#include <sys/stat.h>

#define IDS_MAX	  200000
#define BATCH	  500
#define KEY_BYTES 25

static char *keys[IDS_MAX], *apis[IDS_MAX];
static size_t n_keys, n_apis;

struct span_job {
	Cg__Usage__Step step;
	int64_t at;
	size_t from, n; /* keys: from the so-manieth on */
	uint64_t each;	/* requests of one */
	struct arena arena;
};

static void put_number(uint64_t number, char *out)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		out[i] = (char)(number & 0xff);
}

static cg_rc put(struct store_txn *txn, struct span_job *job, const char *api, const char *key,
		 unsigned status, const char *code, uint64_t requests, uint64_t low,
		 struct cg_err *err)
{
	char bytes[KEY_BYTES];
	uint64_t counts[USAGE_PARTS][HISTOGRAM_BUCKETS] = {{0}};
	Cg__Usage *record;
	struct span packed;
	for (size_t i = 0; i < 8; i++)
		counts[USAGE_WHOLE][30 + i + low % 8] = requests / 8 + (i < requests % 8);
	memcpy(counts[USAGE_UPSTREAM], counts[USAGE_WHOLE], sizeof(counts[0]));
	counts[USAGE_OWN][10] = requests;
	cg_rc rc = usage_record(job->step, job->at, api, key, status, code, requests, counts,
				&job->arena, &record, err);
	bytes[0] = (char)job->step;
	put_number((uint64_t)job->at, bytes + 1);
	put_number(0, bytes + 9);
	put_number(low, bytes + 17);
	if (rc == CG_OK)
		rc = record_pack(record, &job->arena, &packed, err);
	if (rc == CG_OK)
		rc = store_put(txn, STORE_USAGE, span_make(bytes, KEY_BYTES), packed, err);
	arena_clear(&job->arena);
	return rc;
}

static cg_rc by_key_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span_job *job = arg;
	cg_rc rc = CG_OK;
	for (size_t i = job->from; rc == CG_OK && i < job->n && i < job->from + BATCH; i++) {
		/* Others at each time, but not evenly: some are there always. */
		size_t which = i % 4 == 0 ? i : i * 7919 + (size_t)job->at / 3600 * 104729;
		bool refused = i % 20 == 0;
		rc = put(txn, job, apis[i % n_apis], keys[which % n_keys], refused ? 429 : 200,
			 refused ? "rate_limited" : "", job->each, i, err);
	}
	return rc;
}

static const struct {
	unsigned status;
	const char *code;
	uint64_t parts;
} outcomes[] = {
    {200, "",		     940},
    {404, "",		     20 },
    {502, "upstream_unreachable", 2  },
    {429, "rate_limited",	  18 },
    {403, "quota_exceeded",	    9  },
    {403, "credential_unknown",	8	 },
    {401, "credential_missing",	3	 },
};

static cg_rc totals_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span_job *job = arg;
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < n_apis; i++)
		for (size_t o = 0; rc == CG_OK && o < CG_COUNT(outcomes); o++)
			rc = put(txn, job, apis[i], "", outcomes[o].status, outcomes[o].code,
				 1 + job->each * outcomes[o].parts / 1000 / n_apis,
				 i * CG_COUNT(outcomes) + o, err);
	return rc;
}

/* Less at night, and at weekends. */
static uint64_t at_this_time(uint64_t each, int64_t at, Cg__Usage__Step step)
{
	static const uint8_t eighths[24] = {4,	4,  3,	3,  3,	4,  5, 7, 9, 10, 11, 11,
					    12, 11, 11, 12, 11, 10, 9, 8, 7, 6,	 5,  5};
	bool weekend = (at / 86400 + 4) % 7 % 6 == 0; /* 1 January 1970 was a Thursday */
	uint64_t part = step == CG__USAGE__STEP__DAY ? 8 : eighths[at / 3600 % 24];
	return 1 + each * part / (weekend ? 24 : 8);
}

static cg_rc fill(struct store *store, Cg__Usage__Step step, Cg__Usage__Step total, int64_t at,
		  size_t n, uint64_t each, struct cg_err *err)
{
	struct span_job job = {
	    .step = step, .at = at, .n = n, .each = at_this_time(each, at, step)};
	arena_init(&job.arena, RECORD_ARENA_MAX);
	cg_rc rc = CG_OK;
	for (; rc == CG_OK && job.from < n; job.from += BATCH)
		rc = store_write(store, STORE_CHANGES_COUNTS, by_key_txn, &job, err);
	job.step = total;
	job.each *= n;
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_COUNTS, totals_txn, &job, err);
	arena_release(&job.arena);
	return rc;
}

/* Up to when it is put together. */
static cg_rc mark_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span_job *job = arg;
	char key[2] = {(char)0xff, (char)job->step};
	Cg__Usage record = CG__USAGE__INIT;
	struct span packed;
	record.step = job->step;
	record.at = job->at;
	cg_rc rc = record_pack(&record, &job->arena, &packed, err);
	return rc == CG_OK ? store_put(txn, STORE_USAGE, span_make(key, 2), packed, err) : rc;
}

static cg_rc mark(struct store *store, Cg__Usage__Step step, int64_t at, struct cg_err *err)
{
	struct span_job job = {.step = step, .at = at};
	arena_init(&job.arena, RECORD_ARENA_MAX);
	cg_rc rc = store_write(store, STORE_CHANGES_COUNTS, mark_txn, &job, err);
	arena_release(&job.arena);
	return rc;
}

static cg_rc used_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span_job *job = arg;
	cg_rc rc = CG_OK;
	for (size_t i = job->from; rc == CG_OK && i < job->n && i < job->from + BATCH; i++) {
		rc = key_used(txn, keys[i], job->at - (int64_t)i * 60, &job->arena, err);
		arena_clear(&job->arena);
	}
	return rc;
}

static cg_rc fill_month(struct store *store, size_t hourly, int64_t now, struct cg_err *err)
{
	int64_t minute = usage_floor(now, CG__USAGE__STEP__MINUTE) - 300,
		hour = usage_floor(minute, CG__USAGE__STEP__HOUR),
		day = usage_floor(hour, CG__USAGE__STEP__DAY);
	size_t daily = 4 * hourly < USAGE_GROUPS_MAX ? 4 * hourly : USAGE_GROUPS_MAX;
	struct span_job used = {.at = minute, .n = n_keys < daily ? n_keys : daily};
	cg_rc rc = CG_OK;
	for (int64_t t = day - 30 * 86400; rc == CG_OK && t < day; t += 86400)
		rc = fill(store, CG__USAGE__STEP__DAY, CG__USAGE__STEP__DAY_TOTAL, t, daily, 240,
			  err);
	for (int64_t t = day - 30 * 86400; rc == CG_OK && t < hour; t += 3600)
		rc = fill(store, CG__USAGE__STEP__HOUR, CG__USAGE__STEP__HOUR_TOTAL, t, hourly, 40,
			  err);
	for (int64_t t = minute - 172800; rc == CG_OK && t < minute; t += 60)
		rc = fill(store, CG__USAGE__STEP__MINUTE, CG__USAGE__STEP__MINUTE_TOTAL, t,
			  hourly / 10, 7, err);
	if (rc == CG_OK)
		rc = mark(store, CG__USAGE__STEP__DAY, day, err);
	if (rc == CG_OK)
		rc = mark(store, CG__USAGE__STEP__DAY_TOTAL, day, err);
	if (rc == CG_OK)
		rc = mark(store, CG__USAGE__STEP__HOUR, hour, err);
	if (rc == CG_OK)
		rc = mark(store, CG__USAGE__STEP__HOUR_TOTAL, hour, err);
	if (rc == CG_OK)
		rc = mark(store, CG__USAGE__STEP__MINUTE_TOTAL, minute, err);
	arena_init(&used.arena, RECORD_ARENA_MAX);
	for (; rc == CG_OK && used.from < used.n; used.from += BATCH)
		rc = store_write(store, STORE_CHANGES_COUNTS, used_txn, &used, err);
	arena_release(&used.arena);
	return rc == CG_OK ? store_checkpoint(store, err) : rc;
}

static bool read_ids(void)
{
	char what[8], id[80];
	while (scanf("%7s %79s", what, id) == 2) {
		bool api = strcmp(what, "api") == 0;
		size_t *n = api ? &n_apis : &n_keys;
		if (*n == IDS_MAX || !((api ? apis : keys)[(*n)++] = strdup(id)))
			return false;
	}
	return n_keys > 0 && n_apis > 0;
}

int main(int argc, char **argv)
{
	struct home home;
	struct store *store;
	struct cg_err err = {0};
	if (argc != 3 || !read_ids())
		return 2;
	cg_rc rc = become_owner(argv[1]) ? home_find(argv[1], &home, &err) : CG_FAIL;
	if (rc == CG_OK)
		rc = store_open(&home, &store, &err);
	if (rc == CG_OK) {
		rc = fill_month(store, strtoul(argv[2], NULL, 10), clock_unix_s(), &err);
		store_close(&store);
	}
	if (rc != CG_OK)
		(void)fprintf(stderr, "usage_fill: %s\n", err.text);
	return rc == CG_OK ? 0 : 1;
}
