/* One file, though long: the two directions of a call share its buffers and take turns. */
#include "base/base.h"
#include "upstream/upstream.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/url.h"
#include "upstream/body.h"
#include "upstream/head.h"
#include "upstream/link.h"
#include "upstream/request.h"
#include <poll.h>

#define IN_BYTES  ((size_t)64 * 1024) /* what one receive takes */
#define OUT_BYTES ((size_t)32 * 1024) /* a piece of the request's body, or a head with one */
/* Before and behind a chunk: its size in hex digits, line ends, and the last chunk. */
#define CHUNK_HEAD ((size_t)10)
#define CHUNK_TAIL ((size_t)7)
/* So often the client's side may wake us after its body's end. */
#define CLIENT_NEWS_MAX 8
/* Of an answer whose length is known the end is near: what has come of it waits so long for the
 * rest, so that both leave in one write, ms. */
#define HOLD_MS 20

static const char unanswered[] = "the upstream closed the connection unanswered";

struct upstream {
	struct links links; /* the kept connections */
	char *in;	    /* what came and is not looked at yet: in_room bytes */
	size_t in_room;
	char *out; /* OUT_BYTES */
	/* What was read of the body, to send it again: UPSTREAM_REWIND_BYTES, made at first use. */
	char *kept;
	size_t n_kept;
	struct upstream_head head;
};

/* One call, from start to end. */
struct exchange {
	struct upstream *u;
	const struct upstream_call *call;
	struct web_request *req;
	struct web_response *resp;
	struct upstream_result *out;
	struct link link;
	int64_t active_mono_ms; /* when a byte last went either way */
	/* What went wrong; OK: nothing. */
	enum upstream_outcome verdict;
	bool repeatable;

	/* The request. */
	struct span request_head;
	bool sends_body, body_given; /* all of it is in `to_send`, or behind that */
	struct span to_send;
	bool send_broken; /* the upstream takes no more; it may have answered */
	size_t replayed;  /* bytes of u->kept that this attempt has */
	bool kept_all;	  /* u->kept has all that was read so far */
	size_t out_used;  /* bytes of u->out that were written to */
	bool watches_client;
	unsigned n_client_news;

	/* The answer. */
	size_t in_n, looked; /* bytes in u->in; how many of them hold no end of a head */
	bool received;	     /* a byte of it */
	unsigned n_interim;
	bool head_done, whole;
	struct upstream_body body;
	int64_t held_mono_ms; /* since when something of it waits in resp */
};

const char *upstream_outcome_name(enum upstream_outcome outcome)
{
	static const char *const names[] = {
	    "ok",	   "unreachable",    "tls", "invalid", "timeout",
	    "client_gone", "body_too_large", "cut", "failed"};
	_Static_assert(CG_COUNT(names) == UPSTREAM_OUTCOME__COUNT, "a name for each");
	return (unsigned)outcome < CG_COUNT(names) ? names[outcome] : "unknown";
}

struct upstream *upstream_new(void)
{
	struct upstream *u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	links_init(&u->links);
	u->in = malloc(IN_BYTES);
	u->in_room = IN_BYTES;
	u->out = malloc(OUT_BYTES);
	if (!u->in || !u->out)
		upstream_free(&u);
	return u;
}

void upstream_free(struct upstream **up)
{
	struct upstream *u = *up;
	*up = NULL;
	if (!u)
		return;
	links_release(&u->links);
	free(u->kept);
	free(u->out);
	free(u->in);
	free(u);
}

/* Notes the first thing that went wrong. */
static void decide(struct exchange *x, enum upstream_outcome verdict, const char *cause)
{
	if (x->verdict != UPSTREAM_OK)
		return;
	x->verdict = verdict;
	(void)snprintf(x->out->cause, sizeof(x->out->cause), "%s", cause);
}

/* --- the request's body --- */

static void keep_for_repeat(struct exchange *x, const char *p, size_t n)
{
	if (!x->kept_all)
		return;
	if (n > UPSTREAM_REWIND_BYTES - x->u->n_kept) {
		x->kept_all = false;
		return;
	}
	memcpy(x->u->kept + x->u->n_kept, p, n);
	x->u->n_kept += n;
	x->replayed = x->u->n_kept;
}

