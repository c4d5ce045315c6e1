/* Certificates, the revocation lists of CAs, and public keys that are blocked. */
#include "base/base.h"
#include "base/limits.h"
#include "cert/usages.h"
#include "model/certificate.h"
#include "model/crl.h"
#include "model/exposed_key.h"
#include "rest.h"
#include "web/json.h"

/* The computed members. */
static json_t *more(struct rest_call *call, const struct certificate_use *use)
{
	const Cg__Certificate *c = use->certificate;
	struct cert_usages usages;
	char x5t[SHA256_X5T + 1] = "";
	if (c->sha256.len == SHA256_BYTES) {
		struct sha256 digest;
		memcpy(digest.b, c->sha256.data, SHA256_BYTES);
		x5t_format(&digest, x5t);
	}
	json_t *words = json_array(), *apis = json_array();
	cert_usages(span_make(c->der.data, c->der.len), call->arena, &usages);
	for (size_t i = 0; i < usages.n; i++)
		(void)json_array_append_new(words, json_string(usages.items[i]));
	for (size_t i = 0; i < use->n_apis; i++)
		(void)json_array_append_new(apis, json_string(use->api_ids[i]));
	return json_pack("{s:s, s:o, s:o, s:o}", "x5t_s256", x5t, "usages", words, "key_id",
			 use->key_id && *use->key_id ? json_string(use->key_id) : json_null(),
			 "api_ids", apis);
}

void certificates_list(void *arg)
{
	struct rest_call *call = arg;
	struct rest_page page;
	struct certificate_page found;
	struct cg_err err = {0};
	cg_rc rc = rest_read_page(call, &page, &err);
	if (rc == CG_OK)
		rc = certificate_list(call->admin->store, page.cursor, page.limit, page.q,
				      call->arena, &found, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < found.n; i++) {
		json_t *item = record_to_json(found.items[i].certificate);
		json_t *computed = more(call, &found.items[i]);
		(void)json_object_update(item, computed);
		json_decref(computed);
		(void)json_array_append_new(items, item);
	}
	json_t *body = json_pack("{s:o, s:s?, s:s*}", "items", items, "next", found.next, "notice",
				 found.notice);
	web_json_send(call->resp, 200, body);
	json_decref(body);
}

void certificates_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct certificate_use use;
	cg_rc rc =
	    certificate_get(call->admin->store, rest_param(call, 0), call->arena, &use, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, use.certificate, more(call, &use), "certificates");
}

/* What is asked for by POST. */
struct order {
	Cg__Certificate__Kind kind;
	struct cert_reading reading;
};

/* {"pem": "…", "kind": "client"}. */
static cg_rc read_json(struct rest_call *call, struct order *out, struct cg_err *err)
{
	static const char *const known[] = {"pem", "kind", NULL};
	json_t *json = NULL;
	enum cert_kind kind = CERT_KIND_CLIENT;
	bool has = false;
	cg_rc rc = web_json_read(call->req, &json, err);
	if (rc != CG_OK)
		return rc;
	/* Text that is no kind where it is no text. */
	json_t *of = json_object_get(json, "kind");
	struct span text = SPAN_LIT("client");
	if (of && !json_is_null(of))
		text = json_string_length(of) > 0
			   ? span_make(json_string_value(of), json_string_length(of))
			   : SPAN_LIT("?");
	rc = rest_only(json, known, err);
	if (rc == CG_OK)
		rc = certificate_kind_parse(text, &out->kind, &kind, err);
	/* In any case: it may hold a private key, which does not stay in memory. */
	struct cg_err why = {0};
	cg_rc read = rest_take_certificate(call, json, "pem", kind, &has, &out->reading,
					   rc == CG_OK ? err : &why);
	if (rc == CG_OK)
		rc = read;
	if (rc == CG_OK && !has)
		rc = cg_fail_field(err, "pem", "must be text: the certificate as PEM");
	json_decref(json);
	return rc;
}

