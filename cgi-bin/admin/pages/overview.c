/* The first page: what there is, what needs a look, and for a newcomer the three steps. */
#include "base/base.h"
#include "show.h"
#include "usage/refusals.h"

#define NEWEST 6 /* refusals and keys that are shown */

static json_t *refusals_json(struct page_call *call, const struct all_apis *apis)
{
	struct refusals_filter filter = {.sha256 = NULL};
	struct refusals_page page = {.n = 0};
	json_t *out = json_array();
	if (!call->admin->refusals || refusals_list(call->admin->refusals, &filter, 0, NEWEST,
						    call->arena, &page, NULL) != CG_OK)
		return out;
	for (size_t i = 0; i < page.n; i++) {
		const Cg__Refusal *r = page.items[i];
		(void)json_array_append_new(
		    out,
		    json_pack("{s:o, s:i, s:o, s:o, s:o, s:o}", "at", page_distance(call, r->at),
			      "status", (int)r->status, "code", page_text(span_of(r->code)),
			      "method", page_text(span_of(r->method)), "path",
			      page_text(span_of(r->path)), "api",
			      page_text(span_of(r->api_id && *r->api_id
						    ? show_api_name(apis, r->api_id)
						    : "")))); /* "": none listens there */
	}
	return out;
}

/* The certificates of kind client and others that end soon, by what the first pages of keys say. */
static cg_rc keys_json(struct page_call *call, const struct all_apis *apis, json_t *values,
		       struct cg_err *err)
{
	struct entity_page page;
	json_t *list = json_array();
	int due = 0;
	cg_rc rc = entity_list(call->admin->store, &key_entity, SPAN_LIT(""), LIST_LIMIT_DEFAULT,
			       SPAN_LIT(""), call->arena, &page, err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		json_t *one;
		rc = show_key(call, page.messages[i], apis, &one, err);
		if (rc != CG_OK)
			break;
		const char *kind =
		    json_string_value(json_object_get(json_object_get(one, "badge"), "kind"));
		bool warns = kind && strcmp(kind, "warn") == 0;
		due += warns;
		/* Those that need a look come first, in the order of names. */
		if (warns && json_array_size(list) < NEWEST)
			(void)json_array_insert(list, (size_t)due - 1, one);
		else
			(void)json_array_append(list, one);
		json_decref(one);
	}
	while (json_array_size(list) > NEWEST)
		(void)json_array_remove(list, json_array_size(list) - 1);
	(void)json_object_set_new(values, "keys", list);
	(void)json_object_set_new(values, "due", json_integer(due));
	(void)json_object_set_new(values, "key_count",
				  rc == CG_OK ? json_sprintf("%zu%s", page.n, page.next ? "+" : "")
					      : json_string("0"));
	return rc;
}

void overview_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct all_apis apis = {.n = 0};
	size_t on = 0, with_certificates = 0;
	const Cg__Api *example = NULL;
	json_t *values = json_object();
	cg_rc rc = show_load_apis(call, &apis, &err);
	if (rc == CG_OK)
		rc = keys_json(call, &apis, values, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	for (size_t i = 0; i < apis.n; i++) {
		on += apis.items[i]->active ? 1 : 0;
		with_certificates += apis.items[i]->auth->use_certificate ? 1 : 0;
		if (!example && apis.items[i]->active && apis.items[i]->auth->use_certificate)
			example = apis.items[i];
	}
	bool fresh = json_array_size(json_object_get(values, "keys")) == 0;
	json_t *refused = refusals_json(call, &apis);
	json_t *more = json_pack(
	    "{s:b, s:b, s:b, s:i, s:i, s:i, s:o, s:s, s:o, s:o}", "fresh", (int)fresh, "used",
	    (int)!fresh, "no_api_yet", (int)(apis.n == 0), "api_count", (int)apis.n, "api_on",
	    (int)on, "api_mtls", (int)with_certificates, "refusals", refused, "base",
	    page_base(call), "example_name", page_text(span_of(example ? example->name : "")),
	    "example_path", page_text(span_of(example ? example->listen_path : "/")));
	(void)json_object_update(values, more);
	json_decref(more);
	page_show(call, 200, "overview", "overview", "Overview", values);
}
