/* Resources that are an entity of the model: listed, made, read, changed and removed alike. */
#include "base/base.h"
#include "rest.h"
#include "base/log.h"
#include "web/json.h"

/* One item of a list, or the whole answer. */
static json_t *with_more(struct rest_call *call, const struct rest_resource *r, const void *message,
			 struct cg_err *err)
{
	json_t *json = record_to_json(message);
	json_t *more = r->more ? r->more(call, message, err) : NULL;
	if (json && more)
		(void)json_object_update(json, more);
	json_decref(more);
	if (r->more && !more) {
		json_decref(json);
		return NULL;
	}
	return json;
}

cg_rc rest_entity_items(struct rest_call *call, const struct rest_resource *r,
			const struct entity_page *found, json_t **out, struct cg_err *err)
{
	json_t *items = json_array();
	for (size_t i = 0; i < found->n; i++)
		if (json_array_append_new(items, with_more(call, r, found->messages[i], err)) < 0) {
			json_decref(items);
			return CG_UNAVAILABLE;
		}
	*out = items;
	return CG_OK;
}

void rest_entity_list(struct rest_call *call, const struct rest_resource *r)
{
	struct rest_page page;
	struct entity_page found;
	struct cg_err err = {0};
	json_t *items;
	cg_rc rc = rest_read_page(call, &page, &err);
	if (rc == CG_BAD_VALUE)
		rc = cg_worse(rc, entity_check_cursor(page.cursor, &err));
	if (rc == CG_OK)
		rc = entity_list(call->admin->store, r->entity, page.cursor, page.limit, page.q,
				 call->arena, &found, &err);
	if (rc == CG_OK)
		rc = rest_entity_items(call, r, &found, &items, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	rest_send_page(call, items, found.next);
}

/* Of a write that is done: that must be told, even where the computed members cannot be read now.
 */
static void send_done(struct rest_call *call, const struct rest_resource *r, int status,
		      const void *message)
{
	struct cg_err err = {0};
	json_t *more = r->more ? r->more(call, message, &err) : NULL;
	if (r->more && !more)
		log_error("answer_short", "cause", err.text, LOG_END);
	rest_send(call, status, message, more, r->path);
}

void rest_entity_create(struct rest_call *call, const struct rest_resource *r)
{
	struct cg_err err = {0};
	json_t *json = NULL;
	void *message;
	cg_rc rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = entity_create(call->admin->store, r->entity, &call->actor, json, call->arena,
				   &message, &err);
	json_decref(json);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		send_done(call, r, 201, message);
}

void rest_entity_get(struct rest_call *call, const struct rest_resource *r)
{
	struct cg_err err = {0};
	void *message;
	json_t *more = NULL;
	cg_rc rc = entity_get(call->admin->store, r->entity, rest_param(call, 0), call->arena,
			      &message, &err);
	if (rc == CG_OK && r->more && !(more = r->more(call, message, &err)))
		rc = CG_UNAVAILABLE;
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		rest_send(call, 200, message, more, r->path);
}

/* Computed members may be sent back as they were read, like any that clients cannot set. */
static cg_rc drop_more(struct rest_call *call, const struct rest_resource *r, json_t *patch,
		       struct cg_err *err)
{
	void *message;
	const char *name;
	json_t *value;
	if (!r->more)
		return CG_OK;
	cg_rc rc = entity_get(call->admin->store, r->entity, rest_param(call, 0), call->arena,
			      &message, err);
	if (rc != CG_OK)
		return rc;
	json_t *more = r->more(call, message, err);
	if (!more)
		return CG_UNAVAILABLE;
	json_object_foreach(more, name, value)
	{
		json_t *sent = json_object_get(patch, name);
		if (sent && !json_is_null(sent) && !json_equal(sent, value))
			rc = cg_fail_field(err, name, "is set by certgate");
		(void)json_object_del(patch, name);
	}
	json_decref(more);
	return rc;
}

void rest_entity_change(struct rest_call *call, const struct rest_resource *r)
{
	struct cg_err err = {0};
	json_t *patch = NULL;
	uint64_t revision;
	void *message;
	cg_rc rc = web_json_read(call->req, &patch, &err);
	if (rc == CG_OK)
		rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = drop_more(call, r, patch, &err);
	if (rc == CG_OK)
		rc = entity_change(call->admin->store, r->entity, &call->actor, rest_param(call, 0),
				   revision, patch, call->arena, &message, &err);
	json_decref(patch);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	else
		send_done(call, r, 200, message);
}

void rest_entity_remove(struct rest_call *call, const struct rest_resource *r)
{
	struct cg_err err = {0};
	uint64_t revision;
	cg_rc rc = rest_if_match(call, &revision, &err);
	if (rc == CG_OK)
		rc = entity_remove(call->admin->store, r->entity, &call->actor, rest_param(call, 0),
				   revision, call->arena, &err);
	rest_send_removed(call, rc, &err);
}
