/* One file, though long: a walk over keys, and for each what opens, who gave it and what came of
 * it; the parts share what was read of one key. */
#include "base/base.h"
#include "grant/access_report.h"
#include "base/clock.h"
#include "base/text.h"
#include "grant/effective.h"
#include "grant/past.h"
#include "model/api.h"
#include "model/audit.h"
#include "model/developer.h"
#include "model/key.h"
#include "model/organisation.h"
#include "model/policy.h"
#include "model/request.h"

#define APIS_A_PAGE  100
#define GONE_CURSOR  "-" /* before the number of an entry; ids and names never begin so */
#define STAYS_FACTOR 10	 /* keys looked at, for each that is asked for */

/* An API or policy as it was, or who a key belongs to; of one that was not there nothing is set. */
struct was {
	const char *id;
	json_t *api; /* as clients see it */
	Cg__Policy *policy;
	bool is_on; /* of an organisation or developer */
	bool exact;
	struct was *next;
};

struct access_report {
	struct store *store;
	struct arena *arena;
	int64_t at, exact_from, restored_at;
	struct was *apis, *policies, *owners;
	json_t *open_apis;
};

/* --- APIs and policies --- */

/* A record that is there now stands for the past as long as nobody has changed it since. */
static bool stands(const struct access_report *r, const void *message, bool *exact)
{
	const struct entity_head *m = message;
	*exact = r->at >= r->exact_from && m->updated_at <= r->at;
	return m->created_at <= r->at;
}

/* The entity of this very id, *out NULL where there is none (names are not looked at). */
static cg_rc get_now(const struct access_report *r, const struct entity *e, const char *id,
		     struct arena *arena, struct entity_head **out, struct cg_err *err)
{
	struct cg_err why = {0};
	cg_rc rc = entity_get(r->store, e, id, arena, out, &why);
	if (rc == CG_NOT_FOUND || rc == CG_CLASH || (rc == CG_OK && strcmp((*out)->id, id) != 0)) {
		*out = NULL;
		return CG_OK;
	}
	return rc == CG_OK ? rc : cg_fail(err, rc, "%s", why.text);
}

static struct was *known(struct was *list, const char *id)
{
	while (list && strcmp(list->id, id) != 0)
		list = list->next;
	return list;
}

static bool is_owner(const struct entity *e)
{
	return e == &organisation_entity || e == &developer_entity;
}

static cg_rc take_was(struct access_report *r, struct was *w, const struct entity *e,
		      const struct past *past, struct cg_err *err)
{
	struct entity_head *now;
	w->exact = true;
	if (past->made && is_owner(e)) {
		w->is_on = !past->gone && json_is_true(json_object_get(past->members, "active"));
		return CG_OK;
	}
	if (past->made && e == &api_entity) {
		w->api = past->gone ? NULL : json_deep_copy(past->members);
		return past->gone || w->api ? CG_OK : cg_fail_memory(err);
	}
	if (past->made &&
	    (past->gone || past_record(past, e->type, r->arena, &w->policy, NULL) == CG_OK)) {
		if (w->policy)
			w->policy->id = (char *)(uintptr_t)w->id;
		return CG_OK;
	}
	if (past->made_later)
		return CG_OK;
	cg_rc rc = get_now(r, e, w->id, r->arena, &now, err);
	if (rc != CG_OK)
		return rc;
	/* Neither there nor told of: it went with records that an import or restore replaced. */
	w->exact = false;
	if (!now || !stands(r, now, &w->exact))
		return CG_OK;
	if (e == &policy_entity) {
		w->policy = (Cg__Policy *)now;
		return CG_OK;
	}
	json_t *json = record_to_json(now);
	if (!json)
		return cg_fail_memory(err);
	w->is_on = json_is_true(json_object_get(json, "active"));
	if (e == &api_entity)
		w->api = json;
	else
		json_decref(json);
	return CG_OK;
}

