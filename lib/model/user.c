#include "base/base.h"
#include "model/user.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/audit.h"
#include "model/email.h"
#include "model/revoked.h"
#include "model/session.h"
#include "model/user_certificate.h"

/* --- users --- */

static bool is_owner(const Cg__User *user)
{
	return user->role == CG__ROLE__OWNER && !user->held;
}

struct owners {
	const char *but;
	struct arena *arena;
	size_t others;
};

static cg_rc count_owner(struct span index_key, struct span key, struct span value, void *arg,
			 struct cg_err *err)
{
	struct owners *o = arg;
	Cg__User *user;
	(void)index_key;
	(void)key;
	cg_rc rc = record_unpack(&cg__user__descriptor, value, o->arena, &user, err);
	if (rc == CG_OK)
		o->others += is_owner(user) && strcmp(user->id, o->but) != 0;
	return rc;
}

#define LAST_OWNER "last_owner"

/* Nobody could let anybody in any more. */
static cg_rc keep_an_owner(struct store_txn *txn, const char *but, struct arena *arena,
			   struct cg_err *err)
{
	struct owners o = {.but = but, .arena = arena};
	struct store_walk walk = {.table = STORE_USER};
	cg_rc rc = store_walk(txn, &walk, count_owner, &o, err);
	return rc == CG_OK && o.others == 0
		   ? cg_fail_code(err, CG_CLASH, LAST_OWNER,
				  "This is the last owner: make somebody else one before.")
		   : rc;
}

static cg_rc check_user(struct store_txn *txn, void *message, const void *before,
			struct arena *arena, struct cg_err *err)
{
	Cg__User *user = message;
	cg_rc rc = CG_OK;
	if (user->email && !(user->email = email_normal(user->email, arena)))
		rc = cg_fail_field(err, "email", EMAIL_BAD);
	if (!before || !is_owner(before) || is_owner(user))
		return rc;
	struct cg_err why = {0};
	cg_rc kept = keep_an_owner(txn, user->id, arena, &why);
	if (kept == CG_CLASH)
		(void)cg_fail_clash(err, LAST_OWNER, "role", "%s", why.text);
	else if (kept != CG_OK)
		(void)cg_fail(err, kept, "%s", why.text);
	return cg_worse(rc, kept);
}

static cg_rc removing_user(struct store_txn *txn, const void *message, struct arena *arena,
			   struct cg_err *err)
{
	const Cg__User *user = message;
	cg_rc rc = is_owner(user) ? keep_an_owner(txn, user->id, arena, err) : CG_OK;
	if (rc == CG_OK)
		rc = session_end_of_user_in(txn, user->id, NULL, arena, err);
	if (rc == CG_OK)
		rc = user_certificate_drop_user_in(txn, user->id, arena, err);
	return rc;
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
	cg_rc rc = password_hash(password, arena, &c.hash, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_NONE, owner_txn, &c, err);
	if (rc == CG_OK)
		*out = c.user;
	return rc;
}

/* --- passwords --- */

cg_rc user_sign_in(struct store *store, const char *name, const char *password, struct arena *arena,
		   Cg__User **out, struct cg_err *err)
{
	Cg__User *user = NULL;
	bool right = false;
	struct cg_err why = {0};
	const char *normal = text_normal(span_of(name), arena);
	if (!normal)
		return cg_fail_memory(err);
	cg_rc rc = *name ? entity_get(store, &user_entity, name, arena, &user, &why) : CG_NOT_FOUND;
	if (rc == CG_NOT_FOUND || rc == CG_CLASH)
		user = NULL;
	else if (rc != CG_OK)
		return cg_fail(err, rc, "%s", why.text);
	/* An id finds a user too, but is not what one signs in with. */
	if (user && strcmp(user->name, name) != 0 && strcmp(user->name, normal) != 0)
		user = NULL;
	rc = strlen(password) > PASSWORD_BYTES_MAX
		 ? CG_OK
		 : password_check(password, user ? user->password_hash : NULL, arena, &right, err);
	if (rc != CG_OK)
		return rc;
	if (!right)
		return cg_fail(err, CG_DENIED, "User name or password is wrong.");
	if (user->held)
		return cg_fail(err, CG_DENIED,
			       "This user is held since a restore: an owner lets him in again.");
	*out = user;
	return CG_OK;
}

