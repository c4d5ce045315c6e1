/* People who sign in to the pages; for owners alone. */
#include "base/base.h"
#include "model/user.h"
#include "rest.h"
#include "web/json.h"

static const struct rest_resource users = {.entity = &user_entity, .path = "users"};

void users_list(void *call)
{
	rest_entity_list(call, &users);
}

void users_get(void *call)
{
	rest_entity_get(call, &users);
}

void users_remove(void *call)
{
	rest_entity_remove(call, &users);
}

void users_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *json = NULL;
	char *password = NULL, ignored[PASSWORD_TEXT + 1];
	Cg__User *user;
	cg_rc rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = rest_take_password(call, json, &password, &err);
	if (rc == CG_OK && !password)
		rc = entity_judge(call->admin->store, &user_entity, NULL, json,
				  cg_fail_field(&err, "password", "is missing"), call->arena, &err);
	if (rc == CG_OK)
		rc = user_create(call->admin->store, &call->actor, NULL, json, password,
				 call->arena, &user, ignored, &err);
	json_decref(json);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 201, user, NULL, users.path);
}

void users_change(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *patch = NULL;
	char *password = NULL;
	uint64_t revision;
	Cg__User *user;
	cg_rc rc = web_json_read(call->req, &patch, &err);
	if (rc == CG_OK)
		rc = rest_take_password(call, patch, &password, &err);
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = user_patch(call->admin->store, &call->actor, rest_param(call, 0), revision,
				patch, password, call->arena, &user, &err);
	json_decref(patch);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, user, NULL, users.path);
}
