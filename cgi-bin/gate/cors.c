/* Pages of other origins: what browsers are told (the Fetch standard, section 3.2, HTTP CORS
 * protocol).  It keeps nobody out: that is what credentials are for. */
#include "base/base.h"
#include "gate.h"

static void add(struct web_field *fields, size_t *n, const char *name, const char *value)
{
	if (value)
		fields[(*n)++] = (struct web_field){span_of(name), span_of(value)};
}

static const char *join(struct exchange *x, const char *first, char *const *list, size_t n)
{
	const char *out = first;
	for (size_t i = 0; out && i < n; i++)
		out = arena_printf(x->arena, "%s%s%s", out, *out ? ", " : "", list[i]);
	return out && *out ? out : NULL;
}

/* The request's origin, where it is one of the API's. */
static const char *allowed_origin(const struct exchange *x)
{
	const Cg__Cors *cors = x->route->api->cors;
	struct span origin;
	if (web_request_field(x->req, "origin", &origin) != 1)
		return NULL;
	for (size_t i = 0; i < cors->n_allowed_origins; i++)
		if (span_is_text(origin, cors->allowed_origins[i]))
			return cors->allowed_origins[i];
	return NULL;
}

size_t cors_fields(struct exchange *x, struct web_field fields[CORS_FIELDS_MAX])
{
	const Cg__Cors *cors = x->route ? x->route->api->cors : NULL;
	size_t n = 0;
	if (!cors)
		return 0;
	const char *origin = allowed_origin(x);
	add(fields, &n, "Vary", "Origin");
	if (!origin)
		return n;
	add(fields, &n, "Access-Control-Allow-Origin", origin);
	add(fields, &n, "Access-Control-Allow-Credentials", cors->credentials ? "true" : NULL);
	add(fields, &n, "Access-Control-Expose-Headers",
	    join(x, "", cors->exposed_headers, cors->n_exposed_headers));
	return n;
}

bool cors_field_is_ours(const struct exchange *x, struct span name)
{
	struct span prefix = SPAN_LIT("access-control-");
	return x->route->api->cors && name.n > prefix.n &&
	       span_is_nocase(span_make(name.p, prefix.n), prefix);
}

static bool is_preflight(const struct exchange *x)
{
	return x->route->api->cors && span_is(x->req->method, SPAN_LIT("OPTIONS")) &&
	       web_request_field(x->req, "origin", NULL) > 0 &&
	       web_request_field(x->req, "access-control-request-method", NULL) > 0;
}

bool cors_answer_preflight(struct exchange *x)
{
	const Cg__Cors *cors = x->route->api->cors;
	struct web_field fields[CORS_FIELDS_MAX + 3];
	if (!is_preflight(x))
		return false;
	/* Browsers send none of the credentials; what does not depend on them holds all the same.
	 */
	enum refusal refusal = decide(&x->facts, x->req->received_unix_s).refusal;
	if (refusal != REFUSAL_NONE && refusal != REFUSAL_CREDENTIAL_MISSING)
		return false;
	size_t n = cors_fields(x, fields);
	if (allowed_origin(x)) {
		add(fields, &n, "Access-Control-Allow-Methods",
		    join(x, "GET, HEAD, POST", cors->allowed_methods, cors->n_allowed_methods));
		add(fields, &n, "Access-Control-Allow-Headers",
		    join(x, "", cors->allowed_headers, cors->n_allowed_headers));
		add(fields, &n, "Access-Control-Max-Age",
		    arena_printf(x->arena, "%" PRIu64, cors->max_age_seconds));
	}
	for (size_t i = 0; i < n; i++)
		(void)web_response_field(x->resp, fields[i].name, fields[i].value);
	(void)web_response_field_text(x->resp, "X-Request-Id", x->req->id);
	(void)web_response_send(x->resp, 204, NULL, SPAN_LIT(""));
	return true;
}
