/* APIs, and the test of their upstreams. */
#include "base/base.h"
#include "model/api.h"
#include "../test_upstream.h"
#include "rest.h"
#include "web/json.h"

static const struct rest_resource apis = {.entity = &api_entity, .path = "apis"};

void apis_list(void *call)
{
	rest_entity_list(call, &apis);
}

void apis_create(void *call)
{
	rest_entity_create(call, &apis);
}

void apis_get(void *call)
{
	rest_entity_get(call, &apis);
}

void apis_change(void *call)
{
	rest_entity_change(call, &apis);
}

void apis_remove(void *call)
{
	rest_entity_remove(call, &apis);
}

void apis_test(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	Cg__Api *api;
	json_t *items = NULL;
	cg_rc rc = entity_get(call->admin->store, &api_entity, rest_param(call, 0), call->arena,
			      &api, &err);
	if (rc == CG_OK)
		rc = test_upstream(call->admin, call->req, &call->actor, api, call->arena, &items,
				   &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *body = json_pack("{s:o}", "items", items);
	web_json_send(call->resp, 200, body);
	json_decref(body);
}
