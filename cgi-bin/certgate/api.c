#include "base/base.h"
#include "model/api.h"
#include "records.h"

static const struct record_kind apis = {.entity = &api_entity};

static int create(struct command *c)
{
	return records_create(c, &apis);
}

int api_main(struct command *c)
{
	const char *verb = command_next(c);
	return verb ? records_main(c, &apis, verb, create) : EXIT_USAGE;
}
