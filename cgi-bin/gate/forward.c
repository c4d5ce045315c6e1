/* The request to the upstream: which fields go, which are made. */
#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "gate.h"
#include "web/cookie.h"

#define SANDBOX_FIELDS_MAX 2

/* target_url's path, then what follows the listen path (or the whole path), then the query: every
 * byte as it came. */
static struct span target_of(struct exchange *x)
{
	const struct route *route = x->route;
	const char *base = x->target->path;
	struct span path = x->req->target.path, query = x->req->target.query;
	if (route->api->strip_listen_path) {
		size_t n = strlen(route->api->listen_path);
		path = path.n < n ? SPAN_LIT("") : span_from(path, n - 1);
	}
	bool empty = !*base && path.n == 0;
	struct span parts[] = {span_of(base), path, empty ? SPAN_LIT("/") : SPAN_LIT(""),
			       query.p ? SPAN_LIT("?") : SPAN_LIT(""), query};
	return span_of(arena_join(x->arena, parts, CG_COUNT(parts)));
}

/* --- the answer --- */

static bool drop(void *ctx, struct span name, struct span value)
{
	/* Fields that speak for the whole host, on which the dashboard may be. */
	static const struct span of_host[] = {
	    SPAN_LIT("clear-site-data"), SPAN_LIT("service-worker-allowed"), SPAN_LIT("nel"),
	    SPAN_LIT("report-to"), SPAN_LIT("reporting-endpoints")};
	const struct exchange *x = ctx;
	/* Alt-Svc leads clients to a place of the upstream's own, round the gate. */
	if (span_is_nocase(name, SPAN_LIT("x-request-id")) ||
	    span_is_nocase(name, SPAN_LIT("alt-svc")))
		return true;
	if (limit_field_is_ours(x, name) || cors_field_is_ours(x, name) ||
	    rules_take(x->route->api->response_headers, name))
		return true;
	if (span_is_nocase(name, SPAN_LIT("set-cookie")))
		return cookie_is_ours(value);
	for (size_t i = 0; i < CG_COUNT(of_host) && !x->route->api->browser_pages; i++)
		if (span_is_nocase(name, of_host[i]))
			return true;
	return false;
}

/* A page of an upstream must not act as the administrator who is signed in on the same host.  What
 * a browser has fetched as an image, or ahead, must not come out of its cache as a page, either. */
static size_t sandbox_fields(const struct exchange *x, struct web_field fields[SANDBOX_FIELDS_MAX])
{
	static const char *const pages[] = {"document", "iframe", "frame", "embed", "object"};
	struct span dest;
	size_t n = 0;
	if (x->route->api->browser_pages || web_request_field(x->req, "sec-fetch-dest", &dest) == 0)
		return 0;
	fields[n++] = (struct web_field){SPAN_LIT("Vary"), SPAN_LIT("Sec-Fetch-Dest")};
	for (size_t i = 0; i < CG_COUNT(pages); i++)
		if (span_is_text(dest, pages[i]))
			fields[n++] = (struct web_field){SPAN_LIT("Content-Security-Policy"),
							 SPAN_LIT("sandbox")};
	return n;
}

static void refuse_too_large(struct exchange *x)
{
	refuse(x, REFUSAL_BODY_TOO_LARGE,
	       arena_printf(x->arena,
			    "The request's body is larger than this API takes (%" PRIu64 " bytes).",
			    x->route->api->max_body_bytes));
}

bool body_fits(struct exchange *x)
{
	const Cg__Api *api = x->route->api;
	if (!api->has_max_body_bytes || x->req->body != WEB_BODY_LENGTH ||
	    x->req->content_length <= api->max_body_bytes)
		return true;
	refuse_too_large(x);
	return false;
}

