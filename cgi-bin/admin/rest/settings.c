/* What holds for the whole installation; for owners alone. */
#include "base/base.h"
#include "model/setting.h"
#include "rest.h"
#include "web/json.h"

void settings_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	Cg__Setting *setting;
	cg_rc rc = setting_get(call->admin->store, call->arena, &setting, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, setting, NULL, "settings");
}

void settings_change(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *patch = NULL;
	uint64_t revision;
	Cg__Setting *setting;
	cg_rc rc = web_json_read(call->req, &patch, &err);
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = setting_change(call->admin->store, &call->actor, revision, patch, call->arena,
				    &setting, &err);
	json_decref(patch);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, setting, NULL, "settings");
}
