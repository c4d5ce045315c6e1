/* What an API does to header fields. */
#include "base/base.h"
#include "model/api_in.h"
#include "base/field.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/url.h"
#include "model/pattern.h"

/* One list of rules, and where it stands. */
struct rules {
	const Cg__Api *api;
	bool request;
	const char *field; /* "request_headers" */
	struct cg_err *err;
};

/* Why a rule may not be about this field; NULL when it may. */
static const char *name_fault(const struct rules *r, const char *name, bool gives)
{
	static const char *const framing[] = {"host", "content-length", "expect", "http2-settings",
					      "x-request-id"};
	static const char *const limits[] = {"x-ratelimit-limit", "x-ratelimit-remaining",
					     "x-ratelimit-reset", "ratelimit", "ratelimit-policy"};
	struct span s = span_of(name), cors = SPAN_LIT("access-control-");
	if (!field_is_plain(s))
		return "is not a field's name of letters, digits and hyphens";
	for (size_t i = 0; i < CG_COUNT(framing); i++)
		if (strcasecmp(name, framing[i]) == 0)
			return "is a field that certgate makes itself";
	if (field_is_hop(s))
		return "is a field for one connection only";
	if (r->request)
		return field_is_identity(s) || strcasecmp(name, "traceparent") == 0
			   ? "is a field that certgate makes itself"
			   : NULL;
	for (size_t i = 0; i < CG_COUNT(limits); i++)
		if (strcasecmp(name, limits[i]) == 0)
			return "is a field that certgate makes itself";
	if (field_is_cgi_order(s))
		return "is a field that web servers take for an order";
	if (gives && strcasecmp(name, "set-cookie") == 0)
		return "cannot be given: cookies are the upstream's";
	if (r->api->cors && s.n > cors.n && span_is_nocase(span_make(s.p, cors.n), cors))
		return "is what cors makes";
	return NULL;
}

static cg_rc check_name(const struct rules *r, const char *list, size_t i, const char *name,
			bool gives)
{
	char at[64];
	const char *why = name_fault(r, name, gives);
	(void)snprintf(at, sizeof(at), "%s.%s[%u]%s", r->field, list, (unsigned)i,
		       gives ? ".name" : "");
	return why ? cg_fail_field(r->err, at, "%s", why) : CG_OK;
}

static cg_rc check_fields(const struct rules *r, const char *list, Cg__HeaderField **fields,
			  size_t n)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; i < n; i++)
		if (check_name(r, list, i, fields[i]->name, true) != CG_OK)
			rc = CG_BAD_VALUE;
	return rc;
}

static cg_rc check_rules(const struct rules *r, const Cg__HeaderRules *rules)
{
	cg_rc rc = CG_OK;
	if (!rules)
		return CG_OK;
	if (rules->n_remove + rules->n_set + rules->n_add > HEADER_RULES_MAX)
		return cg_fail_field(r->err, r->field, "has more than %d entries",
				     HEADER_RULES_MAX);
	for (size_t i = 0; i < rules->n_remove; i++)
		if (check_name(r, "remove", i, rules->remove[i], false) != CG_OK)
			rc = CG_BAD_VALUE;
	rc = cg_worse(rc, check_fields(r, "set", rules->set, rules->n_set));
	return cg_worse(rc, check_fields(r, "add", rules->add, rules->n_add));
}

/* As browsers send it (RFC 6454 section 6.2): nothing after the host but a port that is not the
 * scheme's own, all in small letters. */
static bool is_origin(const char *text, struct arena *arena)
{
	struct url url;
	if (url_parse(text, arena, &url) || *url.path || text[strlen(text) - 1] == '/')
		return false;
	for (const char *c = text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			return false;
	const char *port =
	    url.port == (url.https ? 443 : 80) ? "" : arena_printf(arena, ":%u", url.port);
	const char *plain = arena_printf(arena, "%s://%s%s", url.https ? "https" : "http", url.host,
					 port ? port : "");
	return plain && strcmp(plain, text) == 0;
}

static cg_rc check_tokens(char *const *list, size_t n, const char *field, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; i < n; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "cors.%s[%u]", field, (unsigned)i);
		if (!token_is_valid(list[i]) || strcmp(list[i], "*") == 0)
			rc = cg_fail_field(err, at, "is not a name; list each that is meant");
	}
	return rc;
}

static cg_rc check_cors(const Cg__Cors *cors, struct arena *arena, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	if (!cors)
		return CG_OK;
	if (cors->n_allowed_origins == 0)
		rc = cg_fail_field(err, "cors.allowed_origins",
				   "is empty: name an origin, or set cors to null");
	for (size_t i = 0; i < cors->n_allowed_origins; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "cors.allowed_origins[%u]", (unsigned)i);
		if (!is_origin(cors->allowed_origins[i], arena))
			rc = cg_fail_field(err, at,
					   "is not an origin as browsers send it, such as "
					   "https://app.example or http://localhost:3000");
	}
	rc = cg_worse(rc, check_tokens(cors->allowed_methods, cors->n_allowed_methods,
				       "allowed_methods", err));
	rc = cg_worse(rc, check_tokens(cors->allowed_headers, cors->n_allowed_headers,
				       "allowed_headers", err));
	return cg_worse(rc, check_tokens(cors->exposed_headers, cors->n_exposed_headers,
					 "exposed_headers", err));
}

cg_rc api_check_headers(Cg__Api *api, struct arena *arena, struct cg_err *err)
{
	const struct rules request = {api, true, "request_headers", err},
			   response = {api, false, "response_headers", err};
	cg_rc rc = check_rules(&request, api->request_headers);
	rc = cg_worse(rc, check_rules(&response, api->response_headers));
	return cg_worse(rc, check_cors(api->cors, arena, err));
}
