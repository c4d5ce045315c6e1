#include "base/base.h"
#include "live/limits_in.h"

/* --- opening --- */

static void host_clock(void *arg, struct limits_time *now)
{
	struct timespec boot, wall;
	(void)arg;
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	/* Whole seconds are wanted, and this costs a quarter. */
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &wall);
	now->boot_ns = (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec;
	now->unix_s = wall.tv_sec;
}

static void make(void *memory)
{
	struct limits_file *file = memory;
	mapped_mutex_init(&file->growing);
	for (size_t i = 0; i < STRIPES; i++)
		mapped_mutex_init(&file->stripes[i].mutex);
}

cg_rc limits_open(const struct home *home, limits_clock_fn clock, void *clock_arg,
		  struct limits **out, struct cg_err *err)
{
	char path[HOME_PATH_MAX + 16];
	void *memory = NULL;
	struct limits *l = calloc(1, sizeof(*l));
	if (!l)
		return cg_fail_memory(err);
	l->slots_fd = -1;
	l->clock = clock ? clock : host_clock;
	l->clock_arg = clock_arg;
	(void)pthread_mutex_init(&l->mapping, NULL);
	(void)snprintf(path, sizeof(path), "%s/limits", home->run);
	(void)snprintf(l->slots_path, sizeof(l->slots_path), "%s/limits.slots", home->run);
	cg_rc rc = mapped_open(path, sizeof(*l->file), LIMITS_LAYOUT, make, &memory, err);
	l->file = memory;
	if (rc == CG_OK)
		rc = limits_slots_open(l, err);
	if (rc == CG_OK)
		rc = limits_held_open(l, err);
	if (rc == CG_OK)
		*out = l;
	else
		limits_close(&l);
	return rc;
}

void limits_close(struct limits **limits)
{
	struct limits *l = *limits;
	if (!l)
		return;
	void *memory = l->file;
	limits_slots_close(l);
	mapped_close(&memory, sizeof(*l->file));
	(void)pthread_mutex_destroy(&l->mapping);
	free(l);
	*limits = NULL;
}

cg_rc limits_name(enum limits_subject subject, struct span id, struct span scope,
		  struct sha256 *out)
{
	char text[2 + 2 * LIMITS_ID_MAX];
	if (id.n > LIMITS_ID_MAX || scope.n > LIMITS_ID_MAX)
		return CG_FAIL;
	/* The length tells where the one ends and the other begins. */
	text[0] = (char)subject;
	text[1] = (char)id.n;
	size_t n = 2;
	if (id.n > 0)
		memcpy(text + n, id.p, id.n);
	n += id.n;
	if (scope.n > 0)
		memcpy(text + n, scope.p, scope.n);
	return sha256_of(span_make(text, n + scope.n), out);
}

void limits_size(const struct limits *l, struct limits_size *out)
{
	uint32_t segments = __atomic_load_n(&l->file->segments, __ATOMIC_RELAXED);
	out->slots = __atomic_load_n(&l->file->slots, __ATOMIC_RELAXED) - 1;
	out->slots_max = LIMITS_SLOTS_MAX - 1;
	out->slot_bytes = sizeof(struct slot);
	out->bytes = sizeof(*l->file) + (size_t)segments * SEGMENT * sizeof(struct slot);
}

/* --- deciding --- */

/* A subject while it is decided: its counters are moved to now in a copy, and written at the end.
 */
struct work {
	const struct limits_ask *ask;
	struct stripe *stripe;
	struct slot *slot; /* NULL: has none, and needs none to be looked at */
	uint32_t index;
	struct counters counters;
	bool moved; /* the copy is more than a count away from the slot */
	uint32_t in_flight;
	uint32_t hold_slot, hold_at;
};

struct decision {
	struct limits *limits;
	struct limits_time now;
	struct work work[LIMITS_ASKS_MAX];
	size_t n;
	struct stripe *stripes[LIMITS_ASKS_MAX]; /* each once, in the order of their addresses */
	size_t n_stripes;
	struct pinned pinned;
};

static void unlock_all(struct decision *d)
{
	while (d->n_stripes > 0)
		limits_unlock(d->stripes[--d->n_stripes]);
}