/* > 0 bytes of the body, 0 at its end; -1 when it failed, and that is decided. */
static ssize_t read_body(struct exchange *x, char *to, size_t room)
{
	if (x->replayed < x->u->n_kept) {
		size_t n = x->u->n_kept - x->replayed;
		if (n > room)
			n = room;
		memcpy(to, x->u->kept + x->replayed, n);
		x->replayed += n;
		return (ssize_t)n;
	}
	ssize_t got = web_request_read(x->req, to, room);
	if (got < 0) {
		decide(x, UPSTREAM_CLIENT_GONE, "the client's body broke off");
		return -1;
	}
	if (x->req->body_read > x->call->max_body_bytes) {
		decide(x, UPSTREAM_BODY_TOO_LARGE, "the body passed the API's limit");
		return -1;
	}
	keep_for_repeat(x, to, (size_t)got);
	return got;
}

static bool body_is_ready(const struct exchange *x)
{
	return x->replayed < x->u->n_kept || web_request_body_ready(x->req);
}

/* Puts the next piece of the body into u->out from `at` on, framed. */
static bool give_piece(struct exchange *x, size_t at)
{
	bool chunked = x->req->body == WEB_BODY_CHUNKED;
	char *piece = x->u->out + at + (chunked ? CHUNK_HEAD : 0), head[CHUNK_HEAD + 1];
	size_t room = OUT_BYTES - at - (chunked ? CHUNK_HEAD + CHUNK_TAIL : 0);
	ssize_t got = read_body(x, piece, room);
	x->active_mono_ms = clock_mono_ms();
	x->out_used = OUT_BYTES;
	if (got < 0)
		return false;
	size_t n = (size_t)got;
	if (!chunked) {
		x->body_given = x->req->body_ended && x->replayed == x->u->n_kept;
		x->to_send = span_make(x->u->out, at + n);
		return true;
	}
	x->body_given = n == 0;
	/* The size moves up to the piece, and what stood before it moves up as well. */
	int digits = n > 0 ? snprintf(head, sizeof(head), "%zx\r\n", n) : 0;
	char *from = piece - digits;
	memcpy(from, head, (size_t)digits);
	if (at > 0)
		memmove(from - at, x->u->out, at);
	memcpy(piece + n, n > 0 ? "\r\n" : "0\r\n\r\n", n > 0 ? 2 : 5);
	x->to_send = span_make(from - at, at + (size_t)digits + n + (n > 0 ? 2 : 5));
	return true;
}

/* The head, with the first piece of the body where that is here already. */
static bool give_head(struct exchange *x)
{
	size_t n = x->request_head.n;
	x->body_given = !x->sends_body;
	x->to_send = x->request_head;
	if (!x->sends_body || n > OUT_BYTES / 2 || !body_is_ready(x))
		return true;
	memcpy(x->u->out, x->request_head.p, n);
	x->out_used = OUT_BYTES;
	return give_piece(x, n);
}

/* True when something went. */
static bool send_some(struct exchange *x)
{
	if (x->send_broken)
		return false;
	if (x->to_send.n == 0) {
		if (x->body_given || !body_is_ready(x) || !give_piece(x, 0))
			return false;
		if (x->to_send.n == 0)
			return true;
	}
	ssize_t n = link_send(&x->link, x->to_send);
	if (n == LINK_BROKEN)
		x->send_broken = true;
	if (n <= 0)
		return false;
	x->to_send = span_from(x->to_send, (size_t)n);
	x->active_mono_ms = clock_mono_ms();
	return true;
}

static bool is_sent(const struct exchange *x)
{
	return x->body_given && x->to_send.n == 0;
}

/* --- the answer --- */

/* 200 with a Location that begins with a slash makes mod_fcgid and mod_cgid fetch that path of the
 * host in place of the answer; with scheme and host in front it is an ordinary URL. */
static cg_rc pass_location(struct exchange *x, const struct web_field *f)
{
	struct span host = x->req->host;
	const char *scheme = x->req->https ? "https:" : "http:";
	bool has_host = f->value.n > 1 && f->value.p[1] == '/';
	if (host.n == 0 && !has_host)
		return CG_OK;
	const char *url = arena_printf(x->req->arena, "%s%s%.*s%.*s", scheme, has_host ? "" : "//",
				       has_host ? 0 : (int)host.n, host.p ? host.p : "",
				       (int)f->value.n, f->value.p);
	return url ? web_response_field(x->resp, f->name, span_of(url)) : CG_FAIL;
}

