#include "base/base.h"
#include "model/id_set.h"

bool id_make(struct id *id, struct span text)
{
	if (text.n == 0 || text.n > sizeof(id->text))
		return false;
	memset(id->text, 0, sizeof(id->text));
	memcpy(id->text, text.p, text.n);
	return true;
}

int id_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

cg_rc id_set_add(struct id_set *set, struct span text, struct cg_err *err)
{
	if (set->n == set->room) {
		size_t room = set->room ? 2 * set->room : 64;
		struct id *items = realloc(set->items, room * sizeof(*items));
		if (!items)
			return cg_fail_memory(err);
		set->items = items;
		set->room = room;
	}
	if (!id_make(&set->items[set->n], text))
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store holds a damaged id.");
	set->n++;
	return CG_OK;
}

void id_set_sort(struct id_set *set)
{
	if (set->n > 1)
		qsort(set->items, set->n, sizeof(*set->items), id_compare);
}

bool id_set_has(const struct id_set *set, struct span text)
{
	struct id id;
	return set->n > 0 && id_make(&id, text) &&
	       bsearch(&id, set->items, set->n, sizeof(id), id_compare);
}

void id_set_release(struct id_set *set)
{
	free(set->items);
	*set = (struct id_set){.items = NULL};
}
