/* Rate, calls under way, quota: counted in the run folder by all gates together. */
#include "base/base.h"
#include "base/log.h"
#include "base/text.h"
#include "gate.h"

bool limit(struct exchange *x)
{
	struct cg_err err = {0};
	limit_asks_make(x->route, &x->decision, &x->asks);
	cg_rc rc = limit_ask(x->gate->limits, x->gate->store, &x->asks, false, &x->limits, &err);
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
		       uint64_t value)
{
	char text[DECIMAL_TEXT];
	struct span digits = span_make(text, decimal_format(value, text));
	fields[(*n)++] = (struct web_field){span_of(name), span_of(arena_copy(x->arena, digits))};
}

/* A member of a list, "name";q=100;w=60, behind those that are there; NULL: none is, or memory is
 * short. */
static char *add_rate(struct exchange *x, const char *list, const char *name, const char *first,
		      uint32_t number, const char *second, uint32_t other)
{
	char a[DECIMAL_TEXT], b[DECIMAL_TEXT];
	(void)decimal_format(number, a);
	(void)decimal_format(other, b);
	struct span parts[] = {span_of(list),  SPAN_LIT(", \""), span_of(name),	  SPAN_LIT("\""),
			       span_of(first), span_of(a),	 span_of(second), span_of(b)};
	if (!list)
		parts[1] = SPAN_LIT("\"");
	return arena_join(x->arena, parts, CG_COUNT(parts));
}

/* The rates of the key, not the API's own: that would tell of other keys.
 * draft-ietf-httpapi-ratelimit-headers-10. */
static void add_rates(struct exchange *x, struct web_field *fields, size_t *n)
{
	char *policy = NULL, *left = NULL;
	for (size_t i = 0; i < x->asks.n; i++) {
		const struct limits_ask *ask = &x->asks.asks[i];
		const struct limits_left *l = &x->limits.left[i];
		if (ask->rate.per_s == 0 || x->asks.owners[i] == LIMIT_OF_API)
			continue;
		const char *name = x->asks.names[i];
		policy = add_rate(x, policy, name, ";q=", ask->rate.limit, ";w=", ask->rate.per_s);
		left = add_rate(x, left, name, ";r=", l->rate_left, ";t=", l->rate_reset_s);
		if (!policy || !left)
			return;
	}
	if (!policy)
		return;
	fields[(*n)++] = (struct web_field){SPAN_LIT("RateLimit-Policy"), span_of(policy)};
	fields[(*n)++] = (struct web_field){SPAN_LIT("RateLimit"), span_of(left)};
}

size_t limit_fields(struct exchange *x, struct web_field fields[LIMIT_FIELDS_MAX])
{
	size_t n = 0, quota = 0;
	if (tightest_quota(x, &quota)) {
		const struct limits_ask *ask = &x->asks.asks[quota];
		const struct limits_left *l = &x->limits.left[quota];
		int64_t resets_unix_s = l->quota_resets_unix_s;
		/* What refused the call did not let a period begin: as if one began now. */
		if (resets_unix_s == 0)
			resets_unix_s =
			    limits_period_end(x->req->received_unix_s, ask->quota.period);
		add_number(x, fields, &n, "X-RateLimit-Limit", ask->quota.limit);
		add_number(x, fields, &n, "X-RateLimit-Remaining", l->quota_left);
		add_number(x, fields, &n, "X-RateLimit-Reset", (uint64_t)resets_unix_s);
	}
	add_rates(x, fields, &n);
	return n;
}

bool limit_field_is_ours(const struct exchange *x, struct span name)
{
	static const struct span of_quota[] = {SPAN_LIT("x-ratelimit-limit"),
					       SPAN_LIT("x-ratelimit-remaining"),
					       SPAN_LIT("x-ratelimit-reset")};
	size_t ignored = 0;
	if (span_is_nocase(name, SPAN_LIT("ratelimit")) ||
	    span_is_nocase(name, SPAN_LIT("ratelimit-policy"))) {
		for (size_t i = 0; i < x->asks.n; i++)
			if (x->asks.asks[i].rate.per_s > 0 && x->asks.owners[i] != LIMIT_OF_API)
				return true;
		return false;
	}
	for (size_t i = 0; i < CG_COUNT(of_quota); i++)
		if (span_is_nocase(name, of_quota[i]))
			return tightest_quota(x, &ignored);
	return false;
}
