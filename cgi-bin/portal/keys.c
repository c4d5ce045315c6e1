/* My keys: all of the organisation, and one. */
#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"
#include "grant/grant.h"
#include "keys.h"
#include "model/organisation.h"
#include "model/own_key.h"
#include "model/request.h"
#include "usage/query.h"

#define REFUSALS_SHOWN 5
#define APIS_SHOWN     3 /* of a key in a line */
#define ENDING_SHOWN   5 /* keys that are named because they end */
#define DAY_S	       ((int64_t)24 * 3600)

static json_t *organisation_name(struct page_call *call)
{
	Cg__Organisation *o;
	return entity_get(call->program->store, &organisation_entity,
			  call->who.developer->organisation_id, call->arena, &o, NULL) == CG_OK
		   ? page_text(span_of(o->name))
		   : json_string("your organisation");
}

/* --- list --- */

static json_t *used_json(struct page_call *call, const Cg__Key *key)
{
	return key->has_last_used_at ? page_distance(call, key->last_used_at) : json_null();
}

/* What the key opens, by its policies and its own access. */
static Cg__Access **opened(struct page_call *call, const struct key_grant *g)
{
	Cg__Access **out = arena_alloc(call->arena, (g->effective.n_access + 1) * sizeof(*out));
	for (size_t i = 0; out && i < g->effective.n_access; i++)
		out[i] = (Cg__Access *)(uintptr_t)g->effective.access[i].entry;
	return out;
}

/* The same in words. */
static json_t *apis_text(struct page_call *call, const struct key_grant *g)
{
	Cg__Access **entries = opened(call, g);
	return entries ? show_access(call, entries, g->effective.n_access, APIS_SHOWN)
		       : json_string("");
}

static cg_rc key_line(struct page_call *call, const Cg__Key *key, json_t **out, struct cg_err *err)
{
	struct key_grant g;
	cg_rc rc = show_key(call, key, out, err);
	if (rc != CG_OK)
		return rc;
	json_t *quota = portal_quota(call, key);
	json_t *credential = json_object_get(*out, "credential");
	json_t *more =
	    json_pack("{s:s, s:o, s:O?, s:O?, s:o}", "link",
		      arena_printf(call->arena, "/portal/keys/%s", key->id), "used",
		      used_json(call, key), "quota", json_object_get(quota, "line"), "subject",
		      json_object_get(credential, "subject"), "apis",
		      grant_load_key(call->program->store, key->id, call->arena, &g, NULL) == CG_OK
			  ? apis_text(call, &g)
			  : json_string(""));
	/* The table has no sections below its lines. */
	(void)json_object_del(*out, "credential");
	(void)json_object_update_new(*out, more);
	json_decref(quota);
	return CG_OK;
}

/* Keys whose working certificates all end soon. */
static cg_rc add_ending(struct page_call *call, json_t *values, struct cg_err *err)
{
	struct own_keys_ending list;
	json_t *items = json_array();
	cg_rc rc = own_key_ending(call->program->store, &call->actor, call->now_unix_s,
				  call->now_unix_s + CERT_ENDS_SOON_S, ENDING_SHOWN, call->arena,
				  &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		json_t *when = page_distance(call, list.items[i].ends_unix_s);
		(void)json_array_append_new(
		    items, json_pack("{s:s, s:o, s:O}", "id", list.items[i].id, "name",
				     page_text(span_of(list.items[i].name)), "when",
				     json_object_get(when, "text")));
		json_decref(when);
	}
	(void)json_object_set_new(values, "ending", items);
	(void)json_object_set_new(values, "ending_more",
				  rc == CG_OK && list.more > 0 ? page_number(list.more)
							       : json_null());
	return rc;
}

/* Requests that wait, and what was declined or came to nothing lately. */
static bool is_told(const Cg__KeyRequest *r, void *arg)
{
	const struct page_call *call = arg;
	bool recent = call->now_unix_s - r->updated_at < 30 * DAY_S;
	return r->status == CG__KEY_REQUEST__STATUS__PENDING ||
	       (r->status == CG__KEY_REQUEST__STATUS__DECLINED && recent);
}