static cg_rc lock_all(struct decision *d, struct cg_err *err)
{
	struct stripe *wanted[LIMITS_ASKS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < d->n; i++) {
		struct stripe *stripe = d->work[i].stripe;
		size_t at = n;
		while (at > 0 && wanted[at - 1] > stripe)
			at--;
		if (at > 0 && wanted[at - 1] == stripe)
			continue;
		memmove(&wanted[at + 1], &wanted[at], (n - at) * sizeof(wanted[0]));
		wanted[at] = stripe;
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		cg_rc rc = limits_lock(d->limits, wanted[i], err);
		if (rc != CG_OK) {
			unlock_all(d);
			return rc;
		}
		d->stripes[d->n_stripes++] = wanted[i];
	}
	return CG_OK;
}

static cg_rc find(struct decision *d, struct work *w, bool take, struct cg_err *err)
{
	cg_rc rc = limits_slot_find(d->limits, &w->ask->name, &w->index, err);
	if (rc == CG_OK && w->index == 0 && take)
		rc = limits_slot_new(d->limits, &w->ask->name, &d->now, &d->pinned, &w->index, err);
	if (rc != CG_OK || w->index == 0)
		return rc;
	for (size_t i = 0; i < d->pinned.n; i++)
		if (d->pinned.slots[i] == w->index)
			return cg_fail(err, CG_FAIL, "A subject of limits is asked for twice.");
	d->pinned.slots[d->pinned.n++] = w->index;
	w->slot = limits_slot(d->limits, w->index);
	w->counters = w->slot->counters;
	if (w->ask->concurrent.on)
		rc = limits_held_count(d->limits, w->slot, w->ask->concurrent.limit, &w->in_flight,
				       err);
	return rc;
}

/* Moves the copy to now. */
static void move(const struct decision *d, struct work *w)
{
	const struct limits_ask *ask = w->ask;
	struct quota *quota = &w->counters.quota;
	if (ask->rate.per_s != 0)
		w->moved = limits_rate_move(&w->counters.rate, ask->rate.per_s, d->now.boot_ns);
	if (ask->quota.period == LIMITS_NO_QUOTA)
		return;
	if (!quota->read && ask->stored) {
		limits_quota_read(quota, ask->stored, &d->now);
		w->moved = true;
	}
	w->moved = limits_quota_move(quota, ask->quota.period, &d->now) || w->moved;
}

static int64_t seconds_up(int64_t ns)
{
	return ns <= 0 ? 0 : (ns + 999999999) / 1000000000;
}

/* Never more than the window: the unit of a long one, some microseconds, is no second more. */
static int64_t rate_wait_s(const struct rate *rate, int64_t until_ns, const struct limits_time *now)
{
	int64_t wait_s = seconds_up(until_ns - now->boot_ns);
	return wait_s < rate->per_s ? wait_s : rate->per_s;
}

static void refuse(struct limits_result *out, size_t ask, enum limits_kind kind,
		   int64_t retry_after_s)
{
	if (out->verdict == LIMITS_PASSED) {
		out->verdict = LIMITS_REFUSED;
		out->ask = ask;
		out->kind = kind;
	}
	if (retry_after_s < 1)
		retry_after_s = 1;
	if (out->retry_after_s < retry_after_s)
		out->retry_after_s = retry_after_s;
}

static void judge(const struct decision *d, size_t i, struct limits_result *out)
{
	const struct work *w = &d->work[i];
	const struct limits_ask *ask = w->ask;
	const struct rate *rate = &w->counters.rate;
	const struct quota *quota = &w->counters.quota;
	if (ask->rate.per_s != 0 && limits_rate_count(rate, d->now.boot_ns) >= ask->rate.limit)
		refuse(out, i, LIMITS_RATE,
		       rate_wait_s(rate, limits_rate_free_ns(rate, ask->rate.limit, d->now.boot_ns),
				   &d->now));
	if (ask->concurrent.on && w->in_flight >= ask->concurrent.limit)
		refuse(out, i, LIMITS_CONCURRENT, 1);
	if (ask->quota.period != LIMITS_NO_QUOTA && quota->used >= ask->quota.limit) {
		int64_t rest_s = limits_quota_rest_s(quota, &d->now);
		/* A limit of 0, and nothing used. */
		if (rest_s == 0)
			rest_s =
			    limits_period_end(d->now.unix_s, ask->quota.period) - d->now.unix_s;
		refuse(out, i, LIMITS_QUOTA, rest_s);
	}
}

