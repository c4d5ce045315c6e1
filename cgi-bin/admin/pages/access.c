/* The access rights of a key or a policy, entry by entry: methods, paths, and limits of its own. */
#include "base/base.h"
#include "base/text.h"
#include "entities.h"
#include "model/api.h"
#include "model/key.h"
#include "model/policy.h"
#include "options.h"
#include "rights.h"
#include "web/problem.h"

/* Whose they are. */
struct holder {
	const struct entity *entity;
	const char *nav, *list, *path; /* "keys", "Keys", "/admin/keys/ID" */
	const char *id, *name;
	uint64_t revision;
	struct rights_access access;
};

static bool get(struct page_call *call, bool policy, struct holder *out)
{
	struct cg_err err = {0};
	const struct entity *e = policy ? &policy_entity : &key_entity;
	struct entity_head *head;
	if (!page_entity_get(call, e, page_param(call, 0), &head))
		return false;
	*out = (struct holder){.entity = e,
			       .nav = policy ? "policies" : "keys",
			       .list = policy ? "Policies" : "Keys",
			       .id = head->id,
			       .name = head->name,
			       .revision = head->revision};
	if (policy) {
		const Cg__Policy *p = (const void *)head;
		out->access = (struct rights_access){p->access, p->n_access};
	} else {
		const Cg__Key *key = (const void *)head;
		out->access = (struct rights_access){key->access, key->n_access};
	}
	out->path = arena_printf(call->arena, "/admin/%s/%s", out->nav, out->id);
	if (out->path)
		return true;
	page_fail(call, cg_fail_memory(&err), &err);
	return false;
}

/* --- the form's fields: access.N.member, N counts the entries, the last is for a new one --- */

static const char *field(struct page_call *call, size_t n, const char *member)
{
	const char *name = arena_printf(call->arena, "access.%zu.%s", n, member);
	return name ? name : "";
}

static const char *typed(struct page_call *call, size_t n, const char *member)
{
	return page_field(call, field(call, n, member));
}

static bool is_on(struct page_call *call, size_t n, const char *member)
{
	return web_form_has(&call->form, field(call, n, member));
}

/* How many entries the form has; a field of each is always sent. */
static size_t typed_entries(struct page_call *call)
{
	size_t n = 0;
	while (n < LIST_MAX_ENTRIES && is_on(call, n, "api_id"))
		n++;
	return n;
}

static json_t *typed_limit(struct page_call *call, size_t n, const char *limit, const char *per,
			   bool number)
{
	json_t *count = page_typed_number(call, field(call, n, limit));
	if (json_is_null(count))
		return count;
	json_t *span = number ? page_typed_number(call, field(call, n, per))
			      : page_text(span_of(typed(call, n, per)));
	return json_pack("{s:o, s:o}", "limit", count, number ? "per_seconds" : "period", span);
}

static json_t *typed_entry(struct page_call *call, size_t n)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "api_id",
			 page_text(span_of(typed(call, n, "api_id"))), "methods",
			 page_typed_list(call, field(call, n, "methods")), "paths",
			 page_typed_list(call, field(call, n, "paths")), "separate",
			 (int)is_on(call, n, "separate"), "rate",
			 typed_limit(call, n, "rate.limit", "rate.per_seconds", true), "quota",
			 typed_limit(call, n, "quota.limit", "quota.period", false));
}

/* What is to be saved; `at` tells of each entry which of the form's it was. */
static json_t *typed_access(struct page_call *call, size_t *at)
{
	json_t *out = json_array();
	size_t n = typed_entries(call);
	for (size_t i = 0; i < n; i++) {
		/* The last one is empty unless it is wanted. */
		if (is_on(call, i, "remove") || !*typed(call, i, "api_id"))
			continue;
		at[json_array_size(out)] = i;
		(void)json_array_append_new(out, typed_entry(call, i));
	}
	return out;
}

/* --- what is shown --- */

static json_t *number_or_text(const json_t *value)
{
	return json_is_integer(value)  ? page_number((uint64_t)json_integer_value(value))
	       : json_is_string(value) ? json_string(json_string_value(value))
				       : json_string("");
}

static json_t *entry_values(struct page_call *call, const json_t *entry, size_t n, bool remove)
{
	const char *id = json_string_value(json_object_get(entry, "api_id"));
	const json_t *rate = json_object_get(entry, "rate"),
		     *quota = json_object_get(entry, "quota");
	json_int_t per = json_integer_value(json_object_get(rate, "per_seconds"));
	json_t *out = json_pack(
	    "{s:I, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:b}", "n", (json_int_t)n, "api_id",
	    id ? id : "", "api_name", page_text(span_of(id ? show_api_name(call, id) : "")),
	    "methods", options_words(json_object_get(entry, "methods")), "paths",
	    options_words(json_object_get(entry, "paths")), "is_separate",
	    (int)json_is_true(json_object_get(entry, "separate")), "rate_limit",
	    number_or_text(json_object_get(rate, "limit")), "quota_limit",
	    number_or_text(json_object_get(quota, "limit")), "is_remove", (int)remove);
	(void)json_object_set_new(out, "fresh", json_false());
	rights_add_units(out, per > 0 ? (uint64_t)per : 1,
			 rights_period(json_string_value(json_object_get(quota, "period"))));
	return out;
}

