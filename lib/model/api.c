#include "base/base.h"
#include "model/api.h"
#include "base/field.h"
#include "base/hash.h"
#include "base/limits.h"
#include "model/access.h"
#include "model/api_in.h"
#include "model/key.h"
#include "model/pattern.h"
#include "model/policy.h"

static cg_rc check_listen_path(Cg__Api *api, struct arena *arena, struct cg_err *err)
{
	const char *why;
	if (!api->listen_path)
		return cg_fail_field(err, "listen_path", "is missing");
	const char *normal = listen_path_normal(api->listen_path, arena, &why);
	if (!normal)
		return cg_fail_field(err, "listen_path", "%s", why);
	api->listen_path = (char *)(uintptr_t)normal;
	if (!listen_path_is_reserved(normal))
		return CG_OK;
	cg_rc rc = cg_fail_field(err, "listen_path",
				 "is equal to, above or below a path of certgate's own (/admin, "
				 "/portal, /healthz, /readyz, /metrics, "
				 "/.well-known/acme-challenge)");
	if (err)
		err->code = "reserved_path";
	return rc;
}

#define HEADER_NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

/* Fields of the connection, of the message, or that the gate makes itself: what a client sends in
 * them is dropped, or goes on under another name. */
static bool means_more(struct span name)
{
	static const struct span taken[] = {
	    SPAN_LIT("host"),	SPAN_LIT("content-length"), SPAN_LIT("content-type"),
	    SPAN_LIT("cookie"), SPAN_LIT("expect"),	    SPAN_LIT("max-forwards"),
	    SPAN_LIT("proxy"),	SPAN_LIT("traceparent"),
	};
	for (size_t i = 0; i < CG_COUNT(taken); i++)
		if (span_is_nocase(name, taken[i]))
			return true;
	return field_is_hop(name) || field_is_identity(name) || field_is_forwarded(name);
}

static cg_rc check_auth(const Cg__Api *api, struct cg_err *err)
{
	const Cg__ApiAuth *auth = api->auth;
	cg_rc rc = CG_OK;
	if (!auth->keyless && !auth->use_certificate && !auth->use_token)
		rc = cg_fail_field(err, "auth",
				   "lets nobody in: switch on use_certificate (client "
				   "certificates), use_token (tokens) or "
				   "keyless");
	/* As CGI names variables: servers drop other fields, or take "_" for "-". */
	if (!token_is_valid(auth->token_header) ||
	    strspn(auth->token_header, HEADER_NAME_CHARS) != strlen(auth->token_header))
		rc = cg_fail_field(
		    err, "auth.token_header",
		    "is not the name of a header field such as Authorization or "
		    "X-Api-Key: letters, digits and \"-\", as web servers drop fields "
		    "whose names have an underscore or other characters");
	if (means_more(span_of(auth->token_header)))
		rc = cg_fail_field(err, "auth.token_header",
				   "cannot be %s: that field means something else",
				   auth->token_header);
	return rc;
}

