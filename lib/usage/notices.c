#include "base/base.h"
#include "usage/notices.h"
#include "base/clock.h"
#include "base/limits.h"
#include "grant/grant.h"
#include "grant/limit.h"
#include "model/api.h"
#include "model/audit.h"
#include "model/entity.h"
#include "model/outbox.h"

#define DAY_S ((int64_t)86400)
/* Of a quota, beside all of it. */
#define QUOTA_TOLD_PERCENT 80
/* The end of a quota's period is told to the second, reckoned from two clocks. */
#define SAME_PERIOD_S 60

/* --- once --- */

struct notice {
	const char *id;
	int64_t about;
	uint64_t days;
	int64_t slack_s; /* times that differ by less are the same */
	const char *action, *subject_id, *subject_name;
	json_t *changes;
	/* The mail to the key's organisation; NULL: it has none. */
	const char *organisation_id;
	Cg__OutboxMail__Kind kind;
	json_t *mail;
	struct arena *arena;
	bool told;
};

static cg_rc look(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct notice *n = arg;
	Cg__Notice *last;
	n->told = false;
	cg_rc rc = store_load(txn, STORE_NOTICE, span_of(n->id), n->arena, &last, err);
	if (rc == CG_OK)
		n->told = last->about - n->about <= n->slack_s &&
			  n->about - last->about <= n->slack_s && last->days <= n->days;
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static cg_rc tell_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct notice *n = arg;
	Cg__Notice record = CG__NOTICE__INIT;
	cg_rc rc = look(txn, n, err);
	if (rc != CG_OK || n->told)
		return rc;
	record.id = (char *)(uintptr_t)n->id;
	record.about = n->about;
	record.days = n->days;
	rc = store_save(txn, STORE_NOTICE, span_of(n->id), &record, n->arena, err);
	if (rc == CG_OK)
		rc = audit_add(txn, &actor_steward, n->action, n->subject_id, n->subject_name,
			       n->changes, n->arena, err);
	return rc == CG_OK ? mail_queue_organisation(txn, n->kind, n->organisation_id, n->mail,
						     n->arena, err)
			   : rc;
}

/* n->changes and n->mail are taken. */
static cg_rc tell_once(struct store *store, struct notice *n, struct cg_err *err)
{
	cg_rc rc = n->changes && n->mail && n->id && n->action ? store_read(store, look, n, err)
							       : cg_fail_memory(err);
	if (rc == CG_OK && !n->told)
		rc = store_write(store, STORE_CHANGES_NONE, tell_txn, n, err);
	json_decref(n->changes);
	json_decref(n->mail);
	return rc;
}

/* --- quotas --- */

static cg_rc tell_quota(struct store *store, const Cg__Key *key, const Cg__Api *api,
			const struct limits_ask *ask, bool at_api, const struct limits_left *left,
			struct arena *arena, struct cg_err *err)
{
	char hex[SHA256_HEX + 1], resets_at[RFC3339_TEXT + 1], day[DAY_TEXT + 1], resets_on[40];
	uint64_t percent = left->quota_left == 0 ? 100 : QUOTA_TOLD_PERCENT;
	hex_format(ask->name.b, SHA256_BYTES, hex);
	(void)rfc3339_format(left->quota_resets_unix_s, resets_at);
	(void)day_format(left->quota_resets_unix_s, day);
	/* With the time of day: a period may be an hour. */
	(void)snprintf(resets_on, sizeof(resets_on), "%s, %.5s UTC", day, resets_at + 11);
	struct notice n = {.id = arena_printf(arena, "quota/%s", hex),
			   .about = left->quota_resets_unix_s,
			   .days = 100 - percent,
			   .slack_s = SAME_PERIOD_S,
			   .action = percent == 100 ? "quota.reached" : "quota.nearly_reached",
			   .subject_id = key->id,
			   .subject_name = key->name,
			   .organisation_id = key->organisation_id,
			   .kind = CG__OUTBOX_MAIL__KIND__QUOTA,
			   .arena = arena};
	n.changes = json_pack("{s:I, s:s, s:s?}", "limit", (json_int_t)ask->quota.limit,
			      "resets_at", resets_at, "api_id", at_api ? api->id : NULL);
	n.mail = json_pack("{s:s, s:I, s:I, s:s, s:s, s:b, s:o}", "key_name", key->name, "percent",
			   (json_int_t)percent, "limit", (json_int_t)ask->quota.limit, "resets_on",
			   resets_on, "api_name", at_api ? api->name : "", "used_up",
			   percent == 100, "path", json_sprintf("/portal/keys/%s", key->id));
	return tell_once(store, &n, err);
}

/* Whether there is something to tell of a quota. */
static bool is_high(const struct limits_ask *ask, const struct limits_left *left)
{
	return ask->quota.period != LIMITS_NO_QUOTA && left->quota_resets_unix_s != 0 &&
	       (left->quota_left == 0 ||
		left->quota_left <= ask->quota.limit / 100 * (100 - QUOTA_TOLD_PERCENT) +
					ask->quota.limit % 100 * (100 - QUOTA_TOLD_PERCENT) / 100);
}

