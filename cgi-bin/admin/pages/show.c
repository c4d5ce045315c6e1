#include "base/base.h"
#include "base/buf.h"
#include "show.h"
#include "model/organisation.h"

const char *show_role(Cg__Role role)
{
	static const char *const words[] = {"Viewer", "Administrator", "Owner"};
	return words[role];
}

void show_add_roles(json_t *values)
{
	const char *text = json_string_value(json_object_get(values, "role"));
	const char *role = text && *text ? text : "viewer";
	json_t *more =
	    json_pack("{s:b, s:b, s:b}", "is_viewer", strcmp(role, "viewer") == 0, "is_admin",
		      strcmp(role, "admin") == 0, "is_owner", strcmp(role, "owner") == 0);
	(void)json_object_update_new(values, more);
}

cg_rc show_read_certificate(struct page_call *call, enum cert_kind kind, struct cert_reading *out,
			    struct cg_err *err)
{
	struct span text = span_trim(web_form_get(&call->form, "certificate"));
	struct span file = web_form_get(&call->form, "upload");
	struct cert_exposed exposed;
	struct cg_err why = {0};
	if (text.n == 0 && file.n == 0)
		return CG_NOT_FOUND;
	if (text.n > 0 && file.n > 0) {
		(void)cg_fail_field(err, "certificate",
				    "came twice, as text and as a file: give one of them");
		return CG_BAD_VALUE;
	}
	cg_rc rc =
	    cert_read(file.n > 0 ? file : text, file.n > 0 ? CERT_WAY_ADMIN_FILE : CERT_WAY_ADMIN,
		      kind, call->now_unix_s, call->arena, out, &exposed, &why);
	if (rc == CG_OK)
		return CG_OK;
	(void)cg_fail_field(err, "certificate", "%s", why.text);
	if (rc == CG_UNAVAILABLE)
		(void)cg_fail(err, rc, "%s", why.text);
	return rc;
}

bool show_certificate_fault(cg_rc rc, struct cg_err *err)
{
	if (rc == CG_CLASH && !entity_made_already(rc, err))
		page_fault_at(err, "certificate");
	return rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH || rc == CG_TOO_BIG;
}

const char *show_organisation_field(struct page_call *call, const char *id)
{
	struct store *store = call->program->store;
	Cg__Organisation *o, *named;
	if (!id)
		return "";
	if (entity_get(store, &organisation_entity, id, call->arena, &o, NULL) != CG_OK)
		return id;
	bool leads_back =
	    entity_get(store, &organisation_entity, o->name, call->arena, &named, NULL) == CG_OK &&
	    strcmp(named->id, o->id) == 0;
	return leads_back ? o->name : o->id;
}
