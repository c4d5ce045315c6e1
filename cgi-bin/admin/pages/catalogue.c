/* The catalogue: what developers find in the portal. */
#include "base/base.h"
#include "base/markdown.h"
#include "model/catalogue.h"
#include "model/policy.h"
#include "model/request.h"
#include "entities.h"
#include "options.h"
#include "show.h"
#include "web/problem.h"

static const struct option options[] = {
    {"name",		   OPTION_TEXT	},
    {"description",	    OPTION_PROSE },
    {"documentation_url",	  OPTION_TEXT  },
    {"approval",		 OPTION_TEXT  },
    {"renewal",		OPTION_TEXT  },
    {"max_keys_per_developer", OPTION_NUMBER},
    {"visible",		OPTION_SWITCH},
};

static cg_rc count(struct page_call *call, const char *id, struct request_counts *out,
		   struct cg_err *err)
{
	return request_count(call->program->store, STORE_REQUEST_BY_CATALOGUE, id, out, err);
}

static json_t *summary_of(const Cg__CatalogueEntry *entry)
{
	struct buf text;
	buf_init(&text, MARKDOWN_MAX);
	cg_rc rc =
	    markdown_summary(span_of(entry->description ? entry->description : ""), &text, NULL);
	json_t *out = rc == CG_OK ? page_text(buf_span(&text)) : json_string("");
	buf_release(&text);
	return out;
}

static cg_rc line(struct page_call *call, const Cg__CatalogueEntry *entry, json_t **out,
		  struct cg_err *err)
{
	Cg__Policy *policy;
	struct request_counts n;
	cg_rc rc = entity_get(call->program->store, &policy_entity, entry->policy_id, call->arena,
			      &policy, err);
	if (rc == CG_OK)
		rc = count(call, entry->id, &n, err);
	if (rc == CG_OK)
		*out = json_pack("{s:s, s:o, s:o, s:s, s:o, s:b, s:b, s:o, s:o}", "id", entry->id,
				 "name", page_text(span_of(entry->name)), "summary",
				 summary_of(entry), "policy_id", policy->id, "policy_name",
				 page_text(span_of(policy->name)), "automatic",
				 entry->approval == CG__CATALOGUE_ENTRY__APPROVAL__AUTOMATIC,
				 "visible", (int)entry->visible, "keys", page_number(n.keys),
				 "waiting", page_number(n.pending));
	return rc;
}

void catalogue_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page = {.n = 0};
	const char *q = page_query(call, "q");
	json_t *items = json_array();
	cg_rc rc = entity_list(call->program->store, &catalogue_entity,
			       span_of(page_query(call, "cursor")), LIST_LIMIT_DEFAULT, span_of(q),
			       call->arena, &page, &err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		json_t *one;
		rc = line(call, page.messages[i], &one, &err);
		if (rc == CG_OK)
			(void)json_array_append_new(items, one);
	}
	if (rc != CG_OK) {
		json_decref(items);
		page_fail(call, rc, &err);
		return;
	}
	page_show(call, 200, "catalogue", "catalogue", "Catalogue",
		  json_pack("{s:o, s:o, s:b, s:o, s:b}", "items", items, "q", page_text(span_of(q)),
			    "searched", *q != '\0', "next",
			    page_next(call, "/admin/catalogue", q, page.next), "deleted",
			    strcmp(page_query(call, "done"), "deleted") == 0));
}

/* --- form --- */

static json_t *record_of_form(struct page_call *call)
{
	const char *policy = page_field(call, "policy_id");
	json_t *out =
	    json_pack("{s:o, s:s}", "policy_id", *policy ? page_text(span_of(policy)) : json_null(),
		      "proof", web_form_has(&call->form, "proof") ? "required" : "optional");
	options_typed(call, options, CG_COUNT(options), NULL, out);
	return out;
}

static bool says(const json_t *values, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(values, name));
	return text && strcmp(text, value) == 0;
}

/* Which of the choices are chosen. */
static void add_choices(json_t *values, bool proof)
{
	json_t *more = json_pack(
	    "{s:b, s:b, s:b, s:b, s:b}", "automatic", (int)says(values, "approval", "automatic"),
	    "renew_session", (int)says(values, "renewal", "session"), "renew_certificate",
	    (int)says(values, "renewal", "certificate"), "renew_approval",
	    (int)says(values, "renewal", "approval"), "proof_required", (int)proof);
	(void)json_object_update_new(values, more);
}

static json_t *values_of_form(struct page_call *call)
{
	json_t *values = json_object();
	options_values_typed(call, options, CG_COUNT(options), NULL, values);
	add_choices(values, web_form_has(&call->form, "proof"));
	return values;
}

