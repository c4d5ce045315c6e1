#include "base/base.h"
#include "model/developer.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/audit.h"
#include "model/email.h"
#include "model/key.h"
#include "model/link.h"
#include "model/organisation.h"
#include "model/outbox.h"
#include "model/request_in.h"
#include "model/revoked.h"
#include "model/session.h"

/* --- the record --- */

static cg_rc check_email(struct store_txn *txn, Cg__Developer *d, struct arena *arena,
			 struct cg_err *err)
{
	Cg__Developer *other;
	if (!d->email)
		return cg_fail_field(err, "email", "is missing");
	char *normal = email_normal(d->email, arena);
	if (!normal)
		return cg_fail_field(err, "email", EMAIL_BAD);
	d->email = normal;
	cg_rc rc = developer_by_email_in(txn, normal, arena, &other, err);
	if (rc == CG_NOT_FOUND || (rc == CG_OK && strcmp(other->id, d->id) == 0))
		return CG_OK;
	return rc == CG_OK
		   ? cg_fail_clash(err, "email_in_use", "email",
				   "There is another developer with the address %s.", normal)
		   : rc;
}

/* Keys stay with the organisation when a developer goes.  Those of one who is switched off are
 * refused because of him, and have to be without him. */
static cg_rc leave_keys(struct store_txn *txn, const Cg__Developer *d, struct arena *arena,
			struct cg_err *err)
{
	struct key_ids ids = {0};
	json_t *off = json_pack("{s:b}", "active", 0);
	cg_rc rc = off ? organisation_keys_in(txn, STORE_KEY_BY_DEVELOPER, d->id, arena, &ids, err)
		       : cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < ids.n; i++) {
		Cg__Key *key;
		rc = d->active ? entity_get_in(txn, &key_entity, ids.items[i], arena, &key, err)
			       : entity_change_in(txn, &key_entity, &actor_steward, ids.items[i],
						  ENTITY_ANY_REVISION, off, arena, &key, err);
		if (rc != CG_OK)
			break;
		key->developer_id = NULL;
		rc = entity_put_in(txn, &key_entity, key, arena, err);
	}
	json_decref(off);
	return rc;
}

/* Among an organisation's contacts his address, where it is one of them, becomes another one, or
 * goes (NULL). */
static cg_rc leave_contacts(struct store_txn *txn, const Cg__Developer *old, const char *email,
			    struct arena *arena, struct cg_err *err)
{
	Cg__Organisation *o;
	cg_rc rc = old->organisation_id ? entity_get_in(txn, &organisation_entity,
							old->organisation_id, arena, &o, err)
					: CG_NOT_FOUND;
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	json_t *contacts = json_array();
	bool had = false;
	for (size_t i = 0; i < o->n_contacts; i++) {
		bool his = strcmp(o->contacts[i], old->email) == 0;
		had = had || his;
		if (!his || email)
			(void)json_array_append_new(contacts,
						    json_string(his ? email : o->contacts[i]));
	}
	json_t *patch = json_pack("{s:o}", "contacts", contacts);
	if (!patch)
		rc = cg_fail_memory(err);
	else if (had)
		rc = entity_change_in(txn, &organisation_entity, &actor_steward, o->id,
				      ENTITY_ANY_REVISION, patch, arena, &o, err);
	json_decref(patch);
	return rc;
}

/* What went to the address that was his leads nowhere any more: the mailbox may be another's. */
static cg_rc leave_email(struct store_txn *txn, const Cg__Developer *old, struct arena *arena,
			 struct cg_err *err)
{
	cg_rc rc = link_forget_in(txn, old->email, arena, err);
	return rc == CG_OK ? outbox_forget_in(txn, old->email, arena, err) : rc;
}

static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	Cg__Developer *d = message;
	const Cg__Developer *old = before;
	cg_rc rc = check_email(txn, d, arena, err);
	rc = cg_worse(rc, d->organisation_id
			      ? organisation_find_in(txn, &d->organisation_id, arena, err)
			      : cg_fail_field(err, "organisation_id", "is missing"));
	if (rc != CG_OK || !old)
		return rc;
	bool leaves = old->organisation_id && d->organisation_id &&
		      strcmp(old->organisation_id, d->organisation_id) != 0;
	bool moved = strcmp(old->email, d->email) != 0;
	if (leaves)
		rc = leave_keys(txn, d, arena, err);
	if (rc == CG_OK && (leaves || moved))
		rc = leave_contacts(txn, old, leaves ? NULL : d->email, arena, err);
	if (rc == CG_OK && moved)
		rc = leave_email(txn, old, arena, err);
	if (rc == CG_OK && (moved || (old->active && !d->active)))
		rc = session_end_of_user_in(txn, d->id, NULL, arena, err);
	return rc;
}