static cg_rc pass_fields(struct exchange *x)
{
	const struct upstream_call *c = x->call;
	const struct upstream_head *h = &x->u->head;
	cg_rc rc = CG_OK;
	for (size_t i = 0; i < h->n_fields && rc == CG_OK; i++) {
		const struct web_field *f = &h->fields[i];
		if (c->drop && c->drop(c->ctx, f->name, f->value))
			continue;
		struct web_field out = *f;
		if (c->rewrite)
			out.value = c->rewrite(c->ctx, f->name, f->value);
		if (x->req->is_apache && out.name.n + 2 + out.value.n > APACHE_FIELD_MAX)
			return CG_FULL;
		if (h->status == 200 && !x->req->location_as_is && out.value.n > 0 &&
		    out.value.p[0] == '/' && span_is_nocase(out.name, SPAN_LIT("location")))
			rc = pass_location(x, &out);
		else
			rc = web_response_field(x->resp, out.name, out.value);
	}
	for (size_t i = 0; i < c->n_add && rc == CG_OK; i++)
		rc = web_response_field(x->resp, c->add[i].name, c->add[i].value);
	return rc;
}

/* The head is whole: judge it and hand it on. */
static bool pass_head(struct exchange *x, struct span raw)
{
	struct upstream_head *h = &x->u->head;
	const char *why = upstream_head_read(raw, x->req->is_head, h);
	size_t mark = web_response_mark(x->resp);
	x->out->status = h->status;
	cg_rc rc = why ? CG_OK : pass_fields(x);
	if (rc != CG_OK) {
		web_response_rewind(x->resp, mark);
		why = rc == CG_FULL ? "a field is longer than Apache takes (8 kB)"
				    : "its head is too long";
	}
	if (why) {
		decide(x, UPSTREAM_INVALID, why);
		return false;
	}
	x->head_done = true;
	upstream_body_begin(&x->body, h);
	web_response_status(x->resp, h->status);
	x->resp->reason = h->reason;
	if (web_response_body(x->resp, SPAN_LIT("")) != CG_OK) {
		decide(x, UPSTREAM_CLIENT_GONE, "the web server no longer listens");
		return false;
	}
	return true;
}

/* Takes what came as far as it goes.  What is left in u->in afterwards is the beginning of a head,
 * or behind the answer's end. */
static void take(struct exchange *x)
{
	struct span raw = span_make(x->u->in, x->in_n), piece;
	while (!x->head_done && x->verdict == UPSTREAM_OK) {
		static const struct span begin = SPAN_LIT("HTTP/1.");
		size_t n = upstream_head_size(raw, &x->looked);
		if (memcmp(raw.p, begin.p, raw.n < begin.n ? raw.n : begin.n) != 0) {
			decide(x, UPSTREAM_INVALID,
			       "it does not begin with a status line of HTTP/1.1");
		} else if (n > RESPONSE_HEAD_MAX || (n == 0 && raw.n > RESPONSE_HEAD_MAX)) {
			decide(x, UPSTREAM_INVALID, "its head is too long");
		} else if (n == 0) {
			memmove(x->u->in, raw.p, raw.n);
			x->in_n = raw.n;
			return;
		} else {
			int status = upstream_status(raw);
			bool interim = status >= 100 && status < 200 && status != 101;
			if (interim && ++x->n_interim > UPSTREAM_INTERIM_MAX)
				decide(x, UPSTREAM_INVALID, "it has too many interim answers");
			else if (!interim)
				(void)pass_head(x, span_make(raw.p, n));
			raw = span_from(raw, n);
			x->looked = 0;
		}
	}
	enum upstream_body_state state = BODY_PIECE;
	while (state == BODY_PIECE && x->verdict == UPSTREAM_OK) {
		state = upstream_body_next(&x->body, &raw, &piece);
		if (state == BODY_BAD)
			decide(x, UPSTREAM_INVALID, "its chunks are none of HTTP/1.1");
		x->out->response_bytes += piece.n;
		if (piece.n > 0 && web_response_body(x->resp, piece) != CG_OK)
			decide(x, UPSTREAM_CLIENT_GONE, "the client left");
	}
	x->whole = state == BODY_END;
	x->in_n = raw.n;
}

/* It was reached, and may have got the request. */
static void end_unanswered(struct exchange *x)
{
	x->out->unanswered = true;
	decide(x, UPSTREAM_INVALID, unanswered);
}

/* The connection has ended, in good order or not. */
static void take_end(struct exchange *x, bool in_order)
{
	if (x->head_done && in_order && upstream_body_ends_here(&x->body))
		x->whole = true;
	else if (!x->head_done && x->link.tls_fault)
		/* In TLS 1.3 an upstream refuses our certificate, or that there is none, when the
		 * handshake is over for us. */
		decide(x, UPSTREAM_TLS, x->link.tls_fault);
	else if (!x->received)
		end_unanswered(x);
	else
		decide(x, UPSTREAM_INVALID, "the upstream's answer broke off");
}

/* A head that does not fit yet gets more room; the exchange gives it back. */
static bool make_room(struct upstream *u)
{
	char *longer = realloc(u->in, 2 * u->in_room);
	if (longer) {
		u->in = longer;
		u->in_room *= 2;
	}
	return longer != NULL;
}

