#include "base/base.h"
#include "upstream/upstream.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "upstream/fields.h"
#include "upstream/head.h"
#include "upstream/outcome.h"
#include "upstream/sockets.h"
#include <curl/curl.h>
#include <gnutls/gnutls.h>

/* A wait ends after this at the latest, to look at the clock, ms. */
#define LOOK_MS 1000
/* So often the client's side may wake us after its body's end. */
#define CLIENT_NEWS_MAX 8

static const char unanswered[] = "the upstream closed the connection unanswered";

struct upstream {
	CURLM *multi; /* owns the kept connections */
	struct upstream_sockets sockets;
	CURL *easy;
	char *kept; /* UPSTREAM_REWIND_BYTES, made at first use */
	char error[CURL_ERROR_SIZE];
	struct upstream_head head;
};

/* One call, from start to end. */
struct exchange {
	struct upstream *u;
	const struct upstream_call *call;
	struct web_request *req;
	struct web_response *resp;
	struct upstream_result *out;
	struct curl_slist *fields, *connect_to;
	struct buf raw_head;
	bool opened; /* a socket, for an address that is allowed */
	bool head_done;
	int64_t active_mono_ms; /* when a byte last went either way */
	/* What we decided ourselves, in a callback; OK: nothing. */
	enum upstream_outcome verdict;
	/* The request's body. */
	bool sends_body, waits_for_client, watches_client;
	unsigned n_client_news;
	bool repeatable;
	unsigned attempts;
	size_t n_kept, replayed; /* bytes in u->kept; how many of them the new attempt has */
	bool kept_all;		 /* u->kept has all that was read so far */
};

const char *upstream_outcome_name(enum upstream_outcome outcome)
{
	static const char *const names[] = {
	    "ok",	   "unreachable",    "tls", "invalid", "timeout",
	    "client_gone", "body_too_large", "cut", "failed"};
	_Static_assert(CG_COUNT(names) == UPSTREAM_OUTCOME__COUNT, "a name for each");
	return (unsigned)outcome < CG_COUNT(names) ? names[outcome] : "unknown";
}

bool upstream_global_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct upstream *upstream_new(void)
{
	struct upstream *u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->multi = curl_multi_init();
	u->easy = curl_easy_init();
	if (!u->multi || !u->easy ||
	    curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, (long)UPSTREAM_KEPT_MAX) != CURLM_OK)
		upstream_free(&u);
	return u;
}

void upstream_free(struct upstream **up)
{
	struct upstream *u = *up;
	*up = NULL;
	if (!u)
		return;
	curl_easy_cleanup(u->easy);
	(void)curl_multi_cleanup(u->multi);
	if (u->kept)
		gnutls_memset(u->kept, 0, UPSTREAM_REWIND_BYTES);
	free(u->kept);
	free(u);
}

/* Notes the first thing that went wrong; curl is then told to give up. */
static void decide(struct exchange *x, enum upstream_outcome verdict, const char *cause)
{
	if (x->verdict != UPSTREAM_OK)
		return;
	x->verdict = verdict;
	(void)snprintf(x->out->cause, sizeof(x->out->cause), "%s", cause);
}

/* --- what curl asks us --- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct exchange *x = arg;
	const struct upstream_call *c = x->call;
	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (c->may_connect && !c->may_connect(c->ctx, &a->addr, (socklen_t)a->addrlen)) {
		x->out->address_denied = true;
		return CURL_SOCKET_BAD;
	}
	x->opened = true;
	return upstream_socket_open(&x->u->sockets, a->family, a->socktype, a->protocol);
}

static int close_socket(void *arg, curl_socket_t fd)
{
	return upstream_socket_close(arg, fd);
}

/* Before each attempt.  curl sends a request again by itself when a kept connection turns out
 * dead; whether the upstream had acted on it, nobody knows. */
