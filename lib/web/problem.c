#include "base/base.h"
#include "web/problem.h"
#include "base/text.h"
#include "web/json.h"

#define RETRY_AFTER_S 5 /* with 503: what is not available now is usually back soon */

static const struct row {
	cg_rc rc;
	int status;
	const char *code;
} rows[] = {
    {CG_OK,	    200, "ok"	     },
    {CG_BAD_INPUT,   400, "bad_request"   },
    {CG_BAD_VALUE,   422, "bad_value"	   },
    {CG_NOT_FOUND,   404, "not_found"	   },
    {CG_CLASH,       409, "clash"	   },
    {CG_STALE,       412, "stale"	   },
    {CG_DENIED,	403, "denied"	     },
    {CG_TOO_BIG,	 413, "too_large"	 },
    {CG_FULL,	      507, "storage_full"	 },
    {CG_UNAVAILABLE, 503, "unavailable"   },
    {CG_FAIL,	      500, "internal_error"},
};

static const struct row *row_of(cg_rc rc)
{
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (rows[i].rc == rc)
			return &rows[i];
	return &rows[CG_COUNT(rows) - 1];
}

int web_status_of(cg_rc rc)
{
	return row_of(rc)->status;
}

const char *web_code_of(cg_rc rc)
{
	return row_of(rc)->code;
}

/* Text of ours may quote what a client sent; what is not UTF-8 must not cost the whole answer. */
static void set_text(json_t *o, const char *name, const char *text)
{
	if (!text)
		return;
	json_t *value = json_string(text);
	if (!value) {
		char safe[sizeof(((struct cg_err *)NULL)->text)];
		text_for_log(span_of(text), safe, sizeof(safe));
		value = json_string(safe);
	}
	(void)json_object_set_new(o, name, value);
}

static json_t *list_fields(const struct cg_err *err)
{
	json_t *list = json_array();
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(err, &f);) {
		json_t *entry = json_object();
		set_text(entry, "field", f.field);
		set_text(entry, "message", f.text);
		(void)json_array_append_new(list, entry);
	}
	return list;
}

void web_problem_send(struct web_response *resp, const struct web_problem *p)
{
	json_t *o = json_object();
	int retry_s = p->retry_after_s;
	if (retry_s <= 0 && p->status == 503)
		retry_s = RETRY_AFTER_S;
	set_text(o, "type", "about:blank");
	set_text(o, "title", p->title ? p->title : web_reason(p->status));
	(void)json_object_set_new(o, "status", json_integer(p->status));
	set_text(o, "detail", p->detail);
	set_text(o, "code", p->code);
	if (p->err && p->err->n_fields > 0)
		(void)json_object_set_new(o, "errors", list_fields(p->err));
	set_text(o, "error", p->error);
	set_text(o, "request_id", p->request_id);
	if (retry_s > 0) {
		char text[16];
		(void)snprintf(text, sizeof(text), "%d", retry_s);
		(void)web_response_field_text(resp, "Retry-After", text);
	}
	web_json_send_as(resp, p->status, "application/problem+json", o);
	json_decref(o);
}

void web_problem(struct web_response *resp, cg_rc rc, const struct cg_err *err)
{
	char cut[sizeof(err->text) + 64];
	const char *detail = err && err->text[0] ? err->text : NULL;
	if (detail && err->n_more > 0) {
		(void)snprintf(cut, sizeof(cut), "%s (And %u more faults than are listed.)", detail,
			       err->n_more);
		detail = cut;
	}
	struct web_problem p = {
	    .status = web_status_of(rc),
	    .code = err && err->code ? err->code : web_code_of(rc),
	    .detail = detail,
	    .request_id = resp->request->id,
	    .err = err,
	};
	if (strcmp(p.code, "unsupported_media_type") == 0)
		p.status = 415;
	web_problem_send(resp, &p);
}

void web_problem_stranger(struct web_response *resp, cg_rc rc, const struct cg_err *err)
{
	const struct cg_err not_now = {.text = WEB_NOT_NOW};
	web_problem(resp, rc, web_status_of(rc) >= 500 ? &not_now : err);
}

void web_problem_no_method(struct web_response *resp, const char *allow)
{
	(void)web_response_field_text(resp, "Allow", allow);
	web_problem_send(resp, &(struct web_problem){.status = 405,
						     .code = "method_not_allowed",
						     .detail = arena_printf(resp->request->arena,
									    "This resource takes "
									    "%s.",
									    allow),
						     .request_id = resp->request->id});
}