static cg_rc add_requests(struct page_call *call, json_t *items, json_t *values, struct cg_err *err)
{
	struct request_query query = {.limit = REQUESTS_SHOWN_MAX, .fits = is_told, .arg = call};
	struct request_list list;
	cg_rc rc = request_list_of_organisation(call->program->store, &call->actor, &query,
						call->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		const Cg__KeyRequest *r = list.items[i];
		Cg__CatalogueEntry *entry;
		bool waits;
		rc = request_waits_for_proof(call->program->store, r, call->arena, &waits, err);
		if (rc != CG_OK)
			break;
		cg_rc found = entity_get(call->program->store, &catalogue_entity, r->catalogue_id,
					 call->arena, &entry, NULL);
		(void)json_array_append_new(
		    items, json_pack("{s:s, s:o, s:o, s:o, s:n, s:n, s:n}", "link",
				     arena_printf(call->arena, "/portal/requests/%s", r->id),
				     "name", page_text(span_of(r->name)), "apis",
				     page_text(span_of(found == CG_OK ? entry->name : "")), "badge",
				     portal_request_badge(r, waits), "until", "quota", "used"));
	}
	(void)json_object_set_new(values, "more_requests",
				  json_boolean(rc == CG_OK && list.next != NULL));
	return rc;
}

/* A page of the keys; what is told of all of them, and of the requests, stands on the first one. */
static cg_rc add_list(struct page_call *call, const char *q, json_t *values, struct cg_err *err)
{
	const char *cursor = page_query(call, "cursor");
	const struct own_key_query query = {.q = span_of(q)};
	const bool first = !*cursor && !*q;
	struct entity_page page;
	json_t *items = json_array();
	(void)json_object_set_new(values, "items", items);
	cg_rc rc = own_key_list(call->program->store, &call->actor, &query, span_of(cursor),
				LIST_LIMIT_DEFAULT, call->arena, &page, err);
	for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
		json_t *line;
		rc = key_line(call, page.messages[i], &line, err);
		if (rc == CG_OK)
			(void)json_array_append_new(items, line);
	}
	if (rc == CG_OK && first)
		rc = add_ending(call, values, err);
	if (rc == CG_OK && first)
		rc = add_requests(call, items, values, err);
	if (rc != CG_OK)
		return rc;
	(void)json_object_set_new(values, "next", page_next(call, "/portal/keys", q, page.next));
	(void)json_object_set_new(values, "tools", json_boolean(json_array_size(items) > 0 || *q));
	(void)json_object_set_new(values, "searchable", json_boolean(*q || *cursor || page.next));
	return CG_OK;
}

void keys_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *done = page_query(call, "done"), *q = page_query(call, "q");
	json_t *values = json_object();
	cg_rc rc = add_list(call, q, values, &err);
	if (rc != CG_OK) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	json_t *more =
	    json_pack("{s:o, s:o, s:b, s:b, s:b}", "organisation_name", organisation_name(call),
		      "q", page_text(span_of(q)), "searched", (int)(*q != '\0'), "withdrawn",
		      strcmp(done, "withdrawn") == 0, "given_up", strcmp(done, "given_up") == 0);
	(void)json_object_update_new(values, more);
	page_show(call, 200, "keys", "keys", "My keys", values);
}

/* --- one --- */

static json_t *refusals_json(struct page_call *call, const char *key_id, Cg__Refusal **newest)
{
	struct refusals_filter filter = {.q = span_of(key_id)};
	struct refusals_page page = {.n = 0};
	json_t *out = json_array();
	*newest = NULL;
	if (!call->program->refusals ||
	    refusals_list(call->program->refusals, &filter, 0, REFUSALS_SHOWN, call->arena, &page,
			  NULL) != CG_OK)
		return out;
	for (size_t i = 0; i < page.n; i++) {
		const Cg__Refusal *r = page.items[i];
		/* The id could be a part of a stranger's path. */
		if (!r->key_id || strcmp(r->key_id, key_id) != 0)
			continue;
		if (!*newest)
			*newest = page.items[i];
		(void)json_array_append_new(
		    out, json_pack(
			     "{s:o, s:i, s:o, s:o, s:o, s:o}", "at", page_distance(call, r->at),
			     "status", (int)r->status, "code", page_text(span_of(r->code)),
			     "method", page_text(span_of(r->method)), "path",
			     page_text(span_of(r->path)), "detail", page_text(span_of(r->detail))));
	}
	return out;
}

