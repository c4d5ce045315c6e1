#include "base/base.h"
#include "usage/rollup.h"
#include "base/limits.h"
#include "model/key.h"
#include "usage/sums.h"
#include "usage/words.h"
#include "usage/keep.h"

#define SAVE_BATCH  64	/* slots of one stay in the store */
#define WALK_BATCH  500 /* records looked at in one */
#define PURGE_BATCH 500 /* records removed in one */
#define PURGES	    20	/* of them at a time */
/* The sums of an hour of USAGE_GROUPS_MAX groups. */
#define ROLL_ARENA_MAX ((size_t)32 * 1024 * 1024)

/* --- keys --- */

/* The step, the time, then for minutes the file and number of the slot, for others the hash of the
 * group: a range of time is a walk. */
#define KEY_BYTES  (1 + 3 * STORE_NUMBER_BYTES)
#define TIME_BYTES (1 + STORE_NUMBER_BYTES) /* up to the time */
/* Before "up to when it is put together": behind all steps. */
#define MARK 0xff

static int64_t time_of(struct span key)
{
	return (int64_t)store_number_read(span_from(key, 1));
}

static void make_key(Cg__Usage__Step step, int64_t at, uint64_t high, uint64_t low,
		     char out[KEY_BYTES])
{
	out[0] = (char)step;
	store_number_write((uint64_t)(at > 0 ? at : 0), out + 1);
	store_number_write(high, out + 1 + STORE_NUMBER_BYTES);
	store_number_write(low, out + 1 + 2 * STORE_NUMBER_BYTES);
}

static const struct {
	int64_t seconds;
	Cg__Usage__Step below;
	bool total; /* without the keys */
} steps[] = {
    [CG__USAGE__STEP__MINUTE] = {60,    CG__USAGE__STEP__MINUTE,	      false},
    [CG__USAGE__STEP__HOUR] = {3600,  CG__USAGE__STEP__MINUTE,	      false},
    [CG__USAGE__STEP__DAY] = {86400, CG__USAGE__STEP__HOUR,	    false},
    [CG__USAGE__STEP__MINUTE_TOTAL] = {60,	   CG__USAGE__STEP__MINUTE,	    true },
    [CG__USAGE__STEP__HOUR_TOTAL] = {3600,  CG__USAGE__STEP__MINUTE_TOTAL, true },
    [CG__USAGE__STEP__DAY_TOTAL] = {86400, CG__USAGE__STEP__HOUR_TOTAL,	true },
};

int64_t usage_step_s(Cg__Usage__Step step)
{
	return steps[step].seconds;
}

Cg__Usage__Step usage_step_below(Cg__Usage__Step step)
{
	return steps[step].below;
}

int64_t usage_floor(int64_t t, Cg__Usage__Step step)
{
	int64_t rest = t % usage_step_s(step);
	return t - (rest < 0 ? rest + usage_step_s(step) : rest);
}

static cg_rc put(struct store_txn *txn, const char *key, size_t n, const Cg__Usage *record,
		 struct arena *arena, struct cg_err *err)
{
	return store_save(txn, STORE_USAGE, span_make(key, n), record, arena, err);
}

/* --- up to when --- */

/* CG_NOT_FOUND where there is none yet. */
static cg_rc read_mark(struct store_txn *txn, Cg__Usage__Step step, struct arena *arena,
		       int64_t *out, struct cg_err *err)
{
	char key[2] = {(char)MARK, (char)step};
	Cg__Usage *record;
	cg_rc rc = store_load(txn, STORE_USAGE, span_make(key, 2), arena, &record, err);
	if (rc == CG_OK)
		*out = record->at;
	return rc;
}

static cg_rc write_mark(struct store_txn *txn, Cg__Usage__Step step, int64_t at,
			struct arena *arena, struct cg_err *err)
{
	char key[2] = {(char)MARK, (char)step};
	Cg__Usage record = CG__USAGE__INIT;
	record.step = step;
	record.at = at;
	return put(txn, key, 2, &record, arena, err);
}

