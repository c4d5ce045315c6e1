/* Requests of developers: approving and declining them. */
#include "base/base.h"
#include "base/limits.h"
#include "entities.h"
#include "model/catalogue.h"
#include "model/certificate.h"
#include "model/developer.h"
#include "model/organisation.h"
#include "model/policy.h"
#include "model/request.h"
#include "show.h"
#include "web/problem.h"

/* What a card tells beside the request; NULL: it is gone. */
struct about {
	Cg__Developer *developer;
	Cg__Organisation *organisation;
	Cg__CatalogueEntry *entry;
	Cg__Policy *policy;
};

static cg_rc find(struct page_call *call, const struct entity *e, const char *id, void *out,
		  struct cg_err *err)
{
	void *none = NULL;
	cg_rc rc =
	    id ? entity_get(call->program->store, e, id, call->arena, out, err) : CG_NOT_FOUND;
	if (rc != CG_NOT_FOUND)
		return rc;
	memcpy(out, &none, sizeof(none));
	return CG_OK;
}

static cg_rc load(struct page_call *call, const Cg__KeyRequest *r, struct about *out,
		  struct cg_err *err)
{
	struct about a = {NULL, NULL, NULL, NULL};
	cg_rc rc = find(call, &developer_entity, r->developer_id, &a.developer, err);
	if (rc == CG_OK)
		rc = find(call, &organisation_entity,
			  a.developer ? a.developer->organisation_id : NULL, &a.organisation, err);
	if (rc == CG_OK)
		rc = find(call, &catalogue_entity, r->catalogue_id, &a.entry, err);
	if (rc == CG_OK)
		rc =
		    find(call, &policy_entity, a.entry ? a.entry->policy_id : NULL, &a.policy, err);
	*out = a;
	return rc;
}

static json_t *limits_text(const Cg__Policy *policy)
{
	json_t *rate = policy ? show_rate(policy->rate) : NULL,
	       *quota = policy ? show_quota(policy->quota) : NULL;
	const char *r = json_string_value(rate), *q = json_string_value(quota);
	json_t *out = json_sprintf("%s%s%s", r ? r : "", r && q ? ", " : "", q ? q : "");
	json_decref(rate);
	json_decref(quota);
	return out;
}

/* The badge of a card that waits says how good the certificate is. */
static json_t *badge_of(struct page_call *call, const Cg__KeyRequest *r, const struct cert *cert)
{
	switch ((int)r->status) {
	case CG__KEY_REQUEST__STATUS__APPROVED:
		return page_badge("ok", "Approved");
	case CG__KEY_REQUEST__STATUS__DECLINED:
		return page_badge("bad", "Declined");
	case CG__KEY_REQUEST__STATUS__WITHDRAWN:
		return page_badge("", "Withdrawn");
	default:
		break;
	}
	if (r->disputed)
		return page_badge("warn", "Waits for proof");
	if (!cert)
		return page_badge("", "Waiting");
	json_t *validity = show_validity(call, cert->not_before, cert->not_after);
	const char *kind = json_string_value(json_object_get(validity, "kind"));
	if (!kind || strcmp(kind, "ok") != 0)
		return validity;
	json_decref(validity);
	return page_badge("ok", "Certificate is good");
}

static json_t *card(struct page_call *call, const Cg__KeyRequest *r, const struct about *a,
		    const struct cg_err *why)
{
	struct cert cert;
	Cg__Certificate *record = NULL;
	bool has_cert = r->has_certificate &&
			cert_facts(span_make(r->certificate.data, r->certificate.len), call->arena,
				   &cert, NULL) == CG_OK &&
			certificate_record(&cert, call->arena, &record, NULL) == CG_OK;
	json_t *out = json_pack(
	    "{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:b, s:b, s:b, s:b}", "template",
	    "admin/request-card.tpl", "id", r->id, "revision", (json_int_t)r->revision, "name",
	    page_text(span_of(r->name)), "developer_name",
	    page_text(span_of(a->developer ? a->developer->name : "Somebody who is gone")),
	    "developer_email", page_text(span_of(a->developer ? a->developer->email : "")),
	    "organisation_name", page_text(span_of(a->organisation ? a->organisation->name : "")),
	    "entry_name", page_text(span_of(a->entry ? a->entry->name : "an entry that is gone")),
	    "developer_id", r->developer_id ? r->developer_id : "", "created",
	    page_distance(call, r->created_at), "renewal", (int)r->renewal, "token", (int)r->token,
	    "pending", r->status == CG__KEY_REQUEST__STATUS__PENDING, "added",
	    r->key_id && !r->renewal && !has_cert && !r->token);
	json_t *more = json_pack(
	    "{s:s, s:o, s:o, s:o, s:s?, s:s?, s:o, s:s?, s:o, s:o}", "policy_id",
	    a->policy ? a->policy->id : "", "policy_name",
	    page_text(span_of(a->policy ? a->policy->name : "that is gone")), "limits",
	    limits_text(a->policy), "badge", badge_of(call, r, has_cert ? &cert : NULL), "key_id",
	    r->key_id, "reason", r->reason, "proven",
	    r->has_proven_at ? page_distance(call, r->proven_at) : json_null(), "possession",
	    !r->has_certificate_sha256 ? NULL
	    : r->disputed	       ? "Somebody else has it: waits for proof"
				       : "Claimed, not proven yet",
	    "certificate", record ? show_certificate(call, record) : json_null(), "decided",
	    r->has_decided_at ? json_pack("{s:o, s:o}", "by",
					  page_text(span_of(r->decided_by ? r->decided_by : "")),
					  "at", page_distance(call, r->decided_at))
			      : json_null());
	(void)json_object_update_new(out, more);
	if (!record && r->has_certificate_sha256)
		(void)json_object_set_new(out, "digest",
					  page_hex(&r->certificate_sha256, SHA256_BYTES));
	if (why) {
		(void)json_object_set_new(out, "failed", json_true());
		(void)json_object_set_new(out, "problem", page_text(span_of(why->text)));
		(void)json_object_set_new(out, "reason_typed",
					  page_text(span_of(page_field(call, "reason"))));
	}
	return out;
}

