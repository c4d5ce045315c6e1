/* certgate token: tokens for the REST interface. */
#include "base/base.h"
#include "model/user.h"
#include "records.h"
#include <gnutls/gnutls.h>

static const struct record_kind tokens = {.entity = &token_entity};

static int create(struct command *c)
{
	struct cg_err err = {0};
	Cg__RestToken *made;
	char token[TOKEN_TEXT + 1] = "";
	const char *owner = command_take(c, "--owner");
	json_t *json = records_take(c, &tokens, &err);
	if (!json)
		return command_fail(c, &err);
	if (!command_all_taken(c)) {
		json_decref(json);
		return EXIT_USAGE;
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = token_create(c->store, &c->actor, NULL, owner ? owner : "admin", json, NULL,
				  &c->arena, &made, token, &err);
	json_decref(json);
	if (rc != CG_OK)
		return command_fail(c, &err);
	int status = command_print_done(c, record_to_json(made), made->id, token, &err);
	gnutls_memset(token, 0, sizeof(token));
	return status;
}

int token_main(struct command *c)
{
	const char *verb = command_next(c);
	return verb ? records_main(c, &tokens, verb, create) : EXIT_USAGE;
}
