/* What the gates refused, and unknown certificates made into keys. */
#include "base/base.h"
#include "base/text.h"
#include "grant/refusal.h"
#include "model/api.h"
#include "model/certificate.h"
#include "rest.h"
#include "usage/refusals.h"
#include "web/json.h"

const char *const rest_not_registered[] = {"id", "created_at", "updated_at", "revision", NULL};

static cg_rc opened(struct rest_call *call, struct cg_err *err)
{
	return call->admin->refusals
		   ? CG_OK
		   : cg_fail(err, CG_UNAVAILABLE,
			     "The refused requests cannot be read: the log of admin "
			     "says why.");
}

/* The certificate as its record would be, less what only a record has; JSON's null when it is not
 * kept (any more). */
static json_t *certificate_json(struct rest_call *call, const Cg__Refusal *r)
{
	struct span der;
	struct cert cert;
	Cg__Certificate *record;
	if (r->sha256.len != SHA256_BYTES ||
	    refusals_certificate(call->admin->refusals, (const void *)r->sha256.data, call->arena,
				 &der, NULL) != CG_OK ||
	    cert_facts(der, call->arena, &cert, NULL) != CG_OK ||
	    certificate_record(&cert, call->arena, &record, NULL) != CG_OK)
		return json_null();
	json_t *out = record_to_json(record);
	for (size_t i = 0; rest_not_registered[i]; i++)
		(void)json_object_del(out, rest_not_registered[i]);
	return out;
}

/* What the record lacks; a text that is empty in it is one that is not known. */
static json_t *more(struct rest_call *call, const Cg__Refusal *r)
{
	const char *name;
	json_t *value, *record = record_to_json(r);
	json_t *out =
	    json_pack("{s:s, s:o}", "id", r->request_id, "certificate", certificate_json(call, r));
	json_object_foreach(record, name, value)
	{
		if (json_is_string(value) && json_string_length(value) == 0)
			(void)json_object_set_new(out, name, json_null());
	}
	json_decref(record);
	return out;
}

/* code, api_id, sha256, request_id of the query; what else is there is a list's own. */
static cg_rc read_filter(struct rest_call *call, struct refusals_filter *out, struct cg_err *err)
{
	struct span rest = call->req->target.query, name, value;
	cg_rc rc = CG_OK;
	while (web_query_next(&rest, call->arena, &name, &value) > 0) {
		if (span_is(name, SPAN_LIT("code")))
			out->code = value;
		else if (span_is(name, SPAN_LIT("request_id")))
			out->request_id = value;
		if (!span_is(name, SPAN_LIT("sha256")))
			continue;
		struct sha256 *sha256 = arena_alloc(call->arena, sizeof(*sha256));
		if (!sha256)
			return cg_fail_memory(err);
		if (!sha256_parse(value, sha256))
			rc = cg_fail_field(err, "sha256", "must be a SHA-256, in hex");
		out->sha256 = sha256;
	}
	if (out->code.p)
		rc = cg_worse(rc, refusal_check_code(out->code, err));
	return cg_worse(rc, rest_query_id(call, &api_entity, "api_id", &out->api_id, err));
}

void refusals_get_list(void *arg)
{
	struct rest_call *call = arg;
	struct rest_page page = {.limit = 0};
	struct refusals_filter filter = {.sha256 = NULL};
	struct refusals_page found;
	struct cg_err err = {0};
	uint64_t below = 0;
	cg_rc rc = rest_read_page(call, &page, &err);
	if (rc == CG_OK && page.cursor.n > 0 &&
	    (!number_parse(page.cursor, INT64_MAX, &below) || below == 0))
		rc = cg_fail_field(&err, "cursor", "is not one that a list gave");
	rc = cg_worse(rc, read_filter(call, &filter, &err));
	if (rc == CG_OK)
		rc = opened(call, &err);
	filter.q = page.q;
	if (rc == CG_OK)
		rc = refusals_list(call->admin->refusals, &filter, below, page.limit, call->arena,
				   &found, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < found.n; i++) {
		json_t *item = record_to_json(found.items[i]);
		(void)json_object_update_new(item, more(call, found.items[i]));
		(void)json_array_append_new(items, item);
	}
	rest_send_page(call, items,
		       found.next > 0 ? arena_printf(call->arena, "%" PRIu64, found.next) : NULL);
}

static cg_rc get(struct rest_call *call, Cg__Refusal **out, struct cg_err *err)
{
	struct refusals_filter filter = {.request_id = span_of(rest_param(call, 0))};
	struct refusals_page found = {.n = 0};
	cg_rc rc = opened(call, err);
	if (rc == CG_OK && filter.request_id.n > 0)
		rc = refusals_list(call->admin->refusals, &filter, 0, 1, call->arena, &found, err);
	if (rc == CG_OK && found.n == 0)
		rc = cg_fail(err, CG_NOT_FOUND,
			     "There is no such refused request; only the newest are kept.");
	if (rc == CG_OK)
		*out = found.items[0];
	return rc;
}

void refusals_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	Cg__Refusal *r;
	cg_rc rc = get(call, &r, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, r, more(call, r), "refusals");
}

void refusals_make_key(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct span der = {NULL, 0};
	Cg__Refusal *r;
	cg_rc rc = get(call, &r, &err);
	if (rc == CG_OK && r->sha256.len != SHA256_BYTES)
		rc = cg_fail(&err, CG_BAD_VALUE,
			     "No certificate came with this request, so no key can be made of it.");
	if (rc == CG_OK)
		rc = refusals_certificate(call->admin->refusals, (const void *)r->sha256.data,
					  call->arena, &der, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		keys_create_of(call, der, r->request_id);
}
