/* Where a certgate keeps its things: the data folder. */
#ifndef CG_BASE_HOME_H
#define CG_BASE_HOME_H

#include "base/base.h"
#include "base/error.h"

/* Bytes of the data folder's own path; and with a NUL of one of anything in it. */
#define HOME_DIR_MAX  900
#define HOME_PATH_MAX 1024

/* Absolute paths, no slash at the end. */
struct home {
	char dir[HOME_PATH_MAX];  /* the data folder, 0700 */
	char db[HOME_PATH_MAX];	  /* databases and their logs */
	char run[HOME_PATH_MAX];  /* regions, locks and mapped files; best on a tmpfs */
	char keys[HOME_PATH_MAX]; /* sealing key, digest of the web server's proof */
};

/* Fills the paths from `dir` (NULL: CERTGATE_HOME from the environment, else the
 * configuration file, which is read here).  CG_BAD_INPUT with a sentence when none of them names a
 * folder, its path is longer than HOME_DIR_MAX, or the configuration is faulty. */
cg_rc home_find(const char *dir, struct home *out, struct cg_err *err) CG_MUST_USE;
/* Refuses folders that are missing, belong to somebody else or are open to others (mode 0700), and
 * sets the umask for everything the program makes.  CG_UNAVAILABLE, naming the folder and what to
 * do. */
cg_rc home_check(const struct home *home, struct cg_err *err) CG_MUST_USE;

#endif
