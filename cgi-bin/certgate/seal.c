/* certgate seal: the key under which secrets that must be read back are sealed. */
#include "base/base.h"
#include "command.h"
#include "model/sealing.h"

int seal_main(struct command *c)
{
	struct cg_err err = {0};
	size_t n = 0;
	const char *verb = command_next(c);
	if (!verb || strcmp(verb, "rotate") != 0 || !command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = sealing_rotate(c->store, &c->actor, &n, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	return command_print(c, json_pack("{s:I}", "sealed_anew", (json_int_t)n));
}
