/* The admin program: pages under /admin, the REST interface under /admin/api/v1. */
#ifndef CG_ADMIN_ADMIN_H
#define CG_ADMIN_ADMIN_H

#include "base/base.h"
#include "live/limits.h"
#include "model/actor.h"
#include "store/store.h"
#include "upstream/allowed.h"
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
	struct limits *limits; /* also for sign-ins */
	struct usage *usage;
	struct upstream_allowed upstream_allowed; /* for tests of upstreams */
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

/* Answers a request below /admin that is none to the REST interface. */
void pages_handle(struct admin *admin, struct web_request *req, struct web_response *resp);
/* Answers a request below /admin/api/v1. */
void rest_handle(struct admin *admin, struct web_request *req, struct web_response *resp);

#endif
