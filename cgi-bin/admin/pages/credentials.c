/* The credentials of a key: adding and revoking one, and what is told of a new one. */
#include "base/base.h"
#include "entities.h"
#include "keys.h"
#include "model/certificate.h"
#include "options.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

bool key_get(struct page_call *call, Cg__Key **out)
{
	return page_entity_get(call, &key_entity, page_param(call, 0), out);
}

void key_show_token(struct page_call *call, const Cg__Key *key, const char *token)
{
	const Cg__Api *api = key->n_access > 0 ? show_api(call, key->access[0]->api_id) : NULL;
	page_show(call, 200, "token", "keys", "The token",
		  json_pack("{s:s, s:o, s:s, s:s, s:o, s:s}", "id", key->id, "name",
			    page_text(span_of(key->name)), "token", token, "base", page_base(call),
			    "path", page_text(span_of(api ? api->listen_path : "/")), "main_class",
			    "main--slim"));
}

static void show_add(struct page_call *call, const Cg__Key *key, const struct cert_reading *reading,
		     const struct cg_err *why, int status)
{
	bool token = strcmp(page_field(call, "type"), "token") == 0;
	json_t *values = json_pack("{s:s, s:o, s:b, s:b, s:b, s:s}", "id", key->id, "key_name",
				   page_text(span_of(key->name)), "is_token", (int)token, "is_mtls",
				   (int)!token, "may_read", 1, "main_class", "main--narrow");
	struct credentials now;
	struct cg_err err = {0};
	size_t had = page_had(call);
	if (had == CREDENTIALS_ANY &&
	    credential_list(call->program->store, key->id, call->arena, &now, &err) == CG_OK)
		had = now.n;
	if (had != CREDENTIALS_ANY)
		(void)json_object_set_new(values, "had", json_integer((json_int_t)had));
	if (why)
		page_add_errors(values, why);
	show_add_certificate_field(call, values, reading);
	page_show(call, status, "credential-new", "keys", why ? "Error: Rotate" : "Rotate", values);
}

void credential_new_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Key *key;
	if (key_get(call, &key))
		show_add(call, key, NULL, NULL, 200);
}

/* Whether the key got the certificate since the form was made, by the form itself, sent before: it
 * is one of the newest then, of which there are as many as the key has more now. */
static bool was_added(struct page_call *call, const Cg__Key *key, const struct cert *cert,
		      const struct cg_err *why)
{
	char hex[SHA256_HEX + 1];
	struct credentials list;
	Cg__Credential *there;
	size_t newer = 0, had = page_had(call);
	if (!why->code || strcmp(why->code, "certificate_in_use") != 0)
		return false;
	hex_format(cert->sha256.b, SHA256_BYTES, hex);
	if (credential_get(call->program->store, key->id, hex, call->arena, &there, NULL) !=
		CG_OK ||
	    credential_list(call->program->store, key->id, call->arena, &list, NULL) != CG_OK)
		return false;
	for (size_t i = 0; i < list.n; i++)
		newer += list.items[i]->added_at > there->added_at;
	return list.n > had && newer < list.n - had;
}

void credential_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading = {.n_chain = 0};
	char token[TOKEN_TEXT + 1] = "";
	Cg__Key *key;
	Cg__Credential *credential;
	bool wants_token = strcmp(page_field(call, "type"), "token") == 0, has_cert = false;
	cg_rc rc = CG_OK;
	if (!key_get(call, &key))
		return;
	if (!wants_token) {
		rc = show_read_certificate(call, CERT_KIND_CLIENT, &reading, &err);
		has_cert = rc == CG_OK;
		if (rc == CG_NOT_FOUND)
			rc = cg_fail_field(&err, "certificate",
					   "is missing: paste it, or upload it");
	}
	if (rc == CG_OK && strcmp(page_field(call, "do"), "read") == 0) {
		show_add(call, key, has_cert ? &reading : NULL, NULL, 200);
		return;
	}
	if (rc == CG_OK)
		rc = credential_add(call->program->store, &call->actor, key->id,
				    has_cert ? &reading.leaf : NULL,
				    has_cert ? CREDENTIALS_ANY : page_had(call), call->arena,
				    &credential, token, &err);
	if (entity_made_already(rc, &err))
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?token=gone", key->id));
	else if (rc == CG_OK && wants_token)
		key_show_token(call, key, token);
	else if (rc == CG_OK ||
		 (rc == CG_CLASH && has_cert && was_added(call, key, &reading.leaf, &err)))
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=added%s", key->id,
					   reading.private_key_dropped ? "&private=dropped" : ""));
	else if (show_certificate_fault(rc, &err))
		show_add(call, key, has_cert ? &reading : NULL, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
	gnutls_memset(token, 0, sizeof(token));
}

