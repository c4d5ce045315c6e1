/* Asking for a key. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/certificate.h"
#include "model/own_key.h"
#include "model/request.h"
#include "show.h"
#include "web/problem.h"

/* What the form found out beside its errors. */
struct finding {
	const struct cert_reading *reading; /* NULL: none was read */
	const char *code;		    /* why not, or what stands in its way; NULL: nothing */
};

static bool is_code(const struct finding *f, const char *code)
{
	return f->code && strcmp(f->code, code) == 0;
}

static void add_key(json_t *to, const Cg__Key *key, bool chosen)
{
	(void)json_array_append_new(to, json_pack("{s:s, s:o, s:b}", "id", key->id, "name",
						  page_text(span_of(key->name)), "chosen",
						  (int)chosen));
}

/* The keys that could get the entry's policy: the first ones, and whether there are more. */
static cg_rc add_keys(struct page_call *call, const struct offer *offer, json_t *values,
		      struct cg_err *err)
{
	const struct own_key_query query = {.policy_id = offer->policy->id, .without = true};
	const char *chosen = page_field(call, "key_id");
	struct entity_page page = {.n = 0};
	json_t *out = json_array();
	bool shown = false;
	Cg__Key *key;
	cg_rc rc = own_key_list(call->program->store, &call->actor, &query, SPAN_LIT(""),
				LIST_LIMIT_MAX, call->arena, &page, err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		key = page.messages[i];
		shown = shown || strcmp(chosen, key->id) == 0;
		add_key(out, key, strcmp(chosen, key->id) == 0);
	}
	/* One that is not among the first. */
	if (rc == CG_OK && *chosen && !shown &&
	    own_key_get(call->program->store, &call->actor, chosen, call->arena, &key, NULL) ==
		CG_OK)
		add_key(out, key, true);
	(void)json_object_set_new(values, "keys", out);
	(void)json_object_set_new(values, "more_keys", json_boolean(page.next != NULL));
	return rc;
}

static void add_reading(struct page_call *call, json_t *values, const struct finding *f,
			const struct cg_err *why)
{
	const struct cert_reading *reading = f->reading;
	Cg__Certificate *record;
	json_t *notices = json_array();
	if (!reading || certificate_record(&reading->leaf, call->arena, &record, NULL) != CG_OK) {
		json_decref(notices);
		return;
	}
	for (size_t i = 0; i < reading->n_notices; i++)
		(void)json_array_append_new(notices, json_string(reading->notices[i]));
	json_t *read = show_certificate(call, record);
	if (!f->code && !(why && cg_err_names(why, "certificate")))
		(void)json_object_set_new(
		    values, "usable",
		    json_pack("{s:b, s:s, s:o, s:o}", "self_signed",
			      strcmp(reading->leaf.issuer, reading->leaf.subject) == 0,
			      "public_key", reading->leaf.public_key, "ends",
			      page_distance(call, reading->leaf.not_after), "notices", notices));
	else
		json_decref(notices);
	(void)json_object_set_new(values, "read", read);
}

static void show_form(struct page_call *call, const struct offer *offer, const struct finding *f,
		      const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	char once_add[ID_TEXT + 1];
	bool sent = call->form.n > 0;
	bool token = offer->takes_token &&
		     (!offer->takes_certificate || strcmp(page_field(call, "type"), "token") == 0);
	json_t *values = json_pack(
	    "{s:s, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:o, s:o}",
	    "id", offer->entry->id, "entry_name", page_text(span_of(offer->entry->name)), "name",
	    page_text(span_of(page_field(call, "name"))), "takes_certificate",
	    (int)offer->takes_certificate, "takes_both",
	    offer->takes_certificate && offer->takes_token, "is_token", (int)token, "is_mtls",
	    (int)!token, "first", (int)!sent, "automatic",
	    offer->entry->approval == CG__CATALOGUE_ENTRY__APPROVAL__AUTOMATIC, "proof_required",
	    offer->takes_certificate && offer->entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED,
	    "private_key", is_code(f, CERT_PRIVATE_KEY_PASTED), "in_use",
	    is_code(f, "certificate_in_use"), "server_only", is_code(f, CERT_NOT_CLIENT), "yours",
	    is_code(f, "certificate_yours"), "plan", offer_plan(offer), "how",
	    json_pack("{s:s}", "template", "portal/how.tpl"));
	/* The second form of the page is another one. */
	cg_rc rc = random_id(once_add) == CG_OK
		       ? add_keys(call, offer, values, &err)
		       : cg_fail(&err, CG_UNAVAILABLE, "The host gives no random numbers.");
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	(void)json_object_set_new(values, "once", json_string(page_once_for_form(call)));
	(void)json_object_set_new(values, "once_add", json_string(once_add));
	portal_put_back(call, values, f->reading);
	(void)json_object_set_new(values, "read", json_null());
	add_reading(call, values, f, why);
	page_set_label(values, "name", "Key name");
	page_set_label(values, "certificate", PORTAL_CERTIFICATE_LABEL);
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "request", "catalogue",
		  why ? "Error: Request a key" : "Request a key", values);
}

