/* How much was called, by whom, and how it went. */
#include "base/base.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/api.h"
#include "../counts.h"
#include "rest.h"
#include "usage/query.h"
#include "web/json.h"

#define DEFAULT_S	((int64_t)86400)      /* from, before to */
#define LAST_S		INT64_C(253402300799) /* of the year 9999 */
#define STATUS_MAX	999
#define STEWARD_WAIT_MS 200

static const char *const steps[] = {
    [USAGE_STEP_NONE] = "",
    [USAGE_STEP_MINUTE] = "minute",
    [USAGE_STEP_HOUR] = "hour",
    [USAGE_STEP_DAY] = "day",
};
static const char *const groups[] = {
    [USAGE_BY_NONE] = "",	  [USAGE_BY_API] = "api",   [USAGE_BY_KEY] = "key",
    [USAGE_BY_STATUS] = "status", [USAGE_BY_CODE] = "code",
};

/* --- the question --- */

/* A parameter, "" where it is missing. */
static cg_rc read_text(struct rest_call *call, const char *name, struct span *out,
		       struct cg_err *err)
{
	*out = (struct span){NULL, 0};
	cg_rc rc = web_query_get(call->req->target.query, call->arena, name, out, err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static cg_rc read_word(struct rest_call *call, const char *name, const char *const *words, size_t n,
		       size_t *out, const char *fault, struct cg_err *err)
{
	struct span text;
	cg_rc rc = read_text(call, name, &text, err);
	*out = 0;
	for (size_t i = 1; rc == CG_OK && text.p && i < n; i++)
		if (span_is_text(text, words[i]))
			*out = i;
	return rc == CG_OK && text.p && *out == 0 ? cg_fail_field(err, name, "%s", fault) : rc;
}

/* What was asked, all parameters but those of the page: a cursor is of one question. */
#define QUESTION_TEXT 16
static cg_rc question_of(struct rest_call *call, char out[QUESTION_TEXT + 1], struct cg_err *err)
{
	static const char *const names[] = {"from", "to", "step", "group_by", "api_id", "key_id"};
	struct span parts[2 * CG_COUNT(names)];
	struct sha256 digest;
	for (size_t i = 0; i < CG_COUNT(names); i++) {
		cg_rc rc = read_text(call, names[i], &parts[2 * i], err);
		if (rc != CG_OK)
			return rc;
		/* What is missing is not what is empty; and no value has a line end in it that
		 * means anything. */
		parts[2 * i + 1] = parts[2 * i].p ? SPAN_LIT("=\n") : SPAN_LIT("\n");
	}
	const char *text = arena_join(call->arena, parts, CG_COUNT(parts));
	if (!text || sha256_of(span_of(text), &digest) != CG_OK)
		return cg_fail_memory(err);
	hex_format(digest.b, QUESTION_TEXT / 2, out);
	return CG_OK;
}

/* "QUESTION.FROM.TO.AT.STATUS.GROUP": the time of the first page, which might be told by the clock
 * alone, and the last item of the page before; the group's member comes from the query. */
static cg_rc read_cursor(struct span cursor, const char *question, struct usage_query *q,
			 struct usage_sum *last, struct arena *arena, struct cg_err *err)
{
	uint64_t numbers[4];
	struct span rest = cursor, part;
	if (!span_next(&rest, '.', &part) || !rest.p || !span_is_text(part, question))
		return cg_fail_field(err, "cursor", "is not one that this question's list gave");
	for (size_t i = 0; i < CG_COUNT(numbers); i++)
		if (!span_next(&rest, '.', &part) || !rest.p ||
		    !number_parse(part, i == 3 ? STATUS_MAX : LAST_S, &numbers[i]))
			return cg_fail_field(err, "cursor", "is not one that a list gave");
	if (numbers[0] >= numbers[1])
		return cg_fail_field(err, "cursor", "is not one that a list gave");
	const char *text = arena_copy(arena, rest);
	if (!text)
		return cg_fail_memory(err);
	q->from = (int64_t)numbers[0];
	q->to = (int64_t)numbers[1];
	*last = (struct usage_sum){.at = (int64_t)numbers[2],
				   .status = (unsigned)numbers[3],
				   .api_id = q->by == USAGE_BY_API ? text : "",
				   .key_id = q->by == USAGE_BY_KEY ? text : "",
				   .code = q->by == USAGE_BY_CODE ? text : ""};
	return CG_OK;
}

static const char *cursor_of(const char *question, const struct usage_query *q,
			     const struct usage_sum *last, struct arena *arena)
{
	return arena_printf(arena, "%s.%" PRId64 ".%" PRId64 ".%" PRId64 ".%u.%s%s%s", question,
			    q->from, q->to, last->at, last->status, last->api_id, last->key_id,
			    last->code);
}

static cg_rc read_query(struct rest_call *call, int64_t now, struct usage_query *out,
			struct cg_err *err)
{
	size_t step = 0, by = 0;
	*out = (struct usage_query){.to = now + 1};
	cg_rc rc = rest_time(call, "to", &out->to, err);
	out->from = out->to - DEFAULT_S;
	rc = cg_worse(rc, rest_time(call, "from", &out->from, err));
	if (rc == CG_OK && out->from >= out->to)
		rc = cg_fail_field(err, "from", "must be before to");
	rc =
	    cg_worse(rc, read_word(call, "step", steps, CG_COUNT(steps), &step,
				   "must be minute, hour or day, or be left out for one sum", err));
	rc = cg_worse(rc, read_word(call, "group_by", groups, CG_COUNT(groups), &by,
				    "must be api, key, status or code, or be left out", err));
	out->step = (enum usage_step)step;
	out->by = (enum usage_group_by)by;
	rc = cg_worse(rc, rest_query_id(call, &api_entity, "api_id", &out->api_id, err));
	return cg_worse(rc, rest_query_id(call, &key_entity, "key_id", &out->key_id, err));
}

/* --- the answer --- */

static json_t *ms_json(double us)
{
	/* To the microsecond. */
	return us < 0 ? json_null() : json_real((double)(int64_t)(us + 0.5) / 1000);
}

static json_t *percentiles_json(const uint64_t counts[HISTOGRAM_BUCKETS])
{
	return json_pack("{s:o, s:o, s:o}", "p50", ms_json(histogram_percentile(counts, 0.5)),
			 "p95", ms_json(histogram_percentile(counts, 0.95)), "p99",
			 ms_json(histogram_percentile(counts, 0.99)));
}

/* How much of a key's own quota is used; null where it has none, or cannot be told. */
static json_t *quota_json(struct rest_call *call, const char *key_id)
{
	struct key_grant g;
	struct limits_left left;
	char resets_at[RFC3339_TEXT + 1];
	if (!*key_id ||
	    grant_load_key(call->admin->store, key_id, call->arena, &g, NULL) != CG_OK ||
	    /* A name that looks like the id of one that is gone. */
	    strcmp(g.key->id, key_id) != 0 || !counts_quota(call->admin, &g, &left))
		return json_null();
	bool begun =
	    left.quota_resets_unix_s > 0 && rfc3339_format(left.quota_resets_unix_s, resets_at);
	return json_pack("{s:I, s:I, s:I, s:s?}", "limit", (json_int_t)g.effective.quota->limit,
			 "used", (json_int_t)left.quota_used, "remaining",
			 (json_int_t)left.quota_left, "resets_at", begun ? resets_at : NULL);
}

/* Of each key once; spans of time repeat them. */
static json_t *quota_once(struct rest_call *call, json_t *known, const char *key_id)
{
	json_t *quota = json_object_get(known, key_id);
	if (!quota) {
		quota = quota_json(call, key_id);
		(void)json_object_set_new(known, key_id, quota);
	}
	return json_incref(quota);
}

static json_t *item_json(struct rest_call *call, const struct usage_query *q,
			 const struct usage_sum *sum, json_t *quotas)
{
	char at[RFC3339_TEXT + 1];
	(void)rfc3339_format(sum->at, at);
	json_t *item = json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "at", at, "requests",
				 (json_int_t)sum->requests, "refused", (json_int_t)sum->refused,
				 "upstream_errors", (json_int_t)sum->upstream_errors, "latency_ms",
				 percentiles_json(sum->counts[USAGE_WHOLE]), "upstream_ms",
				 percentiles_json(sum->counts[USAGE_UPSTREAM]), "own_ms",
				 percentiles_json(sum->counts[USAGE_OWN]));
	switch (q->by) {
	case USAGE_BY_NONE:
		break;
	case USAGE_BY_API:
		(void)json_object_set_new(item, "api_id", json_string(sum->api_id));
		break;
	case USAGE_BY_KEY:
		(void)json_object_set_new(item, "key_id", json_string(sum->key_id));
		(void)json_object_set_new(item, "quota", quota_once(call, quotas, sum->key_id));
		break;
	case USAGE_BY_STATUS:
		(void)json_object_set_new(item, "status", json_integer(sum->status));
		break;
	case USAGE_BY_CODE:
		(void)json_object_set_new(item, "code", json_string(sum->code));
		break;
	}
	return item;
}

void usage_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct usage_query q;
	struct usage_sums sums = {.n = 0};
	struct usage_sum last;
	struct rest_page page;
	char question[QUESTION_TEXT + 1];
	size_t from = 0, to;
	int64_t now = clock_unix_s();
	cg_rc rc = rest_read_page(call, &page, &err);
	rc = cg_worse(rc, read_query(call, now, &q, &err));
	if (rc == CG_OK)
		rc = question_of(call, question, &err);
	if (rc == CG_OK && page.cursor.p)
		rc = read_cursor(page.cursor, question, &q, &last, call->arena, &err);
	if (rc == CG_OK) {
		counts_bring(call->admin, now, STEWARD_WAIT_MS);
		rc = usage_ask(call->admin->store, &q, now, call->arena, &sums, &err);
	}
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	while (page.cursor.p && from < sums.n && usage_compare(sums.items[from], &last) <= 0)
		from++;
	to = sums.n - from > page.limit ? from + page.limit : sums.n;
	json_t *items = json_array(), *quotas = json_object();
	for (size_t i = from; i < to; i++)
		(void)json_array_append_new(items, item_json(call, &q, sums.items[i], quotas));
	json_decref(quotas);
	rest_send_page(call, items,
		       to < sums.n ? cursor_of(question, &q, sums.items[to - 1], call->arena)
				   : NULL);
}