/* A minute that comes late has all that it is in put together anew. */
static cg_rc lower_marks(struct store_txn *txn, int64_t at, struct arena *arena, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (Cg__Usage__Step step = CG__USAGE__STEP__HOUR; rc == CG_OK && step < CG_COUNT(steps);
	     step++) {
		int64_t mark, to = usage_floor(at, step);
		rc = read_mark(txn, step, arena, &mark, err);
		if (rc == CG_NOT_FOUND || (rc == CG_OK && mark > to))
			rc = write_mark(txn, step, to, arena, err);
	}
	return rc;
}

struct mark_call {
	Cg__Usage__Step step;
	int64_t at;
};

static cg_rc read_mark_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct mark_call *c = arg;
	struct arena arena;
	arena_init(&arena, RECORD_ARENA_MAX);
	cg_rc rc = read_mark(txn, c->step, &arena, &c->at, err);
	arena_release(&arena);
	return rc;
}

static cg_rc write_mark_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct mark_call *c = arg;
	struct arena arena;
	arena_init(&arena, RECORD_ARENA_MAX);
	cg_rc rc = write_mark(txn, c->step, c->at, &arena, err);
	arena_release(&arena);
	return rc;
}

cg_rc usage_rolled_to(struct store *store, Cg__Usage__Step step, int64_t *out, struct cg_err *err)
{
	struct mark_call c = {.step = step, .at = 0};
	cg_rc rc =
	    step == CG__USAGE__STEP__MINUTE ? CG_OK : store_read(store, read_mark_txn, &c, err);
	*out = step == CG__USAGE__STEP__MINUTE ? INT64_MAX : c.at;
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

/* --- saving --- */

struct save_call {
	struct usage_slot *slots;
	size_t n;
	int64_t now_unix_s;
};

static cg_rc save_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct save_call *c = arg;
	struct arena arena;
	cg_rc rc = CG_OK;
	arena_init(&arena, RECORD_ARENA_MAX);
	for (size_t i = 0; rc == CG_OK && i < c->n; i++) {
		struct usage_slot *s = &c->slots[i];
		char key[KEY_BYTES];
		Cg__Usage *record;
		/* The store could not be written to for so long: its hour may have lost others. */
		if (s->at_unix_s < c->now_unix_s - usage_keep()->minutes_s + 3600)
			continue;
		rc = usage_record(CG__USAGE__STEP__MINUTE, s->at_unix_s, s->api_id, s->key_id,
				  s->status, s->code, s->requests, s->counts, &arena, &record, err);
		make_key(CG__USAGE__STEP__MINUTE, s->at_unix_s, s->file, s->number, key);
		if (rc == CG_OK)
			rc = put(txn, key, sizeof(key), record, &arena, err);
		/* Once in a minute for each of its groups. */
		if (rc == CG_OK && s->first && *s->key_id && !*s->code)
			rc = key_used(txn, s->key_id, s->at_unix_s, &arena, err);
		if (rc == CG_OK)
			rc = lower_marks(txn, s->at_unix_s, &arena, err);
		arena_clear(&arena);
	}
	arena_release(&arena);
	return rc;
}

struct save_uses_call {
	struct usage_use uses[SAVE_BATCH];
	size_t n;
};

static cg_rc save_uses_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct save_uses_call *c = arg;
	struct arena arena;
	cg_rc rc = CG_OK;
	arena_init(&arena, RECORD_ARENA_MAX);
	for (size_t i = 0; rc == CG_OK && i < c->n; i++) {
		rc =
		    credential_used(txn, &c->uses[i].credential, c->uses[i].at_unix_s, &arena, err);
		arena_clear(&arena);
	}
	arena_release(&arena);
	return rc;
}

