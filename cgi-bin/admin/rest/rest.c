/* The table of the REST interface, and what its resources share. */
#include "base/base.h"
#include "rest.h"
#include "../test_upstream.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "model/user.h"
#include "web/json.h"
#include "web/problem.h"

#define API	     &cg__api__descriptor
#define KEY	     &cg__key__descriptor
#define CREDENTIAL   &cg__credential__descriptor
#define CERTIFICATE  &cg__certificate__descriptor
#define CRL	     &cg__crl__descriptor
#define EXPOSED	     &cg__exposed_key__descriptor
#define POLICY	     &cg__policy__descriptor
#define AUDIT	     &cg__audit_entry__descriptor
#define TOKEN	     &cg__rest_token__descriptor
#define REFUSAL	     &cg__refusal__descriptor
#define USER	     &cg__user__descriptor
#define SETTING	     &cg__setting__descriptor
#define ORGANISATION &cg__organisation__descriptor
#define DEVELOPER    &cg__developer__descriptor
#define USER_CERT    &cg__user_certificate__descriptor
#define CATALOGUE    &cg__catalogue_entry__descriptor
#define REQUEST	     &cg__key_request__descriptor

/* clang-format off */
const struct rest_route rest_routes[] = {
	{{"GET", REST_BASE "/openapi.json", REST_OPEN, openapi_get}, "This description", NULL, 200, NULL},

	{{"GET", REST_BASE "/apis", REST_LIST, apis_list}, "List APIs", API, 200, NULL},
	{{"POST", REST_BASE "/apis", 0, apis_create}, "Make an API", API, 201, NULL},
	{{"GET", REST_BASE "/apis/:id", 0, apis_get}, "Read an API", API, 200, NULL},
	{{"PATCH", REST_BASE "/apis/:id", REST_PATCH | REST_MATCH, apis_change}, "Change an API", API, 200, NULL},
	{{"DELETE", REST_BASE "/apis/:id", REST_MATCH, apis_remove}, "Remove an API, also from the access rights of keys", NULL, 204, NULL},
	{{"POST", REST_BASE "/apis/:id/test", REST_ACT, apis_test}, "Ask the API's upstreams, with its own settings, and tell what was seen", NULL, 200, NULL, test_upstream_schema},

	{{"GET", REST_BASE "/certificates", REST_LIST, certificates_list}, "List certificates", CERTIFICATE, 200, NULL},
	{{"POST", REST_BASE "/certificates", REST_PEM, certificates_create}, "Register a certificate", CERTIFICATE, 201, "kind: client (unless given), ca or upstream; for a body that is no JSON."},
	{{"GET", REST_BASE "/certificates/:sha256", 0, certificates_get}, "Read a certificate", CERTIFICATE, 200, NULL},
	{{"DELETE", REST_BASE "/certificates/:sha256", REST_MATCH, certificates_remove}, "Remove a certificate", NULL, 204, "cascade: true also takes it from the key that uses it; a CA that APIs trust stays."},
	{{"GET", REST_BASE "/certificates/:sha256/crl", 0, crl_get}, "Read the revocation list of a CA", CRL, 200, NULL},
	{{"PUT", REST_BASE "/certificates/:sha256/crl", REST_CRL | REST_MATCH, crl_put}, "Give the CA's newest revocation list, PEM or DER; past its next_update the CA's certificates are refused", CRL, 200, NULL},
	{{"DELETE", REST_BASE "/certificates/:sha256/crl", REST_MATCH, crl_remove}, "Forget the revocation list of a CA", NULL, 204, NULL},

	{{"GET", REST_BASE "/exposed-keys", REST_LIST, exposed_keys_list}, "List the public keys that are blocked", EXPOSED, 200, NULL},
	{{"POST", REST_BASE "/exposed-keys", 0, exposed_keys_create}, "Block a public key whose private key is in other hands: what carries it is revoked, and nothing with it can be registered", EXPOSED, 201, NULL},
	{{"GET", REST_BASE "/exposed-keys/:sha256", 0, exposed_keys_get}, "Read a block", EXPOSED, 200, NULL},
	{{"DELETE", REST_BASE "/exposed-keys/:sha256", REST_MATCH, exposed_keys_remove}, "Lift a block; what was revoked with it stays so", NULL, 204, NULL},

	{{"GET", REST_BASE "/keys", REST_LIST, keys_list}, "List keys by name; q also finds by the subject, names and SHA-256 fingerprint of their certificates, and what else is given has to fit too", KEY, 200, "status: active (lets requests in), ending (of these: not for more than 30 days), expired, no_credential (has none that counts) or off.|credential: certificate or token: has one that is not revoked.|api_id: an API, by id or name, that its access names, its own or that of a policy.|policy_id: a policy that it has, by id or name.|organisation_id: the organisation it belongs to, by id or name.|tag: a tag, whole."},
	{{"POST", REST_BASE "/keys", 0, keys_create}, "Make a key, with a certificate and/or a token", KEY, 201, NULL},
	{{"GET", REST_BASE "/keys/:id", 0, keys_get}, "Read a key", KEY, 200, NULL},
	{{"PATCH", REST_BASE "/keys/:id", REST_PATCH | REST_MATCH, keys_change}, "Change a key", KEY, 200, NULL},
	{{"DELETE", REST_BASE "/keys/:id", REST_MATCH, keys_remove}, "Remove a key and its credentials", NULL, 204, NULL},

	{{"GET", REST_BASE "/keys/:id/effective", 0, keys_effective}, "What a key may do with its policies, and where each value comes from", NULL, 200, NULL, effective_schema},

	{{"GET", REST_BASE "/keys/:id/credentials", REST_LIST, credentials_list}, "List a key's credentials", CREDENTIAL, 200, NULL},
	{{"POST", REST_BASE "/keys/:id/credentials", REST_PEM, credentials_create}, "Add a certificate or a token to a key", CREDENTIAL, 201, NULL},
	{{"GET", REST_BASE "/keys/:id/credentials/:sha256", 0, credentials_get}, "Read a credential", CREDENTIAL, 200, NULL},
	{{"PATCH", REST_BASE "/keys/:id/credentials/:sha256", REST_PATCH | REST_MATCH, credentials_change}, "Change a credential", CREDENTIAL, 200, NULL},
	{{"DELETE", REST_BASE "/keys/:id/credentials/:sha256", REST_MATCH, credentials_revoke}, "Revoke a credential", NULL, 204, "reason: other (unless given), superseded, left, or key_exposed, which blocks the certificate's public key."},

	{{"GET", REST_BASE "/policies", REST_LIST, policies_list}, "List policies", POLICY, 200, NULL},
	{{"POST", REST_BASE "/policies", 0, policies_create}, "Make a policy", POLICY, 201, NULL},
	{{"GET", REST_BASE "/policies/:id", 0, policies_get}, "Read a policy", POLICY, 200, NULL},
	{{"PATCH", REST_BASE "/policies/:id", REST_PATCH | REST_MATCH, policies_change}, "Change a policy", POLICY, 200, NULL},
	{{"DELETE", REST_BASE "/policies/:id", REST_MATCH, policies_remove}, "Remove a policy", NULL, 204, "detach: true also takes it from the keys that have it."},

	{{"GET", REST_BASE "/organisations", REST_LIST, organisations_list}, "List organisations", ORGANISATION, 200, NULL},
	{{"POST", REST_BASE "/organisations", 0, organisations_create}, "Make an organisation", ORGANISATION, 201, NULL},
	{{"GET", REST_BASE "/organisations/:id", 0, organisations_get}, "Read an organisation", ORGANISATION, 200, NULL},
	{{"PATCH", REST_BASE "/organisations/:id", REST_PATCH | REST_MATCH, organisations_change}, "Change an organisation", ORGANISATION, 200, NULL},
	{{"DELETE", REST_BASE "/organisations/:id", REST_MATCH, organisations_remove}, "Remove an organisation that has neither developers nor keys", NULL, 204, NULL},

	{{"GET", REST_BASE "/developers", REST_LIST, developers_list}, "List developers; q also finds by address", DEVELOPER, 200, NULL},
	{{"POST", REST_BASE "/developers", 0, developers_create}, "Make a developer, who can sign in to the portal with the password, or set one by mail", DEVELOPER, 201, NULL},
	{{"GET", REST_BASE "/developers/:id", 0, developers_get}, "Read a developer", DEVELOPER, 200, NULL},
	{{"PATCH", REST_BASE "/developers/:id", REST_PATCH | REST_MATCH, developers_change}, "Change a developer; a new password ends the sessions", DEVELOPER, 200, NULL},
	{{"DELETE", REST_BASE "/developers/:id", REST_MATCH, developers_remove}, "Remove a developer; of the last one of an organisation its keys and the organisation go too", NULL, 204, NULL},
	{{"GET", REST_BASE "/developers/:id/export", 0, developers_export}, "All that is kept about a developer", NULL, 200, NULL, developer_export_schema},

	{{"GET", REST_BASE "/catalogue", REST_LIST, catalogue_list}, "List what developers may ask a key for", CATALOGUE, 200, NULL},
	{{"POST", REST_BASE "/catalogue", 0, catalogue_create}, "Offer a policy in the portal", CATALOGUE, 201, NULL},
	{{"GET", REST_BASE "/catalogue/:id", 0, catalogue_get}, "Read a catalogue entry", CATALOGUE, 200, NULL},
	{{"PATCH", REST_BASE "/catalogue/:id", REST_PATCH | REST_MATCH, catalogue_change}, "Change a catalogue entry", CATALOGUE, 200, NULL},
	{{"DELETE", REST_BASE "/catalogue/:id", REST_MATCH, catalogue_remove}, "Remove a catalogue entry; keys that came of it stay, requests that wait are declined", NULL, 204, NULL},

	{{"GET", REST_BASE "/requests", REST_LIST, requests_list}, "List requests of developers, by name; with parameters of its own those that all of them fit, the newest first, where q is looked for in names of keys, developers, their organisations and entries, and in addresses", REQUEST, 200, "status: pending, approved, declined or withdrawn.|developer_id: who asked, by id or name.|catalogue_id: the entry asked for, by id or name.|key_id: the key it is about, by id or name."},
	{{"POST", REST_BASE "/requests", 0, requests_create}, "Ask for a key on behalf of a developer, with a certificate or a token, or for more access of a key", REQUEST, 201, NULL},
	{{"GET", REST_BASE "/requests/:id", 0, requests_get}, "Read a request", REQUEST, 200, NULL},
	{{"POST", REST_BASE "/requests/:id/approve", REST_ACT | REST_MATCH, requests_approve}, "Approve a request: the key is made, or gets the access or the certificate; once, however often it is sent", REQUEST, 200, NULL},
	{{"POST", REST_BASE "/requests/:id/decline", REST_REASON | REST_MATCH, requests_decline}, "Decline a request; the developer gets the reason by mail", REQUEST, 200, NULL},

	{{"GET", REST_BASE "/audit", REST_LIST, audit_get}, "Who changed what, newest first", AUDIT, 200, NULL},

	{{"GET", REST_BASE "/refusals", REST_LIST, refusals_get_list}, "The newest refused requests and why, newest first", REFUSAL, 200, "code: of the refusal.|api_id: the API's, by id or name; of one that was removed its id.|sha256: of a certificate or a token, in any notation.|request_id: the request's."},
	{{"GET", REST_BASE "/refusals/:id", 0, refusals_get}, "Read a refused request, by its request id", REFUSAL, 200, NULL},
	{{"POST", REST_BASE "/refusals/:id/key", 0, refusals_make_key}, "Make a key from the unknown certificate of a refused request", KEY, 201, NULL},

	{{"GET", REST_BASE "/usage", 0, usage_get}, "How much was called and how it went: requests, refusals, errors of upstreams, latencies (of the whole, the upstream's part, and certgate's own)", NULL, 200, "limit: items of a page; 50 unless given, at most 500.|cursor: of the page before, for the same question.|from: RFC 3339, inclusive; a day before to unless given.|to: RFC 3339, exclusive; now unless given.|step: minute (kept for 2 days), hour (60 days) or day (2 years); left out: one sum.|group_by: api, key, status or code; with key an item has how much of its quota is used.|api_id: only of this API, by id or name; of one that was removed its id.|key_id: only of this key, likewise.", usage_schema},

	{{"GET", REST_BASE "/reports/access", 0, access_report_get}, "Who could call what at a time, who allowed it, and when it was last used; exact from exact_from on (null: always)", NULL, 200, "limit: items of a page; 50 unless given, at most 500.|cursor: of the page before.|at: RFC 3339; now unless given.|format: json, or csv: the whole report as a file (also by Accept: text/csv).", access_report_schema},

	{{"GET", REST_BASE "/users", REST_LIST | REST_OWNER, users_list}, "List the people who sign in", USER, 200, NULL},
	{{"POST", REST_BASE "/users", REST_OWNER, users_create}, "Let somebody sign in", USER, 201, NULL},
	{{"GET", REST_BASE "/users/:id", REST_OWNER, users_get}, "Read a user", USER, 200, NULL},
	{{"PATCH", REST_BASE "/users/:id", REST_PATCH | REST_MATCH | REST_OWNER, users_change}, "Change a user; a new password ends the sessions", USER, 200, NULL},
	{{"DELETE", REST_BASE "/users/:id", REST_MATCH | REST_OWNER, users_remove}, "Remove a user with sessions and tokens; not the last owner", NULL, 204, NULL},

	{{"GET", REST_BASE "/users/:id/certificates", REST_LIST | REST_OWNER, user_certificates_list}, "List the certificates that sign a user in", USER_CERT, 200, NULL},
	{{"POST", REST_BASE "/users/:id/certificates", REST_PEM | REST_OWNER, user_certificates_create}, "Let a certificate sign a user in; it can be no key's", USER_CERT, 201, NULL},
	{{"GET", REST_BASE "/users/:id/certificates/:sha256", REST_OWNER, user_certificates_get}, "Read one", USER_CERT, 200, NULL},
	{{"DELETE", REST_BASE "/users/:id/certificates/:sha256", REST_MATCH | REST_OWNER, user_certificates_remove}, "Take it away; the user's sessions end", NULL, 204, NULL},

	{{"GET", REST_BASE "/tokens", REST_LIST | REST_OWNER, tokens_list}, "List REST tokens", TOKEN, 200, NULL},
	{{"POST", REST_BASE "/tokens", REST_OWNER, tokens_create}, "Make a REST token of the caller's own", TOKEN, 201, NULL},
	{{"GET", REST_BASE "/tokens/:id", REST_OWNER, tokens_get}, "Read a REST token", TOKEN, 200, NULL},
	{{"PATCH", REST_BASE "/tokens/:id", REST_PATCH | REST_MATCH | REST_OWNER, tokens_change}, "Change a REST token", TOKEN, 200, NULL},
	{{"DELETE", REST_BASE "/tokens/:id", REST_MATCH | REST_OWNER, tokens_remove}, "End a REST token", NULL, 204, NULL},

	{{"GET", REST_BASE "/settings", REST_OWNER, settings_get}, "Read what holds for the whole installation", SETTING, 200, NULL},
	{{"PATCH", REST_BASE "/settings", REST_PATCH | REST_MATCH | REST_OWNER, settings_change}, "Change the settings", SETTING, 200, NULL},
};
/* clang-format on */
const size_t rest_routes_n = CG_COUNT(rest_routes);

