#include "base/base.h"
#include "model/session.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/audit.h"
#include "model/developer.h"

static cg_rc id_of(struct span cookie, char out[SHA256_HEX + 1], struct cg_err *err)
{
	struct sha256 digest;
	if (sha256_of(cookie, &digest) != CG_OK)
		return cg_fail_memory(err);
	hex_format(digest.b, SHA256_BYTES, out);
	return CG_OK;
}

/* A clock that was set back ends none. */
static bool has_ended(const Cg__Session *s, int64_t now)
{
	return now - s->last_used_at >= SESSION_IDLE_S || now - s->created_at >= SESSION_WHOLE_S;
}

/* --- several --- */

static bool is_over(const void *message, void *arg)
{
	const int64_t *now = arg;
	return has_ended(message, *now);
}

static cg_rc end_over(struct store_txn *txn, int64_t now, struct arena *arena, struct cg_err *err)
{
	struct store_walk all = {.table = STORE_SESSION};
	struct store_keys ids;
	cg_rc rc = store_keys(txn, &all, SIZE_MAX, is_over, &now, arena, &ids, err);
	return rc == CG_OK ? store_remove_all(txn, STORE_SESSION, &ids, err) : rc;
}

static cg_rc ids_of_user(struct store_txn *txn, const char *user_id, struct arena *arena,
			 struct store_keys *out, struct cg_err *err)
{
	struct store_walk walk = {.by_index = true,
				  .index = STORE_SESSION_BY_USER,
				  .only = true,
				  .index_key = span_of(user_id)};
	return store_keys(txn, &walk, SIZE_MAX, NULL, NULL, arena, out, err);
}

cg_rc session_end_of_user_in(struct store_txn *txn, const char *user_id, const char *except,
			     struct arena *arena, struct cg_err *err)
{
	struct store_keys ids;
	cg_rc rc = ids_of_user(txn, user_id, arena, &ids, err);
	for (size_t i = 0; rc == CG_OK && i < ids.n; i++)
		if (!except || !span_is_text(ids.items[i], except))
			rc = store_remove(txn, STORE_SESSION, ids.items[i], err);
	return rc;
}

cg_rc session_end_all(struct store *store, struct cg_err *err)
{
	return store_sweep(store, STORE_CHANGES_NONE, STORE_SESSION, NULL, NULL, err);
}

/* --- beginning --- */

struct begin_call {
	struct session_of who;
	const struct actor *from;
	struct arena *arena;
	char id[SHA256_HEX + 1];
};

static cg_rc load(struct store_txn *txn, struct span id, struct arena *arena, Cg__Session **out,
		  struct cg_err *err)
{
	return store_load(txn, STORE_SESSION, id, arena, out, err);
}

static cg_rc end_oldest(struct store_txn *txn, const char *user_id, struct arena *arena,
			struct cg_err *err)
{
	struct store_keys ids;
	cg_rc rc = ids_of_user(txn, user_id, arena, &ids, err);
	while (rc == CG_OK && ids.n >= SESSIONS_MAX) {
		int64_t oldest_used = INT64_MAX;
		size_t oldest = 0;
		for (size_t i = 0; rc == CG_OK && i < ids.n; i++) {
			Cg__Session *s;
			rc = load(txn, ids.items[i], arena, &s, err);
			if (rc == CG_OK && s->last_used_at < oldest_used) {
				oldest_used = s->last_used_at;
				oldest = i;
			}
		}
		if (rc == CG_OK)
			rc = store_remove(txn, STORE_SESSION, ids.items[oldest], err);
		ids.items[oldest] = ids.items[--ids.n];
	}
	return rc;
}

static cg_rc put(struct store_txn *txn, const Cg__Session *s, struct arena *arena,
		 struct cg_err *err)
{
	return store_save(txn, STORE_SESSION, span_of(s->id), s, arena, err);
}

static const char *id_of_person(const struct session_of *who)
{
	return who->user ? who->user->id : who->developer->id;
}

static cg_rc audit_begin(struct store_txn *txn, const struct begin_call *c,
			 const struct actor *actor, struct cg_err *err)
{
	char hex[SHA256_HEX + 1];
	json_t *how = json_pack("{s:s}", "with", c->who.certificate ? "certificate" : "password");
	if (how && c->who.certificate) {
		hex_format(c->who.certificate->b, SHA256_BYTES, hex);
		(void)json_object_set_new(how, "sha256", json_string(hex));
	}
	cg_rc rc = how ? audit_add(txn, actor, c->who.user ? "user.sign_in" : "developer.sign_in",
				   actor->id, actor->name, how, c->arena, err)
		       : cg_fail_memory(err);
	json_decref(how);
	return rc;
}

