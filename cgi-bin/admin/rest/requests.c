/* Requests of developers. */
#include "base/base.h"
#include "model/catalogue.h"
#include "model/developer.h"
#include "model/request.h"
#include "rest.h"
#include "web/json.h"

static const struct rest_resource requests = {.entity = &request_entity, .path = "requests"};

static const char *const statuses[] = {"pending", "approved", "declined", "withdrawn"};

/* The parameters of the list's own; p NULL: is not asked for. */
enum filter { BY_STATUS, BY_DEVELOPER, BY_CATALOGUE, BY_KEY, FILTERS };

static const struct {
	const char *parameter;
	enum store_index index;
	const struct entity *entity; /* that it names; NULL: none */
} filters[FILTERS] = {
    [BY_STATUS] = {"status",	     STORE_REQUEST_BY_STATUS,    NULL		  },
    [BY_DEVELOPER] = {"developer_id", STORE_REQUEST_BY_DEVELOPER, &developer_entity},
    [BY_CATALOGUE] = {"catalogue_id", STORE_REQUEST_BY_CATALOGUE, &catalogue_entity},
    [BY_KEY] = {"key_id",	  STORE_REQUEST_BY_KEY,	&key_entity	   },
};

static cg_rc read_filters(struct rest_call *call, struct span values[FILTERS], struct cg_err *err)
{
	size_t known = 0;
	cg_rc worst = CG_OK;
	for (size_t i = BY_DEVELOPER; i < FILTERS; i++)
		worst = cg_worse(worst, rest_query_id(call, filters[i].entity, filters[i].parameter,
						      &values[i], err));
	values[BY_STATUS] = (struct span){NULL, 0};
	cg_rc rc = web_query_get(call->req->target.query, call->arena, filters[BY_STATUS].parameter,
				 &values[BY_STATUS], err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	while (values[BY_STATUS].p && known < CG_COUNT(statuses) &&
	       !span_is_text(values[BY_STATUS], statuses[known]))
		known++;
	if (known == CG_COUNT(statuses))
		worst =
		    cg_worse(worst, cg_fail_field(err, "status",
						  "must be one of: pending, approved, declined, "
						  "withdrawn"));
	return worst;
}

static bool fits(const Cg__KeyRequest *r, void *arg)
{
	const struct span *values = arg;
	const char *const has[FILTERS] = {
	    [BY_STATUS] = (size_t)r->status < CG_COUNT(statuses) ? statuses[(size_t)r->status] : "",
	    [BY_DEVELOPER] = r->developer_id,
	    [BY_CATALOGUE] = r->catalogue_id,
	    [BY_KEY] = r->key_id,
	};
	for (size_t i = 0; i < FILTERS; i++)
		if (values[i].p && !span_is(span_of(has[i]), values[i]))
			return false;
	return true;
}

static bool is_filtered(struct rest_call *call)
{
	struct span rest = call->req->target.query, name, value;
	while (web_query_next(&rest, call->arena, &name, &value) > 0)
		for (size_t i = 0; i < FILTERS; i++)
			if (span_is_text(name, filters[i].parameter))
				return true;
	return false;
}

/* Those that all the parameters fit, the newest first; without any all, by name. */
void requests_list(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct rest_page page = {.limit = 0};
	struct request_list list = {.n = 0};
	struct span values[FILTERS] = {
	    {NULL, 0}
	     };
	size_t i = 0;
	if (!is_filtered(call)) {
		rest_entity_list(call, &requests);
		return;
	}
	cg_rc rc = rest_read_page(call, &page, &err);
	rc = cg_worse(rc, read_filters(call, values, &err));
	const struct request_query query = {
	    .q = page.q, .limit = page.limit, .cursor = page.cursor, .fits = fits, .arg = values};
	if (rc != CG_OK && cg_is_told(rc))
		rc = cg_worse(rc, request_check_cursor(page.cursor, &err));
	if (rc == CG_OK) {
		/* The first one that is asked for; the others are looked at in its list. */
		while (i < FILTERS - 1 && !values[i].p)
			i++;
		const char *key = arena_copy(call->arena, values[i]);
		rc = key ? request_list(call->admin->store, filters[i].index, key, &query,
					call->arena, &list, &err)
			 : cg_fail_memory(&err);
	}
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t n = 0; n < list.n; n++)
		(void)json_array_append_new(items, record_to_json(list.items[n]));
	rest_send_page(call, items, list.next);
}

