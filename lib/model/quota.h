/* Quotas between the run folder, where they are counted, and the store, where they outlive a
 * reboot. */
#ifndef CG_MODEL_QUOTA_H
#define CG_MODEL_QUOTA_H

#include "live/limits.h"
#include "store/store.h"

/* A record's period as the counters know it; of NULL, none. */
enum limits_period quota_period(const Cg__Quota *quota);
/* What the store has of the counters `name`; nothing used where it has nothing. */
cg_rc quota_read(struct store *store, const struct sha256 *name, struct limits_quota *out,
		 struct cg_err *err) CG_MUST_USE;
/* Writes those that have changed since the last time into the store, from where a kill takes
 * nothing back; a loss of power may, until store_flush.  By the steward alone (steward.h). */
cg_rc quota_save(struct store *store, struct limits *limits, struct cg_err *err) CG_MUST_USE;
/* Removes those whose period has ended: they say nothing any more.  Likewise. */
cg_rc quota_sweep(struct store *store, int64_t now_unix_s, struct cg_err *err) CG_MUST_USE;

#endif
