/* Organisations, and whose a key is. */
#include "base/base.h"
#include "base/limits.h"
#include "model/developer.h"
#include "model/key.h"
#include "model/organisation.h"
#include "entities.h"
#include "show.h"
#include "web/problem.h"

#define OFFERED_MAX 200 /* organisations that a field proposes */

/* --- the list --- */

static json_t *organisation_json(struct page_call *call, const Cg__Organisation *o)
{
	const char *contacts = "";
	for (size_t i = 0; contacts && i < o->n_contacts; i++)
		contacts = arena_printf(call->arena, "%s%s\n", contacts, o->contacts[i]);
	return json_pack("{s:s, s:o, s:b, s:s, s:o, s:I}", "id", o->id, "name",
			 page_text(span_of(o->name)), "active", (int)o->active, "contacts",
			 contacts ? contacts : "", "added", page_time(call, o->created_at),
			 "revision", (json_int_t)o->revision);
}

void organisations_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page;
	const char *q = page_query(call, "q"), *cursor = page_query(call, "cursor");
	cg_rc rc = entity_list(call->program->store, &organisation_entity, span_of(cursor),
			       LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(items, organisation_json(call, page.messages[i]));
	page_show(call, 200, "organisations", "developers", "Organisations",
		  json_pack("{s:o, s:o, s:b, s:o, s:b}", "items", items, "q", page_text(span_of(q)),
			    "searched", (int)(*q != '\0'), "next",
			    page_next(call, "/admin/organisations", q, page.next), "deleted",
			    strcmp(page_query(call, "done"), "deleted") == 0));
}

/* --- new --- */

static void show_new(struct page_call *call, const struct cg_err *why, int status)
{
	static const char *const names[] = {"name", "contacts", NULL};
	json_t *values = json_pack("{s:s}", "main_class", "main--narrow");
	page_put_back(call, values, names);
	if (why)
		page_add_errors(values, why);
	else
		(void)json_object_set_new(values, "focus_name", json_true());
	page_show(call, status, "organisation-new", "developers",
		  why ? "Error: Add an organisation" : "Add an organisation", values);
}

void organisation_new_show(void *call)
{
	show_new(call, NULL, 200);
}

static json_t *record_of_form(struct page_call *call)
{
	struct span rest = span_of(page_lines(call, "contacts")), line;
	json_t *contacts = json_array();
	while (rest.n > 0 && span_next(&rest, '\n', &line)) {
		line = span_trim(line);
		if (line.n > 0)
			(void)json_array_append_new(contacts, page_text(line));
	}
	return json_pack("{s:o, s:o}", "name", page_text(span_of(page_field(call, "name"))),
			 "contacts", contacts);
}

void organisation_new_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Organisation *o;
	json_t *json = record_of_form(call);
	cg_rc rc = entity_create(call->program->store, &organisation_entity, &call->actor, json,
				 call->arena, &o, &err);
	json_decref(json);
	if (rc == CG_OK)
		page_redirect(
		    call, arena_printf(call->arena, "/admin/organisations/%s?done=created", o->id));
	else if (rc == CG_BAD_VALUE || rc == CG_BAD_INPUT)
		show_new(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

/* --- one --- */

static bool get(struct page_call *call, Cg__Organisation **out)
{
	return page_entity_get(call, &organisation_entity, page_param(call, 0), out);
}

struct keys_call {
	const char *id;
	struct arena *arena;
	json_t *keys;
};

static cg_rc keys_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct keys_call *c = arg;
	struct key_ids ids;
	cg_rc rc = organisation_keys_in(txn, STORE_KEY_BY_ORGANISATION, c->id, c->arena, &ids, err);
	(void)json_array_clear(c->keys);
	for (size_t i = 0; rc == CG_OK && i < ids.n; i++) {
		Cg__Key *key;
		rc = entity_get_in(txn, &key_entity, ids.items[i], c->arena, &key, err);
		if (rc == CG_OK)
			(void)json_array_append_new(c->keys,
						    json_pack("{s:s, s:o}", "id", key->id, "name",
							      page_text(span_of(key->name))));
	}
	return rc;
}

