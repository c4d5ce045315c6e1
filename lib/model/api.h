/* APIs. */
#ifndef CG_MODEL_API_H
#define CG_MODEL_API_H

#include "model/entity.h"

/* For entity_create, entity_change, … */
extern const struct entity api_entity;

#endif
