/* The header fields of a request to an upstream, as curl wants them; private to upstream/. */
#ifndef CG_UPSTREAM_FIELDS_H
#define CG_UPSTREAM_FIELDS_H

#include "base/base.h"
#include "upstream/upstream.h"
#include <curl/curl.h>

/* The fields of `call`, those that frame the body, and lines that keep curl from adding its own.
 * False, with *out for upstream_fields_free all the same, when one could do harm or memory is
 * short. */
bool upstream_fields_make(const struct upstream_call *call, const struct web_request *req,
			  bool sends_body, struct curl_slist **out) CG_MUST_USE;
/* Wipes them: tokens are among them. */
void upstream_fields_free(struct curl_slist **list);

#endif
