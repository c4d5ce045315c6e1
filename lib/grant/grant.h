/* What is known of an API and of a credential, read from the store in one go each; and which API a
 * request belongs to. */
#ifndef CG_GRANT_GRANT_H
#define CG_GRANT_GRANT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/url.h"
#include "grant/effective.h"
#include "live/limits.h"
#include "model/organisation.h"
#include "record/record.h"
#include "store/store.h"

/* The names of a key's counters at one API (limits_name). */
struct access_counters {
	struct sha256 separate; /* in place of the key's own, where the entry says so */
	struct sha256 entry;	/* of the entry's own limits */
};

/* A credential, the key it opens, and what that may do. */
struct grant {
	const Cg__Credential *credential;
	const Cg__Key *key;	   /* not active either where `off` says why */
	enum organisation_off off; /* of a key that is itself switched on */
	struct effective effective;
	struct sha256 counters;			       /* the name of the key's */
	const struct access_counters *access_counters; /* one for each of effective.access */
};

struct route {
	const Cg__Api *api;
	/* target_url and target_urls; those that cannot be read, by this version's rules, are left
	 * out. */
	const struct url *targets;
	size_t n_targets;
	struct sha256 counters; /* the name of the API's (limits_name) */
};

/* The names are made with a grant and a route, so that no request has to; these are for whoever
 * puts one together by hand, with all else in it.  Those of the entries are in the arena. */
cg_rc grant_name_counters(struct grant *g, struct arena *arena, struct cg_err *err) CG_MUST_USE;
cg_rc route_name_counters(struct route *route, struct cg_err *err) CG_MUST_USE;

/* All APIs, the longest listen path first. */
struct routes {
	struct route *items;
	size_t n;
};

/* Everything in the arena.  An API that cannot be read fails the whole: half a table would send
 * requests to a shorter path's API. */
cg_rc routes_load(struct store *store, struct arena *arena, struct routes *out,
		  struct cg_err *err) CG_MUST_USE;
/* The API with the longest listen path that covers `path` by whole segments, among those of `site`
 * (APIs without sites belong to all); NULL when none does. */
const struct route *routes_find(const struct routes *routes, struct span site, struct span path);
/* Whether an upstream that decodes escapes of plain letters, drops ";…" or merges slashes would
 * read the path as one of another API: then it could be used to get around that API's demands.
 * Without memory: true. */
bool routes_are_ambiguous(const struct routes *routes, struct span site, struct span path,
			  const struct route *found, struct arena *arena);
/* What follows the listen path, from its last slash on; "/" for the listen path itself. */
struct span route_rest(const struct route *route, struct span path);

/* The credential with this digest, and its key.  *out is NULL when nobody has it. */
cg_rc grant_load(struct store *store, const struct sha256 *digest, struct arena *arena,
		 const struct grant **out, struct cg_err *err) CG_MUST_USE;
/* What a key may do, by id or name, with its policies that are there, whether active or not. */
struct key_grant {
	const Cg__Key *key; /* as in a grant */
	enum organisation_off off;
	Cg__Policy *const *policies;
	size_t n_policies;
	struct effective effective;
};
cg_rc grant_load_key(struct store *store, const char *id_or_name, struct arena *arena,
		     struct key_grant *out, struct cg_err *err) CG_MUST_USE;

#endif