static void show_one(struct page_call *call, const struct cg_err *why, int status)
{
	static const char *const typed[] = {"name", "contacts", NULL};
	const char *done = page_query(call, "done");
	struct cg_err err = {0};
	struct developers all = {.n = 0};
	Cg__Organisation *o;
	if (!get(call, &o))
		return;
	struct keys_call keys = {o->id, call->arena, json_array()};
	cg_rc rc = developers_of(call->program->store, o->id, call->arena, &all, &err);
	if (rc == CG_OK)
		rc = store_read(call->program->store, keys_txn, &keys, &err);
	if (rc != CG_OK) {
		json_decref(keys.keys);
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = organisation_json(call, o), *members = json_array();
	for (size_t i = 0; i < all.n; i++)
		(void)json_array_append_new(
		    members, json_pack("{s:s, s:o, s:s}", "id", all.items[i]->id, "name",
				       page_text(span_of(all.items[i]->name)), "email",
				       all.items[i]->email));
	(void)json_object_set_new(values, "members", members);
	(void)json_object_set_new(values, "keys", keys.keys);
	(void)json_object_set_new(values, "unused",
				  json_boolean(all.n == 0 && json_array_size(keys.keys) == 0));
	(void)json_object_set_new(values, "shown_name", page_text(span_of(o->name)));
	(void)json_object_set_new(values, "main_class", json_string("main--narrow"));
	(void)json_object_set_new(values, "saved", json_boolean(strcmp(done, "saved") == 0));
	(void)json_object_set_new(values, "created", json_boolean(strcmp(done, "created") == 0));
	if (why) {
		page_put_back(call, values, typed);
		page_add_errors(values, why);
	}
	page_show(call, status, "organisation", "developers", why ? "Error: Organisation" : o->name,
		  values);
}

void organisation_show(void *call)
{
	show_one(call, NULL, 200);
}

void organisation_change(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Organisation *o;
	json_t *patch = record_of_form(call);
	(void)json_object_set_new(patch, "active",
				  json_boolean(web_form_has(&call->form, "active")));
	cg_rc rc =
	    page_entity_change(call, &organisation_entity, page_param(call, 0), patch, &o, &err);
	if (rc == CG_OK)
		page_redirect(
		    call, arena_printf(call->arena, "/admin/organisations/%s?done=saved", o->id));
	else if (rc == CG_CLASH || rc == CG_BAD_VALUE || rc == CG_STALE)
		show_one(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

void organisation_delete_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = page_entity_remove(call, &organisation_entity, &err);
	if (rc == CG_OK)
		page_redirect(call, "/admin/organisations?done=deleted");
	else if (rc == CG_CLASH || rc == CG_STALE)
		show_one(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}

/* --- whose a key is --- */

static void show_transfer(struct page_call *call, const struct cg_err *why, int status)
{
	struct cg_err err = {0};
	struct entity_page page;
	Cg__Key *key;
	cg_rc rc = entity_get(call->program->store, &key_entity, page_param(call, 0), call->arena,
			      &key, &err);
	if (rc == CG_OK)
		rc = entity_list(call->program->store, &organisation_entity, SPAN_LIT(""),
				 OFFERED_MAX, SPAN_LIT(""), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *offered = json_array();
	for (size_t i = 0; i < page.n; i++)
		(void)json_array_append_new(
		    offered,
		    page_text(span_of(((const Cg__Organisation *)page.messages[i])->name)));
	const char *of = why ? page_field(call, "organisation_id")
			     : show_organisation_field(call, key->organisation_id);
	json_t *values = json_pack("{s:s, s:o, s:o, s:o, s:I, s:s}", "id", key->id, "key_name",
				   page_text(span_of(key->name)), "organisation_id",
				   page_text(span_of(of)), "offered", offered, "revision",
				   (json_int_t)key->revision, "main_class", "main--slim");
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "key-transfer", "keys",
		  why ? "Error: Transfer a key" : "Transfer a key", values);
}

void key_transfer_show(void *call)
{
	show_transfer(call, NULL, 200);
}

void key_transfer_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *to = page_field(call, "organisation_id");
	Cg__Key *key;
	json_t *patch =
	    json_pack("{s:o}", "organisation_id", *to ? page_text(span_of(to)) : json_null());
	cg_rc rc = page_entity_change(call, &key_entity, page_param(call, 0), patch, &key, &err);
	if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/admin/keys/%s?done=saved", key->id));
	else if (rc == CG_BAD_VALUE || rc == CG_STALE || rc == CG_CLASH)
		show_transfer(call, &err, web_status_of(rc));
	else
		page_fail(call, rc, &err);
}