/* The status of the last minute in which calls came through. */
static unsigned last_status(struct page_call *call, const char *key_id)
{
	struct usage_sums sums = {.n = 0};
	struct usage_query q = {.from = call->now_unix_s - 2 * DAY_S,
				.to = call->now_unix_s + 1,
				.step = USAGE_STEP_MINUTE,
				.plain = true,
				.by = USAGE_BY_STATUS,
				.key_id = span_of(key_id)};
	const struct usage_sum *best = NULL;
	struct arena arena; /* there may be more than the page has room for */
	arena_init(&arena, REQUEST_ARENA_MAX);
	cg_rc rc = usage_ask(call->program->store, &q, call->now_unix_s, &arena, &sums, NULL);
	for (size_t i = 0; rc == CG_OK && i < sums.n; i++) {
		const struct usage_sum *s = sums.items[i];
		if (s->requests > s->refused &&
		    (!best || s->at > best->at ||
		     (s->at == best->at && s->requests > best->requests)))
			best = s;
	}
	unsigned status = best ? best->status : 0;
	arena_release(&arena);
	return status;
}

/* What became of the last call: let through, or refused and what to do. */
static json_t *last_json(struct page_call *call, const Cg__Key *key, const Cg__Refusal *refusal)
{
	/* last_used_at is to the minute: within it nobody knows which was the last, and a refusal
	 * is what has to be told. */
	if (refusal && (!key->has_last_used_at || refusal->at >= key->last_used_at)) {
		bool both = key->has_last_used_at && refusal->at / 60 == key->last_used_at / 60;
		const char *text =
		    arena_printf(call->arena, "%s%s", refusal->detail,
				 both ? " Another call of the same minute was let through." : "");
		return json_pack("{s:s, s:b, s:o, s:i, s:o}", "kind", "warn", "good", 0, "at",
				 page_distance(call, refusal->at), "status", (int)refusal->status,
				 "text", page_text(span_of(text ? text : refusal->detail)));
	}
	if (!key->has_last_used_at)
		return json_null();
	unsigned status = last_status(call, key->id);
	bool good = status < 500;
	return json_pack("{s:s, s:b, s:o, s:o, s:s}", "kind", good ? "ok" : "warn", "good",
			 (int)good, "at", page_distance(call, key->last_used_at), "status",
			 status > 0 ? json_integer(status) : json_string("let through"), "text",
			 good ? "The call was let through, and the API answered."
			      : "The call was let through, but the API behind answered with an "
				"error: tell its owner.");
}

static bool has_token_request(const struct request_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->status == CG__KEY_REQUEST__STATUS__APPROVED &&
		    list->items[i]->token)
			return true;
	return false;
}

static json_t *waiting_json(struct page_call *call, const struct request_list *list)
{
	json_t *out = json_array();
	for (size_t i = 0; i < list->n; i++) {
		const Cg__KeyRequest *r = list->items[i];
		Cg__CatalogueEntry *entry;
		if (r->status != CG__KEY_REQUEST__STATUS__PENDING)
			continue;
		cg_rc found = entity_get(call->program->store, &catalogue_entity, r->catalogue_id,
					 call->arena, &entry, NULL);
		(void)json_array_append_new(
		    out, json_pack("{s:s, s:o}", "id", r->id, "entry_name",
				   page_text(span_of(r->renewal	      ? "A further certificate"
						     : found == CG_OK ? entry->name
								      : r->name))));
	}
	return out;
}

/* The lines that call what the key opens. */
static cg_rc lines_json(struct page_call *call, const struct key_grant *g, bool token, json_t **out,
			struct cg_err *err)
{
	struct shown_apis apis;
	Cg__Access **entries = opened(call, g);
	cg_rc rc = entries ? show_apis(call, entries, g->effective.n_access, &apis, err)
			   : cg_fail_memory(err);
	if (rc == CG_OK)
		*out = offer_lines(call, apis.items, apis.n, token);
	return rc;
}

static cg_rc add_credentials(struct page_call *call, const char *key_id, const char *replaces,
			     json_t *values, struct cg_err *err)
{
	struct credentials list;
	json_t *items = json_array(), *replaceable = json_array();
	bool token = false, certificate = false;
	cg_rc rc = credential_list(call->program->store, key_id, call->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		const Cg__Credential *c = list.items[i];
		json_t *one;
		rc = show_credential(call, c, &one, err);
		if (rc != CG_OK)
			break;
		bool counts = show_counts_now(call, c);
		(void)json_object_set_new(one, "key_id", json_string(key_id));
		(void)json_object_set_new(one, "claimed", json_boolean(c->claimed && counts));
		(void)json_array_append(items, one);
		if (c->type == CG__CREDENTIAL__TYPE__TOKEN) {
			token = token || counts;
		} else {
			certificate = true;
			const char *sha256 = json_string_value(json_object_get(one, "sha256"));
			if (counts)
				(void)json_array_append_new(
				    replaceable,
				    json_pack("{s:s, s:O, s:O, s:b}", "sha256", sha256, "subject",
					      json_object_get(one, "subject"), "start",
					      json_object_get(one, "start"), "chosen",
					      replaces ? strcmp(replaces, sha256) == 0
						       : json_array_size(replaceable) == 0));
		}
		json_decref(one);
	}
	json_t *more = json_pack("{s:o, s:o, s:b, s:b, s:I}", "credentials", items, "replaceable",
				 replaceable, "has_token", (int)token, "has_certs",
				 (int)certificate, "had", (json_int_t)json_array_size(items));
	(void)json_object_update_new(values, more);
	return rc;
}

