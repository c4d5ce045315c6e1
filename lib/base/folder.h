/* Folders of our own. */
#ifndef CG_BASE_FOLDER_H
#define CG_BASE_FOLDER_H

#include "base/base.h"
#include "base/error.h"

/* Makes a folder, mode 0700; one that is there is fine when it is empty.  CG_CLASH when it is not,
 * CG_UNAVAILABLE when it cannot be made, naming it. */
cg_rc folder_make(const char *path, struct cg_err *err) CG_MUST_USE;
/* Removes a folder with all that is in it; follows no links.  What cannot be removed stays. */
void folder_remove(const char *path);
/* Makes renames within a folder last through a loss of power. */
cg_rc folder_sync(const char *path, struct cg_err *err) CG_MUST_USE;

#endif
