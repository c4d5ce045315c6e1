/* A request as the web server handed it over by FastCGI or CGI.  Everything in it is hostile, but
 * for the variables that the server sets itself, and of those the TLS facts count only beside the
 * proof. */
#ifndef CG_WEB_REQUEST_H
#define CG_WEB_REQUEST_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/span.h"
#include "web/target.h"

struct web_io;

/* A header field: the name in lower case with '-', as it came out of the HTTP_ variable. */
struct web_field {
	struct span name, value;
};

enum web_body {
	WEB_BODY_NONE,	  /* no body */
	WEB_BODY_LENGTH,  /* content_length bytes, which may be 0 */
	WEB_BODY_CHUNKED, /* until it ends; the server has taken the chunks apart */
};

/* Lives as long as the request; so do all its spans. */
struct web_request {
	struct arena *arena; /* emptied and wiped after the request */
	/* Why this must be answered 400, as a sentence, or NULL.  What could be read is filled in
	 * all the same; `target` is empty when it is the target that is bad. */
	const char *bad;
	uint8_t id_bytes[ID_RAW_BYTES]; /* random, made here */
	char id[ID_TEXT + 1];		/* the same as text, for logs and answers */
	int64_t received_unix_s;

	struct span method; /* a token (RFC 9110 section 5.6.2) */
	bool is_head;
	struct span uri; /* REQUEST_URI as it came: for logs only */
	struct web_target target;

	/* In the order they came; doubled ones are all there.  Without Content-Length and
	 * Transfer-Encoding, which are in `body`, Proxy, and CERTGATE-PROOF. */
	struct web_field *fields;
	size_t n_fields;
	enum web_body body;
	uint64_t content_length;

	/* Set by the server alone, never from a client's header field.  Without the proof they are
	 * false and empty. */
	bool proof_ok;
	bool https;
	struct span client_cert;   /* SSL_CLIENT_CERT: PEM; empty when there was none */
	struct span client_verify; /* SSL_CLIENT_VERIFY */
	/* SSL_CLIENT_CERT_CHAIN_0, _1, …: what the client sent beside it, as Apache passes it on
	 * (lighttpd does not).  In no order to rely on. */
	struct span client_chain[CERT_CHAIN_PASSED_MAX];
	size_t n_client_chain;

	/* CERTGATE_LOCATION is "as-is": the server passes on a Location with status 200.  CGI hosts
	 * that obey it (RFC 3875 section 6.2.2) have to be kept from that, so this is said by
	 * includes. */
	bool location_as_is;
	/* Apache, which takes no line of an answer's head above 8 kB. */
	bool is_apache;

	/* From the server, but anybody who can set its variables can set these: see proof_ok. */
	struct span remote_addr, remote_port, server_addr, server_port, server_name;
	struct span site;   /* CERTGATE_SITE: which include this came through */
	struct span prefix; /* CERTGATE_PREFIX */
	struct span host;   /* the client's Host field: to show, never to decide by */

	struct web_io *io; /* private to web/ */
	uint64_t body_read;
	bool body_ended, body_broken;

	/* Asked by web_request_body_all when the body is there, which can take its time: whether
	 * who sends it still may.  What it fails with, the reading fails with.  May be NULL. */
	cg_rc (*when_read)(void *ctx, struct cg_err *err);
	void *when_read_ctx;
};

/* How a program judges CERTGATE_PROOF; value.p is NULL when the variable is missing. */
typedef bool (*web_proof_fn)(void *ctx, struct span value);

/* Fills *req from CGI variables ("NAME=value", NULL at the end), whose text must outlive it.
 * False, with *req unfit for use, when memory or random bytes are short. */
bool web_request_init(struct web_request *req, struct arena *arena, char *const *env,
		      web_proof_fn proof_ok, void *ctx, struct web_io *io) CG_MUST_USE;

/* Whether `name`, as it stands in fields, is the field `header`, in whatever letter case and with
 * '_' for '-', as a CGI host folds them. */
bool web_field_is(struct span name, const char *header);
/* How often the field `name` (as above) is there; *value, when not NULL, becomes the first
 * one's. */
size_t web_request_field(const struct web_request *req, const char *name, struct span *value);

/* Bytes of the body, at most n: > 0, 0 at its end, -1 when it broke off (the client left, or sent
 * fewer than its Content-Length).  Waits while there are none. */
ssize_t web_request_read(struct web_request *req, void *buf, size_t n) CG_MUST_USE;
/* True when web_request_read need not wait for the client: bytes are here already, or the body is
 * at its end.  Otherwise poll web_request_body_fd for input first. */
bool web_request_body_ready(struct web_request *req);
/* The descriptor to poll.  Once the body is at its end, input on it means that web_request_is_gone
 * may have news; it is -1 then under plain CGI, which has none. */
int web_request_body_fd(const struct web_request *req);
/* True when the server has given the request up.  Asks without waiting; only after the body's
 * end. */
bool web_request_is_gone(struct web_request *req);
/* Whether it is this process that has broken requests under way off, to end, where the server or
 * the client seems to be gone. */
bool web_request_was_cut(const struct web_request *req);
/* The whole body into the request's arena.  CG_TOO_BIG above max_bytes; CG_BAD_INPUT when it broke
 * off; CG_UNAVAILABLE without memory; or what when_read says. */
cg_rc web_request_body_all(struct web_request *req, size_t max_bytes, struct span *out,
			   struct cg_err *err) CG_MUST_USE;

#endif