void request_show_form(void *arg)
{
	struct page_call *call = arg;
	struct offer offer;
	if (offer_get(call, &offer))
		show_form(call, &offer, &(struct finding){NULL, NULL}, NULL, 200);
}

static bool is_of_form(cg_rc rc)
{
	return rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH || rc == CG_TOO_BIG;
}

static void go_on(struct page_call *call, const Cg__KeyRequest *r)
{
	bool approved = r->status == CG__KEY_REQUEST__STATUS__APPROVED;
	page_redirect(call,
		      approved ? arena_printf(call->arena, "/portal/keys/%s?done=sent", r->key_id)
			       : arena_printf(call->arena, "/portal/requests/%s?done=sent", r->id));
}

/* Sent twice: the one that was made. */
static void go_on_to_made(struct page_call *call, const char *once)
{
	struct cg_err err = {0};
	Cg__KeyRequest *r;
	cg_rc rc = request_of(call->program->store, &call->actor, once, call->arena, &r, &err);
	if (rc == CG_OK)
		go_on(call, r);
	else
		page_fail(call, rc, &err);
}

static void add_to_key(struct page_call *call, const struct offer *offer)
{
	struct cg_err err = {0};
	Cg__KeyRequest *r;
	const struct request_new what = {.id = page_once(call),
					 .developer_id = call->who.developer->id,
					 .catalogue_id = offer->entry->id,
					 .key_id = page_field(call, "key_id")};
	cg_rc rc = request_create(call->program->store, &call->actor, &what, call->arena, &r, &err);
	if (rc == CG_OK) {
		go_on(call, r);
	} else if (entity_made_already(rc, &err)) {
		go_on_to_made(call, what.id);
	} else if (is_of_form(rc)) {
		page_fault_at(&err, "key_id");
		show_form(call, offer, &(struct finding){NULL, NULL}, &err, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

void request_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct offer offer;
	struct cert_reading reading = {.n_chain = 0};
	struct finding f = {NULL, NULL};
	Cg__KeyRequest *r;
	if (!offer_get(call, &offer))
		return;
	if (web_form_has(&call->form, "key_id")) {
		add_to_key(call, &offer);
		return;
	}
	bool only_read = strcmp(page_field(call, "do"), "read") == 0;
	bool disputed = strcmp(page_field(call, "do"), "dispute") == 0;
	/* To read a certificate, and to dispute it, are about one whatever was chosen. */
	bool token = !only_read && !disputed && offer.takes_token &&
		     (!offer.takes_certificate || strcmp(page_field(call, "type"), "token") == 0);
	struct request_new what = {.id = page_once(call),
				   .developer_id = call->who.developer->id,
				   .catalogue_id = offer.entry->id,
				   .name = page_field(call, "name"),
				   .token = token,
				   .disputed = disputed};
	cg_rc rc = CG_OK;
	/* Whatever was chosen: a private key that was pasted is exposed. */
	cg_rc read = portal_read_certificate(call, &reading, &f.code, &err);
	if (read == CG_OK)
		f.reading = &reading;
	if (read == CG_NOT_FOUND && !token)
		read = cg_fail_field(&err, "certificate", "is missing: paste it, or upload it");
	if (read != CG_OK && (!token || f.code || web_status_of(read) >= 500))
		rc = read;
	if (!token)
		what.cert = f.reading ? &reading.leaf : NULL;
	if (rc == CG_OK && only_read) {
		rc = request_check(call->program->store, call->who.developer->id, what.cert,
				   call->arena, &err);
	} else if (!only_read && (rc == CG_OK || rc == CG_BAD_VALUE)) {
		const struct cg_err fault = err;
		what.fault = rc == CG_OK ? NULL : &fault;
		err = (struct cg_err){0};
		rc = request_create(call->program->store, &call->actor, &what, call->arena, &r,
				    &err);
		if (rc == CG_OK) {
			go_on(call, r);
			return;
		}
	}
	if (entity_made_already(rc, &err)) {
		go_on_to_made(call, what.id);
		return;
	}
	if (rc != CG_OK && !is_of_form(rc)) {
		page_fail(call, rc, &err);
		return;
	}
	if (rc == CG_CLASH) {
		f.code = err.code;
		page_fault_at(&err, err.code && strcmp(err.code, "too_many_keys") == 0
					? "name"
					: "certificate");
	}
	show_form(call, &offer, &f, rc == CG_OK ? NULL : &err, web_status_of(rc));
}

/* --- one that was sent --- */

static bool get(struct page_call *call, Cg__KeyRequest **out)
{
	struct cg_err err = {0};
	cg_rc rc = request_of(call->program->store, &call->actor, page_param(call, 0), call->arena,
			      out, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	return rc == CG_OK;
}

void request_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__KeyRequest *r;
	Cg__CatalogueEntry *entry;
	struct offer offer = {.n_apis = 0};
	if (!get(call, &r))
		return;
	cg_rc rc = entity_get(call->program->store, &catalogue_entity, r->catalogue_id, call->arena,
			      &entry, &err);
	if (rc == CG_OK)
		rc = offer_load_whole(call, entry, &offer, &err);
	bool known = rc == CG_OK, pending = r->status == CG__KEY_REQUEST__STATUS__PENDING, waits;
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		rc = request_waits_for_proof(call->program->store, r, call->arena, &waits, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = json_pack(
	    "{s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:s?, s:s?, s:b}", "id", r->id,
	    "name", page_text(span_of(r->name)), "entry_name",
	    page_text(span_of(known ? entry->name : "an API that is gone")), "badge",
	    portal_request_badge(r, waits), "created", page_distance(call, r->created_at),
	    "pending", (int)pending, "declined", r->status == CG__KEY_REQUEST__STATUS__DECLINED,
	    "approved", r->status == CG__KEY_REQUEST__STATUS__APPROVED, "renewal", (int)r->renewal,
	    "sent", strcmp(page_query(call, "done"), "sent") == 0, "reason", r->reason, "key_id",
	    r->key_id, "needed", (int)waits);
	json_t *more = json_pack(
	    "{s:o, s:o, s:o, s:o}", "email", page_text(span_of(call->who.developer->email)),
	    "lines", offer_lines(call, offer.apis, offer.n_apis, r->token), "code",
	    r->proof_code ? json_string(r->proof_code) : json_null(), "proven",
	    r->has_proven_at ? json_pack("{s:o}", "at", page_distance(call, r->proven_at))
			     : json_null());
	(void)json_object_update_new(values, more);
	if (known && entry->visible && !r->renewal)
		(void)json_object_set_new(values, "again", json_string(entry->id));
	if (r->proof_code)
		(void)json_object_set_new(values, "prove_line",
					  json_sprintf("curl --cert client.crt --key client.key "
						       "\"%s/portal/whoami?proof=%s\"",
						       portal_base(call), r->proof_code));
	page_show(call, 200, "request-shown", "keys", r->name, values);
}

void request_withdraw_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = request_withdraw(call->program->store, &call->actor, page_param(call, 0),
				    call->arena, &err);
	if (rc == CG_OK)
		page_redirect(call, "/portal/keys?done=withdrawn");
	else
		page_fail(call, rc, &err);
}
