/* What forms of certificates share. */
#ifndef CG_ADMIN_PAGES_SHOW_H
#define CG_ADMIN_PAGES_SHOW_H

#include "cert/cert.h"
#include "pages.h"
#include "ui/show.h"

/* The certificate that a form brings, pasted in "certificate" or uploaded in "upload".
 * CG_NOT_FOUND, err untouched, when it brings none; a refusal names the field. */
cg_rc show_read_certificate(struct page_call *call, enum cert_kind kind, struct cert_reading *out,
			    struct cg_err *err) CG_MUST_USE;

#endif
