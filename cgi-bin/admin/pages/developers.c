/* Developers: the list, one, making and deleting it. */
#include "base/base.h"
#include "base/limits.h"
#include "model/developer.h"
#include "model/organisation.h"
#include "entities.h"
#include "options.h"
#include "show.h"
#include "web/json.h"
#include "web/problem.h"

static const struct option options[] = {
    {"name",	     OPTION_TEXT	},
	   {"email",	     OPTION_TEXT	},
    {"organisation_id", OPTION_TEXT  },
    {"role",	     OPTION_TEXT	},
	   {"active",	      OPTION_SWITCH},
};
#define OPTIONS_OF_NEW (CG_COUNT(options) - 1) /* who is new is active */

/* The organisation's name; its id where it is gone. */
static json_t *organisation_name(struct page_call *call, const char *id)
{
	Cg__Organisation *o;
	return page_text(span_of(entity_get(call->program->store, &organisation_entity, id,
					    call->arena, &o, NULL) == CG_OK
				     ? o->name
				     : id));
}

static json_t *developer_json(struct page_call *call, const Cg__Developer *d)
{
	return json_pack(
	    "{s:s, s:o, s:s, s:o, s:s, s:b, s:b, s:b, s:b, s:o, s:o, s:I}", "id", d->id, "name",
	    page_text(span_of(d->name)), "email", d->email, "organisation",
	    organisation_name(call, d->organisation_id), "organisation_id", d->organisation_id,
	    "is_manager", d->role == CG__DEVELOPER__ROLE__MANAGER, "is_member",
	    d->role == CG__DEVELOPER__ROLE__MEMBER, "active", (int)d->active, "waiting",
	    d->password_hash == NULL, "joined", page_time(call, d->created_at), "confirmed",
	    d->has_confirmed_at ? page_time(call, d->confirmed_at) : json_null(), "revision",
	    (json_int_t)d->revision);
}

void developers_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page;
	const char *q = page_query(call, "q"), *cursor = page_query(call, "cursor"),
		   *done = page_query(call, "done");
	cg_rc rc = entity_list(call->program->store, &developer_entity, span_of(cursor),
			       LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, developer_json(call, page.messages[i]));
	page_show(call, 200, "developers", "developers", "Developers",
		  json_pack("{s:o, s:o, s:b, s:o, s:b}", "items", items, "q", page_text(span_of(q)),
			    "searched", (int)(*q != '\0'), "next",
			    page_next(call, "/admin/developers", q, page.next), "deleted",
			    strcmp(done, "deleted") == 0));
}

/* --- new --- */

static void add_role(json_t *fields)
{
	const char *role = json_string_value(json_object_get(fields, "role"));
	bool manager = role && strcmp(role, "manager") == 0;
	(void)json_object_set_new(fields, "is_manager", json_boolean(manager));
	(void)json_object_set_new(fields, "is_member", json_boolean(!manager));
}

static void show_new(struct page_call *call, const struct cg_err *why, int status)
{
	json_t *values = json_object();
	options_values_typed(call, options, OPTIONS_OF_NEW, NULL, values);
	add_role(values);
	const char *organisation = page_query(call, "organisation");
	if (!why && *organisation)
		(void)json_object_set_new(
		    values, "organisation_id",
		    page_text(span_of(show_name_or_id(call, &organisation_entity, organisation))));
	if (why)
		page_add_errors(values, why);
	else
		(void)json_object_set_new(values, "focus_name", json_true());
	json_t *more =
	    json_pack("{s:s, s:s}", "once", page_once_for_form(call), "main_class", "main--narrow");
	(void)json_object_update_new(values, more);
	page_show(call, status, "developer-new", "developers",
		  why ? "Error: Add a developer" : "Add a developer", values);
}

void developer_new_show(void *call)
{
	show_new(call, NULL, 200);
}

