/* certgate steward: the housekeeping once, for cron where only plain CGI is to be had. */
#include "base/base.h"
#include "command.h"

int steward_main(struct command *c)
{
	struct cg_err err = {0};
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = store_checkpoint(c->store, &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}
