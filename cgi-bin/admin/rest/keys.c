/* Keys and their credentials. */
#include "base/base.h"
#include "model/key_list.h"
#include "rest.h"
#include "web/json.h"
#include <gnutls/gnutls.h>

static json_t *credentials_json(const struct credentials *list)
{
	json_t *out = json_array();
	for (size_t i = 0; i < list->n; i++)
		(void)json_array_append_new(out, record_to_json(list->items[i]));
	return out;
}

static json_t *more(struct rest_call *call, const void *message, struct cg_err *err)
{
	const Cg__Key *key = message;
	struct credentials list;
	if (credential_list(call->admin->store, key->id, call->arena, &list, err) != CG_OK)
		return NULL;
	return json_pack("{s:o}", "credentials", credentials_json(&list));
}

static const struct rest_resource keys = {.entity = &key_entity, .path = "keys", .more = more};

/* The parameters that are filters; limit, cursor and q are read already. */
static cg_rc read_filters(struct rest_call *call, struct key_query *query, struct cg_err *err)
{
	struct span rest = call->req->target.query, name, value;
	cg_rc rc = CG_OK;
	while (web_query_next(&rest, call->arena, &name, &value) > 0) {
		struct span *member = key_query_member(query, name);
		if (!member || member == &query->q)
			continue;
		*member = span_trim(value);
		const char *field = arena_copy(call->arena, name);
		if (!field)
			return cg_fail_memory(err);
		if (member->n == 0)
			rc = cg_fail_field(err, field, "is empty: leave it out to ask for all");
	}
	return rc;
}

void keys_list(void *arg)
{
	struct rest_call *call = arg;
	struct rest_page page = {.limit = 0};
	struct key_query query = {.q = SPAN_LIT("")};
	struct key_page found;
	struct cg_err err = {0};
	json_t *items = NULL;
	cg_rc rc = rest_read_page(call, &page, &err);
	query.q = page.q;
	rc = cg_worse(rc, read_filters(call, &query, &err));
	if (rc == CG_OK)
		rc = key_list(call->admin->store, page.cursor, page.limit, &query, call->arena,
			      &found, &err);
	else if (cg_is_told(rc))
		rc = cg_worse(rc, key_query_check(call->admin->store, page.cursor, &query,
						  call->arena, &err));
	if (rc == CG_OK)
		rc = rest_entity_items(call, &keys, &found.found, &items, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *body = json_pack("{s:o, s:s?, s:s*}", "items", items, "next", found.found.next,
				 "notice", found.notice);
	web_json_send(call->resp, 200, body);
	json_decref(body);
}

void keys_get(void *call)
{
	rest_entity_get(call, &keys);
}

void keys_change(void *call)
{
	rest_entity_change(call, &keys);
}

void keys_remove(void *call)
{
	rest_entity_remove(call, &keys);
}

/* `der` is the certificate when it does not come with the body. */
static void create(struct rest_call *call, struct span der, const char *refused_request_id)
{
	struct cg_err err = {0};
	struct rest_wish wish = {0};
	json_t *json = NULL;
	Cg__Key *key;
	char token[TOKEN_TEXT + 1] = "";
	cg_rc rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = rest_take_wish(call, json, &wish, &err);
	if (rc == CG_OK && der.n > 0) {
		rc = wish.certificate
			 ? cg_fail_field(&err, "certificate",
					 "is that of the refused request: leave it out")
			 : rest_read_certificate(call, der, CERT_KIND_CLIENT, &wish.reading, &err);
		wish.certificate = rc == CG_OK;
	}
	const struct cg_err fault = err;
	if (rc == CG_OK || rc == CG_BAD_VALUE) {
		struct key_new what = {.key = json,
				       .cert = wish.certificate ? &wish.reading.leaf : NULL,
				       .token = wish.token,
				       .refused_request_id = refused_request_id,
				       .fault = rc == CG_OK ? NULL : &fault};
		err = (struct cg_err){0};
		rc = key_create(call->admin->store, &call->actor, &what, call->arena, &key, token,
				&err);
	}
	json_decref(json);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
	} else {
		/* The key is made: its token must be told, whatever else cannot be read now. */
		json_t *told = more(call, key, &err);
		if (!told)
			told = json_object();
		if (wish.token)
			(void)json_object_set_new(told, "token", json_string(token));
		if (wish.certificate)
			rest_add_reading(told, &wish.reading);
		rest_send(call, 201, key, told, "keys");
	}
	gnutls_memset(token, 0, sizeof(token));
}