static cg_rc save_uses(struct store *store, struct usage *usage, struct cg_err *err)
{
	struct save_uses_call c = {.n = SAVE_BATCH};
	size_t position = 0;
	cg_rc rc = CG_OK;
	while (rc == CG_OK && c.n == SAVE_BATCH) {
		c.n = 0;
		while (c.n < SAVE_BATCH && usage_used_changed(usage, &position, &c.uses[c.n]))
			c.n++;
		if (c.n > 0)
			rc = store_write(store, STORE_CHANGES_COUNTS, save_uses_txn, &c, err);
		for (size_t i = 0; rc == CG_OK && i < c.n; i++)
			usage_used_saved(usage, &c.uses[i]);
	}
	return rc;
}

cg_rc usage_save(struct store *store, struct usage *usage, int64_t now_unix_s, usage_saved_fn told,
		 void *arg, struct cg_err *err)
{
	struct save_call c = {.slots = malloc(SAVE_BATCH * sizeof(struct usage_slot)),
			      .now_unix_s = now_unix_s};
	size_t position = 0;
	bool more = true;
	cg_rc rc = c.slots ? CG_OK : cg_fail_memory(err);
	while (rc == CG_OK && more) {
		c.n = 0;
		while (c.n < SAVE_BATCH &&
		       (more = usage_changed(usage, now_unix_s, &position, &c.slots[c.n])))
			c.n++;
		if (c.n == 0)
			break;
		rc = store_write(store, STORE_CHANGES_COUNTS, save_txn, &c, err);
		for (size_t i = 0; rc == CG_OK && i < c.n; i++) {
			if (told)
				told(&c.slots[i], arg);
			usage_saved(usage, &c.slots[i]);
		}
	}
	free(c.slots);
	return rc == CG_OK ? save_uses(store, usage, err) : rc;
}

/* --- walks --- */

struct walk_call {
	const struct usage_range *range;
	usage_visit_fn visit;
	void *arg;
	char after[KEY_BYTES];
	size_t after_n, seen;
	struct arena arena; /* emptied for each record */
};

/* The bytes of a record up to its latencies, which are its last fields: 8 to 10, each with a
 * length.  All before them are numbers, or texts of less than 128 bytes. */
static struct span head_of(struct span record)
{
	size_t i = 0;
	while (i + 1 < record.n && (uint8_t)record.p[i] >> 3 < 8) {
		bool text = (record.p[i++] & 7) == 2;
		if (text) {
			i += 1 + (uint8_t)record.p[i];
			continue;
		}
		while (i < record.n && record.p[i] & (char)0x80)
			i++;
		i++;
	}
	return span_make(record.p, i < record.n ? i : record.n);
}

static cg_rc walk_visit(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	struct walk_call *c = arg;
	Cg__Usage *record;
	(void)index_key;
	if (key.n != KEY_BYTES || key.p[0] != (char)c->range->step || time_of(key) >= c->range->to)
		return CG_NOT_FOUND;
	memcpy(c->after, key.p, KEY_BYTES);
	c->after_n = KEY_BYTES;
	arena_clear(&c->arena);
	cg_rc rc = record_unpack(&cg__usage__descriptor, c->range->plain ? head_of(value) : value,
				 &c->arena, &record, err);
	if (rc == CG_OK)
		rc = c->visit(record, c->arg, err);
	if (rc != CG_OK)
		return rc;
	return ++c->seen == WALK_BATCH ? CG_NOT_FOUND : CG_OK;
}

static cg_rc walk_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct walk_call *c = arg;
	char after[KEY_BYTES];
	memcpy(after, c->after, sizeof(after));
	struct store_walk walk = {.table = STORE_USAGE, .after_key = span_make(after, c->after_n)};
	if (c->range->key_id) {
		walk.by_index = walk.only = true;
		walk.index = STORE_USAGE_BY_KEY;
		walk.index_key = span_of(c->range->key_id);
	}
	c->seen = 0;
	return store_walk(txn, &walk, walk_visit, c, err);
}

