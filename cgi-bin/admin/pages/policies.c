/* Policies: rights and limits that many keys share. */
#include "base/base.h"
#include "base/buf.h"
#include "model/policy.h"
#include "entities.h"
#include "options.h"
#include "rights.h"
#include "web/problem.h"

#define ACCESS_SHOWN 10 /* APIs of a policy in a line */

static const char *const typed_fields[] = {
    "name", "methods", "paths", "rate.limit", "quota.limit", "key_lifetime_days", "tags", NULL};
static const char *const parts[] = {"access", "rate", "quota"};

/* --- list --- */

static json_t *line(struct page_call *call, const Cg__Policy *policy)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:o}", "id", policy->id,
			 "name", page_text(span_of(policy->name)), "access",
			 show_access(call, policy->access, policy->n_access, ACCESS_SHOWN), "rate",
			 show_rate(policy->rate), "quota", show_quota(policy->quota), "tags",
			 show_joined(policy->tags, policy->n_tags), "gives_access",
			 (int)policy_applies(policy, CG__POLICY__PART__ACCESS), "gives_rate",
			 (int)policy_applies(policy, CG__POLICY__PART__RATE), "gives_quota",
			 (int)policy_applies(policy, CG__POLICY__PART__QUOTA), "badge",
			 policy->active ? page_badge("ok", "Active") : page_badge("", "Off"));
}

void policies_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page;
	const char *q = page_query(call, "q");
	cg_rc rc =
	    entity_list(call->program->store, &policy_entity, span_of(page_query(call, "cursor")),
			LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, line(call, page.messages[i]));
	page_show(call, 200, "policies", "policies", "Policies",
		  json_pack("{s:o, s:o, s:b, s:o, s:b}", "items", items, "q", page_text(span_of(q)),
			    "searched", (int)(*q != '\0'), "next",
			    page_next(call, "/admin/policies", q, page.next), "deleted",
			    strcmp(page_query(call, "done"), "deleted") == 0));
}

/* --- form --- */

static json_t *record_of_form(struct page_call *call, const struct rights_access *of)
{
	json_t *list = json_array();
	for (size_t i = 0; i < CG_COUNT(parts); i++)
		if (rights_form_says(call, "applies", parts[i]))
			(void)json_array_append_new(list, json_string(parts[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name",
			 page_text(span_of(page_field(call, "name"))), "applies", list, "access",
			 rights_typed_access(call, of), "rate", rights_typed_rate(call), "quota",
			 rights_typed_quota(call), "key_lifetime_days",
			 page_typed_number(call, "key_lifetime_days"), "tags",
			 page_typed_list(call, "tags"), "active",
			 (int)web_form_has(&call->form, "active"));
}

/* A policy that a restore holds is shown with a switch that lets it go; there is none to hold one.
 */
static void add_held(struct page_call *call, json_t *values, const Cg__Policy *policy,
		     bool from_form)
{
	bool held = policy && policy->held;
	(void)json_object_set_new(values, "is_held", json_boolean(held));
	(void)json_object_set_new(
	    values, "still_held",
	    json_boolean(held && (!from_form || web_form_has(&call->form, "held"))));
}

static void add_switches(json_t *values, bool access, bool rate, bool quota, bool active)
{
	json_t *more = json_pack("{s:b, s:b, s:b, s:b}", "on_access", (int)access, "on_rate",
				 (int)rate, "on_quota", (int)quota, "is_active", (int)active);
	(void)json_object_update(values, more);
	json_decref(more);
}

static json_t *values_of_form(struct page_call *call)
{
	json_t *values = json_object();
	page_put_back(call, values, typed_fields);
	rights_add_units(values, rights_typed_span(call), rights_typed_period(call));
	add_switches(values, rights_form_says(call, "applies", "access"),
		     rights_form_says(call, "applies", "rate"),
		     rights_form_says(call, "applies", "quota"),
		     web_form_has(&call->form, "active"));
	return values;
}

static json_t *values_of_policy(const Cg__Policy *p)
{
	json_t *values = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o}", "name", page_text(span_of(p->name)), "rate_limit",
	    rights_optional_number(p->rate != NULL, p->rate ? p->rate->limit : 0), "quota_limit",
	    rights_optional_number(p->quota != NULL, p->quota ? p->quota->limit : 0),
	    "key_lifetime_days",
	    rights_optional_number(p->has_key_lifetime_days, p->key_lifetime_days), "tags",
	    show_joined(p->tags, p->n_tags));
	rights_add_units(values, p->rate ? p->rate->per_seconds : 1,
			 p->quota ? (unsigned)p->quota->period : CG__QUOTA__PERIOD__MONTH);
	add_switches(values, policy_applies(p, CG__POLICY__PART__ACCESS),
		     policy_applies(p, CG__POLICY__PART__RATE),
		     policy_applies(p, CG__POLICY__PART__QUOTA), p->active);
	return values;
}

