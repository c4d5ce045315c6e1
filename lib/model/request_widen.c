/* More access for a key that is there. */
#include "base/base.h"
#include "base/limits.h"
#include "model/key.h"
#include "model/policy.h"
#include "model/request_in.h"

/* What lets through; NULL: no limit. */
struct limits_of {
	const Cg__Rate *rate;
	const Cg__Quota *quota;
};

/* What decides now over a key, part by part: its active policies, else its own values. */
struct in_force {
	bool own_access, held, by_rate, by_quota;
	struct limits_of limits;
	Cg__Policy **policies; /* the active ones */
	size_t n_policies;
	bool ends;
	int64_t ends_at;
};

/* Of limits that both hold, the smaller. */
static struct limits_of narrower(struct limits_of a, struct limits_of b)
{
	return (struct limits_of){rate_is_larger(a.rate, b.rate) ? b.rate : a.rate,
				  quota_is_larger(a.quota, b.quota) ? b.quota : a.quota};
}

static bool is_larger(struct limits_of a, struct limits_of b)
{
	return rate_is_larger(a.rate, b.rate) || quota_is_larger(a.quota, b.quota);
}

/* The limits of an entry below those of the whole key. */
static struct limits_of at_entry(struct limits_of key, const Cg__Access *entry)
{
	return narrower(key, (struct limits_of){entry->rate, entry->quota});
}

static void merge(struct in_force *f, const Cg__Key *key, Cg__Policy *policy)
{
	f->held = f->held || policy->held;
	f->policies[f->n_policies++] = policy;
	if (policy_applies(policy, CG__POLICY__PART__ACCESS))
		f->own_access = false;
	if (policy_applies(policy, CG__POLICY__PART__RATE)) {
		if (!f->by_rate || rate_is_larger(policy->rate, f->limits.rate))
			f->limits.rate = policy->rate;
		f->by_rate = true;
	}
	if (policy_applies(policy, CG__POLICY__PART__QUOTA)) {
		if (!f->by_quota || quota_is_larger(policy->quota, f->limits.quota))
			f->limits.quota = policy->quota;
		f->by_quota = true;
	}
	(void)policy_ends_earlier(policy, key, &f->ends, &f->ends_at);
}

static cg_rc load(struct store_txn *txn, const Cg__Key *key, struct arena *arena,
		  struct in_force *out, struct cg_err *err)
{
	struct in_force f = {
	    .own_access = key->n_access > 0,
	    .limits = {key->rate, key->quota},
	    .ends = key->has_expires_at,
	    .ends_at = key->expires_at
	      };
	cg_rc rc = CG_OK;
	/* And one more. */
	f.policies = arena_alloc(arena, (key->n_policy_ids + 1) * sizeof(Cg__Policy *));
	if (!f.policies)
		return cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < key->n_policy_ids; i++) {
		Cg__Policy *policy;
		rc = entity_get_in(txn, &policy_entity, key->policy_ids[i], arena, &policy, err);
		if (rc == CG_OK && policy->active)
			merge(&f, key, policy);
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	*out = f;
	return rc;
}

/* Whether one of two entries that let the same request in, perhaps, has the larger rate and the
 * other the larger quota: then the one with the larger rate counts it. */
static bool are_crossed(const Cg__Access *a, const Cg__Access *b)
{
	bool meet = a->n_methods == 0 || b->n_methods == 0;
	if (strcmp(a->api_id, b->api_id) != 0 ||
	    !((rate_is_larger(a->rate, b->rate) && quota_is_larger(b->quota, a->quota)) ||
	      (rate_is_larger(b->rate, a->rate) && quota_is_larger(a->quota, b->quota))))
		return false;
	for (size_t i = 0; i < a->n_methods; i++)
		for (size_t j = 0; j < b->n_methods; j++)
			meet = meet || strcmp(a->methods[i], b->methods[j]) == 0;
	return meet;
}

/* What the key would have less of with the policy than without: what a developer would not expect
 * of adding something.  NULL: nothing. */
static const char *what_is_lost(const Cg__Key *key, const struct in_force *before,
				const struct in_force *after, const Cg__Policy *policy)
{
	if (after->ends && (!before->ends || after->ends_at < before->ends_at))
		return "an earlier end";
	for (size_t i = 0; i <= before->n_policies; i++) {
		/* The key's own come last. */
		bool own = i == before->n_policies;
		Cg__Access **entries = own ? key->access : before->policies[i]->access;
		size_t n =
		    own ? before->own_access ? key->n_access : 0 : before->policies[i]->n_access;
		for (size_t j = 0; j < n; j++) {
			if (is_larger(at_entry(before->limits, entries[j]),
				      at_entry(after->limits, entries[j])))
				return "smaller limits";
			for (size_t k = 0; k < policy->n_access; k++)
				if (are_crossed(entries[j], policy->access[k]))
					return "another quota for the same API";
		}
	}
	return NULL;
}

