/* lib/grant: what policies give together, as a table of up to three of them. */
#include "decide_world.h"

enum { OFF = 1, GONE = 2, A = 4, R = 8, Q = 16, HELD = 32 };

struct merge_row {
	const char *what;
	uint64_t own_rate; /* per 10 s; 0: none */
	struct {
		unsigned flags;
		uint64_t rate, per_s; /* 0: none */
		uint64_t quota;
		Cg__Quota__Period period;
		const char *paths[2]; /* an access entry for each */
		uint64_t days;
	} policies[3];
	const char *want_paths; /* of all entries, in order; "own": the key's */
	uint64_t want_rate, want_per_s, want_quota;
	int rate_from, quota_from; /* policy, -1: the key */
	int64_t want_days;	   /* 0: no end */
};

#define MONTH CG__QUOTA__PERIOD__MONTH
#define DAY   CG__QUOTA__PERIOD__DAY
#define HOUR  CG__QUOTA__PERIOD__HOUR

/* clang-format off */
static const struct merge_row merges[] = {
	{"none: the key's own", 5, {{0}}, "own", 5, 10, 0, -1, -1, 0},
	{"none, and no limits", 0, {{0}}, "own", 0, 0, 0, -1, -1, 0},
	{"access alone", 5, {{A, .paths = {"/a"}}}, "/a", 5, 10, 0, -1, -1, 0},
	{"access without an entry is no access", 5, {{A}}, "", 5, 10, 0, -1, -1, 0},
	{"rate alone", 5, {{R, .rate = 3, .per_s = 10}}, "own", 3, 10, 0, 0, -1, 0},
	{"a part without a value is unlimited", 5, {{R | Q}}, "own", 0, 0, 0, 0, 0, 0},
	{"of two rates the larger", 5, {{R, .rate = 3, .per_s = 10}, {R, .rate = 2, .per_s = 5}}, "own", 2, 5, 0, 1, -1, 0},
	{"in whatever order", 5, {{R, .rate = 2, .per_s = 5}, {R, .rate = 3, .per_s = 10}}, "own", 2, 5, 0, 0, -1, 0},
	{"the pair whole, not the best of both", 5, {{R, .rate = 100, .per_s = 1000}, {R, .rate = 2, .per_s = 1}}, "own", 2, 1, 0, 1, -1, 0},
	{"of two alike the first", 5, {{R, .rate = 1, .per_s = 1}, {R, .rate = 60, .per_s = 60}}, "own", 1, 1, 0, 0, -1, 0},
	{"unlimited is the largest", 5, {{R, .rate = 3, .per_s = 10}, {R}}, "own", 0, 0, 0, 1, -1, 0},
	{"and stays so", 5, {{R}, {R, .rate = 3, .per_s = 10}}, "own", 0, 0, 0, 0, -1, 0},
	{"of two quotas the larger in time", 5, {{Q, .quota = 100, .period = MONTH}, {Q, .quota = 10, .period = DAY}}, "own", 5, 10, 10, -1, 1, 0},
	{"a quota by the hour", 5, {{Q, .quota = 1, .period = HOUR}, {Q, .quota = 23, .period = DAY}}, "own", 5, 10, 1, -1, 0, 0},
	{"access of two is put together", 5, {{A, .paths = {"/a", "/b"}}, {A, .paths = {"/c"}}}, "/a/b/c", 5, 10, 0, -1, -1, 0},
	{"one is off: the other one's rights stay", 5, {{A | R | OFF, .rate = 9, .per_s = 1, .paths = {"/a"}}, {A | R, .rate = 1, .per_s = 1, .paths = {"/b"}}}, "/b", 1, 1, 0, 1, -1, 0},
	{"all are off: the key's own", 5, {{A | R | Q | OFF, .quota = 1, .paths = {"/a"}}, {A | OFF, .paths = {"/b"}}}, "own", 5, 10, 0, -1, -1, 0},
	{"gone: as if it had never been", 5, {{A | R | GONE, .paths = {"/a"}}, {A, .paths = {"/b"}}}, "/b", 5, 10, 0, -1, -1, 0},
	{"parts from different ones", 5, {{A, .paths = {"/a"}}, {R, .rate = 7, .per_s = 7}, {Q, .quota = 8, .period = DAY}}, "/a", 7, 7, 8, 1, 2, 0},
	{"what is not applied does not count", 5, {{A, .rate = 7, .per_s = 7, .quota = 8, .paths = {"/a"}}}, "/a", 5, 10, 0, -1, -1, 0},
	{"applied in one, not in the other", 5, {{A, .paths = {"/a"}}, {R, .rate = 1, .per_s = 1, .paths = {"/b"}}}, "/a", 1, 1, 0, 1, -1, 0},
	{"an end", 5, {{R, .days = 30}}, "own", 0, 0, 0, 0, -1, 30},
	{"the earliest end", 5, {{R, .days = 30}, {A, .paths = {"/a"}, .days = 7}, {Q, .days = 90}}, "/a", 0, 0, 0, 0, 2, 7},
	{"of one that is off it does not count", 5, {{R | OFF, .days = 30}}, "own", 5, 10, 0, -1, -1, 0},
	{"held: no access, nor the key's own", 5, {{A | HELD, .paths = {"/a"}}}, "", 5, 10, 0, -1, -1, 0},
	{"held beside another", 5, {{A | HELD, .paths = {"/a"}}, {A, .paths = {"/b"}}}, "/b", 5, 10, 0, -1, -1, 0},
	{"held, its rate is smaller", 5, {{R | HELD, .rate = 3, .per_s = 10}}, "own", 3, 10, 0, 0, -1, 0},
	{"held, its rate is larger", 5, {{R | HELD, .rate = 7, .per_s = 10}}, "own", 5, 10, 0, -1, -1, 0},
	{"held, without a rate", 5, {{R | Q | HELD}}, "own", 5, 10, 0, -1, -1, 0},
	{"held, where nothing limits", 0, {{R | Q | HELD, .rate = 7, .per_s = 10, .quota = 9, .period = DAY}}, "own", 7, 10, 9, 0, 0, 0},
	{"held, smaller than another's", 5, {{R | Q | HELD, .rate = 1, .per_s = 10, .quota = 2, .period = DAY}, {R | Q, .rate = 8, .per_s = 10, .quota = 9, .period = DAY}}, "own", 1, 10, 2, 0, 0, 0},
	{"held, larger than another's", 5, {{R, .rate = 2, .per_s = 10}, {R | HELD, .rate = 8, .per_s = 10}}, "own", 2, 10, 0, 0, -1, 0},
	{"held and off: as off", 5, {{A | R | OFF | HELD, .rate = 1, .per_s = 10, .paths = {"/a"}}}, "own", 5, 10, 0, -1, -1, 0},
	{"held, its end holds", 5, {{A | HELD, .days = 7, .paths = {"/a"}}}, "", 5, 10, 0, -1, -1, 7},
	{"three of everything", 1, {{A | R | Q, .rate = 1, .per_s = 1, .quota = 1, .period = DAY, .paths = {"/a"}}, {A | R | Q, .rate = 3, .per_s = 1, .quota = 2, .period = DAY, .paths = {"/b"}}, {A | R | Q, .rate = 2, .per_s = 1, .quota = 3, .period = DAY, .paths = {"/c"}}}, "/a/b/c", 3, 1, 3, 1, 2, 0},
};
/* clang-format on */

