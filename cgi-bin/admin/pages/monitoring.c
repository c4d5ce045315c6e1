/* How much was called in a span of time and how it went: by API, key, status and code. */
#include "base/base.h"
#include "base/clock.h"
#include "figures.h"
#include "model/api.h"
#include "show.h"
#include "usage/refusals.h"

#define ROWS_SHOWN     50
#define REFUSALS_SHOWN 6

/* What is asked for; texts as typed. */
struct question {
	const char *api, *key, *group_by, *from, *to, *step;
	const char *api_id, *key_id; /* NULL: of all */
	struct figures_span span;
};

static const struct {
	const char *name, *text, *head;
	enum usage_group_by by;
} groups[] = {
    {"code",   "Refusal code", "Not passed on, because", USAGE_BY_CODE  },
    {"api",    "API",	   "API",			  USAGE_BY_API   },
    {"key",    "Key",	   "Key",			  USAGE_BY_KEY   },
    {"status", "Status",	 "Status",		   USAGE_BY_STATUS},
};

static size_t group_of(const struct question *q)
{
	size_t i = CG_COUNT(groups);
	while (i-- > 1 && strcmp(groups[i].name, q->group_by) != 0)
		;
	return i < CG_COUNT(groups) ? i : 0;
}

static cg_rc read_question(struct page_call *call, struct question *q, struct cg_err *err)
{
	struct store *store = call->program->store;
	*q = (struct question){.api = page_query(call, "api_id"),
			       .key = page_query(call, "key_id"),
			       .group_by = page_query(call, "group_by"),
			       .from = page_query(call, "from"),
			       .to = page_query(call, "to"),
			       .step = page_query(call, "step")};
	cg_rc rc = entity_read_id(store, &api_entity, span_of(q->api), "api_id", true, call->arena,
				  &q->api_id, err);
	if (cg_is_told(rc))
		rc = cg_worse(rc, entity_read_id(store, &key_entity, span_of(q->key), "key_id",
						 true, call->arena, &q->key_id, err));
	return cg_is_told(rc) ? cg_worse(rc, figures_choose_typed(call, &q->span, err)) : rc;
}

/* --- groups --- */

/* What a group is called and where it leads. */
static void name_row(struct page_call *call, const struct usage_sum *s, enum usage_group_by by,
		     json_t *row)
{
	const char *name = "", *sub = "", *link = "";
	const Cg__Api *api;
	Cg__Key *key;
	switch (by) {
	case USAGE_BY_API:
		api = show_api(call, s->api_id);
		name = api ? api->name : *s->api_id == '\0' ? "No API has the path" : s->api_id;
		sub = api ? api->listen_path : "";
		link = api ? arena_printf(call->arena, "/admin/apis/%s", api->id) : "";
		break;
	case USAGE_BY_KEY:
		name = *s->key_id ? s->key_id : "Nobody was identified";
		if (*s->key_id && entity_get(call->program->store, &key_entity, s->key_id,
					     call->arena, &key, NULL) == CG_OK) {
			name = key->name;
			link = arena_printf(call->arena, "/admin/keys/%s", key->id);
		}
		break;
	case USAGE_BY_STATUS:
		name = s->status ? arena_printf(call->arena, "%u", s->status) : "No answer";
		sub = s->status ? "" : "the client left";
		break;
	case USAGE_BY_CODE:
	case USAGE_BY_NONE:
		name = figures_code_title(s->code);
		sub = s->code;
		link = arena_printf(call->arena, "/admin/refusals?code=%s", s->code);
		break;
	}
	(void)json_object_set_new(row, "name", page_text(span_of(name)));
	(void)json_object_set_new(row, "sub", page_text(span_of(sub)));
	(void)json_object_set_new(row, "link", page_text(span_of(link)));
}

static json_t *row_json(struct page_call *call, const struct usage_sum *s, enum usage_group_by by,
			uint64_t all)
{
	char width[CHART_SHARE_TEXT];
	chart_share(s->requests, all, width);
	json_t *row =
	    json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:s}", "requests", page_number(s->requests),
		      "share", figures_share(s->requests, all), "width", width, "refused",
		      page_number(s->refused), "failed", page_number(s->upstream_errors), "late",
		      s->counts ? figures_ms(histogram_percentile(s->counts[USAGE_WHOLE], 0.95))
				: json_string(""),
		      "kind", by == USAGE_BY_CODE ? "warn" : "ok");
	name_row(call, s, by, row);
	return row;
}