cg_rc usage_walk(struct store *store, const struct usage_range *range, usage_visit_fn visit,
		 void *arg, struct cg_err *err)
{
	struct walk_call c = {.range = range, .visit = visit, .arg = arg, .after_n = TIME_BYTES};
	cg_rc rc;
	arena_init(&c.arena, RECORD_ARENA_MAX);
	make_key(range->step, range->from, 0, 0, c.after);
	do
		rc = store_read(store, walk_txn, &c, err);
	while (rc == CG_OK && c.seen == WALK_BATCH);
	arena_release(&c.arena);
	return rc;
}

/* --- rolling up --- */

struct roll {
	struct usage_sums sums;
	Cg__Usage__Step step; /* that is put together */
	int64_t at, first;    /* first: of the records below; INT64_MAX: there are none */
	size_t written;
};

static cg_rc note_first(const Cg__Usage *record, void *arg, struct cg_err *err)
{
	struct roll *r = arg;
	(void)err;
	r->first = record->at;
	return CG_NOT_FOUND;
}

static cg_rc add_to_roll(const Cg__Usage *record, void *arg, struct cg_err *err)
{
	struct roll *r = arg;
	bool keyed = record->key_id && !steps[r->step].total;
	cg_rc rc = usage_sums_add(&r->sums, r->at, record->api_id ? record->api_id : "",
				  keyed ? record->key_id : "", (unsigned)record->status,
				  record->code ? record->code : "", record, err);
	/* One place is left for these. */
	if (rc == CG_OK && r->sums.n == USAGE_GROUPS_MAX)
		r->sums.max = USAGE_GROUPS_MAX + 1;
	if (rc == CG_TOO_BIG)
		rc = usage_sums_add(&r->sums, r->at, USAGE_OTHER,
				    steps[r->step].total ? "" : USAGE_OTHER, 0, USAGE_OTHER, record,
				    err);
	return rc;
}

static uint64_t hash_of_sum(const struct usage_sum *s)
{
	uint64_t h = hash_of(&s->status, sizeof(s->status));
	h = hash_more(h, s->api_id, strlen(s->api_id) + 1);
	h = hash_more(h, s->key_id, strlen(s->key_id) + 1);
	return hash_more(h, s->code, strlen(s->code) + 1);
}

static cg_rc roll_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct roll *r = arg;
	struct arena arena;
	cg_rc rc = CG_OK;
	arena_init(&arena, RECORD_ARENA_MAX);
	for (size_t i = r->written; rc == CG_OK && i < r->sums.n && i < r->written + WALK_BATCH;
	     i++) {
		struct usage_sum *s = r->sums.items[i];
		char key[KEY_BYTES];
		Cg__Usage *record;
		make_key(r->step, r->at, 0, hash_of_sum(s), key);
		rc = usage_record(r->step, r->at, s->api_id, s->key_id, s->status, s->code,
				  s->requests, s->counts, &arena, &record, err);
		if (rc == CG_OK)
			rc = put(txn, key, sizeof(key), record, &arena, err);
		arena_clear(&arena);
	}
	arena_release(&arena);
	return rc;
}

static cg_rc roll_span(struct store *store, struct roll *r, struct cg_err *err)
{
	struct mark_call mark = {.step = r->step, .at = r->at + usage_step_s(r->step)};
	struct usage_range below = {.step = steps[r->step].below, .from = r->at, .to = mark.at};
	struct arena arena;
	arena_init(&arena, ROLL_ARENA_MAX);
	cg_rc rc = usage_sums_init(&r->sums, USAGE_GROUPS_MAX + 1, &arena, err);
	r->sums.max = USAGE_GROUPS_MAX;
	if (rc == CG_OK)
		rc = usage_walk(store, &below, add_to_roll, r, err);
	for (r->written = 0; rc == CG_OK && r->written < r->sums.n; r->written += WALK_BATCH)
		rc = store_write(store, STORE_CHANGES_COUNTS, roll_txn, r, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_COUNTS, write_mark_txn, &mark, err);
	arena_release(&arena);
	return rc;
}

