/* certgate user: the people who sign in to /admin. */
#include "base/base.h"
#include "model/user.h"
#include "records.h"
#include <gnutls/gnutls.h>

static const struct record_kind users = {.entity = &user_entity};

/* The way back for those whom a restore holds: nobody could sign in to let them in. */
static int set_held(struct command *c)
{
	struct cg_err err = {0};
	Cg__User *user;
	const char *held = command_take(c, "--held"), *id = command_next(c);
	bool on = held && strcmp(held, "true") == 0;
	if (!command_all_taken(c) || !id || !held || (!on && strcmp(held, "false") != 0))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	json_t *patch = json_pack("{s:b}", "held", on);
	if (rc == CG_OK)
		rc = entity_change(c->store, &user_entity, &c->actor, id, ENTITY_ANY_REVISION,
				   patch, &c->arena, &user, &err);
	json_decref(patch);
	return rc == CG_OK ? records_print_done(c, &users, user) : command_fail(c, &err);
}

/* The way back for who has forgotten the password. */
static int reset(struct command *c)
{
	struct cg_err err = {0};
	Cg__User *user;
	char password[PASSWORD_TEXT + 1] = "";
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = user_reset(c->store, &c->actor, id, &c->arena, &user, password, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	int status =
	    command_print(c, json_pack("{s:s, s:s}", "name", user->name, "password", password));
	gnutls_memset(password, 0, sizeof(password));
	return status;
}

static int create(struct command *c)
{
	(void)c;
	return EXIT_USAGE;
}

int user_main(struct command *c)
{
	const char *verb = command_next(c);
	if (!verb || strcmp(verb, "delete") == 0)
		return EXIT_USAGE;
	if (strcmp(verb, "reset") == 0)
		return reset(c);
	return strcmp(verb, "set") == 0 ? set_held(c) : records_main(c, &users, verb, create);
}
