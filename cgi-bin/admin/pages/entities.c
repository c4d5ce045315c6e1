#include "base/base.h"
#include "entities.h"

uint64_t page_revision(struct page_call *call)
{
	json_t *revision = page_typed_number(call, "revision");
	uint64_t out = (uint64_t)json_integer_value(revision);
	json_decref(revision);
	return out;
}

bool page_entity_get(struct page_call *call, const struct entity *e, const char *id,
		     void *out_message)
{
	struct cg_err err = {0};
	cg_rc rc = entity_get(call->program->store, e, id, call->arena, out_message, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	return rc == CG_OK;
}

cg_rc page_entity_create(struct page_call *call, const struct entity *e, const char *base,
			 json_t *record, struct cg_err *err)
{
	const char *once = page_once(call);
	struct entity_head *made;
	cg_rc rc = entity_create_as(call->program->store, e, &call->actor, once, record,
				    call->arena, &made, err);
	json_decref(record);
	bool again = entity_made_already(rc, err);
	if (rc != CG_OK && !again)
		return rc;
	page_redirect(
	    call, arena_printf(call->arena, "%s/%s?done=created", base, again ? once : made->id));
	return CG_OK;
}

bool page_entity_fault(cg_rc rc, struct cg_err *err)
{
	if (rc == CG_CLASH && err->code && strcmp(err->code, "name_in_use") == 0)
		page_fault_at(err, "name");
	if (rc == CG_CLASH && err->code && strcmp(err->code, "email_in_use") == 0)
		page_fault_at(err, "email");
	return rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH;
}

cg_rc page_entity_change(struct page_call *call, const struct entity *e, const char *id,
			 json_t *patch, void *out_message, struct cg_err *err)
{
	cg_rc rc = entity_change(call->program->store, e, &call->actor, id, page_revision(call),
				 patch, call->arena, out_message, err);
	json_decref(patch);
	return rc;
}

cg_rc page_entity_remove(struct page_call *call, const struct entity *e, struct cg_err *err)
{
	cg_rc rc = entity_remove(call->program->store, e, &call->actor, page_param(call, 0),
				 page_revision(call), call->arena, err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

void page_add_refusal(json_t *values, json_t *theirs, cg_rc rc, const struct cg_err *err)
{
	if (rc == CG_STALE) {
		json_t *stale = json_pack("{s:s, s:o}", "template", "admin/stale.tpl",
					  "differences", page_differences(values, theirs));
		(void)json_object_set_new(values, "stale", stale);
	} else {
		page_add_errors(values, err);
	}
	json_decref(theirs);
}