const char *rest_param(struct rest_call *call, size_t i)
{
	struct span p = call->match.params[i];
	const char *text = p.n > 0 && !memchr(p.p, '\0', p.n) ? arena_copy(call->arena, p) : NULL;
	return text ? text : "";
}

/* Nobody is known who sent it: 401. */
#define UNAUTHORIZED "unauthorized"

void rest_fail(struct rest_call *call, cg_rc rc, const struct cg_err *err)
{
	if (call->look_at)
		return;
	if (rc == CG_DENIED && err->code && strcmp(err->code, UNAUTHORIZED) == 0) {
		(void)web_response_field_text(call->resp, "WWW-Authenticate",
					      "Bearer realm=\"certgate\"");
		web_problem_send(call->resp, &(struct web_problem){.status = 401,
								   .code = err->code,
								   .detail = err->text,
								   .request_id = call->req->id});
		return;
	}
	if (rc == CG_UNAVAILABLE || rc == CG_FAIL || rc == CG_FULL)
		log_error("rest_failed", "request_id", call->req->id, "cause", err->text, LOG_END);
	if (call->actor.id)
		web_problem(call->resp, rc, err);
	else
		web_problem_stranger(call->resp, rc, err);
}

static uint64_t revision_of(const void *message)
{
	const ProtobufCMessage *m = message;
	if (m->descriptor == CERTIFICATE)
		return ((const Cg__Certificate *)message)->revision;
	if (m->descriptor == AUDIT || m->descriptor == REFUSAL)
		return 0;
	if (m->descriptor == CREDENTIAL)
		return ((const Cg__Credential *)message)->revision;
	if (m->descriptor == EXPOSED)
		return ((const Cg__ExposedKey *)message)->revision;
	if (m->descriptor == CRL)
		return ((const Cg__Crl *)message)->revision;
	return ((const struct entity_head *)message)->revision;
}

