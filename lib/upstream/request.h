/* The head of a request to an upstream; private to upstream/. */
#ifndef CG_UPSTREAM_REQUEST_H
#define CG_UPSTREAM_REQUEST_H

#include "base/base.h"
#include "upstream/upstream.h"

/* The request line, Host, the fields of `call` and those that frame the body, in the request's
 * arena; NULL in the span when something in it could do harm, or memory is short. */
struct span upstream_request_head(const struct upstream_call *call, const struct web_request *req,
				  bool sends_body) CG_MUST_USE;

#endif
