#include "base/base.h"
#include "model/policy.h"
#include "records.h"

static const struct record_kind policies = {.entity = &policy_entity, .take = records_take_apis};

static int create(struct command *c)
{
	return records_create(c, &policies);
}

static int delete_one(struct command *c)
{
	struct cg_err err = {0};
	bool detach = command_take_flag(c, "--detach");
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = policy_remove(c->store, &c->actor, id, ENTITY_ANY_REVISION, detach, &c->arena,
				   &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}

int policy_main(struct command *c)
{
	const char *verb = command_next(c);
	if (!verb)
		return EXIT_USAGE;
	return strcmp(verb, "delete") == 0 ? delete_one(c)
					   : records_main(c, &policies, verb, create);
}
