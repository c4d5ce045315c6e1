/* Requests of developers. */
#include "base/base.h"
#include "model/request.h"
#include "rest.h"
#include "base/text.h"
#include "web/json.h"
#include <gnutls/gnutls.h>

static const struct rest_resource requests = {.entity = &request_entity, .path = "requests"};

/* Those in one state, or of one developer; else all, by name. */
void requests_list(void *arg)
{
	static const struct {
		const char *parameter;
		enum store_index index;
	} filters[] = {
	    {"status",       STORE_REQUEST_BY_STATUS   },
	    {"developer_id", STORE_REQUEST_BY_DEVELOPER},
	    {"catalogue_id", STORE_REQUEST_BY_CATALOGUE},
	    {"key_id",       STORE_REQUEST_BY_KEY	   },
	};
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct rest_page page;
	struct request_list list = {.n = 0};
	struct span value = {NULL, 0};
	size_t i = 0;
	cg_rc rc = rest_read_page(call, &page, &err);
	for (; rc == CG_OK && i < CG_COUNT(filters); i++) {
		rc = web_query_get(call->req->target.query, call->arena, filters[i].parameter,
				   &value, &err);
		if (rc == CG_OK)
			break;
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	if (rc == CG_OK && i == CG_COUNT(filters)) {
		rest_entity_list(call, &requests);
		return;
	}
	if (rc == CG_OK) {
		const char *key = arena_copy(call->arena, value);
		rc = key ? request_list(call->admin->store, filters[i].index, key, call->arena,
					&list, &err)
			 : cg_fail_memory(&err);
	}
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	const char *next = NULL;
	bool seen = page.cursor.n == 0;
	for (size_t n = 0; n < list.n; n++) {
		const Cg__KeyRequest *r = list.items[n];
		if (!seen) {
			seen = span_is_text(page.cursor, r->id);
			continue;
		}
		if (page.q.n > 0 && !text_holds(r->name, page.q))
			continue;
		if (json_array_size(items) == page.limit) {
			next = json_string_value(
			    json_object_get(json_array_get(items, page.limit - 1), "id"));
			next = arena_strdup(call->arena, next);
			break;
		}
		(void)json_array_append_new(items, record_to_json(r));
	}
	rest_send_page(call, items, next);
}

void requests_get(void *call)
{
	rest_entity_get(call, &requests);
}

/* Members beside the record's: the certificate as text. */
static cg_rc read_new(struct rest_call *call, json_t *json, struct request_new *what,
		      struct cert_reading *reading, struct cg_err *err)
{
	static const char *const texts[] = {"developer_id", "catalogue_id", "key_id", "name",
					    "certificate"};
	const char **const into[] = {&what->developer_id, &what->catalogue_id, &what->key_id,
				     &what->name, NULL};
	const char *name;
	json_t *value;
	cg_rc rc = CG_OK;
	json_object_foreach(json, name, value)
	{
		size_t i = 0;
		while (i < CG_COUNT(texts) && strcmp(texts[i], name) != 0)
			i++;
		if (strcmp(name, "token") == 0 && (json_is_boolean(value) || json_is_null(value))) {
			what->token = json_is_true(value);
		} else if (i == CG_COUNT(texts)) {
			(void)cg_fail_field(err, name, "is not a member that is known here");
			err->code = "unknown_member";
			return CG_BAD_INPUT;
		} else if (json_is_null(value)) {
			continue;
		} else if (!json_is_string(value)) {
			rc = cg_fail_field(err, name, "must be text");
		} else if (into[i]) {
			*into[i] = arena_strdup(call->arena, json_string_value(value));
			if (!*into[i])
				return cg_fail_memory(err);
		} else {
			struct cg_err why = {0};
			rc = rest_read_certificate(
			    call, span_make(json_string_value(value), json_string_length(value)),
			    false, CERT_KIND_CLIENT, reading, &why);
			/* It may have held a private key; jansson would free it as it is. */
			gnutls_memset((void *)(uintptr_t)json_string_value(value), 0,
				      json_string_length(value));
			if (rc != CG_OK)
				rc = cg_fail_field(err, "certificate", "%s", why.text);
			what->cert = &reading->leaf;
		}
		if (rc != CG_OK)
			return rc;
	}
	if (!what->developer_id)
		rc = cg_fail_field(err, "developer_id", "is missing");
	if (!what->catalogue_id)
		rc = cg_fail_field(err, "catalogue_id", "is missing");
	return rc;
}

void requests_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct request_new what = {.id = NULL};
	struct cert_reading reading = {.n_chain = 0};
	Cg__KeyRequest *request;
	json_t *json = NULL;
	cg_rc rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = read_new(call, json, &what, &reading, &err);
	json_decref(json);
	if (rc == CG_OK)
		rc = request_create(call->admin->store, &call->actor, &what, call->arena, &request,
				    &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *told = json_object();
	if (what.cert)
		rest_add_reading(told, &reading);
	rest_send(call, 201, request, told, "requests");
}

void requests_approve(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	uint64_t revision;
	Cg__KeyRequest *request;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = request_approve(call->admin->store, &call->actor, rest_param(call, 0),
				     revision, call->arena, &request, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, request, NULL, "");
}

/* An empty body is no reason. */
static cg_rc read_reason(struct rest_call *call, const char **out, struct cg_err *err)
{
	json_t *json = NULL;
	*out = "";
	if (call->req->body == WEB_BODY_NONE ||
	    (call->req->body == WEB_BODY_LENGTH && call->req->content_length == 0))
		return CG_OK;
	cg_rc rc = web_json_read(call->req, &json, err);
	json_t *reason = json_object_get(json, "reason");
	if (rc == CG_OK && reason && !json_is_string(reason) && !json_is_null(reason))
		rc = cg_fail_field(err, "reason", "must be text");
	if (rc == CG_OK && json_object_size(json) > (reason ? 1u : 0u)) {
		rc = cg_fail(err, CG_BAD_INPUT, "The only member that is known here is reason.");
		err->code = "unknown_member";
	}
	if (rc == CG_OK && json_is_string(reason))
		*out = arena_strdup(call->arena, json_string_value(reason));
	json_decref(json);
	return rc == CG_OK && !*out ? cg_fail_memory(err) : rc;
}

void requests_decline(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	uint64_t revision;
	const char *reason;
	Cg__KeyRequest *request;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = read_reason(call, &reason, &err);
	if (rc == CG_OK)
		rc = request_decline(call->admin->store, &call->actor, rest_param(call, 0),
				     revision, reason, call->arena, &request, &err);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, request, NULL, "");
}