static int before_attempt(void *arg, char *remote_ip, char *local_ip, int remote_port,
			  int local_port)
{
	struct exchange *x = arg;
	(void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
	if (++x->attempts > (x->repeatable ? 2u : 1u)) {
		decide(x, UPSTREAM_UNREACHABLE, unanswered);
		return CURL_PREREQFUNC_ABORT;
	}
	return CURL_PREREQFUNC_OK;
}

static void keep_for_repeat(struct exchange *x, const char *p, size_t n)
{
	if (!x->kept_all)
		return;
	if (n > UPSTREAM_REWIND_BYTES - x->n_kept) {
		x->kept_all = false;
		return;
	}
	memcpy(x->u->kept + x->n_kept, p, n);
	x->n_kept += n;
	x->replayed = x->n_kept;
}

static size_t read_body(char *to, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	size_t room = size * count;
	x->active_mono_ms = clock_mono_ms();
	if (x->replayed < x->n_kept) {
		size_t n = x->n_kept - x->replayed;
		if (n > room)
			n = room;
		memcpy(to, x->u->kept + x->replayed, n);
		x->replayed += n;
		return n;
	}
	if (!web_request_body_ready(x->req)) {
		x->waits_for_client = true;
		return CURL_READFUNC_PAUSE;
	}
	ssize_t got = web_request_read(x->req, to, room);
	if (got < 0) {
		decide(x, UPSTREAM_CLIENT_GONE, "the client's body broke off");
		return CURL_READFUNC_ABORT;
	}
	if (x->req->body_read > x->call->max_body_bytes) {
		decide(x, UPSTREAM_BODY_TOO_LARGE, "the body passed the API's limit");
		return CURL_READFUNC_ABORT;
	}
	keep_for_repeat(x, to, (size_t)got);
	return (size_t)got;
}

static int rewind_body(void *arg, curl_off_t offset, int origin)
{
	struct exchange *x = arg;
	if (offset != 0 || origin != SEEK_SET || !x->repeatable || !x->kept_all) {
		decide(x, UPSTREAM_UNREACHABLE, unanswered);
		return CURL_SEEKFUNC_FAIL;
	}
	x->replayed = 0;
	return CURL_SEEKFUNC_OK;
}

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
		if (h->status == 200 && out.value.n > 0 && out.value.p[0] == '/' &&
		    span_is_nocase(out.name, SPAN_LIT("location")))
			rc = pass_location(x, &out);
		else
			rc = web_response_field(x->resp, out.name, out.value);
	}
	for (size_t i = 0; i < c->n_add && rc == CG_OK; i++)
		rc = web_response_field(x->resp, c->add[i].name, c->add[i].value);
	return rc;
}

/* The head is whole: judge it and hand it on.  False when curl is to give up. */
static bool pass_head(struct exchange *x)
{
	struct upstream_head *h = &x->u->head;
	const char *why = upstream_head_read(buf_span(&x->raw_head), x->req->is_head, h);
	size_t mark = web_response_mark(x->resp);
	x->out->status = h->status;
	if (!why && pass_fields(x) != CG_OK) {
		web_response_rewind(x->resp, mark);
		why = "its head is too long";
	}
	if (why) {
		decide(x, UPSTREAM_INVALID, why);
		return false;
	}
	if (h->drop_connection)
		(void)curl_easy_setopt(x->u->easy, CURLOPT_FORBID_REUSE, 1L);
	x->head_done = true;
	web_response_status(x->resp, h->status);
	if (web_response_body(x->resp, SPAN_LIT("")) != CG_OK) {
		decide(x, UPSTREAM_CLIENT_GONE, "the web server no longer listens");
		return false;
	}
	return true;
}

static size_t take_head_line(char *p, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	struct span line = span_make(p, size * count);
	x->active_mono_ms = clock_mono_ms();
	if (x->head_done) /* trailer fields */
		return line.n;
	if (line.n > 0 && line.p[0] != '\r' && line.p[0] != '\n') {
		buf_add(&x->raw_head, line);
		if (x->raw_head.failed) {
			decide(x, UPSTREAM_INVALID, "its head is too long");
			return 0;
		}
		return line.n;
	}
	struct span first = buf_span(&x->raw_head);
	int status = upstream_status(first);
	if (status >= 100 && status < 200 && status != 101) {
		buf_release(&x->raw_head);
		return line.n;
	}
	return pass_head(x) ? line.n : 0;
}

