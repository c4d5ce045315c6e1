/* Certificates. */
#include "base/base.h"
#include "entities.h"
#include "model/certificate.h"
#include "model/certificate_due.h"
#include "show.h"
#include "web/problem.h"

static json_t *line(struct page_call *call, const struct certificate_use *use)
{
	json_t *out = show_certificate(call, use->certificate), *apis = json_array();
	Cg__Key *key = NULL;
	if (use->key_id && *use->key_id)
		if (entity_get(call->program->store, &key_entity, use->key_id, call->arena, &key,
			       NULL) != CG_OK)
			key = NULL;
	for (size_t i = 0; i < use->n_apis; i++)
		(void)json_array_append_new(apis,
					    json_pack("{s:s, s:o}", "id", use->api_ids[i], "name",
						      page_text(span_of(use->api_names[i]))));
	json_t *used =
	    key ? json_pack("{s:s, s:o}", "id", key->id, "name", page_text(span_of(key->name)))
		: json_null();
	(void)json_object_set_new(out, "key", used);
	(void)json_object_set_new(out, "apis", apis);
	(void)json_object_set_new(out, "revoked", json_boolean(use->revoked));
	if (use->revoked)
		(void)json_object_set_new(out, "badge", page_badge("bad", "Revoked"));
	return out;
}

#define DUE_SHOWN 200

/* Those in use that end soon, the first one first. */
static void show_due(struct page_call *call)
{
	struct cg_err err = {0};
	struct certificates_due due;
	int64_t now = call->now_unix_s;
	cg_rc rc = certificate_list_due(call->program->store, now, now + CERT_ENDS_SOON_S,
					DUE_SHOWN, call->arena, &due, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < due.n; i++) {
		const Cg__Key *key = due.items[i].key;
		json_t *one = show_certificate(call, due.items[i].certificate);
		json_t *used = key ? json_pack("{s:s, s:o}", "id", key->id, "name",
					       page_text(span_of(key->name)))
				   : json_null();
		(void)json_object_set_new(one, "key", used);
		(void)json_object_set_new(one, "apis", json_array());
		(void)json_array_append_new(items, one);
	}
	page_show(call, 200, "certificates", "certificates", "Certificates due",
		  json_pack("{s:o, s:s, s:b, s:n, s:s?, s:b, s:b}", "items", items, "q", "",
			    "searched", 0, "next", "notice",
			    due.more ? "There are more of them: these end first." : NULL, "deleted",
			    0, "due", 1));
}

void certificates_page(void *arg)
{
	struct page_call *call = arg;
	if (*page_query(call, "due")) {
		show_due(call);
		return;
	}
	struct cg_err err = {0};
	struct certificate_page page;
	const char *q = page_query(call, "q");
	cg_rc rc = certificate_list(call->program->store, span_of(page_query(call, "cursor")),
				    LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, line(call, &page.items[i]));
	page_show(call, 200, "certificates", "certificates", "Certificates",
		  json_pack("{s:o, s:o, s:b, s:o, s:s?, s:b, s:b}", "items", items, "q",
			    page_text(span_of(q)), "searched", (int)(*q != '\0'), "next",
			    page_next(call, "/admin/certificates", q, page.next), "notice",
			    page.notice, "deleted",
			    strcmp(page_query(call, "done"), "deleted") == 0, "due", 0));
}

/* --- new --- */

static const char *typed_kind(struct page_call *call)
{
	const char *kind = page_field(call, "kind");
	return *kind ? kind : "client";
}

static void show_new(struct page_call *call, const struct cg_err *why, int status)
{
	const char *kind = typed_kind(call);
	json_t *values = json_pack("{s:b, s:b, s:b, s:s}", "is_client", strcmp(kind, "client") == 0,
				   "is_ca", strcmp(kind, "ca") == 0, "is_upstream",
				   strcmp(kind, "upstream") == 0, "main_class", "main--narrow");
	if (why)
		page_add_errors(values, why);
	show_add_certificate_field(call, values, NULL);
	page_show(call, status, "certificate-new", "certificates",
		  why ? "Error: Add a certificate" : "Add a certificate", values);
}

void certificate_new_show(void *arg)
{
	show_new(arg, NULL, 200);
}

/* Whether a clash is with itself: the form was sent twice, or it was registered before. */
static bool is_there(struct page_call *call, const struct cert *cert, Cg__Certificate__Kind kind,
		     const struct cg_err *err, char hex[SHA256_HEX + 1])
{
	struct certificate_use use;
	hex_format(cert->sha256.b, SHA256_BYTES, hex);
	return err->code && strcmp(err->code, "certificate_exists") == 0 &&
	       certificate_get(call->program->store, hex, call->arena, &use, NULL) == CG_OK &&
	       use.certificate->kind == kind;
}

