/* Organisations, and whose a key is. */
#include "base/base.h"
#include "base/limits.h"
#include "model/developer.h"
#include "model/key_list.h"
#include "model/organisation.h"
#include "entities.h"
#include "options.h"
#include "show.h"
#include "web/problem.h"

#define OFFERED_MAX 200 /* organisations that a field proposes */

static const struct option options[] = {
    {"name",     OPTION_TEXT	},
    {"contacts", OPTION_LINES },
    {"active",   OPTION_SWITCH},
};
#define OPTIONS_OF_NEW (CG_COUNT(options) - 1) /* a new one is active */

/* --- the list --- */

static json_t *organisation_json(struct page_call *call, const Cg__Organisation *o)
{
	const char *contacts = "";
	for (size_t i = 0; contacts && i < o->n_contacts; i++)
		contacts = arena_printf(call->arena, "%s%s\n", contacts, o->contacts[i]);
	return json_pack("{s:s, s:o, s:b, s:s, s:o, s:I}", "id", o->id, "name",
			 page_text(span_of(o->name)), "active", (int)o->active, "contacts",
			 contacts ? contacts : "", "added", page_time(call, o->created_at),
			 "revision", (json_int_t)o->revision);
}

void organisations_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page;
	const char *q = page_query(call, "q"), *cursor = page_query(call, "cursor");
	cg_rc rc = entity_list(call->program->store, &organisation_entity, span_of(cursor),
			       LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, organisation_json(call, page.messages[i]));
	page_show(call, 200, "organisations", "developers", "Organisations",
		  json_pack("{s:o, s:o, s:b, s:o, s:b}", "items", items, "q", page_text(span_of(q)),
			    "searched", (int)(*q != '\0'), "next",
			    page_next(call, "/admin/organisations", q, page.next), "deleted",
			    strcmp(page_query(call, "done"), "deleted") == 0));
}

/* --- new --- */

static void show_new(struct page_call *call, const struct cg_err *why, int status)
{
	json_t *values =
	    json_pack("{s:s, s:s}", "once", page_once_for_form(call), "main_class", "main--narrow");
	options_values_typed(call, options, OPTIONS_OF_NEW, NULL, values);
	if (why)
		page_add_errors(values, why);
	else
		(void)json_object_set_new(values, "focus_name", json_true());
	page_show(call, status, "organisation-new", "developers",
		  why ? "Error: Add an organisation" : "Add an organisation", values);
}

void organisation_new_show(void *call)
{
	show_new(call, NULL, 200);
}

void organisation_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	json_t *json = json_object();
	options_typed(call, options, OPTIONS_OF_NEW, NULL, json);
	cg_rc rc =
	    page_entity_create(call, &organisation_entity, "/admin/organisations", json, &err);
	if (rc == CG_OK)
		return;
	if (page_entity_fault(rc, &err))
		show_new(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

/* --- one --- */

static bool get(struct page_call *call, Cg__Organisation **out)
{
	return page_entity_get(call, &organisation_entity, page_param(call, 0), out);
}

static json_t *values_of_organisation(const Cg__Organisation *o)
{
	json_t *record = record_to_json(o), *values = json_object();
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	return values;
}

/* Its developers, and the first of its keys. */
static cg_rc add_around(struct page_call *call, const Cg__Organisation *o, json_t *values,
			struct cg_err *err)
{
	struct developers all = {.n = 0};
	struct key_page page = {.notice = NULL};
	const struct key_query query = {.organisation_id = span_of(o->id)};
	json_t *members = json_array(), *keys = json_array();
	cg_rc rc = developers_of(call->program->store, o->id, call->arena, &all, err);
	if (rc == CG_OK)
		rc = key_list(call->program->store, SPAN_LIT(""), LIST_LIMIT_DEFAULT, &query,
			      call->arena, &page, err);
	for (size_t i = 0; i < all.n; i++)
		(void)json_array_append_new(
		    members, json_pack("{s:s, s:o, s:s}", "id", all.items[i]->id, "name",
				       page_text(span_of(all.items[i]->name)), "email",
				       all.items[i]->email));
	for (size_t i = 0; i < page.found.n; i++) {
		const Cg__Key *key = page.found.messages[i];
		(void)json_array_append_new(keys, json_pack("{s:s, s:o}", "id", key->id, "name",
							    page_text(span_of(key->name))));
	}
	json_t *more =
	    json_pack("{s:o, s:o, s:b, s:b}", "members", members, "keys", keys, "more_keys",
		      page.found.next != NULL, "unused", all.n == 0 && page.found.n == 0);
	(void)json_object_update_new(values, more);
	return rc;
}

/* `fields` is taken. */
static void show_one(struct page_call *call, const Cg__Organisation *o, json_t *fields, int status)
{
	struct cg_err err = {0};
	const char *done = page_query(call, "done");
	cg_rc rc = add_around(call, o, fields, &err);
	if (rc != CG_OK) {
		json_decref(fields);
		page_fail(call, rc, &err);
		return;
	}
	json_t *more =
	    json_pack("{s:s, s:I, s:o, s:b, s:o, s:b, s:b, s:s}", "id", o->id, "revision",
		      (json_int_t)o->revision, "shown_name", page_text(span_of(o->name)), "active",
		      (int)o->active, "added", page_time(call, o->created_at), "saved",
		      strcmp(done, "saved") == 0, "created", strcmp(done, "created") == 0,
		      "main_class", "main--narrow");
	(void)json_object_update_new(fields, more);
	page_show(call, status, "organisation", "developers",
		  status == 200 ? o->name : "Error: Organisation", fields);
}

void organisation_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Organisation *o;
	if (get(call, &o))
		show_one(call, o, values_of_organisation(o), 200);
}

