#include "base/base.h"
#include "base/buf.h"
#include "ui/show.h"
#include "base/limits.h"
#include "cert/usages.h"
#include "model/api.h"
#include "model/certificate.h"
#include "model/key_status.h"

#define ACCESS_SHOWN 3 /* APIs of a key in a line */

/* --- APIs --- */

/* One that was asked for; api is NULL where there is none. */
struct shown_api {
	const char *id;
	const Cg__Api *api;
	struct shown_api *next;
};

const Cg__Api *show_api(struct page_call *call, const char *id)
{
	struct shown_api *one = call->apis;
	Cg__Api *api;
	while (one && strcmp(one->id, id) != 0)
		one = one->next;
	if (one)
		return one->api;
	/* What has this as its name is another. */
	bool there =
	    entity_get(call->program->store, &api_entity, id, call->arena, &api, NULL) == CG_OK &&
	    strcmp(api->id, id) == 0;
	one = arena_alloc(call->arena, sizeof(*one));
	const char *copy = arena_strdup(call->arena, id);
	if (one && copy) {
		*one = (struct shown_api){copy, there ? api : NULL, call->apis};
		call->apis = one;
	}
	return there ? api : NULL;
}

const char *show_api_name(struct page_call *call, const char *id)
{
	const Cg__Api *api = show_api(call, id);
	return api ? api->name : id;
}

static void add_names(struct page_call *call, Cg__Access *const *items, size_t n, size_t most,
		      struct buf *out)
{
	for (size_t i = 0; i < n && i < most; i++) {
		buf_add_text(out, i > 0 ? ", " : "");
		buf_add_text(out, show_api_name(call, items[i]->api_id));
	}
	if (n > most)
		buf_printf(out, " and %zu more", n - most);
}

json_t *show_access(struct page_call *call, Cg__Access *const *items, size_t n, size_t most)
{
	struct buf names;
	buf_init(&names, most * (NAME_MAX_BYTES + 2) + 64);
	add_names(call, items, n, most, &names);
	json_t *out = page_text(buf_span(&names));
	buf_release(&names);
	return out;
}

static int by_name(const void *a, const void *b)
{
	const Cg__Api *x = *(const Cg__Api *const *)a, *y = *(const Cg__Api *const *)b;
	int order = strcmp(x->name, y->name);
	return order != 0 ? order : strcmp(x->id, y->id);
}

cg_rc show_apis(struct page_call *call, Cg__Access *const *items, size_t n, struct shown_apis *out,
		struct cg_err *err)
{
	struct shown_apis apis = {arena_alloc(call->arena, (n + 1) * sizeof(*apis.items)), 0};
	size_t found = 0;
	if (!apis.items)
		return cg_fail_memory(err);
	for (size_t i = 0; i < n; i++) {
		const Cg__Api *api = show_api(call, items[i]->api_id);
		if (api)
			apis.items[found++] = api;
	}
	if (found > 1)
		qsort(apis.items, found, sizeof(*apis.items), by_name);
	for (size_t i = 0; i < found; i++)
		if (apis.n == 0 || apis.items[apis.n - 1] != apis.items[i])
			apis.items[apis.n++] = apis.items[i];
	*out = apis;
	return CG_OK;
}

/* --- limits --- */

static json_t *amount(uint64_t n, const char *per)
{
	json_t *number = page_number(n);
	json_t *out = json_sprintf("%s %s", json_string_value(number), per);
	json_decref(number);
	return out;
}

json_t *show_rate(const Cg__Rate *rate)
{
	char per[48];
	if (!rate)
		return json_null();
	switch (rate->per_seconds) {
	case 1:
		return amount(rate->limit, "a second");
	case 60:
		return amount(rate->limit, "a minute");
	case 3600:
		return amount(rate->limit, "an hour");
	case 86400:
		return amount(rate->limit, "a day");
	default:
		(void)snprintf(per, sizeof(per), "in %" PRIu64 " seconds", rate->per_seconds);
		return amount(rate->limit, per);
	}
}

json_t *show_quota(const Cg__Quota *quota)
{
	if (!quota)
		return json_null();
	switch ((int)quota->period) {
	case CG__QUOTA__PERIOD__HOUR:
		return amount(quota->limit, "an hour");
	case CG__QUOTA__PERIOD__DAY:
		return amount(quota->limit, "a day");
	case CG__QUOTA__PERIOD__WEEK:
		return amount(quota->limit, "a week");
	default:
		return amount(quota->limit, "a month");
	}
}