/* True when something came, or the connection's end. */
static bool receive_some(struct exchange *x)
{
	/* Only what there is time for, and nobody else to look after. */
	bool holds = !x->resp->unflushed ||
		     (x->u->head.has_length && x->active_mono_ms - x->held_mono_ms < HOLD_MS);
	bool may_wait = holds && is_sent(x) && !x->send_broken;
	if (x->in_n == x->u->in_room && !make_room(x->u)) {
		decide(x, UPSTREAM_FAILED, "no memory for the answer's head");
		return false;
	}
	ssize_t n = link_receive(&x->link, x->u->in + x->in_n, x->u->in_room - x->in_n, may_wait);
	if (n == LINK_AGAIN)
		return false;
	if (n <= 0) {
		take_end(x, n == 0);
		return true;
	}
	x->received = true;
	x->active_mono_ms = clock_mono_ms();
	if (!x->resp->unflushed)
		x->held_mono_ms = x->active_mono_ms;
	x->in_n += (size_t)n;
	take(x);
	return true;
}

/* --- setting up --- */

static bool is_repeatable(struct span method)
{
	static const struct span methods[] = {SPAN_LIT("GET"),	   SPAN_LIT("HEAD"),
					      SPAN_LIT("OPTIONS"), SPAN_LIT("TRACE"),
					      SPAN_LIT("PUT"),	   SPAN_LIT("DELETE")};
	for (size_t i = 0; i < CG_COUNT(methods); i++)
		if (span_is(method, methods[i]))
			return true;
	return false;
}

static void forget_kept(struct upstream *u)
{
	if (u->n_kept > 0)
		explicit_bzero(u->kept, u->n_kept);
	u->n_kept = 0;
}

static bool prepare(struct exchange *x)
{
	const struct upstream_call *c = x->call;
	if (!c->again)
		forget_kept(x->u);
	x->sends_body = (!x->req->body_ended || x->u->n_kept > 0) && !x->req->is_head;
	x->repeatable = is_repeatable(c->method);
	x->watches_client = true;
	if (x->sends_body && x->repeatable) {
		if (!x->u->kept)
			x->u->kept = malloc(UPSTREAM_REWIND_BYTES);
		x->kept_all = x->u->kept != NULL;
	}
	if (!url_is_host(c->host) || c->port == 0 || c->target.n == 0 || c->target.p[0] != '/') {
		decide(x, UPSTREAM_UNREACHABLE, "the target URL cannot be used");
		return false;
	}
	if (x->req->body == WEB_BODY_LENGTH && x->req->content_length > c->max_body_bytes) {
		decide(x, UPSTREAM_BODY_TOO_LARGE, "the body's length is over the API's limit");
		return false;
	}
	x->request_head = upstream_request_head(c, x->req, x->sends_body);
	if (!x->request_head.p) {
		decide(x, UPSTREAM_FAILED, "the request cannot be put together");
		return false;
	}
	return true;
}

/* --- running --- */

static void look_at_client(struct exchange *x)
{
	if (web_request_is_gone(x->req))
		decide(x, UPSTREAM_CLIENT_GONE, "the client left");
	else
		/* The end of the body is one piece of news; a server that goes on would keep us
		 * awake. */
		x->watches_client = ++x->n_client_news < CLIENT_NEWS_MAX;
}

/* Waits until something happens, and looks after the client's side. */
static void wait_for_news(struct exchange *x)
{
	const struct upstream_call *c = x->call;
	bool body_over = !x->sends_body || x->req->body_ended;
	bool wants_body = x->to_send.n == 0 && !x->body_given && !x->send_broken;
	int64_t left_ms = -1;
	if (x->resp->unflushed && web_response_flush(x->resp) != CG_OK) {
		decide(x, UPSTREAM_CLIENT_GONE, "the client left");
		return;
	}
	uint32_t limit_ms = wants_body ? c->client_timeout_ms : c->timeout_ms;
	if (limit_ms > 0) {
		left_ms = limit_ms - (clock_mono_ms() - x->active_mono_ms);
		if (left_ms <= 0) {
			if (wants_body)
				decide(x, UPSTREAM_CLIENT_GONE,
				       "the client stopped sending its body");
			else
				decide(x, UPSTREAM_TIMEOUT, "the upstream was silent for too long");
			return;
		}
	}
	if (c->until_mono_ms > 0) {
		int64_t until_ms = c->until_mono_ms - clock_mono_ms();
		if (left_ms < 0 || until_ms < left_ms)
			left_ms = until_ms > 0 ? until_ms : 0;
	}
	struct pollfd fds[] = {
	    {.fd = x->link.fd, .events = POLLIN},
		  {.fd = -1,	     .events = POLLIN}
	      };
	if (x->to_send.n > 0 && !x->send_broken)
		fds[0].events |= POLLOUT;
	if (body_over ? x->watches_client : wants_body)
		fds[1].fd = web_request_body_fd(x->req);
	if (poll(fds, CG_COUNT(fds), (int)left_ms) < 0 && errno != EINTR)
		decide(x, UPSTREAM_FAILED, "poll failed");
	else if (body_over && fds[1].revents != 0)
		look_at_client(x);
}

