/* What the pages of a key share. */
#ifndef CG_PORTAL_KEYS_H
#define CG_PORTAL_KEYS_H

#include "show.h"

/* The key of the own organisation that the link names; false after having answered. */
bool key_of_call(struct page_call *call, Cg__Key **out);
/* All values of the key's page, a new reference. */
cg_rc key_page_values(struct page_call *call, const Cg__Key *key, json_t **out,
		      struct cg_err *err) CG_MUST_USE;

#endif
