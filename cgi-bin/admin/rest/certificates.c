#include "base/base.h"
#include "base/limits.h"
#include "model/certificate.h"
#include "rest.h"
#include "web/json.h"
#include <gnutls/gnutls.h>

static json_t *more(const char *key_id)
{
	return json_pack("{s:o}", "key_id", *key_id ? json_string(key_id) : json_null());
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
		json_t *key = more(found.items[i].key_id);
		(void)json_object_update(item, key);
		json_decref(key);
		(void)json_array_append_new(items, item);
	}
	rest_send_page(call, items, found.next);
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
		rest_send(call, 200, use.certificate, more(use.key_id), "certificates");
}

/* {"pem": "…", "kind": "client"}. */
static cg_rc read_json(struct rest_call *call, struct cert_reading *out, struct cg_err *err)
{
	json_t *json = NULL;
	const char *name;
	json_t *value;
	cg_rc rc = web_json_read(call->req, &json, err);
	if (rc != CG_OK)
		return rc;
	json_object_foreach(json, name,
			    value) if (strcmp(name, "pem") != 0 && strcmp(name, "kind") != 0)
	{
		(void)cg_fail_field(err, name, "is not a member that is known here");
		err->code = "unknown_member";
		rc = CG_BAD_INPUT;
	}
	json_t *pem = json_object_get(json, "pem"), *kind = json_object_get(json, "kind");
	if (rc == CG_OK && !json_is_string(pem))
		rc = cg_fail_field(err, "pem", "must be text: the certificate as PEM");
	if (rc == CG_OK && kind &&
	    strcmp(json_string_value(kind) ? json_string_value(kind) : "", "client") != 0)
		rc = cg_fail_field(err, "kind", "must be one of: client");
	if (rc == CG_OK)
		rc = rest_read_certificate(
		    call, span_make(json_string_value(pem), json_string_length(pem)), false, out,
		    err);
	/* It may have held a private key; jansson would free it as it is. */
	if (json_is_string(pem))
		gnutls_memset((void *)(uintptr_t)json_string_value(pem), 0,
			      json_string_length(pem));
	json_decref(json);
	return rc;
}

static cg_rc read_body(struct rest_call *call, struct cert_reading *out, struct cg_err *err)
{
	struct span body;
	if (rest_body_is_json(call))
		return read_json(call, out, err);
	cg_rc rc = web_request_body_all(call->req, CERT_INPUT_MAX, &body, err);
	return rc == CG_OK ? rest_read_certificate(call, body, true, out, err) : rc;
}

void certificates_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading;
	Cg__Certificate *certificate;
	cg_rc rc = read_body(call, &reading, &err);
	if (rc == CG_OK)
		rc = certificate_create(call->admin->store, &call->actor, &reading.leaf,
					call->arena, &certificate, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *told = more("");
	rest_add_reading(told, &reading);
	rest_send(call, 201, certificate, told, "certificates");
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
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		(void)web_response_send(call->resp, 204, NULL, SPAN_LIT(""));
}