static void answer_failure(struct exchange *x, const struct upstream_result *result)
{
	switch (result->outcome) {
	case UPSTREAM_UNREACHABLE:
		refuse(x, REFUSAL_UPSTREAM_UNREACHABLE,
		       "The service behind this API cannot be reached: try again later, or tell "
		       "its provider.");
		return;
	case UPSTREAM_TLS:
		refuse(x, REFUSAL_UPSTREAM_TLS,
		       "The service behind this API does not prove who it is (TLS): tell its "
		       "provider.");
		return;
	case UPSTREAM_INVALID:
		refuse(x, REFUSAL_UPSTREAM_INVALID,
		       result->unanswered
			   ? "The service behind this API ended the connection without an answer: "
			     "tell its provider. It may have done what was asked all the same."
			   : "The service behind this API gave an answer that broke off or is not "
			     "HTTP: tell its provider. It may have done what was asked all the "
			     "same.");
		return;
	case UPSTREAM_TIMEOUT:
		refuse(x, REFUSAL_UPSTREAM_TIMEOUT,
		       "The service behind this API did not answer in time: try again later.");
		return;
	case UPSTREAM_BODY_TOO_LARGE:
		refuse_too_large(x);
		return;
	case UPSTREAM_FAILED:
		refuse(x, REFUSAL_UNAVAILABLE,
		       "The request cannot be passed on now: try again in a moment.");
		return;
	case UPSTREAM_CUT:
		x->code = "upstream_cut";
		return;
	case UPSTREAM_CLIENT_GONE:
		x->code = web_request_was_cut(x->req) ? "gate_stopped" : "client_gone";
		return;
	case UPSTREAM_OK:
	case UPSTREAM_OUTCOME__COUNT:
		return;
	}
}

/* The fields that the client gets beside the upstream's. */
static struct web_field *added_fields(struct exchange *x, size_t *n)
{
	const Cg__HeaderRules *rules = x->route->api->response_headers;
	size_t room =
	    1 + LIMIT_FIELDS_MAX + CORS_FIELDS_MAX + SANDBOX_FIELDS_MAX + rules_give_n(rules);
	struct web_field *added = arena_alloc(x->arena, room * sizeof(*added));
	if (!added)
		return NULL;
	*n = limit_fields(x, added);
	*n += cors_fields(x, added + *n);
	*n += rules_give(rules, added + *n);
	added[(*n)++] = (struct web_field){SPAN_LIT("X-Request-Id"), span_of(x->req->id)};
	*n += sandbox_fields(x, added + *n);
	return added;
}

static void log_failure(const struct exchange *x, const struct upstream_result *result)
{
	/* What a client does wrong is no news: he could fill the disk with it. */
	if (result->outcome == UPSTREAM_OK || result->outcome == UPSTREAM_CLIENT_GONE ||
	    result->outcome == UPSTREAM_BODY_TOO_LARGE)
		return;
	char port[8];
	(void)snprintf(port, sizeof(port), "%u", x->target->port);
	log_error("upstream", "request_id", x->req->id, "api", x->route->api->name, "host",
		  x->target->host, "port", port, "outcome", upstream_outcome_name(result->outcome),
		  "cause",
		  result->outcome == UPSTREAM_UNREACHABLE && result->address_denied
		      ? "its address is link-local, multicast, this listener's own or denied by "
			"upstream_deny or upstream_allow, where no upstream may be"
		      : result->cause,
		  LOG_END);
}

/* The outcome is not about this one upstream alone, or it may have acted on the request. */
static bool is_final(const struct upstream_result *result)
{
	return !result->others_may_try ||
	       (result->outcome != UPSTREAM_UNREACHABLE && result->outcome != UPSTREAM_TIMEOUT &&
		result->outcome != UPSTREAM_TLS);
}

/* Offers the request to one upstream after the other, until one has answered, or may have acted on
 * what must not be repeated. */
