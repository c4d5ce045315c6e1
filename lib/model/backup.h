/* Backups: a copy of the store as it was at one moment, checked; and going back to one. */
#ifndef CG_MODEL_BACKUP_H
#define CG_MODEL_BACKUP_H

#include "model/actor.h"
#include "model/verify.h"

/* Makes the folder `to`, which must be empty or missing (*made), for backup_make. */
cg_rc backup_begin(const char *to, bool *made, struct cg_err *err) CG_MUST_USE;
/* Copies the running store into it, and checks the copy.  The keys (seal.key, audit.key) are left
 * out; with a passphrase they come along, sealed under it.  The file backup.json is written last:
 * without it a folder is no backup.  CG_BAD_VALUE, with the report, when the copy is not whole. */
cg_rc backup_make(struct store *store, const char *to, struct span passphrase,
		  struct verify_report *report, struct cg_err *err) CG_MUST_USE;
/* Takes away what a backup that failed or was killed has left of itself, its folder if it was made;
 * one that is whole stays. */
void backup_tidy(const char *to, bool made);

/* What going back to a backup would do. */
struct restore_plan {
	struct verify_report backup;
	uint64_t lost;	 /* audit entries, so changes, of the store that is there now */
	bool hold;	 /* revoked.log cannot tell what was revoked since: everybody is held */
	bool other_host; /* the audit was written with another host's key */
	size_t revoked;	 /* lines of revoked.log that will be applied */
	char why_hold[256];
};
/* Looks at both; changes nothing. CG_BAD_VALUE when the backup is not whole, CG_CLASH while the
 * data folder is in use. */
cg_rc restore_plan(const struct home *home, const char *from, struct span passphrase,
		   struct restore_plan *out, struct cg_err *err) CG_MUST_USE;
/* Does it.  The databases that were there are kept beside (`kept`, HOME_PATH_MAX bytes, gets the
 * path).  A kill at any moment leaves the old store or, once whoever opens it next has called
 * restore_finish, the new one. */
cg_rc restore_run(const struct home *home, const struct actor *actor, const char *from,
		  struct span passphrase, char kept[HOME_PATH_MAX], struct restore_plan *out,
		  struct cg_err *err) CG_MUST_USE;
/* Finishes, or clears away, what a restore left that was killed.  For whoever has the data folder
 * open or claimed, so that no restore is under way. */
cg_rc restore_finish(const struct home *home, struct cg_err *err) CG_MUST_USE;

#endif