cg_rc key_page_values(struct page_call *call, const Cg__Key *key, json_t **out, struct cg_err *err)
{
	const struct request_query asked = {.limit = REQUESTS_SHOWN_MAX};
	struct key_grant g;
	struct request_list requests = {.n = 0};
	struct portal_usage usage = {.chart = NULL};
	Cg__CatalogueEntry__Renewal way;
	Cg__Refusal *newest;
	json_t *values = NULL, *lines = NULL;
	const char *const ids[] = {key->id};
	cg_rc rc = grant_load_key(call->program->store, key->id, call->arena, &g, err);
	if (rc == CG_OK)
		rc = request_list(call->program->store, STORE_REQUEST_BY_KEY, key->id, &asked,
				  call->arena, &requests, err);
	if (rc == CG_OK)
		rc = renew_way(call->program->store, key->id, call->arena, &way, err);
	if (rc == CG_OK)
		rc = show_key(call, key, &values, err);
	if (rc == CG_OK)
		rc = add_credentials(
		    call, key->id,
		    web_form_has(&call->form, "replaces") ? page_field(call, "replaces") : NULL,
		    values, err);
	if (rc == CG_OK)
		rc = portal_usage(call, ids, 1, NULL, &usage, err);
	bool by_token = rc == CG_OK && has_token_request(&requests);
	if (rc == CG_OK)
		rc = lines_json(call, &g, by_token, &lines, err);
	if (rc != CG_OK) {
		json_decref(values);
		json_decref(usage.chart);
		return rc;
	}
	json_t *refusals = refusals_json(call, key->id, &newest);
	json_t *more = json_pack(
	    "{s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:i}", "apis",
	    apis_text(call, &g), "used", used_json(call, key), "lines", lines, "last",
	    last_json(call, key, newest), "may_token", (int)by_token, "has_certificates",
	    (int)!by_token, "by_session", way != CG__CATALOGUE_ENTRY__RENEWAL__CERTIFICATE,
	    "needs_approval", way == CG__CATALOGUE_ENTRY__RENEWAL__APPROVAL, "refusals", refusals,
	    "waiting", waiting_json(call, &requests), "quota", portal_quota(call, key), "made",
	    page_distance(call, key->created_at), "overlap_default", OVERLAP_DAYS_DEFAULT);
	(void)json_object_update_new(values, more);
	more = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:s}", "rate", show_rate(g.effective.rate), "quota_text",
	    show_quota(g.effective.quota), "expires",
	    g.effective.has_expires_at ? page_distance(call, g.effective.expires_at) : json_null(),
	    "organisation_name", organisation_name(call), "usage_card", portal_usage_card(&usage),
	    "renew_line",
	    arena_printf(call->arena,
			 "curl --cert old.pem --key old.key --data-binary @new.pem %s/portal/renew",
			 portal_base(call)));
	(void)json_object_update_new(values, more);
	/* A list's line has these; here each credential has its own. */
	(void)json_object_del(values, "until");
	(void)json_object_del(values, "credential");
	*out = values;
	return CG_OK;
}

bool key_of_call(struct page_call *call, Cg__Key **out)
{
	struct cg_err err = {0};
	cg_rc rc = own_key_get(call->program->store, &call->actor, page_param(call, 0), call->arena,
			       out, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	return rc == CG_OK;
}

void key_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Key *key;
	json_t *values;
	const char *done = page_query(call, "done");
	if (!key_of_call(call, &key))
		return;
	cg_rc rc = key_page_values(call, key, &values, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *more = json_pack(
	    "{s:b, s:b, s:b, s:b, s:i}", "sent", strcmp(done, "sent") == 0, "renewed",
	    strcmp(done, "renewed") == 0, "revoked", strcmp(done, "revoked") == 0, "token_gone",
	    strcmp(page_query(call, "token"), "gone") == 0, "overlap_days", OVERLAP_DAYS_DEFAULT);
	(void)json_object_update_new(values, more);
	page_show(call, 200, "key", "keys", key->name, values);
}