static cg_rc look_at_entry(struct store *store, struct limits *limits, const struct key_grant *g,
			   const struct effective_access *access, const Cg__Api *api,
			   struct arena *arena, struct cg_err *err)
{
	struct route route = {.api = api};
	struct grant grant = {.key = g->key, .effective = g->effective};
	const struct decision decision = {.grant = &grant, .access = access};
	struct limit_asks asks;
	struct limits_result result;
	cg_rc rc = route_name_counters(&route, err);
	if (rc == CG_OK)
		rc = grant_name_counters(&grant, arena, err);
	if (rc != CG_OK)
		return rc;
	limit_asks_make(&route, &decision, &asks);
	rc = limit_ask(limits, store, &asks, true, &result, err);
	for (size_t i = 0; rc == CG_OK && i < asks.n; i++) {
		const struct limits_left *left = &result.left[i];
		if (!is_high(&asks.asks[i], left))
			continue;
		bool at_api = asks.owners[i] == LIMIT_OF_KEY_AT_API || access->entry->separate;
		rc = tell_quota(store, g->key, api, &asks.asks[i], at_api, left, arena, err);
	}
	return rc;
}

cg_rc notices_quota(struct store *store, struct limits *limits, const char *key_id,
		    const char *api_id, struct cg_err *err)
{
	struct arena arena;
	struct key_grant g;
	Cg__Api *api;
	arena_init(&arena, COMMAND_ARENA_MAX);
	cg_rc rc = grant_load_key(store, key_id, &arena, &g, err);
	/* A name that looks like the id of one that is gone. */
	if (rc == CG_OK && strcmp(g.key->id, key_id) != 0)
		rc = CG_NOT_FOUND;
	if (rc == CG_OK)
		rc = entity_get(store, &api_entity, api_id, &arena, &api, err);
	for (size_t i = 0; rc == CG_OK && i < g.effective.n_access; i++) {
		const struct effective_access *access = &g.effective.access[i];
		if (strcmp(access->entry->api_id, api->id) == 0)
			rc = look_at_entry(store, limits, &g, access, api, &arena, err);
	}
	arena_release(&arena);
	/* Removed since: nobody's quota any more. */
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

/* --- ends of keys and credentials --- */

/* What may end: a key by its id alone, or a credential. */
struct ending {
	const char *key_id;
	const char *sha256; /* in hex; NULL: the key itself */
	bool certificate;
	int64_t ends_at;
};

struct collecting {
	struct notices_round *round;
	const struct notices_round start; /* where this piece begins, however often it is read */
	size_t max, seen, n;
	struct arena *arena;
	struct ending *items;
};

/* Of one that is switched off or held nobody need hear: it has ended for as long as somebody wants.
 */
static cg_rc collect_key(struct collecting *c, struct span bytes, struct arena *arena,
			 struct cg_err *err)
{
	Cg__Key *key;
	cg_rc rc = record_unpack(&cg__key__descriptor, bytes, arena, &key, err);
	if (rc != CG_OK || !key->active || (!key->has_expires_at && key->n_policy_ids == 0))
		return rc;
	struct ending *item = &c->items[c->n++];
	item->key_id = arena_strdup(c->arena, key->id);
	return item->key_id ? CG_OK : cg_fail_memory(err);
}

static cg_rc collect_credential(struct collecting *c, struct span bytes, struct arena *arena,
				struct cg_err *err)
{
	Cg__Credential *credential;
	cg_rc rc = record_unpack(&cg__credential__descriptor, bytes, arena, &credential, err);
	if (rc != CG_OK || !credential->active || credential->held || credential->has_revoked_at ||
	    credential->sha256.len != SHA256_BYTES ||
	    (!credential->has_ends_at && !credential->has_not_after))
		return rc;
	struct ending *item = &c->items[c->n++];
	char *hex = arena_alloc(c->arena, SHA256_HEX + 1);
	item->key_id = arena_strdup(c->arena, credential->key_id);
	item->sha256 = hex;
	item->certificate = credential->type == CG__CREDENTIAL__TYPE__CERTIFICATE;
	if (!hex || !item->key_id)
		return cg_fail_memory(err);
	hex_format(credential->sha256.data, SHA256_BYTES, hex);
	/* A certificate counts to the last second of its not_after. */
	item->ends_at = credential->has_not_after ? credential->not_after + 1 : INT64_MAX;
	if (credential->has_ends_at && credential->ends_at < item->ends_at)
		item->ends_at = credential->ends_at;
	return CG_OK;
}

static cg_rc collect(struct span index_key, struct span key, struct span value, void *arg,
		     struct cg_err *err)
{
	struct collecting *c = arg;
	struct notices_round *round = c->round;
	struct arena arena;
	(void)index_key;
	arena_init(&arena, RECORD_ARENA_MAX);
	cg_rc rc = round->credentials ? collect_credential(c, value, &arena, err)
				      : collect_key(c, value, &arena, err);
	arena_release(&arena);
	if (rc != CG_OK)
		return rc;
	round->after_n = key.n < sizeof(round->after) ? key.n : sizeof(round->after);
	memcpy(round->after, key.p, round->after_n);
	return ++c->seen == c->max ? CG_NOT_FOUND : CG_OK;
}

static cg_rc collect_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct collecting *c = arg;
	struct store_walk walk = {.table = c->start.credentials ? STORE_CREDENTIAL : STORE_KEY,
				  .after_key = span_make(c->start.after, c->start.after_n)};
	*c->round = c->start;
	c->seen = c->n = 0;
	return store_walk(txn, &walk, collect, c, err);
}