static json_t *values_of_entry(const Cg__CatalogueEntry *e)
{
	json_t *record = record_to_json(e), *values = json_object();
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	add_choices(values, e->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED);
	return values;
}

static cg_rc add_policies(struct page_call *call, json_t *values, const char *chosen,
			  struct cg_err *err)
{
	json_t *field;
	cg_rc rc = show_filter(call, &policy_entity, chosen, &field, err);
	if (rc != CG_OK)
		return rc;
	(void)json_object_set(values, "policies", json_object_get(field, "choices"));
	(void)json_object_set_new(values, "policy_typed",
				  json_is_true(json_object_get(field, "is_typed"))
				      ? json_pack("{s:O}", "value", json_object_get(field, "value"))
				      : json_null());
	json_decref(field);
	return CG_OK;
}

/* The form, of a new entry (NULL) or of one; `values` is taken. */
static void show_form(struct page_call *call, const Cg__CatalogueEntry *entry, json_t *values,
		      bool from_form, int status)
{
	struct cg_err err = {0};
	const char *done = page_query(call, "done");
	cg_rc rc = add_policies(call, values,
				from_form ? page_field(call, "policy_id")
				: entry	  ? entry->policy_id
					  : page_query(call, "policy_id"),
				&err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	json_t *more = json_pack(
	    "{s:s, s:s, s:o, s:b, s:b, s:I, s:b, s:b, s:o}", "once", page_once_for_form(call), "id",
	    entry ? entry->id : "", "entry_name",
	    page_text(span_of(entry ? entry->name : "New entry")), "fresh", (int)!entry, "there",
	    (int)(entry != NULL), "revision", (json_int_t)(entry ? entry->revision : 0), "created",
	    strcmp(done, "created") == 0, "saved", strcmp(done, "saved") == 0, "badge",
	    entry && !entry->visible ? page_badge("", "Hidden") : page_badge("ok", "Visible"));
	(void)json_object_update_new(values, more);
	page_show(call, status, "catalogue-entry", "catalogue",
		  from_form ? "Error: Catalogue"
		  : entry   ? entry->name
			    : "New entry",
		  values);
}

void entry_new_show(void *arg)
{
	json_t *values = json_pack("{s:s, s:b}", "max_keys_per_developer", "3", "is_visible", 1);
	add_choices(values, false);
	show_form(arg, NULL, values, false, 200);
}

void entry_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = page_entity_create(call, &catalogue_entity, "/admin/catalogue",
				      record_of_form(call), &err);
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

static bool get(struct page_call *call, Cg__CatalogueEntry **out)
{
	return page_entity_get(call, &catalogue_entity, page_param(call, 0), out);
}

void entry_show(void *arg)
{
	struct page_call *call = arg;
	Cg__CatalogueEntry *entry;
	if (get(call, &entry))
		show_form(call, entry, values_of_entry(entry), false, 200);
}

void entry_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__CatalogueEntry *entry, *changed;
	if (!get(call, &entry))
		return;
	cg_rc rc = page_entity_change(call, &catalogue_entity, entry->id, record_of_form(call),
				      &changed, &err);
	if (rc == CG_OK) {
		page_redirect(
		    call, arena_printf(call->arena, "/admin/catalogue/%s?done=saved", entry->id));
	} else if (rc == CG_STALE || page_entity_fault(rc, &err)) {
		json_t *values = values_of_form(call), *theirs = values_of_entry(entry);
		struct cg_err why = {0};
		/* For the differences; a fault is told by show_form. */
		if (rc == CG_STALE && add_policies(call, theirs, entry->policy_id, &why) == CG_OK)
			(void)!add_policies(call, values, page_field(call, "policy_id"), &why);
		page_add_refusal(values, theirs, rc, &err);
		show_form(call, entry, values, true, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

/* --- removal --- */

void entry_delete_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__CatalogueEntry *entry;
	struct request_counts n;
	if (!get(call, &entry))
		return;
	cg_rc rc = count(call, entry->id, &n, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else
		page_show(call, 200, "catalogue-delete", "catalogue", "Delete an entry",
			  json_pack("{s:s, s:o, s:I, s:o, s:o, s:s}", "id", entry->id, "name",
				    page_text(span_of(entry->name)), "revision",
				    (json_int_t)entry->revision, "keys", page_number(n.keys),
				    "waiting", page_number(n.pending), "main_class", "main--slim"));
}

void entry_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = page_entity_remove(call, &catalogue_entity, &err);
	if (rc == CG_OK)
		page_redirect(call, "/admin/catalogue?done=deleted");
	else
		page_fail(call, rc, &err);
}