static size_t take_body(char *p, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	const struct upstream_head *h = &x->u->head;
	size_t n = size * count;
	x->active_mono_ms = clock_mono_ms();
	struct span bytes = span_make(p, n);
	if (h->has_length && bytes.n > h->length - x->out->response_bytes)
		bytes.n = (size_t)(h->length - x->out->response_bytes);
	x->out->response_bytes += bytes.n;
	if (web_response_body(x->resp, bytes) != CG_OK) {
		decide(x, UPSTREAM_CLIENT_GONE, "the client left");
		return 0;
	}
	return n;
}

/* --- setting up --- */

static bool is_host(struct span host)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == '\0' || !strchr(letters, host.p[i]))
			return false;
	return host.n > 0 && host.n <= 253;
}

static bool is_repeatable(struct span method)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
	for (size_t i = 0; i < CG_COUNT(methods); i++)
		if (span_is_text(method, methods[i]))
			return true;
	return false;
}

#define SET(option, value) ok = ok && curl_easy_setopt(e, option, value) == CURLE_OK

static bool set_tls(struct exchange *x, const struct upstream_tls *tls, const char *authority)
{
	CURL *e = x->u->easy;
	bool ok = upstream_tls_apply(tls, e);
	if (!tls->server_name)
		return ok;
	struct span host = x->call->host;
	bool v6 = memchr(host.p, ':', host.n) != NULL;
	const char *line = arena_printf(x->req->arena, "::%s%.*s%s:%u", v6 ? "[" : "", (int)host.n,
					host.p, v6 ? "]" : "", (unsigned)x->call->port);
	const char *field = arena_printf(x->req->arena, "Host: %s", authority);
	struct curl_slist *longer = field ? curl_slist_append(x->fields, field) : NULL;
	if (!line || !longer)
		return false;
	x->fields = longer;
	x->connect_to = curl_slist_append(NULL, line);
	SET(CURLOPT_CONNECT_TO, x->connect_to);
	return ok && x->connect_to;
}

static bool set_options(struct exchange *x)
{
	const struct upstream_call *c = x->call;
	CURL *e = x->u->easy;
	struct arena *a = x->req->arena;
	bool v6 = memchr(c->host.p, ':', c->host.n) != NULL, ok = true;
	/* The port is left out where it is the scheme's own, as clients do in Host. */
	char port[8] = "";
	if (c->port != (c->https ? 443 : 80))
		(void)snprintf(port, sizeof(port), ":%u", (unsigned)c->port);
	const char *authority = arena_printf(a, "%s%.*s%s%s", v6 ? "[" : "", (int)c->host.n,
					     c->host.p, v6 ? "]" : "", port);
	/* Where another name is to be proven, curl asks for that one, but connects to the host. */
	const char *proven = c->https && c->tls ? c->tls->server_name : NULL;
	const char *url = arena_printf(a, "%s://%s%s/", c->https ? "https" : "http",
				       proven ? proven : authority, proven ? port : "");
	const char *target = arena_copy(a, c->target), *method = arena_copy(a, c->method);
	long connect_ms = c->timeout_ms > 0 && c->timeout_ms < UPSTREAM_CONNECT_MS
			      ? (long)c->timeout_ms
			      : UPSTREAM_CONNECT_MS;
	if (!authority || !url || !target || !method)
		return false;

	curl_easy_reset(e);
	SET(CURLOPT_ERRORBUFFER, x->u->error);
	SET(CURLOPT_URL, url);
	/* The target apart from the URL: curl would take some of its bytes for its own. */
	SET(CURLOPT_REQUEST_TARGET, target);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->https && c->tls)
		ok = ok && set_tls(x, c->tls, authority);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, x);
	SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	SET(CURLOPT_CLOSESOCKETDATA, &x->u->sockets);
	if (!upstream_sockets_end_noisy(&x->u->sockets))
		SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_PREREQFUNCTION, before_attempt);
	SET(CURLOPT_PREREQDATA, x);
	SET(CURLOPT_MAXAGE_CONN,
	    x->repeatable ? (long)UPSTREAM_KEPT_S : (long)UPSTREAM_KEPT_POST_S);
	SET(CURLOPT_HEADERFUNCTION, take_head_line);
	SET(CURLOPT_HEADERDATA, x);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, x);
	if (x->sends_body) {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_READFUNCTION, read_body);
		SET(CURLOPT_READDATA, x);
		SET(CURLOPT_SEEKFUNCTION, rewind_body);
		SET(CURLOPT_SEEKDATA, x);
		if (x->req->body == WEB_BODY_LENGTH)
			SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->req->content_length);
	} else if (x->req->is_head) {
		SET(CURLOPT_NOBODY, 1L);
	}
	if (!x->req->is_head)
		SET(CURLOPT_CUSTOMREQUEST, method);
	SET(CURLOPT_HTTPHEADER, x->fields);
	return ok;
}

