/* Records as values of templates, for more than one page. */
#ifndef CG_UI_SHOW_H
#define CG_UI_SHOW_H

#include "model/key.h"
#include "ui/pages.h"

#define PAGE_APIS_MAX 500 /* of a form's check boxes */

/* All APIs, by name, at most PAGE_APIS_MAX. */
struct all_apis {
	Cg__Api **items;
	size_t n;
};
cg_rc show_load_apis(struct page_call *call, struct all_apis *out, struct cg_err *err) CG_MUST_USE;
/* The name of one of them; its id when it is not there. */
const char *show_api_name(const struct all_apis *apis, const char *id);

/* One line of a list of keys: name, credential, access, badge, valid until. */
cg_rc show_key(struct page_call *call, const Cg__Key *key, const struct all_apis *apis,
	       json_t **out, struct cg_err *err) CG_MUST_USE;
/* One credential of a key: type, subject, digest, badge, times. */
cg_rc show_credential(struct page_call *call, const Cg__Credential *credential, json_t **out,
		      struct cg_err *err) CG_MUST_USE;
/* What a certificate says: subject, issuer, names, dates, key, digest. */
json_t *show_certificate(struct page_call *call, const Cg__Certificate *certificate);
/* "3 a second", "50,000 a month"; JSON's null for NULL. */
json_t *show_rate(const Cg__Rate *rate);
json_t *show_quota(const Cg__Quota *quota);
/* "in 9 days" as a badge of a certificate's end. */
json_t *show_validity(const struct page_call *call, int64_t not_before, int64_t not_after);

/* "CN=billing,O=Aster" -> "billing"; what has no CN is shown whole. */
struct span show_common_name(const char *subject);
/* Whether it lets anybody in now. */
bool show_counts_now(const struct page_call *call, const Cg__Credential *credential);

#endif