/* Counts in the slot.  A kill in between leaves this call counted in some places: it was
 * not let through, so that nobody gets more than the limit. */
static void count(struct decision *d, struct work *w, struct limits_held *held)
{
	const struct limits_ask *ask = w->ask;
	struct counters *c = &w->counters;
	if (ask->concurrent.on) {
		limits_held_add(d->limits, w->hold_slot, w->hold_at);
		held->places[held->n].slot = w->hold_slot;
		held->places[held->n++].at = w->hold_at;
		w->in_flight++;
	}
	if (ask->quota.period != LIMITS_NO_QUOTA) {
		if (c->quota.ends_unix_s == 0) {
			limits_quota_begin(&c->quota, ask->quota.period, &d->now);
			w->moved = true;
		}
		c->quota.used++;
		if (!limits_slot_is_changed(d->limits, w->index))
			(void)__atomic_or_fetch(&d->limits->file->changed[w->index / 64],
						(uint64_t)1 << (w->index % 64), __ATOMIC_RELEASE);
	}
	if (ask->rate.per_s != 0)
		limits_rate_add(&c->rate, d->now.boot_ns);
	if (w->moved)
		return;
	SETTLE();
	w->slot->counters.quota.used = c->quota.used;
	SETTLE();
	if (ask->rate.per_s != 0)
		limits_rate_copy_newest(&w->slot->counters.rate, &c->rate);
}

static void tell(const struct decision *d, const struct work *w, struct limits_left *left)
{
	const struct limits_ask *ask = w->ask;
	const struct counters *c = &w->counters;
	if (ask->rate.per_s != 0) {
		uint64_t sum = limits_rate_count(&c->rate, d->now.boot_ns);
		left->rate_left = sum < ask->rate.limit ? ask->rate.limit - (uint32_t)sum : 0;
		left->rate_reset_s = (uint32_t)rate_wait_s(
		    &c->rate, limits_rate_empty_ns(&c->rate, d->now.boot_ns), &d->now);
	}
	left->in_flight = w->in_flight;
	if (ask->quota.period == LIMITS_NO_QUOTA)
		return;
	left->quota_used = c->quota.used;
	left->quota_left = c->quota.used < ask->quota.limit ? ask->quota.limit - c->quota.used : 0;
	left->quota_reset_s = limits_quota_rest_s(&c->quota, &d->now);
	if (left->quota_reset_s > 0)
		left->quota_resets_unix_s = d->now.unix_s + left->quota_reset_s;
}

/* With everything locked. */
static cg_rc decide_locked(struct decision *d, bool take, struct limits_result *out,
			   struct cg_err *err)
{
	cg_rc rc = CG_OK;
	struct limits_result result = {.verdict = LIMITS_PASSED};
	for (size_t i = 0; rc == CG_OK && i < d->n; i++)
		rc = find(d, &d->work[i], take, err);
	if (rc != CG_OK)
		return rc;
	for (size_t i = 0; i < d->n; i++) {
		struct work *w = &d->work[i];
		move(d, w);
		if (w->ask->quota.period != LIMITS_NO_QUOTA && !w->counters.quota.read) {
			out->verdict = LIMITS_UNREAD;
			out->ask = i;
			out->kind = LIMITS_QUOTA;
			return CG_OK;
		}
		judge(d, i, &result);
	}
	bool pass = result.verdict == LIMITS_PASSED;
	for (size_t i = 0; take && pass && i < d->n; i++) {
		struct work *w = &d->work[i];
		if (w->ask->concurrent.on)
			rc = limits_held_place(d->limits, w->index, &d->now, &d->pinned,
					       &w->hold_slot, &w->hold_at, err);
		if (rc != CG_OK)
			return rc;
	}
	for (size_t i = 0; i < d->n; i++) {
		struct work *w = &d->work[i];
		if (take && pass)
			count(d, w, &result.held);
		if (take && w->moved)
			limits_slot_write(w->stripe, w->index, w->slot, &w->counters);
		tell(d, w, &result.left[i]);
	}
	*out = result;
	return CG_OK;
}