static cg_rc removing(struct store_txn *txn, const void *message, struct arena *arena,
		      struct cg_err *err)
{
	const Cg__Developer *d = message;
	cg_rc rc = request_drop_developer_in(txn, d, arena, err);
	if (rc == CG_OK)
		rc = leave_keys(txn, d, arena, err);
	if (rc == CG_OK)
		rc = leave_contacts(txn, d, NULL, arena, err);
	if (rc == CG_OK)
		rc = session_end_of_user_in(txn, d->id, NULL, arena, err);
	return rc == CG_OK ? leave_email(txn, d, arena, err) : rc;
}

const struct entity developer_entity = {
    .word = "developer",
    .audit = "developer",
    .type = &cg__developer__descriptor,
    .table = STORE_DEVELOPER,
    .by_name = STORE_DEVELOPER_BY_NAME,
    .unique_name = false,
    .role = CG__ROLE__ADMIN,
    .effect = STORE_CHANGES_GRANTS,
    .check = check,
    .removing = removing,
};

/* --- finding --- */

cg_rc developer_by_email_in(struct store_txn *txn, const char *email, struct arena *arena,
			    Cg__Developer **out, struct cg_err *err)
{
	struct span bytes;
	const char *normal = email_normal(email, arena);
	if (!normal)
		return CG_NOT_FOUND;
	cg_rc rc = store_find(txn, STORE_DEVELOPER_BY_EMAIL, span_of(normal), arena, &bytes, err);
	return rc == CG_OK ? record_unpack(&cg__developer__descriptor, bytes, arena, out, err) : rc;
}

cg_rc developer_get_active_in(struct store_txn *txn, const char *id, struct arena *arena,
			      Cg__Developer **out, struct cg_err *err)
{
	struct span bytes;
	enum organisation_off off = ORGANISATION_DEVELOPER_OFF;
	cg_rc rc = store_get(txn, STORE_DEVELOPER, span_of(id), arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__developer__descriptor, bytes, arena, out, err);
	if (rc == CG_OK && (*out)->active)
		rc = organisation_lets_in(txn, (*out)->organisation_id, NULL, arena, &off, err);
	return rc == CG_OK && off != ORGANISATION_ON ? CG_NOT_FOUND : rc;
}

cg_rc developers_of_in(struct store_txn *txn, const char *organisation_id, struct arena *arena,
		       struct developers *out, struct cg_err *err)
{
	return store_load_all(txn, STORE_DEVELOPER_BY_ORGANISATION, span_of(organisation_id), arena,
			      &out->items, &out->n, err);
}

struct finding {
	const char *organisation_id;
	struct arena *arena;
	struct developers *out;
};

static cg_rc of_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct finding *f = arg;
	return developers_of_in(txn, f->organisation_id, f->arena, f->out, err);
}

cg_rc developers_of(struct store *store, const char *organisation_id, struct arena *arena,
		    struct developers *out, struct cg_err *err)
{
	struct finding f = {organisation_id, arena, out};
	return store_read(store, of_txn, &f, err);
}

/* --- making and removing --- */

/* The organisation of who names none: his own, which he manages unless another role is said. */
static cg_rc make_organisation(struct store_txn *txn, const struct actor *actor, json_t *json,
			       struct arena *arena, struct cg_err *err)
{
	Cg__Organisation *made;
	json_t *name = json_object_get(json, "name"), *email = json_object_get(json, "email");
	const char *contact =
	    json_is_string(email) ? email_normal(json_string_value(email), arena) : NULL;
	/* What is wrong with the developer, the developer's record says. */
	if (!json_is_string(name) || !*json_string_value(name) || !contact)
		return CG_OK;
	json_t *of = json_pack("{s:O, s:[s]}", "name", name, "contacts", contact);
	struct cg_err why = {0};
	cg_rc rc = entity_create_in(txn, &organisation_entity, actor, of, arena, &made, &why);
	json_decref(of);
	if (rc == CG_BAD_VALUE)
		return CG_OK;
	if (rc != CG_OK) {
		if (err)
			*err = why;
		return rc;
	}
	const json_t *role = json_object_get(json, "role");
	bool said = role && !json_is_null(role);
	return json_object_set_new(json, "organisation_id", json_string(made->id)) == 0 &&
		       (said || json_object_set_new(json, "role", json_string("manager")) == 0)
		   ? CG_OK
		   : cg_fail_memory(err);
}

/* Who named no organisation is not told that one is missing: it was not made because of the rest.
 */
static void drop_organisation(struct cg_err *err)
{
	const struct cg_err all = *err;
	*err = (struct cg_err){""};
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(&all, &f);)
		if (strcmp(f.field, "organisation_id") != 0)
			(void)cg_fail_field(err, f.field, "%s", f.text);
	err->n_more = all.n_more;
}

