/* The request to the upstream: which fields go, which are made. */
#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "gate.h"
#include "web/cookie.h"
#include <arpa/inet.h>
#include <netinet/in.h>

/* target_url's path, then what follows the listen path (or the whole path), then the query: every
 * byte as it came. */
static struct span target_of(struct exchange *x)
{
	const struct route *route = x->route;
	struct span path = x->req->target.path, query = x->req->target.query;
	if (route->api->strip_listen_path) {
		size_t n = strlen(route->api->listen_path);
		path = path.n < n ? SPAN_LIT("") : span_from(path, n - 1);
	}
	bool empty = !*route->target.path && path.n == 0;
	return span_of(arena_printf(x->arena, "%s%.*s%s%s%.*s", route->target.path, (int)path.n,
				    path.p, empty ? "/" : "", query.p ? "?" : "", (int)query.n,
				    query.p ? query.p : ""));
}

/* --- where it may connect to --- */

static bool is_denied_v4(uint32_t a)
{
	return a == 0 || (a >> 16) == 0xa9fe /* link-local 169.254/16 */ ||
	       (a >> 28) >= 0xe /* multicast and above */;
}

/* An upstream's name may resolve to anything: metadata services live on link-local addresses, and
 * our own listener would make a loop. */
static bool may_connect(void *ctx, const struct sockaddr *addr, socklen_t len)
{
	const struct exchange *x = ctx;
	char text[INET6_ADDRSTRLEN] = "";
	uint64_t own_port = 0;
	unsigned port;
	(void)len;
	if (addr->sa_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)addr;
		if (is_denied_v4(ntohl(a->sin_addr.s_addr)))
			return false;
		port = ntohs(a->sin_port);
		(void)inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
	} else if (addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *a = (const void *)addr;
		uint32_t v4;
		memcpy(&v4, a->sin6_addr.s6_addr + 12, sizeof(v4));
		/* NAT64's well-known prefix (RFC 6052) leads to IPv4 as well. */
		static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
		bool holds_v4 = IN6_IS_ADDR_V4MAPPED(&a->sin6_addr) ||
				IN6_IS_ADDR_V4COMPAT(&a->sin6_addr) ||
				memcmp(a->sin6_addr.s6_addr, nat64, sizeof(nat64)) == 0;
		if (IN6_IS_ADDR_LINKLOCAL(&a->sin6_addr) || IN6_IS_ADDR_MULTICAST(&a->sin6_addr) ||
		    IN6_IS_ADDR_UNSPECIFIED(&a->sin6_addr) || (holds_v4 && is_denied_v4(ntohl(v4))))
			return false;
		port = ntohs(a->sin6_port);
		(void)inet_ntop(holds_v4 ? AF_INET : AF_INET6,
				holds_v4 ? (const void *)&v4 : &a->sin6_addr, text, sizeof(text));
	} else {
		return false;
	}
	return !(number_parse(x->req->server_port, 65535, &own_port) && own_port == port &&
		 span_is_text(x->req->server_addr, text));
}

/* --- the answer --- */

static bool drop(void *ctx, struct span name, struct span value)
{
	/* Fields that speak for the whole host, on which the dashboard may be. */
	static const char *const of_host[] = {"clear-site-data", "service-worker-allowed", "nel",
					      "report-to", "reporting-endpoints"};
	const struct exchange *x = ctx;
	if (span_is_nocase(name, SPAN_LIT("x-request-id")))
		return true;
	if (limit_field_is_ours(x, name))
		return true;
	if (span_is_nocase(name, SPAN_LIT("set-cookie")))
		return cookie_is_ours(value);
	for (size_t i = 0; i < CG_COUNT(of_host) && !x->route->api->browser_pages; i++)
		if (span_is_nocase(name, span_of(of_host[i])))
			return true;
	return false;
}

/* A page of an upstream must not act as the administrator who is signed in on the same host. */
static bool needs_sandbox(const struct exchange *x)
{
	static const char *const pages[] = {"document", "iframe", "frame", "embed", "object"};
	struct span dest;
	if (x->route->api->browser_pages || web_request_field(x->req, "sec-fetch-dest", &dest) == 0)
		return false;
	for (size_t i = 0; i < CG_COUNT(pages); i++)
		if (span_is_text(dest, pages[i]))
			return true;
	return false;
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
		       "The service behind this API gave an answer that is not HTTP: tell its "
		       "provider.");
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
		x->code = "client_gone";
		return;
	case UPSTREAM_OK:
	case UPSTREAM_OUTCOME__COUNT:
		return;
	}
}

/* The host without the brackets that an IPv6 address has in a URL. */
static struct span bare_host(const char *host)
{
	struct span h = span_of(host);
	return h.n > 2 && h.p[0] == '[' ? span_make(h.p + 1, h.n - 2) : h;
}

void forward(struct exchange *x)
{
	const Cg__Api *api = x->route->api;
	if (!x->route->usable) {
		refuse(x, REFUSAL_UPSTREAM_UNREACHABLE,
		       "The target URL of this API cannot be used: tell its provider.");
		return;
	}
	struct outgoing out;
	struct web_field added[2 + LIMIT_FIELDS_MAX];
	size_t n_added = limit_fields(x, added);
	fields_make(x, &out);
	struct span target = target_of(x);
	if (x->arena->failed) {
		refuse(x, REFUSAL_UNAVAILABLE,
		       "The request is too large to be passed on now: try again in a moment.");
		return;
	}
	added[n_added++] = (struct web_field){SPAN_LIT("X-Request-Id"), span_of(x->req->id)};
	if (needs_sandbox(x))
		added[n_added++] =
		    (struct web_field){SPAN_LIT("Content-Security-Policy"), SPAN_LIT("sandbox")};
	struct upstream_call call = {
	    .method = x->req->method,
	    .https = x->route->target.https,
	    .host = bare_host(x->route->target.host),
	    .port = (uint16_t)x->route->target.port,
	    .target = target,
	    .fields = out.items,
	    .n_fields = out.n,
	    .timeout_ms = (uint32_t)api->timeout_ms,
	    .max_body_bytes = api->has_max_body_bytes ? api->max_body_bytes : UINT64_MAX,
	    .may_connect = may_connect,
	    .drop = drop,
	    .ctx = x,
	    .add = added,
	    .n_add = n_added,
	};
	struct upstream_result result = {0};
	int64_t from_us = clock_mono_us();
	upstream_exchange(x->upstream, &call, x->req, x->resp, &result);
	x->upstream_us = clock_mono_us() - from_us;
	/* What a client does wrong is no news: he could fill the disk with it. */
	if (result.outcome != UPSTREAM_OK && result.outcome != UPSTREAM_CLIENT_GONE &&
	    result.outcome != UPSTREAM_BODY_TOO_LARGE)
		log_error(
		    "upstream", "request_id", x->req->id, "api", api->name, "outcome",
		    upstream_outcome_name(result.outcome), "cause",
		    result.outcome == UPSTREAM_UNREACHABLE && result.address_denied
			? "its address is link-local, multicast or this listener's own, where "
			  "no upstream may be"
			: result.cause,
		    LOG_END);
	answer_failure(x, &result);
}
