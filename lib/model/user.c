#include "base/base.h"
#include "model/user.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/audit.h"
#include "model/revoked.h"
#include <crypt.h>
#include <gnutls/gnutls.h>

/* --- users --- */

static cg_rc check_user(struct store_txn *txn, void *message, const void *before,
			struct arena *arena, struct cg_err *err)
{
	(void)txn;
	(void)message;
	(void)before;
	(void)arena;
	(void)err;
	return CG_OK;
}

static cg_rc removing_user(struct store_txn *txn, const void *message, struct arena *arena,
			   struct cg_err *err)
{
	return revoked_note(txn, REVOKED_USER, ((const Cg__User *)message)->id, arena, err);
}

const struct entity user_entity = {
    .word = "user",
    .audit = "user",
    .type = &cg__user__descriptor,
    .table = STORE_USER,
    .by_name = STORE_USER_BY_NAME,
    .unique_name = true,
    .role = CG__ROLE__OWNER,
    .effect = STORE_CHANGES_NONE,
    .check = check_user,
    .removing = removing_user,
};

/* yescrypt with libxcrypt's default cost. */
static cg_rc hash_password(const char *password, struct arena *arena, char **out,
			   struct cg_err *err)
{
	/* 32 kB, holds the password: not on the stack, and wiped. */
	struct crypt_data *data = calloc(1, sizeof(*data));
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	if (!data)
		return cg_fail_memory(err);
	const char *hash = crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting))
			       ? crypt_r(password, setting, data)
			       : NULL;
	/* A failure is "*0" or "*1", not only NULL (crypt(3)). */
	*out = hash && hash[0] != '*' ? arena_strdup(arena, hash) : NULL;
	gnutls_memset(data, 0, sizeof(*data));
	free(data);
	return *out ? CG_OK : cg_fail(err, CG_UNAVAILABLE, "The password cannot be hashed now.");
}

struct owner_call {
	const struct actor *actor;
	const char *name;
	char *hash;
	struct arena *arena;
	Cg__User *user;
};

static cg_rc owner_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct owner_call *c = arg;
	cg_rc rc = revoked_begin(txn, c->arena, err);
	if (rc != CG_OK)
		return rc;
	json_t *json =
	    json_pack("{s:s, s:s, s:b}", "name", c->name, "role", "owner", "must_change", 1);
	rc = entity_create_in(txn, &user_entity, c->actor, json, c->arena, &c->user, err);
	json_decref(json);
	if (rc != CG_OK)
		return rc;
	c->user->password_hash = c->hash;
	return entity_put_in(txn, &user_entity, c->user, c->arena, err);
}

cg_rc user_create_owner(struct store *store, const struct actor *actor, const char *name,
			struct arena *arena, Cg__User **out, char password[PASSWORD_TEXT + 1],
			struct cg_err *err)
{
	struct owner_call c = {.actor = actor, .name = name, .arena = arena};
	if (random_id(password) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	cg_rc rc = hash_password(password, arena, &c.hash, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_NONE, owner_txn, &c, err);
	if (rc == CG_OK)
		*out = c.user;
	return rc;
}

/* --- REST tokens --- */

#define TOKEN_LIFE_MAX_S ((int64_t)366 * 24 * 3600)

static cg_rc check_token(struct store_txn *txn, void *message, const void *before,
			 struct arena *arena, struct cg_err *err)
{
	Cg__RestToken *token = message;
	Cg__User *owner;
	int64_t now = clock_unix_s();
	/* Of a new one token_create looks at the owner. */
	if (before && token->owner_id) {
		cg_rc rc = entity_get_in(txn, &user_entity, token->owner_id, arena, &owner, err);
		if (rc != CG_OK)
			return rc;
		if (token->role > owner->role)
			return cg_fail_field(err, "role", "is more than %s may do", owner->name);
	}
	if (!token->has_expires_at) {
		token->has_expires_at = true;
		token->expires_at = now + TOKEN_LIFE_MAX_S;
	}
	if (token->expires_at <= now || token->expires_at > now + TOKEN_LIFE_MAX_S)
		return cg_fail_field(err, "expires_at",
				     "must lie in the future, at most a year ahead");
	return CG_OK;
}

static cg_rc removing_token(struct store_txn *txn, const void *message, struct arena *arena,
			    struct cg_err *err)
{
	return revoked_note(txn, REVOKED_TOKEN, ((const Cg__RestToken *)message)->id, arena, err);
}

const struct entity token_entity = {
    .word = "token",
    .audit = "token",
    .type = &cg__rest_token__descriptor,
    .table = STORE_REST_TOKEN,
    .by_name = STORE_REST_TOKEN_BY_NAME,
    .unique_name = false,
    .role = CG__ROLE__OWNER,
    .effect = STORE_CHANGES_NONE,
    .check = check_token,
    .removing = removing_token,
};

struct token_call {
	const struct actor *actor;
	const char *owner;
	const json_t *json;
	struct sha256 digest;
	struct arena *arena;
	Cg__RestToken *token;
	Cg__User *user;
};

static cg_rc create_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct token_call *c = arg;
	cg_rc rc = entity_get_in(txn, &user_entity, c->owner, c->arena, &c->user, err);
	if (rc == CG_OK)
		rc = entity_create_in(txn, &token_entity, c->actor, c->json, c->arena, &c->token,
				      err);
	if (rc != CG_OK)
		return rc;
	if (c->token->role > c->user->role)
		return cg_fail_field(err, "role", "is more than %s may do", c->user->name);
	c->token->owner_id = c->user->id;
	c->token->has_sha256 = true;
	c->token->sha256 = (ProtobufCBinaryData){SHA256_BYTES, c->digest.b};
	return entity_put_in(txn, &token_entity, c->token, c->arena, err);
}