/* Whether with the policy the whole key may do more than before, or what the policy opens more than
 * in a key of its own, where no larger limits of other policies take the place of the policy's. */
static bool is_more(const struct in_force *before, const struct in_force *after,
		    const Cg__Policy *policy)
{
	const struct limits_of alone = {policy->rate, policy->quota};
	bool more = before->held || is_larger(after->limits, before->limits);
	for (size_t i = 0; i < policy->n_access; i++)
		more = more || is_larger(at_entry(after->limits, policy->access[i]),
					 at_entry(alone, policy->access[i]));
	return more;
}

/* What a policy would take from the key, or add to what was granted. */
static cg_rc check_rights(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			  Cg__Policy *policy, struct arena *arena, bool *wider, struct cg_err *err)
{
	struct in_force before = {.held = false};
	cg_rc rc = load(txn, key, arena, &before, err);
	if (rc != CG_OK)
		return rc;
	if (actor->developer && before.own_access &&
	    policy_applies(policy, CG__POLICY__PART__ACCESS))
		return cg_fail_code(err, CG_CLASH, "access_own",
				    "Your key “%.100s” has rights of its own, which this API's "
				    "would replace: ask for a new key, or ask the API's owner.",
				    key->name);
	struct in_force after = before;
	if (policy->active)
		merge(&after, key, policy);
	const char *lost = what_is_lost(key, &before, &after, policy);
	if (actor->developer && lost)
		return cg_fail_code(err, CG_CLASH, "limits_lost",
				    "With this API your key “%.100s” would have %s: ask for a new "
				    "key, or ask the API's owner.",
				    key->name, lost);
	*wider = is_more(&before, &after, policy);
	return CG_OK;
}

static cg_rc check_waiting(struct store_txn *txn, const Cg__Key *key,
			   const Cg__CatalogueEntry *entry, struct arena *arena, struct cg_err *err)
{
	struct request_list list;
	cg_rc rc = request_list_in(txn, STORE_REQUEST_BY_KEY, span_of(key->id), arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		if (list.items[i]->status == CG__KEY_REQUEST__STATUS__PENDING &&
		    !list.items[i]->renewal && strcmp(list.items[i]->catalogue_id, entry->id) == 0)
			return cg_fail_code(err, CG_CLASH, "requested_already",
					    "The key “%.100s” waits for this API already.",
					    key->name);
	return rc;
}

cg_rc request_check_key_in(struct store_txn *txn, const struct actor *actor,
			   const struct request_about *about, const char *key_id,
			   struct arena *arena, Cg__Key **out, bool *wider, struct cg_err *err)
{
	Cg__Key *key;
	const char *organisation_id = about->developer->organisation_id;
	cg_rc rc = entity_get_in(txn, &key_entity, key_id, arena, &key, NULL);
	/* A name leads to nothing here: it may be that of another's key. */
	if (rc == CG_NOT_FOUND || rc == CG_CLASH ||
	    (rc == CG_OK && (strcmp(key->id, key_id) != 0 || !key->organisation_id ||
			     strcmp(key->organisation_id, organisation_id) != 0)))
		return cg_fail_field(err, "key_id", "is not one of the organisation's keys");
	if (rc != CG_OK)
		return cg_fail(err, rc, "The key cannot be read now: try again later.");
	for (size_t i = 0; i < key->n_policy_ids; i++)
		if (strcmp(key->policy_ids[i], about->policy->id) == 0)
			return cg_fail_code(err, CG_CLASH, "access_given",
					    "The key “%.100s” has this API already.", key->name);
	if (key->n_policy_ids >= POLICIES_MAX)
		return cg_fail_field(err, "key_id", "has as many policies as a key can have");
	rc = check_waiting(txn, key, about->entry, arena, err);
	if (rc == CG_OK)
		rc = check_rights(txn, actor, key, about->policy, arena, wider, err);
	if (rc == CG_OK && about->entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED)
		rc = key_check_proven_in(txn, key, arena, err);
	if (rc == CG_OK)
		*out = key;
	return rc;
}
