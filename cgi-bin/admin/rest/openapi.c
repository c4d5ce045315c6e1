/* openapi.json: the table of routes and the schemas of the records, in OpenAPI's words. */
#include "base/base.h"
#include "rest.h"
#include "base/limits.h"
#include "web/json.h"

static json_t *reference(const char *name)
{
	json_t *out = json_object();
	char ref[128];
	(void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", name);
	(void)json_object_set_new(out, "$ref", json_string(ref));
	return out;
}

static json_t *content(const char *type, json_t *schema)
{
	return json_pack("{s:{s:o}}", type, "schema", schema);
}

/* A record's schema is used in up to three forms: as it is read ("Key"), as it is sent to be made
 * ("KeyNew"), and as the answer to that ("KeyMade").  Each is one flat object: members that are not
 * known are refused, which parts put together with allOf could not say. */
enum form { FORM_READ, FORM_NEW, FORM_MADE };

static const char *const suffixes[] = {"", "New", "Made"};

static const ProtobufCMessageDescriptor *const records[] = {&cg__api__descriptor,
							    &cg__key__descriptor,
							    &cg__credential__descriptor,
							    &cg__certificate__descriptor,
							    &cg__audit_entry__descriptor,
							    &cg__rest_token__descriptor,
							    &cg__crl__descriptor,
							    &cg__exposed_key__descriptor,
							    &cg__refusal__descriptor,
							    &cg__policy__descriptor,
							    &cg__user__descriptor,
							    &cg__setting__descriptor,
							    &cg__user_certificate__descriptor,
							    &cg__organisation__descriptor,
							    &cg__developer__descriptor,
							    &cg__catalogue_entry__descriptor,
							    &cg__key_request__descriptor};

/* Nobody makes one by POST. */
static bool is_only_read(const ProtobufCMessageDescriptor *type)
{
	return type == &cg__audit_entry__descriptor || type == &cg__crl__descriptor ||
	       type == &cg__refusal__descriptor || type == &cg__setting__descriptor;
}

/* Made from its members, and answered as it is read. */
static bool is_plain(const ProtobufCMessageDescriptor *type)
{
	return type == &cg__api__descriptor || type == &cg__exposed_key__descriptor ||
	       type == &cg__policy__descriptor || type == &cg__user__descriptor ||
	       type == &cg__catalogue_entry__descriptor || type == &cg__organisation__descriptor ||
	       type == &cg__developer__descriptor;
}

static enum form form_of(const ProtobufCMessageDescriptor *type, enum form form)
{
	return is_only_read(type) || (form == FORM_MADE && is_plain(type)) ? FORM_READ : form;
}

static void add(json_t *schema, const char *name, json_t *type, const char *about)
{
	if (about)
		(void)json_object_set_new(type, "description", json_string(about));
	(void)json_object_set_new(json_object_get(schema, "properties"), name, type);
}

static json_t *of_type(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *list_of(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *empty(void)
{
	return json_pack("{s:s, s:{}, s:b}", "type", "object", "properties", "additionalProperties",
			 0);
}

/* What can be given to make a credential. */
static void add_wish(json_t *schema)
{
	add(schema, "certificate", of_type("string"),
	    "PEM: the public certificate, or certificate and private key; the key is thrown away.");
	add(schema, "token", of_type("boolean"), "Make a token.");
}

/* What is told of it once. */
static void add_told(json_t *schema, bool token)
{
	add(schema, "private_key_dropped", of_type("boolean"),
	    "The text held a private key, which was thrown away.");
	add(schema, "notices", list_of(of_type("string")), "What is worth knowing of the text.");
	if (token)
		add(schema, "token", of_type("string"), "The token; it is shown only here.");
}

/* What is computed of a certificate. */
static void add_use(json_t *schema)
{
	add(schema, "x5t_s256",
	    json_pack("{s:s, s:s}", "type", "string", "pattern", "^[A-Za-z0-9_-]{43}$"),
	    "The fingerprint as JOSE writes it (x5t#S256): base64url of the SHA-256.");
	add(schema, "usages", list_of(of_type("string")),
	    "What it says it may be used for; empty: it does not say.");
	add(schema, "key_id", json_pack("{s:[s, s]}", "type", "string", "null"),
	    "The key it belongs to.");
	add(schema, "api_ids", list_of(of_type("string")), "The APIs that trust it as a CA.");
}

static json_t *unregistered_certificate(void)
{
	json_t *s = record_schema(&cg__certificate__descriptor);
	for (size_t i = 0; rest_not_registered[i]; i++)
		(void)json_object_del(json_object_get(s, "properties"), rest_not_registered[i]);
	(void)json_object_set_new(s, "type", json_pack("[s, s]", "object", "null"));
	return s;
}

/* NULL where the form is that of FORM_READ. */
static json_t *schema_of(const ProtobufCMessageDescriptor *type, enum form form)
{
	bool key = type == &cg__key__descriptor, cert = type == &cg__certificate__descriptor;
	bool refusal = type == &cg__refusal__descriptor;
	bool user_cert = type == &cg__user_certificate__descriptor;
	bool from_members = key || is_plain(type) || type == &cg__rest_token__descriptor;
	if (form_of(type, form) != form)
		return NULL;
	if (type == &cg__rest_token__descriptor) {
		json_t *token = form == FORM_NEW ? record_schema_new(type) : record_schema(type);
		if (form == FORM_MADE)
			add(token, "token", of_type("string"), "The token; it is shown only here.");
		return token;
	}
	json_t *s = form != FORM_NEW ? record_schema(type)
		    : from_members   ? record_schema_new(type)
				     : empty();
	if (form == FORM_NEW && cert) {
		add(s, "pem", of_type("string"), "The certificate; a private key is thrown away.");
		add(s, "kind",
		    json_pack("{s:s, s:[s, s, s]}", "type", "string", "enum", "client", "ca",
			      "upstream"),
		    "What it is for; client unless given.");
		(void)json_object_set_new(s, "required", json_pack("[s]", "pem"));
		return s;
	}
	if (type == &cg__key_request__descriptor) {
		static const char *const members[] = {"name", "developer_id", "catalogue_id",
						      "key_id", "token"};
		json_t *whole = record_schema(type);
		if (form == FORM_MADE)
			add_told(whole, false);
		if (form != FORM_NEW) {
			json_decref(s);
			return whole;
		}
		for (size_t i = 0; i < CG_COUNT(members); i++)
			(void)json_object_set(
			    json_object_get(s, "properties"), members[i],
			    json_object_get(json_object_get(whole, "properties"), members[i]));
		json_decref(whole);
		add(s, "certificate", of_type("string"),
		    "PEM: the public certificate; a private key is thrown away.");
		(void)json_object_set_new(s, "required",
					  json_pack("[s, s]", "developer_id", "catalogue_id"));
		return s;
	}
	if (form == FORM_NEW && !is_plain(type)) {
		add_wish(s);
		if (user_cert)
			(void)json_object_del(json_object_get(s, "properties"), "token");
		return s;
	}
	if (key)
		add(s, "credentials", list_of(reference("Credential")), "How its holder is known.");
	if (cert)
		add_use(s);
	if (refusal) {
		add(s, "id", of_type("string"), "The request's id.");
		add(s, "certificate", unregistered_certificate(),
		    "The unknown certificate; null when none came or it is not kept any more.");
	}
	if (type == &cg__user__descriptor || type == &cg__developer__descriptor)
		add(s, "password",
		    json_pack("{s:s, s:b, s:i}", "type", "string", "writeOnly", 1, "minLength",
			      PASSWORD_CHARS_MIN),
		    "To sign in with; needed for a new user, never shown.");
	/* Of a new organisation it is another one. */
	if (type == &cg__developer__descriptor)
		(void)json_object_del(json_object_get(json_object_get(s, "properties"), "role"),
				      "default");
	if (type == &cg__user__descriptor && form == FORM_NEW)
		(void)json_array_append_new(json_object_get(s, "required"),
					    json_string("password"));
	if (form == FORM_MADE)
		add_told(s, !cert && !user_cert);
	return s;
}

static json_t *reference_to(const ProtobufCMessageDescriptor *type, enum form form)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "%s%s", type->short_name, suffixes[form_of(type, form)]);
	return reference(name);
}

static bool makes(const struct rest_route *r)
{
	return strcmp(r->route.method, "POST") == 0 && !(r->route.flags & (REST_ACT | REST_REASON));
}

static json_t *request_body(const struct rest_route *r)
{
	if (r->route.flags & REST_CRL)
		return json_pack("{s:b, s:o}", "required", 1, "content",
				 content("application/pkix-crl", of_type("string")));
	if (r->route.flags & REST_REASON)
		return json_pack(
		    "{s:b, s:o}", "required", 0, "content",
		    content("application/json",
			    json_pack("{s:s, s:{s:{s:s}}, s:b}", "type", "object", "properties",
				      "reason", "type", "string", "additionalProperties", 0)));
	if (!makes(r) && !(r->route.flags & REST_PATCH))
		return NULL;
	json_t *schema = reference_to(r->record, makes(r) ? FORM_NEW : FORM_READ);
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
	json_t *schema = reference_to(r->record, makes(r) ? FORM_MADE : FORM_READ);
	if (!(r->route.flags & REST_LIST))
		return schema;
	json_t *page =
	    json_pack("{s:s, s:{s:o, s:{s:[s, s]}}, s:b}", "type", "object", "properties", "items",
		      list_of(schema), "next", "type", "string", "null", "additionalProperties", 0);
	if (r->record == &cg__certificate__descriptor || r->record == &cg__key__descriptor)
		add(page, "notice", of_type("string"),
		    "What is worth knowing of q: that SHA-1 finds nothing, say.");
	return page;
}

static json_t *responses(const struct rest_route *r)
{
	char status[8];
	json_t *out = json_object();
	json_t *ok = json_pack("{s:s}", "description", r->summary);
	(void)snprintf(status, sizeof(status), "%d", r->status);
	if (r->record || r->answer)
		(void)json_object_set_new(
		    ok, "content",
		    content("application/json", r->answer ? r->answer() : answer_schema(r)));
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

static void add_own_parameters(json_t *to, const char *text, struct arena *arena)
{
	struct span rest = span_of(text), one, name;
	while (span_next(&rest, '|', &one)) {
		(void)span_next(&one, ':', &name);
		add_parameter(to, arena_copy(arena, name), "query", "string");
		(void)json_object_set_new(json_array_get(to, json_array_size(to) - 1),
					  "description",
					  json_stringn(span_trim(one).p, span_trim(one).n));
	}
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

static json_t *operation(const struct rest_route *r, json_t *parameters, struct arena *arena)
{
	json_t *body = request_body(r);
	if (r->route.flags & REST_LIST) {
		add_parameter(parameters, "limit", "query", "integer");
		add_parameter(parameters, "cursor", "query", "string");
		add_parameter(parameters, "q", "query", "string");
	}
	if (r->query)
		add_own_parameters(parameters, r->query, arena);
	if (r->route.flags & REST_MATCH)
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
	json_t *out = json_object();
	for (size_t i = 0; i < CG_COUNT(records); i++)
		for (size_t form = 0; form < CG_COUNT(suffixes); form++) {
			json_t *schema = schema_of(records[i], (enum form)form);
			char name[64];
			(void)snprintf(name, sizeof(name), "%s%s", records[i]->short_name,
				       suffixes[form]);
			if (schema)
				(void)json_object_set_new(out, name, schema);
		}
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
		for (; n < sizeof(method) - 1 && r->route.method[n]; n++)
			method[n] = (char)(r->route.method[n] + 32);
		method[n] = '\0';
		json_t *item = path ? json_object_get(paths, path) : NULL;
		if (!item) {
			item = json_object();
			(void)json_object_set_new(paths, path ? path : "", item);
		}
		(void)json_object_set_new(item, method, operation(r, parameters, call->arena));
	}
	json_t *body =
	    json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:o, s:{s:{s:s, s:s}}}, s:[{s:[]}]}", "openapi",
		      "3.1.0", "info", "title", "certgate", "version", CG_VERSION, "paths", paths,
		      "components", "schemas", schemas(), "securitySchemes", "token", "type",
		      "http", "scheme", "bearer", "security", "token");
	web_json_send(call->resp, 200, body);
	json_decref(body);
}