/* The form, of a new policy (NULL) or of one; `values` is taken. */
static void show_form(struct page_call *call, const Cg__Policy *policy, json_t *values,
		      bool from_form, int status)
{
	struct cg_err err = {0};
	const struct rights_access own = {policy ? policy->access : NULL,
					  policy ? policy->n_access : 0};
	cg_rc rc = rights_add_apis(call, values, from_form ? NULL : &own, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	static const char *const narrow[] = {"methods", "paths", NULL};
	options_open(values, "open_narrow", narrow);
	add_held(call, values, policy, from_form);
	json_t *more = json_pack(
	    "{s:s, s:s, s:o, s:b, s:b, s:I, s:b, s:b, s:o}", "once", page_once_for_form(call), "id",
	    policy ? policy->id : "", "policy_name",
	    page_text(span_of(policy ? policy->name : "New policy")), "fresh", (int)!policy,
	    "there", (int)(policy != NULL), "revision", (json_int_t)(policy ? policy->revision : 0),
	    "created", strcmp(page_query(call, "done"), "created") == 0, "saved",
	    strcmp(page_query(call, "done"), "saved") == 0, "badge",
	    policy && !policy->active ? page_badge("", "Off") : page_badge("ok", "Active"));
	(void)json_object_update(values, more);
	json_decref(more);
	page_show(call, status, "policy", "policies",
		  from_form ? "Error: Policy"
		  : policy  ? policy->name
			    : "New policy",
		  values);
}

void policy_new_show(void *arg)
{
	struct page_call *call = arg;
	json_t *values = json_object();
	rights_add_units(values, 1, CG__QUOTA__PERIOD__MONTH);
	add_switches(values, true, false, false, true);
	show_form(call, NULL, values, false, 200);
}

void policy_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = page_entity_create(call, &policy_entity, "/admin/policies",
				      record_of_form(call, NULL), &err);
	if (rc == CG_OK)
		return;
	if (page_entity_fault(rc, &err)) {
		json_t *values = values_of_form(call);
		page_add_errors(values, &err);
		show_form(call, NULL, values, true, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

static bool get(struct page_call *call, Cg__Policy **out)
{
	return page_entity_get(call, &policy_entity, page_param(call, 0), out);
}

void policy_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Policy *policy;
	if (get(call, &policy))
		show_form(call, policy, values_of_policy(policy), false, 200);
}

void policy_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Policy *policy, *changed;
	if (!get(call, &policy))
		return;
	const struct rights_access own = {policy->access, policy->n_access};
	json_t *patch = record_of_form(call, &own);
	if (policy->held && !web_form_has(&call->form, "held"))
		(void)json_object_set_new(patch, "held", json_false());
	cg_rc rc = page_entity_change(call, &policy_entity, policy->id, patch, &changed, &err);
	if (rc == CG_OK) {
		page_redirect(
		    call, arena_printf(call->arena, "/admin/policies/%s?done=saved", policy->id));
	} else if (rc == CG_STALE || page_entity_fault(rc, &err)) {
		json_t *values = values_of_form(call), *theirs = values_of_policy(policy);
		if (rc == CG_STALE) {
			struct cg_err ignored = {0};
			/* For the differences; a fault is told by show_form. */
			if (rights_add_apis(call, values, NULL, &ignored) == CG_OK)
				(void)!rights_add_apis(call, theirs, &own, &ignored);
		}
		page_add_refusal(values, theirs, rc, &err);
		show_form(call, policy, values, true, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

/* --- removal --- */

static void show_delete(struct page_call *call, const Cg__Policy *policy, const struct cg_err *why,
			int status)
{
	json_t *values = json_pack("{s:s, s:o, s:I, s:s}", "id", policy->id, "name",
				   page_text(span_of(policy->name)), "revision",
				   (json_int_t)policy->revision, "main_class", "main--slim");
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "policy-delete", "policies",
		  why ? "Error: Delete a policy" : "Delete a policy", values);
}

void policy_delete_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Policy *policy;
	if (get(call, &policy))
		show_delete(call, policy, NULL, 200);
}

void policy_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Policy *policy;
	cg_rc rc = policy_remove(call->program->store, &call->actor, page_param(call, 0),
				 page_revision(call), web_form_has(&call->form, "detach"),
				 call->arena, &err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call, "/admin/policies?done=deleted");
	else if (rc != CG_CLASH && rc != CG_STALE)
		page_fail(call, rc, &err);
	else if (get(call, &policy))
		show_delete(call, policy, &err, web_status_of(rc));
}