/* From the list of those that were looked for before, or read anew. */
static cg_rc find_was(struct access_report *r, const struct entity *e, const char *id,
		      struct was **out, struct cg_err *err)
{
	struct was **list = is_owner(e) ? &r->owners : e == &api_entity ? &r->apis : &r->policies;
	struct past past;
	if ((*out = known(*list, id)))
		return CG_OK;
	struct was *w = arena_alloc(r->arena, sizeof(*w));
	if (!w || !(w->id = arena_strdup(r->arena, id)))
		return cg_fail_memory(err);
	cg_rc rc = past_read(r->store, id, r->at, r->arena, &past, err);
	if (rc != CG_OK)
		return rc;
	rc = take_was(r, w, e, &past, err);
	past_release(&past);
	w->next = *list;
	*list = w;
	*out = w;
	return rc;
}

/* --- opening --- */

static bool is_on(const json_t *api, const char *name)
{
	return json_is_true(json_object_get(json_object_get(api, "auth"), name));
}

static cg_rc note_open_api(struct access_report *r, const char *id, struct cg_err *err)
{
	struct was *w;
	cg_rc rc = find_was(r, &api_entity, id, &w, err);
	if (rc == CG_OK && w->api && json_is_true(json_object_get(w->api, "active")) &&
	    is_on(w->api, "keyless") &&
	    json_array_append_new(r->open_apis,
				  json_pack("{s:s, s:O, s:O}", "api_id", id, "api",
					    json_object_get(w->api, "name"), "listen_path",
					    json_object_get(w->api, "listen_path"))) < 0)
		rc = cg_fail_memory(err);
	return rc;
}

/* Ids of subjects that were removed after the time. */
struct removed {
	int64_t at;
	struct arena *arena;
	size_t n, max;
	struct {
		const char *id;
		uint64_t number;
	} * items;
};

static cg_rc visit_removed(const Cg__AuditEntry *entry, void *arg, struct cg_err *err)
{
	struct removed *g = arg;
	if (entry->at <= g->at || !entry->subject_id)
		return CG_OK;
	g->items[g->n].number = entry->number;
	if (!(g->items[g->n++].id = arena_strdup(g->arena, entry->subject_id)))
		return cg_fail_memory(err);
	return g->n == g->max ? CG_NOT_FOUND : CG_OK;
}

static cg_rc list_removed(const struct access_report *r, const char *action, uint64_t after,
			  size_t max, struct arena *arena, struct removed *out, struct cg_err *err)
{
	*out = (struct removed){.at = r->at,
				.arena = arena,
				.max = max,
				.items = arena_alloc(arena, max * sizeof(*out->items))};
	return out->items ? audit_walk(r->store, action, after, visit_removed, out, err)
			  : cg_fail_memory(err);
}

static cg_rc find_open_apis(struct access_report *r, struct cg_err *err)
{
	struct entity_page now = {.next = ""};
	struct removed gone = {.n = APIS_A_PAGE};
	uint64_t after = 0;
	cg_rc rc = CG_OK;
	while (rc == CG_OK && now.next) {
		rc = entity_list(r->store, &api_entity, span_of(now.next), APIS_A_PAGE,
				 SPAN_LIT(""), r->arena, &now, err);
		for (size_t i = 0; rc == CG_OK && i < now.n; i++)
			rc = note_open_api(r, ((const struct entity_head *)now.messages[i])->id,
					   err);
	}
	while (rc == CG_OK && gone.n == APIS_A_PAGE) {
		rc = list_removed(r, "api.delete", after, APIS_A_PAGE, r->arena, &gone, err);
		for (size_t i = 0; rc == CG_OK && i < gone.n; i++)
			rc = note_open_api(r, gone.items[i].id, err);
		after = gone.n > 0 ? gone.items[gone.n - 1].number : after;
	}
	return rc;
}

cg_rc access_report_open(struct store *store, int64_t at_unix_s, int64_t now_unix_s,
			 struct arena *arena, struct access_report **out, struct cg_err *err)
{
	if (at_unix_s > now_unix_s)
		return cg_fail_field(err, "at", "is still to come");
	struct access_report *r = calloc(1, sizeof(*r));
	if (!r)
		return cg_fail_memory(err);
	*r = (struct access_report){
	    .store = store, .arena = arena, .at = at_unix_s, .open_apis = json_array()};
	int64_t imported_at;
	cg_rc rc = past_last(store, "store.import", &imported_at, err);
	if (rc == CG_OK)
		rc = past_last(store, "store.restore", &r->restored_at, err);
	if (rc == CG_OK)
		r->exact_from = imported_at > r->restored_at ? imported_at : r->restored_at;
	if (rc == CG_OK && r->exact_from == 0)
		r->exact_from = ACCESS_REPORT_ALWAYS;
	if (rc == CG_OK)
		rc = find_open_apis(r, err);
	if (rc == CG_OK)
		*out = r;
	else
		access_report_close(&r);
	return rc;
}

