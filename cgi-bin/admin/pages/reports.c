/* Who could call what, and when, and who allowed it. */
#include "base/base.h"
#include "../access_csv.h"
#include "base/clock.h"
#include "grant/access_report.h"
#include "pages.h"

#define ROWS_SHOWN 50

/* The time of the query: "2026-11-25", its end, or to the minute, "2026-11-25T13:00"; now unless
 * given, and for what is still to come of today. */
static cg_rc read_at(struct page_call *call, int64_t *out, struct cg_err *err)
{
	const char *text = page_query(call, "at");
	size_t n = strlen(text);
	*out = call->now_unix_s;
	if (n == 0)
		return CG_OK;
	const char *whole = arena_printf(call->arena,
					 n == 10   ? "%.40sT23:59:59Z"
					 : n == 16 ? "%.40s:59Z"
					 : n == 19 ? "%.40sZ"
						   : "%.40s",
					 text);
	if (!rfc3339_parse(span_of(whole), out))
		return cg_fail_field(err, "at", "is not a time such as 2026-11-25T13:00");
	if (*out - *out % 86400 > call->now_unix_s)
		return cg_fail_field(err, "at", "is still to come");
	if (*out > call->now_unix_s)
		*out = call->now_unix_s;
	return CG_OK;
}

/* As the field of the form has it: "2026-11-25T13:00". */
static json_t *typed_at(struct page_call *call, bool fault, int64_t at)
{
	char text[RFC3339_TEXT + 1];
	const char *typed = page_query(call, "at");
	return *typed && !fault && rfc3339_format(at, text) ? json_stringn(text, 16)
							    : page_text(span_of(typed));
}

static json_t *time_of(const struct page_call *call, const json_t *item, const char *name)
{
	int64_t t;
	const char *text = json_string_value(json_object_get(item, name));
	return text && rfc3339_parse(span_of(text), &t) ? page_time(call, t) : json_null();
}

/* An item as REST has it, as values of the template. */
static json_t *row_json(struct page_call *call, const json_t *item)
{
	json_t *access = json_object_get(item, "access"), *credentials = json_array(), *one,
	       *out = json_pack("{s:O, s:O, s:o, s:O, s:O, s:o, s:o, s:b}", "key_id",
				json_object_get(item, "key_id"), "key",
				json_object_get(item, "key"), "credentials", credentials, "access",
				access, "approved_by", json_object_get(item, "approved_by"),
				"approved_at", time_of(call, item, "approved_at"), "used_at",
				time_of(call, item, "last_used_at"), "doubtful",
				(int)!json_is_true(json_object_get(item, "exact")));
	size_t i;
	json_array_foreach(json_object_get(item, "credentials"), i, one)
	{
		const char *sha256 = json_string_value(json_object_get(one, "sha256"));
		bool token = strcmp(json_string_value(json_object_get(one, "type")), "token") == 0;
		(void)json_array_append_new(
		    credentials,
		    json_pack("{s:b, s:b, s:s, s:o}", "is_token", (int)token, "is_certificate",
			      (int)!token, "sha256", sha256, "start", json_stringn(sha256, 12)));
	}
	return out;
}

static void add_report(struct page_call *call, json_t *values, struct access_report *report,
		       json_t *items, struct span cursor)
{
	json_t *rows = json_array(), *item;
	size_t i;
	int64_t from = access_report_exact_from(report);
	const char *at = page_query(call, "at");
	json_array_foreach(items, i, item)
	{
		(void)json_array_append_new(rows, row_json(call, item));
	}
	json_decref(items);
	const struct page_pair next[] = {
	    {"at",				   at	     },
		{ "cursor", cursor.n > 0 ? arena_copy(call->arena, cursor) : NULL}
	 };
	json_t *more =
	    json_pack("{s:b, s:o, s:O, s:o, s:s, s:s?}", "asked", 1, "rows", rows, "open_apis",
		      access_report_open_apis(report), "exact_from",
		      from != ACCESS_REPORT_ALWAYS ? page_time(call, from) : json_null(), "csv",
		      page_link(call, "/admin/reports/access.csv", next, 1), "next",
		      next[1].value ? page_link(call, "/admin/reports/access", next, 2) : NULL);
	(void)json_object_update_new(values, more);
}

void access_report_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct access_report *report = NULL;
	struct span cursor = span_of(page_query(call, "cursor"));
	int64_t at;
	json_t *values = json_object(), *items;
	cg_rc rc = read_at(call, &at, &err);
	if (rc == CG_OK)
		rc = access_report_open(call->program->store, at, call->now_unix_s, call->arena,
					&report, &err);
	if (rc == CG_OK)
		rc = access_report_keys(report, &cursor, ROWS_SHOWN, call->arena, &items, &err);
	bool fault = rc == CG_BAD_VALUE;
	if (rc == CG_OK)
		add_report(call, values, report, items, cursor);
	else if (fault)
		page_add_errors(values, &err);
	access_report_close(&report);
	if (rc != CG_OK && !fault) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	(void)json_object_set_new(values, "at_typed", typed_at(call, fault, at));
	(void)json_object_set_new(values, "paged",
				  json_boolean(*page_query(call, "cursor") != '\0'));
	if (!fault)
		(void)json_object_set_new(values, "when", page_time(call, at));
	page_show(call, fault ? 422 : 200, "report-access", "reports",
		  fault ? "Error: Access report" : "Access report", values);
}

void access_report_csv(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct access_report *report = NULL;
	int64_t at;
	cg_rc rc = read_at(call, &at, &err);
	if (rc == CG_OK)
		rc = access_report_open(call->program->store, at, call->now_unix_s, call->arena,
					&report, &err);
	if (rc == CG_OK)
		access_csv_send(call->resp, report, at);
	else
		page_fail(call, rc, &err);
	access_report_close(&report);
}
