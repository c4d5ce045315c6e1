/* The catalogue: what there is, and one entry. */
#include "base/base.h"
#include "base/markdown.h"
#include "base/text.h"
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

/* The keys of the organisation that have the entry's policy. */
static json_t *keys_with(struct page_call *call, const struct offer *offer,
			 const struct own_keys *keys)
{
	struct all_apis apis = {.n = 0};
	json_t *out = json_array();
	for (size_t i = 0; i < keys->n; i++) {
		const Cg__Key *key = keys->items[i];
		bool has = false;
		json_t *line;
		for (size_t j = 0; j < key->n_policy_ids; j++)
			has = has || strcmp(key->policy_ids[j], offer->policy->id) == 0;
		if (!has || show_key(call, key, &apis, &line, NULL) != CG_OK)
			continue;
		(void)json_object_set_new(line, "link", json_sprintf("/portal/keys/%s", key->id));
		(void)json_array_append_new(out, line);
	}
	return out;
}

static cg_rc own_keys(struct page_call *call, struct own_keys *out, struct cg_err *err)
{
	*out = (struct own_keys){.n = 0};
	return call->who.developer
		   ? own_key_list(call->program->store, &call->actor, call->arena, out, err)
		   : CG_OK;
}

static json_t *card(struct page_call *call, const struct offer *o, const struct own_keys *keys)
{
	json_t *plan = offer_plan(o), *have = keys_with(call, o, keys);
	json_t *out = json_pack(
	    "{s:s, s:o, s:o, s:O, s:O, s:o}", "id", o->entry->id, "name",
	    page_text(span_of(o->entry->name)), "summary", summary_of(o->entry), "rate",
	    json_object_get(plan, "rate"), "quota", json_object_get(plan, "quota"), "badge",
	    json_array_size(have) > 0 ? page_badge("ok", "You have a key") : json_null());
	json_decref(plan);
	json_decref(have);
	return out;
}

static bool fits(const Cg__CatalogueEntry *entry, struct span folded)
{
	return folded.n == 0 || text_holds(entry->name, folded) ||
	       text_holds(entry->description, folded);
}

void catalogue_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct entity_page page = {.n = 0};
	struct own_keys keys = {.n = 0};
	const char *q = page_query(call, "q"), *folded = text_fold(span_of(q), call->arena);
	size_t visible = 0;
	if (!may_look(call))
		return;
	json_t *items = json_array();
	cg_rc rc = entity_list(call->program->store, &catalogue_entity, SPAN_LIT(""),
			       LIST_LIMIT_MAX, SPAN_LIT(""), call->arena, &page, &err);
	if (rc == CG_OK)
		rc = folded ? own_keys(call, &keys, &err) : cg_fail_memory(&err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		Cg__CatalogueEntry *entry = page.messages[i];
		struct offer offer;
		if (!entry->visible)
			continue;
		visible++;
		if (!fits(entry, span_of(folded)))
			continue;
		rc = offer_load(call, entry, &offer, &err);
		if (rc == CG_OK)
			(void)json_array_append_new(items, card(call, &offer, &keys));
	}
	if (rc != CG_OK) {
		json_decref(items);
		page_fail(call, rc, &err);
		return;
	}
	size_t n = json_array_size(items);
	page_show(call, 200, "catalogue", "catalogue", "Catalogue",
		  json_pack("{s:o, s:b, s:b, s:i, s:b, s:b, s:o, s:b}", "items", items, "one",
			    n == 1, "several", n > 1, "number", (int)n, "searchable",
			    visible >= SEARCH_FROM || *q, "searched", *q != '\0', "q",
			    page_text(span_of(q)), "newcomer", keys.n == 0));
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
	struct own_keys keys;
	struct buf html;
	if (!may_look(call) || !offer_get(call, &offer))
		return;
	const Cg__CatalogueEntry *entry = offer.entry;
	buf_init(&html, MARKDOWN_HTML_MAX);
	cg_rc rc = own_keys(call, &keys, &err);
	if (rc == CG_OK)
		rc = markdown_html(span_of(entry->description ? entry->description : ""), &html,
				   &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
	} else {
		page_show(call, 200, "entry", "catalogue", entry->name,
			  json_pack("{s:s, s:o, s:o, s:o, s:s?, s:o, s:o, s:o}", "id", entry->id,
				    "name", page_text(span_of(entry->name)), "summary",
				    json_string(""), "description_html", page_text(buf_span(&html)),
				    "documentation_url", entry->documentation_url, "plan",
				    offer_plan(&offer), "apis", first_calls(call, &offer), "keys",
				    keys_with(call, &offer, &keys)));
	}
	buf_release(&html);
}
