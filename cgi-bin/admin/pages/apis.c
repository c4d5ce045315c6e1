/* APIs. */
#include "base/base.h"
#include "base/clock.h"
#include "../test_upstream.h"
#include "entities.h"
#include "figures.h"
#include "model/api.h"
#include "model/certificate.h"
#include "options.h"
#include "rights.h"
#include "web/problem.h"

static const char *const typed_fields[] = {
    "name",	  "listen_path",    "target_url", "auth.token_header",
    "timeout_ms", "max_body_bytes", "rate.limit", NULL};

static const struct option options[] = {
    {"sites",			   OPTION_WORDS	  },
    {"target_urls",		     OPTION_LINES		},
    {"max_concurrent",		       OPTION_NUMBER	    },
    {"total_timeout_ms",		 OPTION_NUMBER	      },
    {"strip_credential",		 OPTION_SWITCH	      },
    {"rewrite_location",		 OPTION_SWITCH	      },
    {"browser_pages",		      OPTION_SWITCH	   },
    {"allowed_ips",		     OPTION_WORDS		},
    {"blocked_ips",		     OPTION_WORDS		},
    {"upstream_tls.server_name",	 OPTION_TEXT	    },
    {"upstream_tls.pinned_sha256",	   OPTION_WORDS	       },
    {"upstream_tls.ca_certificates",    OPTION_PICKS	 },
    {"upstream_tls.client_certificate", OPTION_PEM		  },
    {"upstream_tls.client_chain",	  OPTION_PEMS	     },
    {"upstream_tls.client_key",		OPTION_SEALED	     },
    {"request_headers.remove",	       OPTION_WORDS	   },
    {"request_headers.set",		    OPTION_HEADERS	  },
    {"request_headers.add",		    OPTION_HEADERS	  },
    {"secret_headers",		       OPTION_SECRET_HEADERS},
    {"response_headers.remove",		OPTION_WORDS	    },
    {"response_headers.set",	     OPTION_HEADERS	   },
    {"response_headers.add",	     OPTION_HEADERS	   },
    {"cors.allowed_origins",	     OPTION_WORDS	 },
    {"cors.allowed_methods",	     OPTION_WORDS	 },
    {"cors.allowed_headers",	     OPTION_WORDS	 },
    {"cors.exposed_headers",	     OPTION_WORDS	 },
    {"cors.credentials",		 OPTION_SWITCH	      },
    {"cors.max_age_seconds",	     OPTION_NUMBER	  },
};

/* --- list --- */

static json_t *line(const Cg__Api *api)
{
	const Cg__ApiAuth *auth = api->auth;
	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:o}", "id", api->id, "name",
			 page_text(span_of(api->name)), "listen_path",
			 page_text(span_of(api->listen_path)), "target_url",
			 page_text(span_of(api->target_url)), "takes_certificate",
			 (int)(auth->use_certificate && !auth->keyless), "takes_token",
			 (int)(auth->use_token && !auth->keyless), "keyless", (int)auth->keyless,
			 "ca_trust", (int)(auth->trust == CG__API_AUTH__TRUST__CA), "badge",
			 api->active ? page_badge("ok", "Active") : page_badge("", "Off"));
}

void apis_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page;
	const char *q = page_query(call, "q");
	cg_rc rc =
	    entity_list(call->program->store, &api_entity, span_of(page_query(call, "cursor")),
			LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, line(page.messages[i]));
	page_show(call, 200, "apis", "apis", "APIs",
		  json_pack("{s:o, s:o, s:b, s:o, s:b}", "items", items, "q", page_text(span_of(q)),
			    "searched", (int)(*q != '\0'), "next",
			    page_next(call, "/admin/apis", q, page.next), "deleted",
			    strcmp(page_query(call, "done"), "deleted") == 0));
}

/* --- form --- */

/* What the check boxes and choices of the form say. */
struct choices {
	bool strip, keyless, use_certificate, use_token, trust_ca, forward, active;
	uint64_t per_seconds;
};