void rest_send(struct rest_call *call, int status, const void *message, json_t *more,
	       const char *path)
{
	uint64_t revision = revision_of(message);
	if (call->look_at) {
		*call->look_at = revision;
		json_decref(more);
		return;
	}
	json_t *body = record_to_json(message);
	if (body && more && json_object_update(body, more) < 0) {
		json_decref(body);
		body = NULL;
	}
	json_decref(more);
	if (revision > 0)
		(void)web_response_field_text(
		    call->resp, "ETag", arena_printf(call->arena, "\"%" PRIu64 "\"", revision));
	const char *id = json_string_value(json_object_get(body, "id"));
	if (!id)
		id = json_string_value(json_object_get(body, "sha256"));
	if (status == 201 && id)
		(void)web_response_field_text(
		    call->resp, "Location",
		    arena_printf(call->arena, REST_BASE "/%s/%s", path, id));
	web_json_send(call->resp, status, body);
	json_decref(body);
}

void rest_send_removed(struct rest_call *call, cg_rc rc, const struct cg_err *err)
{
	if (rc != CG_OK)
		rest_fail(call, rc, err);
	else
		(void)web_response_send(call->resp, 204, NULL, SPAN_LIT(""));
}

static bool takes(const struct rest_call *call, struct span name)
{
	struct span rest = span_of(call->row->query), one, own;
	if ((call->row->route.flags & REST_LIST) &&
	    (span_is(name, SPAN_LIT("limit")) || span_is(name, SPAN_LIT("cursor")) ||
	     span_is(name, SPAN_LIT("q"))))
		return true;
	while (span_next(&rest, '|', &one))
		if (span_next(&one, ':', &own) && span_is(own, name))
			return true;
	return false;
}

