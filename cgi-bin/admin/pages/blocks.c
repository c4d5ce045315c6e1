/* What takes certificates out of use beside their keys: the revocation lists of CAs, and public
 * keys whose private halves are in other hands. */
#include "base/base.h"
#include "model/certificate.h"
#include "model/crl.h"
#include "model/exposed_key.h"
#include "options.h"
#include "show.h"
#include "web/problem.h"

/* --- revocation lists --- */

/* The CA that the link names; false after having answered. */
static bool get_ca(struct page_call *call, json_t **out)
{
	struct cg_err err = {0};
	struct certificate_use use;
	cg_rc rc =
	    certificate_get(call->program->store, page_param(call, 0), call->arena, &use, &err);
	if (rc == CG_OK && use.certificate->kind != CG__CERTIFICATE__KIND__CA)
		rc = cg_fail(&err, CG_NOT_FOUND, "This certificate is no CA's.");
	if (rc != CG_OK) {
		page_fail(call, rc == CG_BAD_VALUE ? CG_NOT_FOUND : rc, &err);
		return false;
	}
	*out = show_certificate(call, use.certificate);
	return true;
}

json_t *crl_json(struct page_call *call, const char *ca)
{
	struct cg_err err = {0};
	Cg__Crl *crl;
	if (ca_crl_get(call->program->store, ca, call->arena, &crl, &err) != CG_OK)
		return json_null();
	bool outdated = crl->has_next_update && crl->next_update < call->now_unix_s;
	return json_pack("{s:o, s:o, s:o, s:o, s:I}", "entries", page_number(crl->entries),
			 "this_update", page_day(crl->this_update), "next_update",
			 crl->has_next_update ? page_distance(call, crl->next_update) : json_null(),
			 "badge",
			 outdated ? page_badge("bad", "Outdated") : page_badge("ok", "In force"),
			 "revision", (json_int_t)crl->revision);
}

static void show_crl(struct page_call *call, const struct cg_err *why, int status)
{
	json_t *values;
	if (!get_ca(call, &values))
		return;
	(void)json_object_set_new(values, "crl", crl_json(call, page_param(call, 0)));
	(void)json_object_set_new(values, "main_class", json_string("main--narrow"));
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "crl", "certificates",
		  why ? "Error: Revocation list" : "Revocation list", values);
}

void crl_show(void *arg)
{
	show_crl(arg, NULL, 200);
}

void crl_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Crl *crl;
	struct span text = span_trim(web_form_get(&call->form, "list"));
	struct span file = web_form_get(&call->form, "upload");
	json_t *ca;
	if (!get_ca(call, &ca))
		return;
	json_decref(ca);
	cg_rc rc =
	    text.n == 0 && file.n == 0
		? cg_fail_field(&err, "list", "is missing: paste it, or upload it")
	    : text.n > 0 && file.n > 0
		? cg_fail_field(&err, "list", "came twice, as text and as a file: give one of them")
		: ca_crl_put(call->program->store, &call->actor, page_param(call, 0),
			     ENTITY_ANY_REVISION, file.n > 0 ? file : text, call->arena, &crl,
			     &err);
	if (rc == CG_OK) {
		page_redirect(call, arena_printf(call->arena, "/admin/certificates/%s?done=crl",
						 page_param(call, 0)));
	} else if (rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH || rc == CG_TOO_BIG) {
		page_fault_at(&err, "list");
		show_crl(call, &err, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

void crl_delete_show(void *arg)
{
	struct page_call *call = arg;
	json_t *values;
	if (!get_ca(call, &values))
		return;
	(void)json_object_set_new(values, "crl", crl_json(call, page_param(call, 0)));
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "crl-delete", "certificates", "Forget a revocation list", values);
}

void crl_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = ca_crl_remove(call->program->store, &call->actor, page_param(call, 0),
				 ENTITY_ANY_REVISION, call->arena, &err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(
		    call, arena_printf(call->arena, "/admin/certificates/%s", page_param(call, 0)));
	else
		page_fail(call, rc, &err);
}

/* --- blocked public keys --- */

static const struct option options[] = {
    {"spki_sha256", OPTION_TEXT}
};

static void show_blocked(struct page_call *call, const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	struct exposed_key_page page;
	cg_rc rc = exposed_key_list(call->program->store, span_of(page_query(call, "cursor")),
				    LIST_LIMIT_DEFAULT, SPAN_LIT(""), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(
		    items, json_pack("{s:s, s:o, s:o}", "id", page.items[i]->id, "sha256",
				     page_hex(&page.items[i]->spki_sha256, SHA256_BYTES), "at",
				     page_distance(call, page.items[i]->created_at)));
	const char *done = page_query(call, "done");
	json_t *values = json_pack("{s:o, s:o, s:b, s:b, s:s}", "items", items, "next",
				   page_next(call, "/admin/exposed-keys", "", page.next), "blocked",
				   strcmp(done, "blocked") == 0, "lifted",
				   strcmp(done, "lifted") == 0, "main_class", "main--narrow");
	options_values_typed(call, options, CG_COUNT(options), NULL, values);
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "exposed-keys", "certificates",
		  why ? "Error: Blocked public keys" : "Blocked public keys", values);
}

void exposed_keys_page(void *arg)
{
	show_blocked(arg, NULL, 200);
}

void exposed_key_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert_exposed exposed = {.n = 1};
	Cg__ExposedKey *wanted;
	json_t *record = json_object();
	options_typed(call, options, CG_COUNT(options), NULL, record);
	cg_rc rc = record_from_json(&cg__exposed_key__descriptor, record, NULL, call->arena,
				    &wanted, &err);
	json_decref(record);
	if (rc == CG_OK && wanted->spki_sha256.len != SHA256_BYTES)
		rc = cg_fail_field(&err, "spki_sha256", "is missing");
	if (rc == CG_OK) {
		memcpy(exposed.spki_sha256[0].b, wanted->spki_sha256.data, SHA256_BYTES);
		rc = exposed_key_block(call->program->store, &call->actor, &exposed, call->arena,
				       NULL, &err);
	}
	if (rc == CG_OK)
		page_redirect(call, "/admin/exposed-keys?done=blocked");
	else if (rc == CG_BAD_VALUE || rc == CG_BAD_INPUT)
		show_blocked(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

void exposed_key_delete_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__ExposedKey *key;
	cg_rc rc =
	    exposed_key_get(call->program->store, page_param(call, 0), call->arena, &key, &err);
	if (rc != CG_OK) {
		page_fail(call, rc == CG_BAD_VALUE ? CG_NOT_FOUND : rc, &err);
		return;
	}
	page_show(call, 200, "exposed-key-delete", "certificates", "Lift a block",
		  json_pack("{s:s, s:o, s:s}", "id", key->id, "sha256",
			    page_hex(&key->spki_sha256, SHA256_BYTES), "main_class", "main--slim"));
}

void exposed_key_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = exposed_key_remove(call->program->store, &call->actor, page_param(call, 0),
				      ENTITY_ANY_REVISION, call->arena, &err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call, "/admin/exposed-keys?done=lifted");
	else
		page_fail(call, rc, &err);
}
