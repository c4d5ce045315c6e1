/* Tokens for this interface. */
#include "base/base.h"
#include "model/user.h"
#include "rest.h"
#include "web/json.h"
#include <gnutls/gnutls.h>

static const struct rest_resource tokens = {.entity = &token_entity, .path = "tokens"};

void tokens_list(void *call)
{
	rest_entity_list(call, &tokens);
}

void tokens_get(void *call)
{
	rest_entity_get(call, &tokens);
}

void tokens_change(void *call)
{
	rest_entity_change(call, &tokens);
}

void tokens_remove(void *call)
{
	rest_entity_remove(call, &tokens);
}

void tokens_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *json = NULL;
	Cg__RestToken *made;
	char token[TOKEN_TEXT + 1] = "";
	cg_rc rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = token_create(call->admin->store, &call->actor, NULL, call->actor.id, json,
				  NULL, call->arena, &made, token, &err);
	json_decref(json);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 201, made, json_pack("{s:s}", "token", token), "tokens");
	gnutls_memset(token, 0, sizeof(token));
}
