/* The totals in the text format of Prometheus (version 0.0.4). */
#ifndef CG_USAGE_METRICS_H
#define CG_USAGE_METRICS_H

#include "base/buf.h"
#include "grant/grant.h"
#include "usage/counts.h"

/* Appends all of them.  `routes` (may be NULL) has the names of the APIs.  Labels hold names and
 * ids that administrators gave, and words of ours; nothing of clients.  Without memory buf says so.
 */
void metrics_text(const struct usage *usage, const struct routes *routes, struct store *store,
		  struct buf *out);

#endif
