#include "base/base.h"
#include "show.h"
#include "base/limits.h"
#include "grant/grant.h"
#include "grant/limit.h"
#include "model/developer.h"
#include "model/exposed_key.h"
#include "model/policy.h"
#include "model/quota.h"
#include "model/setting.h"
#include "page/chart.h"
#include "ui/throttle.h"
#include "usage/query.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

/* --- what is offered --- */

cg_rc offer_load(struct page_call *call, Cg__CatalogueEntry *entry, struct offer *out,
		 struct cg_err *err)
{
	struct offer o = {.entry = entry};
	cg_rc rc = entity_get(call->program->store, &policy_entity, entry->policy_id, call->arena,
			      &o.policy, err);
	if (rc == CG_OK)
		*out = o;
	return rc;
}

cg_rc offer_load_whole(struct page_call *call, Cg__CatalogueEntry *entry, struct offer *out,
		       struct cg_err *err)
{
	struct shown_apis apis;
	struct offer o;
	cg_rc rc = offer_load(call, entry, &o, err);
	if (rc == CG_OK)
		rc = show_apis(call, o.policy->access, o.policy->n_access, &apis, err);
	if (rc != CG_OK)
		return rc;
	o.apis = apis.items;
	o.n_apis = apis.n;
	for (size_t i = 0; i < o.n_apis; i++) {
		const Cg__ApiAuth *auth = o.apis[i]->auth;
		o.takes_certificate = o.takes_certificate || auth->use_certificate;
		o.takes_token = o.takes_token || auth->use_token;
	}
	/* A policy without access gives limits to keys that have theirs from elsewhere. */
	if (o.n_apis == 0 || (!o.takes_certificate && !o.takes_token))
		o.takes_certificate = true;
	*out = o;
	return CG_OK;
}