/* --- changing one --- */

static const struct option options[] = {
    {"active_from", OPTION_TIME  },
	  {"ends_at",     OPTION_TIME	 },
    {"bound_to",	 OPTION_WORDS },
    {"active",      OPTION_SWITCH},
	  {"held",	   OPTION_SWITCH},
};

static bool get_credential(struct page_call *call, Cg__Key **key, Cg__Credential **credential)
{
	struct cg_err err = {0};
	if (!key_get(call, key))
		return false;
	cg_rc rc = credential_get(call->program->store, (*key)->id, page_param(call, 1),
				  call->arena, credential, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	return rc == CG_OK;
}

/* `fields` is taken. */
static void show_change(struct page_call *call, const Cg__Key *key,
			const Cg__Credential *credential, json_t *fields, int status)
{
	struct cg_err err = {0};
	json_t *values;
	cg_rc rc = show_credential(call, credential, &values, &err);
	if (rc != CG_OK) {
		json_decref(fields);
		page_fail(call, rc, &err);
		return;
	}
	json_t *more = json_pack("{s:s, s:o, s:I, s:s}", "id", key->id, "key_name",
				 page_text(span_of(key->name)), "revision",
				 (json_int_t)credential->revision, "main_class", "main--narrow");
	(void)json_object_update(values, more);
	(void)json_object_update(values, fields);
	json_decref(more);
	json_decref(fields);
	page_show(call, status, "credential", "keys",
		  status == 200 ? "Credential" : "Error: Credential", values);
}

static json_t *values_of_credential(const Cg__Credential *credential)
{
	json_t *record = record_to_json(credential), *values = json_object();
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	return values;
}

void credential_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Key *key;
	Cg__Credential *credential;
	if (get_credential(call, &key, &credential))
		show_change(call, key, credential, values_of_credential(credential), 200);
}

void credential_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	Cg__Credential *credential, *changed;
	if (!get_credential(call, &key, &credential))
		return;
	json_t *patch = json_object();
	options_typed(call, options, CG_COUNT(options), NULL, patch);
	cg_rc rc =
	    credential_change(call->program->store, &call->actor, key->id, page_param(call, 1),
			      page_revision(call), patch, call->arena, &changed, &err);
	json_decref(patch);
	if (rc == CG_OK) {
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=saved", key->id));
		return;
	}
	if (rc != CG_STALE && rc != CG_BAD_VALUE && rc != CG_BAD_INPUT && rc != CG_CLASH) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = json_object();
	options_values_typed(call, options, CG_COUNT(options), NULL, values);
	page_add_refusal(values, values_of_credential(credential), rc, &err);
	show_change(call, key, credential, values, web_status_of(rc));
}

void credential_revoke_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	Cg__Credential *credential;
	json_t *values;
	if (!key_get(call, &key))
		return;
	cg_rc rc = credential_get(call->program->store, key->id, page_param(call, 1), call->arena,
				  &credential, &err);
	if (rc == CG_OK)
		rc = show_credential(call, credential, &values, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *more = json_pack("{s:s, s:o, s:s}", "id", key->id, "key_name",
				 page_text(span_of(key->name)), "main_class", "main--slim");
	(void)json_object_update(values, more);
	json_decref(more);
	page_show(call, 200, "credential-revoke", "keys", "Revoke a credential", values);
}

void credential_revoke_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *reason = page_field(call, "reason");
	cg_rc rc = credential_revoke(call->program->store, &call->actor, page_param(call, 0),
				     page_param(call, 1), ENTITY_ANY_REVISION,
				     *reason ? reason : NULL, call->arena, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s", page_param(call, 0)));
}
