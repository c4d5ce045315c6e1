#include "base/base.h"
#include "show.h"

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