void access_report_close(struct access_report **report)
{
	struct access_report *r = *report;
	if (!r)
		return;
	for (struct was *w = r->apis; w; w = w->next)
		json_decref(w->api);
	json_decref(r->open_apis);
	free(r);
	*report = NULL;
}

int64_t access_report_exact_from(const struct access_report *report)
{
	return report->exact_from;
}

const json_t *access_report_open_apis(const struct access_report *report)
{
	return report->open_apis;
}

/* --- credentials --- */

/* What of a key's credentials was in force. */
struct in_force {
	json_t *list;
	bool certificate, token, exact;
};

static bool time_in(const json_t *object, const char *name, int64_t *out)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text && rfc3339_parse(span_of(text), out);
}

static json_t *time_json(bool has, int64_t t)
{
	char text[RFC3339_TEXT + 1];
	return has && rfc3339_format(t, text) ? json_string(text) : json_null();
}

/* `one`: its members, of the audit or of the record. */
static void take_credential(const struct access_report *r, const char *sha256, const json_t *one,
			    struct in_force *out)
{
	int64_t t, ends = INT64_MAX;
	const char *type = json_string_value(json_object_get(one, "type"));
	const json_t *active = json_object_get(one, "active");
	if (json_is_true(json_object_get(one, "revoked")) || (active && !json_is_true(active)) ||
	    (time_in(one, "active_from", &t) && t > r->at) ||
	    (time_in(one, "not_before", &t) && t > r->at))
		return;
	if (time_in(one, "ends_at", &t) && (ends = t) <= r->at)
		return;
	if (time_in(one, "not_after", &t)) {
		if (t < r->at)
			return;
		ends = t < ends ? t : ends;
	}
	bool token = type && strcmp(type, "token") == 0;
	out->token = out->token || token;
	out->certificate = out->certificate || !token;
	(void)json_array_append_new(
	    out->list, json_pack("{s:s, s:s, s:o}", "type", token ? "token" : "certificate",
				 "sha256", sha256, "ends_at", time_json(ends != INT64_MAX, ends)));
}

struct looking {
	uint64_t after;
	int64_t at;
	bool found;
};

static cg_rc visit_delete(const Cg__AuditEntry *entry, void *arg, struct cg_err *err)
{
	struct looking *l = arg;
	(void)err;
	if (strcmp(entry->action, "certificate.delete") != 0 || entry->at > l->at)
		return CG_OK;
	l->found = true;
	return CG_NOT_FOUND;
}

/* A credential that is gone went with its certificate; with its key it would not be asked for. */
static cg_rc was_deleted(const struct access_report *r, const char *sha256, const json_t *one,
			 bool *out, struct cg_err *err)
{
	struct looking l = {.at = r->at};
	uint64_t after = (uint64_t)json_integer_value(json_object_get(one, "added"));
	cg_rc rc = audit_walk(r->store, sha256, after, visit_delete, &l, err);
	*out = l.found;
	return rc;
}

