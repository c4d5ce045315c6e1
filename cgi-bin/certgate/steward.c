/* certgate steward: the housekeeping once, for cron where only plain CGI is to be had. */
#include "base/base.h"
#include "base/clock.h"
#include "command.h"
#include "model/quota.h"

int steward_main(struct command *c)
{
	struct cg_err err = {0};
	struct limits *limits = NULL;
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = limits_open(store_home(c->store), NULL, NULL, &limits, &err);
	if (rc == CG_OK)
		rc = quota_save(c->store, limits, &err);
	limits_close(&limits);
	if (rc == CG_OK)
		rc = quota_sweep(c->store, clock_unix_s(), &err);
	if (rc == CG_OK)
		rc = store_checkpoint(c->store, &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}
