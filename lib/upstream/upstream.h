/* The HTTP client side: one request to an API's upstream, both bodies streamed, neither held. */
#ifndef CG_UPSTREAM_UPSTREAM_H
#define CG_UPSTREAM_UPSTREAM_H

#include "base/base.h"
#include "base/span.h"
#include "upstream/tls.h"
#include "web/request.h"
#include "web/response.h"
#include <sys/socket.h>

/* A thread's handle: keeps connections from call to call.  Not to be shared. */
struct upstream;

/* Whether an address may be connected to; asked for each address before it is tried. */
typedef bool (*upstream_address_fn)(void *ctx, const struct sockaddr *addr, socklen_t len);
/* Whether a field of the upstream's answer is kept from the client, beyond those that always are
 * (see upstream_exchange). */
typedef bool (*upstream_drop_fn)(void *ctx, struct span name, struct span value);
/* The value that takes the place of this one. */
typedef struct span (*upstream_rewrite_fn)(void *ctx, struct span name, struct span value);

struct upstream_call {
	struct span method;
	bool https;
	struct upstream_tls *tls; /* NULL: the upstream proves itself to the host's CAs */
	struct span host;	  /* name, IPv4, or IPv6 without brackets */
	uint16_t port;
	/* Path and query, sent byte for byte; begins with a slash, has no control bytes. */
	struct span target;
	/* Fields to send, in any order.  Host, Content-Length and what belongs to one connection
	 * only (RFC 9110 section 7.6.1) are made here and skipped in this list. */
	const struct web_field *fields;
	size_t n_fields;
	/* How long the upstream may send nothing, before or after its first byte, and take nothing
	 * of the body.  Connecting takes at most the smaller of this and UPSTREAM_CONNECT_MS. */
	uint32_t timeout_ms;
	/* How long the client may send nothing of its body, where it is waited for; 0: any time. */
	uint32_t client_timeout_ms;
	/* When all of it has to be over (CLOCK_MONOTONIC); 0: whenever it is. */
	int64_t until_mono_ms;
	/* The call before with this handle was for the same req, and others_may_try. */
	bool again;
	uint64_t max_body_bytes;	 /* of the request; UINT64_MAX: no limit */
	upstream_address_fn may_connect; /* NULL: any */
	upstream_drop_fn drop;		 /* NULL: none */
	/* Told of the certificate that the upstream showed, DER, whether it holds or not.  NULL:
	 * nobody is. */
	void (*saw_certificate)(void *ctx, struct span der);
	void *ctx; /* for these, and for rewrite */
	/* What the client gets in place of a field's value; in the request's arena.  NULL: as it
	 * is. */
	upstream_rewrite_fn rewrite;
	/* Fields that go to the client with the upstream's answer, and only with it. */
	const struct web_field *add;
	size_t n_add;
};

/* With OK the answer is given, with CUT and CLIENT_GONE it is aborted; with all others nothing was
 * sent, and the caller answers. */
enum upstream_outcome {
	UPSTREAM_OK,	      /* answered, whole */
	UPSTREAM_UNREACHABLE, /* not resolved, refused, or address not allowed */
	UPSTREAM_TLS,	      /* no TLS, or its certificate does not hold */
	UPSTREAM_INVALID, /* its answer is not HTTP, has fields that could do harm, broke off, or
			   * there is none: it closed the connection */
	UPSTREAM_TIMEOUT, /* silent for too long, or not over in time */
	UPSTREAM_CLIENT_GONE, /* the client left, or stopped sending its body: nobody to answer */
	UPSTREAM_BODY_TOO_LARGE, /* the body passed max_body_bytes */
	UPSTREAM_CUT,		 /* broke off after something of it went to the web server */
	UPSTREAM_FAILED,	 /* a fault of ours, e.g. no memory */
	UPSTREAM_OUTCOME__COUNT
};

struct upstream_result {
	enum upstream_outcome outcome;
	int status;				/* of the upstream's answer; 0: none came */
	uint64_t request_bytes, response_bytes; /* of the bodies */
	bool address_denied;			/* with UNREACHABLE: by may_connect */
	bool unanswered;			/* with INVALID: no byte of an answer came */
	/* Another upstream may be asked with the same req and resp, and `again`: no byte of the
	 * request has left, or one on a kept connection that turned out dead before any answer, and
	 * the request may be repeated. */
	bool others_may_try;
	char cause[256]; /* for the log; empty with OK */
};

/* "ok", "unreachable", …: for logs. */
const char *upstream_outcome_name(enum upstream_outcome outcome);

/* A handle for the calling thread; NULL without memory. */
struct upstream *upstream_new(void) CG_MUST_USE;
void upstream_free(struct upstream **u);

/* Sends the request of `call`, with the body of `req`, and passes the answer on through `resp`.
 *
 * The request: HTTP/1.1, no redirects, no proxy from the environment, TLS verified always; nothing
 * but Host and the body's framing is added.  A HEAD request goes without its body.  A connection
 * that turns out stale is replaced for methods that may be repeated (RFC 9110 section 9.2.2), if
 * what was sent of the body is still known (UPSTREAM_REWIND_BYTES); POST, PATCH and methods we do
 * not know are never sent twice.
 *
 * The answer: interim ones (1xx) are dropped; fields for one connection, and those that a CGI host
 * would obey (Status, X-Sendfile, X-Accel-*, …) as well.  Its Content-Length is kept true: what is
 * longer is cut, what is shorter aborts. */
void upstream_exchange(struct upstream *u, const struct upstream_call *call,
		       struct web_request *req, struct web_response *resp,
		       struct upstream_result *out);

#endif
