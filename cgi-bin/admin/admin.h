/* The admin program: for now the REST interface under /admin/api/v1. */
#ifndef CG_ADMIN_ADMIN_H
#define CG_ADMIN_ADMIN_H

#include "base/base.h"
#include "model/actor.h"
#include "store/store.h"
#include "usage/housekeeping.h"
#include "usage/refusals.h"
#include "web/proof.h"
#include "web/request.h"
#include "web/response.h"
#include "web/route.h"

struct admin {
	struct store *store;
	struct proof proof;
	/* NULL: the file cannot be had. */
	struct refusals *refusals;
	struct limits *limits;
	struct usage *usage;
};

struct rest_route;

/* One request to the REST interface, as its handlers get it. */
struct rest_call {
	struct admin *admin;
	struct web_request *req;
	struct web_response *resp;
	struct arena *arena;
	struct web_matched match;
	const struct rest_route *row; /* of the table in rest/rest.c */
	struct actor actor;
};

/* Answers a request below /admin/api/v1. */
void rest_handle(struct admin *admin, struct web_request *req, struct web_response *resp);

#endif