struct password_call {
	const struct actor *actor;
	const char *user;	/* id or name */
	uint64_t revision;	/* it must still be this one, or ENTITY_ANY_REVISION */
	const char *old_hash;	/* it must still be this one; NULL: any */
	char *hash;		/* the new one */
	const char *session_id; /* stays; NULL: none */
	const char *action;
	bool must_change;
	struct arena *arena;
	Cg__User *found;
};

static cg_rc password_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct password_call *c = arg;
	cg_rc rc = entity_get_in(txn, &user_entity, c->user, c->arena, &c->found, err);
	if (rc != CG_OK)
		return rc;
	if (c->revision != ENTITY_ANY_REVISION && c->revision != c->found->revision)
		return cg_fail(err, CG_STALE, "The user was changed meanwhile: look again.");
	if (c->old_hash &&
	    (!c->found->password_hash || strcmp(c->found->password_hash, c->old_hash) != 0))
		return cg_fail(err, CG_CLASH, "The password was changed meanwhile.");
	const Cg__User before = *c->found;
	c->found->password_hash = c->hash;
	c->found->has_must_change = true;
	c->found->must_change = c->must_change;
	rc = revoked_note_less(txn, STORE_USER, &before, c->found, c->arena, err);
	if (rc == CG_OK)
		rc = entity_put_in(txn, &user_entity, c->found, c->arena, err);
	if (rc == CG_OK)
		rc = session_end_of_user_in(txn, c->found->id, c->session_id, c->arena, err);
	return rc == CG_OK ? audit_add(txn, c->actor, c->action, c->found->id, c->found->name, NULL,
				       c->arena, err)
			   : rc;
}

cg_rc user_change_password(struct store *store, const struct actor *actor,
			   const struct password_change *change, const char *session_id,
			   struct arena *arena, struct cg_err *err)
{
	struct password_call c = {.actor = actor,
				  .user = actor->id,
				  .revision = ENTITY_ANY_REVISION,
				  .session_id = session_id,
				  .action = "user.password",
				  .arena = arena};
	Cg__User *user;
	bool right = false;
	cg_rc rc = entity_get(store, &user_entity, actor->id, arena, &user, err);
	if (rc == CG_OK && strlen(change->current) <= PASSWORD_BYTES_MAX)
		rc = password_check(change->current, user->password_hash, arena, &right, err);
	if (rc != CG_OK)
		return rc;
	if (!right)
		rc = cg_fail_field(err, "current", "is not your password");
	rc = cg_worse(rc, password_judge_change(change, err));
	if (rc == CG_OK)
		rc = password_hash(change->new, arena, &c.hash, err);
	c.old_hash = user->password_hash;
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, password_txn, &c, err) : rc;
}

cg_rc user_reset(struct store *store, const struct actor *actor, const char *id_or_name,
		 uint64_t revision, struct arena *arena, Cg__User **out,
		 char password[PASSWORD_TEXT + 1], struct cg_err *err)
{
	struct password_call c = {.actor = actor,
				  .user = id_or_name,
				  .revision = revision,
				  .action = "user.reset",
				  .must_change = true,
				  .arena = arena};
	cg_rc rc = actor_require(actor, CG__ROLE__OWNER, err);
	if (rc == CG_OK && random_id(password) != CG_OK)
		rc = cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	if (rc == CG_OK)
		rc = password_hash(password, arena, &c.hash, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_NONE, password_txn, &c, err);
	if (rc == CG_OK)
		*out = c.found;
	return rc;
}

struct change_call {
	struct password_call password;
	const char *id;
	uint64_t revision;
	const json_t *patch;
	const struct cg_err *fault; /* of the password; NULL: none */
};

static cg_rc change_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct change_call *c = arg;
	struct password_call *p = &c->password;
	cg_rc rc = entity_change_in(txn, &user_entity, p->actor, c->id, c->revision, c->patch,
				    p->arena, &p->found, err);
	if (c->fault && cg_is_told(rc)) {
		cg_err_add(err, c->fault);
		return cg_worse(rc, CG_BAD_VALUE);
	}
	if (rc != CG_OK || !p->hash)
		return rc;
	p->user = p->found->id;
	return password_txn(txn, p, err);
}

