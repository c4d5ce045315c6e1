#include "base/base.h"
#include "base/home.h"
#include "base/config.h"
#include <sys/stat.h>

static void join(char out[HOME_PATH_MAX], const char *dir, const char *name)
{
	(void)snprintf(out, HOME_PATH_MAX, "%.900s/%.60s", dir, name);
}
_Static_assert(HOME_DIR_MAX == 900, "as in the format");

cg_rc home_find(const char *dir, struct home *out, struct cg_err *err)
{
	struct home home;
	cg_rc rc = config_load(err);
	if (rc != CG_OK)
		return rc;
	if (!dir || !*dir)
		dir = getenv("CERTGATE_HOME");
	if (!dir || !*dir)
		dir = config_get(CONFIG_DATA_FOLDER);
	if (!dir || !*dir)
		return cg_fail(
		    err, CG_BAD_INPUT,
		    "No data folder is named: give --home DIR or set CERTGATE_HOME, or "
		    "write a line data_folder = \"DIR\" into the configuration file (%s).",
		    CG_CONFIG_FILE);
	char cwd[HOME_PATH_MAX] = "";
	if (dir[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return cg_fail(err, CG_BAD_INPUT,
			       "The current folder has no readable path; give "
			       "--home an absolute one.");
	int n = snprintf(home.dir, sizeof(home.dir), "%s%s%s", cwd, *cwd ? "/" : "", dir);
	if (n < 0 || n > HOME_DIR_MAX)
		return cg_fail(err, CG_BAD_INPUT, "The data folder's path is longer than %d bytes.",
			       HOME_DIR_MAX);
	while (n > 1 && home.dir[n - 1] == '/')
		home.dir[--n] = '\0';
	join(home.db, home.dir, "db");
	join(home.run, home.dir, "run");
	join(home.keys, home.dir, "keys");
	*out = home;
	return CG_OK;
}

cg_rc home_check(const struct home *home, struct cg_err *err)
{
	const char *folders[] = {home->dir, home->db, home->run, home->keys};
	(void)umask(077);
	for (size_t i = 0; i < CG_COUNT(folders); i++) {
		struct stat st;
		if (stat(folders[i], &st) != 0) {
			int cause = errno;
			return cg_fail(err, CG_UNAVAILABLE,
				       "The data folder %s cannot be used: %s.%s", folders[i],
				       strerror(cause),
				       cause == ENOENT ? " Run `certgate init` first." : "");
		}
		if (!S_ISDIR(st.st_mode))
			return cg_fail(err, CG_UNAVAILABLE, "%s is not a folder.", folders[i]);
		if (st.st_uid != geteuid())
			return cg_fail(err, CG_UNAVAILABLE,
				       "The data folder %s belongs to another user (uid %lu, this "
				       "program runs as %lu): run it as that user or as root, or "
				       "name your own with --home.",
				       folders[i], (unsigned long)st.st_uid,
				       (unsigned long)geteuid());
		if ((st.st_mode & 077) != 0)
			return cg_fail(err, CG_UNAVAILABLE,
				       "The data folder %s is open to other users (mode %03o): run "
				       "`chmod 700 %s`.",
				       folders[i], (unsigned)st.st_mode & 0777, folders[i]);
	}
	return CG_OK;
}
