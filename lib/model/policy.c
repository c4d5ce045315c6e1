#include "base/base.h"
#include "model/policy.h"
#include "model/access.h"
#include "model/catalogue.h"
#include "model/key.h"
#include "model/name.h"

#define NAMED_MAX 3 /* keys that a refusal names */
#define DAY_S	  ((int64_t)24 * 3600)

bool policy_applies(const Cg__Policy *policy, Cg__Policy__Part part)
{
	for (size_t i = 0; i < policy->n_applies; i++)
		if (policy->applies[i] == part)
			return true;
	return false;
}

/* A value that nothing applies would look like a limit and be none. */
static cg_rc check_parts(const Cg__Policy *policy, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	/* Which of the parts are wrong then, only who mends it knows. */
	if (policy->n_applies == 0 && !policy->has_key_lifetime_days)
		return cg_fail_field(err, "applies",
				     "is empty, so the policy would do nothing: name access, rate "
				     "or quota, or set key_lifetime_days");
	if (policy->n_access > 0 && !policy_applies(policy, CG__POLICY__PART__ACCESS))
		rc = cg_fail_field(err, "access", "is given, but applies does not name it");
	if (policy->rate && !policy_applies(policy, CG__POLICY__PART__RATE))
		rc = cg_fail_field(err, "rate", "is given, but applies does not name it");
	if (policy->quota && !policy_applies(policy, CG__POLICY__PART__QUOTA))
		rc = cg_fail_field(err, "quota", "is given, but applies does not name it");
	return rc;
}

static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	Cg__Policy *policy = message;
	const Cg__Policy *old = before;
	cg_rc rc = access_check(txn, policy->access, policy->n_access, arena, err);
	rc = cg_worse(rc, tags_read(policy->tags, &policy->n_tags, old ? old->tags : NULL,
				    old ? old->n_tags : 0, arena, err));
	return cg_worse(rc, check_parts(policy, err));
}

const struct entity policy_entity = {
    .word = "policy",
    .audit = "policy",
    .type = &cg__policy__descriptor,
    .table = STORE_POLICY,
    .by_name = STORE_POLICY_BY_NAME,
    .unique_name = true,
    .role = CG__ROLE__ADMIN,
    .effect = STORE_CHANGES_GRANTS,
    .check = check,
};

/* --- removal --- */

struct remove_call {
	const struct actor *actor;
	const char *id;
	uint64_t revision;
	bool detach;
	struct arena *arena;
};

struct users {
	struct arena *arena;
	const char *names;
	size_t n;
};

static cg_rc visit_user(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	struct users *u = arg;
	Cg__Key *record;
	(void)index_key;
	(void)key;
	if (u->n++ >= NAMED_MAX)
		return CG_OK;
	cg_rc rc = record_unpack(&cg__key__descriptor, value, u->arena, &record, err);
	if (rc != CG_OK)
		return rc;
	u->names = arena_printf(u->arena, "%s%s“%.60s”", u->n > 1 ? u->names : "",
				u->n > 1 ? ", " : "", record->name);
	return u->names ? CG_OK : cg_fail_memory(err);
}

static cg_rc check_unused(struct store_txn *txn, const Cg__Policy *policy, struct arena *arena,
			  struct cg_err *err)
{
	struct users users = {.arena = arena};
	struct store_walk walk = {.by_index = true,
				  .index = STORE_KEY_BY_POLICY,
				  .only = true,
				  .index_key = span_of(policy->id)};
	cg_rc rc = store_walk(txn, &walk, visit_user, &users, err);
	if (rc != CG_OK || users.n == 0)
		return rc;
	return cg_fail_code(err, CG_CLASH, "policy_in_use",
			    "The policy “%.60s” belongs to %zu %s: %s%s. Take it from them first, "
			    "or repeat with detach.",
			    policy->name, users.n, users.n == 1 ? "key" : "keys", users.names,
			    users.n > NAMED_MAX ? ", …" : "");
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct remove_call *c = arg;
	Cg__Policy *policy;
	cg_rc rc = actor_require(c->actor, policy_entity.role, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &policy_entity, c->id, c->arena, &policy, err);
	if (rc == CG_OK)
		rc = catalogue_check_policy_in(txn, policy, c->arena, err);
	if (rc == CG_OK)
		rc = c->detach ? key_drop_policy(txn, policy->id, c->arena, err)
			       : check_unused(txn, policy, c->arena, err);
	return rc == CG_OK ? entity_remove_in(txn, &policy_entity, c->actor, c->id, c->revision,
					      c->arena, err)
			   : rc;
}

