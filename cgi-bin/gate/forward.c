/* The request to the upstream: which fields go, which are made. */
#include "base/base.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "gate.h"
#include "web/cookie.h"
#include <arpa/inet.h>
#include <netinet/in.h>

#define FIELDS_MADE 16 /* at most so many are added below */

/* The fields on their way out. */
struct outgoing {
	struct web_field *items;
	size_t n;
};

static void add(struct outgoing *out, const char *name, struct span value)
{
	if (value.p)
		out->items[out->n++] = (struct web_field){span_of(name), value};
}

/* Fields that say who the client is: the gate alone sets them, and other CGI hosts behind us would
 * believe them.  Any spelling has become this one in the CGI variables. */
static bool is_identity_field(struct span name)
{
	static const char *const exact[] = {
	    "client-cert",	"client-cert-chain", "forwarded",    "x-forwarded-for",
	    "x-forwarded-host", "x-forwarded-proto", "x-request-id", "x-client-request-id"};
	static const char *const starts[] = {"x-certgate-", "certgate-", "ssl-client-",
					     "ssl-server-"};
	for (size_t i = 0; i < CG_COUNT(exact); i++)
		if (span_is_text(name, exact[i]))
			return true;
	for (size_t i = 0; i < CG_COUNT(starts); i++)
		if (span_starts(name, span_of(starts[i])))
			return true;
	return false;
}

static void add_client_fields(struct exchange *x, struct outgoing *out)
{
	const Cg__Api *api = x->route->api;
	bool strip = api->strip_credential && api->auth->use_token && !api->auth->keyless;
	for (size_t i = 0; i < x->req->n_fields; i++) {
		struct web_field f = x->req->fields[i];
		if (is_identity_field(f.name) ||
		    (strip && web_field_is(f.name, api->auth->token_header)))
			continue;
		if (span_is(f.name, SPAN_LIT("cookie"))) {
			f.value = cookie_without_ours(f.value, x->arena);
			if (f.value.n == 0)
				continue;
		}
		out->items[out->n++] = f;
	}
}

/* Printable ASCII stays; all else, and the percent sign, as %XX. */
static struct span percent_encoded(const char *text, struct arena *arena)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_alloc(arena, 3 * strlen(text) + 1);
	size_t n = 0;
	for (; out && *text; text++) {
		if (*text >= ' ' && *text < 0x7f && *text != '%') {
			out[n++] = *text;
		} else {
			out[n++] = '%';
			out[n++] = digits[(uint8_t)*text >> 4];
			out[n++] = digits[(uint8_t)*text & 15];
		}
	}
	return span_make(out, n);
}

/* RFC 9440: a byte sequence of RFC 8941. */
static struct span client_cert_field(struct exchange *x)
{
	char *base64 = base64_format(x->arena, x->cert_der);
	struct span value = span_of(base64 ? arena_printf(x->arena, ":%s:", base64) : NULL);
	if (value.n > CLIENT_CERT_FIELD_MAX) {
		log_info("client_cert_left_out", "request_id", x->req->id, "cause",
			 "longer than upstreams take", LOG_END);
		return (struct span){NULL, 0};
	}
	return value;
}

static void add_identity(struct exchange *x, struct outgoing *out)
{
	const struct grant *g = x->decision.grant;
	if (!g || !x->route->api->forward_client_cert)
		return;
	add(out, "X-Certgate-Key-Id", span_of(g->key->id));
	add(out, "X-Certgate-Key-Name", percent_encoded(g->key->name, x->arena));
	if (g != x->facts.certificate_grant)
		return;
	char *hex = arena_alloc(x->arena, SHA256_HEX + 1);
	if (hex)
		hex_format(x->facts.sha256.b, SHA256_BYTES, hex);
	add(out, "X-Certgate-Fingerprint", span_of(hex));
	add(out, "Client-Cert", client_cert_field(x));
}

