#include "base/base.h"
#include "usage/housekeeping.h"
#include "base/limits.h"
#include "grant/refusal.h"
#include "model/quota.h"
#include "usage/rollup.h"

/* Pairs of key and API whose quotas are looked at after one saving. */
#define CALLED_MAX 64

struct called {
	struct {
		char key_id[ID_MAX_BYTES + 1], api_id[ID_MAX_BYTES + 1];
	} items[CALLED_MAX];
	size_t n;
	/* Pairs that are passed over, so that with very many each has its turn; and all there were.
	 */
	size_t skip, seen;
};

static void note_called(const struct usage_slot *slot, void *arg)
{
	struct called *c = arg;
	bool refused = strcmp(slot->code, refusal_row(REFUSAL_QUOTA_EXCEEDED)->code) == 0;
	if (!*slot->key_id || !*slot->api_id)
		return;
	if ((c->seen++ < c->skip && !refused) || c->n == CALLED_MAX)
		return;
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->items[i].key_id, slot->key_id) == 0 &&
		    strcmp(c->items[i].api_id, slot->api_id) == 0)
			return;
	(void)snprintf(c->items[c->n].key_id, sizeof(c->items[c->n].key_id), "%s", slot->key_id);
	(void)snprintf(c->items[c->n].api_id, sizeof(c->items[c->n].api_id), "%s", slot->api_id);
	c->n++;
}

cg_rc housekeeping_counts(struct housekeeping *h, int64_t now_unix_s, struct cg_err *err)
{
	struct called called = {.skip = h->quotas_skip};
	if (!h->usage)
		return CG_OK;
	cg_rc rc = usage_save(h->store, h->usage, now_unix_s, note_called, &called, err);
	h->quotas_skip = called.n == CALLED_MAX && called.seen > called.skip + CALLED_MAX
			     ? called.skip + CALLED_MAX
			     : 0;
	for (size_t i = 0; rc == CG_OK && i < called.n; i++)
		rc = notices_quota(h->store, h->limits, called.items[i].key_id,
				   called.items[i].api_id, err);
	return rc;
}

/* Whether `every` seconds have passed, or the clock was set back. */
static bool is_due(int64_t *last, int64_t now, int64_t every)
{
	if (now - *last < every && now >= *last)
		return false;
	*last = now;
	return true;
}

cg_rc housekeeping_turn(struct housekeeping *h, int64_t now, bool last, struct cg_err *err)
{
	bool more;
	cg_rc rc = quota_save(h->store, h->limits, err);
	cg_rc counted = rc == CG_OK ? housekeeping_counts(h, now, err) : rc;
	/* Quotas go on disk whatever is wrong with the rest. */
	if (rc == CG_OK && (is_due(&h->flushed_unix_s, now, QUOTA_FLUSH_S) || last))
		rc = store_flush(h->store, err);
	if (rc == CG_OK)
		rc = counted;
	if (last)
		return rc;
	if (rc == CG_OK && is_due(&h->swept_unix_s, now, QUOTA_SWEEP_S))
		rc = quota_sweep(h->store, now, err);
	if (rc == CG_OK)
		rc = usage_roll_up(h->store, now, &more, err);
	if (rc == CG_OK && is_due(&h->purged_unix_s, now, USAGE_PURGE_S))
		rc = usage_purge(h->store, now, err);
	if (rc == CG_OK && (h->round.running || is_due(&h->round_unix_s, now, NOTICE_ROUND_S)))
		rc = notices_ends(h->store, &h->round, NOTICE_ENDS_A_SECOND, now, err);
	return rc;
}

cg_rc housekeeping_all(struct housekeeping *h, int64_t now, struct cg_err *err)
{
	bool more = true;
	cg_rc rc = quota_save(h->store, h->limits, err);
	if (rc == CG_OK)
		rc = housekeeping_counts(h, now, err);
	if (rc == CG_OK)
		rc = quota_sweep(h->store, now, err);
	while (rc == CG_OK && more)
		rc = usage_roll_up(h->store, now, &more, err);
	if (rc == CG_OK)
		rc = usage_purge(h->store, now, err);
	do
		if (rc == CG_OK)
			rc = notices_ends(h->store, &h->round, NOTICE_ENDS_A_SECOND, now, err);
	while (rc == CG_OK && h->round.running);
	return rc == CG_OK ? store_checkpoint(h->store, err) : rc;
}
