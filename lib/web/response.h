/* An answer: status, header fields, then the body in one piece or many.  The head is kept until the
 * first byte of the body or the end, so that a small answer leaves in one write. */
#ifndef CG_WEB_RESPONSE_H
#define CG_WEB_RESPONSE_H

#include "base/base.h"
#include "base/error.h"
#include "base/span.h"
#include "web/request.h"

struct web_response {
	struct web_request *request;
	/* Set by a program whose data must not be cached: web_json_send and web_problem then add
	 * Cache-Control: no-store. */
	bool no_store;
	/* Behind the status in place of web_reason's, at most STATUS_REASON_MAX bytes without
	 * controls; looked at when the head is sent.  Servers may say their own. */
	struct span reason;
	/* For the log; read only. */
	int status; /* 0: none set */
	bool head_sent, aborted;
	uint64_t body_bytes; /* of the body, given to the server */

	/* Private: the header fields so far, in the request's arena. */
	char *head;
	size_t head_n, head_room;
	bool head_failed, body_allowed, unflushed;
};

void web_response_init(struct web_response *resp, struct web_request *req);

/* 200 to 599; the last call before the head is sent holds. */
void web_response_status(struct web_response *resp, int status);
/* Adds a field.  CG_FAIL, and nothing added, when the name is no token, the value has a CR, LF or
 * NUL, the head grows over RESPONSE_HEAD_MAX or was sent.  Status is set by web_response_status
 * alone: as a field it is refused. */
cg_rc web_response_field(struct web_response *resp, struct span name, struct span value);
/* The same for texts of our own. */
cg_rc web_response_field_text(struct web_response *resp, const char *name, const char *value);
/* How much of the head there is; web_response_rewind drops the fields that were added since. */
size_t web_response_mark(const struct web_response *resp);
void web_response_rewind(struct web_response *resp, size_t mark);
/* Takes back an answer that was begun, with the fields since `mark`; false when something of it has
 * gone to the server. */
bool web_response_take_back(struct web_response *resp, size_t mark) CG_MUST_USE;
/* Sends the head, if it is still here, and bytes of the body; none for HEAD, 204 and 304.
 * CG_FAIL when the server no longer listens: the client left. */
cg_rc web_response_body(struct web_response *resp, struct span bytes);
/* Hands everything over that was given so far, the head included. */
cg_rc web_response_flush(struct web_response *resp);
/* A whole answer with its Content-Length.  content_type NULL: none. */
cg_rc web_response_send(struct web_response *resp, int status, const char *content_type,
			struct span body);
/* Gives up an answer that has begun, so that it does not look whole to the client: the FastCGI
 * connection is closed without END_REQUEST.  Under plain CGI the program ends with a failure, which
 * is all that can be said there. */
void web_response_abort(struct web_response *resp);

/* "Not Found" for 404; "Status" where we have no name for it. */
const char *web_reason(int status);

#endif
