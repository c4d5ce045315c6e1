/* openapi.json: the table of routes and the schemas of the records, in OpenAPI's words. */
#include "base/base.h"
#include "rest.h"
#include "base/limits.h"
#include "web/json.h"

static json_t *reference(const char *name)
{
	json_t *out = json_object();
	char ref[64];
	(void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", name);
	(void)json_object_set_new(out, "$ref", json_string(ref));
	return out;
}

static json_t *content(const char *type, json_t *schema)
{
	return json_pack("{s:{s:o}}", type, "schema", schema);
}

/* A record with further members.  Not "allOf": each record's schema is closed to members that it
 * does not name. */
static json_t *with_members(const ProtobufCMessageDescriptor *type, json_t *members)
{
	json_t *schema = record_schema(type);
	(void)json_object_update(json_object_get(schema, "properties"), members);
	json_decref(members);
	return schema;
}

static json_t *told_once(const char *type, const char *about)
{
	return json_pack("{s:s, s:s, s:b}", "type", type, "description", about, "readOnly", 1);
}

static void add_told_of_certificate(json_t *members)
{
	(void)json_object_set_new(members, "private_key_dropped",
				  told_once("boolean", "Only in the answer to POST: a private key "
						       "came along and was thrown away."));
	(void)json_object_set_new(members, "notices",
				  json_pack("{s:s, s:{s:s}, s:s, s:b}", "type", "array", "items",
					    "type", "string", "description",
					    "Only in the answer to POST: sentences for the person.",
					    "readOnly", 1));
}

/* What answers say of a record beside its own members. */
static json_t *answer_of(const ProtobufCMessageDescriptor *type)
{
	json_t *members = json_object();
	if (type == &cg__key__descriptor)
		(void)json_object_set_new(members, "credentials",
					  json_pack("{s:s, s:o, s:b}", "type", "array", "items",
						    reference("Credential"), "readOnly", 1));
	if (type == &cg__certificate__descriptor)
		(void)json_object_set_new(members, "key_id",
					  json_pack("{s:[s, s], s:s, s:b}", "type", "string",
						    "null", "description", "The key it belongs to.",
						    "readOnly", 1));
	if (type == &cg__key__descriptor || type == &cg__credential__descriptor ||
	    type == &cg__rest_token__descriptor)
		(void)json_object_set_new(members, "token",
					  told_once("string", "Only in the answer that made it."));
	if (type == &cg__key__descriptor || type == &cg__credential__descriptor ||
	    type == &cg__certificate__descriptor)
		add_told_of_certificate(members);
	return with_members(type, members);
}

static json_t *body_schema(const struct rest_route *r)
{
	bool makes = strcmp(r->route.method, "POST") == 0;
	if (makes && r->in == &cg__key__descriptor)
		return with_members(r->in,
				    json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "certificate", "type",
					      "string", "description",
					      "PEM: the public certificate, or certificate and "
					      "private key; the key is thrown away.",
					      "token", "type", "boolean", "description",
					      "Make a token, too."));
	if (makes && r->out == &cg__certificate__descriptor)
		return json_pack("{s:s, s:{s:{s:s}, s:{s:s, s:[s]}}, s:[s]}", "type", "object",
				 "properties", "pem", "type", "string", "kind", "type", "string",
				 "enum", "client", "required", "pem");
	if (makes && r->out == &cg__credential__descriptor)
		return json_pack("{s:s, s:{s:{s:s}, s:{s:s}}}", "type", "object", "properties",
				 "certificate", "type", "string", "token", "type", "boolean");
	return r->in ? reference(r->in->short_name) : NULL;
}

static json_t *request_body(const struct rest_route *r)
{
	json_t *schema = body_schema(r);
	if (!schema)
		return NULL;
	json_t *types = content(r->route.flags & REST_PATCH ? "application/merge-patch+json"
							    : "application/json",
				schema);
	if (r->route.flags & REST_PATCH)
		(void)json_object_update_new(types,
					     content("application/json", json_deep_copy(schema)));
	if (r->route.flags & REST_PEM)
		(void)json_object_update_new(
		    types, content("application/x-pem-file", json_pack("{s:s}", "type", "string")));
	return json_pack("{s:b, s:o}", "required", 1, "content", types);
}

static json_t *answer_schema(const struct rest_route *r)
{
	const char *name = r->out->short_name;
	if (r->route.flags & REST_LIST)
		return json_pack("{s:s, s:{s:{s:s, s:o}, s:{s:[s, s]}}}", "type", "object",
				 "properties", "items", "type", "array", "items", reference(name),
				 "next", "type", "string", "null");
	return reference(name);
}

