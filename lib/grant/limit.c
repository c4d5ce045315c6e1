#include "base/base.h"
#include "grant/limit.h"
#include "base/limits.h"
#include "model/quota.h"

static void set_rate(struct limits_ask *ask, const Cg__Rate *rate)
{
	if (!rate)
		return;
	ask->rate.limit = (uint32_t)rate->limit;
	ask->rate.per_s = (uint32_t)rate->per_seconds;
}

static void set_quota(struct limits_ask *ask, const Cg__Quota *quota)
{
	ask->quota.period = quota_period(quota);
	ask->quota.limit = quota ? quota->limit : 0;
}

static void set_concurrent(struct limits_ask *ask, bool has, uint64_t limit, unsigned otherwise)
{
	ask->concurrent.on = true;
	ask->concurrent.limit = has ? (uint32_t)limit : otherwise;
}

/* The next ask. */
static struct limits_ask *add(struct limit_asks *to, enum limit_owner owner, const char *field_name,
			      const struct sha256 *counters)
{
	struct limits_ask *ask = &to->asks[to->n];
	*ask = (struct limits_ask){.name = *counters};
	to->owners[to->n] = owner;
	to->names[to->n++] = field_name;
	return ask;
}

static void add_entry(const struct grant *g, const struct effective_access *access,
		      struct limit_asks *to)
{
	struct limits_ask *ask;
	const Cg__Access *entry = access->entry;
	const struct access_counters *counters = &g->access_counters[access - g->effective.access];
	if (entry->separate && (g->effective.rate || g->effective.quota)) {
		ask = add(to, LIMIT_OF_KEY, "key", &counters->separate);
		set_rate(ask, g->effective.rate);
		set_quota(ask, g->effective.quota);
	}
	if (entry->rate || entry->quota) {
		ask = add(to, LIMIT_OF_KEY_AT_API, "api", &counters->entry);
		set_rate(ask, entry->rate);
		set_quota(ask, entry->quota);
	}
}

void limit_asks_make(const struct route *route, const struct decision *d, struct limit_asks *out)
{
	const Cg__Api *api = route->api;
	const struct grant *g = d->grant;
	out->n = 0;
	struct limits_ask *ask = add(out, LIMIT_OF_API, NULL, &route->counters);
	set_rate(ask, api->rate);
	set_concurrent(ask, api->has_max_concurrent, api->max_concurrent, API_CONCURRENT_DEFAULT);
	/* A keyless API knows nobody. */
	if (!g || !d->access)
		return;
	ask = add(out, LIMIT_OF_KEY, "key", &g->counters);
	set_concurrent(ask, g->key->has_max_concurrent, g->key->max_concurrent,
		       KEY_CONCURRENT_DEFAULT);
	if (!d->access->entry->separate) {
		set_rate(ask, g->effective.rate);
		set_quota(ask, g->effective.quota);
	}
	add_entry(g, d->access, out);
}

cg_rc limit_ask(struct limits *limits, struct store *store, struct limit_asks *asks, bool look,
		struct limits_result *out, struct cg_err *err)
{
	/* One quota after the other may have to be read. */
	for (size_t i = 0; i <= asks->n; i++) {
		cg_rc rc = look ? limits_look(limits, asks->asks, asks->n, out, err)
				: limits_take(limits, asks->asks, asks->n, out, err);
		if (rc != CG_OK || out->verdict != LIMITS_UNREAD)
			return rc;
		struct limits_ask *ask = &asks->asks[out->ask];
		rc = quota_read(store, &ask->name, &asks->stored[out->ask], err);
		if (rc != CG_OK)
			return rc;
		ask->stored = &asks->stored[out->ask];
	}
	return cg_fail(err, CG_UNAVAILABLE, "The quotas could not be read.");
}

enum refusal limit_refusal(const struct limits_result *result)
{
	if (result->verdict == LIMITS_PASSED)
		return REFUSAL_NONE;
	if (result->verdict == LIMITS_UNREAD)
		return REFUSAL_UNAVAILABLE;
	switch (result->kind) {
	case LIMITS_RATE:
		return REFUSAL_RATE_LIMITED;
	case LIMITS_CONCURRENT:
		return REFUSAL_TOO_MANY_CONCURRENT;
	case LIMITS_QUOTA:
		break;
	}
	return REFUSAL_QUOTA_EXCEEDED;
}

/* As people say it, never too short. */
static const char *wait_text(struct arena *arena, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = {
	    {86400, "days"	  },
	     {3600,  "hours"  },
	      {60,	   "minutes"}
	     };
	for (size_t i = 0; i < CG_COUNT(units); i++)
		if (seconds >= 3 * units[i].seconds)
			return arena_printf(arena, "%" PRId64 " %s",
					    (seconds + units[i].seconds - 1) / units[i].seconds,
					    units[i].unit);
	return arena_printf(arena, "%" PRId64 " s", seconds);
}

const char *limit_detail(const struct limit_asks *asks, const struct limits_result *result,
			 struct arena *arena)
{
	static const char *const owners[] = {
	    [LIMIT_OF_API] = "The API",
	    [LIMIT_OF_KEY] = "The key",
	    [LIMIT_OF_KEY_AT_API] = "The key at this API",
	};
	const char *who = owners[asks->owners[result->ask]], *text = NULL, *wait;
	const struct limits_ask *ask = &asks->asks[result->ask];
	switch (result->kind) {
	case LIMITS_RATE:
		text = arena_printf(arena,
				    "%s may be called %" PRIu32 " times in %" PRIu32
				    " s: try again in %" PRId64 " s.",
				    who, ask->rate.limit, ask->rate.per_s, result->retry_after_s);
		break;
	case LIMITS_CONCURRENT:
		text = arena_printf(arena,
				    "%s may have %" PRIu32
				    " calls under way at once: wait until one has ended.",
				    who, ask->concurrent.limit);
		break;
	case LIMITS_QUOTA:
		wait = wait_text(arena, result->retry_after_s);
		text = wait ? arena_printf(arena,
					   "%s has used its quota of %" PRIu64
					   " calls: it begins anew in %s.",
					   who, ask->quota.limit, wait)
			    : NULL;
		break;
	}
	return text ? text : "";
}
