#include "base/base.h"
#include "base/buf.h"
#include "show.h"
#include "model/organisation.h"

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