static cg_rc check_certificate(struct store_txn *txn, const ProtobufCBinaryData *digest,
			       const char *at, bool upstream, struct arena *arena,
			       struct cg_err *err)
{
	struct span bytes;
	char hex[SHA256_HEX + 1] = "";
	Cg__Certificate *c = NULL;
	if (digest->len == SHA256_BYTES)
		hex_format(digest->data, SHA256_BYTES, hex);
	cg_rc rc = store_get(txn, STORE_CERTIFICATE, span_of(hex), arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__certificate__descriptor, bytes, arena, &c, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	const char *kinds = upstream ? "upstream or ca" : "ca";
	if (!c)
		return cg_fail_field(err, at,
				     "There is no certificate %s: register it first, with the kind "
				     "%s",
				     hex, kinds);
	if (c->kind == CG__CERTIFICATE__KIND__CA ||
	    (upstream && c->kind == CG__CERTIFICATE__KIND__UPSTREAM))
		return CG_OK;
	return cg_fail_field(err, at, "The certificate %s is not registered with the kind %s", hex,
			     kinds);
}

cg_rc api_check_certificates(struct store_txn *txn, ProtobufCBinaryData *digests, size_t *n,
			     const char *field, bool upstream, struct arena *arena,
			     struct cg_err *err)
{
	cg_rc worst = CG_OK;
	size_t kept = 0;
	if (*n > API_CAS_MAX)
		return cg_fail_field(err, field, "has more than %d entries", API_CAS_MAX);
	for (size_t i = 0; i < *n; i++) {
		struct span sha256 = span_make(digests[i].data, digests[i].len);
		char at[64];
		bool twice = false;
		(void)snprintf(at, sizeof(at), "%s[%u]", field, (unsigned)i);
		cg_rc rc = check_certificate(txn, &digests[i], at, upstream, arena, err);
		if (rc != CG_OK && rc != CG_BAD_VALUE)
			return rc;
		if (rc != CG_OK)
			worst = rc;
		for (size_t j = 0; j < kept; j++)
			twice =
			    twice || span_is(span_make(digests[j].data, digests[j].len), sha256);
		if (!twice)
			digests[kept++] = digests[i];
	}
	*n = kept;
	return worst;
}

static cg_rc check_cas(struct store_txn *txn, Cg__ApiAuth *auth, struct arena *arena,
		       struct cg_err *err)
{
	cg_rc worst = CG_OK;
	if (auth->trust == CG__API_AUTH__TRUST__CA && auth->n_ca_certificates == 0)
		worst = cg_fail_field(err, "auth.ca_certificates",
				      "is empty: with trust ca name the SHA-256 of at least one "
				      "certificate that is registered with the kind ca");
	cg_rc rc = api_check_certificates(txn, auth->ca_certificates, &auth->n_ca_certificates,
					  "auth.ca_certificates", false, arena, err);
	return rc != CG_OK ? rc : worst;
}

struct clash {
	const Cg__Api *api;
	struct arena *arena;
};

static bool share_a_site(const Cg__Api *a, const Cg__Api *b)
{
	if (a->n_sites == 0 || b->n_sites == 0)
		return true;
	for (size_t i = 0; i < a->n_sites; i++)
		for (size_t j = 0; j < b->n_sites; j++)
			if (strcmp(a->sites[i], b->sites[j]) == 0)
				return true;
	return false;
}

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct clash *c = arg;
	Cg__Api *other;
	(void)index_key;
	(void)key;
	cg_rc rc = record_unpack(&cg__api__descriptor, value, c->arena, &other, err);
	if (rc != CG_OK || (c->api->id && strcmp(other->id, c->api->id) == 0) ||
	    strcmp(other->listen_path, c->api->listen_path) != 0 || !share_a_site(other, c->api))
		return rc;
	return cg_fail_clash(err, "listen_path_in_use", "listen_path",
			     "The API “%s” listens on %s already.", other->name,
			     other->listen_path);
}

/* No other listens on its path. */
static cg_rc check_alone(struct store_txn *txn, const Cg__Api *api, struct arena *arena,
			 struct cg_err *err)
{
	struct clash c = {api, arena};
	struct store_walk all = {.table = STORE_API};
	return store_walk(txn, &all, visit, &c, err);
}

static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	Cg__Api *api = message;
	cg_rc rc = check_listen_path(api, arena, err);
	if (rc == CG_OK)
		rc = check_alone(txn, api, arena, err);
	rc = cg_worse(rc, api_check_upstream(txn, api, before, arena, err));
	rc = cg_worse(rc, check_auth(api, err));
	rc = cg_worse(rc, check_cas(txn, api->auth, arena, err));
	rc = cg_worse(
	    rc, access_check_addresses(api->allowed_ips, api->n_allowed_ips, "allowed_ips", err));
	rc = cg_worse(
	    rc, access_check_addresses(api->blocked_ips, api->n_blocked_ips, "blocked_ips", err));
	return cg_worse(rc, api_check_headers(txn, api, before, arena, err));
}

static cg_rc removing(struct store_txn *txn, const void *message, struct arena *arena,
		      struct cg_err *err)
{
	const char *id = ((const Cg__Api *)message)->id;
	cg_rc rc = key_drop_api(txn, id, arena, err);
	return rc == CG_OK ? policy_drop_api(txn, id, arena, err) : rc;
}

const struct entity api_entity = {
    .word = "API",
    .audit = "api",
    .type = &cg__api__descriptor,
    .table = STORE_API,
    .by_name = STORE_API_BY_NAME,
    .unique_name = true,
    .role = CG__ROLE__ADMIN,
    .effect = STORE_CHANGES_GRANTS,
    .check = check,
    .removing = removing,
};
