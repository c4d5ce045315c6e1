#include "base/base.h"
#include "model/key_status.h"
#include "base/limits.h"

static uint64_t unsigned_time(int64_t unix_s)
{
	return unix_s > 0 ? (uint64_t)unix_s : 0;
}

bool credential_counts(const struct store_state *state, int64_t now_unix_s)
{
	return state->on && state->ends > unsigned_time(now_unix_s);
}

void key_standing_add(struct key_standing *standing, const struct store_state *credential,
		      int64_t now_unix_s)
{
	if (!credential_counts(credential, now_unix_s)) {
		standing->has_expired = standing->has_expired || credential->on;
		return;
	}
	standing->working++;
	if (credential->ends > standing->ends)
		standing->ends = credential->ends;
}

enum key_status key_status_of(const struct store_state *key, const struct key_standing *standing,
			      int64_t now_unix_s, uint64_t *ends)
{
	uint64_t now = unsigned_time(now_unix_s);
	*ends = key->ends < standing->ends ? key->ends : standing->ends;
	if (!key->on)
		return KEY_STATUS_OFF;
	if (key->ends <= now)
		return KEY_STATUS_EXPIRED;
	if (standing->working == 0)
		return standing->has_expired ? KEY_STATUS_EXPIRED : KEY_STATUS_NO_CREDENTIAL;
	return *ends - now > (uint64_t)CERT_ENDS_SOON_S ? KEY_STATUS_ACTIVE : KEY_STATUS_ENDING;
}
