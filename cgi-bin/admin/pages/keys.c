/* Keys: the list, new ones, changing and removing one. */
#include "base/base.h"
#include "base/clock.h"
#include "grant/grant.h"
#include "model/certificate.h"
#include "model/policy.h"
#include "show.h"
#include "usage/refusals.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

#define SEARCH_BY_CERTIFICATE 20 /* keys that a search finds by their certificates */
#define REFUSALS_SHOWN	      5

/* --- list --- */

struct listed {
	const Cg__Key **items;
	size_t n;
};

static void add_once(struct listed *list, const Cg__Key *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i]->id, key->id) == 0)
			return;
	list->items[list->n++] = key;
}

/* Keys whose certificates fit what was searched for: by subject, name, or fingerprint in any
 * notation. */
static cg_rc add_by_certificate(struct page_call *call, const char *q, struct listed *list,
				const char **notice, struct cg_err *err)
{
	struct certificate_page page;
	cg_rc rc = certificate_list(call->admin->store, SPAN_LIT(""), SEARCH_BY_CERTIFICATE,
				    span_of(q), call->arena, &page, err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		Cg__Key *key;
		if (!page.items[i].key_id || !*page.items[i].key_id)
			continue;
		rc = entity_get(call->admin->store, &key_entity, page.items[i].key_id, call->arena,
				&key, err);
		if (rc == CG_OK)
			add_once(list, key);
		else if (rc == CG_NOT_FOUND)
			rc = CG_OK;
	}
	if (rc == CG_OK)
		*notice = page.notice;
	return rc;
}

void keys_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct all_apis apis;
	struct entity_page page = {.n = 0};
	struct listed list = {.n = 0};
	const char *q = page_query(call, "q"), *cursor = page_query(call, "cursor"), *notice = NULL;
	json_t *items = json_array();
	list.items = arena_alloc(call->arena, (LIST_LIMIT_DEFAULT + SEARCH_BY_CERTIFICATE) *
						  sizeof(*list.items));
	cg_rc rc = list.items ? show_load_apis(call, &apis, &err) : cg_fail_memory(&err);
	if (rc == CG_OK && *q && !*cursor)
		rc = add_by_certificate(call, q, &list, &notice, &err);
	if (rc == CG_OK)
		rc = entity_list(call->admin->store, &key_entity, span_of(cursor),
				 LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++)
		add_once(&list, page.messages[i]);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		json_t *one;
		rc = show_key(call, list.items[i], &apis, &one, &err);
		if (rc == CG_OK)
			(void)json_array_append_new(items, one);
	}
	if (rc != CG_OK) {
		json_decref(items);
		page_fail(call, rc, &err);
		return;
	}
	page_show(call, 200, "keys", "keys", "Keys",
		  json_pack("{s:o, s:o, s:b, s:b, s:o, s:s?, s:b}", "items", items, "q",
			    page_text(span_of(q)), "searched", (int)(*q != '\0'), "paged",
			    (int)(*cursor != '\0'), "next",
			    page_next(call, "/admin/keys", q, page.next), "notice", notice,
			    "deleted", strcmp(page_query(call, "done"), "deleted") == 0));
}

/* --- form --- */

static const char *const typed_fields[] = {"name",	  "methods",	"paths", "rate.limit",
					   "quota.limit", "expires_at", "tags",	 NULL};
static const char *const periods[] = {"hour", "day", "week", "month"};
static const char *const period_texts[] = {"an hour", "a day", "a week", "a month"};
static const struct {
	int seconds;
	const char *text;
} spans[] = {
    {1,	"a second"},
    {60,	 "a minute"},
    {3600,  "an hour" },
    {86400, "a day"   },
};

/* Whether the form has the field `name` with this value. */
static bool form_says(struct page_call *call, const char *name, const char *value)
{
	for (size_t i = 0; i < call->form.n; i++)
		if (span_is_text(call->form.fields[i].name, name) &&
		    span_is_text(call->form.fields[i].value, value))
			return true;
	return false;
}

/* A key's own values where `key` is given, else those of the form. */
static bool has_api(struct page_call *call, const Cg__Key *key, const Cg__Api *api)
{
	for (size_t i = 0; key && i < key->n_access; i++)
		if (strcmp(key->access[i]->api_id, api->id) == 0)
			return true;
	return !key && form_says(call, "access", api->id);
}

