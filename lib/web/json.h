/* JSON in and out, for the REST interface. */
#ifndef CG_WEB_JSON_H
#define CG_WEB_JSON_H

#include "base/base.h"
#include "base/error.h"
#include "web/request.h"
#include "web/response.h"
#include <jansson.h>

/* Once, at a program's start: from then on what jansson frees is wiped, since requests may hold
 * private keys and tokens, well-formed or not. */
void web_json_init(void);

/* The request's body as a JSON object (REST_BODY_MAX; a name that comes twice is an error).  The
 * caller owns *out (json_decref).  CG_BAD_INPUT: not JSON, not an object; with the code
 * "unsupported_media_type" (415, see web_problem) when Content-Type is neither application/json nor
 * application/merge-patch+json nor missing.  CG_TOO_BIG. */
cg_rc web_json_read(struct web_request *req, json_t **out, struct cg_err *err) CG_MUST_USE;
/* Answers with value, which stays the caller's; NULL (no memory when it was built) answers 503.
 * Adds X-Content-Type-Options, and Cache-Control where the program asks for it. */
void web_json_send(struct web_response *resp, int status, const json_t *value);
/* The same with another media type. */
void web_json_send_as(struct web_response *resp, int status, const char *content_type,
		      const json_t *value);

#endif
