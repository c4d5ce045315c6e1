/* The catalogue: what there is, and one entry. */
#include "base/base.h"
#include "base/markdown.h"
#include "base/limits.h"
#include "model/own_key.h"
#include "model/setting.h"
#include "show.h"

#define SUMMARY_BYTES (16 * 1024)
#define SEARCH_FROM   7 /* entries, from which a search field helps */

/* Whether who is not signed in may look; false after having answered. */
static bool may_look(struct page_call *call)
{
	struct cg_err err = {0};
	Cg__Setting *setting;
	if (call->who.session)
		return true;
	cg_rc rc = setting_get(call->program->store, call->arena, &setting, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else if (!setting->catalogue_public)
		page_redirect(call, "/portal/login");
	return rc == CG_OK && setting->catalogue_public;
}

static json_t *summary_of(const Cg__CatalogueEntry *entry)
{
	struct buf text;
	buf_init(&text, SUMMARY_BYTES);
	json_t *out = json_string("");
	if (entry->description &&
	    markdown_summary(span_of(entry->description), &text, NULL) == CG_OK && text.n > 0) {
		json_decref(out);
		out = page_text(buf_span(&text));
	}
	buf_release(&text);
	return out;
}

/* The keys of the organisation that have the entry's policy: the first ones, and whether there are
 * more. */
static cg_rc add_keys(struct page_call *call, const struct offer *offer, json_t *values,
		      struct cg_err *err)
{
	const struct own_key_query query = {.policy_id = offer->policy->id};
	struct entity_page page = {.n = 0};
	json_t *out = json_array();
	(void)json_object_set_new(values, "keys", out);
	cg_rc rc = call->who.developer
		       ? own_key_list(call->program->store, &call->actor, &query, SPAN_LIT(""),
				      LIST_LIMIT_DEFAULT, call->arena, &page, err)
		       : CG_OK;
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		const Cg__Key *key = page.messages[i];
		json_t *line;
		rc = show_key(call, key, &line, err);
		if (rc != CG_OK)
			break;
		(void)json_object_set_new(line, "link", json_sprintf("/portal/keys/%s", key->id));
		(void)json_array_append_new(out, line);
	}
	(void)json_object_set_new(values, "more_keys", json_boolean(page.next != NULL));
	return rc;
}

/* The offers of a page, and of which of them the organisation has a key. */
struct shelf {
	struct offer items[LIST_LIMIT_DEFAULT];
	bool have[LIST_LIMIT_DEFAULT], any;
	size_t n;
};

static void note_key(const Cg__Key *key, void *arg)
{
	struct shelf *shelf = arg;
	shelf->any = true;
	for (size_t i = 0; i < shelf->n; i++)
		for (size_t j = 0; j < key->n_policy_ids && !shelf->have[i]; j++)
			shelf->have[i] =
			    strcmp(key->policy_ids[j], shelf->items[i].policy->id) == 0;
}

static json_t *card(const struct offer *o, bool have)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "id", o->entry->id, "name",
			 page_text(span_of(o->entry->name)), "summary", summary_of(o->entry),
			 "rate", offer_rate(o), "quota", offer_quota(o), "badge",
			 have ? page_badge("ok", "You have a key") : json_null());
}

static cg_rc is_visible(struct store_txn *txn, const void *message, void *arg, struct arena *arena,
			bool *out, struct cg_err *err)
{
	const Cg__CatalogueEntry *entry = message;
	(void)txn;
	(void)arg;
	(void)arena;
	(void)err;
	*out = entry->visible;
	return CG_OK;
}

/* *next is the cursor of the page behind it. */
static cg_rc fill_shelf(struct page_call *call, const char *q, struct shelf *shelf,
			const char **next, struct cg_err *err)
{
	struct entity_search what = {.q = span_of(q), .fits = is_visible};
	struct entity_page page = {.n = 0};
	cg_rc rc = entity_search(call->program->store, &catalogue_entity,
				 span_of(page_query(call, "cursor")), LIST_LIMIT_DEFAULT, &what,
				 call->arena, &page, err);
	shelf->n = 0;
	shelf->any = false;
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		rc = offer_load(call, page.messages[i], &shelf->items[i], err);
		shelf->have[i] = false;
		shelf->n += rc == CG_OK;
	}
	if (rc == CG_OK && call->who.developer)
		rc = own_key_each(call->program->store, &call->actor, note_key, shelf, err);
	*next = page.next;
	return rc;
}

void catalogue_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct shelf shelf;
	const char *q = page_query(call, "q"), *next;
	bool whole = !*page_query(call, "cursor");
	if (!may_look(call))
		return;
	cg_rc rc = fill_shelf(call, q, &shelf, &next, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < shelf.n; i++)
		(void)json_array_append_new(items, card(&shelf.items[i], shelf.have[i]));
	whole = whole && !next;
	page_show(call, 200, "catalogue", "catalogue", "Catalogue",
		  json_pack("{s:o, s:b, s:b, s:b, s:i, s:b, s:b, s:o, s:b, s:o}", "items", items,
			    "one", whole && shelf.n == 1, "several", whole && shelf.n > 1, "paged",
			    (int)!whole, "number", (int)shelf.n, "searchable",
			    !whole || shelf.n >= SEARCH_FROM || *q, "searched", *q != '\0', "q",
			    page_text(span_of(q)), "newcomer", (int)!shelf.any, "next",
			    page_next(call, "/portal/", q, next)));
}

static json_t *first_calls(struct page_call *call, const struct offer *o)
{
	json_t *out = json_array();
	for (size_t i = 0; i < o->n_apis; i++) {
		json_t *lines = offer_lines(call, &o->apis[i], 1, false);
		if (json_array_size(lines) == 0) {
			json_decref(lines);
			lines = offer_lines(call, &o->apis[i], 1, true);
		}
		if (json_array_size(lines) > 0)
			(void)json_array_append_new(out,
						    json_pack("{s:o, s:O}", "name",
							      page_text(span_of(o->apis[i]->name)),
							      "line", json_array_get(lines, 0)));
		json_decref(lines);
	}
	return out;
}

void entry_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct offer offer;
	struct buf html;
	json_t *values = json_object();
	if (!may_look(call) || !offer_get(call, &offer)) {
		json_decref(values);
		return;
	}
	const Cg__CatalogueEntry *entry = offer.entry;
	buf_init(&html, MARKDOWN_HTML_MAX);
	cg_rc rc = add_keys(call, &offer, values, &err);
	if (rc == CG_OK)
		rc = markdown_html(span_of(entry->description ? entry->description : ""), &html,
				   &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
	} else {
		json_t *more = json_pack("{s:s, s:o, s:o, s:s?, s:o, s:o}", "id", entry->id, "name",
					 page_text(span_of(entry->name)), "description_html",
					 page_text(buf_span(&html)), "documentation_url",
					 entry->documentation_url, "plan", offer_plan(&offer),
					 "apis", first_calls(call, &offer));
		(void)json_object_update_new(values, more);
		page_show(call, 200, "entry", "catalogue", entry->name, values);
	}
	buf_release(&html);
}