static bool has_policy(struct page_call *call, const Cg__Key *key, const char *id)
{
	for (size_t i = 0; key && i < key->n_policy_ids; i++)
		if (strcmp(key->policy_ids[i], id) == 0)
			return true;
	return !key && form_says(call, "policy_ids", id);
}

static cg_rc add_policies(struct page_call *call, json_t *values, const Cg__Key *key,
			  struct cg_err *err)
{
	struct entity_page page;
	json_t *out = json_array();
	cg_rc rc = entity_list(call->admin->store, &policy_entity, SPAN_LIT(""), LIST_LIMIT_MAX,
			       SPAN_LIT(""), call->arena, &page, err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		const Cg__Policy *p = page.messages[i];
		(void)json_array_append_new(out,
					    json_pack("{s:s, s:o, s:b}", "value", p->id, "text",
						      page_text(span_of(p->name)), "chosen",
						      (int)has_policy(call, key, p->id)));
	}
	(void)json_object_set_new(values, "policies", out);
	return rc;
}

static void add_apis(struct page_call *call, json_t *values, const Cg__Key *key,
		     const struct all_apis *apis)
{
	json_t *out = json_array();
	for (size_t i = 0; i < apis->n; i++) {
		const Cg__Api *api = apis->items[i];
		(void)json_array_append_new(out,
					    json_pack("{s:s, s:o, s:o, s:b}", "id", api->id, "name",
						      page_text(span_of(api->name)), "listen_path",
						      page_text(span_of(api->listen_path)),
						      "ticked", (int)has_api(call, key, api)));
	}
	(void)json_object_set_new(values, "apis", out);
}

static void add_units(json_t *values, uint64_t per_seconds, unsigned period)
{
	json_t *rates = json_array(), *quotas = json_array();
	bool found = false;
	for (size_t i = 0; i < CG_COUNT(spans); i++) {
		bool is = (uint64_t)spans[i].seconds == per_seconds;
		found = found || is;
		(void)json_array_append_new(rates,
					    json_pack("{s:i, s:s, s:b}", "value", spans[i].seconds,
						      "text", spans[i].text, "chosen", (int)is));
	}
	if (!found)
		(void)json_array_append_new(
		    rates,
		    json_pack("{s:I, s:o, s:b}", "value", (json_int_t)per_seconds, "text",
			      json_sprintf("in %" PRIu64 " seconds", per_seconds), "chosen", 1));
	for (size_t i = 0; i < CG_COUNT(periods); i++)
		(void)json_array_append_new(quotas, json_pack("{s:s, s:s, s:b}", "value",
							      periods[i], "text", period_texts[i],
							      "chosen", (int)(i == period)));
	(void)json_object_set_new(values, "spans", rates);
	(void)json_object_set_new(values, "periods", quotas);
}

static unsigned typed_period(struct page_call *call)
{
	for (unsigned i = 0; i < CG_COUNT(periods); i++)
		if (strcmp(page_field(call, "quota.period"), periods[i]) == 0)
			return i;
	return CG__QUOTA__PERIOD__MONTH;
}

static uint64_t typed_span(struct page_call *call)
{
	json_t *per = page_typed_number(call, "rate.per_seconds");
	uint64_t out = json_integer_value(per) > 0 ? (uint64_t)json_integer_value(per) : 1;
	json_decref(per);
	return out;
}

/* What a date field says, to the end of that day. */
static json_t *typed_expiry(struct page_call *call)
{
	const char *text = page_field(call, "expires_at");
	if (!*text)
		return json_null();
	return strlen(text) == 10 ? json_sprintf("%sT23:59:59Z", text) : page_text(span_of(text));
}

/* Access entries of the ticked APIs: those that `key` (may be NULL) has stay as they are. */
static json_t *typed_access(struct page_call *call, const Cg__Key *key)
{
	json_t *out = json_array(), *methods = page_typed_list(call, "methods"),
	       *paths = page_typed_list(call, "paths");
	for (size_t i = 0; i < call->form.n; i++) {
		struct span value = call->form.fields[i].value;
		bool had = false;
		if (!span_is(call->form.fields[i].name, SPAN_LIT("access")))
			continue;
		for (size_t a = 0; key && a < key->n_access; a++)
			if (span_is_text(value, key->access[a]->api_id)) {
				(void)json_array_append_new(out, record_to_json(key->access[a]));
				had = true;
			}
		if (!had)
			(void)json_array_append_new(out, json_pack("{s:o, s:O, s:O}", "api_id",
								   page_text(value), "methods",
								   methods, "paths", paths));
	}
	json_decref(methods);
	json_decref(paths);
	return out;
}