/* Request and answer on one connection.  True when it is to be done again, on a new one: this was
 * a kept one that turned out dead, and the upstream may not have acted on what came. */
static bool converse(struct exchange *x)
{
	x->in_n = x->looked = x->replayed = 0;
	x->send_broken = false;
	x->active_mono_ms = clock_mono_ms();
	if (!give_head(x))
		return false;
	while (x->verdict == UPSTREAM_OK && !x->whole) {
		bool moved = !is_sent(x) && send_some(x);
		if (x->call->until_mono_ms > 0 && clock_mono_ms() >= x->call->until_mono_ms)
			decide(x, UPSTREAM_TIMEOUT, "the call was not over in its total time");
		if (x->verdict == UPSTREAM_OK && !receive_some(x) && !moved &&
		    x->verdict == UPSTREAM_OK)
			wait_for_news(x);
	}
	return x->out->unanswered && x->link.reused && x->repeatable &&
	       (!x->sends_body || x->kept_all);
}

/* Whether the connection is at the start of an answer, for the next request. */
static bool can_be_kept(const struct exchange *x)
{
	const struct upstream_head *h = &x->u->head;
	return x->whole && x->verdict == UPSTREAM_OK && is_sent(x) && !x->send_broken &&
	       x->in_n == 0 && !h->drop_connection && !h->closes && !x->body.until_close;
}

static void run(struct exchange *x)
{
	enum upstream_outcome outcome =
	    link_open(&x->u->links, x->call, x->repeatable ? UPSTREAM_KEPT_S : UPSTREAM_KEPT_POST_S,
		      &x->link, x->out);
	for (;;) {
		if (outcome != UPSTREAM_OK) {
			x->verdict = outcome;
			return;
		}
		x->out->others_may_try = false;
		if (!converse(x))
			break;
		x->out->others_may_try = true;
		x->out->unanswered = false;
		link_close(&x->link);
		x->verdict = UPSTREAM_OK;
		x->out->cause[0] = '\0';
		outcome = link_dial(&x->u->links, x->call, &x->link, x->out);
	}
	if (x->whole)
		link_remember(&x->u->links, &x->link);
	if (can_be_kept(x))
		link_keep(&x->u->links, &x->link, x->u->head.idle_s);
	else
		link_close(&x->link);
}

/* What was large or secret goes. */
static void tidy(struct exchange *x)
{
	struct upstream *u = x->u;
	if (!x->out->others_may_try)
		forget_kept(u);
	if (x->out_used > 0)
		explicit_bzero(u->out, x->out_used);
	if (u->in_room > IN_BYTES) {
		char *shorter = realloc(u->in, IN_BYTES);
		if (shorter) {
			u->in = shorter;
			u->in_room = IN_BYTES;
		}
	}
}

void upstream_exchange(struct upstream *u, const struct upstream_call *call,
		       struct web_request *req, struct web_response *resp,
		       struct upstream_result *out)
{
	*out = (struct upstream_result){.outcome = UPSTREAM_FAILED, .others_may_try = true};
	struct exchange x = {.u = u,
			     .call = call,
			     .req = req,
			     .resp = resp,
			     .out = out,
			     .verdict = UPSTREAM_OK,
			     .link = {.fd = -1}};
	size_t mark = web_response_mark(resp);
	if (prepare(&x))
		run(&x);
	tidy(&x);
	out->outcome = x.verdict;
	out->request_bytes = req->body_read;
	/* An answer that has begun can only be broken off; its head first, which the web server
	 * would miss. */
	if (x.verdict != UPSTREAM_OK && x.verdict != UPSTREAM_CLIENT_GONE && resp->head_sent &&
	    !web_response_take_back(resp, mark)) {
		out->outcome = UPSTREAM_CUT;
		(void)!web_response_flush(resp);
	}
	if (out->outcome == UPSTREAM_CUT || out->outcome == UPSTREAM_CLIENT_GONE)
		web_response_abort(resp);
}