static bool prepare(struct exchange *x)
{
	const struct upstream_call *c = x->call;
	x->sends_body = !x->req->body_ended && !x->req->is_head;
	x->repeatable = is_repeatable(c->method);
	x->watches_client = true;
	if (x->sends_body && x->repeatable) {
		if (!x->u->kept)
			x->u->kept = malloc(UPSTREAM_REWIND_BYTES);
		x->kept_all = x->u->kept != NULL;
	}
	if (!is_host(c->host) || c->port == 0 || c->target.n == 0 || c->target.p[0] != '/') {
		decide(x, UPSTREAM_UNREACHABLE, "the target URL cannot be used");
		return false;
	}
	if (x->req->body == WEB_BODY_LENGTH && x->req->content_length > c->max_body_bytes) {
		decide(x, UPSTREAM_BODY_TOO_LARGE, "the body's length is over the API's limit");
		return false;
	}
	if (!upstream_fields_make(c, x->req, x->sends_body, &x->fields) || !set_options(x)) {
		decide(x, UPSTREAM_FAILED, "the request cannot be put together");
		return false;
	}
	return true;
}

/* --- running --- */

/* True when the upstream has answered in full although we are still sending: it has refused, or
 * does not need, the rest. */
static bool is_answered(const struct exchange *x)
{
	return x->head_done && x->sends_body && !x->req->body_ended && x->u->head.has_length &&
	       x->out->response_bytes == x->u->head.length;
}

/* Waits until something happens, and looks after the client's side.  False to give up. */
static bool wait_for_news(struct exchange *x)
{
	const struct upstream_call *c = x->call;
	int64_t idle_ms = clock_mono_ms() - x->active_mono_ms, wait_ms = LOOK_MS;
	if (x->resp->unflushed && web_response_flush(x->resp) != CG_OK) {
		decide(x, UPSTREAM_CLIENT_GONE, "the client left");
		return false;
	}
	if (c->timeout_ms > 0) {
		if (idle_ms >= c->timeout_ms) {
			if (x->waits_for_client)
				decide(x, UPSTREAM_CLIENT_GONE,
				       "the client stopped sending its body");
			else
				decide(x, UPSTREAM_TIMEOUT, "the upstream was silent for too long");
			return false;
		}
		if (c->timeout_ms - idle_ms < wait_ms)
			wait_ms = c->timeout_ms - idle_ms;
	}
	bool body_over = !x->sends_body || x->req->body_ended;
	struct curl_waitfd client = {.fd = web_request_body_fd(x->req), .events = CURL_WAIT_POLLIN};
	bool watch = client.fd >= 0 && (body_over ? x->watches_client : x->waits_for_client);
	if (curl_multi_poll(x->u->multi, &client, watch ? 1 : 0, (int)wait_ms, NULL) != CURLM_OK) {
		decide(x, UPSTREAM_FAILED, "curl_multi_poll failed");
		return false;
	}
	if (!watch)
		return true;
	if (x->waits_for_client && web_request_body_ready(x->req)) {
		x->waits_for_client = false;
		(void)curl_easy_pause(x->u->easy, CURLPAUSE_CONT);
	} else if (body_over && client.revents != 0) {
		if (web_request_is_gone(x->req)) {
			decide(x, UPSTREAM_CLIENT_GONE, "the client left");
			return false;
		}
		/* The end of the body is one piece of news; a server that goes on would keep us
		 * awake. */
		x->watches_client = ++x->n_client_news < CLIENT_NEWS_MAX;
	}
	return true;
}

