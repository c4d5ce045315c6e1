#include "base/base.h"
#include "model/audit.h"
#include "base/text.h"
#include "rest.h"

void audit_get(void *arg)
{
	struct rest_call *call = arg;
	struct rest_page page;
	struct audit_page found;
	struct cg_err err = {0};
	uint64_t below = 0;
	cg_rc rc = rest_read_page(call, &page, &err);
	/* The cursor is the number below which to go on. */
	if (rc == CG_OK && page.cursor.n > 0 &&
	    (!number_parse(page.cursor, INT64_MAX, &below) || below == 0))
		rc = cg_fail_field(&err, "cursor", "is not one that a list gave");
	if (rc == CG_OK)
		rc = audit_list(call->admin->store, &call->actor, below, page.limit, page.q,
				call->arena, &found, &err);
	if (rc != CG_OK) {
		rest_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < found.n; i++)
		(void)json_array_append_new(items, record_to_json(found.items[i]));
	rest_send_page(call, items,
		       found.next > 0 ? arena_printf(call->arena, "%" PRIu64, found.next) : NULL);
}
