/* What a key may do, and where each value comes from. */
#include "base/base.h"
#include "base/clock.h"
#include "grant/grant.h"
#include "rest.h"
#include "web/json.h"

static json_t *from_json(const Cg__Policy *policy)
{
	return policy ? json_pack("{s:s, s:s, s:s}", "type", "policy", "id", policy->id, "name",
				  policy->name)
		      : json_pack("{s:s}", "type", "key");
}

/* `value` is taken. */
static json_t *with_source(json_t *value, const Cg__Policy *from)
{
	return json_pack("{s:o, s:o}", "value", value, "from", from_json(from));
}

static json_t *record_or_null(const void *message)
{
	return message ? record_to_json(message) : json_null();
}

static json_t *access_json(const struct effective *e)
{
	json_t *out = json_array();
	for (size_t i = 0; i < e->n_access; i++)
		(void)json_array_append_new(
		    out, with_source(record_to_json(e->access[i].entry), e->access[i].from));
	return out;
}

static json_t *policies_json(const struct key_grant *g)
{
	json_t *out = json_array();
	for (size_t i = 0; i < g->n_policies; i++)
		(void)json_array_append_new(
		    out, json_pack("{s:s, s:s, s:b, s:b}", "id", g->policies[i]->id, "name",
				   g->policies[i]->name, "active", (int)g->policies[i]->active,
				   "held", (int)g->policies[i]->held));
	return out;
}

static json_t *time_json(bool has, int64_t t)
{
	char text[RFC3339_TEXT + 1];
	return has && rfc3339_format(t, text) ? json_string(text) : json_null();
}

void keys_effective(void *arg)
{
	struct rest_call *call = arg;
	struct cg_err err = {0};
	struct key_grant g;
	const struct effective *e = &g.effective;
	cg_rc rc = grant_load_key(call->admin->store, rest_param(call, 0), call->arena, &g, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	const char *off_by = g.off == ORGANISATION_OFF		   ? "organisation"
			     : g.off == ORGANISATION_DEVELOPER_OFF ? "developer"
			     : g.key->active			   ? NULL
								   : "key";
	json_t *body = json_pack(
	    "{s:s, s:b, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "key_id", g.key->id, "active",
	    (int)g.key->active, "off_by", off_by, "expires_at",
	    with_source(time_json(e->has_expires_at, e->expires_at), e->expires_from), "access",
	    access_json(e), "rate", with_source(record_or_null(e->rate), e->rate_from), "quota",
	    with_source(record_or_null(e->quota), e->quota_from), "max_concurrent",
	    with_source(g.key->has_max_concurrent ? json_integer((json_int_t)g.key->max_concurrent)
						  : json_null(),
			NULL),
	    "policies", policies_json(&g));
	web_json_send(call->resp, 200, body);
	json_decref(body);
}

static json_t *object_of(json_t *properties)
{
	return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
			 "additionalProperties", 0);
}

/* A value, `schema` is taken, and where it comes from. */
static json_t *sourced(json_t *schema)
{
	json_t *from = object_of(json_pack("{s:{s:s, s:[s, s]}, s:{s:s}, s:{s:s}}", "type", "type",
					   "string", "enum", "key", "policy", "id", "type",
					   "string", "name", "type", "string"));
	return object_of(json_pack("{s:o, s:o}", "value", schema, "from", from));
}

/* A limit, or null. */
static json_t *limit_schema(const ProtobufCMessageDescriptor *type)
{
	json_t *schema = record_schema(type);
	(void)json_object_set_new(schema, "type", json_pack("[s, s]", "object", "null"));
	return schema;
}

json_t *effective_schema(void)
{
	json_t *policy = object_of(json_pack("{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}", "id", "type",
					     "string", "name", "type", "string", "active", "type",
					     "boolean", "held", "type", "boolean"));
	return object_of(json_pack(
	    "{s:{s:s}, s:{s:s}, s:{s:[s, s], s:[s, s, s, n]}, s:o, s:{s:s, s:o}, s:o, s:o, s:o, "
	    "s:{s:s, s:o}}",
	    "key_id", "type", "string", "active", "type", "boolean", "off_by", "type", "string",
	    "null", "enum", "key", "organisation", "developer", "expires_at",
	    sourced(json_pack("{s:[s, s], s:s}", "type", "string", "null", "format", "date-time")),
	    "access", "type", "array", "items", sourced(record_schema(&cg__access__descriptor)),
	    "rate", sourced(limit_schema(&cg__rate__descriptor)), "quota",
	    sourced(limit_schema(&cg__quota__descriptor)), "max_concurrent",
	    sourced(json_pack("{s:[s, s]}", "type", "integer", "null")), "policies", "type",
	    "array", "items", policy));
}
