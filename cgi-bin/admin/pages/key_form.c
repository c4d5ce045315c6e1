/* Making and changing a key. */
#include "base/base.h"
#include "base/clock.h"
#include "entities.h"
#include "keys.h"
#include "model/policy.h"
#include "options.h"
#include "rights.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

static const char *const typed_fields[] = {"name",	  "methods",	"paths", "rate.limit",
					   "quota.limit", "expires_at", "tags",	 NULL};

static const struct option options[] = {
    {"policy_ids",	   OPTION_PICKS },
	   {"max_concurrent", OPTION_NUMBER},
    {"allowed_ips",    OPTION_WORDS },
	   {"blocked_ips",	   OPTION_WORDS },
    {"meta",	     OPTION_MAP   },
};

/* `key` is what is there; NULL: what the form says. */
static cg_rc add_policies(struct page_call *call, json_t *values, const Cg__Key *key,
			  struct cg_err *err)
{
	const struct show_ids ids =
	    key ? (struct show_ids){(const char *const *)key->policy_ids, key->n_policy_ids}
		: show_form_ids(call, "policy_ids");
	json_t *policies = NULL;
	cg_rc rc = show_choice(call, &policy_entity, ids, &policies, err);
	(void)json_object_set_new(values, "policies", policies);
	return rc;
}

/* What a date field says, to the end of that day. */
static json_t *typed_expiry(struct page_call *call)
{
	const char *text = page_field(call, "expires_at");
	if (!*text)
		return json_null();
	return strlen(text) == 10 ? json_sprintf("%sT23:59:59Z", text) : page_text(span_of(text));
}

/* `key` is what is there; NULL: a new one. */
static json_t *record_of_form(struct page_call *call, const Cg__Key *key)
{
	const struct rights_access own = {key ? key->access : NULL, key ? key->n_access : 0};
	json_t *had = key ? record_to_json(key) : NULL;
	json_t *out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name",
				page_text(span_of(page_field(call, "name"))), "access",
				rights_typed_access(call, &own), "rate", rights_typed_rate(call),
				"quota", rights_typed_quota(call), "expires_at", typed_expiry(call),
				"tags", page_typed_list(call, "tags"));
	options_typed(call, options, CG_COUNT(options), had, out);
	json_decref(had);
	return out;
}

/* A date field would show nothing of a time, and lose it at the next Save. */
static void add_date(json_t *values)
{
	size_t n = json_string_length(json_object_get(values, "expires_at"));
	(void)json_object_set_new(values, "is_date", json_boolean(n == 0 || n == 10));
}

static json_t *values_of_key(const Cg__Key *key)
{
	char iso[RFC3339_TEXT + 1] = "";
	if (key->has_expires_at)
		(void)rfc3339_format(key->expires_at, iso);
	/* The field takes a date; a time that is not the end of a day is shown as it is. */
	if (strcmp(iso + 10, "T23:59:59Z") == 0)
		iso[10] = '\0';
	json_t *values = json_pack(
	    "{s:o, s:o, s:o, s:s, s:o}", "name", page_text(span_of(key->name)), "rate_limit",
	    rights_optional_number(key->rate != NULL, key->rate ? key->rate->limit : 0),
	    "quota_limit",
	    rights_optional_number(key->quota != NULL, key->quota ? key->quota->limit : 0),
	    "expires_at", iso, "tags", show_joined(key->tags, key->n_tags));
	json_t *record = record_to_json(key);
	options_values(options, CG_COUNT(options), record, values);
	json_decref(record);
	add_date(values);
	rights_add_units(values, key->rate ? key->rate->per_seconds : 1,
			 key->quota ? (unsigned)key->quota->period : CG__QUOTA__PERIOD__MONTH);
	return values;
}

static json_t *values_of_form(struct page_call *call)
{
	json_t *values = json_object();
	page_put_back(call, values, typed_fields);
	options_values_typed(call, options, CG_COUNT(options), NULL, values);
	add_date(values);
	rights_add_units(values, rights_typed_span(call), rights_typed_period(call));
	return values;
}

/* Once the faults are known. */
static void open_folded(json_t *values)
{
	static const char *const narrow[] = {"methods", "paths", NULL};
	static const char *const more[] = {"max_concurrent", "allowed_ips", "blocked_ips", "meta",
					   NULL};
	options_open(values, "open_narrow", narrow);
	options_open(values, "open_more", more);
}

/* --- new --- */

