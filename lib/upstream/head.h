/* The head of an upstream's answer: read, judged, and cut down to what a client may see.  Private
 * to upstream/ and its test. */
#ifndef CG_UPSTREAM_HEAD_H
#define CG_UPSTREAM_HEAD_H

#include "base/base.h"
#include "base/limits.h"
#include "base/span.h"
#include "web/request.h"

struct upstream_head {
	int status;
	struct span reason; /* behind the status; empty where it is long or has odd bytes */
	bool has_length;    /* `length` bytes of body follow; true with 0 where none may */
	uint64_t length;
	bool has_body;	 /* false for HEAD, 204 and 304 */
	bool chunked;	 /* its coding; there is no length then */
	bool closes;	 /* the upstream takes no other request on this connection */
	unsigned idle_s; /* else: for how long one may follow, at most UPSTREAM_KEPT_S */
	/* The connection cannot be trusted to be at the start of an answer afterwards. */
	bool drop_connection;
	size_t n_fields;
	struct web_field fields[HEADERS_MAX]; /* for the client, in order; the names as they came */
};

/* The status in a line "HTTP/1.x NNN …", or 0. */
int upstream_status(struct span line);
/* How many bytes a head takes at the front of `raw`, its empty line included; 0 while that has not
 * come.  *looked, 0 at first, is where to go on once there is more. */
size_t upstream_head_size(struct span raw, size_t *looked);
/* Reads a head: status line and fields, each line ended by LF or CRLF, without the empty line.
 * NULL, or the reason why it must not be passed on.  Spans are borrowed from `raw`. */
const char *upstream_head_read(struct span raw, bool to_head_request, struct upstream_head *out);

#endif