void keys_create(void *arg)
{
	create(arg, (struct span){NULL, 0}, NULL);
}

void keys_create_of(struct rest_call *call, struct span der, const char *refused_request_id)
{
	create(call, der, refused_request_id);
}

/* --- credentials --- */

void credentials_list(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct credentials list;
	struct rest_page page;
	Cg__Key *key;
	cg_rc rc = rest_read_digest_page(call, &page, &err);
	if (rc == CG_OK)
		rc = entity_get(call->admin->store, &key_entity, rest_param(call, 0), call->arena,
				&key, &err);
	if (rc == CG_OK)
		rc = credential_list(call->admin->store, key->id, call->arena, &list, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send_digest_page(call, &page, credentials_json(&list));
}

static cg_rc read_wish(struct rest_call *call, struct rest_wish *wish, struct cg_err *err)
{
	static const char *const none[] = {NULL};
	json_t *json = NULL;
	if (!rest_body_is_json(call)) {
		wish->certificate = true;
		return rest_read_certificate_body(call, CERT_KIND_CLIENT, &wish->reading, err);
	}
	cg_rc rc = web_json_read(call->req, &json, err);
	if (rc == CG_OK)
		rc = rest_take_wish(call, json, wish, err);
	if (json && cg_is_told(rc))
		rc = cg_worse(rc, rest_only(json, none, err));
	json_decref(json);
	if (rc == CG_OK && wish->certificate == wish->token)
		rc =
		    cg_fail(err, CG_BAD_VALUE,
			    "Give either a certificate or token: true; each is a credential of its "
			    "own.");
	return rc;
}

void credentials_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct rest_wish wish = {0};
	Cg__Credential *credential;
	char token[TOKEN_TEXT + 1] = "";
	cg_rc rc = read_wish(call, &wish, &err);
	if (rc == CG_OK)
		rc = credential_add(call->admin->store, &call->actor, rest_param(call, 0),
				    wish.certificate ? &wish.reading.leaf : NULL, CREDENTIALS_ANY,
				    call->arena, &credential, token, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *told = json_object();
	if (wish.certificate)
		rest_add_reading(told, &wish.reading);
	else
		(void)json_object_set_new(told, "token", json_string(token));
	gnutls_memset(token, 0, sizeof(token));
	rest_send(call, 201, credential, told,
		  arena_printf(call->arena, "keys/%s/credentials", credential->key_id));
}

void credentials_get(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	Cg__Credential *credential;
	cg_rc rc = entity_get(call->admin->store, &key_entity, rest_param(call, 0), call->arena,
			      &key, &err);
	if (rc == CG_OK)
		rc = credential_get(call->admin->store, key->id, rest_param(call, 1), call->arena,
				    &credential, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, credential, NULL, "");
}

void credentials_change(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	json_t *patch = NULL;
	Cg__Credential *credential;
	uint64_t revision;
	cg_rc rc = web_json_read(call->req, &patch, &err);
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = credential_change(call->admin->store, &call->actor, rest_param(call, 0),
				       rest_param(call, 1), revision, patch, call->arena,
				       &credential, &err);
	json_decref(patch);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, credential, NULL, "");
}

void credentials_revoke(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct span reason = {NULL, 0};
	uint64_t revision;
	cg_rc rc = web_query_get(call->req->target.query, call->arena, "reason", &reason, &err);
	if (rc == CG_NOT_FOUND)
		rc = CG_OK;
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = credential_revoke(
		    call->admin->store, &call->actor, rest_param(call, 0), rest_param(call, 1),
		    revision, reason.p ? arena_copy(call->arena, reason) : NULL, call->arena, &err);
	rest_send_removed(call, rc, &err);
}
