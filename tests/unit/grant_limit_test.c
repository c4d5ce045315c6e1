/* lib/grant between the decision and the counters: whose counters are asked, with which limits, and
 * what is said when they refuse. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "grant/limit.h"

static char id_api[] = "api1", id_key[] = "key1", get[] = "GET", put[] = "PUT", path_a[] = "/a",
	    path_b[] = "/b";

/* One API, one key with one entry for it. */
static struct world {
	struct arena arena;
	Cg__Api api;
	Cg__ApiAuth auth;
	Cg__Key key;
	Cg__Access entry, *entries[1];
	Cg__Rate key_rate, entry_rate, api_rate;
	Cg__Quota key_quota, entry_quota;
	struct route route;
	struct grant grant;
	struct decision decision;
	struct limit_asks asks;
} w;

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	arena_init(&w.arena, 1024 * 1024);
	cg__api__init(&w.api);
	cg__api_auth__init(&w.auth);
	cg__key__init(&w.key);
	cg__access__init(&w.entry);
	Cg__Rate *rates[] = {&w.key_rate, &w.entry_rate, &w.api_rate};
	for (size_t i = 0; i < CG_COUNT(rates); i++) {
		cg__rate__init(rates[i]);
		rates[i]->limit = 10 + i;
		rates[i]->per_seconds = 60 + i;
	}
	Cg__Quota *quotas[] = {&w.key_quota, &w.entry_quota};
	for (size_t i = 0; i < CG_COUNT(quotas); i++) {
		cg__quota__init(quotas[i]);
		quotas[i]->limit = 1000 + i;
		quotas[i]->period = CG__QUOTA__PERIOD__DAY;
	}
	w.api.id = id_api;
	w.api.auth = &w.auth;
	w.key.id = id_key;
	w.entry.api_id = id_api;
	w.entries[0] = &w.entry;
	w.key.access = w.entries;
	w.key.n_access = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&w.arena);
	return 0;
}

/* The asks of the world as it is. */
static void make_asks(void)
{
	w.route = (struct route){.api = &w.api};
	assert_int_equal(route_name_counters(&w.route, NULL), CG_OK);
	w.grant = (struct grant){.key = &w.key};
	assert_int_equal(effective_make(&w.key, NULL, 0, &w.arena, &w.grant.effective, NULL),
			 CG_OK);
	assert_int_equal(grant_name_counters(&w.grant, &w.arena, NULL), CG_OK);
	w.decision = (struct decision){.grant = &w.grant, .access = &w.grant.effective.access[0]};
	limit_asks_make(&w.route, &w.decision, &w.asks);
}

static void assert_ask(size_t i, enum limit_owner owner, const char *name, uint32_t rate,
		       uint32_t concurrent, uint64_t quota)
{
	const struct limits_ask *ask = &w.asks.asks[i];
	assert_in_range(i, 0, w.asks.n - 1);
	assert_int_equal(w.asks.owners[i], owner);
	if (name)
		assert_string_equal(w.asks.names[i], name);
	else
		assert_null(w.asks.names[i]);
	assert_int_equal(ask->rate.limit, rate);
	assert_int_equal(ask->rate.per_s, rate > 0 ? 60 + rate - 10 : 0);
	assert_int_equal(ask->concurrent.on, concurrent > 0);
	assert_int_equal(ask->concurrent.limit, concurrent);
	assert_int_equal(ask->quota.limit, quota);
	assert_int_equal(ask->quota.period, quota > 0 ? LIMITS_DAY : LIMITS_NO_QUOTA);
}

