#include "base/base.h"
#include "model/own_key.h"
#include "base/clock.h"
#include "base/first.h"
#include "base/limits.h"
#include "model/credential_in.h"
#include "model/key.h"
#include "model/key_status.h"
#include "model/link.h"
#include "model/organisation.h"
#include "model/request_in.h"

cg_rc key_of_organisation_in(struct store_txn *txn, const struct actor *actor, const char *key_id,
			     struct arena *arena, Cg__Key **out, struct cg_err *err)
{
	struct cg_err why = {0};
	cg_rc rc = entity_get_in(txn, &key_entity, key_id, arena, out, &why);
	/* A name leads to nothing here: it may be that of another's key. */
	if (rc == CG_NOT_FOUND || rc == CG_CLASH ||
	    (rc == CG_OK &&
	     (!actor->developer || !(*out)->organisation_id || strcmp((*out)->id, key_id) != 0 ||
	      strcmp((*out)->organisation_id, actor->developer->organisation_id) != 0)))
		return cg_fail(err, CG_NOT_FOUND, "There is no such key of yours.");
	if (rc != CG_OK && err)
		*err = why;
	return rc;
}

struct call {
	const struct actor *actor;
	const char *key_id, *sha256, *reason, *secret;
	size_t had;
	uint64_t overlap_days;
	struct arena *arena;
	Cg__Key *key;
	struct key_ids ids;
	char *token;
};

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	return key_of_organisation_in(txn, c->actor, c->key_id, c->arena, &c->key, err);
}

cg_rc own_key_get(struct store *store, const struct actor *actor, const char *id,
		  struct arena *arena, Cg__Key **out, struct cg_err *err)
{
	struct call c = {.actor = actor, .key_id = id, .arena = arena};
	cg_rc rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.key;
	return rc;
}

static bool has_policy(const Cg__Key *key, const char *policy_id)
{
	for (size_t i = 0; i < key->n_policy_ids; i++)
		if (strcmp(key->policy_ids[i], policy_id) == 0)
			return true;
	return false;
}

static cg_rc fits(struct store_txn *txn, const void *message, void *arg, struct arena *arena,
		  bool *out, struct cg_err *err)
{
	const struct own_key_query *query = arg;
	(void)txn;
	(void)arena;
	(void)err;
	*out = !query->policy_id || has_policy(message, query->policy_id) != query->without;
	return CG_OK;
}

static cg_rc refuse_stranger(const struct actor *actor, struct cg_err *err)
{
	return actor->developer ? CG_OK : cg_fail(err, CG_DENIED, "Sign in to the portal.");
}

cg_rc own_key_list(struct store *store, const struct actor *actor,
		   const struct own_key_query *query, struct span cursor, size_t limit,
		   struct arena *arena, struct entity_page *out, struct cg_err *err)
{
	struct own_key_query asked = *query;
	struct entity_search what = {
	    .q = query->q, .fits = fits, .arg = &asked, .index = STORE_KEY_BY_ORGANISATION};
	cg_rc rc = refuse_stranger(actor, err);
	if (rc != CG_OK)
		return rc;
	what.under = actor->developer->organisation_id;
	return entity_search(store, &key_entity, cursor, limit, &what, arena, out, err);
}

static cg_rc ids_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	return organisation_keys_in(txn, STORE_KEY_BY_ORGANISATION,
				    c->actor->developer->organisation_id, c->arena, &c->ids, err);
}

cg_rc own_key_ids(struct store *store, const struct actor *actor, struct arena *arena,
		  struct key_ids *out, struct cg_err *err)
{
	struct call c = {.actor = actor, .arena = arena};
	cg_rc rc = refuse_stranger(actor, err);
	if (rc == CG_OK)
		rc = store_read(store, ids_txn, &c, err);
	if (rc == CG_OK)
		*out = c.ids;
	return rc;
}

/* --- what is said of them all --- */

static cg_rc see_all(struct store *store, const struct actor *actor, store_see_fn one, void *arg,
		     struct cg_err *err)
{
	struct store_walk walk = {.index = STORE_KEY_BY_ORGANISATION, .only = true};
	cg_rc rc = refuse_stranger(actor, err);
	if (rc != CG_OK)
		return rc;
	walk.index_key = span_of(actor->developer->organisation_id);
	return store_scan_records(store, &walk, one, arg, err);
}

struct seeing {
	void (*see)(const Cg__Key *key, void *arg);
	void *arg;
};

static cg_rc see(struct store_txn *txn, const void *key, void *arg, struct arena *one,
		 struct cg_err *err)
{
	const struct seeing *s = arg;
	(void)txn;
	(void)one;
	(void)err;
	s->see(key, s->arg);
	return CG_OK;
}

cg_rc own_key_each(struct store *store, const struct actor *actor,
		   void (*one)(const Cg__Key *key, void *arg), void *arg, struct cg_err *err)
{
	struct seeing s = {one, arg};
	return see_all(store, actor, see, &s, err);
}

struct ending {
	struct first first; /* struct own_key_ending */
	int64_t now_unix_s, until_unix_s;
};