/* --- certificates --- */

json_t *show_validity(const struct page_call *call, int64_t not_before, int64_t not_after)
{
	int64_t left = not_after - call->now_unix_s;
	json_t *when, *out;
	char text[64];
	if (left < 0)
		return page_badge("bad", "Ended");
	if (not_before > call->now_unix_s)
		return page_badge("warn", "Not yet valid");
	if (left > CERT_ENDS_SOON_S)
		return page_badge("ok", "Valid");
	when = page_distance(call, not_after);
	(void)snprintf(text, sizeof(text), "Ends %s",
		       json_string_value(json_object_get(when, "text")));
	out = page_badge("warn", text);
	json_decref(when);
	return out;
}

/* "CN=billing,O=Aster" -> "billing", wherever it stands; what has no CN is shown whole. */
struct span show_common_name(const char *subject)
{
	struct span s = span_of(subject), cn = SPAN_LIT("CN=");
	size_t at = 0, end;
	/* At the beginning of an attribute: behind a comma that is no part of the text (RFC 4514).
	 */
	while (at < s.n && !span_starts(span_from(s, at), cn)) {
		while (at < s.n && s.p[at] != ',')
			at += s.p[at] == '\\' ? 2 : 1;
		at++;
	}
	if (at >= s.n)
		return s;
	for (end = at + cn.n; end < s.n && s.p[end] != ','; end++)
		end += s.p[end] == '\\' ? 1 : 0;
	return span_make(s.p + at + cn.n, (end < s.n ? end : s.n) - at - cn.n);
}

static json_t *texts(char **items, size_t n)
{
	json_t *out = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(out, page_text(span_of(items[i])));
	return out;
}

static const char *const kinds[] = {"Client", "CA", "Upstream"};

json_t *show_certificate(struct page_call *call, const Cg__Certificate *c)
{
	struct cert_usages usages;
	json_t *words = json_array();
	bool self = c->issuer && c->subject && strcmp(c->issuer, c->subject) == 0;
	struct span subject = span_of(c->subject && *c->subject ? c->subject : "no subject");
	cert_usages(span_make(c->der.data, c->der.len), call->arena, &usages);
	for (size_t i = 0; i < usages.n; i++)
		(void)json_array_append_new(words, json_string(usages.items[i]));
	json_t *out =
	    json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:s}",
		      "id", c->id ? c->id : "", "subject", page_text(subject), "short_name",
		      page_text(show_common_name(subject.p)), "issuer",
		      self ? json_string("Self-signed") : page_text(span_of(c->issuer)), "names",
		      texts(c->names, c->n_names), "serial", c->serial ? c->serial : "",
		      "not_before", page_day(c->not_before), "not_after", page_day(c->not_after),
		      "public_key", c->public_key ? c->public_key : "", "usages", words, "sha256",
		      page_hex(&c->sha256, SHA256_BYTES), "sha256_start", page_hex(&c->sha256, 6),
		      "spki_sha256", page_hex(&c->spki_sha256, SHA256_BYTES), "badge",
		      show_validity(call, c->not_before, c->not_after), "kind",
		      kinds[(int)c->kind <= CG__CERTIFICATE__KIND__UPSTREAM ? (int)c->kind : 0]);
	(void)json_object_set_new(out, "ends", page_distance(call, c->not_after));
	return out;
}

/* --- keys --- */

static json_t *credential_badge(struct page_call *call, const Cg__Credential *c)
{
	if (c->has_revoked_at)
		return page_badge("bad", "Revoked");
	if (c->held)
		return page_badge("warn", "Held");
	if (!c->active)
		return page_badge("", "Off");
	if (c->has_ends_at && c->ends_at <= call->now_unix_s)
		return page_badge("bad", "Ended");
	if (c->has_active_from && c->active_from > call->now_unix_s)
		return page_badge("warn", "Not yet active");
	if (c->has_not_after)
		return c->not_after < call->now_unix_s ? page_badge("bad", "Expired")
						       : page_badge("ok", "Active");
	return page_badge("ok", "Active");
}

static const char *const reasons[] = {"Something else", "Replaced", "No longer a partner",
				      "Private key known to others"};