void certificate_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading = {.n_chain = 0};
	Cg__Certificate__Kind kind;
	enum cert_kind reading_as;
	char hex[SHA256_HEX + 1];
	Cg__Certificate *made;
	cg_rc rc = certificate_kind_parse(span_of(typed_kind(call)), &kind, &reading_as, &err);
	if (rc == CG_OK)
		rc = show_read_certificate(call, reading_as, &reading, &err);
	if (rc == CG_NOT_FOUND)
		rc = cg_fail_field(&err, "certificate", "is missing: paste it, or upload it");
	if (rc == CG_OK)
		rc = certificate_create(call->program->store, &call->actor, &reading.leaf, kind,
					call->arena, &made, &err);
	if (rc == CG_OK || (rc == CG_CLASH && is_there(call, &reading.leaf, kind, &err, hex)))
		page_redirect(call,
			      arena_printf(call->arena, "/admin/certificates/%s?done=%s%s",
					   rc == CG_OK ? made->id : hex,
					   rc == CG_OK ? "created" : "there",
					   reading.private_key_dropped ? "&private=dropped" : ""));
	else if (show_certificate_fault(rc, &err))
		show_new(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

/* --- one --- */

static bool get(struct page_call *call, struct certificate_use *out)
{
	struct cg_err err = {0};
	cg_rc rc =
	    certificate_get(call->program->store, page_param(call, 0), call->arena, out, &err);
	if (rc != CG_OK)
		page_fail(call, rc == CG_BAD_VALUE ? CG_NOT_FOUND : rc, &err);
	return rc == CG_OK;
}

void certificate_show(void *arg)
{
	struct page_call *call = arg;
	struct certificate_use use;
	if (!get(call, &use))
		return;
	json_t *values = line(call, &use);
	json_t *more = json_pack(
	    "{s:s, s:b, s:b, s:b, s:o}", "pem",
	    cert_pem(call->arena, span_make(use.certificate->der.data, use.certificate->der.len)),
	    "created", strcmp(page_query(call, "done"), "created") == 0, "there",
	    strcmp(page_query(call, "done"), "there") == 0, "dropped",
	    strcmp(page_query(call, "private"), "dropped") == 0, "added",
	    page_time(call, use.certificate->created_at));
	(void)json_object_update(values, more);
	json_decref(more);
	bool is_ca = use.certificate->kind == CG__CERTIFICATE__KIND__CA;
	(void)json_object_set_new(values, "is_ca", json_boolean(is_ca));
	(void)json_object_set_new(values, "crl",
				  is_ca ? crl_json(call, use.certificate->id) : json_null());
	(void)json_object_set_new(values, "crl_saved",
				  json_boolean(strcmp(page_query(call, "done"), "crl") == 0));
	page_show(call, 200, "certificate", "certificates",
		  json_string_value(json_object_get(values, "short_name")), values);
}

void certificate_pem(void *arg)
{
	struct page_call *call = arg;
	struct certificate_use use;
	if (!get(call, &use))
		return;
	const char *pem =
	    cert_pem(call->arena, span_make(use.certificate->der.data, use.certificate->der.len));
	(void)web_response_field_text(call->resp, "X-Content-Type-Options", "nosniff");
	(void)web_response_field_text(call->resp, "Cache-Control", "no-store");
	(void)web_response_field_text(
	    call->resp, "Content-Disposition",
	    arena_printf(call->arena, "attachment; filename=\"%.12s.pem\"", use.certificate->id));
	(void)web_response_send(call->resp, pem ? 200 : 503, "application/x-pem-file",
				span_of(pem));
}

void certificate_delete_show(void *arg)
{
	struct page_call *call = arg;
	struct certificate_use use;
	if (!get(call, &use))
		return;
	json_t *values = line(call, &use);
	(void)json_object_set_new(values, "revision",
				  json_integer((json_int_t)use.certificate->revision));
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "certificate-delete", "certificates", "Delete a certificate", values);
}

void certificate_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = certificate_remove(call->program->store, &call->actor, page_param(call, 0),
				      page_revision(call), web_form_has(&call->form, "cascade"),
				      call->arena, &err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call, "/admin/certificates?done=deleted");
	else
		page_fail(call, rc, &err);
}
