/* Certificates that sign people in; for owners alone. */
#include "base/base.h"
#include "model/user.h"
#include "model/user_certificate.h"
#include "entities.h"
#include "show.h"
#include "web/problem.h"

json_t *user_certificates_json(struct page_call *call, const Cg__User *user, struct cg_err *err)
{
	struct user_certificates found;
	if (user_certificate_list(call->program->store, user->id, call->arena, &found, err) !=
	    CG_OK)
		return NULL;
	json_t *out = json_array();
	for (size_t i = 0; i < found.n; i++) {
		const Cg__UserCertificate *c = found.items[i];
		(void)json_array_append_new(
		    out, json_pack("{s:s, s:o, s:o, s:o, s:o}", "sha256", c->id, "subject",
				   page_text(span_of(*c->subject ? c->subject : "no subject")),
				   "sha256_start", page_hex(&c->sha256, 6), "not_after",
				   page_day(c->not_after), "badge",
				   show_validity(call, c->not_before, c->not_after)));
	}
	return out;
}

static bool get_user(struct page_call *call, Cg__User **out)
{
	return page_entity_get(call, &user_entity, page_param(call, 0), out);
}

static void show_new(struct page_call *call, const Cg__User *user,
		     const struct cert_reading *reading, const struct cg_err *why, int status)
{
	json_t *values =
	    json_pack("{s:s, s:o, s:s, s:b}", "id", user->id, "name",
		      page_text(span_of(user->name)), "main_class", "main--narrow", "may_read", 1);
	if (why)
		page_add_errors(values, why);
	show_add_certificate_field(call, values, reading);
	page_show(call, status, "user-certificate-new", "users",
		  why ? "Error: Add a certificate" : "Add a certificate", values);
}

void user_certificate_new_show(void *arg)
{
	struct page_call *call = arg;
	Cg__User *user;
	if (get_user(call, &user))
		show_new(call, user, NULL, NULL, 200);
}

/* Whether it is this user's already. */
static bool is_there(struct page_call *call, const Cg__User *user, const struct cert *cert)
{
	Cg__UserCertificate *c;
	char hex[SHA256_HEX + 1];
	hex_format(cert->sha256.b, SHA256_BYTES, hex);
	return user_certificate_get(call->program->store, user->id, hex, call->arena, &c, NULL) ==
	       CG_OK;
}

void user_certificate_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading = {.n_chain = 0};
	Cg__User *user;
	Cg__UserCertificate *made;
	if (!get_user(call, &user))
		return;
	cg_rc rc = show_read_certificate(call, CERT_KIND_CLIENT, &reading, &err);
	bool has_cert = rc == CG_OK;
	if (rc == CG_NOT_FOUND)
		rc = cg_fail_field(&err, "certificate", "is missing: paste it, or upload it");
	if (rc == CG_OK && strcmp(page_field(call, "do"), "read") == 0) {
		show_new(call, user, &reading, NULL, 200);
		return;
	}
	if (rc == CG_OK)
		rc = user_certificate_add(call->program->store, &call->actor, user->id,
					  &reading.leaf, call->arena, &made, &err);
	if (rc == CG_OK || (rc == CG_CLASH && is_there(call, user, &reading.leaf)))
		page_redirect(call,
			      arena_printf(call->arena, "/admin/users/%s?done=%s%s", user->id,
					   rc == CG_OK ? "added" : "there",
					   reading.private_key_dropped ? "&private=dropped" : ""));
	else if (show_certificate_fault(rc, &err))
		show_new(call, user, has_cert ? &reading : NULL, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

void user_certificate_delete_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__User *user;
	Cg__UserCertificate *c;
	if (!get_user(call, &user))
		return;
	cg_rc rc = user_certificate_get(call->program->store, user->id, page_param(call, 1),
					call->arena, &c, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	page_show(call, 200, "user-certificate-delete", "users", "Remove a certificate",
		  json_pack("{s:s, s:o, s:s, s:o, s:o, s:s}", "id", user->id, "name",
			    page_text(span_of(user->name)), "sha256", c->id, "fingerprint",
			    page_hex(&c->sha256, SHA256_BYTES), "subject",
			    page_text(span_of(*c->subject ? c->subject : "no subject")),
			    "main_class", "main--slim"));
}

void user_certificate_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__User *user;
	if (!get_user(call, &user))
		return;
	cg_rc rc =
	    user_certificate_remove(call->program->store, &call->actor, user->id,
				    page_param(call, 1), ENTITY_ANY_REVISION, call->arena, &err);
	/* Sent twice, it is done once. */
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/users/%s?done=removed", user->id));
	else
		page_fail(call, rc, &err);
}