static cg_rc read_body(struct rest_call *call, struct order *out, struct cg_err *err)
{
	struct span text = {NULL, 0};
	enum cert_kind kind;
	cg_rc rc = web_query_get(call->req->target.query, call->arena, "kind", &text, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	if (rest_body_is_json(call)) {
		if (rc == CG_OK)
			return cg_fail_field(err, "kind", "belongs into the body here, beside pem");
		return read_json(call, out, err);
	}
	rc =
	    certificate_kind_parse(rc == CG_OK ? text : SPAN_LIT("client"), &out->kind, &kind, err);
	return rc == CG_OK ? rest_read_certificate_body(call, kind, &out->reading, err) : rc;
}

void certificates_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct order order;
	struct certificate_use use = {.key_id = ""};
	cg_rc rc = read_body(call, &order, &err);
	if (rc == CG_OK)
		rc = certificate_create(call->admin->store, &call->actor, &order.reading.leaf,
					order.kind, call->arena, &use.certificate, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *told = more(call, &use);
	rest_add_reading(told, &order.reading);
	rest_send(call, 201, use.certificate, told, "certificates");
}

void certificates_remove(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	bool cascade;
	uint64_t revision;
	cg_rc rc = rest_flag(call, "cascade", &cascade, &err);
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = certificate_remove(call->admin->store, &call->actor, rest_param(call, 0),
					revision, cascade, call->arena, &err);
	rest_send_removed(call, rc, &err);
}

/* --- the revocation list of a CA --- */

void crl_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	Cg__Crl *crl;
	cg_rc rc = ca_crl_get(call->admin->store, rest_param(call, 0), call->arena, &crl, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, crl, NULL, "");
}

void crl_put(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct span body;
	uint64_t revision;
	Cg__Crl *crl;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = web_request_body_all(call->req, CRL_INPUT_MAX, &body, &err);
	if (rc == CG_OK)
		rc = ca_crl_put(call->admin->store, &call->actor, rest_param(call, 0), revision,
				body, call->arena, &crl, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, crl, NULL, "");
}

void crl_remove(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	uint64_t revision;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = ca_crl_remove(call->admin->store, &call->actor, rest_param(call, 0), revision,
				   call->arena, &err);
	rest_send_removed(call, rc, &err);
}

/* --- exposed keys --- */

void exposed_keys_list(void *arg)
{
	struct rest_call *call = arg;
	struct rest_page page;
	struct exposed_key_page found;
	struct cg_err err = {0};
	cg_rc rc = rest_read_page(call, &page, &err);
	if (rc == CG_OK)
		rc = exposed_key_list(call->admin->store, page.cursor, page.limit, page.q,
				      call->arena, &found, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < found.n; i++)
		(void)json_array_append_new(items, record_to_json(found.items[i]));
	rest_send_page(call, items, found.next);
}

void exposed_keys_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *json = NULL;
	Cg__ExposedKey *wanted, *key = NULL;
	struct cert_exposed exposed = {.n = 1};
	cg_rc rc = actor_require(&call->actor, CG__ROLE__ADMIN, &err);
	if (rc == CG_OK)
		rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = record_from_json(&cg__exposed_key__descriptor, json, NULL, call->arena,
				      &wanted, &err);
	if (rc == CG_OK && wanted->spki_sha256.len != SHA256_BYTES)
		rc = cg_fail_field(&err, "spki_sha256", "is missing");
	if (rc == CG_OK) {
		memcpy(exposed.spki_sha256[0].b, wanted->spki_sha256.data, SHA256_BYTES);
		rc = exposed_key_block(call->admin->store, &call->actor, &exposed, call->arena,
				       &key, &err);
	}
	json_decref(json);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 201, key, NULL, "exposed-keys");
}

void exposed_keys_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	Cg__ExposedKey *key;
	cg_rc rc =
	    exposed_key_get(call->admin->store, rest_param(call, 0), call->arena, &key, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, key, NULL, "");
}

void exposed_keys_remove(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	uint64_t revision;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = exposed_key_remove(call->admin->store, &call->actor, rest_param(call, 0),
					revision, call->arena, &err);
	rest_send_removed(call, rc, &err);
}
