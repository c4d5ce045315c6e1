#include "base/base.h"
#include "model/member.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/email.h"
#include "model/key.h"
#include "model/name.h"
#include "model/organisation.h"
#include "model/setting.h"

struct call {
	const struct actor *actor;
	const char *email, *secret, *id, *name;
	char *hash;
	bool terms_accepted;
	Cg__Developer__Role role;
	uint64_t revision;
	const json_t *patch;
	struct arena *arena;
	struct invitation invitation;
};

/* The actor as the store has him now. */
static cg_rc find_actor(struct store_txn *txn, const struct call *c, bool manager,
			Cg__Developer **out, struct cg_err *err)
{
	cg_rc rc = c->actor->developer
		       ? developer_get_active_in(txn, c->actor->id, c->arena, out, err)
		       : CG_NOT_FOUND;
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_DENIED, "This is for developers.");
	if (rc == CG_OK && manager && (*out)->role != CG__DEVELOPER__ROLE__MANAGER)
		return cg_fail(err, CG_DENIED,
			       "This is for managers of your organisation: ask one of them.");
	return rc;
}

/* Of managers who can sign in one has to stay beside the members, whoever goes. */
static bool manager_stays(const struct developers *all, const char *going)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i]->id, going) != 0 && all->items[i]->active &&
		    all->items[i]->role == CG__DEVELOPER__ROLE__MANAGER)
			return true;
	return false;
}

static cg_rc last_manager(struct cg_err *err)
{
	return cg_fail_code(err, CG_CLASH, "last_manager",
			    "This is the last manager: make somebody else one before.");
}

/* --- invitations --- */

static cg_rc invite_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Developer *manager, *known;
	Cg__Organisation *o;
	Cg__Link link = CG__LINK__INIT;
	size_t n;
	cg_rc rc = find_actor(txn, c, true, &manager, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &organisation_entity, manager->organisation_id, c->arena,
				   &o, err);
	if (rc != CG_OK)
		return rc;
	rc = developer_by_email_in(txn, c->email, c->arena, &known, err);
	if (rc == CG_OK && strcmp(known->organisation_id, o->id) == 0)
		return cg_fail_field(err, "email", "is of a member of this organisation already");
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	rc = mail_lately(txn, CG__OUTBOX_MAIL__KIND__INVITE, c->email, c->arena, &n, err);
	if (rc != CG_OK || n >= MAIL_STRANGER_MAX)
		return rc;
	link.kind = CG__LINK__KIND__INVITE;
	link.email = arena_strdup(c->arena, c->email);
	link.organisation_id = o->id;
	link.developer_id = manager->id;
	json_t *values =
	    json_pack("{s:s, s:s}", "organisation_name", o->name, "inviter", manager->name);
	rc = link.email && values
		 ? link_mail_in(txn, &link, CG__OUTBOX_MAIL__KIND__INVITE, values, c->arena, err)
		 : cg_fail_memory(err);
	json_decref(values);
	return rc;
}

cg_rc member_invite(struct store *store, const struct actor *actor, const char *email,
		    struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .email = email_normal(email, arena), .arena = arena};
	if (!c.email)
		return cg_fail_field(err, "email", EMAIL_BAD);
	return store_write(store, STORE_CHANGES_NONE, invite_txn, &c, err);
}

/* Who invited has to be still the one who may: an invitation outlives no manager. */
static cg_rc find_inviter(struct store_txn *txn, const Cg__Link *link, struct arena *arena,
			  struct cg_err *err)
{
	Cg__Developer *inviter;
	cg_rc rc = link->developer_id
		       ? developer_get_active_in(txn, link->developer_id, arena, &inviter, err)
		       : CG_NOT_FOUND;
	if (rc == CG_OK && (inviter->role != CG__DEVELOPER__ROLE__MANAGER ||
			    strcmp(inviter->organisation_id, link->organisation_id) != 0))
		rc = CG_NOT_FOUND;
	return rc == CG_NOT_FOUND ? link_ended(CG__LINK__KIND__INVITE, err) : rc;
}

static cg_rc look_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct invitation *i = &c->invitation;
	struct developers others = {.n = 0};
	cg_rc rc = link_find_in(txn, c->secret, CG__LINK__KIND__INVITE, c->arena, &i->link, err);
	if (rc == CG_OK)
		rc = find_inviter(txn, i->link, c->arena, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &organisation_entity, i->link->organisation_id, c->arena,
				   &i->organisation, err);
	if (rc != CG_OK)
		return rc;
	i->developer = NULL;
	rc = developer_by_email_in(txn, i->link->email, c->arena, &i->developer, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	/* Switched off, nobody comes back by going elsewhere, and nor do the keys. */
	if (rc == CG_OK)
		rc = developer_get_active_in(txn, i->developer->id, c->arena, &i->developer, err);
	if (rc == CG_NOT_FOUND)
		return link_ended(CG__LINK__KIND__INVITE, err);
	if (rc == CG_OK)
		rc = developers_of_in(txn, i->developer->organisation_id, c->arena, &others, err);
	i->takes_along = others.n == 1;
	i->manager_stays = rc == CG_OK && manager_stays(&others, i->developer->id);
	return rc;
}