/* The same for every route: a parameter that is not known, or is there twice, would be asked for in
 * vain.  False after having answered 400. */
static bool knows_parameters(struct rest_call *call)
{
	struct span rest = call->req->target.query, name, value;
	struct cg_err err = {0};
	cg_rc rc = CG_OK;
	int more;
	while (rc == CG_OK && (more = web_query_next(&rest, call->arena, &name, &value)) != 0) {
		char *text = more > 0 ? arena_copy(call->arena, name) : NULL;
		if (more < 0)
			rc = cg_fail(&err, CG_BAD_INPUT, "The query cannot be read.");
		else if (!text)
			rc = cg_fail_memory(&err);
		else if (!takes(call, name))
			rc = cg_fail_code(
			    &err, CG_BAD_INPUT, "unknown_parameter",
			    "The query parameter “%.60s” is not known here; openapi.json says what "
			    "is, and lists take limit, cursor and q.",
			    text);
		else
			rc =
			    web_query_get(call->req->target.query, call->arena, text, &value, &err);
	}
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	return rc == CG_OK;
}

cg_rc rest_read_page(struct rest_call *call, struct rest_page *out, struct cg_err *err)
{
	struct span rest = call->req->target.query, name, value;
	struct rest_page page = {.limit = LIST_LIMIT_DEFAULT};
	uint64_t number;
	int more;
	cg_rc rc = CG_OK;
	while ((more = web_query_next(&rest, call->arena, &name, &value)) > 0) {
		if (span_is(name, SPAN_LIT("limit"))) {
			if (number_parse(value, LIST_LIMIT_MAX, &number) && number > 0)
				page.limit = (size_t)number;
			else
				rc = cg_fail_field(err, "limit", "must be a number from 1 to %d",
						   LIST_LIMIT_MAX);
		} else if (span_is(name, SPAN_LIT("cursor"))) {
			page.cursor = value;
		} else if (span_is(name, SPAN_LIT("q"))) {
			page.q = span_trim(value);
		}
	}
	if (more < 0)
		return cg_fail(err, CG_BAD_INPUT, "The query cannot be read.");
	*out = page;
	return rc;
}