static int first_to_end(const void *a, const void *b)
{
	const struct own_key_ending *x = a, *y = b;
	if (x->ends_unix_s != y->ends_unix_s)
		return x->ends_unix_s < y->ends_unix_s ? -1 : 1;
	return strcmp(x->id, y->id);
}

static cg_rc note_ending(struct store_txn *txn, const void *message, void *arg, struct arena *one,
			 struct cg_err *err)
{
	struct ending *e = arg;
	const Cg__Key *key = message;
	struct credentials list;
	struct key_standing standing = KEY_STANDING_NONE;
	cg_rc rc = credential_list_in(txn, key->id, one, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		struct store_state state = store_credential_state(list.items[i]);
		key_standing_add(&standing, &state, e->now_unix_s);
	}
	if (rc != CG_OK || standing.working == 0 || standing.ends > (uint64_t)e->until_unix_s)
		return rc;
	struct own_key_ending ending = {.ends_unix_s = (int64_t)standing.ends};
	(void)snprintf(ending.id, sizeof(ending.id), "%s", key->id);
	(void)snprintf(ending.name, sizeof(ending.name), "%s", key->name);
	first_add(&e->first, &ending);
	return CG_OK;
}

cg_rc own_key_ending(struct store *store, const struct actor *actor, int64_t now_unix_s,
		     int64_t until_unix_s, size_t most, struct arena *arena,
		     struct own_keys_ending *out, struct cg_err *err)
{
	struct ending e = {.now_unix_s = now_unix_s, .until_unix_s = until_unix_s};
	if (!first_begin(&e.first, most, sizeof(struct own_key_ending), first_to_end, arena))
		return cg_fail_memory(err);
	cg_rc rc = see_all(store, actor, note_ending, &e, err);
	if (rc != CG_OK)
		return rc;
	first_end(&e.first);
	*out = (struct own_keys_ending){e.first.items, e.first.n, e.first.seen - e.first.n};
	return CG_OK;
}

/* --- changes --- */

static cg_rc revoke_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = get_txn(txn, c, err);
	if (rc != CG_OK)
		return rc;
	const struct actor allowed = actor_allowed(c->actor);
	const char *reason = c->reason;
	/* Who has only claimed a certificate may hold one that was made around somebody else's
	 * public key: he speaks for that certificate, and not for the key. */
	struct sha256 digest;
	Cg__Credential *credential;
	if (reason && strcmp(reason, "key_exposed") == 0 &&
	    sha256_parse(span_of(c->sha256), &digest)) {
		rc = credential_load_in(txn, span_make(digest.b, SHA256_BYTES), c->arena,
					&credential, err);
		if (rc == CG_OK && credential->claimed)
			reason = "other";
		if (rc != CG_OK && rc != CG_NOT_FOUND)
			return rc;
	}
	return credential_revoke_in(txn, &allowed, c->key->id, c->sha256, reason, c->arena, err);
}

cg_rc own_key_revoke(struct store *store, const struct actor *actor, const char *key_id,
		     const char *sha256, const char *reason, struct arena *arena,
		     struct cg_err *err)
{
	struct call c = {
	    .actor = actor, .key_id = key_id, .sha256 = sha256, .reason = reason, .arena = arena};
	return store_write(store, STORE_CHANGES_GRANTS, revoke_txn, &c, err);
}

static cg_rc give_up_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct request_list list;
	cg_rc rc = get_txn(txn, c, err);
	if (rc != CG_OK)
		return rc;
	const struct actor allowed = actor_allowed(c->actor);
	rc = request_list_in(txn, STORE_REQUEST_BY_KEY, span_of(c->key->id), c->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		if (list.items[i]->status == CG__KEY_REQUEST__STATUS__PENDING)
			rc = request_decline_in(txn, c->actor, list.items[i],
						"The key was given up.", c->arena, err);
	return rc == CG_OK ? entity_remove_in(txn, &key_entity, &allowed, c->key->id,
					      ENTITY_ANY_REVISION, c->arena, err)
			   : rc;
}

cg_rc own_key_give_up(struct store *store, const struct actor *actor, const char *key_id,
		      struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .key_id = key_id, .arena = arena};
	return store_write(store, STORE_CHANGES_GRANTS, give_up_txn, &c, err);
}

static cg_rc may_have_token(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	struct request_list list;
	cg_rc rc =
	    request_list_in(txn, STORE_REQUEST_BY_KEY, span_of(c->key->id), c->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		if (list.items[i]->status == CG__KEY_REQUEST__STATUS__APPROVED &&
		    list.items[i]->token)
			return CG_OK;
	return rc == CG_OK
		   ? cg_fail(err, CG_DENIED,
			     "This key was not asked for with a token: it has certificates.")
		   : rc;
}

static cg_rc token_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct credentials list;
	Cg__Credential *made;
	int64_t now = clock_unix_s();
	cg_rc rc = get_txn(txn, c, err);
	if (rc == CG_OK)
		rc = may_have_token(txn, c, err);
	if (rc == CG_OK)
		rc = credential_list_in(txn, c->key->id, c->arena, &list, err);
	if (rc == CG_OK)
		rc = credential_check_had(&list, c->had, err);
	if (rc != CG_OK)
		return rc;
	const struct actor allowed = actor_allowed(c->actor);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		if (list.items[i]->type == CG__CREDENTIAL__TYPE__TOKEN &&
		    !list.items[i]->has_revoked_at)
			rc = credential_end_in(txn, &allowed, c->key, list.items[i],
					       now + (int64_t)c->overlap_days * 24 * 3600, c->arena,
					       err);
	return rc == CG_OK
		   ? credential_add_token_in(txn, &allowed, c->key, c->arena, &made, c->token, err)
		   : rc;
}

