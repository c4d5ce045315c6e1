#include "base/base.h"
#include "grant/effective.h"
#include "model/policy.h"

/* Whether it decides this part; a held one only takes away. */
static bool applies(const Cg__Policy *policy, Cg__Policy__Part part)
{
	return policy->active && policy_applies(policy, part);
}

static size_t put_text(char *to, const char *text)
{
	size_t n = strlen(text) + 1;
	if (to)
		memcpy(to, text, n);
	return n;
}

/* What tells an entry from others, each text with its end; how long it is. */
static size_t put_entry(char *to, const Cg__Access *entry)
{
	size_t n = put_text(to, entry->api_id);
	for (size_t i = 0; i < entry->n_methods; i++)
		n += put_text(to ? to + n : NULL, entry->methods[i]);
	/* No method is empty: here the paths begin. */
	n += put_text(to ? to + n : NULL, "");
	for (size_t i = 0; i < entry->n_paths; i++)
		n += put_text(to ? to + n : NULL, entry->paths[i]);
	return n;
}

/* Each entry has counters of its own: with those of another one, whose period is shorter, a quota
 * would begin anew at each call that the other one lets in. */
static cg_rc name_counters(struct effective_access *access, struct arena *arena, struct cg_err *err)
{
	const Cg__Access *entry = access->entry;
	if (!entry->rate && !entry->quota)
		return CG_OK;
	size_t n = put_entry(NULL, entry);
	char *text = arena_alloc(arena, n);
	if (!text)
		return cg_fail_memory(err);
	(void)put_entry(text, entry);
	return sha256_of(span_make(text, n), &access->counters) == CG_OK ? CG_OK
									 : cg_fail_memory(err);
}

static cg_rc take_access(struct effective_access *to, size_t *n, Cg__Access *const *entries,
			 size_t n_entries, const Cg__Policy *from, struct arena *arena,
			 struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < n_entries; i++) {
		to[*n] = (struct effective_access){.entry = entries[i], .from = from};
		rc = name_counters(&to[(*n)++], arena, err);
	}
	return rc;
}

static cg_rc merge_access(const Cg__Key *key, Cg__Policy *const *policies, size_t n,
			  struct arena *arena, struct effective *out, struct cg_err *err)
{
	size_t room = key->n_access, used = 0;
	bool applied = false;
	for (size_t i = 0; i < n; i++)
		room += policies[i]->n_access;
	struct effective_access *access = arena_alloc(arena, (room + 1) * sizeof(*access));
	if (!access)
		return cg_fail_memory(err);
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < n; i++)
		if (applies(policies[i], CG__POLICY__PART__ACCESS)) {
			applied = true;
			if (policies[i]->held)
				continue;
			rc = take_access(access, &used, policies[i]->access, policies[i]->n_access,
					 policies[i], arena, err);
		}
	if (!applied)
		rc = take_access(access, &used, key->access, key->n_access, NULL, arena, err);
	out->access = access;
	out->n_access = used;
	return rc;
}

static void merge_limits(const Cg__Key *key, Cg__Policy *const *policies, size_t n,
			 struct effective *out)
{
	out->rate = key->rate;
	out->quota = key->quota;
	for (size_t i = 0; i < n; i++) {
		const Cg__Policy *p = policies[i];
		if (!p->held && applies(p, CG__POLICY__PART__RATE) &&
		    (!out->rate_from || rate_is_larger(p->rate, out->rate))) {
			out->rate = p->rate;
			out->rate_from = p;
		}
		if (!p->held && applies(p, CG__POLICY__PART__QUOTA) &&
		    (!out->quota_from || quota_is_larger(p->quota, out->quota))) {
			out->quota = p->quota;
			out->quota_from = p;
		}
	}
	for (size_t i = 0; i < n; i++) {
		const Cg__Policy *p = policies[i];
		if (p->held && applies(p, CG__POLICY__PART__RATE) &&
		    rate_is_larger(out->rate, p->rate)) {
			out->rate = p->rate;
			out->rate_from = p;
		}
		if (p->held && applies(p, CG__POLICY__PART__QUOTA) &&
		    quota_is_larger(out->quota, p->quota)) {
			out->quota = p->quota;
			out->quota_from = p;
		}
	}
}

static void merge_end(const Cg__Key *key, Cg__Policy *const *policies, size_t n,
		      struct effective *out)
{
	out->has_expires_at = key->has_expires_at;
	out->expires_at = key->expires_at;
	for (size_t i = 0; i < n; i++)
		if (policy_ends_earlier(policies[i], key, &out->has_expires_at, &out->expires_at))
			out->expires_from = policies[i];
}

cg_rc effective_make(const Cg__Key *key, Cg__Policy *const *policies, size_t n, struct arena *arena,
		     struct effective *out, struct cg_err *err)
{
	struct effective e = {0};
	cg_rc rc = merge_access(key, policies, n, arena, &e, err);
	merge_limits(key, policies, n, &e);
	merge_end(key, policies, n, &e);
	if (rc == CG_OK)
		*out = e;
	return rc;
}