cg_rc user_patch(struct store *store, const struct actor *actor, const char *id_or_name,
		 uint64_t revision, const json_t *patch, const char *password, struct arena *arena,
		 Cg__User **out, struct cg_err *err)
{
	struct change_call c = {
	    .password = {.actor = actor,
			 .revision = ENTITY_ANY_REVISION,
			 .action = "user.password",
			 .must_change = json_is_true(json_object_get(patch, "must_change")),
			 .arena = arena},
	    .id = id_or_name,
	    .revision = revision,
	    .patch = patch
	  };
	struct cg_err fault = {0};
	cg_rc rc = actor_require(actor, CG__ROLE__OWNER, err);
	if (rc == CG_OK && password && password_judge(password, "password", &fault) != CG_OK)
		c.fault = &fault;
	else if (rc == CG_OK && password)
		rc = password_hash(password, arena, &c.password.hash, err);
	if (rc == CG_OK)
		rc = store_write(store, user_entity.effect, change_txn, &c, err);
	if (rc == CG_OK)
		*out = c.password.found;
	return rc;
}

struct user_call {
	const struct actor *actor;
	const char *id;
	const json_t *json;
	char *hash;
	bool one_time;
	struct arena *arena;
	Cg__User *user;
};

static cg_rc user_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct user_call *c = arg;
	cg_rc rc = entity_create_as_in(txn, &user_entity, c->actor, c->id, c->json, c->arena,
				       &c->user, err);
	if (rc != CG_OK)
		return rc;
	c->user->password_hash = c->hash;
	if (c->one_time)
		c->user->has_must_change = c->user->must_change = true;
	return entity_put_in(txn, &user_entity, c->user, c->arena, err);
}

cg_rc user_create(struct store *store, const struct actor *actor, const char *id,
		  const json_t *json, const char *password, struct arena *arena, Cg__User **out,
		  char one_time[PASSWORD_TEXT + 1], struct cg_err *err)
{
	struct user_call c = {
	    .actor = actor, .id = id, .json = json, .one_time = password == NULL, .arena = arena};
	cg_rc rc = actor_require(actor, CG__ROLE__OWNER, err);
	if (rc == CG_OK && password && password_judge(password, "password", err) != CG_OK)
		return entity_judge(store, &user_entity, NULL, json, CG_BAD_VALUE, arena, err);
	if (rc == CG_OK && !password && random_id(one_time) != CG_OK)
		rc = cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	if (rc == CG_OK)
		rc = password_hash(password ? password : one_time, arena, &c.hash, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_NONE, user_txn, &c, err);
	if (rc == CG_OK)
		*out = c.user;
	return rc;
}

/* --- REST tokens --- */

#define TOKEN_LIFE_MAX_S ((int64_t)365 * 24 * 3600)

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
};

struct token_call {
	const struct actor *actor;
	const char *id; /* NULL: a new one */
	const char *owner;
	const json_t *json;
	const char *replaces; /* NULL: none */
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
		rc = entity_create_as_in(txn, &token_entity, c->actor, c->id, c->json, c->arena,
					 &c->token, err);
	if (rc != CG_OK)
		return rc;
	if (c->token->role > c->user->role)
		return cg_fail_field(err, "role", "is more than %s may do", c->user->name);
	c->token->owner_id = c->user->id;
	c->token->has_sha256 = true;
	c->token->sha256 = (ProtobufCBinaryData){SHA256_BYTES, c->digest.b};
	rc = entity_put_in(txn, &token_entity, c->token, c->arena, err);
	if (rc != CG_OK || !c->replaces)
		return rc;
	rc = entity_remove_in(txn, &token_entity, c->actor, c->replaces, ENTITY_ANY_REVISION,
			      c->arena, err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

cg_rc token_create(struct store *store, const struct actor *actor, const char *id,
		   const char *owner, const json_t *json, const char *replaces, struct arena *arena,
		   Cg__RestToken **out, char token[TOKEN_TEXT + 1], struct cg_err *err)
{
	struct token_call c = {.actor = actor,
			       .id = id,
			       .owner = owner,
			       .json = json,
			       .replaces = replaces,
			       .arena = arena};
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
