/* Certificates that sign people in to the pages; for owners alone. */
#include "base/base.h"
#include "model/user_certificate.h"
#include "rest.h"
#include "web/json.h"

void user_certificates_list(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct rest_page page;
	struct user_certificates found;
	cg_rc rc = rest_read_digest_page(call, &page, &err);
	if (rc == CG_OK)
		rc = user_certificate_list(call->admin->store, rest_param(call, 0), call->arena,
					   &found, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < found.n; i++)
		(void)json_array_append_new(items, record_to_json(found.items[i]));
	rest_send_digest_page(call, &page, items);
}

/* PEM or DER as it is, or {"certificate": "PEM"}. */
static cg_rc read_body(struct rest_call *call, struct cert_reading *out, struct cg_err *err)
{
	static const char *const none[] = {NULL};
	json_t *json = NULL;
	bool has;
	if (!rest_body_is_json(call))
		return rest_read_certificate_body(call, CERT_KIND_CLIENT, out, err);
	cg_rc rc = web_json_read(call->req, &json, err);
	if (rc != CG_OK)
		return rc;
	rc = rest_take_certificate(call, json, "certificate", CERT_KIND_CLIENT, &has, out, err);
	if (rc == CG_OK && !has)
		rc = cg_fail_field(err, "certificate", "is missing: the certificate as PEM");
	if (cg_is_told(rc))
		rc = cg_worse(rc, rest_only(json, none, err));
	json_decref(json);
	return rc;
}

void user_certificates_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading;
	Cg__UserCertificate *made;
	cg_rc rc = read_body(call, &reading, &err);
	if (rc == CG_OK)
		rc = user_certificate_add(call->admin->store, &call->actor, rest_param(call, 0),
					  &reading.leaf, call->arena, &made, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *told = json_object();
	rest_add_reading(told, &reading);
	rest_send(call, 201, made, told,
		  arena_printf(call->arena, "users/%s/certificates", made->user_id));
}

void user_certificates_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	Cg__UserCertificate *found;
	cg_rc rc = user_certificate_get(call->admin->store, rest_param(call, 0),
					rest_param(call, 1), call->arena, &found, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, found, NULL, "");
}

void user_certificates_remove(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	uint64_t revision;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = user_certificate_remove(call->admin->store, &call->actor, rest_param(call, 0),
					     rest_param(call, 1), revision, call->arena, &err);
	rest_send_removed(call, rc, &err);
}
