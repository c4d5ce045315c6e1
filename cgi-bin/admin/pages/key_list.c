/* The list of keys: searched, filtered, page by page. */
#include "base/base.h"
#include "base/limits.h"
#include "model/api.h"
#include "model/key_list.h"
#include "model/organisation.h"
#include "model/policy.h"
#include "show.h"

/* A filter is a parameter of the page's query, called as in REST. */
struct word {
	const char *value, *text;
};
static const struct word statuses[] = {
    {"active",	       "Active"	       },
    {"ending",	       "Ends within 30 days"},
    {"expired",	"Expired"		 },
    {"no_credential", "No credential"	     },
    {"off",	    "Off"		 }
};
static const struct word credentials[] = {
    {"certificate", "Mutual TLS"},
	   {"token",	     "Auth token"}
};

static const struct {
	const char *name, *label, *all; /* all: NULL where it is typed */
	const struct word *words;
	size_t n_words;
	const struct entity *entity; /* whose records are the choice */
	bool folded;		     /* away, until it is set */
} filters[] = {
    {"api_id",	       "API",	      "All APIs",	  NULL,	0,			   &api_entity,		false},
    {"credential",	   "Credential",	 "Any credential",	   credentials, CG_COUNT(credentials), NULL,		     false},
    {"status",	       "Status",	 "Any status",	       statuses,	 CG_COUNT(statuses),    NULL,		   false},
    {"policy_id",	  "Policy",	    "All policies",	    NULL,	  0,		     &policy_entity,	     true },
    {"organisation_id", "Organisation", "All organisations", NULL,	   0,		      &organisation_entity, true },
    {"tag",	     "Tag",	   NULL,		 NULL,	       0,			  NULL,			true },
};
#define FILTERS CG_COUNT(filters)

/* What was asked for, as texts: q, then the filters. */
struct asked {
	const char *q, *values[FILTERS];
	bool filtered, unfolded;
};

static void read_asked(struct page_call *call, struct asked *asked, struct key_query *query)
{
	*asked = (struct asked){.q = page_query(call, "q")};
	*query = (struct key_query){.q = span_of(asked->q)};
	for (size_t i = 0; i < FILTERS; i++) {
		asked->values[i] = page_query(call, filters[i].name);
		*key_query_member(query, span_of(filters[i].name)) = span_of(asked->values[i]);
		asked->filtered = asked->filtered || *asked->values[i];
		asked->unfolded = asked->unfolded || (filters[i].folded && *asked->values[i]);
	}
}

/* The list without the filter number `without`, and from the cursor on. */
static const char *link_to(struct page_call *call, const struct asked *asked, size_t without,
			   const char *cursor)
{
	struct page_pair pairs[FILTERS + 2] = {
	    {"q", asked->q}
	   };
	for (size_t i = 0; i < FILTERS; i++)
		pairs[i + 1] =
		    (struct page_pair){filters[i].name, i == without ? "" : asked->values[i]};
	pairs[FILTERS + 1] = (struct page_pair){"cursor", cursor};
	return page_link(call, "/admin/keys", pairs, CG_COUNT(pairs));
}

static void add_choice(json_t *to, const char *value, const char *text, bool chosen)
{
	(void)json_array_append_new(to, json_pack("{s:o, s:o, s:b}", "value",
						  page_text(span_of(value)), "text",
						  page_text(span_of(text)), "chosen", (int)chosen));
}

/* What can be chosen, and what that is called: as show_filter has it. */
static cg_rc field_json(struct page_call *call, size_t i, const char *asked, json_t **out,
			struct cg_err *err)
{
	if (filters[i].entity)
		return show_filter(call, filters[i].entity, asked, out, err);
	const char *text = asked;
	bool known = false;
	json_t *choices = json_array();
	for (size_t k = 0; k < filters[i].n_words; k++) {
		const struct word *word = &filters[i].words[k];
		bool chosen = strcmp(word->value, asked) == 0;
		add_choice(choices, word->value, word->text, chosen);
		known = known || chosen;
		text = chosen ? word->text : text;
	}
	/* What was asked for stays what it is. */
	if (*asked && !known)
		add_choice(choices, asked, asked, true);
	*out = json_pack("{s:o, s:b, s:b, s:o, s:o}", "choices", choices, "is_choice",
			 filters[i].all != NULL, "is_typed", filters[i].all == NULL, "value",
			 page_text(span_of(asked)), "text", page_text(span_of(text)));
	return CG_OK;
}

/* The fields of the filters, and those that are set, each with the link that takes it away. */
static cg_rc filters_json(struct page_call *call, const struct asked *asked, json_t *fields,
			  json_t *folded, json_t *set, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < FILTERS; i++) {
		json_t *field;
		rc = field_json(call, i, asked->values[i], &field, err);
		if (rc != CG_OK)
			break;
		if (*asked->values[i])
			(void)json_array_append_new(
			    set, json_pack("{s:s, s:O, s:s}", "label", filters[i].label, "text",
					   json_object_get(field, "text"), "link",
					   link_to(call, asked, i, "")));
		json_t *more =
		    json_pack("{s:s, s:s, s:s}", "name", filters[i].name, "label", filters[i].label,
			      "all", filters[i].all ? filters[i].all : "");
		(void)json_object_update_new(field, more);
		(void)json_array_append_new(filters[i].folded ? folded : fields, field);
	}
	return rc;
}

static cg_rc items_json(struct page_call *call, const struct entity_page *found, json_t *items,
			struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < found->n; i++) {
		json_t *one;
		rc = show_key(call, found->messages[i], &one, err);
		if (rc == CG_OK)
			(void)json_array_append_new(items, one);
	}
	return rc;
}

void keys_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0}, why = {0};
	struct asked asked;
	struct key_query query;
	struct key_page page = {.notice = NULL};
	json_t *items = json_array(), *fields = json_array(), *folded = json_array(),
	       *set = json_array();
	read_asked(call, &asked, &query);
	/* A question that cannot be answered is told beside its fields. */
	cg_rc asking = key_list(call->program->store, span_of(page_query(call, "cursor")),
				LIST_LIMIT_DEFAULT, &query, call->arena, &page, &why);
	cg_rc rc = asking == CG_BAD_VALUE ? CG_OK : asking;
	if (rc == CG_OK)
		rc = items_json(call, &page.found, items, &err);
	else
		err = why;
	if (rc == CG_OK)
		rc = filters_json(call, &asked, fields, folded, set, &err);
	if (rc != CG_OK) {
		json_decref(items);
		json_decref(fields);
		json_decref(folded);
		json_decref(set);
		page_fail(call, rc, &err);
		return;
	}
	bool failed = asking != CG_OK;
	const char *next = page.found.next;
	page_show(
	    call, failed ? 422 : 200, "keys", "keys", "Keys",
	    json_pack(
		"{s:o, s:o, s:o, s:b, s:o, s:o, s:b, s:b, s:b, s:s?, s:s?, s:b, s:b, s:o}", "items",
		items, "fields", fields, "folded", folded, "unfolded", (int)asked.unfolded, "set",
		set, "q", page_text(span_of(asked.q)), "searched", (int)(*asked.q != '\0'),
		"filtered", (int)asked.filtered, "narrowed", (int)(*asked.q || asked.filtered),
		"next", next ? link_to(call, &asked, FILTERS, next) : NULL, "notice", page.notice,
		"failed", (int)failed, "deleted", strcmp(page_query(call, "done"), "deleted") == 0,
		"problem", page_text(span_of(why.text))));
}
