/* Policies. */
#include "base/base.h"
#include "model/policy.h"
#include "rest.h"

static const struct rest_resource policies = {.entity = &policy_entity, .path = "policies"};

void policies_list(void *call)
{
	rest_entity_list(call, &policies);
}

void policies_create(void *call)
{
	rest_entity_create(call, &policies);
}

void policies_get(void *call)
{
	rest_entity_get(call, &policies);
}

void policies_change(void *call)
{
	rest_entity_change(call, &policies);
}

void policies_remove(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	bool detach;
	uint64_t revision;
	cg_rc rc = rest_flag(call, "detach", &detach, &err);
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = policy_remove(call->admin->store, &call->actor, rest_param(call, 0), revision,
				   detach, call->arena, &err);
	rest_send_removed(call, rc, &err);
}