static void offer(struct exchange *x, struct upstream_call *call, struct upstream_result *result)
{
	const struct url *order[UPSTREAM_TRIES_MAX];
	size_t n = targets_order(x->gate, x->route, order);
	for (size_t i = 0; i < n; i++) {
		x->target = order[i];
		call->https = x->target->https;
		call->host = url_bare_host(x->target);
		call->port = (uint16_t)x->target->port;
		call->target = target_of(x);
		if (!call->target.p) {
			*result = (struct upstream_result){.outcome = UPSTREAM_FAILED};
			return;
		}
		upstream_exchange(x->worker->upstream, call, x->req, x->resp, result);
		log_failure(x, result);
		if (is_final(result)) {
			if (result->status != 0)
				target_is_up(x->gate, x->target);
			return;
		}
		/* There is no time left for another, which is not this one's fault. */
		if (call->until_mono_ms > 0 && clock_mono_ms() >= call->until_mono_ms)
			return;
		target_is_down(x->gate, x->target);
		call->again = true;
	}
}

static bool may_connect(void *ctx, const struct sockaddr *addr, socklen_t len)
{
	const struct exchange *x = ctx;
	(void)len;
	return upstream_allowed_holds(&x->gate->upstream_allowed, x->req, addr);
}

/* What the gate has for the upstream alone cannot be had. */
static void secrets_failed(struct exchange *x, const char *event, enum refusal refusal, cg_rc rc,
			   const struct cg_err *err)
{
	log_error(event, "request_id", x->req->id, "api", x->route->api->name, "cause", err->text,
		  LOG_END);
	if (rc == CG_BAD_VALUE)
		refuse(x, refusal,
		       "What the gate shows to the service behind this API cannot be used: tell "
		       "its provider.");
	else
		refuse(x, REFUSAL_UNAVAILABLE,
		       "What the gate needs for the service behind this API cannot be read now: "
		       "try again in a moment.");
}

void forward(struct exchange *x)
{
	const Cg__Api *api = x->route->api;
	struct upstream_tls *tls = NULL;
	struct cg_err err = {0};
	if (x->route->n_targets == 0) {
		refuse(x, REFUSAL_UPSTREAM_UNREACHABLE,
		       "The target URL of this API cannot be used: tell its provider.");
		return;
	}
	cg_rc rc = snapshot_upstream_tls(x->gate->resolver, x->snapshot, x->route, &tls, &err);
	if (rc != CG_OK) {
		secrets_failed(x, "upstream_tls_unusable", REFUSAL_UPSTREAM_TLS, rc, &err);
		return;
	}
	rc = snapshot_secret_fields(x->gate->resolver, x->snapshot, x->route, &x->secret_fields,
				    &err);
	if (rc != CG_OK) {
		secrets_failed(x, "secret_headers_unusable", REFUSAL_UPSTREAM_UNREACHABLE, rc,
			       &err);
		return;
	}
	struct outgoing out;
	size_t n_added = 0;
	struct web_field *added = added_fields(x, &n_added);
	fields_make(x, &out);
	if (x->arena->failed) {
		refuse(x, REFUSAL_UNAVAILABLE,
		       "The request is too large to be passed on now: try again in a moment.");
		return;
	}
	struct upstream_call call = {
	    .method = x->req->method,
	    .tls = tls,
	    .fields = out.items,
	    .n_fields = out.n,
	    .timeout_ms = (uint32_t)api->timeout_ms,
	    .client_timeout_ms = SERVER_SILENT_S * 1000,
	    .until_mono_ms =
		api->has_total_timeout_ms ? clock_mono_ms() + (int64_t)api->total_timeout_ms : 0,
	    .max_body_bytes = api->has_max_body_bytes ? api->max_body_bytes : UINT64_MAX,
	    .may_connect = may_connect,
	    .drop = drop,
	    .rewrite = rewrite_field,
	    .ctx = x,
	    .add = added,
	    .n_add = n_added,
	};
	struct upstream_result result = {0};
	int64_t from_us = clock_mono_us();
	offer(x, &call, &result);
	x->upstream_us = clock_mono_us() - from_us;
	answer_failure(x, &result);
}
