/* Entries of access rights, as keys and policies have them. */
#ifndef CG_MODEL_ACCESS_H
#define CG_MODEL_ACCESS_H

#include "store/store.h"

/* Judges each entry, and puts the API's id in the place of its name.  CG_BAD_VALUE tells of all
 * fields at fault. */
cg_rc access_check(struct store_txn *txn, Cg__Access **entries, size_t n, struct arena *arena,
		   struct cg_err *err) CG_MUST_USE;
/* Judges a list of addresses and blocks. */
cg_rc access_check_addresses(char *const *blocks, size_t n, const char *field,
			     struct cg_err *err) CG_MUST_USE;
/* Lists of addresses and blocks, of an API or a key. */
struct address_lists {
	char *const *allowed, *const *blocked;
	size_t n_allowed, n_blocked;
};
/* Whether they let an address through: one of `allowed`, where there are any, and none of
 * `blocked`. What is no address, such as "" for one that is not known, they let through where both
 * are empty. */
bool access_lets_address(const struct address_lists *lists, struct span address);
/* Takes the entries of an API out of a list; how many are left. */
size_t access_drop_api(Cg__Access **entries, size_t n, const char *api_id);

#endif
