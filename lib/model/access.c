#include "base/base.h"
#include "model/access.h"
#include "model/api.h"
#include "model/pattern.h"

#define LOWER_CASE "abcdefghijklmnopqrstuvwxyz"

/* The API by id or name; the entry then holds the id. */
static cg_rc check_api(struct store_txn *txn, Cg__Access *entry, size_t i, struct arena *arena,
		       struct cg_err *err)
{
	Cg__Api *api;
	struct cg_err why = {0};
	char at[64];
	(void)snprintf(at, sizeof(at), "access[%u].api_id", (unsigned)i);
	if (!entry->api_id || !*entry->api_id)
		return cg_fail_field(err, at, "is missing");
	cg_rc rc = entity_get_in(txn, &api_entity, entry->api_id, arena, &api, &why);
	if (rc == CG_NOT_FOUND)
		return cg_fail_field(err, at, "There is no API “%.100s”", entry->api_id);
	if (rc == CG_OK)
		entry->api_id = api->id;
	else
		(void)cg_fail(err, rc, "%s", why.text);
	return rc;
}

static cg_rc check_entry(const Cg__Access *entry, size_t i, struct cg_err *err)
{
	char at[64];
	cg_rc rc = CG_OK;
	(void)snprintf(at, sizeof(at), "access[%u].methods", (unsigned)i);
	for (size_t j = 0; j < entry->n_methods; j++)
		if (token_is_valid(entry->methods[j]) && strpbrk(entry->methods[j], LOWER_CASE))
			rc = cg_fail_field(err, at,
					   "“%.40s”: methods are written in capitals, and mean "
					   "something else otherwise",
					   entry->methods[j]);
		else if (!token_is_valid(entry->methods[j]))
			rc = cg_fail_field(err, at, "“%.40s” is not a method such as GET",
					   entry->methods[j]);
	(void)snprintf(at, sizeof(at), "access[%u].paths", (unsigned)i);
	for (size_t j = 0; j < entry->n_paths; j++) {
		const char *why = path_pattern_fault(entry->paths[j]);
		if (why)
			rc = cg_fail_field(err, at, "“%.80s” %s", entry->paths[j], why);
	}
	return rc;
}

cg_rc access_check(struct store_txn *txn, Cg__Access **entries, size_t n, struct arena *arena,
		   struct cg_err *err)
{
	cg_rc worst = CG_OK;
	for (size_t i = 0; i < n; i++) {
		worst = cg_worse(worst, check_api(txn, entries[i], i, arena, err));
		worst = cg_worse(worst, check_entry(entries[i], i, err));
	}
	return worst;
}

cg_rc access_check_addresses(char *const *blocks, size_t n, const char *field, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; i < n; i++)
		if (!address_block_is_valid(blocks[i]))
			rc = cg_fail_field(
			    err, field, "“%.60s” is not an address or block such as 192.0.2.0/24",
			    blocks[i]);
	return rc;
}

static bool in_blocks(char *const *blocks, size_t n, struct span address)
{
	for (size_t i = 0; i < n; i++)
		if (address_block_holds(blocks[i], address))
			return true;
	return false;
}

bool access_lets_address(const struct address_lists *lists, struct span address)
{
	if (lists->n_allowed + lists->n_blocked == 0)
		return true;
	return address_is_valid(address) &&
	       (lists->n_allowed == 0 || in_blocks(lists->allowed, lists->n_allowed, address)) &&
	       !in_blocks(lists->blocked, lists->n_blocked, address);
}

size_t access_drop_api(Cg__Access **entries, size_t n, const char *api_id)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(entries[i]->api_id, api_id) != 0)
			entries[kept++] = entries[i];
	return kept;
}
