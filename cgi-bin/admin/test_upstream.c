#include "base/base.h"
#include "test_upstream.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/url.h"
#include "cert/cert.h"
#include "upstream/allowed.h"
#include "upstream/probe.h"
#include "upstream/trust.h"

struct test {
	struct program *admin;
	const struct web_request *req;
	const Cg__Api *api;
	struct arena *arena;
	struct upstream_tls *tls;
	struct upstream_allowed allowed;
	int64_t until_mono_ms;
};

static bool may_connect(void *ctx, const struct sockaddr *addr, socklen_t len)
{
	const struct test *t = ctx;
	(void)len;
	return upstream_allowed_holds(&t->allowed, t->req, addr);
}

/* --- in words --- */

static bool is_denied(const struct probe_seen *seen)
{
	for (size_t i = 0; i < seen->n_addresses; i++)
		if (!seen->addresses[i].allowed)
			return true;
	return false;
}

/* What to do; NULL: nothing. */
static const char *remedy(const struct test *t, const struct url *url,
			  const struct probe_seen *seen)
{
	switch (seen->outcome) {
	case UPSTREAM_OK:
		return seen->status >= 500
			   ? "It was reached, and says that it is not well: look at its own log."
			   : NULL;
	case UPSTREAM_UNREACHABLE:
		if (is_denied(seen))
			return "Its address is link-local, multicast, this listener's own, or kept "
			       "from upstreams by this host's configuration "
			       "(upstream_allow, upstream_deny): no API may go there.";
		return seen->n_addresses == 0
			   ? "The name was not resolved: is the target URL right, and this host's "
			     "resolver?"
			   : "Nothing listens there, or something between lets nobody through: is "
			     "the port right, and the service running?";
	case UPSTREAM_TLS:
		if (seen->certificate.n == 0)
			return "It spoke no TLS that certgate takes (1.2 or 1.3), or refuses the "
			       "gate's certificate: is it an http port, or does it ask for a "
			       "client certificate (upstream_tls.client_certificate)?";
		return t->api->upstream_tls
			   ? "Its certificate does not hold for this API: compare its SHA-256 "
			     "below with upstream_tls (CAs, pinned keys, name), and its dates."
			   : "Its certificate does not hold for the host's CAs, its name or its "
			     "dates. If the SHA-256 below is the right one, register it with the "
			     "kind upstream and choose it for this API.";
	case UPSTREAM_INVALID:
		if (seen->answered_ms < 0)
			return url->https
				   ? "It took the request and closed the connection unanswered: "
				     "look at its own log."
				   : "It took the connection and closed it unanswered: is it an "
				     "https port that was asked with http?";
		return url->https ? "Its answer is not HTTP: is this the right port?"
				  : "Its answer is not HTTP: is it an https port?";
	case UPSTREAM_TIMEOUT:
		return seen->connected_ms < 0
			   ? "Nothing answers there: a firewall that drops, or a wrong address?"
		       : url->https && seen->certificate.n == 0
			   ? "It took the connection and said nothing in time: is it an http port "
			     "that was asked with https, or the service stuck?"
			   : "It took the connection and said nothing in time: is the service "
			     "stuck, or slower than this API's timeout?";
	case UPSTREAM_CLIENT_GONE:
	case UPSTREAM_BODY_TOO_LARGE:
	case UPSTREAM_CUT:
	case UPSTREAM_FAILED:
	case UPSTREAM_OUTCOME__COUNT:
		break;
	}
	return "The test itself failed: try again, and look at the log of admin.";
}

/* --- as JSON --- */

static json_t *certificate_json(struct span der, struct arena *arena)
{
	struct cert cert;
	struct cg_err ignored = {0};
	char hex[SHA256_HEX + 1], spki[SHA256_HEX + 1],
	    from[RFC3339_TEXT + 1] = "", to[RFC3339_TEXT + 1] = "";
	/* What certgate cannot read is told as none. */
	if (der.n == 0 || cert_facts(der, arena, &cert, &ignored) != CG_OK)
		return json_null();
	json_t *names = json_array();
	for (size_t i = 0; i < cert.n_names; i++)
		(void)json_array_append_new(names, json_string(cert.names[i]));
	hex_format(cert.sha256.b, SHA256_BYTES, hex);
	hex_format(cert.spki_sha256.b, SHA256_BYTES, spki);
	(void)rfc3339_format(cert.not_before, from);
	(void)rfc3339_format(cert.not_after, to);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "sha256", hex, "spki_sha256", spki,
			 "subject", cert.subject, "issuer", cert.issuer, "not_before", from,
			 "not_after", to, "names", names);
}

static json_t *optional(int64_t n)
{
	return n < 0 ? json_null() : json_integer(n);
}

