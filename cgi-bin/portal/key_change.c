/* Renewing, revoking and giving up a key. */
#include "base/base.h"
#include "base/limits.h"
#include "keys.h"
#include "model/own_key.h"
#include "model/request.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

/* The key's page with the form as it came, and what was wrong. */
static void show_again(struct page_call *call, const Cg__Key *key,
		       const struct cert_reading *reading, const char *code, struct cg_err *why,
		       cg_rc rc)
{
	struct cg_err err = {0};
	json_t *values;
	cg_rc read = key_page_values(call, key, &values, &err);
	if (read != CG_OK) {
		page_fail(call, read, &err);
		return;
	}
	(void)json_object_set_new(values, "private_key",
				  json_boolean(code && strcmp(code, CERT_PRIVATE_KEY_PASTED) == 0));
	(void)json_object_set_new(values, "overlap_days",
				  page_text(span_of(page_field(call, "overlap_days"))));
	portal_put_back(call, values, reading);
	page_set_label(values, "certificate", PORTAL_CERTIFICATE_LABEL);
	page_add_errors(values, why);
	page_show(call, web_status_of(rc), "key", "keys",
		  arena_printf(call->arena, "Error: %s", key->name), values);
}

static cg_rc read_overlap(struct page_call *call, uint64_t *out, struct cg_err *err)
{
	json_t *typed = page_typed_number(call, "overlap_days");
	json_int_t n = json_is_null(typed)	? OVERLAP_DAYS_DEFAULT
		       : json_is_integer(typed) ? json_integer_value(typed)
						: -1;
	json_decref(typed);
	if (n < 0 || n > OVERLAP_DAYS_MAX)
		return cg_fail_field(err, "overlap_days", "must be a number of days from 0 to %d",
				     OVERLAP_DAYS_MAX);
	*out = (uint64_t)n;
	return CG_OK;
}

void key_renew_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	struct renewed done = {.request = NULL};
	struct cert_reading reading = {.n_chain = 0};
	struct renewal what = {.replaces = page_field(call, "replaces")};
	const char *code = NULL;
	if (!key_of_call(call, &key))
		return;
	cg_rc rc = portal_read_certificate(call, &reading, &code, &err);
	bool read = rc == CG_OK;
	if (rc == CG_NOT_FOUND)
		rc = cg_fail_field(&err, "certificate", "is missing: paste it, or upload it");
	if (rc == CG_OK)
		rc = read_overlap(call, &what.overlap_days, &err);
	if (rc == CG_OK)
		rc = portal_check_password(call, "password", &err);
	if (rc == CG_OK) {
		what.cert = &reading.leaf;
		rc = renew_by_session(call->program->store, &call->actor, key->id, &what,
				      call->arena, &done, &err);
	}
	if (rc == CG_OK) {
		page_redirect(
		    call, done.request
			      ? arena_printf(call->arena, "/portal/requests/%s?done=sent",
					     done.request->id)
			      : arena_printf(call->arena, "/portal/keys/%s?done=renewed", key->id));
		return;
	}
	if (rc == CG_CLASH)
		page_fault_at(&err, "certificate");
	if (rc == CG_BAD_VALUE || rc == CG_CLASH || rc == CG_TOO_BIG || rc == CG_DENIED)
		show_again(call, key, read ? &reading : NULL, code, &err, rc);
	else
		page_fail(call, rc, &err);
}

void key_token_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	struct credentials list;
	char token[TOKEN_TEXT + 1] = "";
	bool has = false;
	if (!key_of_call(call, &key))
		return;
	cg_rc rc = credential_list(call->program->store, key->id, call->arena, &list, &err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		has = has || (list.items[i]->type == CG__CREDENTIAL__TYPE__TOKEN &&
			      show_counts_now(call, list.items[i]));
	/* First of all: the password is not asked for what was done. */
	if (rc == CG_OK)
		rc = credential_check_had(&list, page_had(call), &err);
	if (rc == CG_OK && has)
		rc = portal_check_password(call, "token_password", &err);
	if (rc == CG_OK)
		rc = own_key_make_token(call->program->store, &call->actor, key->id, list.n,
					OVERLAP_DAYS_DEFAULT, call->arena, token, &err);
	if (rc == CG_OK) {
		json_t *values;
		rc = key_page_values(call, key, &values, &err);
		/* The token is made: it must be told, whatever else cannot be read now. */
		if (rc != CG_OK)
			values = json_pack("{s:s, s:o}", "id", key->id, "name",
					   page_text(span_of(key->name)));
		(void)json_object_set_new(values, "token", json_string(token));
		page_show(call, 200, "token-made", "keys", "Token", values);
	} else if (entity_made_already(rc, &err)) {
		page_redirect(call,
			      arena_printf(call->arena, "/portal/keys/%s?token=gone", key->id));
	} else if (rc == CG_BAD_VALUE) {
		show_again(call, key, NULL, NULL, &err, rc);
	} else {
		page_fail(call, rc, &err);
	}
	gnutls_memset(token, 0, sizeof(token));
}

