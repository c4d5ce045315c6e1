/* People who sign in; for owners alone. */
#include "base/base.h"
#include "model/user.h"
#include "entities.h"
#include "options.h"
#include "show.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

static const struct option options[] = {
    {"name",  OPTION_TEXT	},
    {"role",  OPTION_TEXT	},
    {"email", OPTION_TEXT	 },
    {"held",  OPTION_SWITCH},
};
#define OPTIONS_OF_NEW 2

static json_t *user_json(struct page_call *call, const Cg__User *user)
{
	return json_pack("{s:s, s:o, s:s, s:b, s:b, s:o, s:I, s:b}", "id", user->id, "name",
			 page_text(span_of(user->name)), "role", show_role(user->role), "held",
			 (int)user->held, "waiting", (int)(user->must_change && !user->held),
			 "created", page_distance(call, user->created_at), "revision",
			 (json_int_t)user->revision, "own",
			 (int)(strcmp(user->id, call->who.user->id) == 0));
}

void users_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page;
	cg_rc rc =
	    entity_list(call->program->store, &user_entity, span_of(page_query(call, "cursor")),
			LIST_LIMIT_DEFAULT, SPAN_LIT(""), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, user_json(call, page.messages[i]));
	page_show(call, 200, "users", "users", "Users",
		  json_pack("{s:o, s:o, s:b}", "items", items, "next",
			    page_next(call, "/admin/users", "", page.next), "deleted",
			    strcmp(page_query(call, "done"), "deleted") == 0));
}

/* --- new --- */

static void show_new(struct page_call *call, const struct cg_err *why, int status)
{
	json_t *values =
	    json_pack("{s:s, s:s}", "once", page_once_for_form(call), "main_class", "main--narrow");
	options_values_typed(call, options, OPTIONS_OF_NEW, NULL, values);
	show_add_roles(values);
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "user-new", "users", why ? "Error: Add a user" : "Add a user",
		  values);
}

void user_new_show(void *arg)
{
	show_new(arg, NULL, 200);
}

/* The only page that shows a one-time password, so it answers the form itself. */
static void show_password(struct page_call *call, const Cg__User *user, const char *password)
{
	page_show(call, 200, "user-password", "users", "The one-time password",
		  json_pack("{s:o, s:s, s:s, s:s}", "name", page_text(span_of(user->name)),
			    "password", password, "base", page_admin_base(call), "main_class",
			    "main--slim"));
}

/* Asked for twice: the answer to what came first has shown it. */
static void go_to_given(struct page_call *call, const char *id)
{
	page_redirect(call, arena_printf(call->arena, "/admin/users/%s?password=gone", id));
}

void user_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	char password[PASSWORD_TEXT + 1] = "";
	const char *once = page_once(call);
	Cg__User *user;
	json_t *json = json_object();
	options_typed(call, options, OPTIONS_OF_NEW, NULL, json);
	cg_rc rc = user_create(call->program->store, &call->actor, once, json, NULL, call->arena,
			       &user, password, &err);
	json_decref(json);
	if (entity_made_already(rc, &err)) {
		go_to_given(call, once);
	} else if (rc == CG_OK) {
		show_password(call, user, password);
	} else if (rc == CG_CLASH || rc == CG_BAD_VALUE || rc == CG_BAD_INPUT) {
		page_fault_at(&err, "name");
		show_new(call, &err, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
	gnutls_memset(password, 0, sizeof(password));
}

/* --- one --- */

static bool get(struct page_call *call, Cg__User **out)
{
	return page_entity_get(call, &user_entity, page_param(call, 0), out);
}

static json_t *values_of_user(const Cg__User *user)
{
	json_t *record = record_to_json(user), *values = json_object();
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	return values;
}

/* `fields` is taken. */
static void show_one(struct page_call *call, const Cg__User *user, json_t *fields, int status)
{
	struct cg_err err = {0};
	json_t *certificates = user_certificates_json(call, user, &err);
	if (!certificates) {
		json_decref(fields);
		page_fail(call, CG_UNAVAILABLE, &err);
		return;
	}
	const char *done = page_query(call, "done");
	show_add_roles(fields);
	json_t *more = json_pack(
	    "{s:s, s:s, s:I, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:o}", "main_class",
	    "main--narrow", "id", user->id, "revision", (json_int_t)user->revision, "shown_name",
	    page_text(span_of(user->name)), "there", user_json(call, user), "saved",
	    strcmp(done, "saved") == 0, "password_gone",
	    strcmp(page_query(call, "password"), "gone") == 0, "added", strcmp(done, "added") == 0,
	    "already", strcmp(done, "there") == 0, "removed", strcmp(done, "removed") == 0,
	    "dropped", strcmp(page_query(call, "private"), "dropped") == 0, "certificates",
	    certificates);
	(void)json_object_update_new(fields, more);
	page_show(call, status, "user", "users", status == 200 ? user->name : "Error: User",
		  fields);
}

void user_show(void *arg)
{
	struct page_call *call = arg;
	Cg__User *user;
	if (get(call, &user))
		show_one(call, user, values_of_user(user), 200);
}

void user_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__User *user, *changed;
	if (!get(call, &user))
		return;
	json_t *patch = json_object();
	options_typed(call, options, CG_COUNT(options), NULL, patch);
	cg_rc rc = page_entity_change(call, &user_entity, user->id, patch, &changed, &err);
	if (rc == CG_OK) {
		page_redirect(call,
			      arena_printf(call->arena, "/admin/users/%s?done=saved", user->id));
	} else if (rc == CG_STALE || page_entity_fault(rc, &err)) {
		json_t *fields = json_object();
		options_values_typed(call, options, CG_COUNT(options), NULL, fields);
		page_add_refusal(fields, values_of_user(user), rc, &err);
		show_one(call, user, fields, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

void user_reset_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	char password[PASSWORD_TEXT + 1] = "";
	Cg__User *user;
	cg_rc rc = user_reset(call->program->store, &call->actor, page_param(call, 0),
			      page_revision(call), call->arena, &user, password, &err);
	if (rc == CG_OK)
		show_password(call, user, password);
	else if (rc == CG_STALE)
		go_to_given(call, page_param(call, 0));
	else
		page_fail(call, rc, &err);
	gnutls_memset(password, 0, sizeof(password));
}

void user_delete_show(void *arg)
{
	struct page_call *call = arg;
	Cg__User *user;
	if (!get(call, &user))
		return;
	json_t *values = user_json(call, user);
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "user-delete", "users", "Delete a user", values);
}

void user_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = page_entity_remove(call, &user_entity, &err);
	if (rc == CG_OK)
		page_redirect(call, "/admin/users?done=deleted");
	else
		page_fail(call, rc, &err);
}