static json_t *record_of_form(struct page_call *call, const Cg__Key *key)
{
	json_t *rate = json_null(), *quota = json_null(), *policies = json_array();
	json_t *limit = page_typed_number(call, "rate.limit");
	if (!json_is_null(limit))
		rate = json_pack("{s:O, s:I}", "limit", limit, "per_seconds",
				 (json_int_t)typed_span(call));
	json_decref(limit);
	limit = page_typed_number(call, "quota.limit");
	if (!json_is_null(limit))
		quota =
		    json_pack("{s:O, s:s}", "limit", limit, "period", periods[typed_period(call)]);
	json_decref(limit);
	for (size_t i = 0; i < call->form.n; i++)
		if (span_is(call->form.fields[i].name, SPAN_LIT("policy_ids")))
			(void)json_array_append_new(policies,
						    page_text(call->form.fields[i].value));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
			 page_text(span_of(page_field(call, "name"))), "access",
			 typed_access(call, key), "policy_ids", policies, "rate", rate, "quota",
			 quota, "expires_at", typed_expiry(call), "tags",
			 page_typed_list(call, "tags"));
}

/* A date field would show nothing of a time, and lose it at the next Save. */
static void add_date(json_t *values)
{
	size_t n = json_string_length(json_object_get(values, "expires_at"));
	(void)json_object_set_new(values, "is_date", json_boolean(n == 0 || n == 10));
}

static json_t *optional_number(bool has, uint64_t n)
{
	return has ? page_number(n) : json_string("");
}

static json_t *values_of_key(const Cg__Key *key)
{
	char iso[RFC3339_TEXT + 1] = "";
	struct buf tags;
	buf_init(&tags, 64 * 1024);
	for (size_t i = 0; i < key->n_tags; i++)
		buf_printf(&tags, "%s%s", i > 0 ? ", " : "", key->tags[i]);
	if (key->has_expires_at)
		(void)rfc3339_format(key->expires_at, iso);
	/* The field takes a date; a time that is not the end of a day is shown as it is. */
	if (strcmp(iso + 10, "T23:59:59Z") == 0)
		iso[10] = '\0';
	json_t *values = json_pack(
	    "{s:o, s:o, s:o, s:s, s:o}", "name", page_text(span_of(key->name)), "rate_limit",
	    optional_number(key->rate != NULL, key->rate ? key->rate->limit : 0), "quota_limit",
	    optional_number(key->quota != NULL, key->quota ? key->quota->limit : 0), "expires_at",
	    iso, "tags", page_text(buf_span(&tags)));
	buf_release(&tags);
	add_date(values);
	add_units(values, key->rate ? key->rate->per_seconds : 1,
		  key->quota ? (unsigned)key->quota->period : CG__QUOTA__PERIOD__MONTH);
	return values;
}

static json_t *values_of_form(struct page_call *call)
{
	json_t *values = json_object();
	page_put_back(call, values, typed_fields);
	add_date(values);
	add_units(values, typed_span(call), typed_period(call));
	return values;
}

/* A fault of the form, to be shown there. */
static bool is_of_form(cg_rc rc, struct cg_err *err)
{
	if (rc == CG_CLASH && err->code && strcmp(err->code, ENTITY_MADE_ALREADY) != 0)
		page_fault_at(err, "certificate");
	return rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH || rc == CG_TOO_BIG;
}

/* --- new --- */

static json_t *notices_json(const struct cert_reading *reading)
{
	json_t *out = json_array();
	for (size_t i = 0; i < reading->n_notices; i++)
		(void)json_array_append_new(out, json_string(reading->notices[i]));
	return out;
}

/* What was read of the certificate, beside the form, and its public part in the place of what was
 * pasted: that may have held a private key. */