void organisation_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Organisation *o, *changed;
	if (!get(call, &o))
		return;
	json_t *patch = json_object();
	options_typed(call, options, CG_COUNT(options), NULL, patch);
	cg_rc rc = page_entity_change(call, &organisation_entity, o->id, patch, &changed, &err);
	if (rc == CG_OK) {
		page_redirect(
		    call, arena_printf(call->arena, "/admin/organisations/%s?done=saved", o->id));
	} else if (rc == CG_STALE || page_entity_fault(rc, &err)) {
		json_t *fields = json_object();
		options_values_typed(call, options, CG_COUNT(options), NULL, fields);
		page_add_refusal(fields, values_of_organisation(o), rc, &err);
		show_one(call, o, fields, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

void organisation_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Organisation *o;
	cg_rc rc = page_entity_remove(call, &organisation_entity, &err);
	if (rc == CG_OK) {
		page_redirect(call, "/admin/organisations?done=deleted");
	} else if (rc != CG_CLASH && rc != CG_STALE) {
		page_fail(call, rc, &err);
	} else if (get(call, &o)) {
		json_t *fields = values_of_organisation(o);
		page_add_errors(fields, &err);
		show_one(call, o, fields, web_status_of(rc));
	}
}

/* --- whose a key is --- */

/* `typed` is what the form says (NULL: as it is); rc and why: what came of it. */
static void show_transfer(struct page_call *call, const char *typed, cg_rc why_rc,
			  const struct cg_err *why)
{
	struct cg_err err = {0};
	struct entity_page page;
	Cg__Key *key;
	if (!page_entity_get(call, &key_entity, page_param(call, 0), &key))
		return;
	cg_rc rc = entity_list(call->program->store, &organisation_entity, SPAN_LIT(""),
			       OFFERED_MAX, SPAN_LIT(""), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *offered = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(
		    offered,
		    page_text(span_of(((const Cg__Organisation *)page.messages[i])->name)));
	const char *is = show_name_or_id(call, &organisation_entity, key->organisation_id);
	json_t *values =
	    json_pack("{s:s, s:o, s:o, s:o, s:I, s:s}", "id", key->id, "key_name",
		      page_text(span_of(key->name)), "organisation_id",
		      page_text(span_of(typed ? typed : is)), "offered", offered, "revision",
		      (json_int_t)key->revision, "main_class", "main--slim");
	if (typed)
		page_add_refusal(values,
				 json_pack("{s:o}", "organisation_id", page_text(span_of(is))),
				 why_rc, why);
	page_show(call, typed ? web_status_of(why_rc) : 200, "key-transfer", "keys",
		  typed ? "Error: Transfer a key" : "Transfer a key", values);
}

void key_transfer_show(void *call)
{
	show_transfer(call, NULL, CG_OK, NULL);
}

void key_transfer_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *to = page_field(call, "organisation_id");
	Cg__Key *key;
	json_t *patch =
	    json_pack("{s:o}", "organisation_id", *to ? page_text(span_of(to)) : json_null());
	cg_rc rc = page_entity_change(call, &key_entity, page_param(call, 0), patch, &key, &err);
	if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=saved", key->id));
	else if (rc == CG_STALE || page_entity_fault(rc, &err))
		show_transfer(call, to, rc, &err);
	else
		page_fail(call, rc, &err);
}
