#include "base/base.h"
#include "model/api.h"
#include "records.h"

static int create(struct command *c)
{
	struct cg_err err = {0};
	Cg__Api *api;
	json_t *json = records_take_members(c, api_entity.type, &err);
	if (!json)
		return command_fail(c, &err);
	if (!command_all_taken(c)) {
		json_decref(json);
		return EXIT_USAGE;
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = entity_create(c->store, &api_entity, &c->actor, json, &c->arena, &api, &err);
	json_decref(json);
	return rc == CG_OK ? command_print(c, record_to_json(api)) : command_fail(c, &err);
}

int api_main(struct command *c)
{
	const char *verb = command_next(c);
	if (verb && strcmp(verb, "list") == 0)
		return records_list(c, &api_entity);
	if (verb && strcmp(verb, "show") == 0)
		return records_show(c, &api_entity);
	if (verb && strcmp(verb, "create") == 0)
		return create(c);
	if (verb && strcmp(verb, "set") == 0)
		return records_set(c, &api_entity);
	if (verb && strcmp(verb, "delete") == 0)
		return records_delete(c, &api_entity);
	return EXIT_USAGE;
}