cg_rc member_invitation(struct store *store, const char *secret, struct arena *arena,
			struct invitation *out, struct cg_err *err)
{
	struct call c = {.secret = secret, .arena = arena};
	cg_rc rc = store_read(store, look_txn, &c, err);
	if (rc == CG_OK)
		*out = c.invitation;
	return rc;
}

/* No JSON can be made of others; what else is wrong with a name, the record says. */
static cg_rc judge_name(const char *name, struct cg_err *err)
{
	return text_is_clean(span_of(name))
		   ? CG_OK
		   : cg_fail_field(err, "name", "holds characters that are no text");
}

static cg_rc patch_developer(struct store_txn *txn, const struct actor *actor, const char *id,
			     json_t *patch, struct arena *arena, struct cg_err *err)
{
	Cg__Developer *ignored;
	cg_rc rc = patch ? entity_change_in(txn, &developer_entity, actor, id, ENTITY_ANY_REVISION,
					    patch, arena, &ignored, err)
			 : cg_fail_memory(err);
	json_decref(patch);
	return rc;
}

/* All keys of an organisation go to another; who asked for them stays known. */
static cg_rc move_keys(struct store_txn *txn, const struct actor *actor, const char *from,
		       const char *to, struct arena *arena, struct cg_err *err)
{
	struct key_ids ids;
	json_t *patch = json_pack("{s:s}", "organisation_id", to);
	cg_rc rc = organisation_keys_in(txn, STORE_KEY_BY_ORGANISATION, from, arena, &ids, err);
	for (size_t i = 0; rc == CG_OK && i < ids.n; i++) {
		Cg__Key *key;
		rc = entity_change_in(txn, &key_entity, actor, ids.items[i], ENTITY_ANY_REVISION,
				      patch, arena, &key, err);
	}
	json_decref(patch);
	return rc;
}

static cg_rc accept_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct invitation *i = &c->invitation;
	struct actor actor = actor_allowed(c->actor);
	Cg__Link *link;
	cg_rc rc = look_txn(txn, c, err);
	if (rc == CG_OK)
		rc = link_spend_in(txn, c->secret, CG__LINK__KIND__INVITE, c->arena, &link, err);
	if (rc != CG_OK)
		return rc;
	actor.name = link->email;
	if (!i->developer) {
		json_t *json = json_pack("{s:s, s:s, s:s}", "name", c->name, "email", link->email,
					 "organisation_id", i->organisation->id);
		const struct developer_new what = {.json = json,
						   .password_hash = c->hash,
						   .confirmed = true,
						   .terms_accepted = c->terms_accepted};
		rc = json ? developer_create_in(txn, &actor, &what, c->arena, &i->developer, err)
			  : cg_fail_memory(err);
		json_decref(json);
		return rc;
	}
	const char *old = i->developer->organisation_id;
	if (strcmp(old, i->organisation->id) == 0)
		return CG_OK;
	if (!i->takes_along && i->developer->role == CG__DEVELOPER__ROLE__MANAGER &&
	    !i->manager_stays)
		return last_manager(err);
	actor.id = i->developer->id;
	if (i->takes_along)
		rc = move_keys(txn, &actor, old, i->organisation->id, c->arena, err);
	if (rc == CG_OK)
		rc = patch_developer(txn, &actor, i->developer->id,
				     json_pack("{s:s, s:s}", "organisation_id", i->organisation->id,
					       "role", "member"),
				     c->arena, err);
	if (rc == CG_OK && i->takes_along)
		rc = entity_remove_in(txn, &organisation_entity, &actor, old, ENTITY_ANY_REVISION,
				      c->arena, err);
	return rc;
}

