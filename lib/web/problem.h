/* Refusals and errors as application/problem+json (RFC 9457). */
#ifndef CG_WEB_PROBLEM_H
#define CG_WEB_PROBLEM_H

#include "base/base.h"
#include "base/error.h"
#include "web/response.h"

struct web_problem {
	int status;
	const char *code;	  /* for programs, e.g. "access_denied" */
	const char *title;	  /* NULL: the status's own words */
	const char *detail;	  /* a sentence that says what to do; NULL: none */
	const char *request_id;	  /* NULL: left out */
	const char *error;	  /* Tyk's text; NULL: left out */
	const struct cg_err *err; /* for its list of fields; NULL: none */
	int retry_after_s;	  /* > 0: Retry-After; with 503 it is 5 where this is 0 */
};

/* The HTTP status and the usual code of a result: the one place that knows.  CG_OK is 200. */
int web_status_of(cg_rc rc);
const char *web_code_of(cg_rc rc);

/* Answers with *p.  Fields set before, such as rate limits, go out with it. */
void web_problem_send(struct web_response *resp, const struct web_problem *p);
/* Answers with what went wrong in a call: status from rc, code and sentence from err. */
void web_problem(struct web_response *resp, cg_rc rc, const struct cg_err *err);
/* The same for who is nobody that we know: of a fault of ours the sentence, which names paths of
 * the host, is for the log alone. */
void web_problem_stranger(struct web_response *resp, cg_rc rc, const struct cg_err *err);
#define WEB_NOT_NOW                                                                                \
	"This cannot be done just now: try again in a moment. The cause is in the log, under the " \
	"request id."

/* 405 with Allow: `allow` as web_route_find gives it, "GET, HEAD". */
void web_problem_no_method(struct web_response *resp, const char *allow);

#endif