cg_rc own_key_make_token(struct store *store, const struct actor *actor, const char *key_id,
			 size_t had, uint64_t overlap_days, struct arena *arena,
			 char token[TOKEN_TEXT + 1], struct cg_err *err)
{
	struct call c = {.actor = actor,
			 .key_id = key_id,
			 .had = had,
			 .overlap_days = overlap_days,
			 .arena = arena,
			 .token = token};
	return store_write(store, STORE_CHANGES_GRANTS, token_txn, &c, err);
}

/* --- the link of a mail --- */

/* What the stopped certificate has replaced goes on as before, unless somebody has changed it
 * since. */
static cg_rc bring_back(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			const Cg__Link *link, struct arena *arena, struct cg_err *err)
{
	Cg__Credential *old;
	if (!link->has_replaced_sha256)
		return CG_OK;
	cg_rc rc = credential_load_in(
	    txn, span_make(link->replaced_sha256.data, link->replaced_sha256.len), arena, &old,
	    err);
	if (rc == CG_NOT_FOUND ||
	    (rc == CG_OK && (strcmp(old->key_id, key->id) != 0 || old->has_revoked_at ||
			     !old->has_ends_at || old->ends_at != link->replaced_ends_at)))
		return CG_OK;
	return rc == CG_OK ? credential_set_end_in(txn, actor, key, old, link->replaced_ended_at,
						   arena, err)
			   : rc;
}

/* Who got the mail decides nothing any more once he, or the key, has left the organisation. */
static cg_rc check_still_told(struct store_txn *txn, const Cg__Key *key, const Cg__Link *link,
			      struct arena *arena, struct cg_err *err)
{
	bool told = false;
	cg_rc rc = CG_OK;
	if (key->organisation_id && link->organisation_id &&
	    strcmp(key->organisation_id, link->organisation_id) == 0)
		rc = mail_is_address_of(txn, key->organisation_id, link->email, arena, &told, err);
	return rc == CG_OK && !told
		   ? cg_fail(err, CG_NOT_FOUND,
			     "This link has ended: it was for the organisation that had the key.")
		   : rc;
}

/* What the link stops: c->key and c->sha256. */
static cg_rc find_stopped(struct store_txn *txn, struct call *c, const Cg__Link *link,
			  struct cg_err *err)
{
	struct span key_id, sha256 = span_of(link->subject_id);
	(void)span_next(&sha256, '/', &key_id);
	c->key_id = arena_copy(c->arena, key_id);
	c->sha256 = arena_copy(c->arena, sha256);
	if (!c->key_id || !c->sha256)
		return cg_fail_memory(err);
	cg_rc rc = entity_get_in(txn, &key_entity, c->key_id, c->arena, &c->key, err);
	return rc == CG_OK ? check_still_told(txn, c->key, link, c->arena, err) : rc;
}

static cg_rc to_stop_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Link *link;
	cg_rc rc = link_find_in(txn, c->secret, CG__LINK__KIND__STOP, c->arena, &link, err);
	return rc == CG_OK ? find_stopped(txn, c, link, err) : rc;
}

cg_rc own_key_to_stop(struct store *store, const char *secret, struct arena *arena, Cg__Key **key,
		      const char **sha256, struct cg_err *err)
{
	struct call c = {.secret = secret, .arena = arena};
	cg_rc rc = store_read(store, to_stop_txn, &c, err);
	if (rc == CG_OK) {
		*key = c.key;
		*sha256 = c.sha256;
	}
	return rc;
}

static cg_rc stop_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Link *link;
	const struct actor allowed = actor_allowed(c->actor);
	cg_rc rc = link_spend_in(txn, c->secret, CG__LINK__KIND__STOP, c->arena, &link, err);
	if (rc == CG_OK)
		rc = find_stopped(txn, c, link, err);
	if (rc == CG_OK)
		rc = credential_revoke_in(txn, &allowed, c->key_id, c->sha256, "other", c->arena,
					  err);
	return rc == CG_OK ? bring_back(txn, &allowed, c->key, link, c->arena, err) : rc;
}

cg_rc own_key_stop(struct store *store, const struct actor *actor, const char *secret,
		   struct arena *arena, Cg__Key **key, struct cg_err *err)
{
	struct call c = {.actor = actor, .secret = secret, .arena = arena};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, stop_txn, &c, err);
	if (rc == CG_OK)
		*key = c.key;
	return rc;
}
