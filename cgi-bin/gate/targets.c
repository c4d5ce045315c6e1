/* Which of an API's upstreams a request is offered to, and in which order. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "gate.h"

#define TAG_BITS 24

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *text, unsigned number)
{
	uint64_t h = 14695981039346656037u;
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 1099511628211u;
	for (; number > 0; number >>= 8)
		h = (h ^ (number & 0xff)) * 1099511628211u;
	return h ^ h >> 32;
}

/* A slot holds until when one target is passed over, and in its low bits which one that is; of two
 * that share it the newer mark stands. */
static _Atomic uint64_t *slot_of(struct gate *gate, uint64_t hash)
{
	return &gate->targets.down[hash % TARGET_SLOTS];
}

static uint64_t tag_of(uint64_t hash)
{
	return hash / TARGET_SLOTS & ((1u << TAG_BITS) - 1);
}

/* Its mark, also one that is over; 0: none. */
static uint64_t mark_of(struct gate *gate, uint64_t hash)
{
	uint64_t mark = atomic_load_explicit(slot_of(gate, hash), memory_order_relaxed);
	return (mark & ((1u << TAG_BITS) - 1)) == tag_of(hash) ? mark : 0;
}

static bool is_down(struct gate *gate, const struct url *target, int64_t now_mono_ms)
{
	uint64_t hash = hash_of(target->host, target->port);
	uint64_t mark = mark_of(gate, hash);
	return mark >> TAG_BITS > (uint64_t)now_mono_ms;
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
	/* Two APIs that share a counter take turns together: no harm. */
	unsigned turn = atomic_fetch_add_explicit(
	    &gate->targets.turns[hash_of(route->api->id, 0) % TARGET_SLOTS], 1,
	    memory_order_relaxed);
	/* Those that are down come last: when all are, one may be back. */
	for (int down = 0; down < 2; down++)
		for (size_t i = 0; i < all && n < UPSTREAM_TRIES_MAX; i++) {
			const struct url *target = &route->targets[(turn + i) % all];
			if (is_down(gate, target, now) == (down == 1))
				order[n++] = target;
		}
	return n;
}

void target_is_down(struct gate *gate, const struct url *target)
{
	uint64_t hash = hash_of(target->host, target->port);
	uint64_t until = (uint64_t)clock_mono_ms() + UPSTREAM_DOWN_MS;
	atomic_store_explicit(slot_of(gate, hash), until << TAG_BITS | tag_of(hash),
			      memory_order_relaxed);
}

void target_is_up(struct gate *gate, const struct url *target)
{
	uint64_t hash = hash_of(target->host, target->port);
	if (mark_of(gate, hash) != 0)
		atomic_store_explicit(slot_of(gate, hash), 0, memory_order_relaxed);
}
