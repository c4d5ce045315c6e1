/* Developers: the list, one, making and deleting it. */
#include "base/base.h"
#include "base/limits.h"
#include "model/developer.h"
#include "model/organisation.h"
#include "entities.h"
#include "show.h"
#include "web/json.h"
#include "web/problem.h"

static const char *const typed_fields[] = {"name", "email", NULL};

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

static void show_new(struct page_call *call, const struct cg_err *why, int status)
{
	json_t *values = json_pack("{s:b, s:b, s:s}", "is_member",
				   strcmp(page_field(call, "role"), "manager") != 0, "is_manager",
				   strcmp(page_field(call, "role"), "manager") == 0, "main_class",
				   "main--narrow");
	const char *of = page_field(call, "organisation_id");
	page_put_back(call, values, typed_fields);
	if (!*of)
		of = show_organisation_field(call, page_query(call, "organisation"));
	(void)json_object_set_new(values, "organisation_typed", page_text(span_of(of)));
	if (why)
		page_add_errors(values, why);
	else
		(void)json_object_set_new(values, "focus_name", json_true());
	page_show(call, status, "developer-new", "developers",
		  why ? "Error: Add a developer" : "Add a developer", values);
}

void developer_new_show(void *call)
{
	show_new(call, NULL, 200);
}

static json_t *text_or_null(const char *text)
{
	return *text ? page_text(span_of(text)) : json_null();
}

static json_t *record_of_form(struct page_call *call)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "name",
			 page_text(span_of(page_field(call, "name"))), "email",
			 page_text(span_of(page_field(call, "email"))), "organisation_id",
			 text_or_null(page_field(call, "organisation_id")), "role",
			 page_text(span_of(page_field(call, "role"))));
}

void developer_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *password = page_secret(call, "password");
	Cg__Developer *developer;
	json_t *json = record_of_form(call);
	cg_rc rc = developer_create(call->program->store, &call->actor, json,
				    *password ? password : NULL, call->arena, &developer, &err);
	json_decref(json);
	if (rc == CG_OK) {
		page_redirect(call, arena_printf(call->arena, "/admin/developers/%s?done=created",
						 developer->id));
	} else if (rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH) {
		page_fault_at(&err, "email");
		show_new(call, &err, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

/* --- one --- */

static bool get(struct page_call *call, Cg__Developer **out)
{
	return page_entity_get(call, &developer_entity, page_param(call, 0), out);
}

static void show_one(struct page_call *call, const struct cg_err *why, int status)
{
	const char *done = page_query(call, "done");
	Cg__Developer *d;
	if (!get(call, &d))
		return;
	json_t *values = developer_json(call, d);
	(void)json_object_set_new(values, "main_class", json_string("main--narrow"));
	(void)json_object_set_new(values, "shown_name", page_text(span_of(d->name)));
	(void)json_object_set_new(values, "saved", json_boolean(strcmp(done, "saved") == 0));
	(void)json_object_set_new(values, "created", json_boolean(strcmp(done, "created") == 0));
	const char *of = why ? page_field(call, "organisation_id")
			     : show_organisation_field(call, d->organisation_id);
	(void)json_object_set_new(values, "organisation_typed", page_text(span_of(of)));
	if (why) {
		page_put_back(call, values, typed_fields);
		page_add_errors(values, why);
	}
	page_show(call, status, "developer", "developers", why ? "Error: Developer" : d->name,
		  values);
}

void developer_show(void *call)
{
	show_one(call, NULL, 200);
}

void developer_edit_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *password = page_secret(call, "password");
	Cg__Developer *d;
	json_t *revision = page_typed_number(call, "revision"), *patch = record_of_form(call);
	(void)json_object_set_new(patch, "active",
				  json_boolean(web_form_has(&call->form, "active")));
	cg_rc rc = developer_change(call->program->store, &call->actor, page_param(call, 0),
				    (uint64_t)json_integer_value(revision), patch,
				    *password ? password : NULL, call->arena, &d, &err);
	json_decref(patch);
	json_decref(revision);
	if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/developers/%s?done=saved", d->id));
	else if (rc == CG_CLASH || rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_STALE)
		show_one(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
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
	json_t *revision = page_typed_number(call, "revision");
	cg_rc rc = developer_remove(call->program->store, &call->actor, page_param(call, 0),
				    (uint64_t)json_integer_value(revision), call->arena, &err);
	json_decref(revision);
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
