/* Folders of our own. */
#ifndef CG_BASE_FOLDER_H
#define CG_BASE_FOLDER_H

#include "base/base.h"
#include "base/error.h"

/* Makes a folder, mode 0700, its name on disk; one that is there is fine when it is empty. CG_CLASH
 * when it is not, CG_UNAVAILABLE when it cannot be made, naming it. */
cg_rc folder_make(const char *path, struct cg_err *err) CG_MUST_USE;
/* Removes a folder with all that is in it; follows no links.  What cannot be removed stays. */
void folder_remove(const char *path);
/* Makes the names in a folder last through a loss of power: fsync(2) of a file says nothing of its
 * name. */
cg_rc folder_sync(const char *path, struct cg_err *err) CG_MUST_USE;
/* Likewise the name at the end of `path`, in the folder that it lies in. */
cg_rc folder_sync_of(const char *path, struct cg_err *err) CG_MUST_USE;

#endif