static void add_reading(struct page_call *call, json_t *values, const struct cert_reading *reading)
{
	Cg__Certificate *record;
	struct cg_err err = {0};
	if (certificate_record(&reading->leaf, call->arena, &record, &err) != CG_OK)
		return;
	(void)json_object_set_new(values, "read", show_certificate(call, record));
	(void)json_object_set_new(values, "certificate",
				  json_string(cert_pem(call->arena, reading->leaf.der)));
	(void)json_object_set_new(values, "dropped", json_boolean(reading->private_key_dropped));
	(void)json_object_set_new(values, "notices", notices_json(reading));
}

static void show_new(struct page_call *call, const struct cert_reading *reading,
		     const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	struct all_apis apis;
	char once[ID_TEXT + 1];
	bool sent = call->form.n > 0;
	bool token = strcmp(page_field(call, "type"), "token") == 0;
	json_t *values = values_of_form(call);
	cg_rc rc =
	    random_id(once) == CG_OK ? show_load_apis(call, &apis, &err) : cg_fail_memory(&err);
	if (rc == CG_OK)
		rc = add_policies(call, values, NULL, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	add_apis(call, values, NULL, &apis);
	if (why)
		page_add_errors(values, why);
	if (reading)
		add_reading(call, values, reading);
	json_t *more =
	    json_pack("{s:b, s:b, s:s, s:b}", "is_token", (int)token, "is_mtls", (int)!token,
		      "once", page_once(call) ? page_once(call) : once, "first", (int)!sent);
	(void)json_object_update(values, more);
	json_decref(more);
	(void)json_object_set_new(values, "template", json_string("admin/key-fields.tpl"));
	(void)json_object_set_new(values, "fresh", json_true());
	/* What went wrong and what was read stand outside of the fields. */
	json_t *outer = json_copy(values);
	(void)json_object_del(outer, "template");
	(void)json_object_set_new(outer, "fields", values);
	page_show(call, status, "key-new", "keys", why ? "Error: New key" : "New key", outer);
}

void key_new_show(void *arg)
{
	show_new(arg, NULL, NULL, 200);
}

/* The page after a key with a token: the only one that shows it, so it answers the form itself. */
static void show_token(struct page_call *call, const Cg__Key *key, const char *token)
{
	struct all_apis apis = {.n = 0};
	struct cg_err err = {0};
	const char *path = "/";
	if (show_load_apis(call, &apis, &err) == CG_OK && key->n_access > 0)
		for (size_t i = 0; i < apis.n; i++)
			if (strcmp(apis.items[i]->id, key->access[0]->api_id) == 0)
				path = apis.items[i]->listen_path;
	page_show(call, 200, "token", "keys", "The token",
		  json_pack("{s:s, s:o, s:s, s:s, s:o, s:s}", "id", key->id, "name",
			    page_text(span_of(key->name)), "token", token, "base", page_base(call),
			    "path", page_text(span_of(path)), "main_class", "main--slim"));
}

void key_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading;
	char token[TOKEN_TEXT + 1] = "";
	Cg__Key *key;
	const char *once = page_once(call);
	bool wants_token = strcmp(page_field(call, "type"), "token") == 0, has_cert = false;
	bool only_read = strcmp(page_field(call, "do"), "read") == 0;
	cg_rc rc = CG_OK;
	/* So that it is told together with a fault of the certificate, and before it. */
	if (!only_read && !*page_field(call, "name"))
		rc = cg_fail_field(&err, "name", "is missing");
	if (!wants_token) {
		cg_rc read = show_read_certificate(call, CERT_KIND_CLIENT, &reading, &err);
		has_cert = read == CG_OK;
		if (read == CG_NOT_FOUND)
			read = cg_fail_field(&err, "certificate",
					     "is missing: paste it, or upload it");
		if (read != CG_OK)
			rc = read;
	}
	if (rc == CG_OK && only_read) {
		show_new(call, has_cert ? &reading : NULL, NULL, 200);
		return;
	}
	json_t *record = record_of_form(call, NULL);
	if (rc == CG_OK) {
		const struct key_new what = {.id = once,
					     .key = record,
					     .cert = has_cert ? &reading.leaf : NULL,
					     .token = wants_token};
		rc = key_create(call->admin->store, &call->actor, &what, call->arena, &key, token,
				&err);
	}
	json_decref(record);
	if (rc == CG_CLASH && err.code && strcmp(err.code, ENTITY_MADE_ALREADY) == 0)
		page_redirect(call, arena_printf(call->arena, "/admin/keys/%s?done=created%s", once,
						 wants_token ? "&token=gone" : ""));
	else if (rc == CG_OK && wants_token)
		show_token(call, key, token);
	else if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=created%s", key->id,
					   reading.private_key_dropped ? "&private=dropped" : ""));
	else if (is_of_form(rc, &err))
		show_new(call, has_cert ? &reading : NULL, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
	gnutls_memset(token, 0, sizeof(token));
}

