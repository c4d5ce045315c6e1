/* The newest refused requests, for the person who asks why.
 *
 * They lie in a mapped file of the run folder that all gates and admins of a host share, in rings
 * of fixed size.  Writing one never waits, never fails and makes nothing longer; what a killed or
 * slow writer left half done is passed over by readers.  Rings are apart for requests of known
 * keys, for unknown certificates and for all else, and within these each key or address (IPv6: its
 * /64) has one of REFUSALS_SHARDS parts: whoever floods the gate pushes out his own and few
 * others'.
 *
 * A certificate that nobody registered is kept beside them while there is room, so that it can be
 * read and made into a key. */
#ifndef CG_USAGE_REFUSALS_H
#define CG_USAGE_REFUSALS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/home.h"
#include "base/span.h"
#include "record/record.h"

struct refusals;

/* The file “refusals” of the run folder, made when it is missing. */
cg_rc refusals_open(const struct home *home, struct refusals **out, struct cg_err *err) CG_MUST_USE;
void refusals_close(struct refusals **refusals);

/* Notes one.  Everything in *refusal is safe to show already, and no secret.  der (may be empty) is
 * the unknown certificate whose digest is refusal->sha256, from a handshake that proved its private
 * key.  From any thread; the arena is only worked in. */
void refusals_note(struct refusals *refusals, const Cg__Refusal *refusal, struct span der,
		   struct arena *arena);

/* What a list shows; an empty span or NULL: any. */
struct refusals_filter {
	struct span code, api_id, request_id;
	const struct sha256 *sha256; /* of a certificate or a token */
	struct span q;		     /* a part of code, path, address, API, key, method or site */
};
struct refusals_page {
	Cg__Refusal **items;
	size_t n;
	uint64_t next; /* the number below which to go on; 0: this was the last page */
};
/* A page, the newest first, of numbers below `below` (0: from the newest). */
cg_rc refusals_list(const struct refusals *refusals, const struct refusals_filter *filter,
		    uint64_t below, size_t limit, struct arena *arena, struct refusals_page *out,
		    struct cg_err *err) CG_MUST_USE;
/* The DER of an unknown certificate that is still there.  CG_NOT_FOUND, CG_UNAVAILABLE. */
cg_rc refusals_certificate(const struct refusals *refusals, const struct sha256 *sha256,
			   struct arena *arena, struct span *der, struct cg_err *err) CG_MUST_USE;

#endif
