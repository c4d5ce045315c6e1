/* Usage of all keys, and help. */
#include "base/base.h"
#include "model/organisation.h"
#include "model/own_key.h"
#include "show.h"

void usage_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct own_keys keys = {.n = 0};
	struct portal_usage all = {.chart = NULL};
	Cg__Organisation *organisation;
	json_t *items = json_array();
	cg_rc rc = own_key_list(call->program->store, &call->actor, call->arena, &keys, &err);
	if (rc == CG_OK)
		rc = entity_get(call->program->store, &organisation_entity,
				call->who.developer->organisation_id, call->arena, &organisation,
				&err);
	const char **ids = arena_alloc(call->arena, (keys.n + 1) * sizeof(*ids));
	struct portal_usage *each = arena_alloc(call->arena, (keys.n + 1) * sizeof(*each));
	if (rc == CG_OK && (!ids || !each))
		rc = cg_fail_memory(&err);
	for (size_t i = 0; rc == CG_OK && i < keys.n; i++)
		ids[i] = keys.items[i]->id;
	if (rc == CG_OK)
		rc = portal_usage(call, ids, keys.n, each, &all, &err);
	for (size_t i = 0; rc == CG_OK && i < keys.n; i++) {
		json_t *quota = portal_quota(call, keys.items[i]);
		(void)json_array_append_new(
		    items, json_pack("{s:s, s:o, s:o, s:o, s:O?}", "id", ids[i], "name",
				     page_text(span_of(keys.items[i]->name)), "requests",
				     page_number(each[i].requests), "refused",
				     page_number(each[i].refused), "quota",
				     json_object_get(quota, "line")));
		json_decref(quota);
	}
	if (rc != CG_OK) {
		json_decref(items);
		json_decref(all.chart);
		page_fail(call, rc, &err);
		return;
	}
	page_show(call, 200, "usage", "usage", "Usage",
		  json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "keys", items, "organisation_name",
			    page_text(span_of(organisation->name)), "requests",
			    page_number(all.requests), "refused", page_number(all.refused),
			    "errors", page_number(all.errors), "usage_card",
			    portal_usage_card(&all)));
}

void help_page(void *arg)
{
	struct page_call *call = arg;
	page_show(call, 200, "help", "help", "Help",
		  json_pack("{s:s, s:s, s:{s:s}}", "gate", portal_gate(call), "portal",
			    portal_base(call), "how", "template", "portal/how.tpl"));
}