static void test_asks(void **state)
{
	(void)state;
	/* Without limits of their own: how many at once. */
	make_asks();
	assert_int_equal(w.asks.n, 2);
	assert_ask(0, LIMIT_OF_API, NULL, 0, API_CONCURRENT_DEFAULT, 0);
	assert_ask(1, LIMIT_OF_KEY, "key", 0, KEY_CONCURRENT_DEFAULT, 0);
	/* The key's, over all its APIs. */
	w.api.rate = &w.api_rate;
	w.api.has_max_concurrent = w.key.has_max_concurrent = true;
	w.api.max_concurrent = 7;
	w.key.max_concurrent = 3;
	w.key.rate = &w.key_rate;
	w.key.quota = &w.key_quota;
	make_asks();
	assert_int_equal(w.asks.n, 2);
	assert_ask(0, LIMIT_OF_API, NULL, 12, 7, 0);
	assert_ask(1, LIMIT_OF_KEY, "key", 10, 3, 1000);
	/* At this API alone: in counters of their own, in place of the key's. */
	struct sha256 of_key = w.asks.asks[1].name;
	w.entry.separate = true;
	make_asks();
	assert_int_equal(w.asks.n, 3);
	assert_ask(1, LIMIT_OF_KEY, "key", 0, 3, 0);
	assert_ask(2, LIMIT_OF_KEY, "key", 10, 0, 1000);
	assert_memory_equal(&w.asks.asks[1].name, &of_key, sizeof(of_key));
	assert_memory_not_equal(&w.asks.asks[2].name, &of_key, sizeof(of_key));
	/* And the entry's beside them. */
	w.entry.rate = &w.entry_rate;
	w.entry.quota = &w.entry_quota;
	make_asks();
	assert_int_equal(w.asks.n, 4);
	assert_ask(2, LIMIT_OF_KEY, "key", 10, 0, 1000);
	assert_ask(3, LIMIT_OF_KEY_AT_API, "api", 11, 0, 1001);
	w.entry.separate = false;
	make_asks();
	assert_int_equal(w.asks.n, 3);
	assert_ask(1, LIMIT_OF_KEY, "key", 10, 3, 1000);
	assert_ask(2, LIMIT_OF_KEY_AT_API, "api", 11, 0, 1001);
	/* Separate, and nothing to be counted: no counters. */
	w.key.rate = NULL;
	w.key.quota = NULL;
	w.entry.rate = NULL;
	w.entry.quota = NULL;
	w.entry.separate = true;
	make_asks();
	assert_int_equal(w.asks.n, 2);
	/* A keyless API knows nobody. */
	w.decision.grant = NULL;
	limit_asks_make(&w.route, &w.decision, &w.asks);
	assert_int_equal(w.asks.n, 1);
	assert_ask(0, LIMIT_OF_API, NULL, 12, 7, 0);
}

/* The name of the entry's own counters. */
static struct sha256 counters_of_entry(void)
{
	make_asks();
	assert_int_equal(w.asks.owners[w.asks.n - 1], LIMIT_OF_KEY_AT_API);
	return w.asks.asks[w.asks.n - 1].name;
}

/* Entries that differ in what they let in have counters of their own; what they let in alone
 * decides. */
static void test_counters_of_entries(void **state)
{
	char *lists[][2] = {
	    {get,	  NULL  },
		 {put,    NULL  },
	      {get,    put   },
		  {path_a, NULL  },
		  {path_b, NULL  },
		  {path_a, path_b}
	  };
	static const struct {
		int methods, paths; /* of lists; -1: none */
	} entries[] = {
	    {-1, -1},
	      {0,  -1},
	       {1,  -1},
		{2,  -1},
		 {-1, 3 },
		  {-1, 4 },
		   {-1, 5 },
	    {0,	3 },
	    {0,	5 },
	    {2,	5 }
	  };
	struct sha256 names[CG_COUNT(entries)];
	(void)state;
	w.entry.rate = &w.entry_rate;
	for (size_t i = 0; i < CG_COUNT(entries); i++) {
		int methods = entries[i].methods, paths = entries[i].paths;
		w.entry.methods = methods < 0 ? NULL : lists[methods];
		w.entry.n_methods = methods < 0 ? 0 : lists[methods][1] ? 2 : 1;
		w.entry.paths = paths < 0 ? NULL : lists[paths];
		w.entry.n_paths = paths < 0 ? 0 : lists[paths][1] ? 2 : 1;
		names[i] = counters_of_entry();
		/* Other numbers, the same counters. */
		w.entry_rate.limit++;
		struct sha256 again = counters_of_entry();
		w.entry_rate.limit--;
		assert_memory_equal(&again, &names[i], sizeof(again));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(&names[k], &names[i], sizeof(again));
	}
	/* Short of memory is an error, with nothing of it given out. */
	for (size_t room = 0;; room += 16) {
		struct arena small;
		struct effective e = {0};
		struct cg_err err = {0};
		arena_init(&small, room);
		cg_rc rc = effective_make(&w.key, NULL, 0, &small, &e, &err);
		bool none = e.access == NULL && e.n_access == 0;
		arena_release(&small);
		if (rc == CG_OK)
			break;
		assert_true(none && err.text[0] != '\0');
	}
}