void requests_page(void *arg)
{
	static const char *const words[] = {"pending", "approved", "declined", "withdrawn"};
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct request_list list = {.n = 0};
	struct request_counts counts;
	const char *status = words[0], *q = page_query(call, "q"), *done = page_query(call, "done");
	for (size_t i = 0; i < CG_COUNT(words); i++)
		if (strcmp(page_query(call, "status"), words[i]) == 0)
			status = words[i];
	json_t *cards = json_array();
	/* Of those that wait, who came first is looked at first. */
	const struct request_query query = {.q = span_of(q),
					    .oldest_first = status == words[0],
					    .limit = LIST_LIMIT_DEFAULT,
					    .cursor = span_of(page_query(call, "cursor"))};
	cg_rc rc = request_list(call->program->store, STORE_REQUEST_BY_STATUS, status, &query,
				call->arena, &list, &err);
	if (rc == CG_OK)
		rc = request_count(call->program->store, STORE_REQUEST_BY_STATUS, words[0], &counts,
				   &err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		struct about about;
		rc = load(call, list.items[i], &about, &err);
		if (rc == CG_OK)
			(void)json_array_append_new(
			    cards,
			    json_pack("{s:o}", "card", card(call, list.items[i], &about, NULL)));
	}
	if (rc != CG_OK) {
		json_decref(cards);
		page_fail(call, rc, &err);
		return;
	}
	const struct page_pair next[] = {
	    {"status", status   },
	    {"q",	  q	   },
	    {"cursor", list.next},
	};
	json_t *values = json_pack(
	    "{s:o, s:s?, s:b, s:b, s:o, s:o, s:s, s:o, s:b, s:b, s:b}", "cards", cards, "next",
	    list.next ? page_link(call, "/admin/requests", next, CG_COUNT(next)) : NULL,
	    "none_waits", counts.pending == 0, "some_wait", counts.pending > 0, "number",
	    page_number(counts.pending), "oldest",
	    counts.pending > 0 ? page_distance(call, counts.oldest_at) : json_null(), "status",
	    status, "q", page_text(span_of(q)), "searched", *q != '\0', "was_approved",
	    strcmp(done, "approved") == 0, "was_declined", strcmp(done, "declined") == 0);
	for (size_t i = 0; i < CG_COUNT(words); i++)
		(void)json_object_set_new(values, arena_printf(call->arena, "is_%s", words[i]),
					  json_boolean(words[i] == status));
	page_show(call, 200, "requests", "requests", "Key requests", values);
}

static void show_one(struct page_call *call, const char *id, const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	Cg__KeyRequest *r;
	struct about about;
	cg_rc rc = entity_get(call->program->store, &request_entity, id, call->arena, &r, &err);
	if (rc == CG_OK)
		rc = load(call, r, &about, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else
		page_show(call, status, "request", "requests", why ? "Error: Key request" : r->name,
			  json_pack("{s:o, s:o}", "name", page_text(span_of(r->name)), "card",
				    card(call, r, &about, why)));
}

void request_show(void *arg)
{
	struct page_call *call = arg;
	show_one(call, page_param(call, 0), NULL, 200);
}

static void finish(struct page_call *call, cg_rc rc, const struct cg_err *err, const char *done)
{
	if (rc == CG_OK)
		page_redirect(call, arena_printf(call->arena, "/admin/requests?done=%s", done));
	else if (rc == CG_CLASH || rc == CG_STALE || rc == CG_BAD_VALUE)
		show_one(call, page_param(call, 0), err, web_status_of(rc));
	else
		page_fail(call, rc, err);
}

void request_approve_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__KeyRequest *r;
	cg_rc rc = request_approve(call->program->store, &call->actor, page_param(call, 0),
				   page_revision(call), call->arena, &r, &err);
	finish(call, rc, &err, "approved");
}

void request_decline_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__KeyRequest *r;
	cg_rc rc =
	    request_decline(call->program->store, &call->actor, page_param(call, 0),
			    page_revision(call), page_field(call, "reason"), call->arena, &r, &err);
	finish(call, rc, &err, "declined");
}
