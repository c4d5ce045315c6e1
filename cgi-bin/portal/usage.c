/* Usage of all keys, and help. */
#include "base/base.h"
#include "base/limits.h"
#include "model/organisation.h"
#include "model/own_key.h"
#include "show.h"

/* A line of each key of the page that the query says. */
static cg_rc add_keys(struct page_call *call, json_t *values, struct cg_err *err)
{
	const struct own_key_query query = {.policy_id = NULL};
	struct portal_usage each[LIST_LIMIT_DEFAULT], sum = {.chart = NULL};
	const char *ids[LIST_LIMIT_DEFAULT];
	struct entity_page page = {.n = 0};
	json_t *items = json_array();
	(void)json_object_set_new(values, "keys", items);
	cg_rc rc = own_key_list(call->program->store, &call->actor, &query,
				span_of(page_query(call, "cursor")), LIST_LIMIT_DEFAULT,
				call->arena, &page, err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++)
		ids[i] = ((const Cg__Key *)page.messages[i])->id;
	if (rc == CG_OK)
		rc = portal_usage(call, ids, page.n, each, &sum, err);
	json_decref(sum.chart);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		const Cg__Key *key = page.messages[i];
		json_t *quota = portal_quota(call, key);
		(void)json_array_append_new(items,
					    json_pack("{s:s, s:o, s:o, s:o, s:O?}", "id", key->id,
						      "name", page_text(span_of(key->name)),
						      "requests", page_number(each[i].requests),
						      "refused", page_number(each[i].refused),
						      "quota", json_object_get(quota, "line")));
		json_decref(quota);
	}
	(void)json_object_set_new(values, "next", page_next(call, "/portal/usage", "", page.next));
	return rc;
}

/* Of all keys together, whichever the page lists. */
static cg_rc add_sums(struct page_call *call, json_t *values, struct cg_err *err)
{
	struct key_ids keys = {.n = 0};
	struct portal_usage all = {.chart = NULL};
	Cg__Organisation *organisation;
	cg_rc rc = own_key_ids(call->program->store, &call->actor, call->arena, &keys, err);
	if (rc == CG_OK)
		rc = entity_get(call->program->store, &organisation_entity,
				call->who.developer->organisation_id, call->arena, &organisation,
				err);
	if (rc == CG_OK)
		rc = portal_usage(call, (const char *const *)keys.items, keys.n, NULL, &all, err);
	if (rc != CG_OK) {
		json_decref(all.chart);
		return rc;
	}
	json_t *more =
	    json_pack("{s:o, s:o, s:o, s:o, s:o}", "organisation_name",
		      page_text(span_of(organisation->name)), "requests", page_number(all.requests),
		      "refused", page_number(all.refused), "errors", page_number(all.errors),
		      "usage_card", portal_usage_card(&all));
	(void)json_object_update_new(values, more);
	return CG_OK;
}

void usage_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	json_t *values = json_object();
	cg_rc rc = add_sums(call, values, &err);
	if (rc == CG_OK)
		rc = add_keys(call, values, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	page_show(call, 200, "usage", "usage", "Usage", values);
}

void help_page(void *arg)
{
	struct page_call *call = arg;
	page_show(call, 200, "help", "help", "Help",
		  json_pack("{s:s, s:s, s:{s:s}}", "gate", portal_gate(call), "portal",
			    portal_base(call), "how", "template", "portal/how.tpl"));
}