static json_t *responses(const struct rest_route *r)
{
	char status[8];
	json_t *out = json_object();
	json_t *ok = json_pack("{s:s}", "description", r->summary);
	(void)snprintf(status, sizeof(status), "%d", r->status);
	if (r->out)
		(void)json_object_set_new(ok, "content",
					  content("application/json", answer_schema(r)));
	(void)json_object_set_new(out, status, ok);
	(void)json_object_set_new(
	    out, "default",
	    json_pack("{s:s, s:o}", "description", "Problem details (RFC 9457)", "content",
		      content("application/problem+json", reference("Problem"))));
	return out;
}

static void add_parameter(json_t *to, const char *name, const char *in, const char *type)
{
	(void)json_array_append_new(to, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in",
						  in, "required", strcmp(in, "path") == 0, "schema",
						  "type", type));
}

/* "/keys/:id" as "/keys/{id}", its parameters into `to`. */
static char *path_of(const struct rest_route *r, struct arena *arena, json_t *to)
{
	struct span rest = span_of(r->route.path), part;
	char *out = arena_strdup(arena, "");
	while (out && span_next(&rest, '/', &part)) {
		if (part.n == 0)
			continue;
		if (part.p[0] != ':') {
			out = arena_printf(arena, "%s/%.*s", out, (int)part.n, part.p);
			continue;
		}
		char *name = arena_copy(arena, span_from(part, 1));
		if (!name)
			return NULL;
		add_parameter(to, name, "path", "string");
		out = arena_printf(arena, "%s/{%s}", out, name);
	}
	return out;
}

static json_t *operation(const struct rest_route *r, json_t *parameters)
{
	json_t *body = request_body(r);
	if (r->route.flags & REST_LIST) {
		add_parameter(parameters, "limit", "query", "integer");
		add_parameter(parameters, "cursor", "query", "string");
		add_parameter(parameters, "q", "query", "string");
	}
	if (r->route.flags & REST_PATCH)
		add_parameter(parameters, "If-Match", "header", "string");
	json_t *op = json_pack("{s:s, s:o, s:o}", "summary", r->summary, "parameters", parameters,
			       "responses", responses(r));
	if (body)
		(void)json_object_set_new(op, "requestBody", body);
	if (r->route.flags & REST_OPEN)
		(void)json_object_set_new(op, "security", json_array());
	return op;
}

static json_t *problem_schema(void)
{
	return json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s, "
			 "s:{s:s, s:{s:{s:s}, s:{s:s}}}}}}",
			 "type", "object", "properties", "type", "type", "string", "status", "type",
			 "integer", "title", "type", "string", "detail", "type", "string", "code",
			 "type", "string", "request_id", "type", "string", "errors", "type",
			 "array", "items", "type", "object", "properties", "field", "type",
			 "string", "message", "type", "string");
}

static json_t *schemas(void)
{
	static const ProtobufCMessageDescriptor *const types[] = {
	    &cg__api__descriptor,	  &cg__key__descriptor,
	    &cg__credential__descriptor,  &cg__certificate__descriptor,
	    &cg__audit_entry__descriptor, &cg__rest_token__descriptor};
	json_t *out = json_object();
	for (size_t i = 0; i < CG_COUNT(types); i++)
		(void)json_object_set_new(out, types[i]->short_name, answer_of(types[i]));
	(void)json_object_set_new(out, "Problem", problem_schema());
	return out;
}

void openapi_get(void *arg)
{
	struct rest_call *call = arg;
	json_t *paths = json_object();
	for (size_t i = 0; i < rest_routes_n; i++) {
		const struct rest_route *r = &rest_routes[i];
		json_t *parameters = json_array();
		char *path = path_of(r, call->arena, parameters);
		char method[16];
		size_t n = 0;
		for (; r->route.method[n] && n < sizeof(method) - 1; n++)
			method[n] = (char)(r->route.method[n] + 32);
		method[n] = '\0';
		json_t *item = path ? json_object_get(paths, path) : NULL;
		if (!item) {
			item = json_object();
			(void)json_object_set_new(paths, path ? path : "", item);
		}
		(void)json_object_set_new(item, method, operation(r, parameters));
	}
	json_t *body =
	    json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:o, s:{s:{s:s, s:s}}}, s:[{s:[]}]}", "openapi",
		      "3.1.0", "info", "title", "certgate", "version", CG_VERSION, "paths", paths,
		      "components", "schemas", schemas(), "securitySchemes", "token", "type",
		      "http", "scheme", "bearer", "security", "token");
	web_json_send(call->resp, 200, body);
	json_decref(body);
}
