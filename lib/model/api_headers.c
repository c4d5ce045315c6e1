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

static bool is_kept(const Cg__SecretHeader *header, const Cg__Api *before)
{
	/* What was kept is the same memory. */
	for (size_t i = 0; before && i < before->n_secret_headers; i++)
		if (before->secret_headers[i]->value.data == header->value.data)
			return true;
	return false;
}

static const char *secret_name_fault(const struct rules *r, size_t i)
{
	const Cg__Api *api = r->api;
	const char *name = api->secret_headers[i]->name, *why = name_fault(r, name, true);
	for (size_t k = 0; !why && k < i; k++)
		if (strcasecmp(api->secret_headers[k]->name, name) == 0)
			why = "is there twice";
	for (size_t k = 0; !why && api->request_headers && k < api->request_headers->n_set; k++)
		if (strcasecmp(api->request_headers->set[k]->name, name) == 0)
			why = "is in request_headers.set, too";
	return why;
}

/* A line break in it would make another field of what follows. */
static cg_rc check_secret(struct store_txn *txn, const struct rules *r, size_t i, bool kept,
			  struct arena *arena)
{
	Cg__SecretHeader *header = r->api->secret_headers[i];
	const char *why = secret_name_fault(r, i);
	char at[64];
	(void)snprintf(at, sizeof(at), "secret_headers[%u].name", (unsigned)i);
	cg_rc rc = why ? cg_fail_field(r->err, at, "%s", why) : CG_OK;
	(void)snprintf(at, sizeof(at), "secret_headers[%u].value", (unsigned)i);
	if (!kept && !text_is_clean(span_make(header->value.data, header->value.len)))
		rc = cg_fail_field(r->err, at, "holds control characters; remove them");
	return rc == CG_OK && !kept
		   ? api_seal_header(store_txn_home(txn), r->api, header, arena, r->err)
		   : rc;
}

static cg_rc check_secrets(struct store_txn *txn, const struct rules *r, const Cg__Api *before,
			   struct arena *arena)
{
	cg_rc rc = CG_OK;
	if (r->api->n_secret_headers > HEADER_RULES_MAX)
		return cg_fail_field(r->err, "secret_headers", "has more than %d entries",
				     HEADER_RULES_MAX);
	for (size_t i = 0; i < r->api->n_secret_headers; i++)
		rc = cg_worse(
		    rc, check_secret(txn, r, i, is_kept(r->api->secret_headers[i], before), arena));
	return rc;
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

cg_rc api_check_headers(struct store_txn *txn, Cg__Api *api, const Cg__Api *before,
			struct arena *arena, struct cg_err *err)
{
	const struct rules request = {api, true, "request_headers", err},
			   response = {api, false, "response_headers", err};
	cg_rc rc = check_rules(&request, api->request_headers);
	rc = cg_worse(rc, check_rules(&response, api->response_headers));
	rc = cg_worse(rc, check_secrets(txn, &request, before, arena));
	return cg_worse(rc, check_cors(api->cors, arena, err));
}