void rest_send_page(struct rest_call *call, json_t *items, const char *next)
{
	json_t *body = json_pack("{s:o, s:s?}", "items", items, "next", next);
	web_json_send(call->resp, 200, body);
	json_decref(body);
}

cg_rc rest_read_digest_page(struct rest_call *call, struct rest_page *out, struct cg_err *err)
{
	struct sha256 digest;
	cg_rc rc = rest_read_page(call, out, err);
	return (rc == CG_OK || rc == CG_BAD_VALUE) && out->cursor.n > 0 &&
		       !hex_parse(out->cursor, digest.b, SHA256_BYTES)
		   ? cg_fail_field(err, "cursor", "is not one that a list gave")
		   : rc;
}

void rest_send_digest_page(struct rest_call *call, const struct rest_page *page, json_t *all)
{
	char start[SHA256_HEX + 1];
	bool is_start = sha256_start(page->q, start) > 0 && *start;
	const struct span q = is_start ? span_of(start) : page->q;
	const char *last = NULL, *next = NULL;
	json_t *items = json_array(), *item;
	size_t i;
	json_array_foreach(all, i, item)
	{
		const char *sha256 = json_string_value(json_object_get(item, "sha256"));
		if (!sha256 || !span_starts(span_of(sha256), q) ||
		    (page->cursor.n > 0 && memcmp(sha256, page->cursor.p, SHA256_HEX) <= 0))
			continue;
		if (json_array_size(items) == page->limit) {
			next = last;
			break;
		}
		(void)json_array_append(items, item);
		last = sha256;
	}
	rest_send_page(call, items, next);
	json_decref(all);
}

