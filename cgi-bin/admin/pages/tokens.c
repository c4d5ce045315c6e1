/* REST tokens; for owners alone. */
#include "base/base.h"
#include "model/user.h"
#include "entities.h"
#include "options.h"
#include "show.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

static const struct option options[] = {
    {"name",	     OPTION_TEXT},
	   {"role",	    OPTION_TEXT},
	  {"expires_at", OPTION_TIME}
};

static json_t *token_json(struct page_call *call, const Cg__RestToken *token)
{
	Cg__User *user = NULL;
	if (!token->owner_id || entity_get(call->program->store, &user_entity, token->owner_id,
					   call->arena, &user, NULL) != CG_OK)
		user = NULL;
	bool ended = token->has_expires_at && token->expires_at <= call->now_unix_s;
	return json_pack(
	    "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:I}", "id", token->id, "name",
	    page_text(span_of(token->name)), "role", show_role(token->role), "owner",
	    page_text(span_of(user ? user->name : "nobody any more")), "ends",
	    page_day(token->expires_at), "used",
	    token->has_last_used_at ? page_distance(call, token->last_used_at) : json_null(),
	    "badge", ended || !user ? page_badge("bad", "Ended") : page_badge("ok", "Active"),
	    "revision", (json_int_t)token->revision);
}

static json_t *values_of_token(const Cg__RestToken *token)
{
	json_t *record = record_to_json(token), *values = json_object();
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	return values;
}

/* The one that the form, sent twice, has made: nobody may have seen it.  With what makes another in
 * its place. */
static json_t *made_json(struct page_call *call)
{
	const char *id = page_query(call, "made");
	Cg__RestToken *token;
	if (!*id ||
	    entity_get(call->program->store, &token_entity, id, call->arena, &token, NULL) !=
		CG_OK ||
	    strcmp(token->id, id) != 0 || !token->owner_id ||
	    strcmp(token->owner_id, call->actor.id) != 0)
		return json_null();
	json_t *values = values_of_token(token),
	       *more = json_pack("{s:s, s:s}", "id", id, "once", page_once_for_form(call));
	(void)json_object_update_new(values, more);
	return values;
}

static void show_list(struct page_call *call, const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	struct entity_page page;
	cg_rc rc =
	    entity_list(call->program->store, &token_entity, span_of(page_query(call, "cursor")),
			LIST_LIMIT_DEFAULT, SPAN_LIT(""), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, token_json(call, page.messages[i]));
	const char *done = page_query(call, "done");
	json_t *values =
	    json_pack("{s:o, s:o, s:s, s:b, s:b, s:o}", "items", items, "next",
		      page_next(call, "/admin/tokens", "", page.next), "once",
		      page_once_for_form(call), "deleted", strcmp(done, "deleted") == 0, "saved",
		      strcmp(done, "saved") == 0, "made", made_json(call));
	options_values_typed(call, options, CG_COUNT(options), NULL, values);
	show_add_roles(values);
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
	const char *replaces = page_field(call, "replaces"), *once = page_once(call);
	json_t *json = json_object();
	options_typed(call, options, CG_COUNT(options), NULL, json);
	cg_rc rc = token_create(call->program->store, &call->actor, once, call->actor.id, json,
				*replaces ? replaces : NULL, call->arena, &made, token, &err);
	json_decref(json);
	if (entity_made_already(rc, &err))
		page_redirect(call, arena_printf(call->arena, "/admin/tokens?made=%s", once));
	else if (rc == CG_OK)
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

/* --- one --- */

/* `fields` is taken. */
static void show_one(struct page_call *call, const Cg__RestToken *token, json_t *fields, int status)
{
	show_add_roles(fields);
	json_t *more = json_pack("{s:s, s:o, s:I, s:s}", "id", token->id, "token_name",
				 page_text(span_of(token->name)), "revision",
				 (json_int_t)token->revision, "main_class", "main--narrow");
	(void)json_object_update(fields, more);
	json_decref(more);
	page_show(call, status, "token-edit", "tokens",
		  status == 200 ? token->name : "Error: REST token", fields);
}

static bool get(struct page_call *call, Cg__RestToken **out)
{
	return page_entity_get(call, &token_entity, page_param(call, 0), out);
}

void token_show(void *arg)
{
	struct page_call *call = arg;
	Cg__RestToken *token;
	if (get(call, &token))
		show_one(call, token, values_of_token(token), 200);
}

void token_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__RestToken *token, *changed;
	if (!get(call, &token))
		return;
	json_t *patch = json_object();
	options_typed(call, options, CG_COUNT(options), NULL, patch);
	cg_rc rc = page_entity_change(call, &token_entity, token->id, patch, &changed, &err);
	if (rc == CG_OK) {
		page_redirect(call, "/admin/tokens?done=saved");
		return;
	}
	if (rc != CG_STALE && rc != CG_BAD_VALUE && rc != CG_BAD_INPUT) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *fields = json_object();
	options_values_typed(call, options, CG_COUNT(options), NULL, fields);
	page_add_refusal(fields, values_of_token(token), rc, &err);
	show_one(call, token, fields, web_status_of(rc));
}

void token_delete_show(void *arg)
{
	struct page_call *call = arg;
	Cg__RestToken *token;
	if (!get(call, &token))
		return;
	json_t *values = token_json(call, token);
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "token-delete", "tokens", "End a token", values);
}

void token_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = entity_remove(call->program->store, &token_entity, &call->actor,
				 page_param(call, 0), ENTITY_ANY_REVISION, call->arena, &err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call, "/admin/tokens?done=deleted");
	else
		page_fail(call, rc, &err);
}