static void add_choices(json_t *values, const struct choices *c)
{
	json_t *more =
	    json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b}", "is_strip", (int)c->strip,
		      "is_keyless", (int)c->keyless, "is_auth", (int)!c->keyless, "is_certificate",
		      (int)c->use_certificate, "is_token", (int)c->use_token, "is_ca",
		      (int)c->trust_ca, "is_pinned", (int)!c->trust_ca, "is_forward",
		      (int)c->forward, "is_active", (int)c->active);
	(void)json_object_update(values, more);
	json_decref(more);
	rights_add_units(values, c->per_seconds, CG__QUOTA__PERIOD__MONTH);
}

static struct choices choices_of_form(struct page_call *call)
{
	struct choices c = {
	    .strip = web_form_has(&call->form, "strip_listen_path"),
	    .keyless = strcmp(page_field(call, "auth"), "keyless") == 0,
	    .use_certificate = web_form_has(&call->form, "auth.use_certificate"),
	    .use_token = web_form_has(&call->form, "auth.use_token"),
	    .trust_ca = strcmp(page_field(call, "auth.trust"), "ca") == 0,
	    .forward = web_form_has(&call->form, "forward_client_cert"),
	    .active = web_form_has(&call->form, "active"),
	    .per_seconds = rights_typed_span(call),
	};
	return c;
}

/* The ids of certificates that a record has by their digests. */
static struct show_ids ids_of(struct page_call *call, const ProtobufCBinaryData *digests, size_t n)
{
	const char **items = arena_alloc(call->arena, (n + 1) * sizeof(*items));
	size_t found = 0;
	for (size_t i = 0; items && i < n; i++) {
		char *hex = arena_alloc(call->arena, SHA256_HEX + 1);
		if (!hex || digests[i].len != SHA256_BYTES)
			continue;
		hex_format(digests[i].data, SHA256_BYTES, hex);
		items[found++] = hex;
	}
	return (struct show_ids){items, found};
}

static void add_certificate(struct page_call *call, json_t *to, const Cg__Certificate *certificate,
			    bool ticked)
{
	json_t *one = show_certificate(call, certificate);
	(void)json_object_set_new(one, "ticked", json_boolean(ticked));
	(void)json_array_append_new(to, one);
}

/* Check boxes of certificates of these kinds, and of those ticked that are not among the first. */
static cg_rc add_kinds(struct page_call *call, json_t *out, const Cg__Certificate__Kind *kinds,
		       size_t n_kinds, struct show_ids ticked, struct cg_err *err)
{
	const char **shown =
	    arena_alloc(call->arena, (n_kinds * LIST_LIMIT_MAX + 1) * sizeof(*shown));
	size_t n = 0;
	cg_rc rc = shown ? CG_OK : cg_fail_memory(err);
	for (size_t k = 0; rc == CG_OK && k < n_kinds; k++) {
		struct certificate_page page = {.n = 0};
		rc = certificate_list_kind(call->program->store, kinds[k], LIST_LIMIT_MAX,
					   call->arena, &page, err);
		for (size_t i = 0; i < page.n; i++) {
			const Cg__Certificate *c = page.items[i].certificate;
			add_certificate(call, out, c, show_ids_have(ticked, c->id));
			shown[n++] = c->id;
		}
	}
	for (size_t i = 0; rc == CG_OK && i < ticked.n; i++) {
		struct certificate_use use;
		if (!show_ids_have((struct show_ids){shown, n}, ticked.items[i]) &&
		    !show_ids_have((struct show_ids){ticked.items, i}, ticked.items[i]) &&
		    certificate_get(call->program->store, ticked.items[i], call->arena, &use,
				    NULL) == CG_OK)
			add_certificate(call, out, use.certificate, true);
	}
	return rc;
}

