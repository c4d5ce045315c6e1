/* The settings of a host: a small file that root alone writes.
 *
 * Lines are NAME = "VALUE", comments begin with "#".  The file is the one that CERTGATE_CONFIG
 * names in the environment (empty: none), else CG_CONFIG_FILE, which may be missing.  A setting has
 * a variable of the environment, too, which goes before the file's line. */
#ifndef CG_BASE_CONFIG_H
#define CG_BASE_CONFIG_H

#include "base/base.h"
#include "base/error.h"

enum config_key {
	CONFIG_DATA_FOLDER, /* its variable is CERTGATE_HOME (base/home.h) */
	CONFIG_UPSTREAM_ALLOW,
	CONFIG_UPSTREAM_DENY,
	CONFIG_NAT64_PREFIXES,
	CONFIG_METRICS_ALLOW,
	CONFIG_ACCESS_LOG,
	CONFIG_USAGE_KEEP,
	CONFIG_GATE_SCHEDULING,
	CONFIG_MAIL_COMMAND,
	CONFIG_MAIL_FOLDER,
	CONFIG_KEYS,
};

/* Reads file and environment, once; before threads are started.  CG_BAD_INPUT for a file that
 * cannot be read, that others than root and this process's user may write, for a line that is not
 * understood and for a value that means nothing: with file, line and what to do. */
cg_rc config_load(struct cg_err *err) CG_MUST_USE;
/* The value, of the form that its setting has; NULL: not set (also before config_load). */
const char *config_get(enum config_key key);
/* The file that was read; "" for none. */
const char *config_file(void);

/* "2,60,731": the days that minutes, hours and days of usage are kept; each at least one and as
 * many as those before it.  False for anything else. */
bool config_days_parse(const char *text, uint64_t days[3]) CG_MUST_USE;

#endif
