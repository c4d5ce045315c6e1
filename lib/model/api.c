#include "base/base.h"
#include "model/api.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/url.h"
#include "model/access.h"
#include "model/key.h"
#include "model/pattern.h"
#include "model/policy.h"

static void check_listen_path(Cg__Api *api, struct arena *arena, struct cg_err *err, cg_rc *rc)
{
	const char *why;
	if (!api->listen_path) {
		*rc = cg_fail_field(err, "listen_path", "is missing");
		return;
	}
	const char *normal = listen_path_normal(api->listen_path, arena, &why);
	if (!normal) {
		*rc = cg_fail_field(err, "listen_path", "%s", why);
		return;
	}
	api->listen_path = (char *)(uintptr_t)normal;
	if (listen_path_is_reserved(normal)) {
		*rc = cg_fail_field(err, "listen_path",
				    "is equal to, above or below a path of certgate's own (/admin, "
				    "/portal, /healthz, /readyz, /metrics, "
				    "/.well-known/acme-challenge)");
		err->code = "reserved_path";
	}
}

static void check_auth(const Cg__Api *api, struct cg_err *err, cg_rc *rc)
{
	const Cg__ApiAuth *auth = api->auth;
	if (!auth->keyless && !auth->use_certificate && !auth->use_token)
		*rc = cg_fail_field(err, "auth",
				    "lets nobody in: switch on use_certificate, use_token or "
				    "keyless");
	if (!token_is_valid(auth->token_header))
		*rc = cg_fail_field(err, "auth.token_header",
				    "is not the name of a header field such as Authorization");
	static const char *const taken[] = {"host", "content-length", "transfer-encoding",
					    "connection", "cookie"};
	for (size_t i = 0; i < CG_COUNT(taken); i++)
		if (strcasecmp(auth->token_header, taken[i]) == 0)
			*rc = cg_fail_field(err, "auth.token_header",
					    "cannot be %s: that field means something else",
					    taken[i]);
}

/* Each is a registered certificate of kind ca, and named once. */
static cg_rc check_cas(struct store_txn *txn, Cg__ApiAuth *auth, struct arena *arena,
		       struct cg_err *err)
{
	cg_rc worst = CG_OK;
	if (auth->trust == CG__API_AUTH__TRUST__CA && auth->n_ca_certificates == 0)
		worst = cg_fail_field(err, "auth.ca_certificates",
				      "is empty: with trust ca name the SHA-256 of at least one "
				      "certificate that is registered with the kind ca");
	if (auth->n_ca_certificates > API_CAS_MAX)
		return cg_fail_field(err, "auth.ca_certificates", "has more than %d entries",
				     API_CAS_MAX);
	size_t kept = 0;
	for (size_t i = 0; i < auth->n_ca_certificates; i++) {
		const ProtobufCBinaryData *digest = &auth->ca_certificates[i];
		struct span bytes, sha256 = span_make(digest->data, digest->len);
		char at[64], hex[SHA256_HEX + 1] = "";
		Cg__Certificate *ca = NULL;
		bool twice = false;
		(void)snprintf(at, sizeof(at), "auth.ca_certificates[%u]", (unsigned)i);
		if (digest->len == SHA256_BYTES)
			hex_format(digest->data, SHA256_BYTES, hex);
		cg_rc rc = store_get(txn, STORE_CERTIFICATE, span_of(hex), arena, &bytes, err);
		if (rc == CG_OK)
			rc = record_unpack(&cg__certificate__descriptor, bytes, arena, &ca, err);
		if (rc != CG_OK && rc != CG_NOT_FOUND)
			return rc;
		if (!ca)
			worst = cg_fail_field(err, at,
					      "there is no certificate %s: register the CA's "
					      "certificate first, with the kind ca",
					      hex);
		else if (ca->kind != CG__CERTIFICATE__KIND__CA)
			worst = cg_fail_field(
			    err, at, "the certificate %s is not registered with the kind ca", hex);
		for (size_t j = 0; j < kept; j++)
			twice = twice || span_is(span_make(auth->ca_certificates[j].data,
							   auth->ca_certificates[j].len),
						 sha256);
		if (!twice)
			auth->ca_certificates[kept++] = *digest;
	}
	auth->n_ca_certificates = kept;
	return worst;
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
	return cg_fail_code(err, CG_CLASH, "listen_path_in_use",
			    "The API “%s” listens on %s already.", other->name, other->listen_path);
}

static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	Cg__Api *api = message;
	struct url url;
	cg_rc rc = CG_OK;
	(void)before;
	check_listen_path(api, arena, err, &rc);
	const char *why = api->target_url ? url_parse(api->target_url, arena, &url) : "is missing";
	if (why)
		rc = cg_fail_field(err, "target_url", "%s", why);
	if (access_check_addresses(api->allowed_ips, api->n_allowed_ips, "allowed_ips", err) !=
		CG_OK ||
	    access_check_addresses(api->blocked_ips, api->n_blocked_ips, "blocked_ips", err) !=
		CG_OK)
		rc = CG_BAD_VALUE;
	check_auth(api, err, &rc);
	cg_rc cas = check_cas(txn, api->auth, arena, err);
	if (cas != CG_OK || rc != CG_OK)
		return cas != CG_OK ? cas : rc;
	struct clash c = {api, arena};
	struct store_walk all = {.table = STORE_API};
	return store_walk(txn, &all, visit, &c, err);
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