cg_rc policy_remove(struct store *store, const struct actor *actor, const char *id_or_name,
		    uint64_t revision, bool detach, struct arena *arena, struct cg_err *err)
{
	struct remove_call c = {actor, id_or_name, revision, detach, arena};
	return store_write(store, STORE_CHANGES_GRANTS, remove_txn, &c, err);
}

/* --- an API goes away --- */

struct drop_call {
	const char *api_id;
	struct arena *arena;
	Cg__Policy **found;
	size_t n, room;
};

static cg_rc visit_policy(struct span index_key, struct span key, struct span value, void *arg,
			  struct cg_err *err)
{
	struct drop_call *c = arg;
	Cg__Policy *policy;
	(void)index_key;
	(void)key;
	cg_rc rc = record_unpack(&cg__policy__descriptor, value, c->arena, &policy, err);
	if (rc != CG_OK)
		return rc;
	size_t left = access_drop_api(policy->access, policy->n_access, c->api_id);
	if (left == policy->n_access)
		return CG_OK;
	policy->n_access = left;
	Cg__Policy **found = arena_grow(c->arena, c->found, c->n, &c->room, sizeof(Cg__Policy *));
	if (!found)
		return cg_fail_memory(err);
	c->found = found;
	c->found[c->n++] = policy;
	return CG_OK;
}

cg_rc policy_drop_api(struct store_txn *txn, const char *api_id, struct arena *arena,
		      struct cg_err *err)
{
	struct drop_call c = {.api_id = api_id, .arena = arena};
	struct store_walk all = {.table = STORE_POLICY};
	cg_rc rc = store_walk(txn, &all, visit_policy, &c, err);
	for (size_t i = 0; rc == CG_OK && i < c.n; i++)
		rc = entity_put_in(txn, &policy_entity, c.found[i], arena, err);
	return rc;
}

/* --- comparing --- */

/* For comparing only; a month is counted as 30 days. */
static uint64_t period_hours(Cg__Quota__Period period)
{
	switch (period) {
	case CG__QUOTA__PERIOD__HOUR:
		return 1;
	case CG__QUOTA__PERIOD__DAY:
		return 24;
	case CG__QUOTA__PERIOD__WEEK:
		return (uint64_t)24 * 7;
	case CG__QUOTA__PERIOD__MONTH:
	case _CG__QUOTA__PERIOD_IS_INT_SIZE:
		break;
	}
	return (uint64_t)24 * 30;
}

/* Whether a1 / a2 is more than b1 / b2. */
static bool is_more(uint64_t a1, uint64_t a2, uint64_t b1, uint64_t b2)
{
	return (unsigned __int128)a1 * b2 > (unsigned __int128)b1 * a2;
}

bool policy_ends_earlier(const Cg__Policy *policy, const Cg__Key *key, bool *ends, int64_t *at)
{
	int64_t end = key->created_at + (int64_t)policy->key_lifetime_days * DAY_S;
	if (!policy->active || !policy->has_key_lifetime_days || (*ends && *at <= end))
		return false;
	*ends = true;
	*at = end;
	return true;
}

bool rate_is_larger(const Cg__Rate *a, const Cg__Rate *b)
{
	if (!a || !b)
		return !a && b;
	return is_more(a->limit, a->per_seconds, b->limit, b->per_seconds);
}

bool quota_is_larger(const Cg__Quota *a, const Cg__Quota *b)
{
	if (!a || !b)
		return !a && b;
	return is_more(a->limit, period_hours(a->period), b->limit, period_hours(b->period));
}
