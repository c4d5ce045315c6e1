#include "base/base.h"
#include "usage/notices.h"
#include "base/clock.h"
#include "base/limits.h"
#include "grant/grant.h"
#include "grant/limit.h"
#include "model/api.h"
#include "model/audit.h"
#include "model/entity.h"

#define DAY_S	    ((int64_t)86400)
#define SWEEP_BATCH 500
/* The end of a quota's period is told to the second, reckoned from two clocks. */
#define SAME_PERIOD_S 60

static const struct actor steward = {
    .name = "certgate", .id = "", .role = CG__ROLE__OWNER, .from_address = "", .request_id = ""};

/* --- once --- */

struct notice {
	const char *id;
	int64_t about;
	uint64_t days;
	int64_t slack_s; /* times that differ by less are the same */
	const char *action, *subject_id, *subject_name;
	json_t *changes;
	struct arena *arena;
	bool told;
};

static cg_rc look(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct notice *n = arg;
	struct span bytes;
	Cg__Notice *last;
	n->told = false;
	cg_rc rc = store_get(txn, STORE_NOTICE, span_of(n->id), n->arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__notice__descriptor, bytes, n->arena, &last, err);
	if (rc == CG_OK)
		n->told = last->about - n->about <= n->slack_s &&
			  n->about - last->about <= n->slack_s && last->days <= n->days;
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static cg_rc tell_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct notice *n = arg;
	Cg__Notice record = CG__NOTICE__INIT;
	struct span bytes;
	cg_rc rc = look(txn, n, err);
	if (rc != CG_OK || n->told)
		return rc;
	record.id = (char *)(uintptr_t)n->id;
	record.about = n->about;
	record.days = n->days;
	rc = record_pack(&record, n->arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_put(txn, STORE_NOTICE, span_of(n->id), bytes, err);
	return rc == CG_OK ? audit_add(txn, &steward, n->action, n->subject_id, n->subject_name,
				       n->changes, n->arena, err)
			   : rc;
}

/* n->changes is taken. */
static cg_rc tell_once(struct store *store, struct notice *n, struct cg_err *err)
{
	cg_rc rc = n->changes && n->id ? store_read(store, look, n, err) : cg_fail_memory(err);
	if (rc == CG_OK && !n->told)
		rc = store_write(store, STORE_CHANGES_NONE, tell_txn, n, err);
	json_decref(n->changes);
	return rc;
}

/* --- quotas --- */

static cg_rc tell_quota(struct store *store, const Cg__Key *key, const Cg__Api *api,
			const struct limits_ask *ask, bool at_api, const struct limits_left *left,
			struct arena *arena, struct cg_err *err)
{
	char hex[SHA256_HEX + 1], resets_at[RFC3339_TEXT + 1];
	hex_format(ask->name.b, SHA256_BYTES, hex);
	(void)rfc3339_format(left->quota_resets_unix_s, resets_at);
	struct notice n = {.id = arena_printf(arena, "quota/%s", hex),
			   .about = left->quota_resets_unix_s,
			   .slack_s = SAME_PERIOD_S,
			   .action = "quota.reached",
			   .subject_id = key->id,
			   .subject_name = key->name,
			   .changes =
			       json_pack("{s:I, s:s, s:s?}", "limit", (json_int_t)ask->quota.limit,
					 "resets_at", resets_at, "api_id", at_api ? api->id : NULL),
			   .arena = arena};
	return tell_once(store, &n, err);
}

static cg_rc look_at_entry(struct store *store, struct limits *limits, const struct key_grant *g,
			   const struct effective_access *access, const Cg__Api *api,
			   struct arena *arena, struct cg_err *err)
{
	const struct grant grant = {.key = g->key, .effective = g->effective};
	const struct decision decision = {.grant = &grant, .access = access};
	struct limit_asks asks;
	struct limits_result result;
	cg_rc rc = limit_asks_make(api, &decision, &asks, err);
	if (rc == CG_OK)
		rc = limit_ask(limits, store, &asks, true, &result, err);
	for (size_t i = 0; rc == CG_OK && i < asks.n; i++) {
		const struct limits_left *left = &result.left[i];
		if (asks.asks[i].quota.period == LIMITS_NO_QUOTA || left->quota_left > 0 ||
		    left->quota_resets_unix_s == 0)
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

/* --- ends of keys --- */

struct collecting {
	struct notices_round *round;
	size_t max, seen, n;
	struct arena *arena;
	const char **ids; /* of keys that may end */
};

static cg_rc collect(struct span index_key, struct span key, struct span value, void *arg,
		     struct cg_err *err)
{
	struct collecting *c = arg;
	struct arena arena;
	Cg__Key *record;
	(void)index_key;
	(void)key;
	arena_init(&arena, RECORD_ARENA_MAX);
	cg_rc rc = record_unpack(&cg__key__descriptor, value, &arena, &record, err);
	if (rc == CG_OK) {
		(void)snprintf(c->round->after, sizeof(c->round->after), "%s", record->id);
		/* One that is switched off has ended already, for as long as somebody wants. */
		if (record->active && (record->has_expires_at || record->n_policy_ids > 0)) {
			c->ids[c->n] = arena_strdup(c->arena, record->id);
			rc = c->ids[c->n++] ? CG_OK : cg_fail_memory(err);
		}
	}
	arena_release(&arena);
	if (rc != CG_OK)
		return rc;
	return ++c->seen == c->max ? CG_NOT_FOUND : CG_OK;
}

static cg_rc collect_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct collecting *c = arg;
	char after[sizeof(c->round->after)];
	memcpy(after, c->round->after, sizeof(after));
	struct store_walk walk = {.table = STORE_KEY, .after_key = span_of(after)};
	c->seen = c->n = 0;
	return store_walk(txn, &walk, collect, c, err);
}

/* How many days before its end a key is told of; false: not yet, or not any more. */
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

static cg_rc look_at_key(struct store *store, const char *id, int64_t now, struct cg_err *err)
{
	struct arena arena;
	struct key_grant g;
	uint64_t days;
	char ends_at[RFC3339_TEXT + 1];
	arena_init(&arena, COMMAND_ARENA_MAX);
	cg_rc rc = grant_load_key(store, id, &arena, &g, err);
	if (rc == CG_OK && g.effective.has_expires_at && due(g.effective.expires_at - now, &days)) {
		(void)rfc3339_format(g.effective.expires_at, ends_at);
		struct notice n = {.id = arena_printf(&arena, "expiry/%s", g.key->id),
				   .about = g.effective.expires_at,
				   .days = days,
				   .action = days > 0 ? "key.ends_soon" : "key.expired",
				   .subject_id = g.key->id,
				   .subject_name = g.key->name,
				   .changes = json_pack("{s:s}", "expires_at", ends_at),
				   .arena = &arena};
		if (days > 0)
			(void)json_object_set_new(n.changes, "within_days",
						  json_integer((json_int_t)days));
		rc = tell_once(store, &n, err);
	}
	arena_release(&arena);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

struct sweeping {
	int64_t before;
	char after[130], old[SWEEP_BATCH][130];
	size_t seen, n;
};

static cg_rc sweep_visit(struct span index_key, struct span key, struct span value, void *arg,
			 struct cg_err *err)
{
	struct sweeping *s = arg;
	struct arena arena;
	Cg__Notice *record;
	(void)index_key;
	arena_init(&arena, RECORD_ARENA_MAX);
	cg_rc rc = record_unpack(&cg__notice__descriptor, value, &arena, &record, err);
	(void)snprintf(s->after, sizeof(s->after), "%.*s", (int)key.n, key.p);
	if (rc == CG_OK && record->about < s->before)
		memcpy(s->old[s->n++], s->after, sizeof(s->after));
	arena_release(&arena);
	if (rc != CG_OK)
		return rc;
	return ++s->seen == SWEEP_BATCH ? CG_NOT_FOUND : CG_OK;
}

static cg_rc sweep_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct sweeping *s = arg;
	char after[sizeof(s->after)];
	memcpy(after, s->after, sizeof(after));
	struct store_walk walk = {.table = STORE_NOTICE, .after_key = span_of(after)};
	s->seen = s->n = 0;
	cg_rc rc = store_walk(txn, &walk, sweep_visit, s, err);
	for (size_t i = 0; rc == CG_OK && i < s->n; i++)
		rc = store_remove(txn, STORE_NOTICE, span_of(s->old[i]), err);
	return rc;
}

static cg_rc sweep(struct store *store, int64_t now, struct cg_err *err)
{
	struct sweeping *s = calloc(1, sizeof(*s));
	cg_rc rc = s ? CG_OK : cg_fail_memory(err);
	if (s)
		s->before = now - NOTICE_KEEP_S;
	while (rc == CG_OK) {
		rc = store_write(store, STORE_CHANGES_COUNTS, sweep_txn, s, err);
		if (s->seen < SWEEP_BATCH)
			break;
	}
	free(s);
	return rc;
}

cg_rc notices_keys(struct store *store, struct notices_round *round, size_t max, int64_t now_unix_s,
		   struct cg_err *err)
{
	struct arena arena;
	arena_init(&arena, COMMAND_ARENA_MAX);
	struct collecting c = {.round = round, .max = max, .arena = &arena};
	if (!round->running)
		round->after[0] = '\0';
	round->running = true;
	c.ids = arena_alloc(&arena, max * sizeof(*c.ids));
	cg_rc rc = c.ids ? store_read(store, collect_txn, &c, err) : cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < c.n; i++)
		rc = look_at_key(store, c.ids[i], now_unix_s, err);
	if (rc == CG_OK && c.seen < max) {
		round->running = false;
		rc = sweep(store, now_unix_s, err);
	}
	arena_release(&arena);
	return rc;
}