cg_rc member_accept(struct store *store, const struct actor *from, const char *secret,
		    const char *name, const char *password, bool terms_accepted,
		    struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = from,
			 .secret = secret,
			 .name = name,
			 .terms_accepted = terms_accepted,
			 .arena = arena};
	struct invitation invitation;
	Cg__Setting *setting = NULL;
	cg_rc rc = member_invitation(store, secret, arena, &invitation, err);
	if (rc == CG_OK && !invitation.developer) {
		char *ignored;
		rc = setting_get(store, arena, &setting, err);
		if (rc == CG_OK)
			rc = name_read(name, "name", arena, &ignored, err);
		if (cg_is_told(rc))
			rc = cg_worse(rc, password_judge(password, "password", err));
		if (cg_is_told(rc) && *setting->terms && !terms_accepted)
			rc = cg_worse(rc, cg_fail_field(err, "terms", "have to be accepted"));
		if (rc == CG_OK)
			rc = password_hash(password, arena, &c.hash, err);
	}
	return rc == CG_OK ? store_write(store, STORE_CHANGES_GRANTS, accept_txn, &c, err) : rc;
}

/* --- members --- */

/* One of the same organisation, as its manager; of managers somebody has to stay. */
static cg_rc find_member(struct store_txn *txn, const struct call *c, bool leaves,
			 Cg__Developer **out, struct cg_err *err)
{
	Cg__Developer *manager;
	struct developers all = {.n = 0};
	cg_rc rc = find_actor(txn, c, true, &manager, err);
	if (rc == CG_OK)
		rc = developers_of_in(txn, manager->organisation_id, c->arena, &all, err);
	if (rc != CG_OK)
		return rc;
	*out = NULL;
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.items[i]->id, c->id) == 0)
			*out = all.items[i];
	if (!*out)
		return cg_fail(err, CG_NOT_FOUND, "There is no such member.");
	return leaves && !manager_stays(&all, c->id) ? last_manager(err) : CG_OK;
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Developer *member;
	Cg__Organisation *own;
	struct actor actor = actor_allowed(c->actor);
	cg_rc rc = find_member(txn, c, true, &member, err);
	if (rc != CG_OK)
		return rc;
	json_t *json = json_pack("{s:s, s:[s]}", "name", member->name, "contacts", member->email);
	rc = json ? entity_create_in(txn, &organisation_entity, &actor, json, c->arena, &own, err)
		  : cg_fail_memory(err);
	json_decref(json);
	return rc == CG_OK ? patch_developer(txn, &actor, member->id,
					     json_pack("{s:s, s:s}", "organisation_id", own->id,
						       "role", "manager"),
					     c->arena, err)
			   : rc;
}

cg_rc member_remove(struct store *store, const struct actor *actor, const char *id,
		    struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .id = id, .arena = arena};
	return store_write(store, STORE_CHANGES_GRANTS, remove_txn, &c, err);
}

static cg_rc role_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Developer *member;
	struct actor actor = actor_allowed(c->actor);
	bool manager = c->role == CG__DEVELOPER__ROLE__MANAGER;
	cg_rc rc = find_member(txn, c, !manager, &member, err);
	return rc == CG_OK
		   ? patch_developer(txn, &actor, member->id,
				     json_pack("{s:s}", "role", manager ? "manager" : "member"),
				     c->arena, err)
		   : rc;
}

cg_rc member_set_role(struct store *store, const struct actor *actor, const char *id,
		      Cg__Developer__Role role, struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .id = id, .role = role, .arena = arena};
	return store_write(store, STORE_CHANGES_NONE, role_txn, &c, err);
}

static cg_rc organisation_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Developer *manager;
	Cg__Organisation *ignored;
	struct actor actor = actor_allowed(c->actor);
	cg_rc rc = find_actor(txn, c, true, &manager, err);
	if (rc == CG_OK && json_object_get(c->patch, "active"))
		rc = cg_fail(err, CG_DENIED, "Only an administrator can switch it on or off.");
	return rc == CG_OK
		   ? entity_change_in(txn, &organisation_entity, &actor, manager->organisation_id,
				      c->revision, c->patch, c->arena, &ignored, err)
		   : rc;
}

cg_rc member_change_organisation(struct store *store, const struct actor *actor, uint64_t revision,
				 const json_t *patch, struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .revision = revision, .patch = patch, .arena = arena};
	return store_write(store, STORE_CHANGES_GRANTS, organisation_txn, &c, err);
}

static cg_rc rename_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Developer *developer;
	struct actor actor = actor_allowed(c->actor);
	cg_rc rc = find_actor(txn, c, false, &developer, err);
	return rc == CG_OK ? patch_developer(txn, &actor, developer->id,
					     json_pack("{s:s}", "name", c->name), c->arena, err)
			   : rc;
}

cg_rc member_rename(struct store *store, const struct actor *actor, const char *name,
		    struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .name = name, .arena = arena};
	cg_rc rc = judge_name(name, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, rename_txn, &c, err) : rc;
}
