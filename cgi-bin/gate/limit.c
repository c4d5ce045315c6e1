/* Rate, calls under way, quota: counted in the run folder by all gates together. */
#include "base/base.h"
#include "base/log.h"
#include "gate.h"

bool limit(struct exchange *x)
{
	struct cg_err err = {0};
	cg_rc rc = limit_asks_make(x->facts.api, &x->decision, &x->asks, &err);
	if (rc == CG_OK)
		rc = limit_ask(x->gate->limits, x->gate->store, &x->asks, false, &x->limits, &err);
	if (rc != CG_OK) {
		x->asks.n = 0; /* nobody knows where the client stands */
		log_error("limit_failed", "request_id", x->req->id, "cause", err.text, LOG_END);
		refuse(x, REFUSAL_UNAVAILABLE,
		       "The limits of this API cannot be counted now: try again in a moment.");
		return false;
	}
	enum refusal refusal = limit_refusal(&x->limits);
	if (refusal == REFUSAL_NONE)
		return true;
	(void)web_response_field_text(x->resp, "Retry-After",
				      arena_printf(x->arena, "%" PRId64, x->limits.retry_after_s));
	refuse(x, refusal, limit_detail(&x->asks, &x->limits, x->arena));
	return false;
}

/* The quota that will refuse first; false: there is none. */
static bool tightest_quota(const struct exchange *x, size_t *out)
{
	bool found = false;
	for (size_t i = 0; i < x->asks.n; i++)
		if (x->asks.asks[i].quota.period != LIMITS_NO_QUOTA &&
		    (!found || x->limits.left[i].quota_left < x->limits.left[*out].quota_left)) {
			*out = i;
			found = true;
		}
	return found;
}

static void add_number(struct exchange *x, struct web_field *fields, size_t *n, const char *name,
		       int64_t value)
{
	fields[(*n)++] =
	    (struct web_field){span_of(name), span_of(arena_printf(x->arena, "%" PRId64, value))};
}

/* The rates of the key, not the API's own: that would tell of other keys.
 * draft-ietf-httpapi-ratelimit-headers-10. */
static void add_rates(struct exchange *x, struct web_field *fields, size_t *n)
{
	const char *policy = "", *left = "";
	for (size_t i = 0; i < x->asks.n; i++) {
		const struct limits_ask *ask = &x->asks.asks[i];
		const struct limits_left *l = &x->limits.left[i];
		if (ask->rate.per_s == 0 || x->asks.owners[i] == LIMIT_OF_API)
			continue;
		const char *comma = policy && *policy ? ", " : "";
		policy = arena_printf(x->arena, "%s%s\"%s\";q=%" PRIu32 ";w=%" PRIu32, policy,
				      comma, x->asks.names[i], ask->rate.limit, ask->rate.per_s);
		left = arena_printf(x->arena, "%s%s\"%s\";r=%" PRIu32 ";t=%" PRIu32, left, comma,
				    x->asks.names[i], l->rate_left, l->rate_reset_s);
		if (!policy || !left)
			return;
	}
	if (!*policy)
		return;
	fields[(*n)++] = (struct web_field){SPAN_LIT("RateLimit-Policy"), span_of(policy)};
	fields[(*n)++] = (struct web_field){SPAN_LIT("RateLimit"), span_of(left)};
}

size_t limit_fields(struct exchange *x, struct web_field fields[LIMIT_FIELDS_MAX])
{
	size_t n = 0, quota = 0;
	if (tightest_quota(x, &quota)) {
		const struct limits_left *l = &x->limits.left[quota];
		add_number(x, fields, &n, "X-RateLimit-Limit",
			   (int64_t)x->asks.asks[quota].quota.limit);
		add_number(x, fields, &n, "X-RateLimit-Remaining", (int64_t)l->quota_left);
		add_number(x, fields, &n, "X-RateLimit-Reset", l->quota_resets_unix_s);
	}
	add_rates(x, fields, &n);
	return n;
}

bool limit_field_is_ours(const struct exchange *x, struct span name)
{
	static const char *const of_quota[] = {"x-ratelimit-limit", "x-ratelimit-remaining",
					       "x-ratelimit-reset"};
	size_t ignored = 0;
	if (span_is_nocase(name, SPAN_LIT("ratelimit")) ||
	    span_is_nocase(name, SPAN_LIT("ratelimit-policy"))) {
		for (size_t i = 0; i < x->asks.n; i++)
			if (x->asks.asks[i].rate.per_s > 0 && x->asks.owners[i] != LIMIT_OF_API)
				return true;
		return false;
	}
	for (size_t i = 0; i < CG_COUNT(of_quota); i++)
		if (span_is_nocase(name, span_of(of_quota[i])))
			return tightest_quota(x, &ignored);
	return false;
}
