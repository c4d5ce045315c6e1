/* An API's upstreams, and how the two sides know each other. */
#include "base/base.h"
#include "model/api_in.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/url.h"
#include "cert/key_pair.h"

static const char *target_fault(const char *text, struct arena *arena)
{
	struct url url;
	const char *why = url_parse(text, arena, &url);
	return why ? why : url_path_fault(url.path);
}

static cg_rc check_targets(const Cg__Api *api, struct arena *arena, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	const char *why = api->target_url ? target_fault(api->target_url, arena) : "is missing";
	if (why)
		rc = cg_fail_field(err, "target_url", "%s", why);
	if (api->n_target_urls >= TARGETS_MAX)
		rc = cg_fail_field(err, "target_urls", "has more than %d entries", TARGETS_MAX - 1);
	for (size_t i = 0; i < api->n_target_urls; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "target_urls[%u]", (unsigned)i);
		why = target_fault(api->target_urls[i], arena);
		if (why)
			rc = cg_fail_field(err, at, "%s", why);
	}
	return rc;
}

/* A DNS name: an address is not asked for by name (RFC 6066 section 3). */
static bool is_server_name(const char *name)
{
	bool letter = false;
	for (const char *c = name; *c; c++) {
		bool alpha = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
		letter = letter || alpha;
		if (!alpha && !(*c >= '0' && *c <= '9') && *c != '-' && *c != '.')
			return false;
	}
	return letter && *name != '.' && *name != '-' && !strstr(name, "..");
}

/* Whether the certificate is the one that the stored key was held against. */
static bool is_same_certificate(const Cg__UpstreamTls *a, const Cg__UpstreamTls *b)
{
	return a->client_certificate.len == b->client_certificate.len &&
	       memcmp(a->client_certificate.data, b->client_certificate.data,
		      a->client_certificate.len) == 0;
}

static cg_rc check_client(struct store_txn *txn, Cg__Api *api, const Cg__Api *before,
			  struct arena *arena, struct cg_err *err)
{
	Cg__UpstreamTls *tls = api->upstream_tls;
	const Cg__UpstreamTls *old = before ? before->upstream_tls : NULL;
	struct span pem;
	if (!tls->has_client_certificate && tls->n_client_chain > 0)
		return cg_fail_field(err, "upstream_tls.client_chain",
				     "is there without client_certificate");
	if (tls->n_client_chain > API_CHAIN_MAX)
		return cg_fail_field(err, "upstream_tls.client_chain", "has more than %d entries",
				     API_CHAIN_MAX);
	if (!tls->has_client_certificate && !tls->has_client_key)
		return CG_OK;
	if (!tls->has_client_certificate)
		return cg_fail_field(err, "upstream_tls.client_certificate",
				     "is missing: client_key is there without it");
	if (!tls->has_client_key)
		return cg_fail_field(err, "upstream_tls.client_key",
				     "is missing: client_certificate is there without it");
	struct span der = span_make(tls->client_certificate.data, tls->client_certificate.len);
	/* What was kept from before is the same memory, and sealed. */
	if (old && old->has_client_key && old->client_key.data == tls->client_key.data) {
		if (old->has_client_certificate && is_same_certificate(old, tls))
			return CG_OK;
		return cg_fail_field(err, "upstream_tls.client_key",
				     "is the private key of the certificate before: give the new "
				     "one's");
	}
	const char *why =
	    key_pair_read(span_make(tls->client_key.data, tls->client_key.len), der, arena, &pem);
	if (why)
		return cg_fail_field(err, "upstream_tls.client_key", "%s", why);
	return api_seal_client_key(store_txn_home(txn), api, pem, arena, err);
}

static cg_rc check_tls(struct store_txn *txn, Cg__Api *api, const Cg__Api *before,
		       struct arena *arena, struct cg_err *err)
{
	Cg__UpstreamTls *tls = api->upstream_tls;
	cg_rc rc = api_check_certificates(txn, tls->ca_certificates, &tls->n_ca_certificates,
					  "upstream_tls.ca_certificates", true, arena, err);
	if (tls->n_pinned_sha256 > API_PINS_MAX)
		rc = cg_worse(rc, cg_fail_field(err, "upstream_tls.pinned_sha256",
						"has more than %d entries", API_PINS_MAX));
	if (tls->server_name && !is_server_name(tls->server_name))
		rc = cg_worse(rc, cg_fail_field(err, "upstream_tls.server_name",
						"is not the name of a host such as "
						"backend.example"));
	return cg_worse(rc, check_client(txn, api, before, arena, err));
}

cg_rc api_check_upstream(struct store_txn *txn, Cg__Api *api, const Cg__Api *before,
			 struct arena *arena, struct cg_err *err)
{
	cg_rc rc = check_targets(api, arena, err);
	return api->upstream_tls ? cg_worse(rc, check_tls(txn, api, before, arena, err)) : rc;
}
