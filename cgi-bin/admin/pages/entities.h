/* What forms of records share that are an entity of the model. */
#ifndef CG_ADMIN_PAGES_ENTITIES_H
#define CG_ADMIN_PAGES_ENTITIES_H

#include "pages.h"
#include "model/entity.h"

/* The record with this id; false: answered with why there is none. */
bool page_entity_get(struct page_call *call, const struct entity *e, const char *id,
		     void *out_message);
/* Makes one of `record`, which is taken, and sends the browser to its page below `base`; to the one
 * of before when the form was sent twice.  Else what came of it, and nothing is answered. */
cg_rc page_entity_create(struct page_call *call, const struct entity *e, const char *base,
			 json_t *record, struct cg_err *err) CG_MUST_USE;
/* Whether it is a fault of the form, to be shown there; that of a name or an address that is taken
 * at its field. */
bool page_entity_fault(cg_rc rc, struct cg_err *err);
/* What the form's field "revision" says: as of when it has the record; 0 where it says nothing. */
uint64_t page_revision(struct page_call *call);
/* Changes the one that the form had as of that revision.  `patch` is taken. */
cg_rc page_entity_change(struct page_call *call, const struct entity *e, const char *id,
			 json_t *patch, void *out_message, struct cg_err *err) CG_MUST_USE;
/* Removes the page's likewise; CG_OK also when it is gone already, as was wished. */
cg_rc page_entity_remove(struct page_call *call, const struct entity *e,
			 struct cg_err *err) CG_MUST_USE;
/* Why the form comes back, into its values: what somebody else has changed meanwhile (CG_STALE), or
 * the fields' faults.  `theirs`, which is taken: the values of the record as it is. */
void page_add_refusal(json_t *values, json_t *theirs, cg_rc rc, const struct cg_err *err);

#endif