/* --- one --- */

static json_t *from_json(const Cg__Policy *policy)
{
	return policy ? page_text(span_of(policy->name)) : json_string("");
}

static json_t *joined(char **items, size_t n, const char *all)
{
	struct buf out;
	buf_init(&out, 64 * 1024);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s", i > 0 ? ", " : "", items[i]);
	json_t *text = n == 0 ? json_string(all) : page_text(buf_span(&out));
	buf_release(&out);
	return text;
}

/* Rows "what, value, where from" of what the key may do. */
static json_t *effective_json(struct page_call *call, const struct key_grant *g,
			      const struct all_apis *apis)
{
	const struct effective *e = &g->effective;
	json_t *out = json_array();
	for (size_t i = 0; i < e->n_access; i++) {
		const Cg__Access *entry = e->access[i].entry;
		(void)json_array_append_new(
		    out,
		    json_pack("{s:s, s:o, s:o, s:o, s:o}", "what", "Access", "value",
			      page_text(span_of(show_api_name(apis, entry->api_id))), "methods",
			      joined(entry->methods, entry->n_methods, "all methods"), "paths",
			      joined(entry->paths, entry->n_paths, "all paths"), "from",
			      from_json(e->access[i].from)));
	}
	if (e->rate)
		(void)json_array_append_new(out, json_pack("{s:s, s:o, s:o}", "what", "Rate",
							   "value", show_rate(e->rate), "from",
							   from_json(e->rate_from)));
	if (e->quota)
		(void)json_array_append_new(out, json_pack("{s:s, s:o, s:o}", "what", "Quota",
							   "value", show_quota(e->quota), "from",
							   from_json(e->quota_from)));
	if (e->has_expires_at) {
		json_t *when = page_time(call, e->expires_at);
		(void)json_array_append_new(out, json_pack("{s:s, s:O, s:o}", "what", "Expiry",
							   "value", json_object_get(when, "title"),
							   "from", from_json(e->expires_from)));
		json_decref(when);
	}
	return out;
}

static cg_rc credentials_json(struct page_call *call, const char *key_id, json_t **out,
			      struct cg_err *err)
{
	struct credentials list;
	json_t *items = json_array();
	cg_rc rc = credential_list(call->admin->store, key_id, call->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		json_t *one;
		rc = show_credential(call, list.items[i], &one, err);
		if (rc == CG_OK)
			(void)json_array_append_new(items, one);
	}
	*out = items;
	return rc;
}

static json_t *refusals_json(struct page_call *call, const char *key_id)
{
	struct refusals_filter filter = {.q = span_of(key_id)};
	struct refusals_page page = {.n = 0};
	json_t *out = json_array();
	if (!call->admin->refusals ||
	    refusals_list(call->admin->refusals, &filter, 0, REFUSALS_SHOWN, call->arena, &page,
			  NULL) != CG_OK)
		return out;
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(
		    out, json_pack("{s:o, s:i, s:o, s:o, s:o}", "at",
				   page_distance(call, page.items[i]->at), "status",
				   (int)page.items[i]->status, "code",
				   page_text(span_of(page.items[i]->code)), "method",
				   page_text(span_of(page.items[i]->method)), "path",
				   page_text(span_of(page.items[i]->path))));
	return out;
}

static json_t *policies_json(const struct key_grant *g)
{
	json_t *out = json_array();
	for (size_t i = 0; i < g->n_policies; i++)
		(void)json_array_append_new(out, page_text(span_of(g->policies[i]->name)));
	return out;
}

static json_t *tags_json(const Cg__Key *key)
{
	json_t *out = json_array();
	for (size_t i = 0; i < key->n_tags; i++)
		(void)json_array_append_new(out, page_text(span_of(key->tags[i])));
	return out;
}

/* The line that calls an API with the key, for the first it has. */
static const char *example_path(const struct key_grant *g, const struct all_apis *apis)
{
	for (size_t i = 0; i < apis->n && g->effective.n_access > 0; i++)
		if (strcmp(apis->items[i]->id, g->effective.access[0].entry->api_id) == 0)
			return apis->items[i]->listen_path;
	return "";
}

