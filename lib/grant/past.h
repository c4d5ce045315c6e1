/* Records as they were at a time, from the audit: each entry holds the members that it set. */
#ifndef CG_GRANT_PAST_H
#define CG_GRANT_PAST_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "record/record.h"
#include "store/store.h"

/* What the audit says of one subject up to a time, that second included. */
struct past {
	bool made;	  /* its creation is in the audit, and so is all of it */
	int64_t made_at;  /* when, Unix time */
	bool made_later;  /* its creation is, after that time */
	bool gone;	  /* it had been removed */
	bool touched;	  /* there is an entry after that time */
	const char *name; /* when it was last told of; NULL: never */
	json_t *members;  /* what clients set, by name */
	/* Of a key: what was told of each credential, by SHA-256 in hex: the members of its record
	 * that are known, "added": the number of the entry, "revoked": true. */
	json_t *credentials;
	/* Who last gave what it may do; NULL: nobody knows. */
	const char *approved_by, *approver_id;
	int64_t approved_at;
};

/* Everything but the JSON is in the arena. */
cg_rc past_read(struct store *store, const char *id, int64_t at_unix_s, struct arena *arena,
		struct past *out, struct cg_err *err) CG_MUST_USE;
void past_release(struct past *past);
/* The record that the members are; CG_BAD_VALUE and the like when they are none of this version. */
cg_rc past_record(const struct past *past, const ProtobufCMessageDescriptor *type,
		  struct arena *arena, void *out_message, struct cg_err *err) CG_MUST_USE;
/* When an action was last done, 0: never. */
cg_rc past_last(struct store *store, const char *action, int64_t *out,
		struct cg_err *err) CG_MUST_USE;

#endif
