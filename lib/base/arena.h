/* Memory with one lifetime: a request's, a command's.  Nothing in it is freed on its own. */
#ifndef CG_BASE_ARENA_H
#define CG_BASE_ARENA_H

#include "base/base.h"
#include "base/span.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used_bytes;	    /* over all blocks */
	size_t max_bytes;
	bool failed; /* an allocation did not fit or the host had no memory; sticky until clear */
};

/* An empty arena that never holds more than max_bytes. */
void arena_init(struct arena *a, size_t max_bytes);
/* Frees everything and wipes it first: secrets pass through arenas. */
void arena_release(struct arena *a);
/* Wipes everything, and is ready for use again with the same ceiling; of the memory a block of the
 * usual size is kept. */
void arena_clear(struct arena *a);

/* size zeroed bytes, aligned for any type; NULL (and a->failed) when they are not to be had. */
void *arena_alloc(struct arena *a, size_t size) CG_MUST_USE;
/* Makes room for one more in an array of the arena that has `n` entries of `size` bytes, and room
 * for *room (0: there is none yet, and items is not looked at).  The array, moved if need be; NULL
 * as arena_alloc, and the array is as it was. */
void *arena_grow(struct arena *a, void *items, size_t n, size_t *room, size_t size) CG_MUST_USE;
/* Copies; the result ends in a NUL that is not counted.  NULL as arena_alloc. */
char *arena_copy(struct arena *a, struct span bytes) CG_MUST_USE;
char *arena_strdup(struct arena *a, const char *s) CG_MUST_USE;
/* The n parts after one another; ends in a NUL as arena_copy. */
char *arena_join(struct arena *a, const struct span *parts, size_t n) CG_MUST_USE;
char *arena_printf(struct arena *a, const char *fmt, ...) CG_MUST_USE CG_PRINTF(2, 3);

#endif
