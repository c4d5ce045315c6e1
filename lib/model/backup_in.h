/* What backup.c and restore.c share.  Private to model/. */
#ifndef CG_MODEL_BACKUP_IN_H
#define CG_MODEL_BACKUP_IN_H

#include "model/backup.h"

/* The path of one of a backup's files.  CG_BAD_INPUT where the folder's own is too long. */
cg_rc backup_path(const char *folder, const char *name, char out[HOME_PATH_MAX],
		  struct cg_err *err) CG_MUST_USE;
/* The caller owns *out, NULL after an error. */
cg_rc backup_read_json(const char *folder, const char *name, json_t **out,
		       struct cg_err *err) CG_MUST_USE;
/* Opens the keys of a backup and writes them to the keys folder of `to`. */
cg_rc backup_unseal_keys(const char *from, struct span passphrase, const struct home *to,
			 struct cg_err *err) CG_MUST_USE;

#endif