cg_rc show_credential(struct page_call *call, const Cg__Credential *c, json_t **out,
		      struct cg_err *err)
{
	char hex[SHA256_HEX + 1] = "";
	struct certificate_use use = {.certificate = NULL};
	bool certificate = c->type == CG__CREDENTIAL__TYPE__CERTIFICATE;
	if (c->sha256.len == SHA256_BYTES)
		hex_format(c->sha256.data, SHA256_BYTES, hex);
	if (certificate) {
		cg_rc rc = certificate_get(call->program->store, hex, call->arena, &use, err);
		if (rc != CG_OK && rc != CG_NOT_FOUND)
			return rc;
	}
	const Cg__Certificate *record = use.certificate;
	int64_t ends = c->has_ends_at && (!c->has_not_after || c->ends_at < c->not_after)
			   ? c->ends_at
			   : c->not_after;
	*out = json_pack(
	    "{s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "sha256", hex,
	    "is_certificate", (int)certificate, "is_token", (int)!certificate, "subject",
	    page_text(record && record->subject ? show_common_name(record->subject)
						: span_of(certificate ? "certificate" : "Token")),
	    "start", page_hex(&c->sha256, 10), "badge", credential_badge(call, c), "until",
	    c->has_ends_at || c->has_not_after ? page_day(ends) : json_null(), "added",
	    page_time(call, c->added_at), "last_used",
	    c->has_last_used_at ? page_distance(call, c->last_used_at) : json_null(), "may_revoke",
	    (int)!c->has_revoked_at, "revoked",
	    c->has_revoked_at ? json_pack("{s:s, s:o}", "why",
					  reasons[(unsigned)c->revoked_reason < CG_COUNT(reasons)
						      ? (unsigned)c->revoked_reason
						      : 0],
					  "at", page_time(call, c->revoked_at))
			      : json_null());
	return *out ? CG_OK : cg_fail_memory(err);
}

bool show_counts_now(const struct page_call *call, const Cg__Credential *c)
{
	struct store_state state = store_credential_state(c);
	return credential_counts(&state, call->now_unix_s);
}

static json_t *key_badge(struct page_call *call, enum key_status status, uint64_t ends)
{
	static const char *const colours[] = {"ok", "warn", "bad", "bad", ""};
	static const char *const texts[] = {"Active", "", "Expired", "No credential", "Off"};
	char text[64];
	if (status != KEY_STATUS_ENDING)
		return page_badge(colours[status], texts[status]);
	json_t *when = page_distance(call, (int64_t)ends);
	(void)snprintf(text, sizeof(text), "Ends %s",
		       json_string_value(json_object_get(when, "text")));
	json_decref(when);
	return page_badge(colours[status], text);
}

static json_t *access_names(struct page_call *call, const Cg__Key *key)
{
	struct buf names;
	buf_init(&names, 4096);
	add_names(call, key->access, key->n_access, ACCESS_SHOWN, &names);
	if (key->n_policy_ids > 0)
		buf_printf(&names, "%s%zu polic%s", key->n_access > 0 ? ", " : "",
			   key->n_policy_ids, key->n_policy_ids == 1 ? "y" : "ies");
	json_t *out = page_text(buf_span(&names));
	buf_release(&names);
	return out;
}

cg_rc show_key(struct page_call *call, const Cg__Key *key, json_t **out, struct cg_err *err)
{
	struct credentials list;
	const Cg__Credential *shown = NULL;
	struct key_standing standing = KEY_STANDING_NONE;
	uint64_t ends;
	json_t *credential = NULL;
	cg_rc rc = credential_list(call->program->store, key->id, call->arena, &list, err);
	if (rc != CG_OK)
		return rc;
	for (size_t i = 0; i < list.n; i++) {
		const Cg__Credential *c = list.items[i];
		struct store_state state = store_credential_state(c);
		key_standing_add(&standing, &state, call->now_unix_s);
		if (!shown || (show_counts_now(call, c) && !show_counts_now(call, shown)))
			shown = c;
	}
	struct store_state state = store_key_state(key);
	enum key_status status = key_status_of(&state, &standing, call->now_unix_s, &ends);
	if (shown)
		rc = show_credential(call, shown, &credential, err);
	if (rc != CG_OK)
		return rc;
	/* Of one that is switched off as well; without a credential only the key's own end. */
	uint64_t until = standing.working > 0 ? ends : state.ends;
	*out = json_pack(
	    "{s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o}", "id", key->id, "name",
	    page_text(span_of(key->name)), "credential", credential ? credential : json_null(),
	    "access", access_names(call, key), "badge", key_badge(call, status, ends), "until",
	    until == STORE_NO_END ? json_null() : page_day((int64_t)until), "working",
	    (int)standing.working, "rate", show_rate(key->rate), "quota", show_quota(key->quota));
	return *out ? CG_OK : cg_fail_memory(err);
}