void key_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct key_grant g;
	struct all_apis apis;
	json_t *values = NULL, *credentials = NULL;
	const char *done = page_query(call, "done");
	cg_rc rc = grant_load_key(call->admin->store, page_param(call, 0), call->arena, &g, &err);
	if (rc == CG_OK)
		rc = show_load_apis(call, &apis, &err);
	if (rc == CG_OK)
		rc = show_key(call, g.key, &apis, &values, &err);
	if (rc == CG_OK)
		rc = credentials_json(call, g.key->id, &credentials, &err);
	if (rc != CG_OK) {
		json_decref(values);
		json_decref(credentials);
		page_fail(call, rc, &err);
		return;
	}
	json_t *more = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:s, s:o, s:I}",
	    "credentials", credentials, "effective", effective_json(call, &g, &apis), "refusals",
	    refusals_json(call, g.key->id), "policies", policies_json(&g), "tags", tags_json(g.key),
	    "created_at", page_distance(call, g.key->created_at), "is_on", (int)g.key->active,
	    "is_off", (int)!g.key->active, "created", strcmp(done, "created") == 0, "saved",
	    strcmp(done, "saved") == 0, "added", strcmp(done, "added") == 0, "dropped",
	    strcmp(page_query(call, "private"), "dropped") == 0, "token_gone",
	    strcmp(page_query(call, "token"), "gone") == 0, "base", page_base(call), "example",
	    page_text(span_of(example_path(&g, &apis))), "revision", (json_int_t)g.key->revision);
	(void)json_object_update(values, more);
	json_decref(more);
	/* A list's line has it; here each credential has its own. */
	(void)json_object_del(values, "until");
	page_show(call, 200, "key", "keys", g.key->name, values);
}

/* --- changing --- */

static void show_edit(struct page_call *call, const Cg__Key *key, json_t *values, bool from_form,
		      int status)
{
	struct cg_err err = {0};
	struct all_apis apis;
	cg_rc rc = show_load_apis(call, &apis, &err);
	if (rc == CG_OK)
		rc = add_policies(call, values, from_form ? NULL : key, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	add_apis(call, values, from_form ? NULL : key, &apis);
	(void)json_object_set_new(values, "template", json_string("admin/key-fields.tpl"));
	(void)json_object_set_new(values, "fresh", json_false());
	page_show(call, status, "key-edit", "keys", from_form ? "Error: Edit a key" : "Edit a key",
		  json_pack("{s:s, s:o, s:o, s:I, s:s}", "id", key->id, "key_name",
			    page_text(span_of(key->name)), "fields", values, "revision",
			    (json_int_t)key->revision, "main_class", "main--narrow"));
}

static bool get_key(struct page_call *call, Cg__Key **out)
{
	struct cg_err err = {0};
	cg_rc rc = entity_get(call->admin->store, &key_entity, page_param(call, 0), call->arena,
			      out, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	return rc == CG_OK;
}

void key_edit_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Key *key;
	if (get_key(call, &key))
		show_edit(call, key, values_of_key(key), false, 200);
}

void key_edit_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key, *changed;
	if (!get_key(call, &key))
		return;
	json_t *revision = page_typed_number(call, "revision");
	json_t *patch = record_of_form(call, key);
	cg_rc rc = entity_change(call->admin->store, &key_entity, &call->actor, key->id,
				 (uint64_t)json_integer_value(revision), patch, call->arena,
				 &changed, &err);
	json_decref(patch);
	json_decref(revision);
	if (rc == CG_OK) {
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=saved", key->id));
	} else if (rc == CG_STALE) {
		json_t *values = values_of_form(call), *theirs = values_of_key(key);
		(void)json_object_set_new(values, "stale", json_true());
		(void)json_object_set_new(values, "differences", page_differences(values, theirs));
		json_decref(theirs);
		show_edit(call, key, values, true, web_status_of(rc));
	} else if (is_of_form(rc, &err)) {
		json_t *values = values_of_form(call);
		page_add_errors(values, &err);
		show_edit(call, key, values, true, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

void key_switch_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	json_t *patch = json_pack("{s:b}", "active", strcmp(page_field(call, "active"), "on") == 0);
	cg_rc rc = entity_change(call->admin->store, &key_entity, &call->actor, page_param(call, 0),
				 ENTITY_ANY_REVISION, patch, call->arena, &key, &err);
	json_decref(patch);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else
		page_redirect(call, arena_printf(call->arena, "/admin/keys/%s", key->id));
}

/* --- removal --- */

void key_delete_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct all_apis apis;
	Cg__Key *key;
	json_t *values;
	if (!get_key(call, &key))
		return;
	cg_rc rc = show_load_apis(call, &apis, &err);
	if (rc == CG_OK)
		rc = show_key(call, key, &apis, &values, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	(void)json_object_set_new(values, "revision", json_integer((json_int_t)key->revision));
	(void)json_object_set_new(values, "main_class", json_string("main--slim"));
	page_show(call, 200, "key-delete", "keys", "Delete a key", values);
}

void key_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	json_t *revision = page_typed_number(call, "revision");
	cg_rc rc = entity_remove(call->admin->store, &key_entity, &call->actor, page_param(call, 0),
				 (uint64_t)json_integer_value(revision), call->arena, &err);
	json_decref(revision);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		page_redirect(call, "/admin/keys?done=deleted");
	else
		page_fail(call, rc, &err);
}

/* --- credentials --- */

static void show_add(struct page_call *call, const Cg__Key *key, const struct cert_reading *reading,
		     const struct cg_err *why, int status)
{
	bool token = strcmp(page_field(call, "type"), "token") == 0;
	json_t *values = json_pack("{s:s, s:o, s:b, s:b, s:s}", "id", key->id, "key_name",
				   page_text(span_of(key->name)), "is_token", (int)token, "is_mtls",
				   (int)!token, "main_class", "main--narrow");
	if (why)
		page_add_errors(values, why);
	if (reading)
		add_reading(call, values, reading);
	page_show(call, status, "credential-new", "keys", why ? "Error: Rotate" : "Rotate", values);
}

void credential_new_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Key *key;
	if (get_key(call, &key))
		show_add(call, key, NULL, NULL, 200);
}