cg_rc developer_create_in(struct store_txn *txn, const struct actor *actor,
			  const struct developer_new *what, struct arena *arena,
			  Cg__Developer **out, struct cg_err *err)
{
	json_t *json =
	    json_is_object(what->json) ? json_copy((json_t *)(uintptr_t)what->json) : json_object();
	json_t *of = json_object_get(json, "organisation_id");
	Cg__Developer *d = NULL;
	bool own = !of || json_is_null(of);
	cg_rc rc = actor_require(actor, developer_entity.role, err);
	if (rc == CG_OK && own)
		rc = make_organisation(txn, actor, json, arena, err);
	if (rc == CG_OK)
		rc = entity_create_as_in(txn, &developer_entity, actor, what->id, json, arena, &d,
					 err);
	if (rc == CG_BAD_VALUE && own && err)
		drop_organisation(err);
	json_decref(json);
	if (rc != CG_OK)
		return rc;
	d->password_hash = (char *)(uintptr_t)what->password_hash;
	d->has_confirmed_at = what->confirmed;
	d->has_terms_accepted_at = what->terms_accepted;
	d->confirmed_at = d->terms_accepted_at = d->created_at;
	*out = d;
	return entity_put_in(txn, &developer_entity, d, arena, err);
}

struct developer_call {
	const struct actor *actor;
	struct developer_new what;
	const char *id;
	uint64_t revision;
	char *hash, *old_hash;
	const char *session_id;
	const struct cg_err *fault; /* of a password that is to be set; NULL: none */
	struct arena *arena;
	Cg__Developer *developer;
};

/* What the record comes to with the password's fault; nothing is written then. */
static cg_rc with_fault(const struct developer_call *c, cg_rc rc, struct cg_err *err)
{
	if (!c->fault || !cg_is_told(rc))
		return rc;
	cg_err_add(err, c->fault);
	return cg_worse(rc, CG_BAD_VALUE);
}

/* Judges the password, if there is one, and hashes it. */
static cg_rc take_password(struct developer_call *c, const char *password, struct cg_err *fault,
			   struct cg_err *err)
{
	if (password && password_judge(password, "password", fault) != CG_OK)
		c->fault = fault;
	else if (password)
		return password_hash(password, c->arena, &c->hash, err);
	return CG_OK;
}

static cg_rc create_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct developer_call *c = arg;
	cg_rc rc = developer_create_in(txn, c->actor, &c->what, c->arena, &c->developer, err);
	return with_fault(c, rc, err);
}

cg_rc developer_create(struct store *store, const struct actor *actor, const char *id,
		       const json_t *json, const char *password, struct arena *arena,
		       Cg__Developer **out, struct cg_err *err)
{
	struct developer_call c = {
	    .actor = actor, .what = {.id = id, .json = json},
		      .arena = arena
	    };
	struct cg_err fault = {0};
	cg_rc rc = actor_require(actor, developer_entity.role, err);
	if (rc == CG_OK)
		rc = take_password(&c, password, &fault, err);
	c.what.password_hash = c.hash;
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_GRANTS, create_txn, &c, err);
	if (rc == CG_OK)
		*out = c.developer;
	return rc;
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct developer_call *c = arg;
	Cg__Developer *d;
	struct developers others = {.n = 0};
	struct key_ids keys = {.n = 0};
	cg_rc rc = actor_require(c->actor, developer_entity.role, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &developer_entity, c->id, c->arena, &d, err);
	if (rc == CG_OK)
		rc = developers_of_in(txn, d->organisation_id, c->arena, &others, err);
	bool last = rc == CG_OK && others.n <= 1;
	if (rc == CG_OK && last)
		rc = organisation_keys_in(txn, STORE_KEY_BY_ORGANISATION, d->organisation_id,
					  c->arena, &keys, err);
	for (size_t i = 0; rc == CG_OK && i < keys.n; i++)
		rc = entity_remove_in(txn, &key_entity, c->actor, keys.items[i],
				      ENTITY_ANY_REVISION, c->arena, err);
	if (rc == CG_OK)
		rc = entity_remove_in(txn, &developer_entity, c->actor, d->id, c->revision,
				      c->arena, err);
	if (rc == CG_OK && last)
		rc = entity_remove_in(txn, &organisation_entity, c->actor, d->organisation_id,
				      ENTITY_ANY_REVISION, c->arena, err);
	return rc;
}

cg_rc developer_remove(struct store *store, const struct actor *actor, const char *id,
		       uint64_t revision, struct arena *arena, struct cg_err *err)
{
	struct developer_call c = {.actor = actor, .id = id, .revision = revision, .arena = arena};
	return store_write(store, STORE_CHANGES_GRANTS, remove_txn, &c, err);
}

