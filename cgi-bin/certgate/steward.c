/* certgate steward: the housekeeping once, for cron where only plain CGI is to be had. */
#include "base/base.h"
#include "base/clock.h"
#include "command.h"
#include "model/steward.h"
#include "usage/housekeeping.h"

/* A turn of another process, with an hour to be put together. */
#define WAIT_MS 10000

int steward_main(struct command *c)
{
	struct cg_err err = {0};
	struct housekeeping h = {.store = NULL};
	int steward = -1;
	size_t sent;
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	h.store = c->store;
	if (rc == CG_OK &&
	    (steward = steward_begin(store_home(c->store), STEWARD_STORE, WAIT_MS)) < 0)
		rc = cg_fail(&err, CG_UNAVAILABLE,
			     "Another process is at the housekeeping: this one is not needed.");
	if (rc == CG_OK)
		rc = limits_open(store_home(c->store), NULL, NULL, &h.limits, &err);
	if (rc == CG_OK)
		rc = usage_open(store_home(c->store), &h.usage, &err);
	if (rc == CG_OK)
		rc = housekeeping_all(&h, clock_unix_s(), &err);
	usage_close(&h.usage);
	limits_close(&h.limits);
	steward_end(steward);
	if (rc == CG_OK)
		rc = mail_all(c, false, &sent, &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}
