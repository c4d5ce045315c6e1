/* certgate user: the people who sign in to /admin. */
#include "base/base.h"
#include "model/user.h"
#include "records.h"
#include <gnutls/gnutls.h>
#include <sys/prctl.h>

static const struct record_kind users = {.entity = &user_entity};

/* --password-stdin: a command line is for everybody to see.  *out stays NULL without it. */
static cg_rc take_password(struct command *c, const char **out, struct cg_err *err)
{
	struct span text;
	*out = NULL;
	if (!command_take_flag(c, "--password-stdin"))
		return CG_OK;
	(void)prctl(PR_SET_DUMPABLE, 0);
	cg_rc rc = command_read_file(c, "-", &text, err);
	if (rc != CG_OK)
		return rc;
	/* The end of the line is none of it. */
	if (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	if (text.n > 0 && memchr(text.p, '\0', text.n))
		return cg_fail_field(err, "password", "has a NUL");
	*out = arena_copy(&c->arena, text);
	return *out ? CG_OK : cg_fail_memory(err);
}

static int create(struct command *c)
{
	struct cg_err err = {0};
	Cg__User *user;
	const char *password;
	char one_time[PASSWORD_TEXT + 1] = "";
	cg_rc rc = take_password(c, &password, &err);
	json_t *json = rc == CG_OK ? records_take(c, &users, &err) : NULL;
	if (!json)
		return command_fail(c, &err);
	if (!command_all_taken(c)) {
		json_decref(json);
		return EXIT_USAGE;
	}
	rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = user_create(c->store, &c->actor, NULL, json, password, &c->arena, &user,
				 one_time, &err);
	json_decref(json);
	if (rc != CG_OK)
		return command_fail(c, &err);
	json_t *told = record_to_json(user);
	if (told && !password)
		(void)json_object_set_new(told, "password", json_string(one_time));
	gnutls_memset(one_time, 0, sizeof(one_time));
	return command_print_done(c, told, user->id, NULL, &err);
}

static int set(struct command *c)
{
	struct cg_err err = {0};
	Cg__User *user;
	const char *password;
	cg_rc rc = take_password(c, &password, &err);
	json_t *patch = rc == CG_OK ? records_take(c, &users, &err) : NULL;
	if (!patch)
		return command_fail(c, &err);
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id || (json_object_size(patch) == 0 && !password)) {
		json_decref(patch);
		return EXIT_USAGE;
	}
	rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = user_patch(c->store, &c->actor, id, ENTITY_ANY_REVISION, patch, password,
				&c->arena, &user, &err);
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
		rc = user_reset(c->store, &c->actor, id, ENTITY_ANY_REVISION, &c->arena, &user,
				password, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	int status =
	    command_print(c, json_pack("{s:s, s:s}", "name", user->name, "password", password));
	gnutls_memset(password, 0, sizeof(password));
	return status;
}

int user_main(struct command *c)
{
	const char *verb = command_next(c);
	if (!verb)
		return EXIT_USAGE;
	if (strcmp(verb, "reset") == 0)
		return reset(c);
	return strcmp(verb, "set") == 0 ? set(c) : records_main(c, &users, verb, create);
}
