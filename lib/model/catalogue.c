#include "base/base.h"
#include "model/catalogue.h"
#include "base/markdown.h"
#include "model/policy.h"
#include "model/request_in.h"

static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	Cg__CatalogueEntry *entry = message;
	Cg__Policy *policy;
	struct cg_err why = {0};
	cg_rc worst = CG_OK;
	(void)before;
	if (!entry->policy_id)
		worst =
		    cg_fail_field(err, "policy_id", "is missing: name the policy that keys get");
	else {
		cg_rc rc =
		    entity_get_in(txn, &policy_entity, entry->policy_id, arena, &policy, &why);
		if (rc == CG_NOT_FOUND) {
			worst = cg_fail_field(err, "policy_id", "There is no policy “%.100s”",
					      entry->policy_id);
		} else if (rc != CG_OK) {
			return cg_fail(err, rc, "%s", why.text);
		} else {
			entry->policy_id = policy->id;
		}
	}
	if (entry->documentation_url &&
	    !markdown_link_is_fine(span_of(entry->documentation_url), false))
		worst =
		    cg_fail_field(err, "documentation_url", "must begin with https:// or http://");
	if (entry->description)
		worst = cg_worse(worst,
				 markdown_check(span_of(entry->description), "description", err));
	return worst;
}

static cg_rc removing(struct store_txn *txn, const void *message, struct arena *arena,
		      struct cg_err *err)
{
	return request_drop_entry_in(txn, message, arena, err);
}

const struct entity catalogue_entity = {
    .word = "catalogue entry",
    .audit = "catalogue",
    .type = &cg__catalogue_entry__descriptor,
    .table = STORE_CATALOGUE,
    .by_name = STORE_CATALOGUE_BY_NAME,
    .unique_name = true,
    .role = CG__ROLE__ADMIN,
    .effect = STORE_CHANGES_NONE,
    .check = check,
    .removing = removing,
};

cg_rc catalogue_check_policy_in(struct store_txn *txn, const Cg__Policy *policy,
				struct arena *arena, struct cg_err *err)
{
	struct span bytes;
	Cg__CatalogueEntry *entry;
	cg_rc rc =
	    store_find(txn, STORE_CATALOGUE_BY_POLICY, span_of(policy->id), arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc == CG_OK)
		rc = record_unpack(&cg__catalogue_entry__descriptor, bytes, arena, &entry, err);
	if (rc != CG_OK)
		return rc;
	return cg_fail_code(
	    err, CG_CLASH, "policy_in_use",
	    "The catalogue entry “%.60s” offers the policy “%.60s”: give it another "
	    "one first, or delete the entry.",
	    entry->name, policy->name);
}
