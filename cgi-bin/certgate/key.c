#include "base/base.h"
#include "base/hash.h"
#include "model/key.h"
#include "model/key_list.h"
#include "records.h"
#include <gnutls/gnutls.h>

/* A record with its credentials. */
static json_t *key_json(struct command *c, const void *message, struct arena *arena,
			struct cg_err *err)
{
	const Cg__Key *key = message;
	struct credentials list;
	if (credential_list(c->store, key->id, arena, &list, err) != CG_OK)
		return NULL;
	json_t *json = record_to_json(key), *items = json_array();
	for (size_t i = 0; i < list.n; i++)
		(void)json_array_append_new(items, record_to_json(list.items[i]));
	(void)json_object_set_new(json, "credentials", items);
	return json;
}

static cg_rc list_keys(struct store *store, struct span cursor, size_t limit, struct span q,
		       struct arena *arena, struct entity_page *out, struct cg_err *err)
{
	struct key_query query = {.q = q};
	struct key_page page;
	cg_rc rc = key_list(store, cursor, limit, &query, arena, &page, err);
	if (rc == CG_OK)
		*out = page.found;
	return rc;
}

static const struct record_kind keys = {
    .entity = &key_entity, .take = records_take_apis, .show = key_json, .list = list_keys};

/* --cert FILE, as the caller may read it. */
static cg_rc take_cert(struct command *c, bool *given, struct cert_reading *out, struct cg_err *err)
{
	const char *path = command_take(c, "--cert");
	*given = path != NULL;
	return path ? command_read_cert(c, path, CERT_KIND_CLIENT, out, err) : CG_OK;
}

static int create(struct command *c)
{
	struct cg_err err = {0};
	struct cert_reading reading;
	bool cert;
	char token[TOKEN_TEXT + 1] = "";
	Cg__Key *key;
	cg_rc rc = take_cert(c, &cert, &reading, &err);
	json_t *json = rc == CG_OK ? records_take(c, &keys, &err) : NULL;
	if (!json)
		return command_fail(c, &err);
	struct key_new what = {.key = json,
			       .cert = cert ? &reading.leaf : NULL,
			       .token = command_take_flag(c, "--token")};
	if (!command_all_taken(c)) {
		json_decref(json);
		return EXIT_USAGE;
	}
	rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = key_create(c->store, &c->actor, &what, &c->arena, &key, token, &err);
	json_decref(json);
	if (rc != CG_OK)
		return command_fail(c, &err);
	if (cert)
		command_tell_notices(&reading);
	json_t *told = key_json(c, key, &c->arena, &err);
	int status = command_print_done(c, told, key->id, what.token ? token : NULL, &err);
	gnutls_memset(token, 0, sizeof(token));
	return status;
}

static int add(struct command *c)
{
	struct cg_err err = {0};
	struct cert_reading reading;
	bool cert;
	char token[TOKEN_TEXT + 1] = "";
	Cg__Credential *credential;
	if (take_cert(c, &cert, &reading, &err) != CG_OK)
		return command_fail(c, &err);
	bool wants_token = command_take_flag(c, "--token");
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id || cert == wants_token)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = credential_add(c->store, &c->actor, id, cert ? &reading.leaf : NULL,
				    CREDENTIALS_ANY, &c->arena, &credential, token, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	if (cert)
		command_tell_notices(&reading);
	char hex[SHA256_HEX + 1] = "";
	if (credential->sha256.len == SHA256_BYTES)
		hex_format(credential->sha256.data, SHA256_BYTES, hex);
	int status = command_print_done(c, record_to_json(credential), hex,
					wants_token ? token : NULL, &err);
	gnutls_memset(token, 0, sizeof(token));
	return status;
}

/* A credential's members: its end, its beginning, whether it counts. */
static int change(struct command *c)
{
	struct cg_err err = {0};
	Cg__Credential *credential;
	json_t *patch = records_take_members(c, &cg__credential__descriptor, &err);
	if (!patch)
		return command_fail(c, &err);
	const char *id = command_next(c), *sha256 = command_next(c);
	if (!command_all_taken(c) || !id || !sha256 || json_object_size(patch) == 0) {
		json_decref(patch);
		return EXIT_USAGE;
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = credential_change(c->store, &c->actor, id, sha256, ENTITY_ANY_REVISION, patch,
				       &c->arena, &credential, &err);
	json_decref(patch);
	return rc == CG_OK ? command_print_done(c, record_to_json(credential), sha256, NULL, &err)
			   : command_fail(c, &err);
}

static int revoke_credential(struct command *c)
{
	struct cg_err err = {0};
	const char *reason = command_take(c, "--reason");
	const char *id = command_next(c), *sha256 = command_next(c);
	if (!command_all_taken(c) || !id || !sha256)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = credential_revoke(c->store, &c->actor, id, sha256, ENTITY_ANY_REVISION, reason,
				       &c->arena, &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}

int key_main(struct command *c)
{
	const char *verb = command_next(c);
	if (!verb)
		return EXIT_USAGE;
	if (strcmp(verb, "add") == 0)
		return add(c);
	if (strcmp(verb, "revoke") == 0)
		return revoke_credential(c);
	if (strcmp(verb, "change") == 0)
		return change(c);
	return records_main(c, &keys, verb, create);
}
