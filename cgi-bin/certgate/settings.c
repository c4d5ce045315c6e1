#include "base/base.h"
#include "model/entity.h"
#include "model/setting.h"
#include "records.h"

static int show(struct command *c)
{
	struct cg_err err = {0};
	Cg__Setting *setting;
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = setting_get(c->store, &c->arena, &setting, &err);
	return rc == CG_OK ? command_print(c, record_to_json(setting)) : command_fail(c, &err);
}

static int set(struct command *c)
{
	struct cg_err err = {0};
	Cg__Setting *setting;
	json_t *patch = records_take_members(c, &cg__setting__descriptor, &err);
	if (!patch)
		return command_fail(c, &err);
	if (!command_all_taken(c) || json_object_size(patch) == 0) {
		json_decref(patch);
		return EXIT_USAGE;
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = setting_change(c->store, &c->actor, ENTITY_ANY_REVISION, patch, &c->arena,
				    &setting, &err);
	json_decref(patch);
	return rc == CG_OK ? command_print(c, record_to_json(setting)) : command_fail(c, &err);
}

int settings_main(struct command *c)
{
	const char *verb = command_next(c);
	if (verb && strcmp(verb, "show") == 0)
		return show(c);
	return verb && strcmp(verb, "set") == 0 ? set(c) : EXIT_USAGE;
}
