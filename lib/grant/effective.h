/* What a key may do when its policies are taken into account. */
#ifndef CG_GRANT_EFFECTIVE_H
#define CG_GRANT_EFFECTIVE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "record/record.h"

/* Each value with the policy that it comes from; NULL: the key's own. */
struct effective_access {
	const Cg__Access *entry;
	const Cg__Policy *from;
	/* Of an entry with limits of its own: names its counters, by API, methods and paths. */
	struct sha256 counters;
};

struct effective {
	const struct effective_access *access; /* any one that fits lets a request in */
	size_t n_access;
	const Cg__Rate *rate; /* NULL: no limit */
	const Cg__Policy *rate_from;
	const Cg__Quota *quota; /* NULL: no limit */
	const Cg__Policy *quota_from;
	bool has_expires_at;
	int64_t expires_at; /* Unix seconds: refused from then on */
	const Cg__Policy *expires_from;
};

/* Merges, part by part: what active policies apply, they alone decide, else the key's own values
 * hold.  Of several policies the access entries are put together; of rates and quotas the larger
 * one wins, the pair whole; a part applied without a value is unlimited.  The end is the earliest.
 * A held policy gives no access and never widens a limit, but as long as it is active the key's own
 * access does not count in its place.
 * `policies` are those of the key, without those that are gone.  A pure function; *out borrows from
 * key and policies and lives in the arena. */
cg_rc effective_make(const Cg__Key *key, Cg__Policy *const *policies, size_t n, struct arena *arena,
		     struct effective *out, struct cg_err *err) CG_MUST_USE;

#endif