static cg_rc begin_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct begin_call *c = arg;
	const char *id = id_of_person(&c->who);
	Cg__Session s = CG__SESSION__INIT;
	s.id = c->id;
	s.has_of = true;
	s.of = c->who.user ? CG__SESSION__OF__USER : CG__SESSION__OF__DEVELOPER;
	/* Copied, since the record's members are not const. */
	s.user_id = arena_strdup(c->arena, id);
	s.has_created_at = s.has_last_used_at = true;
	s.created_at = s.last_used_at = clock_unix_s();
	s.from_address = arena_strdup(c->arena, c->from->from_address);
	struct actor actor = *c->from;
	actor.name = c->who.user ? c->who.user->name : c->who.developer->email;
	actor.id = id;
	cg_rc rc = s.user_id && s.from_address ? end_over(txn, s.created_at, c->arena, err)
					       : cg_fail_memory(err);
	if (rc == CG_OK)
		rc = end_oldest(txn, id, c->arena, err);
	if (rc == CG_OK)
		rc = put(txn, &s, c->arena, err);
	return rc == CG_OK ? audit_begin(txn, c, &actor, err) : rc;
}

cg_rc session_begin(struct store *store, const struct session_of *who, const struct actor *from,
		    struct arena *arena, char cookie[TOKEN_TEXT + 1], struct cg_err *err)
{
	struct begin_call c = {.who = *who, .from = from, .arena = arena};
	if (random_token(cookie) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	cg_rc rc = id_of(span_of(cookie), c.id, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, begin_txn, &c, err) : rc;
}

/* --- looking at one --- */

struct check_call {
	char id[SHA256_HEX + 1];
	Cg__Session__Of of;
	struct arena *arena;
	Cg__Session *session;
	struct session_of who;
};

/* CG_NOT_FOUND also for one who may not sign in. */
static cg_rc check_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct check_call *c = arg;
	cg_rc rc = load(txn, span_of(c->id), c->arena, &c->session, err);
	if (rc != CG_OK)
		return rc;
	/* The cookie of one program opens nothing in the other. */
	if (c->session->of != c->of)
		return CG_NOT_FOUND;
	if (c->of == CG__SESSION__OF__DEVELOPER)
		return developer_get_active_in(txn, c->session->user_id, c->arena,
					       &c->who.developer, err);
	rc = store_load(txn, STORE_USER, span_of(c->session->user_id), c->arena, &c->who.user, err);
	return rc == CG_OK && c->who.user->held ? CG_NOT_FOUND : rc;
}

static cg_rc used_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct check_call *c = arg;
	/* It may have ended meanwhile: then it stays so. */
	cg_rc rc = check_txn(txn, c, err);
	if (rc != CG_OK)
		return rc;
	c->session->has_last_used_at = true;
	c->session->last_used_at = clock_unix_s();
	return put(txn, c->session, c->arena, err);
}

/* No reason to refuse a request when it cannot be written. */
static void note_used(struct store *store, const struct check_call *checked)
{
	struct check_call c = {.of = checked->of, .arena = checked->arena};
	memcpy(c.id, checked->id, sizeof(c.id));
	if (clock_unix_s() - checked->session->last_used_at >= SESSION_USED_EVERY_S)
		(void)!store_write(store, STORE_CHANGES_COUNTS, used_txn, &c, NULL);
}

cg_rc session_check(struct store *store, Cg__Session__Of of, struct span cookie,
		    struct arena *arena, Cg__Session **session, struct session_of *who,
		    struct cg_err *err)
{
	struct check_call c = {.of = of, .arena = arena};
	cg_rc rc = cookie.n == TOKEN_TEXT ? id_of(cookie, c.id, err) : CG_NOT_FOUND;
	if (rc == CG_OK)
		rc = store_read(store, check_txn, &c, err);
	if (rc == CG_NOT_FOUND || (rc == CG_OK && has_ended(c.session, clock_unix_s())))
		return cg_fail(err, CG_DENIED, "Nobody is signed in; the session may have ended.");
	if (rc != CG_OK)
		return rc;
	note_used(store, &c);
	*session = c.session;
	*who = c.who;
	return CG_OK;
}

/* --- ending --- */

struct end_call {
	const Cg__Session *session;
	bool all_of_user;
	struct arena *arena;
};

static cg_rc end_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct end_call *c = arg;
	if (c->all_of_user)
		return session_end_of_user_in(txn, c->session->user_id, NULL, c->arena, err);
	cg_rc rc = store_remove(txn, STORE_SESSION, span_of(c->session->id), err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

cg_rc session_end(struct store *store, const Cg__Session *session, bool all_of_user,
		  struct arena *arena, struct cg_err *err)
{
	struct end_call c = {session, all_of_user, arena};
	return store_write(store, STORE_CHANGES_NONE, end_txn, &c, err);
}