/* --- revoking --- */

static json_t *confirm_values(const Cg__Key *key, const char *action)
{
	return json_pack("{s:s, s:o, s:s, s:s, s:b}", "id", key->id, "name",
			 page_text(span_of(key->name)), "action", action, "main_class",
			 "main--slim", "revoke", 0);
}

void key_revoke_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	Cg__Credential *credential;
	json_t *shown;
	if (!key_of_call(call, &key))
		return;
	cg_rc rc = credential_get(call->program->store, key->id, page_param(call, 1), call->arena,
				  &credential, &err);
	if (rc == CG_OK)
		rc = show_credential(call, credential, &shown, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = confirm_values(
	    key, arena_printf(call->arena, "/portal/keys/%s/credentials/%s/revoke", key->id,
			      json_string_value(json_object_get(shown, "sha256"))));
	/* What is only claimed says nothing of the private key: own_key_revoke. */
	json_t *more = json_pack(
	    "{s:b, s:O, s:O, s:b}", "revoke", 1, "subject", json_object_get(shown, "subject"),
	    "start", json_object_get(shown, "start"), "may_expose",
	    credential->type == CG__CREDENTIAL__TYPE__CERTIFICATE && !credential->claimed);
	json_decref(shown);
	(void)json_object_update_new(values, more);
	page_show(call, 200, "key-confirm", "keys", "Revoke", values);
}

void key_revoke_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	if (!key_of_call(call, &key))
		return;
	cg_rc rc = own_key_revoke(call->program->store, &call->actor, key->id, page_param(call, 1),
				  page_field(call, "reason"), call->arena, &err);
	if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/portal/keys/%s?done=revoked", key->id));
	else
		page_fail(call, rc, &err);
}

void key_give_up_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Key *key;
	if (key_of_call(call, &key))
		page_show(call, 200, "key-confirm", "keys", "Give up a key",
			  confirm_values(
			      key, arena_printf(call->arena, "/portal/keys/%s/give-up", key->id)));
}

void key_give_up_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = own_key_give_up(call->program->store, &call->actor, page_param(call, 0),
				   call->arena, &err);
	if (rc == CG_OK)
		page_redirect(call, "/portal/keys?done=given_up");
	else
		page_fail(call, rc, &err);
}

/* --- the link of a mail: whoever has it need not be signed in --- */

void stop_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *code = page_query(call, "code"), *sha256;
	Cg__Key *key;
	Cg__Credential *credential;
	json_t *shown;
	cg_rc rc = own_key_to_stop(call->program->store, code, call->arena, &key, &sha256, &err);
	if (rc == CG_OK)
		rc = credential_get(call->program->store, key->id, sha256, call->arena, &credential,
				    &err);
	if (rc == CG_OK)
		rc = show_credential(call, credential, &shown, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	(void)json_object_set_new(shown, "name", page_text(span_of(key->name)));
	if (page_form_token(call))
		page_show(call, 200, "stop", "-", "Stop a certificate",
			  json_pack("{s:O, s:s, s:s}", "asked", shown, "code", code, "main_class",
				    "main--slim"));
	json_decref(shown);
}

void stop_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	struct actor actor = call->actor;
	if (!*actor.name)
		actor.name = "mailed link";
	cg_rc rc = own_key_stop(call->program->store, &actor, page_field(call, "code"), call->arena,
				&key, &err);
	if (rc == CG_OK)
		page_show(call, 200, "stop", "-", "It is stopped",
			  json_pack("{s:o, s:s}", "done",
				    json_pack("{s:o}", "name", page_text(span_of(key->name))),
				    "main_class", "main--slim"));
	else
		page_fail(call, rc, &err);
}