/* Revisions that If-Match lists (RFC 9110 section 13.1.1); tags that are none of ours match
 * nothing. */
#define TAGS_MAX 32
struct tags {
	bool any;
	uint64_t revisions[TAGS_MAX];
	size_t n;
};

static void read_tags(struct rest_call *call, struct tags *out)
{
	const struct web_request *req = call->req;
	struct span rest, tag;
	size_t times = 0;
	out->n = 0;
	out->any = false;
	for (size_t i = 0; i < req->n_fields; i++) {
		if (!web_field_is(req->fields[i].name, "if-match"))
			continue;
		times++;
		rest = req->fields[i].value;
		out->any = span_is(span_trim(rest), SPAN_LIT("*"));
		/* A tag of ours has no comma in it. */
		while (out->n < TAGS_MAX && span_next(&rest, ',', &tag)) {
			tag = span_trim(tag);
			/* "01" is another tag than "1". */
			if (tag.n > 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"' &&
			    tag.p[1] != '0' &&
			    number_parse(span_make(tag.p + 1, tag.n - 2), INT64_MAX,
					 &out->revisions[out->n]))
				out->n++;
		}
	}
	out->any = times == 0 || (times == 1 && out->any);
}

/* Of what the call is about, as its GET would tell it: that of the path, or of the part of it that
 * an action ("/approve") is below.  0: it cannot be read. */
static uint64_t newest_revision(struct rest_call *call)
{
	uint64_t revision = 0;
	struct rest_call look = *call;
	const char *path = call->row->route.path;
	size_t longest = 0;
	look.look_at = &revision;
	for (size_t i = 0; i < rest_routes_n; i++) {
		const struct web_route *r = &rest_routes[i].route;
		size_t n = strlen(r->path);
		if (strcmp(r->method, "GET") == 0 && n > longest &&
		    strncmp(r->path, path, n) == 0 && (path[n] == '\0' || path[n] == '/')) {
			longest = n;
			look.row = &rest_routes[i];
		}
	}
	look.match.route = &look.row->route;
	if (longest > 0)
		look.match.route->handler(&look);
	return revision;
}