/* "access[2].paths[0]" -> 2, "paths". */
static bool read_place(const char *text, size_t *entry, char member[32])
{
	struct span rest = span_of(text), part;
	uint64_t n;
	if (!span_next(&rest, '[', &part) || !span_is(part, SPAN_LIT("access")) ||
	    !span_next(&rest, ']', &part) || !number_parse(part, LIST_MAX_ENTRIES, &n) ||
	    rest.n < 2 || rest.p[0] != '.')
		return false;
	rest = span_from(rest, 1);
	(void)snprintf(member, 32, "%.*s", (int)strcspn(rest.p, ".["), rest.p);
	*entry = (size_t)n;
	return true;
}

/* It belongs to the form's entry at[2]. */
static void add_faults(json_t *entries, const struct cg_err *err, const size_t *at, size_t n)
{
	bool first = true;
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(err, &f);) {
		size_t entry;
		char member[32], name[48];
		if (!read_place(f.field, &entry, member) || entry >= n)
			continue;
		json_t *values = json_array_get(entries, at[entry]);
		bool limit = strcmp(member, "rate") == 0 || strcmp(member, "quota") == 0;
		(void)snprintf(name, sizeof(name), "error_%s%s", member, limit ? "_limit" : "");
		(void)json_object_set_new(
		    values, name, json_pack("{s:o}", "message", page_text(span_of(f.text))));
		(void)snprintf(name, sizeof(name), "focus_%s%s", member, limit ? "_limit" : "");
		if (first)
			(void)json_object_set_new(values, name, json_true());
		first = false;
	}
}

static json_t *entries_of_record(struct page_call *call, const struct holder *h)
{
	json_t *out = json_array();
	for (size_t i = 0; i < h->access.n; i++) {
		json_t *entry = record_to_json(h->access.items[i]);
		(void)json_array_append_new(out, entry_values(call, entry, i, false));
		json_decref(entry);
	}
	(void)json_array_append_new(out, entry_values(call, NULL, h->access.n, false));
	return out;
}

static json_t *entries_of_form(struct page_call *call)
{
	json_t *out = json_array();
	size_t n = typed_entries(call);
	for (size_t i = 0; i < n; i++) {
		json_t *entry = typed_entry(call, i);
		(void)json_array_append_new(out,
					    entry_values(call, entry, i, is_on(call, i, "remove")));
		json_decref(entry);
	}
	return out;
}

/* The entry for a new one chooses among all APIs. */
static cg_rc add_choice(struct page_call *call, json_t *entries, struct cg_err *err)
{
	json_t *last = json_array_get(entries, json_array_size(entries) - 1), *choice;
	const char *chosen = json_string_value(json_object_get(last, "api_id"));
	cg_rc rc = show_filter(call, &api_entity, chosen ? chosen : "", &choice, err);
	if (rc == CG_OK)
		(void)json_object_set_new(last, "fresh", choice);
	return rc;
}

/* `entries` is taken. */
static void show(struct page_call *call, const struct holder *h, json_t *entries, bool stale,
		 const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	cg_rc rc = add_choice(call, entries, &err);
	if (rc != CG_OK) {
		json_decref(entries);
		page_fail(call, rc, &err);
		return;
	}
	json_t *values =
	    json_pack("{s:o, s:s, s:s, s:o, s:I, s:b, s:s}", "entries", entries, "path", h->path,
		      "list", h->list, "name", page_text(span_of(h->name)), "revision",
		      (json_int_t)h->revision, "stale", (int)stale, "main_class", "main--narrow");
	(void)json_object_set_new(values, "list_path",
				  json_string(arena_printf(call->arena, "/admin/%s", h->nav)));
	if (why) {
		/* Which field it is, the entries say. */
		page_add_errors(values, why);
		(void)json_object_del(values, "error_access");
		(void)json_object_del(values, "focus_access");
	}
	page_show(call, status, "access", h->nav,
		  why || stale ? "Error: Access rights" : "Access rights", values);
}

static void show_page(struct page_call *call, bool policy)
{
	struct holder h;
	if (get(call, policy, &h))
		show(call, &h, entries_of_record(call, &h), false, NULL, 200);
}

static void save(struct page_call *call, bool policy)
{
	struct cg_err err = {0};
	struct holder h;
	void *changed;
	size_t *at = arena_alloc(call->arena, (LIST_MAX_ENTRIES + 1) * sizeof(*at));
	if (!get(call, policy, &h))
		return;
	if (!at) {
		page_fail(call, cg_fail_memory(&err), &err);
		return;
	}
	json_t *access = typed_access(call, at);
	size_t n = json_array_size(access);
	json_t *patch = json_pack("{s:o}", "access", access);
	cg_rc rc = page_entity_change(call, h.entity, h.id, patch, &changed, &err);
	if (rc == CG_OK) {
		page_redirect(call, arena_printf(call->arena, "%s?done=saved", h.path));
	} else if (rc == CG_STALE || rc == CG_BAD_VALUE || rc == CG_BAD_INPUT) {
		json_t *entries = entries_of_form(call);
		add_faults(entries, &err, at, n);
		/* An entry that was added meanwhile may not have been in the form. */
		if (json_array_size(entries) == 0)
			(void)json_array_append_new(entries, entry_values(call, NULL, 0, false));
		show(call, &h, entries, rc == CG_STALE, rc == CG_STALE ? NULL : &err,
		     web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}

void key_access_show(void *arg)
{
	show_page(arg, false);
}

void key_access_do(void *arg)
{
	save(arg, false);
}

void policy_access_show(void *arg)
{
	show_page(arg, true);
}

void policy_access_do(void *arg)
{
	save(arg, true);
}
