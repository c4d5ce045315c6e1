#include "base/base.h"
#include "model/api.h"
#include "rest.h"

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