static void show_new(struct page_call *call, const struct cert_reading *reading,
		     const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	bool sent = call->form.n > 0;
	bool token = strcmp(page_field(call, "type"), "token") == 0;
	json_t *values = values_of_form(call);
	cg_rc rc = rights_add_apis(call, values, NULL, &err);
	if (rc == CG_OK)
		rc = add_policies(call, values, NULL, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	if (why)
		page_add_errors(values, why);
	json_t *more =
	    json_pack("{s:b, s:b, s:b, s:s, s:b}", "is_token", (int)token, "is_mtls", (int)!token,
		      "may_read", 1, "once", page_once_for_form(call), "first", (int)!sent);
	(void)json_object_update(values, more);
	json_decref(more);
	show_add_certificate_field(call, values, reading);
	open_folded(values);
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

void key_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert_reading reading = {.n_chain = 0};
	char token[TOKEN_TEXT + 1] = "";
	Cg__Key *key;
	const char *once = page_once(call);
	bool wants_token = strcmp(page_field(call, "type"), "token") == 0, has_cert = false;
	bool only_read = strcmp(page_field(call, "do"), "read") == 0;
	cg_rc rc = CG_OK;
	if (!wants_token) {
		rc = show_read_certificate(call, CERT_KIND_CLIENT, &reading, &err);
		has_cert = rc == CG_OK;
		if (rc == CG_NOT_FOUND)
			rc = cg_fail_field(&err, "certificate",
					   "is missing: paste it, or upload it");
	}
	if (rc == CG_OK && only_read) {
		show_new(call, has_cert ? &reading : NULL, NULL, 200);
		return;
	}
	json_t *record = record_of_form(call, NULL);
	if (rc == CG_OK || rc == CG_BAD_VALUE)
		rc = cg_worse(rc, options_check_map(call, "meta", &err));
	const struct cg_err fault = err;
	if (rc == CG_OK || (rc == CG_BAD_VALUE && !only_read)) {
		const struct key_new what = {.id = once,
					     .key = record,
					     .cert = has_cert ? &reading.leaf : NULL,
					     .token = wants_token,
					     .fault = rc == CG_OK ? NULL : &fault};
		err = (struct cg_err){0};
		rc = key_create(call->program->store, &call->actor, &what, call->arena, &key, token,
				&err);
	}
	json_decref(record);
	bool again = entity_made_already(rc, &err);
	if (rc == CG_OK && wants_token)
		key_show_token(call, key, token);
	else if (rc == CG_OK || again)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=created%s%s",
					   again ? once : key->id, wants_token ? "&token=gone" : "",
					   reading.private_key_dropped ? "&private=dropped" : ""));
	else if (show_certificate_fault(rc, &err))
		show_new(call, has_cert ? &reading : NULL, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
	gnutls_memset(token, 0, sizeof(token));
}

/* --- changing --- */

/* For the differences: what is ticked and chosen, of the key, or (NULL) in the form.  A fault is
 * told when the form is shown. */
static void add_choices(struct page_call *call, json_t *values, const Cg__Key *key)
{
	struct cg_err ignored = {0};
	const struct rights_access own = {key ? key->access : NULL, key ? key->n_access : 0};
	(void)!rights_add_apis(call, values, key ? &own : NULL, &ignored);
	(void)!add_policies(call, values, key, &ignored);
}

static void show_edit(struct page_call *call, const Cg__Key *key, json_t *values, bool from_form,
		      int status)
{
	struct cg_err err = {0};
	const struct rights_access own = {key->access, key->n_access};
	cg_rc rc = rights_add_apis(call, values, from_form ? NULL : &own, &err);
	if (rc == CG_OK)
		rc = add_policies(call, values, from_form ? NULL : key, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	open_folded(values);
	(void)json_object_set_new(values, "id", json_string(key->id));
	(void)json_object_set_new(values, "template", json_string("admin/key-fields.tpl"));
	(void)json_object_set_new(values, "fresh", json_false());
	page_show(call, status, "key-edit", "keys", from_form ? "Error: Edit a key" : "Edit a key",
		  json_pack("{s:s, s:o, s:o, s:I, s:s}", "id", key->id, "key_name",
			    page_text(span_of(key->name)), "fields", values, "revision",
			    (json_int_t)key->revision, "main_class", "main--narrow"));
}

void key_edit_show(void *arg)
{
	struct page_call *call = arg;
	Cg__Key *key;
	if (key_get(call, &key))
		show_edit(call, key, values_of_key(key), false, 200);
}

void key_edit_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key, *changed;
	if (!key_get(call, &key))
		return;
	json_t *patch = record_of_form(call, key);
	cg_rc rc = options_check_map(call, "meta", &err);
	if (rc == CG_OK) {
		rc = page_entity_change(call, &key_entity, key->id, patch, &changed, &err);
	} else {
		rc = entity_judge(call->program->store, &key_entity, key->id, patch, rc,
				  call->arena, &err);
		json_decref(patch);
	}
	if (rc == CG_OK) {
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=saved", key->id));
	} else if (rc == CG_STALE || page_entity_fault(rc, &err)) {
		json_t *values = values_of_form(call), *theirs = values_of_key(key);
		if (rc == CG_STALE) {
			add_choices(call, values, NULL);
			add_choices(call, theirs, key);
		}
		page_add_refusal(values, theirs, rc, &err);
		show_edit(call, key, values, true, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}