/* --- passwords --- */

struct sign_in_call {
	const char *email;
	struct arena *arena;
	Cg__Developer *developer;
	bool active;
};

static cg_rc sign_in_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct sign_in_call *c = arg;
	Cg__Developer *again;
	cg_rc rc = developer_by_email_in(txn, c->email, c->arena, &c->developer, err);
	if (rc != CG_OK)
		return rc;
	rc = developer_get_active_in(txn, c->developer->id, c->arena, &again, err);
	c->active = rc == CG_OK;
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

cg_rc developer_sign_in(struct store *store, const char *email, const char *password,
			struct arena *arena, Cg__Developer **out, struct cg_err *err)
{
	struct sign_in_call c = {.email = email, .arena = arena};
	bool right = false;
	cg_rc rc = store_read(store, sign_in_txn, &c, err);
	const char *hash = rc == CG_OK ? c.developer->password_hash : NULL;
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	rc = strlen(password) > PASSWORD_BYTES_MAX
		 ? CG_OK
		 : password_check(password, hash, arena, &right, err);
	if (rc != CG_OK)
		return rc;
	/* That an account is switched off is nobody's business who cannot sign in to it. */
	if (!right || !c.active)
		return cg_fail(err, CG_DENIED, "E-mail or password is wrong.");
	*out = c.developer;
	return CG_OK;
}

cg_rc developer_put_password_in(struct store_txn *txn, const struct actor *actor,
				Cg__Developer *developer, char *hash, const char *session_id,
				struct arena *arena, struct cg_err *err)
{
	const Cg__Developer before = *developer;
	developer->password_hash = hash;
	cg_rc rc = revoked_note_less(txn, STORE_DEVELOPER, &before, developer, arena, err);
	if (rc == CG_OK)
		rc = entity_put_in(txn, &developer_entity, developer, arena, err);
	if (rc == CG_OK)
		rc = session_end_of_user_in(txn, developer->id, session_id, arena, err);
	return rc == CG_OK ? audit_add(txn, actor, "developer.password", developer->id,
				       developer->name, NULL, arena, err)
			   : rc;
}

static cg_rc password_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct developer_call *c = arg;
	Cg__Developer *d;
	cg_rc rc = entity_get_in(txn, &developer_entity, c->id, c->arena, &d, err);
	if (rc != CG_OK)
		return rc;
	if (c->old_hash && (!d->password_hash || strcmp(d->password_hash, c->old_hash) != 0))
		return cg_fail(err, CG_CLASH, "The password was changed meanwhile.");
	c->developer = d;
	return developer_put_password_in(txn, c->actor, d, c->hash, c->session_id, c->arena, err);
}

static cg_rc change_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct developer_call *c = arg;
	cg_rc rc = entity_change_in(txn, &developer_entity, c->actor, c->id, c->revision,
				    c->what.json, c->arena, &c->developer, err);
	rc = with_fault(c, rc, err);
	return rc == CG_OK && c->hash ? developer_put_password_in(txn, c->actor, c->developer,
								  c->hash, NULL, c->arena, err)
				      : rc;
}

cg_rc developer_change(struct store *store, const struct actor *actor, const char *id,
		       uint64_t revision, const json_t *patch, const char *password,
		       struct arena *arena, Cg__Developer **out, struct cg_err *err)
{
	struct developer_call c = {
	    .actor = actor, .what.json = patch, .id = id, .revision = revision, .arena = arena};
	struct cg_err fault = {0};
	cg_rc rc = actor_require(actor, developer_entity.role, err);
	if (rc == CG_OK)
		rc = take_password(&c, password, &fault, err);
	if (rc == CG_OK)
		rc = store_write(store, developer_entity.effect, change_txn, &c, err);
	if (rc == CG_OK)
		*out = c.developer;
	return rc;
}

cg_rc developer_change_password(struct store *store, const struct actor *actor,
				const struct password_change *change, const char *session_id,
				struct arena *arena, struct cg_err *err)
{
	struct developer_call c = {
	    .actor = actor, .id = actor->id, .session_id = session_id, .arena = arena};
	bool right = false;
	if (!actor->developer)
		return cg_fail(err, CG_DENIED, "This is for developers.");
	c.old_hash = actor->developer->password_hash;
	cg_rc rc = CG_OK;
	if (strlen(change->current) <= PASSWORD_BYTES_MAX)
		rc = password_check(change->current, c.old_hash, arena, &right, err);
	if (rc != CG_OK)
		return rc;
	if (!right)
		rc = cg_fail_field(err, "current", "is not your password");
	rc = cg_worse(rc, password_judge_change(change, err));
	if (rc == CG_OK)
		rc = password_hash(change->new, arena, &c.hash, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, password_txn, &c, err) : rc;
}
