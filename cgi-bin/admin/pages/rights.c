/* The part of a form that gives access to APIs and sets limits: of keys and of policies. */
#include "base/base.h"
#include "model/api.h"
#include "rights.h"

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

bool rights_form_says(struct page_call *call, const char *name, const char *value)
{
	for (size_t i = 0; i < call->form.n; i++)
		if (span_is_text(call->form.fields[i].name, name) &&
		    span_is_text(call->form.fields[i].value, value))
			return true;
	return false;
}

/* The APIs that are ticked: those of the record, or (NULL) of the form. */
static struct show_ids ticked_apis(struct page_call *call, const struct rights_access *of)
{
	if (!of)
		return show_form_ids(call, "access");
	const char **items = arena_alloc(call->arena, (of->n + 1) * sizeof(*items));
	for (size_t i = 0; items && i < of->n; i++)
		items[i] = of->items[i]->api_id;
	return (struct show_ids){items, items ? of->n : 0};
}

static void add_api(json_t *to, const Cg__Api *api, bool ticked)
{
	(void)json_array_append_new(to, json_pack("{s:s, s:o, s:o, s:b}", "id", api->id, "name",
						  page_text(span_of(api->name)), "listen_path",
						  page_text(span_of(api->listen_path)), "ticked",
						  (int)ticked));
}

static bool has_api(const struct entity_page *page, const char *id)
{
	for (size_t i = 0; i < page->n; i++)
		if (strcmp(((const Cg__Api *)page->messages[i])->id, id) == 0)
			return true;
	return false;
}

cg_rc rights_add_apis(struct page_call *call, json_t *values, const struct rights_access *of,
		      struct cg_err *err)
{
	const struct show_ids ticked = ticked_apis(call, of);
	struct entity_page page;
	cg_rc rc = entity_list(call->program->store, &api_entity, SPAN_LIT(""), LIST_LIMIT_MAX,
			       SPAN_LIT(""), call->arena, &page, err);
	if (rc != CG_OK)
		return rc;
	json_t *out = json_array();
	for (size_t i = 0; i < page.n; i++) {
		const Cg__Api *api = page.messages[i];
		add_api(out, api, show_ids_have(ticked, api->id));
	}
	/* Those that are not among the first. */
	for (size_t i = 0; i < ticked.n; i++) {
		const char *id = ticked.items[i];
		const Cg__Api *api =
		    has_api(&page, id) || show_ids_have((struct show_ids){ticked.items, i}, id)
			? NULL
			: show_api(call, id);
		if (api)
			add_api(out, api, true);
	}
	(void)json_object_set_new(values, "apis", out);
	(void)json_object_set_new(values, "more_apis", json_boolean(page.next != NULL));
	return CG_OK;
}

void rights_add_units(json_t *values, uint64_t per_seconds, unsigned period)
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

unsigned rights_period(const char *name)
{
	for (unsigned i = 0; name && i < CG_COUNT(periods); i++)
		if (strcmp(name, periods[i]) == 0)
			return i;
	return CG__QUOTA__PERIOD__MONTH;
}

unsigned rights_typed_period(struct page_call *call)
{
	return rights_period(page_field(call, "quota.period"));
}

uint64_t rights_typed_span(struct page_call *call)
{
	json_t *per = page_typed_number(call, "rate.per_seconds");
	uint64_t out = json_integer_value(per) > 0 ? (uint64_t)json_integer_value(per) : 1;
	json_decref(per);
	return out;
}

json_t *rights_typed_access(struct page_call *call, const struct rights_access *of)
{
	json_t *out = json_array(), *methods = page_typed_list(call, "methods"),
	       *paths = page_typed_list(call, "paths");
	for (size_t i = 0; i < call->form.n; i++) {
		struct span value = call->form.fields[i].value;
		bool had = false;
		if (!span_is(call->form.fields[i].name, SPAN_LIT("access")))
			continue;
		for (size_t a = 0; of && a < of->n; a++)
			if (span_is_text(value, of->items[a]->api_id)) {
				(void)json_array_append_new(out, record_to_json(of->items[a]));
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

json_t *rights_typed_rate(struct page_call *call)
{
	json_t *limit = page_typed_number(call, "rate.limit"), *out = json_null();
	if (!json_is_null(limit))
		out = json_pack("{s:O, s:I}", "limit", limit, "per_seconds",
				(json_int_t)rights_typed_span(call));
	json_decref(limit);
	return out;
}

json_t *rights_typed_quota(struct page_call *call)
{
	json_t *limit = page_typed_number(call, "quota.limit"), *out = json_null();
	if (!json_is_null(limit))
		out = json_pack("{s:O, s:s}", "limit", limit, "period",
				periods[rights_typed_period(call)]);
	json_decref(limit);
	return out;
}

json_t *rights_optional_number(bool has, uint64_t n)
{
	return has ? page_number(n) : json_string("");
}
