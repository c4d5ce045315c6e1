/* The newest counts and quotas, for REST and pages alike. */
#ifndef CG_ADMIN_COUNTS_H
#define CG_ADMIN_COUNTS_H

#include "admin.h"
#include "grant/grant.h"

/* Brings what the gates have counted since they last did into the store; where another process is
 * at it, that one does, and is waited for at most wait_ms.  Where nothing can be written, what is
 * there can still be read. */
void counts_bring(struct program *admin, int64_t now_unix_s, unsigned wait_ms);
/* How much of a key's quota is used, nothing counted; false where it has none, or cannot be told.
 */
bool counts_quota(struct program *admin, const struct key_grant *g, struct limits_left *out);

#endif