void credential_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading;
	char token[TOKEN_TEXT + 1] = "";
	Cg__Key *key;
	Cg__Credential *credential;
	bool wants_token = strcmp(page_field(call, "type"), "token") == 0, has_cert = false;
	cg_rc rc = CG_OK;
	if (!get_key(call, &key))
		return;
	if (!wants_token) {
		rc = show_read_certificate(call, CERT_KIND_CLIENT, &reading, &err);
		has_cert = rc == CG_OK;
		if (rc == CG_NOT_FOUND)
			rc = cg_fail_field(&err, "certificate",
					   "is missing: paste it, or upload it");
	}
	if (rc == CG_OK && strcmp(page_field(call, "do"), "read") == 0) {
		show_add(call, key, has_cert ? &reading : NULL, NULL, 200);
		return;
	}
	if (rc == CG_OK)
		rc = credential_add(call->admin->store, &call->actor, key->id,
				    has_cert ? &reading.leaf : NULL, call->arena, &credential,
				    token, &err);
	if (rc == CG_OK && wants_token)
		show_token(call, key, token);
	else if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=added%s", key->id,
					   reading.private_key_dropped ? "&private=dropped" : ""));
	else if (is_of_form(rc, &err))
		show_add(call, key, has_cert ? &reading : NULL, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
	gnutls_memset(token, 0, sizeof(token));
}

void credential_revoke_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	Cg__Credential *credential;
	json_t *values;
	if (!get_key(call, &key))
		return;
	cg_rc rc = credential_get(call->admin->store, key->id, page_param(call, 1), call->arena,
				  &credential, &err);
	if (rc == CG_OK)
		rc = show_credential(call, credential, &values, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *more = json_pack("{s:s, s:o, s:s}", "id", key->id, "key_name",
				 page_text(span_of(key->name)), "main_class", "main--slim");
	(void)json_object_update(values, more);
	json_decref(more);
	page_show(call, 200, "credential-revoke", "keys", "Revoke a credential", values);
}

void credential_revoke_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *reason = page_field(call, "reason");
	cg_rc rc = credential_revoke(call->admin->store, &call->actor, page_param(call, 0),
				     page_param(call, 1), ENTITY_ANY_REVISION,
				     *reason ? reason : NULL, call->arena, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s", page_param(call, 0)));
}