/* What the audit tells of one beside what its record holds. */
static cg_rc merge_credential(const struct access_report *r, const Cg__Credential *now,
			      const struct past *past, struct in_force *out, struct cg_err *err)
{
	char hex[SHA256_HEX + 1] = "";
	if (now->sha256.len == SHA256_BYTES)
		hex_format(now->sha256.data, SHA256_BYTES, hex);
	const json_t *told = json_object_get(past->credentials, hex);
	bool ok = true;
	if (json_object_get(told, "added")) {
		/* Entries of before the dates were told in them. */
		json_t *whole = record_to_json(now);
		json_t *one =
		    json_pack("{s:O?, s:O?, s:O?}", "type", json_object_get(whole, "type"),
			      "not_before", json_object_get(whole, "not_before"), "not_after",
			      json_object_get(whole, "not_after"));
		ok = whole && json_object_update(one, (json_t *)(uintptr_t)told) == 0;
		if (ok)
			take_credential(r, hex, one, out);
		json_decref(one);
		json_decref(whole);
	} else if (now->added_at <= r->at) {
		json_t *one = record_to_json(now);
		bool revoked = now->has_revoked_at && now->revoked_at <= r->at;
		/* It was in force until it was revoked. */
		if (now->has_revoked_at)
			ok = json_object_set_new(one, revoked ? "revoked" : "active",
						 json_true()) == 0;
		ok =
		    ok && one && (!told || json_object_update(one, (json_t *)(uintptr_t)told) == 0);
		out->exact = out->exact && r->at >= r->exact_from && !past->touched;
		if (ok)
			take_credential(r, hex, one, out);
		json_decref(one);
	}
	return ok && out->list ? CG_OK : cg_fail_memory(err);
}

static bool is_there(const struct credentials *list, const char *sha256)
{
	for (size_t i = 0; i < list->n; i++) {
		char hex[SHA256_HEX + 1] = "";
		if (list->items[i]->sha256.len == SHA256_BYTES)
			hex_format(list->items[i]->sha256.data, SHA256_BYTES, hex);
		if (strcmp(hex, sha256) == 0)
			return true;
	}
	return false;
}

static cg_rc find_in_force(const struct access_report *r, const char *key_id,
			   const struct past *past, struct arena *arena, struct in_force *out,
			   struct cg_err *err)
{
	struct credentials list = {.n = 0};
	struct cg_err why = {0};
	const char *sha256;
	json_t *one;
	*out = (struct in_force){.list = json_array(), .exact = true};
	cg_rc rc = credential_list(r->store, key_id, arena, &list, &why);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return cg_fail(err, rc, "%s", why.text);
	rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		rc = merge_credential(r, list.items[i], past, out, err);
	json_object_foreach(past->credentials, sha256, one)
	{
		bool deleted = false;
		if (rc != CG_OK || is_there(&list, sha256) || !json_object_get(one, "added"))
			continue;
		rc = was_deleted(r, sha256, one, &deleted, err);
		if (rc == CG_OK && !deleted)
			take_credential(r, sha256, one, out);
	}
	return rc;
}

/* --- keys --- */

static json_t *texts_json(char **items, size_t n)
{
	json_t *out = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(out, json_string(items[i]));
	return out;
}

/* The APIs that the key could call with what was in force. */
static cg_rc access_json(struct access_report *r, const struct effective *e, struct in_force *f,
			 json_t *to, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < e->n_access; i++) {
		const Cg__Access *entry = e->access[i].entry;
		const Cg__Policy *from = e->access[i].from;
		struct was *api;
		rc = find_was(r, &api_entity, entry->api_id, &api, err);
		if (rc != CG_OK)
			break;
		f->exact = f->exact && api->exact;
		if (!api->api || !json_is_true(json_object_get(api->api, "active")) ||
		    !((f->certificate && is_on(api->api, "use_certificate")) ||
		      (f->token && is_on(api->api, "use_token"))))
			continue;
		json_t *one =
		    json_pack("{s:s, s:O, s:O, s:o, s:o, s:s?, s:s?}", "api_id", entry->api_id,
			      "api", json_object_get(api->api, "name"), "listen_path",
			      json_object_get(api->api, "listen_path"), "methods",
			      texts_json(entry->methods, entry->n_methods), "paths",
			      texts_json(entry->paths, entry->n_paths), "policy_id",
			      from ? from->id : NULL, "policy", from ? from->name : NULL);
		if (json_array_append_new(to, one) < 0)
			rc = cg_fail_memory(err);
	}
	return rc;
}

static cg_rc find_policies(struct access_report *r, const Cg__Key *key, struct arena *arena,
			   Cg__Policy ***out, size_t *n, bool *exact, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	*n = 0;
	*out = arena_alloc(arena, (key->n_policy_ids + 1) * sizeof(**out));
	if (!*out)
		return cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < key->n_policy_ids; i++) {
		struct was *w;
		rc = find_was(r, &policy_entity, key->policy_ids[i], &w, err);
		if (rc == CG_OK && w->policy)
			(*out)[(*n)++] = w->policy;
		if (rc == CG_OK)
			*exact = *exact && w->exact;
	}
	return rc;
}

