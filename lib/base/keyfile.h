/* Secrets of this host in files of the keys folder: 256 random bits each, as hex. */
#ifndef CG_BASE_KEYFILE_H
#define CG_BASE_KEYFILE_H

#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/home.h"

#define KEYFILE_BYTES 32

/* Reads keys/NAME, making it with new random bytes when it is missing.  The caller wipes out.
 * CG_UNAVAILABLE when it cannot be read or made, or holds anything else. */
cg_rc keyfile_load(const struct home *home, const char *name, uint8_t out[KEYFILE_BYTES],
		   struct cg_err *err) CG_MUST_USE;
/* Reads keys/NAME.  CG_NOT_FOUND where there is none; else likewise. */
cg_rc keyfile_read(const struct home *home, const char *name, uint8_t out[KEYFILE_BYTES],
		   struct cg_err *err) CG_MUST_USE;
/* Puts keys/NAME in place in one step, whatever was there; on disk when CG_OK comes back. */
cg_rc keyfile_replace(const struct home *home, const char *name, const uint8_t bytes[KEYFILE_BYTES],
		      struct cg_err *err) CG_MUST_USE;
/* The path of a file of the keys folder. */
void keyfile_path(const struct home *home, const char *name, char out[HOME_PATH_MAX + 32]);

#endif