static cg_rc add_groups(struct page_call *call, const struct question *q, json_t *values,
			struct cg_err *err)
{
	size_t group = group_of(q), n = 0;
	enum usage_group_by by = groups[group].by;
	struct usage_query ask = {.from = q->span.from,
				  .to = q->span.to,
				  .step = q->span.step,
				  .whole = true,
				  .plain = by == USAGE_BY_KEY,
				  .by = by};
	struct usage_sums sums = {.n = 0};
	uint64_t all = 0;
	json_t *rows = json_array();
	if (q->api_id)
		ask.api_id = span_of(q->api_id);
	if (q->key_id)
		ask.key_id = span_of(q->key_id);
	cg_rc rc = usage_ask(call->program->store, &ask, call->now_unix_s, call->arena, &sums, err);
	figures_sort(&sums);
	for (size_t i = 0; i < sums.n; i++) {
		/* What was passed on was not refused. */
		if (by == USAGE_BY_CODE && *sums.items[i]->code == '\0')
			continue;
		sums.items[n++] = sums.items[i];
		all += sums.items[i]->requests;
	}
	for (size_t i = 0; i < n && i < ROWS_SHOWN; i++)
		(void)json_array_append_new(rows, row_json(call, sums.items[i], by, all));
	(void)json_object_set_new(values, "rows", rows);
	(void)json_object_set_new(values, "group_head", json_string(groups[group].head));
	(void)json_object_set_new(values, "latencies", json_boolean(by != USAGE_BY_KEY));
	(void)json_object_set_new(values, "others",
				  n > ROWS_SHOWN ? page_number(n - ROWS_SHOWN) : json_null());
	return rc;
}

/* --- the rest --- */

static json_t *links_json(struct page_call *call, const struct question *q)
{
	json_t *out = json_array();
	size_t now = group_of(q);
	for (size_t i = 0; i < CG_COUNT(groups); i++) {
		const struct page_pair pairs[] = {
		    {"span",     q->span.choice},
		    {"from",     q->from	    },
		    {"to",	   q->to		},
		    {"step",     q->step	    },
		    {"api_id",   q->api	     },
		    {"key_id",   q->key	     },
		    {"group_by", groups[i].name},
		};
		(void)json_array_append_new(
		    out, json_pack("{s:s, s:s, s:b}", "link",
				   page_link(call, "/admin/monitoring", pairs, CG_COUNT(pairs)),
				   "text", groups[i].text, "current", (int)(i == now)));
	}
	return out;
}

static json_t *choices_json(struct page_call *call, const struct question *q)
{
	const struct page_pair pairs[] = {
	    {"api_id",   q->api     },
	    {"key_id",   q->key     },
	    {"group_by", q->group_by},
	};
	const char *link = page_link(call, "/admin/monitoring", pairs, CG_COUNT(pairs));
	return figures_choices(
	    &q->span, arena_printf(call->arena, "%s%c", link, strchr(link, '?') ? '&' : '?'));
}

static json_t *refusals_json(struct page_call *call, const struct question *q)
{
	struct refusals_filter filter = {.api_id = span_of(q->api_id), .q = span_of(q->key_id)};
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

/* "2026-11-25" of a time: what a field of days holds. */
static json_t *day_json(int64_t t)
{
	char text[RFC3339_TEXT + 1];
	return rfc3339_format(t, text) ? json_stringn(text, 10) : json_string("");
}

static void add_typed(struct page_call *call, const struct question *q, json_t *values)
{
	static const char *const steps[] = {"minute", "hour", "day"};
	json_t *list = json_array();
	for (size_t i = 0; i < CG_COUNT(steps); i++)
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s, s:b}", "value", steps[i], "text",
				    arena_printf(call->arena, "per %s", steps[i]), "chosen",
				    (int)(strcmp(steps[i], q->step) == 0)));
	bool typed = !*q->span.choice;
	json_t *more = json_pack(
	    "{s:o, s:s, s:s, s:o, s:o, s:s, s:s}", "key_typed", page_text(span_of(q->key)),
	    "group_by", groups[group_of(q)].name, "span", q->span.choice ? q->span.choice : "",
	    "from", typed && q->span.to ? day_json(q->span.from) : page_text(span_of(q->from)),
	    "to", typed && q->span.to ? day_json(q->span.to - 1) : page_text(span_of(q->to)),
	    "words", q->span.words ? q->span.words : "", "main_class", "");
	(void)json_object_update_new(values, more);
	(void)json_object_set_new(values, "steps", list);
}

void monitoring_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct question q;
	json_t *values = json_object(), *figures, *api_filter;
	cg_rc rc = show_filter(call, &api_entity, page_query(call, "api_id"), &api_filter, &err);
	if (rc == CG_OK) {
		(void)json_object_set_new(values, "api_filter", api_filter);
		rc = read_question(call, &q, &err);
	}
	bool fault = rc == CG_BAD_VALUE;
	if (rc == CG_OK)
		rc = figures_make(call, &q.span, q.api_id, q.key_id, "requests", false, &figures,
				  &err);
	if (rc == CG_OK) {
		(void)json_object_update_new(values, figures);
		rc = add_groups(call, &q, values, &err);
	}
	if (rc != CG_OK && !fault) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	if (fault) {
		page_add_errors(values, &err);
	} else {
		json_t *more = json_pack(
		    "{s:b, s:o, s:o, s:o, s:o}", "asked", 1, "groups", links_json(call, &q),
		    "refusals", refusals_json(call, &q), "begins", page_time(call, q.span.from),
		    "ends",
		    page_time(call, q.span.to < call->now_unix_s ? q.span.to : call->now_unix_s));
		(void)json_object_update_new(values, more);
	}
	(void)json_object_set_new(values, "choices", choices_json(call, &q));
	add_typed(call, &q, values);
	page_show(call, fault ? 422 : 200, "monitoring", "monitoring",
		  fault ? "Error: Monitoring" : "Monitoring", values);
}
