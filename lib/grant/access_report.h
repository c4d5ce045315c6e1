/* Who could call what at a time, who allowed it, and when it was last used.
 *
 * The audit holds what every change set, so records are put together as they were.  What came by
 * an import or a restore has no entries of its own: its past before that is not known, and the
 * report says from when on it is exact.  Chains to a CA, addresses and limits are not judged: they
 * are of a request, not of a key. */
#ifndef CG_GRANT_ACCESS_REPORT_H
#define CG_GRANT_ACCESS_REPORT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/span.h"
#include "store/store.h"
#include <jansson.h>

struct access_report;

/* The report of a time; close it.  CG_BAD_VALUE for one that is still to come. */
cg_rc access_report_open(struct store *store, int64_t at_unix_s, int64_t now_unix_s,
			 struct arena *arena, struct access_report **out,
			 struct cg_err *err) CG_MUST_USE;
void access_report_close(struct access_report **report);

/* From when on it is exact, in Unix seconds. */
#define ACCESS_REPORT_ALWAYS INT64_MIN
int64_t access_report_exact_from(const struct access_report *report);
/* APIs that everybody could call: [{"api_id", "api", "listen_path"}]; borrowed. */
const json_t *access_report_open_apis(const struct access_report *report);

/* Keys that could call something, up to `limit` of them, from `cursor` on (empty: the first), which
 * moves and is empty after the last; those that are there now by name, then those that were removed
 * since.  May be fewer, or none, with more to come: few stays in the store at a time.
 * [{"key_id", "key", "credentials": [{"type", "sha256", "ends_at"}], "access": [{"api_id", "api",
 * "listen_path", "methods", "paths", "policy_id", "policy"}], "approved_by", "approved_at",
 * "last_used_at", "exact"}]; "access" of a key whose rights are not known is null. */
cg_rc access_report_keys(struct access_report *report, struct span *cursor, size_t limit,
			 struct arena *arena, json_t **out, struct cg_err *err) CG_MUST_USE;

#endif
