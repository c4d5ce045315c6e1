/* Which of an API's upstreams a request is offered to, and in which order. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "gate.h"

/* FNV-1a.  Two that share a slot take turns together, or are passed over together: no harm. */
static size_t slot_of(const char *text, unsigned number)
{
	uint32_t h = 2166136261u ^ number;
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h % TARGET_SLOTS;
}

static _Atomic int64_t *down_until(struct gate *gate, const struct url *target)
{
	return &gate->targets.down_until_mono_ms[slot_of(target->host, target->port)];
}

size_t targets_order(struct gate *gate, const struct route *route,
		     const struct url *order[UPSTREAM_TRIES_MAX])
{
	size_t all = route->n_targets, n = 0;
	if (all == 0)
		return 0;
	if (all == 1) {
		order[0] = route->targets;
		return 1;
	}
	int64_t now = clock_mono_ms();
	unsigned turn = atomic_fetch_add_explicit(&gate->targets.turns[slot_of(route->api->id, 0)],
						  1, memory_order_relaxed);
	/* Those that are down come last: when all are, one may be back. */
	for (int down = 0; down < 2; down++)
		for (size_t i = 0; i < all && n < UPSTREAM_TRIES_MAX; i++) {
			const struct url *target = &route->targets[(turn + i) % all];
			if ((atomic_load(down_until(gate, target)) > now) == (down == 1))
				order[n++] = target;
		}
	return n;
}

void target_is_down(struct gate *gate, const struct url *target)
{
	atomic_store(down_until(gate, target), clock_mono_ms() + UPSTREAM_DOWN_MS);
}

void target_is_up(struct gate *gate, const struct url *target)
{
	_Atomic int64_t *until = down_until(gate, target);
	if (atomic_load_explicit(until, memory_order_relaxed) != 0)
		atomic_store(until, 0);
}
