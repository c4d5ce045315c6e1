/* The newest refusals, and the key that can be made of one. */
#include "base/base.h"
#include "figures.h"
#include "grant/refusal.h"
#include "model/api.h"
#include "model/certificate.h"
#include "rights.h"
#include "usage/refusals.h"
#include "web/problem.h"

cg_rc show_key_of_certificate(struct page_call *call, const ProtobufCBinaryData *sha256,
			      json_t **out, struct cg_err *err)
{
	struct certificate_use use;
	Cg__Key *key;
	char hex[SHA256_HEX + 1] = "";
	if (sha256->len == SHA256_BYTES)
		hex_format(sha256->data, SHA256_BYTES, hex);
	*out = json_null();
	cg_rc rc = certificate_get(call->program->store, hex, call->arena, &use, err);
	if (rc == CG_OK && *use.key_id)
		rc = entity_get(call->program->store, &key_entity, use.key_id, call->arena, &key,
				err);
	if (rc == CG_OK && *use.key_id)
		*out = json_pack("{s:s, s:o, s:b}", "key_id", key->id, "key_name",
				 page_text(span_of(key->name)), "is_revoked", (int)use.revoked);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

json_t *show_refusal(struct page_call *call, const Cg__Refusal *r)
{
	bool unknown =
	    r->code && strcmp(r->code, "credential_unknown") == 0 && r->sha256.len == SHA256_BYTES;
	Cg__Key *key = NULL;
	json_t *made = json_null();
	/* Since then somebody may have made a key of it. */
	if (unknown && show_key_of_certificate(call, &r->sha256, &made, NULL) != CG_OK)
		made = json_null();
	if (r->key_id && *r->key_id &&
	    entity_get(call->program->store, &key_entity, r->key_id, call->arena, &key, NULL) !=
		CG_OK)
		key = NULL;
	return json_pack(
	    "{s:o, s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "id",
	    page_text(span_of(r->request_id)), "at", page_time(call, r->at), "status",
	    (int)r->status, "code", page_text(span_of(r->code)), "code_title",
	    figures_code_title(r->code ? r->code : ""), "detail", page_text(span_of(r->detail)),
	    "method", page_text(span_of(r->method)), "path", page_text(span_of(r->path)), "address",
	    page_text(span_of(r->address)), "api",
	    page_text(span_of(r->api_id && *r->api_id ? show_api_name(call, r->api_id) : "")),
	    "sha256", page_hex(&r->sha256, 6), "may_make", (int)(unknown && json_is_null(made)),
	    "made", made, "key",
	    key ? json_pack("{s:s, s:o}", "key_id", key->id, "key_name",
			    page_text(span_of(key->name)))
		: json_null());
}

/* The codes that a refusal may have, for a choice. */
static json_t *codes_json(const char *chosen)
{
	json_t *out = json_array();
	for (enum refusal r = 0; r < REFUSAL__COUNT; r++)
		if (r != REFUSAL_NONE)
			(void)json_array_append_new(
			    out, json_pack("{s:s, s:s, s:b}", "value", refusal_row(r)->code, "text",
					   figures_code_title(refusal_row(r)->code), "chosen",
					   (int)(strcmp(chosen, refusal_row(r)->code) == 0)));
	return out;
}

/* What was searched for may be a request's id or a fingerprint in any notation, too. */
static struct refusals_filter read_filter(struct page_call *call, const char *q,
					  struct sha256 *digest)
{
	struct refusals_filter filter = {.code = span_of(page_query(call, "code")),
					 .api_id = span_of(page_query(call, "api_id"))};
	if (sha256_parse(span_of(q), digest))
		filter.sha256 = digest;
	else if (strlen(q) == ID_TEXT)
		filter.request_id = span_of(q);
	else
		filter.q = span_of(q);
	return filter;
}

/* A code there is, and an API by id or name. */
static cg_rc check_filter(struct page_call *call, struct refusals_filter *filter,
			  struct cg_err *err)
{
	const char *id = NULL;
	cg_rc rc = filter->code.n > 0 ? refusal_check_code(filter->code, err) : CG_OK;
	rc = cg_worse(rc, entity_read_id(call->program->store, &api_entity, filter->api_id,
					 "api_id", true, call->arena, &id, err));
	if (rc == CG_OK && id)
		filter->api_id = span_of(id);
	return rc;
}

void refusals_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct refusals_page page = {.n = 0};
	struct sha256 digest;
	json_t *api_filter = NULL;
	const char *q = page_query(call, "q"), *code = page_query(call, "code"),
		   *api_id = page_query(call, "api_id");
	struct refusals_filter filter = read_filter(call, q, &digest);
	cg_rc rc = show_filter(call, &api_entity, api_id, &api_filter, &err);
	if (rc == CG_OK && !call->program->refusals)
		rc = cg_fail(&err, CG_UNAVAILABLE,
			     "The refused requests cannot be read: the log of admin says why.");
	if (rc == CG_OK)
		rc = check_filter(call, &filter, &err);
	const bool fault = rc == CG_BAD_VALUE;
	if (rc == CG_OK)
		rc = refusals_list(call->program->refusals, &filter, show_below(call),
				   LIST_LIMIT_DEFAULT, call->arena, &page, &err);
	/* A key's id is as long as a request's. */
	if (rc == CG_OK && page.n == 0 && filter.request_id.n > 0) {
		filter.request_id = (struct span){NULL, 0};
		filter.q = span_of(q);
		rc = refusals_list(call->program->refusals, &filter, show_below(call),
				   LIST_LIMIT_DEFAULT, call->arena, &page, &err);
	}
	if (rc != CG_OK && !fault) {
		json_decref(api_filter);
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, show_refusal(call, page.items[i]));
	const char *cursor = show_next_below(call, page.next);
	const struct page_pair next[] = {
	    {"q",	  q	   },
	    {"code",   code	 },
	    {"api_id", api_id},
	    {"cursor", cursor},
	};
	json_t *values = json_pack(
	    "{s:o, s:o, s:o, s:o, s:b, s:s?}", "items", items, "q", page_text(span_of(q)), "codes",
	    codes_json(code), "api_filter", api_filter, "searched", (int)(*q || *code || *api_id),
	    "next", cursor ? page_link(call, "/admin/refusals", next, CG_COUNT(next)) : NULL);
	if (fault)
		page_add_errors(values, &err);
	page_show(call, fault ? 422 : 200, "refusals", "refusals",
		  fault ? "Error: Refusals" : "Refusals", values);
}

