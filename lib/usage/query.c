#include "base/base.h"
#include "usage/query.h"
#include "base/limits.h"
#include "usage/rollup.h"
#include "usage/keep.h"

struct asking {
	const struct usage_query *query;
	struct usage_sums *sums;
	Cg__Usage__Step span; /* of the sums, unless the query has no step */
	const char *key_id;   /* NULL: of all */
};

static bool fits(const struct usage_query *q, const Cg__Usage *r)
{
	return (!q->api_id.p || span_is(q->api_id, span_of(r->api_id))) &&
	       (!q->key_id.p || span_is(q->key_id, span_of(r->key_id)));
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static cg_rc take(const Cg__Usage *r, void *arg, struct cg_err *err)
{
	struct asking *a = arg;
	const struct usage_query *q = a->query;
	if (!fits(q, r))
		return CG_OK;
	int64_t at = q->step == USAGE_STEP_NONE || q->whole ? q->from : usage_floor(r->at, a->span);
	cg_rc rc = usage_sums_add(a->sums, at, q->by == USAGE_BY_API ? text_of(r->api_id) : "",
				  q->by == USAGE_BY_KEY ? text_of(r->key_id) : "",
				  q->by == USAGE_BY_STATUS ? (unsigned)r->status : 0,
				  q->by == USAGE_BY_CODE ? text_of(r->code) : "", r, err);
	return rc == CG_TOO_BIG ? cg_fail(err, CG_BAD_VALUE,
					  "This would give more than %zu items: ask for a shorter "
					  "time, a longer step, or one API or key.",
					  a->sums->max)
				: rc;
}

/* What is not put together yet stands in the step below. */
static cg_rc walk_from(struct store *store, Cg__Usage__Step step, int64_t from, int64_t to,
		       struct asking *a, struct cg_err *err)
{
	int64_t rolled_to;
	cg_rc rc = usage_rolled_to(store, step, &rolled_to, err);
	int64_t until = rolled_to < to ? rolled_to : to;
	if (rc == CG_OK && from < until)
		rc = usage_walk(store,
				&(struct usage_range){.step = step,
						      .from = from,
						      .to = until,
						      .key_id = a->key_id,
						      .plain = a->query->plain},
				take, a, err);
	if (rc != CG_OK || step == CG__USAGE__STEP__MINUTE || until >= to)
		return rc;
	return walk_from(store, usage_step_below(step), from > until ? from : until, to, a, err);
}

static Cg__Usage__Step span_of_step(const struct usage_query *q, int64_t now)
{
	switch (q->step) {
	case USAGE_STEP_MINUTE:
		return CG__USAGE__STEP__MINUTE;
	case USAGE_STEP_HOUR:
		return CG__USAGE__STEP__HOUR;
	case USAGE_STEP_DAY:
		return CG__USAGE__STEP__DAY;
	case USAGE_STEP_NONE:
		break;
	}
	/* As fine as it is still known. */
	return q->from >= now - usage_keep()->minutes_s ? CG__USAGE__STEP__MINUTE
	       : q->from >= now - usage_keep()->hours_s ? CG__USAGE__STEP__HOUR
							: CG__USAGE__STEP__DAY;
}

/* Where keys do not matter, that of the same length without them. */
static Cg__Usage__Step without_keys(Cg__Usage__Step step)
{
	return step == CG__USAGE__STEP__DAY    ? CG__USAGE__STEP__DAY_TOTAL
	       : step == CG__USAGE__STEP__HOUR ? CG__USAGE__STEP__HOUR_TOTAL
					       : CG__USAGE__STEP__MINUTE_TOTAL;
}

int usage_compare(const struct usage_sum *x, const struct usage_sum *y)
{
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->status != y->status)
		return x->status < y->status ? -1 : 1;
	int order = strcmp(x->api_id, y->api_id);
	if (order == 0)
		order = strcmp(x->key_id, y->key_id);
	return order != 0 ? order : strcmp(x->code, y->code);
}

static int in_order(const void *a, const void *b)
{
	return usage_compare(*(struct usage_sum *const *)a, *(struct usage_sum *const *)b);
}

cg_rc usage_ask(struct store *store, struct usage_query *query, int64_t now_unix_s,
		struct arena *arena, struct usage_sums *out, struct cg_err *err)
{
	struct asking a = {.query = query, .sums = out, .span = span_of_step(query, now_unix_s)};
	query->from = usage_floor(query->from, a.span);
	bool by_key = query->by == USAGE_BY_KEY || query->key_id.p;
	cg_rc rc = usage_sums_init(out, query->plain ? USAGE_PLAIN_ITEMS_MAX : USAGE_ITEMS_MAX,
				   arena, err);
	out->plain = query->plain;
	/* The index does not have those of nobody. */
	if (rc == CG_OK && query->key_id.n > 0 && !(a.key_id = arena_copy(arena, query->key_id)))
		rc = cg_fail_memory(err);
	if (rc == CG_OK)
		rc = walk_from(store, by_key ? a.span : without_keys(a.span), query->from,
			       query->to, &a, err);
	if (rc == CG_OK && out->n > 0 && !out->plain)
		qsort(out->items, out->n, sizeof(struct usage_sum *), in_order);
	return rc;
}