/* The check boxes, of what `api` has, or (NULL) of what the form says; and which folds are open. */
static cg_rc add_cas(struct page_call *call, json_t *values, const Cg__Api *api, struct cg_err *err)
{
	static const char *const targets[] = {"target_urls", "sites", "allowed_ips", "blocked_ips",
					      NULL};
	static const char *const tls[] = {"upstream_tls.server_name",
					  "upstream_tls.pinned_sha256",
					  "upstream_tls.client_chain",
					  "upstream_tls.client_certificate",
					  "upstream_tls.client_key",
					  "upstream_tls.ca_certificates",
					  NULL};
	static const char *const headers[] = {"request_headers.remove", "request_headers.set",
					      "request_headers.add",	"response_headers.set",
					      "response_headers.add",	"response_headers.remove",
					      "request_headers",	"response_headers",
					      "secret_headers",		NULL};
	static const char *const browsers[] = {"browser_pages",	       "cors.allowed_origins",
					       "cors.allowed_methods", "cors.allowed_headers",
					       "cors.exposed_headers", "cors.credentials",
					       "cors.max_age_seconds", NULL};
	static const Cg__Certificate__Kind kinds[] = {CG__CERTIFICATE__KIND__CA,
						      CG__CERTIFICATE__KIND__UPSTREAM};
	const Cg__UpstreamTls *own = api ? api->upstream_tls : NULL;
	json_t *cas = json_array(), *upstream = json_array();
	cg_rc rc =
	    add_kinds(call, cas, kinds, 1,
		      api ? ids_of(call, api->auth->ca_certificates, api->auth->n_ca_certificates)
			  : show_form_ids(call, "auth.ca_certificates"),
		      err);
	if (rc == CG_OK)
		rc = add_kinds(call, upstream, kinds, CG_COUNT(kinds),
			       api ? ids_of(call, own ? own->ca_certificates : NULL,
					    own ? own->n_ca_certificates : 0)
				   : show_form_ids(call, "upstream_tls.ca_certificates"),
			       err);
	(void)json_object_set_new(values, "cas", cas);
	(void)json_object_set_new(values, "upstream_cas", upstream);
	options_open(values, "open_targets", targets);
	options_open(values, "open_tls", tls);
	options_open(values, "open_headers", headers);
	options_open(values, "open_browsers", browsers);
	return rc;
}

static bool form_names(struct page_call *call, const char *field, const char *value)
{
	for (size_t i = 0; i < call->form.n; i++)
		if (span_is_text(call->form.fields[i].name, field) &&
		    span_is_text(call->form.fields[i].value, value))
			return true;
	return false;
}

/* The check boxes that keep them: of what `api` (may be NULL) has, ticked as the form says, or
 * without a form all.  One that came since the form was shown stays, too. */
static void add_secret_headers(json_t *values, struct page_call *call, const Cg__Api *api)
{
	json_t *kept = json_array();
	for (size_t i = 0; api && i < api->n_secret_headers; i++) {
		const char *name = api->secret_headers[i]->name;
		bool ticked = !call || form_names(call, "secret_headers.keep", name) ||
			      !form_names(call, "secret_headers.had", name);
		(void)json_array_append_new(kept, json_pack("{s:s, s:i, s:b}", "name", name, "n",
							    (int)i, "ticked", (int)ticked));
	}
	(void)json_object_set_new(values, "is_secret_headers",
				  json_boolean(json_array_size(kept) > 0));
	(void)json_object_set_new(values, "secrets", kept);
}

/* The form's record, or merge patch: it has no other members. */
static json_t *record_of_form(struct page_call *call)
{
	struct choices c = choices_of_form(call);
	const char *header = page_field(call, "auth.token_header");
	json_t *timeout = page_typed_number(call, "timeout_ms"), *cas = json_array();
	for (size_t i = 0; i < call->form.n; i++)
		if (span_is(call->form.fields[i].name, SPAN_LIT("auth.ca_certificates")))
			(void)json_array_append_new(cas, page_text(call->form.fields[i].value));
	json_t *out = json_pack(
	    "{s:o, s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:{s:b, s:b, s:b, s:s, s:o}}", "name",
	    page_text(span_of(page_field(call, "name"))), "listen_path",
	    page_text(span_of(page_field(call, "listen_path"))), "target_url",
	    page_text(span_of(page_field(call, "target_url"))), "strip_listen_path", (int)c.strip,
	    "forward_client_cert", (int)c.forward, "active", (int)c.active, "max_body_bytes",
	    page_typed_number(call, "max_body_bytes"), "rate", rights_typed_rate(call), "auth",
	    "keyless", (int)c.keyless, "use_certificate", (int)c.use_certificate, "use_token",
	    (int)c.use_token, "trust", c.trust_ca ? "ca" : "pinned", "ca_certificates", cas);
	/* Empty: the schema's default. */
	if (*header)
		(void)json_object_set_new(json_object_get(out, "auth"), "token_header",
					  page_text(span_of(header)));
	if (json_is_null(timeout))
		json_decref(timeout);
	else
		(void)json_object_set_new(out, "timeout_ms", timeout);
	options_typed(call, options, CG_COUNT(options), NULL, out);
	return out;
}