cg_rc rest_if_match(struct rest_call *call, uint64_t *out, struct cg_err *err)
{
	struct tags tags;
	read_tags(call, &tags);
	if (tags.any) {
		*out = ENTITY_ANY_REVISION;
		return CG_OK;
	}
	/* Of several that one which is the newest now; whether it still is, the transaction looks.
	 */
	if (tags.n > 1) {
		uint64_t newest = newest_revision(call);
		for (size_t i = 0; i < tags.n; i++)
			if (tags.revisions[i] == newest)
				tags.revisions[0] = newest;
	}
	if (tags.n > 0) {
		*out = tags.revisions[0];
		return CG_OK;
	}
	return cg_fail(err, CG_STALE,
		       "If-Match does not hold the ETag of this record's newest "
		       "revision: read it again and repeat your change.");
}

cg_rc rest_query_id(struct rest_call *call, const struct entity *e, const char *name,
		    struct span *out, struct cg_err *err)
{
	const char *id = NULL;
	*out = (struct span){NULL, 0};
	cg_rc rc = web_query_get(call->req->target.query, call->arena, name, out, err);
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	rc = entity_read_id(call->admin->store, e, *out, name, true, call->arena, &id, err);
	if (rc == CG_OK && id)
		*out = span_of(id);
	return rc;
}

#define TIME_PARAMETER_MAX 64 /* bytes */

cg_rc rest_time(struct rest_call *call, const char *name, int64_t *out, struct cg_err *err)
{
	struct span text;
	cg_rc rc = web_query_get(call->req->target.query, call->arena, name, &text, err);
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	/* A plus of an offset that was not escaped is a space. */
	for (size_t i = 0; i < text.n && text.n <= TIME_PARAMETER_MAX; i++)
		if (i > 10 && text.p[i] == ' ')
			text = span_of(arena_printf(call->arena, "%.*s+%.*s", (int)i, text.p,
						    (int)(text.n - i - 1), text.p + i + 1));
	return rfc3339_parse(text, out)
		   ? CG_OK
		   : cg_fail_field(err, name, "must be a time such as 2026-11-25T13:00:00Z");
}