cg_rc token_create(struct store *store, const struct actor *actor, const char *owner,
		   const json_t *json, struct arena *arena, Cg__RestToken **out,
		   char token[TOKEN_TEXT + 1], struct cg_err *err)
{
	struct token_call c = {.actor = actor, .owner = owner, .json = json, .arena = arena};
	if (random_token(token) != CG_OK || sha256_of(span_of(token), &c.digest) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	cg_rc rc = store_write(store, STORE_CHANGES_NONE, create_txn, &c, err);
	if (rc == CG_OK)
		*out = c.token;
	return rc;
}

static cg_rc check_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct token_call *c = arg;
	struct span bytes;
	cg_rc rc = store_find(txn, STORE_REST_TOKEN_BY_SHA256, span_make(c->digest.b, SHA256_BYTES),
			      c->arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__rest_token__descriptor, bytes, c->arena, &c->token, err);
	if (rc == CG_OK)
		rc = store_get(txn, STORE_USER, span_of(c->token->owner_id), c->arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__user__descriptor, bytes, c->arena, &c->user, err);
	return rc;
}

static cg_rc used_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct token_call *c = arg;
	cg_rc rc = check_txn(txn, c, err);
	if (rc != CG_OK)
		return rc;
	c->token->has_last_used_at = true;
	c->token->last_used_at = clock_unix_s();
	struct span bytes;
	rc = record_pack(c->token, c->arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_put(txn, STORE_REST_TOKEN, span_of(c->token->id), bytes, err);
	return rc;
}

/* No change of anybody's, so neither a revision nor an entry of the audit; and no reason to refuse
 * a request when it cannot be written. */
static void note_used(struct store *store, const struct token_call *checked)
{
	struct token_call c = {.digest = checked->digest, .arena = checked->arena};
	if (clock_unix_s() - checked->token->last_used_at >= TOKEN_USED_EVERY_S)
		(void)!store_write(store, STORE_CHANGES_NONE, used_txn, &c, NULL);
}

cg_rc token_check(struct store *store, struct span token, struct arena *arena, struct actor *out,
		  struct cg_err *err)
{
	struct token_call c = {.arena = arena};
	if (sha256_of(token, &c.digest) != CG_OK)
		return cg_fail_memory(err);
	cg_rc rc = store_read(store, check_txn, &c, err);
	if (rc == CG_NOT_FOUND ||
	    (rc == CG_OK && (c.user->held || c.token->expires_at <= clock_unix_s())))
		return cg_fail(err, CG_DENIED, "The token is not known or has ended.");
	if (rc != CG_OK)
		return rc;
	char *name = arena_printf(arena, "%s (token %s)", c.user->name, c.token->name);
	if (!name)
		return cg_fail_memory(err);
	out->name = name;
	out->id = c.user->id;
	out->role = c.token->role < c.user->role ? c.token->role : c.user->role;
	note_used(store, &c);
	return CG_OK;
}
