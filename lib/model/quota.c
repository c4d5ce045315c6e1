#include "base/base.h"
#include "model/quota.h"
#include "base/limits.h"

#define SAVE_BATCH 256 /* quotas of one stay in the store */

/* The store's enumeration and that of the counters. */
static enum limits_period period_of(Cg__Quota__Period period)
{
	switch (period) {
	case CG__QUOTA__PERIOD__HOUR:
		return LIMITS_HOUR;
	case CG__QUOTA__PERIOD__DAY:
		return LIMITS_DAY;
	case CG__QUOTA__PERIOD__WEEK:
		return LIMITS_WEEK;
	case CG__QUOTA__PERIOD__MONTH:
	case _CG__QUOTA__PERIOD_IS_INT_SIZE:
		break;
	}
	return LIMITS_MONTH;
}

static Cg__Quota__Period stored_period(enum limits_period period)
{
	switch (period) {
	case LIMITS_HOUR:
		return CG__QUOTA__PERIOD__HOUR;
	case LIMITS_DAY:
		return CG__QUOTA__PERIOD__DAY;
	case LIMITS_WEEK:
		return CG__QUOTA__PERIOD__WEEK;
	case LIMITS_MONTH:
	case LIMITS_NO_QUOTA:
	case LIMITS_PERIOD__COUNT:
		break;
	}
	return CG__QUOTA__PERIOD__MONTH;
}

enum limits_period quota_period(const Cg__Quota *quota)
{
	return quota ? period_of(quota->period) : LIMITS_NO_QUOTA;
}

/* --- reading --- */

struct read_call {
	const struct sha256 *name;
	struct arena arena;
	Cg__QuotaCount *found;
};

static cg_rc read_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct read_call *c = arg;
	return store_load(txn, STORE_QUOTA_COUNT, span_make(c->name->b, SHA256_BYTES), &c->arena,
			  &c->found, err);
}

cg_rc quota_read(struct store *store, const struct sha256 *name, struct limits_quota *out,
		 struct cg_err *err)
{
	struct read_call c = {.name = name};
	arena_init(&c.arena, RECORD_ARENA_MAX);
	cg_rc rc = store_read(store, read_txn, &c, err);
	*out = (struct limits_quota){.name = *name};
	if (rc == CG_OK) {
		out->used = c.found->used;
		out->starts_unix_s = c.found->starts_at;
		out->ends_unix_s = c.found->ends_at;
		out->period = period_of(c.found->period);
	}
	arena_release(&c.arena);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

/* --- saving --- */

struct save_call {
	const struct limits_quota *quotas;
	size_t n;
};

static cg_rc save_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct save_call *c = arg;
	struct arena arena;
	cg_rc rc = CG_OK;
	arena_init(&arena, RECORD_ARENA_MAX);
	for (size_t i = 0; rc == CG_OK && i < c->n; i++) {
		const struct limits_quota *q = &c->quotas[i];
		Cg__QuotaCount record = CG__QUOTA_COUNT__INIT;
		record.name = (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)q->name.b};
		record.used = q->used;
		record.starts_at = q->starts_unix_s;
		record.ends_at = q->ends_unix_s;
		record.period = stored_period(q->period);
		rc = store_save(txn, STORE_QUOTA_COUNT, span_make(q->name.b, SHA256_BYTES), &record,
				&arena, err);
		arena_clear(&arena);
	}
	arena_release(&arena);
	return rc;
}

cg_rc quota_save(struct store *store, struct limits *limits, struct cg_err *err)
{
	struct limits_quota *quotas = calloc(SAVE_BATCH, sizeof(*quotas));
	uint32_t position = 0;
	cg_rc rc = quotas ? CG_OK : cg_fail_memory(err);
	while (rc == CG_OK) {
		struct save_call c = {.quotas = quotas};
		rc = limits_changed(limits, &position, quotas, SAVE_BATCH, &c.n, err);
		if (rc != CG_OK || c.n == 0)
			break;
		rc = store_write(store, STORE_CHANGES_COUNTS, save_txn, &c, err);
		if (rc == CG_OK)
			rc = limits_saved(limits, quotas, c.n, err);
		if (position == 0)
			break;
	}
	free(quotas);
	return rc;
}

/* --- sweeping --- */

static bool has_ended(const void *message, void *arg)
{
	const Cg__QuotaCount *count = message;
	const int64_t *now = arg;
	return count->ends_at < *now;
}

cg_rc quota_sweep(struct store *store, int64_t now_unix_s, struct cg_err *err)
{
	return store_sweep(store, STORE_CHANGES_COUNTS, STORE_QUOTA_COUNT, has_ended, &now_unix_s,
			   err);
}
