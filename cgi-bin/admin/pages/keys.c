/* Keys: one, switching and removing it. */
#include "base/base.h"
#include "entities.h"
#include "figures.h"
#include "grant/grant.h"
#include "keys.h"
#include "model/audit.h"
#include "model/certificate.h"
#include "usage/refusals.h"

#define REFUSALS_SHOWN 5
#define HISTORY_SHOWN  6

/* --- one --- */

static json_t *from_json(const Cg__Policy *policy)
{
	return policy ? page_text(span_of(policy->name)) : json_string("");
}

static json_t *joined(char **items, size_t n, const char *all)
{
	return n == 0 ? json_string(all) : show_joined(items, n);
}

/* Rows "what, value, where from" of what the key may do. */
static json_t *effective_json(struct page_call *call, const struct key_grant *g)
{
	const struct effective *e = &g->effective;
	json_t *out = json_array();
	for (size_t i = 0; i < e->n_access; i++) {
		const Cg__Access *entry = e->access[i].entry;
		(void)json_array_append_new(
		    out,
		    json_pack("{s:s, s:o, s:o, s:o, s:o}", "what", "Access", "value",
			      page_text(span_of(show_api_name(call, entry->api_id))), "methods",
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
	cg_rc rc = credential_list(call->program->store, key_id, call->arena, &list, err);
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
	if (!call->program->refusals ||
	    refusals_list(call->program->refusals, &filter, 0, REFUSALS_SHOWN, call->arena, &page,
			  NULL) != CG_OK)
		return out;
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(out, show_refusal(call, page.items[i]));
	return out;
}

/* What was done to it, the newest first. */
struct history {
	struct page_call *call;
	json_t *items;
};

static cg_rc note_entry(const Cg__AuditEntry *entry, void *arg, struct cg_err *err)
{
	struct history *h = arg;
	json_t *one =
	    json_pack("{s:o, s:o, s:s}", "at", page_distance(h->call, entry->at), "actor",
		      page_text(span_of(entry->actor)), "action", show_action(entry->action));
	if (json_array_insert_new(h->items, 0, one) != 0)
		return cg_fail_memory(err);
	if (json_array_size(h->items) > HISTORY_SHOWN)
		(void)json_array_remove(h->items, HISTORY_SHOWN);
	return CG_OK;
}

static cg_rc history_json(struct page_call *call, const char *key_id, json_t **out,
			  struct cg_err *err)
{
	struct history h = {.call = call, .items = json_array()};
	*out = h.items;
	return audit_walk(call->program->store, key_id, 0, note_entry, &h, err);
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

/* Of the line that calls an API with the key: the first it has. */
static const char *example_path(struct page_call *call, const struct key_grant *g)
{
	const struct effective *e = &g->effective;
	const Cg__Api *api = e->n_access > 0 ? show_api(call, e->access[0].entry->api_id) : NULL;
	return api ? api->listen_path : "";
}

/* Everything on the page that is not the key itself. */
static cg_rc add_around(struct page_call *call, const struct key_grant *g, json_t *values,
			struct cg_err *err)
{
	struct figures_span span;
	json_t *credentials = NULL, *history = NULL, *usage = NULL;
	figures_month(call, &span);
	cg_rc rc = credentials_json(call, g->key->id, &credentials, err);
	(void)json_object_set_new(values, "credentials", credentials);
	if (rc != CG_OK)
		return rc;
	rc = history_json(call, g->key->id, &history, err);
	(void)json_object_set_new(values, "history", history);
	if (rc == CG_OK)
		rc = figures_make(call, &span, NULL, g->key->id, "usage", true, &usage, err);
	if (rc == CG_OK)
		(void)json_object_update_new(values, usage);
	return rc;
}

void key_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct key_grant g;
	json_t *values = NULL;
	const char *done = page_query(call, "done");
	bool token_gone = strcmp(page_query(call, "token"), "gone") == 0;
	cg_rc rc = grant_load_key(call->program->store, page_param(call, 0), call->arena, &g, &err);
	if (rc == CG_OK)
		rc = show_key(call, g.key, &values, &err);
	if (rc == CG_OK)
		rc = add_around(call, &g, values, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	/* Of what keeps it off besides, another switch is the one to turn. */
	const bool is_on = g.key->active || g.off != ORGANISATION_ON;
	json_t *more = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:s, s:o, s:I}",
	    "effective", effective_json(call, &g), "refusals", refusals_json(call, g.key->id),
	    "policies", policies_json(&g), "tags", tags_json(g.key), "left",
	    figures_quota(call, &g), "created_at", page_distance(call, g.key->created_at),
	    "used_at",
	    g.key->has_last_used_at ? page_distance(call, g.key->last_used_at) : json_null(),
	    "is_on", (int)is_on, "is_off", (int)!is_on, "created", strcmp(done, "created") == 0,
	    "saved", strcmp(done, "saved") == 0, "added", strcmp(done, "added") == 0, "dropped",
	    strcmp(page_query(call, "private"), "dropped") == 0, "token_gone", (int)token_gone,
	    "base", page_base(call), "example",
	    /* The line has a certificate in it. */
	    page_text(span_of(token_gone ? "" : example_path(call, &g))), "revision",
	    (json_int_t)g.key->revision);
	(void)json_object_update_new(values, more);
	if (g.off == ORGANISATION_OFF)
		(void)json_object_set_new(values, "organisation_off",
					  json_pack("{s:s}", "of", g.key->organisation_id));
	if (g.off == ORGANISATION_DEVELOPER_OFF)
		(void)json_object_set_new(values, "developer_off",
					  json_pack("{s:s}", "of", g.key->developer_id));
	/* A list's line has it; here each credential has its own. */
	(void)json_object_del(values, "until");
	page_show(call, 200, "key", "keys", g.key->name, values);
}

void key_switch_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	json_t *patch = json_pack("{s:b}", "active", strcmp(page_field(call, "active"), "on") == 0);
	cg_rc rc =
	    entity_change(call->program->store, &key_entity, &call->actor, page_param(call, 0),
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
	Cg__Key *key;
	json_t *values;
	if (!key_get(call, &key))
		return;
	cg_rc rc = show_key(call, key, &values, &err);
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
	cg_rc rc = page_entity_remove(call, &key_entity, &err);
	if (rc == CG_OK)
		page_redirect(call, "/admin/keys?done=deleted");
	else
		page_fail(call, rc, &err);
}
