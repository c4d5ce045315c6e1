/* REST tokens; for owners alone. */
#include "base/base.h"
#include "model/user.h"
#include "pages.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

static const char *const role_words[] = {"Viewer", "Administrator", "Owner"};

static json_t *token_json(struct page_call *call, const Cg__RestToken *token)
{
	Cg__User *user = NULL;
	if (!token->owner_id || entity_get(call->admin->store, &user_entity, token->owner_id,
					   call->arena, &user, NULL) != CG_OK)
		user = NULL;
	bool ended = token->has_expires_at && token->expires_at <= call->now_unix_s;
	return json_pack(
	    "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:I}", "id", token->id, "name",
	    page_text(span_of(token->name)), "role", role_words[token->role], "owner",
	    page_text(span_of(user ? user->name : "nobody any more")), "ends",
	    page_day(token->expires_at), "used",
	    token->has_last_used_at ? page_distance(call, token->last_used_at) : json_null(),
	    "badge", ended || !user ? page_badge("bad", "Ended") : page_badge("ok", "Active"),
	    "revision", (json_int_t)token->revision);
}

static void show_list(struct page_call *call, const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	struct entity_page page;
	const char *role = page_field(call, "role");
	cg_rc rc =
	    entity_list(call->admin->store, &token_entity, span_of(page_query(call, "cursor")),
			LIST_LIMIT_DEFAULT, SPAN_LIT(""), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, token_json(call, page.messages[i]));
	json_t *values =
	    json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "items", items, "next",
		      page_next(call, "/admin/tokens", "", page.next), "name",
		      page_text(span_of(page_field(call, "name"))), "is_viewer",
		      strcmp(role, "viewer") == 0 || !*role, "is_admin", strcmp(role, "admin") == 0,
		      "is_owner", strcmp(role, "owner") == 0, "deleted",
		      strcmp(page_query(call, "done"), "deleted") == 0);
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "tokens", "tokens", why ? "Error: REST tokens" : "REST tokens",
		  values);
}

void tokens_page(void *arg)
{
	show_list(arg, NULL, 200);
}

void token_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	char token[TOKEN_TEXT + 1] = "";
	Cg__RestToken *made;
	json_t *json = json_pack("{s:o, s:o}", "name", page_text(span_of(page_field(call, "name"))),
				 "role", page_text(span_of(page_field(call, "role"))));
	cg_rc rc = token_create(call->admin->store, &call->actor, call->actor.id, json, call->arena,
				&made, token, &err);
	json_decref(json);
	if (rc == CG_OK)
		page_show(call, 200, "token-made", "tokens", "The token",
			  json_pack("{s:o, s:s, s:s, s:s}", "name", page_text(span_of(made->name)),
				    "token", token, "base", page_admin_base(call), "main_class",
				    "main--slim"));
	else if (rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH)
		show_list(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
	gnutls_memset(token, 0, sizeof(token));
}

void token_delete_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__RestToken *token;
	cg_rc rc = entity_get(call->admin->store, &token_entity, page_param(call, 0), call->arena,
			      &token, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = token_json(call, token);
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "token-delete", "tokens", "End a token", values);
}

void token_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = entity_remove(call->admin->store, &token_entity, &call->actor,
				 page_param(call, 0), ENTITY_ANY_REVISION, call->arena, &err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call, "/admin/tokens?done=deleted");
	else
		page_fail(call, rc, &err);
}
