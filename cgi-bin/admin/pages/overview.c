/* The first page: how much was called and how it went, what needs a look; for a newcomer the three
 * steps. */
#include "base/base.h"
#include "figures.h"
#include "model/api.h"
#include "model/certificate_due.h"
#include "show.h"

#define KEYS_SHOWN 6
#define APIS_SHOWN 5
#define DUE_MAX	   500 /* certificates that are counted */

/* --- keys --- */

static cg_rc key_json(struct page_call *call, const Cg__Key *key, json_t **out, struct cg_err *err)
{
	struct key_grant g;
	cg_rc rc = show_key(call, key, out, err);
	if (rc == CG_OK)
		rc = grant_load_key(call->program->store, key->id, call->arena, &g, err);
	if (rc != CG_OK)
		return rc;
	(void)json_object_set_new(*out, "left", figures_quota(call, &g));
	(void)json_object_set_new(*out, "used_at",
				  key->has_last_used_at ? page_time(call, key->last_used_at)
							: json_null());
	return CG_OK;
}

/* Those that were used last; where none was, the first ones. */
static cg_rc keys_json(struct page_call *call, json_t *values, struct cg_err *err)
{
	struct entity_page page;
	json_t *list = json_array();
	cg_rc rc = key_recent(call->program->store, KEYS_SHOWN, call->arena, &page, err);
	bool recent = rc == CG_OK && page.n > 0;
	if (rc == CG_OK && !recent)
		rc = entity_list(call->program->store, &key_entity, SPAN_LIT(""), KEYS_SHOWN,
				 SPAN_LIT(""), call->arena, &page, err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		json_t *one;
		rc = key_json(call, page.messages[i], &one, err);
		/* Removed just now. */
		if (rc == CG_NOT_FOUND)
			rc = CG_OK;
		else if (rc == CG_OK)
			(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(values, "keys", list);
	(void)json_object_set_new(values, "recent", json_boolean(recent));
	return rc;
}

/* --- certificates --- */

static cg_rc due_json(struct page_call *call, json_t *values, struct cg_err *err)
{
	struct certificates_due due;
	int64_t now = call->now_unix_s;
	cg_rc rc = certificate_list_due(call->program->store, now, now + CERT_ENDS_SOON_S, DUE_MAX,
					call->arena, &due, err);
	if (rc != CG_OK)
		return rc;
	(void)json_object_set_new(values, "due", json_sprintf("%zu%s", due.n, due.more ? "+" : ""));
	(void)json_object_set_new(
	    values, "due_next",
	    due.n > 0 ? page_distance(call, due.items[0].certificate->not_after) : json_null());
	return CG_OK;
}

/* --- APIs --- */

static cg_rc busiest_json(struct page_call *call, const struct figures_span *span, json_t *values,
			  struct cg_err *err)
{
	struct usage_query q = {.from = span->from,
				.to = span->to,
				.step = span->step,
				.whole = true,
				.by = USAGE_BY_API};
	struct usage_sums sums = {.n = 0};
	json_t *list = json_array();
	cg_rc rc = usage_ask(call->program->store, &q, call->now_unix_s, call->arena, &sums, err);
	figures_sort(&sums);
	for (size_t i = 0; i < sums.n && json_array_size(list) < APIS_SHOWN; i++) {
		const struct usage_sum *s = sums.items[i];
		char width[CHART_SHARE_TEXT];
		const Cg__Api *api = show_api(call, s->api_id);
		if (!api)
			continue; /* no API has the path, or it is gone */
		chart_share(s->requests, sums.items[0]->requests, width);
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:o, s:o, s:o, s:s}", "id", api->id, "name",
				    page_text(span_of(api->name)), "listen_path",
				    page_text(span_of(api->listen_path)), "requests",
				    page_number(s->requests), "width", width));
	}
	(void)json_object_set_new(values, "busiest", list);
	return rc;
}

/* What there is, for the three steps. */
static cg_rc add_first_steps(struct page_call *call, json_t *values, struct cg_err *err)
{
	size_t with_certificates = 0;
	const Cg__Api *example = NULL;
	struct entity_page apis;
	cg_rc rc = entity_list(call->program->store, &api_entity, SPAN_LIT(""), LIST_LIMIT_MAX,
			       SPAN_LIT(""), call->arena, &apis, err);
	if (rc != CG_OK)
		return rc;
	const char *more_than = apis.next ? "+" : "";
	for (size_t i = 0; i < apis.n; i++) {
		const Cg__Api *api = apis.messages[i];
		with_certificates += api->auth->use_certificate ? 1 : 0;
		if (!example && api->active && api->auth->use_certificate)
			example = api;
	}
	json_t *more =
	    json_pack("{s:b, s:o, s:o, s:s, s:o, s:o}", "no_api_yet", (int)(apis.n == 0),
		      "api_count", json_sprintf("%zu%s", apis.n, more_than), "api_mtls",
		      json_sprintf("%zu%s", with_certificates, more_than), "base", page_base(call),
		      "example_name", page_text(span_of(example ? example->name : "")),
		      "example_path", page_text(span_of(example ? example->listen_path : "/")));
	(void)json_object_update_new(values, more);
	return CG_OK;
}

void overview_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct figures_span span;
	json_t *values = json_object(), *figures;
	figures_choose(call, &span);
	cg_rc rc = keys_json(call, values, &err);
	bool fresh = json_array_size(json_object_get(values, "keys")) == 0;
	if (rc == CG_OK && !fresh) {
		rc = figures_make(call, &span, NULL, NULL, "requests", false, &figures, &err);
		if (rc == CG_OK)
			(void)json_object_update_new(values, figures);
		if (rc == CG_OK)
			rc = busiest_json(call, &span, values, &err);
		if (rc == CG_OK)
			rc = due_json(call, values, &err);
	}
	if (rc == CG_OK && fresh)
		rc = add_first_steps(call, values, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	json_t *more =
	    json_pack("{s:b, s:b, s:s, s:o, s:o}", "fresh", (int)fresh, "used", (int)!fresh,
		      "words", span.words, "choices", figures_choices(&span, "/admin/?"), "now",
		      page_time(call, call->now_unix_s));
	(void)json_object_update_new(values, more);
	page_show(call, 200, "overview", "overview", "Overview", values);
}