static json_t *seen_json(const struct test *t, const char *text, const struct url *url,
			 const struct probe_seen *seen)
{
	json_t *addresses = json_array();
	for (size_t i = 0; i < seen->n_addresses; i++)
		(void)json_array_append_new(addresses, json_pack("{s:s, s:b}", "address",
								 seen->addresses[i].text, "allowed",
								 (int)seen->addresses[i].allowed));
	/* In TLS 1.3 an upstream can refuse us after it has proven itself. */
	json_t *verified = !url->https			   ? json_null()
			   : seen->outcome == UPSTREAM_TLS ? json_false()
			   : seen->certificate.n > 0	   ? json_true()
							   : json_null();
	const char *what = remedy(t, url, seen);
	return json_pack(
	    "{s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "url", text, "ok",
	    (int)(seen->outcome == UPSTREAM_OK), "outcome", upstream_outcome_name(seen->outcome),
	    "status", optional(seen->status > 0 ? seen->status : -1), "addresses", addresses,
	    "tls_verified", verified, "certificate", certificate_json(seen->certificate, t->arena),
	    "connected_ms", optional(seen->connected_ms), "answered_ms",
	    optional(seen->answered_ms), "cause", seen->cause, "remedy", what ? what : "");
}

static json_t *test_one(struct test *t, const char *text)
{
	struct url url;
	struct probe_seen seen = {.outcome = UPSTREAM_TIMEOUT,
				  .connected_ms = -1,
				  .answered_ms = -1,
				  .cause = "no time was left to ask it"};
	int64_t left = t->until_mono_ms - clock_mono_ms();
	/* Saved by nobody else than the model, which has checked it. */
	if (url_parse(text, t->arena, &url))
		return NULL;
	if (left > 0) {
		uint64_t ms =
		    (uint64_t)left < t->api->timeout_ms ? (uint64_t)left : t->api->timeout_ms;
		const struct probe probe = {&url, t->tls, (uint32_t)ms, may_connect, t, false};
		upstream_probe(&probe, t->arena, &seen);
	}
	return seen_json(t, text, &url, &seen);
}

cg_rc test_upstream(struct program *admin, const struct web_request *req, const struct actor *actor,
		    const Cg__Api *api, struct arena *arena, json_t **out, struct cg_err *err)
{
	struct upstream_tls *tls = NULL;
	cg_rc rc = actor_require(actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK && api->upstream_tls)
		rc = upstream_tls_load(admin->store, api, &tls, err);
	if (rc != CG_OK)
		return rc;
	struct test t = {.admin = admin,
			 .req = req,
			 .api = api,
			 .arena = arena,
			 .tls = tls,
			 .until_mono_ms = clock_mono_ms() + PROBE_MS};
	upstream_allowed_read(&t.allowed);
	json_t *items = json_array();
	log_info("upstream_test", "request_id", req->id, "api", api->id, "by", actor->name,
		 LOG_END);
	(void)json_array_append_new(items, test_one(&t, api->target_url));
	for (size_t i = 0; i < api->n_target_urls; i++)
		(void)json_array_append_new(items, test_one(&t, api->target_urls[i]));
	upstream_tls_free(&tls);
	*out = items;
	return items ? CG_OK : cg_fail_memory(err);
}

/* --- its schema --- */

static json_t *described(const char *type, const char *about)
{
	return json_pack("{s:s, s:s}", "type", type, "description", about);
}

static json_t *nullable(const char *type, const char *about)
{
	return json_pack("{s:[s, s], s:s}", "type", type, "null", "description", about);
}

static json_t *certificate_schema(void)
{
	json_t *members = json_object();
	static const char *const texts[] = {"sha256", "spki_sha256", "subject",
					    "issuer", "not_before",  "not_after"};
	for (size_t i = 0; i < CG_COUNT(texts); i++)
		(void)json_object_set_new(members, texts[i], json_pack("{s:s}", "type", "string"));
	(void)json_object_set_new(
	    members, "names",
	    json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string"));
	return json_pack("{s:[s, s], s:s, s:o, s:b}", "type", "object", "null", "description",
			 "What it showed, whether it holds or not.", "properties", members,
			 "additionalProperties", 0);
}

json_t *test_upstream_schema(void)
{
	json_t *one = json_object();
	json_t *address =
	    json_pack("{s:s, s:{s:{s:s}, s:{s:s}}, s:b}", "type", "object", "properties", "address",
		      "type", "string", "allowed", "type", "boolean", "additionalProperties", 0);
	(void)json_object_set_new(one, "url", described("string", "The upstream."));
	(void)json_object_set_new(one, "ok", described("boolean", "It has answered."));
	(void)json_object_set_new(one, "outcome",
				  described("string", "ok, unreachable, tls, invalid, timeout."));
	(void)json_object_set_new(
	    one, "status", nullable("integer", "Of its answer to GET, without credentials."));
	(void)json_object_set_new(one, "addresses",
				  json_pack("{s:s, s:s, s:o}", "type", "array", "description",
					    "Those that were tried.", "items", address));
	(void)json_object_set_new(
	    one, "tls_verified",
	    nullable("boolean", "Whether its certificate holds for this API; null: no TLS."));
	(void)json_object_set_new(one, "certificate", certificate_schema());
	(void)json_object_set_new(
	    one, "connected_ms", nullable("integer", "Milliseconds until it took the connection."));
	(void)json_object_set_new(one, "answered_ms",
				  nullable("integer", "Milliseconds until its answer began."));
	(void)json_object_set_new(one, "cause", described("string", "What went wrong; or empty."));
	(void)json_object_set_new(one, "remedy", described("string", "What to do; or empty."));
	json_t *item = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", one,
				 "additionalProperties", 0);
	return json_pack("{s:s, s:{s:{s:s, s:o}}, s:b}", "type", "object", "properties", "items",
			 "type", "array", "items", item, "additionalProperties", 0);
}