/* The key as it was; NULL: it was not there.  `now` (may be NULL) is the one that is. */
static const Cg__Key *find_key(const struct access_report *r, const char *id, const Cg__Key *now,
			       const struct past *past, struct arena *arena, bool *exact)
{
	Cg__Key *was;
	/* What was done between a backup and its restore is lost, the entries of it too. */
	*exact = r->at >= r->restored_at;
	if (past->made && past->gone)
		return NULL;
	if (past->made && past_record(past, &cg__key__descriptor, arena, &was, NULL) == CG_OK) {
		was->id = (char *)(uintptr_t)id;
		/* From which its policies' key life counts. */
		was->created_at = now ? now->created_at : past->made_at;
		return was;
	}
	return !past->made_later && now && stands(r, now, exact) ? now : NULL;
}

static json_t *item_json(const char *id, const char *name, const struct past *past,
			 const Cg__Key *now, json_t *credentials, json_t *access, bool exact)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:s?, s:o, s:o, s:b}", "key_id", id, "key", name,
			 "credentials", credentials, "access", access, "approved_by",
			 past->approved_by, "approved_at",
			 time_json(past->approved_by != NULL, past->approved_at), "last_used_at",
			 time_json(now && now->has_last_used_at, now ? now->last_used_at : 0),
			 "exact", (int)exact);
}

/* Whether neither the key's organisation nor the developer who asked for it was off.  Who asked is
 * in its record alone: of a key that went to another organisation or is gone, nobody is known. */
static cg_rc owners_were_on(struct access_report *r, const Cg__Key *key, const Cg__Key *now,
			    bool *out, bool *exact, struct cg_err *err)
{
	const struct {
		const struct entity *entity;
		const char *id;
	} owners[] = {
	    {&organisation_entity, key->organisation_id	       },
	    {&developer_entity,	now ? now->developer_id : NULL}
	       };
	cg_rc rc = CG_OK;
	*out = true;
	for (size_t i = 0; rc == CG_OK && i < CG_COUNT(owners); i++) {
		struct was *w;
		if (!owners[i].id)
			continue;
		rc = find_was(r, owners[i].entity, owners[i].id, &w, err);
		*out = *out && rc == CG_OK && w->is_on;
		*exact = *exact && rc == CG_OK && w->exact;
	}
	return rc;
}

/* Appends the key if it could call something. */
static cg_rc add_key(struct access_report *r, const char *id, const Cg__Key *now,
		     const struct past *past, struct arena *arena, json_t *to, struct cg_err *err)
{
	Cg__Policy **policies;
	size_t n;
	bool exact, on;
	struct effective e;
	struct in_force f;
	cg_rc rc = CG_OK;
	const Cg__Key *key = find_key(r, id, now, past, arena, &exact);
	/* Removed since, and it came by an import: what it could do is lost. */
	if (!key && !now && !past->made && !past->made_later && !past->gone)
		return json_array_append_new(to,
					     item_json(id, past->name ? past->name : id, past, NULL,
						       json_array(), json_null(), false)) == 0
			   ? CG_OK
			   : cg_fail_memory(err);
	if (!key || !key->active || (key->has_expires_at && key->expires_at <= r->at))
		return CG_OK;
	rc = owners_were_on(r, key, now, &on, &exact, err);
	if (rc != CG_OK || !on)
		return rc;
	rc = find_policies(r, key, arena, &policies, &n, &exact, err);
	if (rc == CG_OK)
		rc = effective_make(key, policies, n, arena, &e, err);
	if (rc != CG_OK || (e.has_expires_at && e.expires_at <= r->at))
		return rc;
	rc = find_in_force(r, id, past, arena, &f, err);
	json_t *access = json_array();
	if (rc == CG_OK)
		rc = access_json(r, &e, &f, access, err);
	if (rc == CG_OK && json_array_size(access) > 0)
		return json_array_append_new(to, item_json(id, key->name, past, now, f.list, access,
							   exact && f.exact)) == 0
			   ? CG_OK
			   : cg_fail_memory(err);
	json_decref(access);
	json_decref(f.list);
	return rc;
}

