/* Sets of records' ids, for searches: of one record a moment, of any number of ids the ids alone.
 */
#ifndef CG_MODEL_ID_SET_H
#define CG_MODEL_ID_SET_H

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

struct id {
	char text[ID_MAX_BYTES]; /* NUL behind, where it is shorter */
};
/* False when it cannot be one. */
bool id_make(struct id *id, struct span text);
/* For qsort and bsearch. */
int id_compare(const void *a, const void *b);

/* Begin with {0}; end with id_set_release. */
struct id_set {
	bool used; /* for who keeps several of them: this one is asked */
	struct id *items;
	size_t n, room;
};
/* Behind the others. */
cg_rc id_set_add(struct id_set *set, struct span text, struct cg_err *err) CG_MUST_USE;
/* Puts them in order, which they have to be in for id_set_has. */
void id_set_sort(struct id_set *set);
bool id_set_has(const struct id_set *set, struct span text);
void id_set_release(struct id_set *set);

#endif