/* A value in a Forwarded field: a quoted string (RFC 7239 section 4). */
static bool fits_quotes(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '"' || s.p[i] == '\\' || s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

static void add_forwarded(struct exchange *x, struct outgoing *out)
{
	const struct web_request *req = x->req;
	const char *proto = req->https ? "https" : "http";
	bool v6 = req->remote_addr.n > 0 && memchr(req->remote_addr.p, ':', req->remote_addr.n);
	bool host = fits_quotes(req->host);
	add(out, "X-Forwarded-For", req->remote_addr);
	if (host)
		add(out, "X-Forwarded-Host", req->host);
	add(out, "X-Forwarded-Proto", span_of(proto));
	add(out, "Forwarded",
	    span_of(arena_printf(x->arena, "for=\"%s%.*s%s\"%s%.*s%s;proto=%s", v6 ? "[" : "",
				 (int)req->remote_addr.n,
				 req->remote_addr.p ? req->remote_addr.p : "", v6 ? "]" : "",
				 host ? ";host=\"" : "", host ? (int)req->host.n : 0,
				 host ? req->host.p : "", host ? "\"" : "", proto)));
}

/* W3C Trace Context, version 00; "sampled" is not ours to say. */
static void add_traceparent(struct exchange *x, struct outgoing *out)
{
	uint8_t bytes[24];
	char hex[2 * sizeof(bytes) + 1];
	if (web_request_field(x->req, "traceparent", NULL) > 0 ||
	    random_bytes(bytes, sizeof(bytes)) != CG_OK)
		return;
	hex_format(bytes, sizeof(bytes), hex);
	add(out, "traceparent",
	    span_of(arena_printf(x->arena, "00-%.32s-%.16s-00", hex, hex + 32)));
}

static void add_request_id(struct exchange *x, struct outgoing *out)
{
	struct span theirs;
	add(out, "X-Request-Id", span_of(x->req->id));
	if (web_request_field(x->req, "x-request-id", &theirs) > 0)
		add(out, "X-Client-Request-Id", theirs);
}

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
		if (IN6_IS_ADDR_LINKLOCAL(&a->sin6_addr) || IN6_IS_ADDR_MULTICAST(&a->sin6_addr) ||
		    IN6_IS_ADDR_UNSPECIFIED(&a->sin6_addr) ||
		    (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr) && is_denied_v4(ntohl(v4))))
			return false;
		port = ntohs(a->sin6_port);
		(void)inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof(text));
	} else {
		return false;
	}
	return !(number_parse(x->req->server_port, 65535, &own_port) && own_port == port &&
		 span_is_text(x->req->server_addr, text));
}

/* --- the answer --- */

static bool drop(void *ctx, struct span name, struct span value)
{
	(void)ctx;
	/* X-Request-Id is ours; and no upstream may sign anybody in, or out, at the dashboard. */
	return span_is_nocase(name, SPAN_LIT("x-request-id")) ||
	       (span_is_nocase(name, SPAN_LIT("set-cookie")) && cookie_is_ours(value));
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
		refuse(x, REFUSAL_BODY_TOO_LARGE,
		       arena_printf(x->arena,
				    "The request's body is larger than this API takes (%" PRIu64
				    " bytes).",
				    x->route->api->max_body_bytes));
		return;
	case UPSTREAM_FAILED:
		refuse(x, REFUSAL_UNAVAILABLE,
		       "The request cannot be passed on now: try again in a moment.");
		return;
	case UPSTREAM_OK:
	case UPSTREAM_CUT:
	case UPSTREAM_CLIENT_GONE:
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
	struct outgoing out = {
	    arena_alloc(x->arena, (x->req->n_fields + FIELDS_MADE) * sizeof(struct web_field)), 0};
	struct web_field added[2];
	size_t n_added = 0;
	if (out.items) {
		add_client_fields(x, &out);
		add_identity(x, &out);
		add_forwarded(x, &out);
		add_request_id(x, &out);
		add_traceparent(x, &out);
	}
	struct span target = target_of(x);
	if (x->arena->failed || !out.items) {
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
	upstream_exchange(x->upstream, &call, x->req, x->resp, &result);
	/* What a client does wrong is no news: he could fill the disk with it. */
	if (result.outcome != UPSTREAM_OK && result.outcome != UPSTREAM_CLIENT_GONE &&
	    result.outcome != UPSTREAM_BODY_TOO_LARGE)
		log_error("upstream", "request_id", x->req->id, "api", api->name, "outcome",
			  upstream_outcome_name(result.outcome), "cause", result.cause, LOG_END);
	answer_failure(x, &result);
}
