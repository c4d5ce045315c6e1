/* Organisations and developers. */
#include "base/base.h"
#include "model/developer.h"
#include "model/organisation.h"
#include "rest.h"
#include "web/json.h"

static const struct rest_resource organisations = {.entity = &organisation_entity,
						   .path = "organisations"};
static const struct rest_resource developers = {.entity = &developer_entity, .path = "developers"};

void organisations_list(void *call)
{
	rest_entity_list(call, &organisations);
}

void organisations_create(void *call)
{
	rest_entity_create(call, &organisations);
}

void organisations_get(void *call)
{
	rest_entity_get(call, &organisations);
}

void organisations_change(void *call)
{
	rest_entity_change(call, &organisations);
}

void organisations_remove(void *call)
{
	rest_entity_remove(call, &organisations);
}

void developers_list(void *call)
{
	rest_entity_list(call, &developers);
}

void developers_get(void *call)
{
	rest_entity_get(call, &developers);
}

void developers_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *json = NULL;
	char *password = NULL;
	Cg__Developer *developer;
	cg_rc rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = rest_take_password(call, json, &password, &err);
	if (rc == CG_OK)
		rc = developer_create(call->admin->store, &call->actor, NULL, json, password,
				      call->arena, &developer, &err);
	json_decref(json);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 201, developer, NULL, developers.path);
}

void developers_change(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *patch = NULL;
	char *password = NULL;
	uint64_t revision;
	Cg__Developer *developer;
	cg_rc rc = web_json_read(call->req, &patch, &err);
	if (rc == CG_OK)
		rc = rest_take_password(call, patch, &password, &err);
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = developer_change(call->admin->store, &call->actor, rest_param(call, 0),
				      revision, patch, password, call->arena, &developer, &err);
	json_decref(patch);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, developer, NULL, developers.path);
}

void developers_remove(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	uint64_t revision;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = developer_remove(call->admin->store, &call->actor, rest_param(call, 0),
				      revision, call->arena, &err);
	rest_send_removed(call, rc, &err);
}

void developers_export(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *all;
	cg_rc rc = developer_export(call->admin->store, &call->actor, rest_param(call, 0),
				    call->arena, &all, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	web_json_send(call->resp, 200, all);
	json_decref(all);
}

json_t *developer_export_schema(void)
{
	static const struct {
		const char *name;
		const ProtobufCMessageDescriptor *of;
	} lists[] = {
	    {"keys",	     &cg__key__descriptor	 },
	    {"credentials",  &cg__credential__descriptor },
	    {"certificates", &cg__certificate__descriptor},
	    {"requests",	 &cg__key_request__descriptor},
	    {"mails",	      &cg__outbox_mail__descriptor},
	    {"audit",	      &cg__audit_entry__descriptor}
	   };
	json_t *members =
	    json_pack("{s:o, s:o}", "developer", record_schema(&cg__developer__descriptor),
		      "organisation", record_schema(&cg__organisation__descriptor));
	for (size_t i = 0; i < CG_COUNT(lists); i++)
		(void)json_object_set_new(
		    members, lists[i].name,
		    json_pack("{s:s, s:o}", "type", "array", "items", record_schema(lists[i].of)));
	return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", members,
			 "additionalProperties", 0);
}