cg_rc rest_flag(struct rest_call *call, const char *name, bool *out, struct cg_err *err)
{
	struct span value = SPAN_LIT("false");
	cg_rc rc = web_query_get(call->req->target.query, call->arena, name, &value, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	*out = span_is(value, SPAN_LIT("true"));
	if (!*out && !span_is(value, SPAN_LIT("false")))
		return cg_fail_field(err, name, "must be true or false");
	return CG_OK;
}

/* --- the way in --- */

/* Who is signed in to the pages, for their scripts: with the form token in X-CSRF-Token where
 * something may change.  CG_NOT_FOUND when nobody is. */
static cg_rc find_session(struct rest_call *call, struct cg_err *err)
{
	struct signed_in who;
	struct span token = {NULL, 0};
	bool reads = span_is_text(call->req->method, "GET") || call->req->is_head;
	cg_rc rc = session_find(call->admin->store, CG__SESSION__OF__USER, ADMIN_COOKIE, call->req,
				&who, err);
	if (rc != CG_OK)
		return rc;
	if (!who.session)
		return CG_NOT_FOUND;
	(void)web_request_field(call->req, "x-csrf-token", &token);
	if (who.user->must_change)
		return cg_fail_code(err, CG_DENIED, "password_must_change",
				    "Change the one-time password on /admin/password first.");
	if (!session_same_origin(call->req) ||
	    (!reads && !same_secret(token, span_of(who.form_token))))
		return cg_fail_code(err, CG_DENIED, "csrf_token",
				    "Send the page's form token in X-CSRF-Token, from a page of "
				    "this host.");
	call->actor.name = who.user->name;
	call->actor.id = who.user->id;
	call->actor.role = who.user->role;
	return CG_OK;
}

/* "Bearer TOKEN", or a session; CG_DENIED with the code UNAUTHORIZED when there is neither. */
static cg_rc find_actor(struct rest_call *call, struct cg_err *err)
{
	struct span value, bearer = SPAN_LIT("Bearer ");
	size_t sent = web_request_field(call->req, "authorization", &value);
	cg_rc rc = sent == 0 ? find_session(call, err) : CG_NOT_FOUND;
	if (sent == 1 && value.n > bearer.n &&
	    span_is_nocase(span_make(value.p, bearer.n), bearer)) {
		rc = token_check(call->admin->store, span_trim(span_from(value, bearer.n)),
				 call->arena, &call->actor, err);
		rc = rc == CG_DENIED ? CG_NOT_FOUND : rc;
	}
	return rc == CG_NOT_FOUND
		   ? cg_fail_code(err, CG_DENIED, UNAUTHORIZED,
				  "Send a valid token: `Authorization: Bearer TOKEN`. One is made "
				  "by `certgate token create`.")
		   : rc;
}

/* What viewers may read, everybody may.  What changes something model/ decides as well; here it is
 * told before anything of the body is looked at. */
static cg_rc may_call(struct rest_call *call, struct cg_err *err)
{
	bool reads = strcmp(call->match.route->method, "GET") == 0;
	Cg__Role needed = call->match.route->flags & REST_OWNER ? CG__ROLE__OWNER
			  : reads				? CG__ROLE__VIEWER
								: CG__ROLE__ADMIN;
	return actor_require(&call->actor, needed, err);
}

/* A body can take its time: who has lost the right meanwhile sends it for nothing. */
static cg_rc judge(void *arg, struct cg_err *err)
{
	struct rest_call *call = arg;
	cg_rc rc = find_actor(call, err);
	return rc == CG_OK ? may_call(call, err) : rc;
}

/* False after having answered. */
static bool authenticate(struct rest_call *call)
{
	struct cg_err err = {0};
	cg_rc rc = judge(call, &err);
	call->req->when_read = judge;
	call->req->when_read_ctx = call;
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	return rc == CG_OK;
}

static void answer_no_route(struct rest_call *call, enum web_match match)
{
	if (match == WEB_MATCH_NO_METHOD)
		web_problem_no_method(call->resp, call->match.allow);
	else
		web_problem_send(call->resp, &(struct web_problem){
						 .status = 404,
						 .code = "not_found",
						 .detail = "There is no such resource; " REST_BASE
							   "/openapi.json lists all.",
						 .request_id = call->req->id});
}

/* Actions and removals take nothing: no body, or an empty object.  What stands in one would be
 * asked for in vain.  False after having answered 400. */
static bool brings_nothing(struct rest_call *call)
{
	struct cg_err err = {0};
	json_t *json = NULL;
	if (!((call->match.route->flags & REST_ACT) || span_is_text(call->req->method, "DELETE")) ||
	    call->req->body == WEB_BODY_NONE ||
	    (call->req->body == WEB_BODY_LENGTH && call->req->content_length == 0))
		return true;
	cg_rc rc = web_json_read(call->req, &json, &err);
	const char *name = json_object_iter_key(json_object_iter(json));
	if (rc == CG_OK && name) {
		rc = takes(call, span_of(name))
			 ? cg_fail_unknown(&err, name,
					   "is a parameter here: send ?%s= in the query", name)
			 : cg_fail_unknown(&err, name, "is not known here: this takes no members");
	}
	json_decref(json);
	if (rc != CG_OK)
		rest_fail(call, rc, &err);
	return rc == CG_OK;
}

void rest_handle(struct program *admin, struct web_request *req, struct web_response *resp)
{
	struct rest_call call = {.admin = admin, .req = req, .resp = resp, .arena = req->arena};
	struct web_route routes[CG_COUNT(rest_routes)];
	for (size_t i = 0; i < CG_COUNT(rest_routes); i++)
		routes[i] = rest_routes[i].route;
	char *address = arena_copy(req->arena, req->proof_ok ? req->remote_addr : SPAN_LIT(""));
	if (!address) {
		rest_fail(&call, CG_UNAVAILABLE, &(struct cg_err){"No memory."});
		return;
	}
	call.actor = (struct actor){.from_address = address, .request_id = req->id};
	enum web_match match = web_route_find(routes, CG_COUNT(routes), req->method,
					      req->target.path, req->arena, &call.match);
	if (match == WEB_MATCH_FOUND)
		call.row = &rest_routes[call.match.route - routes];
	if (match != WEB_MATCH_FOUND)
		answer_no_route(&call, match);
	else if (((call.match.route->flags & REST_OPEN) ||
		  (authenticate(&call) && brings_nothing(&call))) &&
		 knows_parameters(&call))
		call.match.route->handler(&call);
}