static cg_rc decide(struct limits *l, const struct limits_ask *asks, size_t n, bool take,
		    struct limits_result *out, struct cg_err *err)
{
	struct decision d = {.limits = l, .n = n};
	*out = (struct limits_result){.verdict = LIMITS_REFUSED};
	if (n > LIMITS_ASKS_MAX)
		return cg_fail(err, CG_FAIL, "A call has limits of more than %d subjects.",
			       LIMITS_ASKS_MAX);
	for (size_t i = 0; i < n; i++) {
		d.work[i].ask = &asks[i];
		d.work[i].stripe = limits_stripe(l, &asks[i].name);
	}
	cg_rc rc = lock_all(&d, err);
	if (rc != CG_OK)
		return rc;
	l->clock(l->clock_arg, &d.now);
	rc = decide_locked(&d, take, out, err);
	unlock_all(&d);
	return rc;
}

cg_rc limits_take(struct limits *l, const struct limits_ask *asks, size_t n,
		  struct limits_result *out, struct cg_err *err)
{
	return decide(l, asks, n, true, out, err);
}

cg_rc limits_look(struct limits *l, const struct limits_ask *asks, size_t n,
		  struct limits_result *out, struct cg_err *err)
{
	return decide(l, asks, n, false, out, err);
}

/* --- quotas in the store --- */

/* Locks the slot if its quota is not in the store, which also keeps it from being used for
 * another name; *slot is NULL otherwise. */
static cg_rc lock_changed(struct limits *l, uint32_t index, struct slot **out,
			  struct stripe **stripe, struct cg_err *err)
{
	struct slot *slot = limits_slot(l, index);
	*out = NULL;
	*stripe = NULL;
	if (!slot)
		return cg_fail(err, CG_UNAVAILABLE, "A part of %s cannot be mapped: %s.",
			       l->slots_path, strerror(errno));
	*stripe = limits_slot_stripe(l, slot);
	cg_rc rc = limits_lock(l, *stripe, err);
	if (rc != CG_OK)
		return rc;
	if (limits_slot_is_changed(l, index) && *stripe == limits_slot_stripe(l, slot))
		*out = slot;
	else
		limits_unlock(*stripe);
	return CG_OK;
}

cg_rc limits_changed(struct limits *l, uint32_t *position, struct limits_quota *out, size_t max,
		     size_t *n, struct cg_err *err)
{
	uint32_t end = __atomic_load_n(&l->file->slots, __ATOMIC_ACQUIRE);
	*n = 0;
	while (*n < max && *position < end) {
		uint32_t index = *position;
		/* Whoever sees the bit sees the slot's name. */
		uint64_t word = __atomic_load_n(&l->file->changed[index / 64], __ATOMIC_ACQUIRE) >>
				(index % 64);
		if (word == 0) {
			*position = (index / 64 + 1) * 64;
			continue;
		}
		index += (uint32_t)__builtin_ctzll(word);
		struct slot *slot;
		struct stripe *stripe;
		cg_rc rc = lock_changed(l, index, &slot, &stripe, err);
		if (rc != CG_OK)
			return rc;
		*position = index + 1;
		if (!slot)
			continue;
		const struct quota *quota = &slot->counters.quota;
		out[(*n)++] = (struct limits_quota){.name = slot->name,
						    .used = quota->used,
						    .starts_unix_s = quota->starts_unix_s,
						    .ends_unix_s = quota->ends_unix_s,
						    .period = (enum limits_period)quota->period,
						    .slot = index};
		limits_unlock(stripe);
	}
	return CG_OK;
}

cg_rc limits_saved(struct limits *l, const struct limits_quota *quotas, size_t n,
		   struct cg_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct limits_quota *saved = &quotas[i];
		struct slot *slot;
		struct stripe *stripe;
		cg_rc rc = lock_changed(l, saved->slot, &slot, &stripe, err);
		if (rc != CG_OK)
			return rc;
		if (!slot)
			continue;
		const struct quota *quota = &slot->counters.quota;
		if (quota->used == saved->used && quota->starts_unix_s == saved->starts_unix_s &&
		    quota->ends_unix_s == saved->ends_unix_s && quota->period == saved->period)
			(void)__atomic_and_fetch(&l->file->changed[saved->slot / 64],
						 ~((uint64_t)1 << (saved->slot % 64)),
						 __ATOMIC_RELAXED);
		limits_unlock(stripe);
	}
	return CG_OK;
}