static json_t *percentiles_schema(void)
{
	json_t *ms = json_pack("{s:[s, s]}", "type", "number", "null");
	return json_pack("{s:s, s:{s:o, s:O, s:O}, s:b}", "type", "object", "properties", "p50", ms,
			 "p95", ms, "p99", ms, "additionalProperties", 0);
}

json_t *usage_schema(void)
{
	json_t *number = json_pack("{s:s}", "type", "integer"),
	       *text = json_pack("{s:s}", "type", "string");
	json_t *quota = json_pack("{s:[s, s], s:{s:O, s:O, s:O, s:{s:[s, s], s:s}}, s:b}", "type",
				  "object", "null", "properties", "limit", number, "used", number,
				  "remaining", number, "resets_at", "type", "string", "null",
				  "format", "date-time", "additionalProperties", 0);
	json_t *item = json_pack(
	    "{s:s, s:{s:{s:s, s:s}, s:O, s:O, s:O, s:o, s:o, s:o, s:O, s:O, s:O, s:O, s:o}, s:b}",
	    "type", "object", "properties", "at", "type", "string", "format", "date-time",
	    "requests", number, "refused", number, "upstream_errors", number, "latency_ms",
	    percentiles_schema(), "upstream_ms", percentiles_schema(), "own_ms",
	    percentiles_schema(), "api_id", text, "key_id", text, "status", number, "code", text,
	    "quota", quota, "additionalProperties", 0);
	json_decref(number);
	json_decref(text);
	return json_pack("{s:s, s:{s:{s:s, s:o}, s:{s:[s, s]}}, s:b}", "type", "object",
			 "properties", "items", "type", "array", "items", item, "next", "type",
			 "string", "null", "additionalProperties", 0);
}
