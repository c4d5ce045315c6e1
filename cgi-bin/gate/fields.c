/* The header fields that go to the upstream: the client's, less what is not for it or not the
 * client's to say, and what the gate says itself. */
#include "base/base.h"
#include "base/field.h"
#include "base/limits.h"
#include "base/log.h"
#include "gate.h"
#include "model/pattern.h"
#include "web/cookie.h"

#define FIELDS_MADE 16 /* at most so many are added below */

static void add(struct outgoing *out, const char *name, struct span value)
{
	if (value.p)
		out->items[out->n++] = (struct web_field){span_of(name), value};
}

/* RFC 9110 section 7.6.1: what Connection names is for this hop alone. */
static bool is_named_by_connection(const struct web_request *req, struct span name)
{
	for (size_t i = 0; i < req->n_fields; i++) {
		struct span rest = req->fields[i].value, word;
		if (!span_is(req->fields[i].name, SPAN_LIT("connection")))
			continue;
		while (span_next(&rest, ',', &word))
			if (span_is_nocase(span_trim(word), name))
				return true;
	}
	return false;
}

bool rules_take(const Cg__HeaderRules *rules, struct span name)
{
	if (!rules)
		return false;
	for (size_t i = 0; i < rules->n_remove; i++)
		if (span_is_nocase(name, span_of(rules->remove[i])))
			return true;
	for (size_t i = 0; i < rules->n_set; i++)
		if (span_is_nocase(name, span_of(rules->set[i]->name)))
			return true;
	return false;
}

size_t rules_give_n(const Cg__HeaderRules *rules)
{
	return rules ? rules->n_set + rules->n_add : 0;
}

size_t rules_give(const Cg__HeaderRules *rules, struct web_field *fields)
{
	size_t n = 0;
	for (size_t i = 0; rules && i < rules->n_set; i++)
		fields[n++] =
		    (struct web_field){span_of(rules->set[i]->name), span_of(rules->set[i]->value)};
	for (size_t i = 0; rules && i < rules->n_add; i++)
		fields[n++] =
		    (struct web_field){span_of(rules->add[i]->name), span_of(rules->add[i]->value)};
	return n;
}

static bool is_secret_field(const struct exchange *x, struct span name)
{
	for (size_t i = 0; i < x->route->api->n_secret_headers; i++)
		if (span_is_nocase(name, x->secret_fields[i].name))
			return true;
	return false;
}

static void add_client_fields(struct exchange *x, struct outgoing *out)
{
	const Cg__Api *api = x->route->api;
	bool strip = api->strip_credential && api->auth->use_token && !api->auth->keyless;
	for (size_t i = 0; i < x->req->n_fields; i++) {
		struct web_field f = x->req->fields[i];
		if (!field_is_plain(f.name) || field_is_identity(f.name) ||
		    field_is_forwarded(f.name) || is_named_by_connection(x->req, f.name) ||
		    (strip && web_field_is(f.name, api->auth->token_header)) ||
		    rules_take(api->request_headers, f.name) || is_secret_field(x, f.name))
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

struct span client_cert_field(struct exchange *x)
{
	if (x->cert_field.n > 0)
		return x->cert_field;
	char *base64 = base64_format(x->arena, x->cert_der);
	struct span parts[] = {SPAN_LIT(":"), span_of(base64), SPAN_LIT(":")};
	x->cert_field = span_of(base64 ? arena_join(x->arena, parts, CG_COUNT(parts)) : NULL);
	return x->cert_field;
}

static void add_client_cert(struct exchange *x, struct outgoing *out)
{
	struct span value = client_cert_field(x);
	if (value.n > CLIENT_CERT_FIELD_MAX)
		log_info("client_cert_left_out", "request_id", x->req->id, "cause",
			 "longer than upstreams take", LOG_END);
	else
		add(out, "Client-Cert", value);
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
	add_client_cert(x, out);
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
	bool host = fits_quotes(req->host);
	/* Without the proof the address is anybody's word. */
	bool address = req->proof_ok && address_is_valid(req->remote_addr);
	struct span from = address ? req->remote_addr : SPAN_LIT("unknown");
	bool v6 = address && memchr(from.p, ':', from.n);
	if (address)
		add(out, "X-Forwarded-For", from);
	if (host)
		add(out, "X-Forwarded-Host", req->host);
	add(out, "X-Forwarded-Proto", span_of(proto));
	struct span none = SPAN_LIT("");
	struct span parts[] = {v6 ? SPAN_LIT("for=\"[") : SPAN_LIT("for=\""),
			       from,
			       v6 ? SPAN_LIT("]\"") : SPAN_LIT("\""),
			       host ? SPAN_LIT(";host=\"") : none,
			       host ? req->host : none,
			       host ? SPAN_LIT("\"") : none,
			       SPAN_LIT(";proto="),
			       span_of(proto)};
	add(out, "Forwarded", span_of(arena_join(x->arena, parts, CG_COUNT(parts))));
}

/* W3C Trace Context, version 00, of the request's id; "sampled" is not ours to say. */
static void add_traceparent(struct exchange *x, struct outgoing *out)
{
	char trace[2 * ID_RAW_BYTES + 1];
	if (web_request_field(x->req, "traceparent", NULL) > 0)
		return;
	hex_format(x->req->id_bytes, ID_RAW_BYTES, trace);
	struct span parts[] = {SPAN_LIT("00-"), span_of(trace), SPAN_LIT("-"), span_make(trace, 16),
			       SPAN_LIT("-00")};
	add(out, "traceparent", span_of(arena_join(x->arena, parts, CG_COUNT(parts))));
}

static void add_request_id(struct exchange *x, struct outgoing *out)
{
	struct span theirs;
	add(out, "X-Request-Id", span_of(x->req->id));
	if (web_request_field(x->req, "x-request-id", &theirs) > 0)
		add(out, "X-Client-Request-Id", theirs);
}

void fields_make(struct exchange *x, struct outgoing *out)
{
	out->n = 0;
	const Cg__Api *api = x->route->api;
	size_t n = x->req->n_fields + FIELDS_MADE + rules_give_n(api->request_headers) +
		   api->n_secret_headers;
	out->items = arena_alloc(x->arena, n * sizeof(struct web_field));
	if (!out->items)
		return;
	add_client_fields(x, out);
	out->n += rules_give(api->request_headers, out->items + out->n);
	/* The answer to TRACE shows them to the client (RFC 9110 section 9.3.8). */
	bool shown = span_is(x->req->method, SPAN_LIT("TRACE"));
	for (size_t i = 0; i < api->n_secret_headers && !shown; i++)
		out->items[out->n++] = x->secret_fields[i];
	add_identity(x, out);
	add_forwarded(x, out);
	add_request_id(x, out);
	add_traceparent(x, out);
}
