/* People who sign in; for owners alone. */
#include "base/base.h"
#include "model/user.h"
#include "entities.h"
#include "pages.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

static const char *const role_words[] = {"Viewer", "Administrator", "Owner"};

static json_t *user_json(struct page_call *call, const Cg__User *user)
{
	return json_pack(
	    "{s:s, s:s, s:o, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:o, s:I, s:b}", "id", user->id,
	    "email", user->email ? user->email : "", "name", page_text(span_of(user->name)), "role",
	    role_words[user->role], "is_viewer", (int)(user->role == CG__ROLE__VIEWER), "is_admin",
	    (int)(user->role == CG__ROLE__ADMIN), "is_owner", (int)(user->role == CG__ROLE__OWNER),
	    "held", (int)user->held, "is_held", (int)user->held, "waiting",
	    (int)(user->must_change && !user->held), "created",
	    page_distance(call, user->created_at), "revision", (json_int_t)user->revision, "own",
	    (int)(strcmp(user->id, call->who.user->id) == 0));
}

static void add_role(json_t *values, const char *role)
{
	json_t *more =
	    json_pack("{s:b, s:b, s:b}", "is_viewer", strcmp(role, "viewer") == 0, "is_admin",
		      strcmp(role, "admin") == 0, "is_owner", strcmp(role, "owner") == 0);
	(void)json_object_update(values, more);
	json_decref(more);
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
	char once[ID_TEXT + 1];
	struct cg_err err = {0};
	const char *role = page_field(call, "role");
	if (random_id(once) != CG_OK) {
		page_fail(call, cg_fail_memory(&err), &err);
		return;
	}
	json_t *values = json_pack(
	    "{s:o, s:b, s:b, s:b, s:s, s:s}", "name", page_text(span_of(page_field(call, "name"))),
	    "is_viewer", strcmp(role, "viewer") == 0 || !*role, "is_admin",
	    strcmp(role, "admin") == 0, "is_owner", strcmp(role, "owner") == 0, "once",
	    page_once(call) ? page_once(call) : once, "main_class", "main--narrow");
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

void user_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	char password[PASSWORD_TEXT + 1] = "";
	Cg__User *user;
	json_t *json = json_pack("{s:o, s:o}", "name", page_text(span_of(page_field(call, "name"))),
				 "role", page_text(span_of(page_field(call, "role"))));
	cg_rc rc = user_create(call->program->store, &call->actor, page_once(call), json, NULL,
			       call->arena, &user, password, &err);
	json_decref(json);
	if (rc == CG_CLASH && err.code && strcmp(err.code, ENTITY_MADE_ALREADY) == 0) {
		page_redirect(call, arena_printf(call->arena, "/admin/users/%s", page_once(call)));
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

static void show_one(struct page_call *call, const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	Cg__User *user;
	cg_rc rc = entity_get(call->program->store, &user_entity, page_param(call, 0), call->arena,
			      &user, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *certificates = user_certificates_json(call, user, &err);
	if (!certificates) {
		page_fail(call, CG_UNAVAILABLE, &err);
		return;
	}
	const char *done = page_query(call, "done");
	json_t *values = user_json(call, user);
	json_t *more = json_pack(
	    "{s:s, s:b, s:b, s:b, s:b, s:o}", "main_class", "main--narrow", "saved",
	    strcmp(done, "saved") == 0, "added", strcmp(done, "added") == 0, "removed",
	    strcmp(done, "removed") == 0, "dropped",
	    strcmp(page_query(call, "private"), "dropped") == 0, "certificates", certificates);
	(void)json_object_update(values, more);
	json_decref(more);
	/* What was typed comes back. */
	const char *role = page_field(call, "role");
	(void)json_object_set_new(values, "typed_name",
				  page_text(span_of(why ? page_field(call, "name") : user->name)));
	if (why) {
		add_role(values, role);
		(void)json_object_set_new(values, "is_held",
					  json_boolean(web_form_has(&call->form, "held")));
		page_add_errors(values, why);
	}
	page_show(call, status, "user", "users", why ? "Error: User" : user->name, values);
}

void user_show(void *arg)
{
	show_one(arg, NULL, 200);
}

void user_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__User *user;
	const char *email = page_field(call, "email");
	json_t *patch =
	    json_pack("{s:o, s:o, s:b, s:o}", "name", page_text(span_of(page_field(call, "name"))),
		      "role", page_text(span_of(page_field(call, "role"))), "held",
		      (int)web_form_has(&call->form, "held"), "email",
		      *email ? page_text(span_of(email)) : json_null());
	cg_rc rc = page_entity_change(call, &user_entity, page_param(call, 0), patch, &user, &err);
	if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/users/%s?done=saved", user->id));
	else if (rc == CG_CLASH || rc == CG_BAD_VALUE || rc == CG_STALE || rc == CG_BAD_INPUT)
		show_one(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

void user_reset_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	char password[PASSWORD_TEXT + 1] = "";
	Cg__User *user;
	cg_rc rc = user_reset(call->program->store, &call->actor, page_param(call, 0), call->arena,
			      &user, password, &err);
	if (rc == CG_OK)
		show_password(call, user, password);
	else
		page_fail(call, rc, &err);
	gnutls_memset(password, 0, sizeof(password));
}

void user_delete_show(void *arg)
{
	struct page_call *call = arg;
	Cg__User *user;
	if (!page_entity_get(call, &user_entity, page_param(call, 0), &user))
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
