/* Records as values of templates, for more than one page. */
#ifndef CG_UI_SHOW_H
#define CG_UI_SHOW_H

#include "model/key.h"
#include "ui/pages.h"

/* An API by its id, read once for a page; NULL when it is gone, or cannot be read now. */
const Cg__Api *show_api(struct page_call *call, const char *id);
/* Its name; where there is none its id. */
const char *show_api_name(struct page_call *call, const char *id);
/* The names of the APIs of access entries: the first `most`, and how many more there are. */
json_t *show_access(struct page_call *call, Cg__Access *const *items, size_t n, size_t most);
/* The APIs of access entries that are there, each once, by name; in the call's arena. */
struct shown_apis {
	const Cg__Api **items;
	size_t n;
};
cg_rc show_apis(struct page_call *call, Cg__Access *const *items, size_t n, struct shown_apis *out,
		struct cg_err *err) CG_MUST_USE;

/* One line of a list of keys: name, credential, access, badge, valid until. */
cg_rc show_key(struct page_call *call, const Cg__Key *key, json_t **out,
	       struct cg_err *err) CG_MUST_USE;
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