/* `api` is what is there; NULL: nothing yet. */
static json_t *values_of_form(struct page_call *call, const Cg__Api *api)
{
	struct choices c = choices_of_form(call);
	json_t *values = json_object(), *had = api ? record_to_json(api) : NULL;
	page_put_back(call, values, typed_fields);
	options_values_typed(call, options, CG_COUNT(options), had, values);
	json_decref(had);
	add_secret_headers(values, call, api);
	add_choices(values, &c);
	return values;
}

static json_t *values_of_api(const Cg__Api *api)
{
	const Cg__ApiAuth *auth = api->auth;
	struct choices c = {.strip = api->strip_listen_path,
			    .keyless = auth->keyless,
			    .use_certificate = auth->use_certificate,
			    .use_token = auth->use_token,
			    .trust_ca = auth->trust == CG__API_AUTH__TRUST__CA,
			    .forward = api->forward_client_cert,
			    .active = api->active,
			    .per_seconds = api->rate ? api->rate->per_seconds : 1};
	json_t *values = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", page_text(span_of(api->name)),
	    "listen_path", page_text(span_of(api->listen_path)), "target_url",
	    page_text(span_of(api->target_url)), "auth_token_header",
	    page_text(span_of(auth->token_header)), "timeout_ms", page_number(api->timeout_ms),
	    "max_body_bytes", rights_optional_number(api->has_max_body_bytes, api->max_body_bytes),
	    "rate_limit",
	    rights_optional_number(api->rate != NULL, api->rate ? api->rate->limit : 0));
	json_t *record = record_to_json(api);
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	add_secret_headers(values, NULL, api);
	add_choices(values, &c);
	return values;
}

/* --- new --- */

/* What a new one has unless it is changed. */
static void add_first(json_t *values)
{
	const struct choices first = {
	    .strip = true, .use_token = true, .forward = true, .active = true, .per_seconds = 1};
	json_t *record = json_pack("{s:b}", "strip_credential", 1);
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	add_secret_headers(values, NULL, NULL);
	add_choices(values, &first);
}

