/* Certificates that end soon and are still in use. */
#ifndef CG_MODEL_CERTIFICATE_DUE_H
#define CG_MODEL_CERTIFICATE_DUE_H

#include "base/arena.h"
#include "record/record.h"
#include "store/store.h"

struct certificate_due {
	const Cg__Certificate *certificate;
	const Cg__Key *key; /* whose credential it is; NULL: of kind ca or upstream */
};

struct certificates_due {
	struct certificate_due *items; /* the one that ends first comes first */
	size_t n;
	bool more; /* than were asked for */
};

/* At most `max` of those that end in [from, to): clients' that are credentials in force of a key
 * that is switched on, and all of CAs and upstreams.  Everything is in the arena. */
cg_rc certificate_list_due(struct store *store, int64_t from_unix_s, int64_t to_unix_s, size_t max,
			   struct arena *arena, struct certificates_due *out,
			   struct cg_err *err) CG_MUST_USE;

#endif