bool offer_get(struct page_call *call, struct offer *out)
{
	struct cg_err err = {0};
	Cg__CatalogueEntry *entry;
	cg_rc rc = entity_get(call->program->store, &catalogue_entity, page_param(call, 0),
			      call->arena, &entry, &err);
	if (rc == CG_NOT_FOUND || (rc == CG_OK && !entry->visible))
		rc = cg_fail(&err, CG_NOT_FOUND,
			     "There is no such API in the catalogue; perhaps it was taken out.");
	if (rc == CG_OK)
		rc = offer_load_whole(call, entry, out, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	return rc == CG_OK;
}

json_t *offer_rate(const struct offer *o)
{
	return policy_applies(o->policy, CG__POLICY__PART__RATE) ? show_rate(o->policy->rate)
								 : json_null();
}

json_t *offer_quota(const struct offer *o)
{
	return policy_applies(o->policy, CG__POLICY__PART__QUOTA) ? show_quota(o->policy->quota)
								  : json_null();
}

json_t *offer_plan(const struct offer *o)
{
	const Cg__Policy *p = o->policy;
	json_t *plan = json_pack(
	    "{s:s, s:o, s:o, s:o, s:b, s:b, s:b}", "template", "portal/plan.tpl", "policy_name",
	    page_text(span_of(p->name)), "rate", offer_rate(o), "quota", offer_quota(o),
	    "automatic", o->entry->approval == CG__CATALOGUE_ENTRY__APPROVAL__AUTOMATIC,
	    "proof_required", o->entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED,
	    "takes_certificate", (int)o->takes_certificate);
	(void)json_object_set_new(plan, "days",
				  p->has_key_lifetime_days ? page_number(p->key_lifetime_days)
							   : json_null());
	return plan;
}

json_t *offer_lines(struct page_call *call, const Cg__Api *const *apis, size_t n, bool token)
{
	json_t *out = json_array();
	for (size_t i = 0; i < n; i++) {
		if (token ? !apis[i]->auth->use_token : !apis[i]->auth->use_certificate)
			continue;
		const char *line =
		    token
			? arena_printf(call->arena, "curl -H \"%s: $TOKEN\" %s%s",
				       apis[i]->auth->token_header, portal_gate(call),
				       apis[i]->listen_path)
			: arena_printf(call->arena, "curl --cert client.crt --key client.key %s%s",
				       portal_gate(call), apis[i]->listen_path);
		(void)json_array_append_new(out, page_text(span_of(line)));
	}
	return out;
}

static const char *base_of(struct page_call *call, bool gate)
{
	Cg__Setting *setting;
	if (setting_get(call->program->store, call->arena, &setting, NULL) == CG_OK) {
		const char *url = gate ? setting->base_urls->gate : setting->base_urls->portal;
		if (url && *url)
			return url;
	}
	return page_base(call);
}

const char *portal_gate(struct page_call *call)
{
	return base_of(call, true);
}

const char *portal_base(struct page_call *call)
{
	return base_of(call, false);
}

/* --- what a form brings --- */

cg_rc portal_read_bytes(struct store *store, const struct actor *actor, struct span bytes,
			enum cert_way way, int64_t now_unix_s, struct arena *arena,
			struct cert_reading *out, struct cg_err *err)
{
	struct cert_exposed exposed;
	struct cg_err why = {0};
	cg_rc rc = cert_read(bytes, way, CERT_KIND_CLIENT, now_unix_s, arena, out, &exposed, err);
	cg_rc blocked =
	    exposed.n > 0 ? exposed_key_block(store, actor, &exposed, arena, NULL, &why) : CG_OK;
	if (blocked == CG_OK)
		return rc;
	*err = why;
	return blocked;
}

static bool is_exposed(cg_rc rc, const struct cg_err *why)
{
	return rc != CG_OK && why->code && strcmp(why->code, CERT_PRIVATE_KEY_PASTED) == 0;
}

cg_rc portal_read_certificate(struct page_call *call, struct cert_reading *out, const char **code,
			      struct cg_err *err)
{
	struct span text = span_trim(web_form_get(&call->form, "certificate"));
	struct span file = web_form_get(&call->form, "upload");
	struct store *store = call->program->store;
	struct cg_err why = {0};
	cg_rc rc = CG_NOT_FOUND;
	*code = NULL;
	if (file.n > 0)
		rc = portal_read_bytes(store, &call->actor, file, CERT_WAY_PORTAL_FILE,
				       call->now_unix_s, call->arena, out, &why);
	/* Both are looked through for private keys, also where only one could be taken. */
	if (text.n > 0 && !is_exposed(rc, &why)) {
		rc = portal_read_bytes(store, &call->actor, text, CERT_WAY_PORTAL, call->now_unix_s,
				       call->arena, out, &why);
		if (file.n > 0 && !is_exposed(rc, &why) && web_status_of(rc) < 500)
			return cg_fail_field(err, "certificate",
					     "came twice, as text and as a file: give one of them");
	}
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		return rc;
	if (web_status_of(rc) >= 500)
		return cg_fail(err, rc, "%s", why.text);
	*code = why.code;
	/* What has to be done then, the page says. */
	(void)cg_fail_field(err, "certificate", "%s",
			    is_exposed(rc, &why) ? "held a private key: give the certificate of a "
						   "new one, alone"
						 : why.text);
	return rc;
}

void portal_put_back(struct page_call *call, json_t *values, const struct cert_reading *reading)
{
	const char *pem = reading ? cert_pem(call->arena, reading->leaf.der) : "";
	(void)json_object_set_new(values, "certificate", json_string(pem ? pem : ""));
}

cg_rc portal_check_password(struct page_call *call, const char *field, struct cg_err *err)
{
	struct throttle throttle;
	struct cg_err why = {0};
	Cg__Developer *self;
	cg_rc rc = throttle_enter(call, THROTTLE_SIGN_IN, &throttle, err);
	if (rc == CG_DENIED)
		return cg_fail_field(err, field, "was wrong too often: wait some minutes");
	if (rc != CG_OK)
		return rc;
	rc = developer_sign_in(call->program->store, call->who.developer->email,
			       page_secret(call, field), call->arena, &self, &why);
	throttle_leave(call, &throttle, rc == CG_DENIED);
	if (rc == CG_DENIED)
		return cg_fail_field(err, field, "is not the one of your account");
	if (rc != CG_OK)
		*err = why;
	return rc;
}

json_t *portal_request_badge(const Cg__KeyRequest *request, bool waits_for_proof)
{
	switch ((int)request->status) {
	case CG__KEY_REQUEST__STATUS__APPROVED:
		return page_badge("ok", "Approved");
	case CG__KEY_REQUEST__STATUS__DECLINED:
		return page_badge("bad", "Declined");
	case CG__KEY_REQUEST__STATUS__WITHDRAWN:
		return page_badge("", "Withdrawn");
	default:
		return page_badge("warn",
				  waits_for_proof ? "Waiting for proof" : "Waiting for approval");
	}
}

/* --- usage --- */

#define SHOWN_DAYS 30
#define DAY_S	   ((int64_t)24 * 3600)

cg_rc portal_usage(struct page_call *call, const char *const *key_ids, size_t n,
		   struct portal_usage *each, struct portal_usage *out, struct cg_err *err)
{
	uint64_t requests[SHOWN_DAYS] = {0}, refused[SHOWN_DAYS] = {0}, errors[SHOWN_DAYS] = {0};
	int64_t today = call->now_unix_s / DAY_S * DAY_S, first = today - (SHOWN_DAYS - 1) * DAY_S;
	cg_rc rc = CG_OK;
	struct arena one; /* of a key's sums, of which there may be any number */
	*out = (struct portal_usage){.chart = NULL};
	arena_init(&one, REQUEST_ARENA_MAX);
	for (size_t k = 0; rc == CG_OK && k < n; k++) {
		struct portal_usage key = {.chart = NULL};
		struct usage_sums sums = {.n = 0};
		arena_clear(&one);
		struct usage_query q = {.from = first,
					.to = call->now_unix_s + 1,
					.step = USAGE_STEP_DAY,
					.key_id = span_of(key_ids[k])};
		rc = usage_ask(call->program->store, &q, call->now_unix_s, &one, &sums, err);
		for (size_t i = 0; rc == CG_OK && i < sums.n; i++) {
			int64_t day = (sums.items[i]->at - first) / DAY_S;
			if (day < 0 || day >= SHOWN_DAYS)
				continue;
			requests[day] += sums.items[i]->requests;
			refused[day] += sums.items[i]->refused;
			errors[day] += sums.items[i]->upstream_errors;
			key.requests += sums.items[i]->requests;
			key.refused += sums.items[i]->refused;
			key.errors += sums.items[i]->upstream_errors;
		}
		if (each)
			each[k] = key;
	}
	arena_release(&one);
	struct chart_bar bars[SHOWN_DAYS];
	for (size_t i = 0; rc == CG_OK && i < SHOWN_DAYS; i++) {
		json_t *day = page_day(first + (int64_t)i * DAY_S);
		const char *label =
		    arena_strdup(call->arena, json_string_value(json_object_get(day, "text")));
		json_decref(day);
		/* Below the axis without the year. */
		const char *mark =
		    label ? arena_copy(call->arena,
				       span_make(label, strlen(label) > 5 ? strlen(label) - 5 : 0))
			  : NULL;
		if (!mark)
			return cg_fail_memory(err);
		uint64_t passed = requests[i] - refused[i];
		bars[i] = (struct chart_bar){.label = label,
					     .mark = mark,
					     .allowed = passed > errors[i] ? passed - errors[i] : 0,
					     .refused = refused[i],
					     .failed = errors[i]};
		out->requests += requests[i];
		out->refused += refused[i];
		out->errors += errors[i];
	}
	if (rc == CG_OK && out->requests > 0)
		out->chart = chart_make(
		    bars, SHOWN_DAYS,
		    &(struct chart_words){
			.id = "usage", .caption = "Requests per day", .unit = "Day", .low = true});
	return rc;
}

json_t *portal_usage_card(const struct portal_usage *usage)
{
	return json_pack("{s:s, s:o, s:{s:s}}", "template", "portal/usage-card.tpl", "chart",
			 usage->chart ? usage->chart : json_null(), "legend", "template",
			 "layout/legend.tpl");
}

json_t *portal_quota(struct page_call *call, const Cg__Key *key)
{
	static const char *const periods[] = {"hour", "day", "week", "month"};
	struct key_grant g;
	struct limit_asks asks = {.n = 1};
	struct limits_result result;
	if (grant_load_key(call->program->store, key->id, call->arena, &g, NULL) != CG_OK ||
	    !g.effective.quota || !call->program->limits ||
	    limits_name(LIMITS_OF_KEY, span_of(key->id), SPAN_LIT(""), &asks.asks[0].name) != CG_OK)
		return json_null();
	const Cg__Quota *quota = g.effective.quota;
	asks.asks[0].quota.limit = quota->limit;
	asks.asks[0].quota.period = quota_period(quota);
	if (limit_ask(call->program->limits, call->program->store, &asks, true, &result, NULL) !=
	    CG_OK)
		return json_null();
	const struct limits_left *left = &result.left[0];
	uint64_t percent = left->quota_used >= quota->limit
			       ? 100
			       : left->quota_used * 100 / (quota->limit > 0 ? quota->limit : 1);
	json_t *used = page_number(left->quota_used), *limit = page_number(quota->limit);
	json_t *out = json_pack(
	    "{s:s, s:o, s:o, s:o, s:I, s:o, s:o}", "period",
	    periods[(unsigned)quota->period < 4 ? (unsigned)quota->period : 3], "used_n", used,
	    "limit", limit, "left", page_number(left->quota_left), "percent", (json_int_t)percent,
	    "renews",
	    left->quota_resets_unix_s > 0 ? page_distance(call, left->quota_resets_unix_s)
					  : json_null(),
	    "line", json_sprintf("%s of %s", json_string_value(used), json_string_value(limit)));
	return out;
}