/* `until`: what begins there or later is not whole yet. */
static cg_rc roll_next(struct store *store, Cg__Usage__Step step, int64_t until, bool *more,
		       struct cg_err *err)
{
	struct roll r = {.step = step, .first = INT64_MAX};
	struct usage_range below = {.step = steps[step].below, .to = until, .plain = true};
	cg_rc rc = usage_rolled_to(store, step, &below.from, err);
	if (rc == CG_OK)
		rc = usage_walk(store, &below, note_first, &r, err);
	if (rc != CG_OK || r.first == INT64_MAX)
		return rc;
	/* Spans without a request need no record. */
	r.at = usage_floor(r.first, step);
	*more = true;
	return roll_span(store, &r, err);
}

/* `steps` in turn, each whole before the next one: what a span is put together from has to be
 * there.
 */
static cg_rc roll_chain(struct store *store, const Cg__Usage__Step *chain, size_t n,
			int64_t now_unix_s, bool *more, struct cg_err *err)
{
	int64_t settled = now_unix_s - USAGE_SETTLE_S;
	cg_rc rc = CG_OK;
	bool found = false;
	for (size_t i = 0; rc == CG_OK && !found && i < n; i++)
		rc = roll_next(store, chain[i], usage_floor(settled, chain[i]), &found, err);
	*more = *more || found;
	return rc;
}

cg_rc usage_roll_up(struct store *store, int64_t now_unix_s, bool *more, struct cg_err *err)
{
	static const Cg__Usage__Step by_key[] = {CG__USAGE__STEP__HOUR, CG__USAGE__STEP__DAY},
				     totals[] = {CG__USAGE__STEP__MINUTE_TOTAL,
						 CG__USAGE__STEP__HOUR_TOTAL,
						 CG__USAGE__STEP__DAY_TOTAL};
	*more = false;
	cg_rc rc = roll_chain(store, by_key, CG_COUNT(by_key), now_unix_s, more, err);
	return rc == CG_OK ? roll_chain(store, totals, CG_COUNT(totals), now_unix_s, more, err)
			   : rc;
}

/* --- the end --- */

struct purge_call {
	Cg__Usage__Step step;
	int64_t before;
	char keys[PURGE_BATCH][KEY_BYTES];
	size_t n;
};

static cg_rc purge_visit(struct span index_key, struct span key, struct span value, void *arg,
			 struct cg_err *err)
{
	struct purge_call *c = arg;
	(void)index_key;
	(void)value;
	(void)err;
	if (key.n != KEY_BYTES || key.p[0] != (char)c->step || time_of(key) >= c->before)
		return CG_NOT_FOUND;
	memcpy(c->keys[c->n], key.p, KEY_BYTES);
	return ++c->n == PURGE_BATCH ? CG_NOT_FOUND : CG_OK;
}

static cg_rc purge_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct purge_call *c = arg;
	char step = (char)c->step;
	struct store_walk walk = {.table = STORE_USAGE, .after_key = span_make(&step, 1)};
	c->n = 0;
	cg_rc rc = store_walk(txn, &walk, purge_visit, c, err);
	for (size_t i = 0; rc == CG_OK && i < c->n; i++)
		rc = store_remove(txn, STORE_USAGE, span_make(c->keys[i], KEY_BYTES), err);
	return rc;
}

cg_rc usage_purge(struct store *store, int64_t now_unix_s, struct cg_err *err)
{
	const struct usage_keep *keep = usage_keep();
	struct purge_call *c = malloc(sizeof(*c));
	cg_rc rc = c ? CG_OK : cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < CG_COUNT(steps); i++) {
		c->step = (Cg__Usage__Step)i;
		c->before = now_unix_s - (steps[i].seconds == 60     ? keep->minutes_s
					  : steps[i].seconds == 3600 ? keep->hours_s
								     : keep->days_s);
		c->n = PURGE_BATCH;
		for (int n = 0; rc == CG_OK && n < PURGES && c->n == PURGE_BATCH; n++)
			rc = store_write(store, STORE_CHANGES_COUNTS, purge_txn, c, err);
	}
	free(c);
	return rc;
}
