/* The part of a form that gives access to APIs and sets limits: of keys and of policies.  Its
 * fields: access (an API's id, several), methods, paths, rate.limit, rate.per_seconds, quota.limit,
 * quota.period, tags. */
#ifndef CG_ADMIN_PAGES_RIGHTS_H
#define CG_ADMIN_PAGES_RIGHTS_H

#include "show.h"

/* What a record has; a NULL pointer to one: nothing, and the form says what is ticked. */
struct rights_access {
	Cg__Access *const *items;
	size_t n;
};

/* Whether the form has the field `name` with this value. */
bool rights_form_says(struct page_call *call, const char *name, const char *value);

/* Values of the template: "apis", the first LIST_LIMIT_MAX of them by name and those ticked, and
 * "more_apis", whether there are others; "spans" and "periods" with those chosen. */
cg_rc rights_add_apis(struct page_call *call, json_t *values, const struct rights_access *of,
		      struct cg_err *err) CG_MUST_USE;
void rights_add_units(json_t *values, uint64_t per_seconds, unsigned period);
/* The period of a quota with that name; a month for what is none (NULL). */
unsigned rights_period(const char *name);
/* A limit's number as text, "" for none. */
json_t *rights_optional_number(bool has, uint64_t n);

/* What was typed.  Access entries of the ticked APIs: those that the record has stay as they are.
 */
json_t *rights_typed_access(struct page_call *call, const struct rights_access *of);
json_t *rights_typed_rate(struct page_call *call);
json_t *rights_typed_quota(struct page_call *call);
uint64_t rights_typed_span(struct page_call *call);
unsigned rights_typed_period(struct page_call *call);

#endif