/* Of what a developer got by asking: he may do no more, so the catalogue's entry gave it. */
static cg_rc name_approver(struct access_report *r, const Cg__Key *now, struct past *past,
			   struct arena *arena, struct cg_err *err)
{
	Cg__Developer *d = NULL;
	cg_rc rc = CG_NOT_FOUND;
	if (past->approver_id && *past->approver_id)
		rc = entity_get(r->store, &developer_entity, past->approver_id, arena, &d, err);
	if ((rc == CG_OK && strcmp(d->id, past->approver_id) == 0) ||
	    (past->approver_id && now && now->developer_id &&
	     strcmp(now->developer_id, past->approver_id) == 0))
		past->approved_by = REQUEST_AUTOMATIC;
	return rc == CG_NOT_FOUND || rc == CG_CLASH ? CG_OK : rc;
}

static cg_rc look_at_key(struct access_report *r, const char *id, const Cg__Key *now,
			 struct arena *arena, json_t *to, struct cg_err *err)
{
	struct past past;
	cg_rc rc = past_read(r->store, id, r->at, arena, &past, err);
	if (rc != CG_OK)
		return rc;
	rc = name_approver(r, now, &past, arena, err);
	if (rc == CG_OK)
		rc = add_key(r, id, now, &past, arena, to, err);
	past_release(&past);
	return rc;
}

/* --- pages --- */

static cg_rc keys_now(struct access_report *r, struct span *cursor, size_t limit,
		      struct arena *arena, json_t *to, struct cg_err *err)
{
	struct entity_page page;
	cg_rc rc = CG_OK;
	for (size_t looks = 0; rc == CG_OK && looks < STAYS_FACTOR; looks++) {
		size_t room = limit - json_array_size(to);
		rc = entity_list(r->store, &key_entity, *cursor, room, SPAN_LIT(""), arena, &page,
				 err);
		for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
			const Cg__Key *key = page.messages[i];
			rc = look_at_key(r, key->id, key, arena, to, err);
		}
		if (rc != CG_OK)
			break;
		*cursor = page.next ? span_of(page.next) : SPAN_LIT(GONE_CURSOR "0");
		if (!page.next || json_array_size(to) == limit)
			break;
	}
	return rc;
}

static cg_rc keys_gone(struct access_report *r, struct span *cursor, size_t limit,
		       struct arena *arena, json_t *to, struct cg_err *err)
{
	struct removed gone;
	uint64_t after;
	size_t room = limit - json_array_size(to);
	if (!number_parse(span_from(*cursor, 1), INT64_MAX, &after))
		return cg_fail_field(err, "cursor", "is not one that a list gave");
	cg_rc rc = list_removed(r, "key.delete", after, room, arena, &gone, err);
	for (size_t i = 0; rc == CG_OK && i < gone.n; i++)
		rc = look_at_key(r, gone.items[i].id, NULL, arena, to, err);
	if (rc != CG_OK)
		return rc;
	if (gone.n < room) {
		*cursor = SPAN_LIT("");
		return CG_OK;
	}
	*cursor =
	    span_of(arena_printf(arena, GONE_CURSOR "%" PRIu64, gone.items[gone.n - 1].number));
	/* Without one the report would end here. */
	return cursor->p ? CG_OK : cg_fail_memory(err);
}

cg_rc access_report_keys(struct access_report *report, struct span *cursor, size_t limit,
			 struct arena *arena, json_t **out, struct cg_err *err)
{
	bool now = !span_starts(*cursor, SPAN_LIT(GONE_CURSOR));
	json_t *items = json_array();
	cg_rc rc = items ? CG_OK : cg_fail_memory(err);
	if (rc == CG_OK && now)
		rc = keys_now(report, cursor, limit, arena, items, err);
	if (rc == CG_OK && span_starts(*cursor, SPAN_LIT(GONE_CURSOR)) &&
	    json_array_size(items) < limit)
		rc = keys_gone(report, cursor, limit, arena, items, err);
	if (rc == CG_OK)
		*out = items;
	else
		json_decref(items);
	return rc;
}