/* How many days before its end one is told of; false: not yet, or not any more. */
static bool due(int64_t left_s, uint64_t *days)
{
	static const uint64_t steps[] = {1, 7, 14, 30};
	*days = 0;
	if (left_s <= 0)
		return left_s > -NOTICE_KEEP_S;
	for (size_t i = 0; i < CG_COUNT(steps); i++)
		if (left_s <= (int64_t)steps[i] * DAY_S) {
			*days = steps[i];
			return true;
		}
	return false;
}

static json_t *end_mail(const Cg__Key *key, const struct ending *item, int64_t ends_at,
			uint64_t days)
{
	char ends_on[DAY_TEXT + 1];
	(void)day_format(ends_at, ends_on);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:o}", "key_name", key->name, "what",
			 !item->sha256	     ? ""
			 : item->certificate ? "certificate"
					     : "token",
			 "fingerprint", item->certificate ? item->sha256 : "", "ends_on", ends_on,
			 "days", (json_int_t)days, "day_word", days == 1 ? "day" : "days", "path",
			 json_sprintf("/portal/keys/%s", key->id));
}

static cg_rc look_at(struct store *store, const struct ending *item, int64_t now,
		     struct cg_err *err)
{
	struct arena arena;
	struct key_grant g;
	uint64_t days;
	char ends_at_text[RFC3339_TEXT + 1];
	arena_init(&arena, COMMAND_ARENA_MAX);
	cg_rc rc = grant_load_key(store, item->key_id, &arena, &g, err);
	if (rc == CG_OK && (strcmp(g.key->id, item->key_id) != 0 || !g.key->active))
		rc = CG_NOT_FOUND;
	int64_t ends_at = item->ends_at;
	if (rc == CG_OK && !item->sha256)
		ends_at = g.effective.has_expires_at ? g.effective.expires_at : INT64_MAX;
	if (rc == CG_OK && due(ends_at - now, &days)) {
		const char *what = item->sha256 ? "credential" : "key";
		(void)rfc3339_format(ends_at, ends_at_text);
		struct notice n = {
		    .id = item->sha256 ? arena_printf(&arena, "credential/%s", item->sha256)
				       : arena_printf(&arena, "expiry/%s", g.key->id),
		    .about = ends_at,
		    .days = days,
		    .action =
			arena_printf(&arena, "%s.%s", what, days > 0 ? "ends_soon" : "expired"),
		    .subject_id = g.key->id,
		    .subject_name = g.key->name,
		    .changes = json_pack("{s:s, s:s?}", item->sha256 ? "ends_at" : "expires_at",
					 ends_at_text, "sha256", item->sha256),
		    .organisation_id = g.key->organisation_id,
		    .kind =
			days > 0 ? CG__OUTBOX_MAIL__KIND__ENDS_SOON : CG__OUTBOX_MAIL__KIND__ENDED,
		    .mail = end_mail(g.key, item, ends_at, days),
		    .arena = &arena};
		if (days > 0)
			(void)json_object_set_new(n.changes, "within_days",
						  json_integer((json_int_t)days));
		rc = tell_once(store, &n, err);
	}
	arena_release(&arena);
	/* Removed since. */
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static bool is_old(const void *message, void *arg)
{
	const Cg__Notice *notice = message;
	const int64_t *now = arg;
	return notice->about < *now - NOTICE_KEEP_S;
}

cg_rc notices_ends(struct store *store, struct notices_round *round, size_t max, int64_t now_unix_s,
		   struct cg_err *err)
{
	struct arena arena;
	arena_init(&arena, COMMAND_ARENA_MAX);
	if (!round->running)
		*round = (struct notices_round){.running = true};
	struct collecting c = {.round = round, .start = *round, .max = max, .arena = &arena};
	c.items = arena_alloc(&arena, max * sizeof(*c.items));
	cg_rc rc = c.items ? store_read(store, collect_txn, &c, err) : cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < c.n; i++)
		rc = look_at(store, &c.items[i], now_unix_s, err);
	if (rc == CG_OK && c.seen < max && !round->credentials) {
		*round = (struct notices_round){.running = true, .credentials = true};
	} else if (rc == CG_OK && c.seen < max) {
		*round = (struct notices_round){.running = false};
		rc = store_sweep(store, STORE_CHANGES_COUNTS, STORE_NOTICE, is_old, &now_unix_s,
				 err);
	}
	arena_release(&arena);
	return rc;
}