void developer_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *password = page_secret(call, "password"), *once = page_once(call);
	Cg__Developer *developer;
	json_t *json = json_object();
	options_typed(call, options, OPTIONS_OF_NEW, NULL, json);
	/* As the field says: the choice is one for organisations that are there. */
	if (json_is_null(json_object_get(json, "organisation_id")))
		(void)json_object_del(json, "role");
	cg_rc rc = developer_create(call->program->store, &call->actor, once, json,
				    *password ? password : NULL, call->arena, &developer, &err);
	json_decref(json);
	if (rc == CG_OK || entity_made_already(rc, &err))
		page_redirect(call, arena_printf(call->arena, "/admin/developers/%s?done=created",
						 rc == CG_OK ? developer->id : once));
	else if (page_entity_fault(rc, &err))
		show_new(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

/* --- one --- */

static bool get(struct page_call *call, Cg__Developer **out)
{
	return page_entity_get(call, &developer_entity, page_param(call, 0), out);
}

static json_t *values_of_developer(struct page_call *call, const Cg__Developer *d)
{
	json_t *record = record_to_json(d), *values = json_object();
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	(void)json_object_set_new(
	    values, "organisation_id",
	    page_text(span_of(show_name_or_id(call, &organisation_entity, d->organisation_id))));
	return values;
}

/* `fields` is taken. */
static void show_one(struct page_call *call, const Cg__Developer *d, json_t *fields, int status)
{
	const char *done = page_query(call, "done");
	add_role(fields);
	json_t *more =
	    json_pack("{s:s, s:I, s:o, s:o, s:b, s:b, s:s}", "id", d->id, "revision",
		      (json_int_t)d->revision, "shown_name", page_text(span_of(d->name)), "there",
		      developer_json(call, d), "saved", strcmp(done, "saved") == 0, "created",
		      strcmp(done, "created") == 0, "main_class", "main--narrow");
	(void)json_object_update_new(fields, more);
	page_show(call, status, "developer", "developers",
		  status == 200 ? d->name : "Error: Developer", fields);
}

void developer_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Developer *d;
	if (get(call, &d))
		show_one(call, d, values_of_developer(call, d), 200);
}

void developer_edit_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *password = page_secret(call, "password");
	Cg__Developer *d, *changed;
	if (!get(call, &d))
		return;
	json_t *patch = json_object();
	options_typed(call, options, CG_COUNT(options), NULL, patch);
	cg_rc rc =
	    developer_change(call->program->store, &call->actor, d->id, page_revision(call), patch,
			     *password ? password : NULL, call->arena, &changed, &err);
	json_decref(patch);
	if (rc == CG_OK) {
		page_redirect(call,
			      arena_printf(call->arena, "/admin/developers/%s?done=saved", d->id));
	} else if (rc == CG_STALE || page_entity_fault(rc, &err)) {
		json_t *fields = json_object();
		options_values_typed(call, options, CG_COUNT(options), NULL, fields);
		page_set_label(fields, "password", "New password");
		page_add_refusal(fields, values_of_developer(call, d), rc, &err);
		show_one(call, d, fields, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

/* --- ending --- */

void developer_delete_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct developers others = {.n = 0};
	Cg__Developer *d;
	if (!get(call, &d))
		return;
	cg_rc rc =
	    developers_of(call->program->store, d->organisation_id, call->arena, &others, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = developer_json(call, d);
	(void)json_object_set_new(values, "last", json_boolean(others.n <= 1));
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "developer-delete", "developers", "Delete a developer", values);
}

void developer_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = developer_remove(call->program->store, &call->actor, page_param(call, 0),
				    page_revision(call), call->arena, &err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call, "/admin/developers?done=deleted");
	else
		page_fail(call, rc, &err);
}

/* All that is kept about one, as a file. */
void developer_export_get(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	json_t *all;
	cg_rc rc = developer_export(call->program->store, &call->actor, page_param(call, 0),
				    call->arena, &all, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	(void)web_response_field_text(call->resp, "Content-Disposition",
				      "attachment; filename=\"developer.json\"");
	web_json_send(call->resp, 200, all);
	json_decref(all);
}