void requests_get(void *call)
{
	rest_entity_get(call, &requests);
}

/* A member that is text; *out stays NULL where it is missing. */
static cg_rc read_text(struct rest_call *call, const json_t *json, const char *member,
		       const char **out, struct cg_err *err)
{
	const json_t *value = json_object_get(json, member);
	if (!value || json_is_null(value))
		return CG_OK;
	if (!json_is_string(value))
		return cg_fail_field(err, member, "must be text");
	*out = arena_strdup(call->arena, json_string_value(value));
	return *out ? CG_OK : cg_fail_memory(err);
}

/* A member that names a record by id or name, as its id. */
static cg_rc read_id(struct rest_call *call, const json_t *json, const struct entity *e,
		     const char *member, bool needed, const char **out, struct cg_err *err)
{
	const char *text = NULL;
	cg_rc rc = read_text(call, json, member, &text, err);
	if (rc != CG_OK)
		return rc;
	if (text ? !*text : needed)
		return cg_fail_field(err, member, "is missing");
	return text ? entity_read_id(call->admin->store, e, span_of(text), member, false,
				     call->arena, out, err)
		    : CG_OK;
}

/* The members beside certificate and token. */
static cg_rc read_new(struct rest_call *call, const json_t *json, struct request_new *what,
		      struct cg_err *err)
{
	static const char *const known[] = {"developer_id", "catalogue_id", "key_id", "name", NULL};
	cg_rc rc = rest_only(json, known, err);
	if (rc != CG_OK)
		return rc;
	rc = read_id(call, json, &developer_entity, known[0], true, &what->developer_id, err);
	if (cg_is_told(rc))
		rc = cg_worse(rc, read_id(call, json, &catalogue_entity, known[1], true,
					  &what->catalogue_id, err));
	if (cg_is_told(rc))
		rc = cg_worse(
		    rc, read_id(call, json, &key_entity, known[2], false, &what->key_id, err));
	return cg_is_told(rc) ? cg_worse(rc, read_text(call, json, known[3], &what->name, err))
			      : rc;
}

void requests_create(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct request_new what = {.id = NULL};
	struct rest_wish wish = {0};
	Cg__KeyRequest *request;
	json_t *json = NULL;
	cg_rc rc = web_json_read(call->req, &json, &err);
	if (rc == CG_OK)
		rc = rest_take_wish(call, json, &wish, &err);
	if (json && cg_is_told(rc))
		rc = cg_worse(rc, read_new(call, json, &what, &err));
	json_decref(json);
	const struct cg_err fault = err;
	if (rc == CG_OK || rc == CG_BAD_VALUE) {
		what.cert = wish.certificate ? &wish.reading.leaf : NULL;
		what.token = wish.token;
		what.fault = rc == CG_OK ? NULL : &fault;
		err = (struct cg_err){0};
		rc = request_create(call->admin->store, &call->actor, &what, call->arena, &request,
				    &err);
	}
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *told = json_object();
	if (wish.certificate)
		rest_add_reading(told, &wish.reading);
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
	static const char *const known[] = {"reason", NULL};
	json_t *json = NULL;
	*out = "";
	if (call->req->body == WEB_BODY_NONE ||
	    (call->req->body == WEB_BODY_LENGTH && call->req->content_length == 0))
		return CG_OK;
	cg_rc rc = web_json_read(call->req, &json, err);
	if (rc == CG_OK)
		rc = rest_only(json, known, err);
	if (rc == CG_OK)
		rc = read_text(call, json, "reason", out, err);
	json_decref(json);
	return rc;
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
