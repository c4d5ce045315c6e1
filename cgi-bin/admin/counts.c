#include "base/base.h"
#include "counts.h"
#include "base/log.h"
#include "grant/limit.h"
#include "model/quota.h"
#include "model/steward.h"

void counts_bring(struct admin *admin, int64_t now_unix_s, unsigned wait_ms)
{
	struct housekeeping h = {
	    .store = admin->store, .limits = admin->limits, .usage = admin->usage};
	struct cg_err err = {0};
	int steward =
	    admin->limits && admin->usage ? steward_begin(store_home(admin->store), wait_ms) : -1;
	if (steward >= 0 && housekeeping_counts(&h, now_unix_s, &err) != CG_OK)
		log_error("usage_not_brought", "cause", err.text, LOG_END);
	steward_end(steward);
}

bool counts_quota(struct admin *admin, const struct key_grant *g, struct limits_left *out)
{
	struct limit_asks asks = {.n = 1};
	struct limits_result result;
	if (!admin->limits || !g->effective.quota ||
	    limits_name(LIMITS_OF_KEY, span_of(g->key->id), SPAN_LIT(""), &asks.asks[0].name) !=
		CG_OK)
		return false;
	asks.asks[0].quota.limit = g->effective.quota->limit;
	asks.asks[0].quota.period = quota_period(g->effective.quota);
	if (limit_ask(admin->limits, admin->store, &asks, true, &result, NULL) != CG_OK)
		return false;
	*out = result.left[0];
	return true;
}
