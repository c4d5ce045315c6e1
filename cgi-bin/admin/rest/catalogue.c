/* The catalogue of the portal. */
#include "base/base.h"
#include "model/catalogue.h"
#include "rest.h"

static const struct rest_resource catalogue = {.entity = &catalogue_entity, .path = "catalogue"};

void catalogue_list(void *call)
{
	rest_entity_list(call, &catalogue);
}

void catalogue_create(void *call)
{
	rest_entity_create(call, &catalogue);
}

void catalogue_get(void *call)
{
	rest_entity_get(call, &catalogue);
}

void catalogue_change(void *call)
{
	rest_entity_change(call, &catalogue);
}

void catalogue_remove(void *call)
{
	rest_entity_remove(call, &catalogue);
}