/* --- a key of one --- */

/* The refusal of the link and the certificate that came with it; false after having answered. */
static bool get_certificate(struct page_call *call, Cg__Refusal **refusal, struct cert *cert)
{
	struct cg_err err = {0};
	struct refusals_filter filter = {.request_id = span_of(page_param(call, 0))};
	struct refusals_page page = {.n = 0};
	struct span der;
	cg_rc rc = CG_OK;
	if (call->program->refusals && filter.request_id.n > 0)
		rc =
		    refusals_list(call->program->refusals, &filter, 0, 1, call->arena, &page, &err);
	if (rc == CG_OK && (page.n == 0 || page.items[0]->sha256.len != SHA256_BYTES))
		rc = cg_fail(&err, CG_NOT_FOUND,
			     "There is no such refused request with a certificate; only the "
			     "newest are kept.");
	if (rc == CG_OK)
		rc = refusals_certificate(call->program->refusals,
					  (const void *)page.items[0]->sha256.data, call->arena,
					  &der, &err);
	if (rc == CG_OK)
		rc = cert_facts(der, call->arena, cert, &err);
	if (rc == CG_OK)
		*refusal = page.items[0];
	else
		page_fail(call, rc, &err);
	return rc == CG_OK;
}

static void show_make(struct page_call *call, const Cg__Refusal *refusal, const struct cert *cert,
		      const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	Cg__Certificate *record;
	json_t *made = NULL, *apis = json_object();
	/* The API that was called is what the caller wants. */
	Cg__Access called = {.api_id = refusal->api_id};
	Cg__Access *const items[] = {&called};
	const struct rights_access wanted = {items, refusal->api_id && *refusal->api_id};
	cg_rc rc = rights_add_apis(call, apis, why ? NULL : &wanted, &err);
	if (rc == CG_OK)
		rc = show_key_of_certificate(call, &refusal->sha256, &made, &err);
	if (rc == CG_OK)
		rc = certificate_record(cert, call->arena, &record, &err);
	if (rc != CG_OK) {
		json_decref(apis);
		json_decref(made);
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = json_pack(
	    "{s:o, s:o, s:o, s:s, s:o, s:s, s:b, s:o}", "id",
	    page_text(span_of(refusal->request_id)), "at", page_distance(call, refusal->at),
	    "certificate", show_certificate(call, record), "once", page_once_for_form(call), "name",
	    page_text(span_of(page_field(call, "name"))), "main_class", "main--narrow", "may_make",
	    json_is_null(made), "made", made);
	(void)json_object_update_new(values, apis);
	/* Where there is no form its faults are of no interest. */
	if (why && json_is_null(made))
		page_add_errors(values, why);
	page_show(call, status, "refusal-key", "refusals",
		  why ? "Error: Make a key" : "Make a key from this certificate", values);
}

void refusal_key_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Refusal *refusal;
	struct cert cert;
	if (get_certificate(call, &refusal, &cert))
		show_make(call, refusal, &cert, NULL, 200);
}

void refusal_key_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Refusal *refusal;
	struct cert cert;
	struct cert_reading reading = {.n_chain = 0};
	Cg__Key *key;
	char token[TOKEN_TEXT + 1];
	const char *once = page_once(call);
	if (!get_certificate(call, &refusal, &cert))
		return;
	json_t *record =
	    json_pack("{s:o, s:o}", "name", page_text(span_of(page_field(call, "name"))), "access",
		      rights_typed_access(call, NULL));
	/* It was seen in a handshake, but is judged as any that is given. */
	cg_rc rc = cert_read(cert.der, CERT_WAY_ADMIN_FILE, CERT_KIND_CLIENT, call->now_unix_s,
			     call->arena, &reading, NULL, &err);
	if (rc == CG_OK) {
		const struct key_new what = {.id = once,
					     .key = record,
					     .cert = &reading.leaf,
					     .refused_request_id = refusal->request_id};
		rc = key_create(call->program->store, &call->actor, &what, call->arena, &key, token,
				&err);
	}
	json_decref(record);
	bool again = entity_made_already(rc, &err);
	if (rc == CG_OK || again)
		page_redirect(call, arena_printf(call->arena, "/admin/keys/%s?done=created",
						 again ? once : key->id));
	else if (rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH)
		show_make(call, refusal, &cert, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}