/* The policy of a row, with room for what it points to. */
struct merge_policy {
	Cg__Policy policy;
	Cg__Policy__Part applies[3];
	Cg__Rate rate;
	Cg__Quota quota;
	Cg__Access access[2], *list[2];
	char *paths[2];
};

static void merge_policy_init(struct merge_policy *m, const struct merge_row *row, size_t i)
{
	unsigned flags = row->policies[i].flags;
	memset(m, 0, sizeof(*m));
	cg__policy__init(&m->policy);
	cg__rate__init(&m->rate);
	cg__quota__init(&m->quota);
	m->policy.active = !(flags & OFF);
	m->policy.held = flags & HELD;
	m->policy.applies = m->applies;
	if (flags & A)
		m->applies[m->policy.n_applies++] = CG__POLICY__PART__ACCESS;
	if (flags & R)
		m->applies[m->policy.n_applies++] = CG__POLICY__PART__RATE;
	if (flags & Q)
		m->applies[m->policy.n_applies++] = CG__POLICY__PART__QUOTA;
	m->rate.limit = row->policies[i].rate;
	m->rate.per_seconds = row->policies[i].per_s;
	m->quota.limit = row->policies[i].quota;
	m->quota.period = row->policies[i].period;
	m->policy.rate = m->rate.limit > 0 ? &m->rate : NULL;
	m->policy.quota = m->quota.limit > 0 ? &m->quota : NULL;
	m->policy.has_key_lifetime_days = row->policies[i].days > 0;
	m->policy.key_lifetime_days = row->policies[i].days;
	m->policy.access = m->list;
	for (size_t p = 0; p < 2 && row->policies[i].paths[p]; p++) {
		cg__access__init(&m->access[p]);
		m->paths[p] = (char *)(uintptr_t)row->policies[i].paths[p];
		m->access[p].api_id = id_api;
		m->access[p].paths = &m->paths[p];
		m->access[p].n_paths = 1;
		m->list[m->policy.n_access++] = &m->access[p];
	}
}

