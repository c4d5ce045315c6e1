#include "base/base.h"
#include "base/first.h"

bool first_begin(struct first *f, size_t wanted, size_t size,
		 int (*compare)(const void *a, const void *b), struct arena *arena)
{
	*f = (struct first){.items = arena_alloc(arena, 2 * wanted * size),
			    .wanted = wanted,
			    .size = size,
			    .compare = compare};
	return f->items != NULL;
}

void first_add(struct first *f, const void *item)
{
	if (f->n == 2 * f->wanted)
		first_end(f);
	memcpy((char *)f->items + f->n++ * f->size, item, f->size);
	f->seen++;
}

void first_end(struct first *f)
{
	qsort(f->items, f->n, f->size, f->compare);
	f->n = f->n < f->wanted ? f->n : f->wanted;
}
