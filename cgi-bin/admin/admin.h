/* The admin program: pages under /admin, the REST interface under /admin/api/v1. */
#ifndef CG_ADMIN_ADMIN_H
#define CG_ADMIN_ADMIN_H

#include "base/base.h"
#include "model/actor.h"
#include "ui/program.h"
#include "ui/session.h"
#include "web/route.h"

#define ADMIN_COOKIE "__Host-certgate-admin"

struct rest_route;

/* One request to the REST interface, as its handlers get it. */
struct rest_call {
	struct program *admin;
	struct web_request *req;
	struct web_response *resp;
	struct arena *arena;
	struct web_matched match;
	const struct rest_route *row; /* of the table in rest/rest.c */
	/* Where only the record's revision is asked for: it goes here, and nothing is answered. */
	uint64_t *look_at;
	struct actor actor;
};

/* Answers a request below /admin that is none to the REST interface. */
void pages_handle(struct program *admin, struct web_request *req, struct web_response *resp);
/* Answers a request below /admin/api/v1. */
void rest_handle(struct program *admin, struct web_request *req, struct web_response *resp);

#endif