static void test_merge(void **state)
{
	struct merge_policy m[3];
	struct effective e;
	struct arena arena;
	(void)state;
	arena_init(&arena, 1024 * 1024);
	for (const struct merge_row *row = merges; row < merges + CG_COUNT(merges); row++) {
		struct world w;
		Cg__Rate own = CG__RATE__INIT;
		Cg__Policy *policies[3];
		size_t n = 0;
		char paths[64] = "";
		world_init(&w);
		own.limit = row->own_rate;
		own.per_seconds = 10;
		w.key.rate = own.limit ? &own : NULL;
		w.key.created_at = NOW;
		for (size_t i = 0; i < 3 && row->policies[i].flags; i++) {
			merge_policy_init(&m[i], row, i);
			if (row->policies[i].flags & GONE)
				continue;
			policies[n++] = &m[i].policy;
		}
		assert_int_equal(effective_make(&w.key, policies, n, &arena, &e, NULL), CG_OK);
		for (size_t i = 0; i < e.n_access; i++)
			(void)snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), "%s",
				       e.access[i].from ? e.access[i].entry->paths[0] : "own");
		uint64_t rate = e.rate ? e.rate->limit : 0,
			 per_s = e.rate ? e.rate->per_seconds : 0;
		const Cg__Policy *rate_from = row->rate_from < 0 ? NULL : &m[row->rate_from].policy;
		const Cg__Policy *quota_from =
		    row->quota_from < 0 ? NULL : &m[row->quota_from].policy;
		int64_t days = e.has_expires_at ? (e.expires_at - NOW) / 86400 : 0;
		if (strcmp(paths, row->want_paths) != 0 || rate != row->want_rate ||
		    per_s != row->want_per_s || (e.quota ? e.quota->limit : 0) != row->want_quota ||
		    e.rate_from != rate_from || e.quota_from != quota_from ||
		    days != row->want_days)
			fail_msg("%s: paths %s, rate %d/%d, quota %d, %d days", row->what, paths,
				 (int)rate, (int)per_s, (int)(e.quota ? e.quota->limit : 0),
				 (int)days);
	}
	arena_release(&arena);
}

/* The key's own end and a policy's: the earlier one. */
static void test_merge_end(void **state)
{
	struct world w;
	struct effective e;
	struct arena arena;
	Cg__Policy policy = CG__POLICY__INIT, *policies[] = {&policy};
	(void)state;
	arena_init(&arena, 1024 * 1024);
	world_init(&w);
	policy.has_key_lifetime_days = true;
	policy.key_lifetime_days = 10;
	w.key.created_at = NOW;
	w.key.has_expires_at = true;
	for (int64_t days = 9; days <= 11; days++) {
		w.key.expires_at = NOW + days * 86400;
		assert_int_equal(effective_make(&w.key, policies, 1, &arena, &e, NULL), CG_OK);
		assert_true(e.has_expires_at);
		assert_int_equal(e.expires_at, NOW + (days < 10 ? days : 10) * 86400);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_merge),
	    cmocka_unit_test(test_merge_end),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