static void show_new(struct page_call *call, const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	json_t *values = why ? values_of_form(call, NULL) : json_object();
	if (why)
		page_add_errors(values, why);
	else
		add_first(values);
	cg_rc rc = add_cas(call, values, NULL, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	(void)json_object_set_new(values, "template", json_string("admin/api-fields.tpl"));
	(void)json_object_set_new(values, "fresh", json_true());
	page_show(call, status, "api-new", "apis", why ? "Error: New API" : "New API",
		  json_pack("{s:o, s:s, s:s}", "fields", values, "once", page_once_for_form(call),
			    "main_class", "main--narrow"));
}

void api_new_show(void *arg)
{
	show_new(arg, NULL, 200);
}

void api_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = page_entity_create(call, &api_entity, "/admin/apis", record_of_form(call), &err);
	if (rc == CG_OK)
		return;
	if (page_entity_fault(rc, &err))
		show_new(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

/* --- one --- */

static void show_one(struct page_call *call, const Cg__Api *api, json_t *fields, int status,
		     bool failed)
{
	struct cg_err err = {0};
	const char *done = page_query(call, "done");
	struct figures_span span;
	json_t *usage = NULL;
	figures_month(call, &span);
	cg_rc rc = add_cas(call, fields, failed ? NULL : api, &err);
	if (rc == CG_OK)
		rc = figures_make(call, &span, api->id, NULL, "usage", true, &usage, &err);
	if (rc != CG_OK) {
		json_decref(fields);
		page_fail(call, rc, &err);
		return;
	}
	(void)json_object_set_new(fields, "template", json_string("admin/api-fields.tpl"));
	(void)json_object_set_new(fields, "fresh", json_false());
	json_t *values = line(api);
	json_t *more = json_pack("{s:o, s:I, s:s, s:b, s:b, s:o}", "fields", fields, "revision",
				 (json_int_t)api->revision, "base", page_base(call), "created",
				 strcmp(done, "created") == 0, "saved", strcmp(done, "saved") == 0,
				 "changed", page_distance(call, api->updated_at));
	(void)json_object_update(values, more);
	json_decref(more);
	(void)json_object_set_new(values, "usage", usage);
	page_show(call, status, "api", "apis", failed ? "Error: API" : api->name, values);
}

void api_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Api *api;
	if (page_entity_get(call, &api_entity, page_param(call, 0), &api))
		show_one(call, api, values_of_api(api), 200, false);
}

void api_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Api *api;
	cg_rc rc = page_entity_change(call, &api_entity, page_param(call, 0), record_of_form(call),
				      &api, &err);
	if (rc == CG_OK) {
		page_redirect(call,
			      arena_printf(call->arena, "/admin/apis/%s?done=saved", api->id));
		return;
	}
	struct cg_err why = {0};
	cg_rc got = entity_get(call->program->store, &api_entity, page_param(call, 0), call->arena,
			       &api, &why);
	if (got != CG_OK || (rc != CG_STALE && !page_entity_fault(rc, &err))) {
		page_fail(call, got != CG_OK ? got : rc, got != CG_OK ? &why : &err);
		return;
	}
	json_t *fields = values_of_form(call, api), *theirs = values_of_api(api);
	/* With what is ticked on either side; a fault there is told by show_one. */
	if (rc == CG_STALE && add_cas(call, theirs, api, &why) == CG_OK)
		(void)!add_cas(call, fields, NULL, &why);
	page_add_refusal(fields, theirs, rc, &err);
	show_one(call, api, fields, web_status_of(rc), true);
}

/* --- test --- */

/* A time out of REST's answer as a template's value. */
static json_t *day_of(const json_t *text)
{
	int64_t t;
	return json_is_string(text) && rfc3339_parse(span_of(json_string_value(text)), &t)
		   ? page_day(t)
		   : json_null();
}

/* It changes nothing, so the form is answered itself: sent again it only asks again. */
void api_test_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Api *api;
	json_t *items = NULL, *item;
	size_t i;
	cg_rc rc = entity_get(call->program->store, &api_entity, page_param(call, 0), call->arena,
			      &api, &err);
	if (rc == CG_OK)
		rc = test_upstream(call->program, call->req, &call->actor, api, call->arena, &items,
				   &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_array_foreach(items, i, item)
	{
		json_t *certificate = json_object_get(item, "certificate");
		bool ok = json_is_true(json_object_get(item, "ok"));
		(void)json_object_set_new(
		    item, "badge", ok ? page_badge("ok", "Answers") : page_badge("bad", "Fails"));
		if (json_is_object(certificate)) {
			(void)json_object_set_new(
			    certificate, "ends", day_of(json_object_get(certificate, "not_after")));
			(void)json_object_set(certificate, "verified",
					      json_object_get(item, "tls_verified"));
		}
		static const char *const numbers[] = {"status", "connected_ms", "answered_ms"};
		for (size_t n = 0; n < CG_COUNT(numbers); n++) {
			const json_t *value = json_object_get(item, numbers[n]);
			(void)json_object_set_new(
			    item, numbers[n],
			    json_is_integer(value)
				? json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
				: json_string(""));
		}
	}
	page_show(call, 200, "api-test", "apis", "Test of the upstream",
		  json_pack("{s:s, s:o, s:o, s:s}", "id", api->id, "name",
			    page_text(span_of(api->name)), "items", items, "main_class",
			    "main--narrow"));
}

/* --- removal --- */

void api_delete_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Api *api;
	if (!page_entity_get(call, &api_entity, page_param(call, 0), &api))
		return;
	json_t *values = line(api);
	(void)json_object_set_new(values, "revision", json_integer((json_int_t)api->revision));
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "api-delete", "apis", "Delete an API", values);
}

void api_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = page_entity_remove(call, &api_entity, &err);
	if (rc == CG_OK)
		page_redirect(call, "/admin/apis?done=deleted");
	else
		page_fail(call, rc, &err);
}