static void test_refusals(void **state)
{
	static const struct {
		struct limits_result result;
		enum refusal refusal;
		const char *detail; /* NULL: not asked for */
	} rows[] = {
	    {{.verdict = LIMITS_PASSED},							   REFUSAL_NONE,	       NULL										},
	    {{.verdict = LIMITS_UNREAD, .kind = LIMITS_QUOTA},				       REFUSAL_UNAVAILABLE, NULL										},
	    {{.verdict = LIMITS_REFUSED, .ask = 0, .kind = LIMITS_RATE, .retry_after_s = 9},
	     REFUSAL_RATE_LIMITED,										      "The API may be called 12 times in 62 s: try again in 9 s."				},
	    {{.verdict = LIMITS_REFUSED, .ask = 1, .kind = LIMITS_CONCURRENT, .retry_after_s = 1},
	     REFUSAL_TOO_MANY_CONCURRENT,									       "The key may have 3 calls under way at once: wait until one has ended."		    },
	    {{.verdict = LIMITS_REFUSED, .ask = 2, .kind = LIMITS_QUOTA, .retry_after_s = 86000},
	     REFUSAL_QUOTA_EXCEEDED,										    "The key at this API has used its quota of 1001 calls: it begins anew in 24 hours." },
	    {{.verdict = LIMITS_REFUSED, .ask = 2, .kind = LIMITS_QUOTA, .retry_after_s = 259201},
	     REFUSAL_QUOTA_EXCEEDED,										    "The key at this API has used its quota of 1001 calls: it begins anew in 4 days."   },
	    {{.verdict = LIMITS_REFUSED, .ask = 2, .kind = LIMITS_QUOTA, .retry_after_s = 180},
	     REFUSAL_QUOTA_EXCEEDED,										    "The key at this API has used its quota of 1001 calls: it begins anew in 3 minutes."},
	    {{.verdict = LIMITS_REFUSED, .ask = 2, .kind = LIMITS_QUOTA, .retry_after_s = 179},
	     REFUSAL_QUOTA_EXCEEDED,										    "The key at this API has used its quota of 1001 calls: it begins anew in 179 s."    },
	};
	(void)state;
	w.api.rate = &w.api_rate;
	w.key.has_max_concurrent = true;
	w.key.max_concurrent = 3;
	w.entry.quota = &w.entry_quota;
	make_asks();
	assert_int_equal(w.asks.n, 3);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		assert_int_equal(limit_refusal(&rows[i].result), rows[i].refusal);
		if (rows[i].detail)
			assert_string_equal(limit_detail(&w.asks, &rows[i].result, &w.arena),
					    rows[i].detail);
	}
	/* Without memory there is no sentence; the refusal stands. */
	struct arena none;
	arena_init(&none, 0);
	assert_string_equal(limit_detail(&w.asks, &rows[2].result, &none), "");
	arena_release(&none);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_asks),
	    TEST(test_counters_of_entries),
	    TEST(test_refusals),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
