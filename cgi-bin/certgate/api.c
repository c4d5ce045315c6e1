#include "base/base.h"
#include "model/api.h"
#include "records.h"

static const struct record_kind apis = {.entity = &api_entity};

static int create(struct command *c)
{
	struct cg_err err = {0};
	Cg__Api *api;
	json_t *json = records_take(c, &apis, &err);
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
	return rc == CG_OK ? records_print_done(c, &apis, api) : command_fail(c, &err);
}

int api_main(struct command *c)
{
	const char *verb = command_next(c);
	return verb ? records_main(c, &apis, verb, create) : EXIT_USAGE;
}
