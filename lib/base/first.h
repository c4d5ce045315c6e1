/* The first few, in some order, of any number: in memory of twice as many, of which half go
 * whenever it is full. */
#ifndef CG_BASE_FIRST_H
#define CG_BASE_FIRST_H

#include "base/arena.h"
#include "base/base.h"

struct first {
	void *items; /* after first_end in order */
	size_t n;    /* of them; after first_end at most `wanted` */
	size_t seen; /* how many were added */
	size_t wanted, size;
	int (*compare)(const void *a, const void *b); /* as for qsort */
};

/* For `wanted` (at least 1) items of `size` bytes, in the arena.  False without memory. */
bool first_begin(struct first *f, size_t wanted, size_t size,
		 int (*compare)(const void *a, const void *b), struct arena *arena) CG_MUST_USE;
void first_add(struct first *f, const void *item);
/* Leaves the first ones alone. */
void first_end(struct first *f);

#endif