static enum upstream_outcome outcome_of(const struct exchange *x, CURLcode code)
{
	if (code == CURLE_OK)
		return x->head_done ? UPSTREAM_OK : UPSTREAM_INVALID;
	/* curl says time-out, too, of a socket that was denied when its last error was one. */
	if (code == CURLE_OPERATION_TIMEDOUT && x->out->address_denied && !x->opened)
		return UPSTREAM_UNREACHABLE;
	return upstream_outcome_of(code, x->call->https && !x->head_done, x->u->error);
}

/* A kept connection may turn out dead while the body is being sent; there curl does not try again
 * by itself. */
static bool died_while_sending(const struct exchange *x, CURLcode code)
{
	long connects = 1;
	(void)curl_easy_getinfo(x->u->easy, CURLINFO_NUM_CONNECTS, &connects);
	return code == CURLE_SEND_ERROR && connects == 0 && x->verdict == UPSTREAM_OK &&
	       x->repeatable && x->kept_all && x->raw_head.n == 0 && !x->head_done;
}

/* One transfer; true when it is to be done again, on a new connection. */
static bool run_once(struct exchange *x)
{
	CURLM *multi = x->u->multi;
	int running = 1, left;
	bool again = false;
	if (curl_multi_add_handle(multi, x->u->easy) != CURLM_OK) {
		decide(x, UPSTREAM_FAILED, "curl_multi_add_handle failed");
		return false;
	}
	x->active_mono_ms = clock_mono_ms();
	do {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			decide(x, UPSTREAM_FAILED, "curl_multi_perform failed");
	} while (running && x->verdict == UPSTREAM_OK && !is_answered(x) && wait_for_news(x));
	CURLMsg *msg = curl_multi_info_read(multi, &left);
	if (msg && msg->msg == CURLMSG_DONE) {
		enum upstream_outcome outcome = outcome_of(x, msg->data.result);
		again = died_while_sending(x, msg->data.result);
		if (outcome != UPSTREAM_OK && !again)
			decide(x, outcome,
			       x->u->error[0] ? x->u->error : curl_easy_strerror(msg->data.result));
	}
	/* Where the transfer is not over, this closes its connection. */
	(void)curl_multi_remove_handle(multi, x->u->easy);
	return again;
}

static void run(struct exchange *x)
{
	if (!run_once(x))
		return;
	x->replayed = 0;
	x->attempts = 1;
	x->waits_for_client = false;
	if (curl_easy_setopt(x->u->easy, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK || run_once(x))
		decide(x, UPSTREAM_UNREACHABLE, unanswered);
}

void upstream_exchange(struct upstream *u, const struct upstream_call *call,
		       struct web_request *req, struct web_response *resp,
		       struct upstream_result *out)
{
	*out = (struct upstream_result){.outcome = UPSTREAM_FAILED};
	struct exchange x = {
	    .u = u, .call = call, .req = req, .resp = resp, .out = out, .verdict = UPSTREAM_OK};
	buf_init(&x.raw_head, RESPONSE_HEAD_MAX);
	u->error[0] = '\0';
	if (prepare(&x))
		run(&x);
	out->outcome = x.verdict;
	out->request_bytes = req->body_read;
	out->untouched = x.attempts == 0;
	/* An answer that has begun can only be broken off. */
	if (x.verdict != UPSTREAM_OK && x.verdict != UPSTREAM_CLIENT_GONE && resp->head_sent)
		out->outcome = UPSTREAM_CUT;
	if (out->outcome == UPSTREAM_CUT || out->outcome == UPSTREAM_CLIENT_GONE)
		web_response_abort(resp);
	/* The body may be a secret. */
	if (x.n_kept > 0)
		gnutls_memset(u->kept, 0, x.n_kept);
	upstream_fields_free(&x.fields);
	curl_slist_free_all(x.connect_to);
	buf_release(&x.raw_head);
}
