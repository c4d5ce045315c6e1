/* Reports for whoever audits. */
#include "base/base.h"
#include "../access_csv.h"
#include "base/clock.h"
#include "rest.h"
#include "web/json.h"

static cg_rc wants_csv(struct rest_call *call, bool *out, struct cg_err *err)
{
	struct span format = {NULL, 0}, accept = {NULL, 0};
	cg_rc rc = web_query_get(call->req->target.query, call->arena, "format", &format, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	*out = span_is(format, SPAN_LIT("csv")) ||
	       (!format.p && web_request_field(call->req, "accept", &accept) == 1 &&
		span_starts(span_trim(accept), SPAN_LIT("text/csv")));
	return format.p && !*out && !span_is(format, SPAN_LIT("json"))
		   ? cg_fail_field(err, "format", "must be json or csv")
		   : CG_OK;
}

static void send_json(struct rest_call *call, struct access_report *report, int64_t at,
		      const struct rest_page *page)
{
	struct cg_err err = {0};
	struct span cursor = page->cursor;
	char at_text[RFC3339_TEXT + 1], from_text[RFC3339_TEXT + 1];
	int64_t from = access_report_exact_from(report);
	json_t *items;
	cg_rc rc = access_report_keys(report, &cursor, page->limit, call->arena, &items, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	(void)rfc3339_format(at, at_text);
	bool has_from = from != ACCESS_REPORT_ALWAYS && rfc3339_format(from, from_text);
	json_t *body = json_pack("{s:s, s:s?, s:b, s:O, s:o, s:s?}", "at", at_text, "exact_from",
				 has_from ? from_text : NULL, "exact", (int)(at >= from),
				 "open_apis", access_report_open_apis(report), "items", items,
				 "next", cursor.n > 0 ? arena_copy(call->arena, cursor) : NULL);
	web_json_send(call->resp, 200, body);
	json_decref(body);
}

void access_report_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct access_report *report = NULL;
	struct rest_page page;
	int64_t now = clock_unix_s(), at = now;
	bool csv = false;
	cg_rc rc = rest_read_page(call, &page, &err);
	rc = cg_worse(rc, rest_time(call, "at", &at, &err));
	rc = cg_worse(rc, wants_csv(call, &csv, &err));
	if (rc == CG_OK)
		rc = access_report_open(call->admin->store, at, now, call->arena, &report, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else if (csv)
		access_csv_send(call->resp, report, at);
	else
		send_json(call, report, at, &page);
	access_report_close(&report);
}

static json_t *text_schema(bool may_be_null)
{
	return may_be_null ? json_pack("{s:[s, s]}", "type", "string", "null")
			   : json_pack("{s:s}", "type", "string");
}

static json_t *time_schema(bool may_be_null)
{
	json_t *out = text_schema(may_be_null);
	(void)json_object_set_new(out, "format", json_string("date-time"));
	return out;
}

static json_t *object_of(json_t *properties)
{
	return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
			 "additionalProperties", 0);
}

static json_t *list_of(json_t *schema)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", schema);
}

json_t *access_report_schema(void)
{
	json_t *open_api =
	    object_of(json_pack("{s:o, s:o, s:o}", "api_id", text_schema(false), "api",
				text_schema(false), "listen_path", text_schema(false)));
	json_t *access = list_of(object_of(
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "api_id", text_schema(false), "api",
		      text_schema(false), "listen_path", text_schema(false), "methods",
		      list_of(text_schema(false)), "paths", list_of(text_schema(false)),
		      "policy_id", text_schema(true), "policy", text_schema(true))));
	(void)json_object_set_new(access, "type", json_pack("[s, s]", "array", "null"));
	json_t *credential =
	    object_of(json_pack("{s:o, s:o, s:o}", "type", text_schema(false), "sha256",
				text_schema(false), "ends_at", time_schema(true)));
	json_t *item = object_of(
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:s}}", "key_id", text_schema(false),
		      "key", text_schema(false), "credentials", list_of(credential), "access",
		      access, "approved_by", text_schema(true), "approved_at", time_schema(true),
		      "last_used_at", time_schema(true), "exact", "type", "boolean"));
	return object_of(json_pack("{s:o, s:o, s:{s:s}, s:o, s:o, s:o}", "at", time_schema(false),
				   "exact_from", time_schema(true), "exact", "type", "boolean",
				   "open_apis", list_of(open_api), "items", list_of(item), "next",
				   text_schema(true)));
}
