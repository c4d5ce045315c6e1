#include "base/base.h"
#include "upstream/trust.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cert/cert.h"
#include "model/api.h"

#define WORK_MAX ((size_t)8 * 1024 * 1024)

struct load {
	const Cg__Api *api;
	struct arena *arena;
	struct buf *pem;
};

static cg_rc add_pem(struct buf *pem, struct span der, struct arena *arena, struct cg_err *err)
{
	char *text = cert_pem(arena, der);
	if (!text)
		return cg_fail_memory(err);
	buf_add(pem, span_of(text));
	return pem->failed ? cg_fail_memory(err) : CG_OK;
}

static cg_rc load_cas(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct load *l = arg;
	const Cg__UpstreamTls *tls = l->api->upstream_tls;
	cg_rc rc = CG_OK;
	buf_release(l->pem);
	for (size_t i = 0; rc == CG_OK && i < tls->n_ca_certificates; i++) {
		const ProtobufCBinaryData *digest = &tls->ca_certificates[i];
		Cg__Certificate *c;
		struct span bytes;
		char hex[SHA256_HEX + 1] = "";
		if (digest->len == SHA256_BYTES)
			hex_format(digest->data, SHA256_BYTES, hex);
		rc = store_get(txn, STORE_CERTIFICATE, span_of(hex), l->arena, &bytes, err);
		if (rc == CG_NOT_FOUND)
			return cg_fail(err, CG_BAD_VALUE, "There is no certificate %s.", hex);
		if (rc == CG_OK)
			rc = record_unpack(&cg__certificate__descriptor, bytes, l->arena, &c, err);
		if (rc == CG_OK)
			rc = add_pem(l->pem, span_make(c->der.data, c->der.len), l->arena, err);
	}
	return rc;
}

/* Certificate, chain, private key. */
static cg_rc make_client(const struct home *home, const Cg__Api *api, struct buf *pem,
			 struct arena *arena, struct cg_err *err)
{
	const Cg__UpstreamTls *tls = api->upstream_tls;
	struct span key;
	if (!tls->has_client_certificate)
		return CG_OK;
	cg_rc rc = add_pem(
	    pem, span_make(tls->client_certificate.data, tls->client_certificate.len), arena, err);
	for (size_t i = 0; rc == CG_OK && i < tls->n_client_chain; i++)
		rc = add_pem(pem, span_make(tls->client_chain[i].data, tls->client_chain[i].len),
			     arena, err);
	if (rc == CG_OK)
		rc = api_client_key_open(home, api, arena, &key, err);
	if (rc != CG_OK)
		return rc;
	buf_add(pem, key);
	return pem->failed ? cg_fail_memory(err) : CG_OK;
}

/* "sha256//BASE64;sha256//BASE64", as CURLOPT_PINNEDPUBLICKEY takes it; "" for none. */
static const char *make_pins(const Cg__UpstreamTls *tls, struct arena *arena)
{
	const char *pins = "";
	for (size_t i = 0; pins && i < tls->n_pinned_sha256; i++) {
		const char *base64 = base64_format(
		    arena, span_make(tls->pinned_sha256[i].data, tls->pinned_sha256[i].len));
		pins = base64
			   ? arena_printf(arena, "%s%ssha256//%s", pins, *pins ? ";" : "", base64)
			   : NULL;
	}
	return pins;
}

cg_rc upstream_tls_load(struct store *store, const Cg__Api *api, struct upstream_tls **out,
			struct cg_err *err)
{
	struct arena arena;
	struct buf cas, client;
	arena_init(&arena, WORK_MAX);
	buf_init(&cas, WORK_MAX);
	buf_init(&client, WORK_MAX);
	struct load l = {api, &arena, &cas};
	cg_rc rc = store_read(store, load_cas, &l, err);
	if (rc == CG_OK)
		rc = make_client(store_home(store), api, &client, &arena, err);
	const char *pins = make_pins(api->upstream_tls, &arena);
	if (rc == CG_OK && !pins)
		rc = cg_fail_memory(err);
	if (rc == CG_OK)
		rc = upstream_tls_new(buf_span(&cas), buf_span(&client),
				      api->upstream_tls->n_pinned_sha256 > 0 ? pins : NULL,
				      api->upstream_tls->server_name, out, err);
	buf_release(&client);
	buf_release(&cas);
	arena_release(&arena);
	return rc;
}
