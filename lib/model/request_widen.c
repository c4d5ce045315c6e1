/* More access for a key that is there. */
#include "base/base.h"
#include "base/limits.h"
#include "model/key.h"
#include "model/policy.h"
#include "model/request_in.h"

/* What decides now over a key, part by part: its active policies, else its own values. */
struct in_force {
	bool own_access, held, by_rate, by_quota;
	const Cg__Rate *rate;	/* NULL: no limit */
	const Cg__Quota *quota; /* the same */
};

static bool applies(const Cg__Policy *policy, Cg__Policy__Part part)
{
	for (size_t i = 0; i < policy->n_applies; i++)
		if (policy->applies[i] == part)
			return true;
	return false;
}

static void merge(struct in_force *f, const Cg__Policy *policy)
{
	f->held = f->held || policy->held;
	if (applies(policy, CG__POLICY__PART__ACCESS))
		f->own_access = false;
	if (applies(policy, CG__POLICY__PART__RATE)) {
		if (!f->by_rate || rate_is_larger(policy->rate, f->rate))
			f->rate = policy->rate;
		f->by_rate = true;
	}
	if (applies(policy, CG__POLICY__PART__QUOTA)) {
		if (!f->by_quota || quota_is_larger(policy->quota, f->quota))
			f->quota = policy->quota;
		f->by_quota = true;
	}
}

static cg_rc load(struct store_txn *txn, const Cg__Key *key, struct arena *arena,
		  struct in_force *out, struct cg_err *err)
{
	struct in_force f = {
	    .own_access = key->n_access > 0, .rate = key->rate, .quota = key->quota};
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < key->n_policy_ids; i++) {
		Cg__Policy *policy;
		rc = entity_get_in(txn, &policy_entity, key->policy_ids[i], arena, &policy, err);
		if (rc == CG_OK && policy->active)
			merge(&f, policy);
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	*out = f;
	return rc;
}

/* What a policy would take from the key, or add to what it has beside the policy's APIs. */
static cg_rc check_rights(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			  const Cg__Policy *policy, struct arena *arena, bool *wider,
			  struct cg_err *err)
{
	struct in_force f;
	cg_rc rc = load(txn, key, arena, &f, err);
	if (rc != CG_OK)
		return rc;
	if (actor->developer && f.own_access && applies(policy, CG__POLICY__PART__ACCESS))
		return cg_fail_code(err, CG_CLASH, "access_own",
				    "Your key “%.100s” has rights of its own, which this API's "
				    "would replace: ask for a new key, or ask the API's owner.",
				    key->name);
	*wider =
	    f.held ||
	    (applies(policy, CG__POLICY__PART__RATE) && rate_is_larger(policy->rate, f.rate)) ||
	    (applies(policy, CG__POLICY__PART__QUOTA) && quota_is_larger(policy->quota, f.quota));
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
					    "Your key “%.100s” waits for this API already.",
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
		return cg_fail_field(err, "key_id", "is not one of your keys");
	if (rc != CG_OK)
		return cg_fail(err, rc, "The key cannot be read now: try again later.");
	for (size_t i = 0; i < key->n_policy_ids; i++)
		if (strcmp(key->policy_ids[i], about->policy->id) == 0)
			return cg_fail_code(err, CG_CLASH, "access_given",
					    "Your key “%.100s” has this API already.", key->name);
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
