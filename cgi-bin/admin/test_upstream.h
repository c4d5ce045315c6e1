/* "Test upstream": what an API's upstreams answer to admin, with the API's own settings. */
#ifndef CG_ADMIN_TEST_UPSTREAM_H
#define CG_ADMIN_TEST_UPSTREAM_H

#include "admin.h"

/* Asks each upstream of the API in turn and tells what was seen, for administrators; all of it
 * takes at most PROBE_MS.  Nothing is reached that the gate would not connect to for this API. *out
 * is an array of objects as openapi.json describes them, a new reference. */
cg_rc test_upstream(struct program *admin, const struct web_request *req, const struct actor *actor,
		    const Cg__Api *api, struct arena *arena, json_t **out,
		    struct cg_err *err) CG_MUST_USE;
/* The JSON schema of the answer. */
json_t *test_upstream_schema(void);

#endif
