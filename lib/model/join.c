#include "base/base.h"
#include "model/join.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/email.h"
#include "model/name.h"
#include "model/setting.h"

struct call {
	const struct join_new *join;
	const struct actor *actor;
	const char *email, *secret;
	char *name; /* as it will be stored */
	char *hash;
	struct arena *arena;
	Cg__Developer *developer;
	Cg__Link *link;
};

/* --- joining --- */

static bool is_closed(const Cg__Setting *s)
{
	return s->sign_up == CG__SETTING__SIGN_UP__CLOSED;
}

static bool is_of_domain(const Cg__Setting *s, const char *email)
{
	for (size_t i = 0; i < s->n_sign_up_domains; i++)
		if (strcmp(s->sign_up_domains[i], email_domain(email)) == 0)
			return true;
	return s->n_sign_up_domains == 0;
}

static cg_rc judge(const Cg__Setting *s, const struct join_new *join, const char *email,
		   struct arena *arena, char **name, struct cg_err *err)
{
	cg_rc rc = name_read(join->name, "name", arena, name, err);
	if (rc != CG_OK && rc != CG_BAD_VALUE)
		return rc;
	if (!email)
		rc = cg_fail_field(err, "email", EMAIL_BAD);
	else if (!is_of_domain(s, email))
		rc = cg_fail_field(err, "email", "must be of a domain that may join here");
	if (password_judge(join->password, "password", err) != CG_OK)
		rc = CG_BAD_VALUE;
	if (*s->terms && !join->terms_accepted)
		rc = cg_fail_field(err, "terms", "have to be accepted");
	return rc;
}

static cg_rc join_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Link link = CG__LINK__INIT;
	size_t n = 0;
	json_t *values = json_pack("{s:s}", "name", c->name);
	cg_rc rc =
	    values ? mail_lately(txn, CG__OUTBOX_MAIL__KIND__CONFIRM, c->email, c->arena, &n, err)
		   : cg_fail_memory(err);
	if (rc == CG_OK && n < MAIL_STRANGER_MAX) {
		rc = developer_by_email_in(txn, c->email, c->arena, &c->developer, err);
		link.kind = CG__LINK__KIND__CONFIRM;
		link.email = arena_strdup(c->arena, c->email);
		link.name = c->name;
		link.password_hash = c->hash;
		link.has_terms_accepted = true;
		link.terms_accepted = c->join->terms_accepted;
		if (!link.email)
			rc = cg_fail_memory(err);
		else if (rc == CG_NOT_FOUND)
			rc = link_mail_in(txn, &link, CG__OUTBOX_MAIL__KIND__CONFIRM, values,
					  c->arena, err);
		else if (rc == CG_OK) {
			/* Nothing that a stranger typed goes to somebody else. */
			(void)json_object_clear(values);
			rc = mail_queue(txn, CG__OUTBOX_MAIL__KIND__ACCOUNT_EXISTS, c->email,
					values, c->arena, err);
		}
	}
	json_decref(values);
	return rc;
}

cg_rc join_ask(struct store *store, const struct join_new *what, struct arena *arena,
	       struct cg_err *err)
{
	struct call c = {.join = what, .email = email_normal(what->email, arena), .arena = arena};
	Cg__Setting *setting;
	cg_rc rc = setting_get(store, arena, &setting, err);
	if (rc == CG_OK && is_closed(setting))
		return cg_fail(err, CG_DENIED,
			       "Nobody can join here by himself: ask whoever runs this API.");
	if (rc == CG_OK)
		rc = judge(setting, what, c.email, arena, &c.name, err);
	if (rc == CG_OK)
		rc = password_hash(what->password, arena, &c.hash, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, join_txn, &c, err) : rc;
}

/* Who may join is decided when the account is made: joining that is closed, for all or for a
 * domain, is closed for those too who have a mail. */
static cg_rc find_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Setting *setting;
	cg_rc rc = link_find_in(txn, c->secret, CG__LINK__KIND__CONFIRM, c->arena, &c->link, err);
	if (rc == CG_OK)
		rc = setting_get_in(txn, c->arena, &setting, err);
	if (rc == CG_OK && (is_closed(setting) || !is_of_domain(setting, c->link->email)))
		rc = cg_fail(err, CG_DENIED,
			     "Since this mail was sent, joining was closed%s, so no account was "
			     "made: ask whoever runs this API.",
			     is_closed(setting) ? "" : " for addresses like yours");
	return rc;
}

cg_rc join_find(struct store *store, const char *secret, struct arena *arena, Cg__Link **out,
		struct cg_err *err)
{
	struct call c = {.secret = secret, .arena = arena};
	cg_rc rc = store_read(store, find_txn, &c, err);
	if (rc == CG_OK)
		*out = c.link;
	return rc;
}

static cg_rc confirm_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Link *link;
	Cg__Developer *other;
	cg_rc rc = find_txn(txn, c, err);
	if (rc == CG_OK)
		rc = link_spend_in(txn, c->secret, CG__LINK__KIND__CONFIRM, c->arena, &link, err);
	if (rc != CG_OK)
		return rc;
	rc = developer_by_email_in(txn, link->email, c->arena, &other, err);
	if (rc == CG_OK)
		return cg_fail_code(err, CG_CLASH, "email_in_use",
				    "This address has an account already: sign in with it.");
	if (rc != CG_NOT_FOUND)
		return rc;
	struct actor actor = actor_allowed(c->actor);
	actor.name = link->email;
	json_t *json = json_pack("{s:s, s:s}", "name", link->name, "email", link->email);
	const struct developer_new what = {.json = json,
					   .password_hash = link->password_hash,
					   .confirmed = true,
					   .terms_accepted = link->terms_accepted};
	rc = developer_create_in(txn, &actor, &what, c->arena, &c->developer, err);
	json_decref(json);
	/* Of those who wanted to join with the address one has shown that it is his. */
	return rc == CG_OK ? link_forget_in(txn, link->email, c->arena, err) : rc;
}

cg_rc join_confirm(struct store *store, const struct actor *from, const char *secret,
		   struct arena *arena, Cg__Developer **out, struct cg_err *err)
{
	struct call c = {.actor = from, .secret = secret, .arena = arena};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, confirm_txn, &c, err);
	if (rc == CG_OK)
		*out = c.developer;
	return rc;
}

/* --- a new password --- */

static cg_rc reset_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Link link = CG__LINK__INIT;
	Cg__Developer *active = NULL;
	size_t n;
	cg_rc rc = mail_lately(txn, CG__OUTBOX_MAIL__KIND__RESET, c->email, c->arena, &n, err);
	if (rc != CG_OK || n >= MAIL_STRANGER_MAX)
		return rc;
	rc = developer_by_email_in(txn, c->email, c->arena, &c->developer, err);
	if (rc == CG_OK)
		rc = developer_get_active_in(txn, c->developer->id, c->arena, &active, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	bool known = rc == CG_OK;
	link.kind = CG__LINK__KIND__RESET;
	link.email = arena_strdup(c->arena, c->email);
	link.developer_id = known ? active->id : NULL;
	if (!link.email)
		return cg_fail_memory(err);
	json_t *values = json_pack("{s:s}", "name", known ? active->name : c->email);
	if (!values)
		rc = cg_fail_memory(err);
	else if (known)
		rc = link_mail_in(txn, &link, CG__OUTBOX_MAIL__KIND__RESET, values, c->arena, err);
	else
		rc = link_pretend_in(txn, &link, CG__OUTBOX_MAIL__KIND__RESET, values, c->arena,
				     err);
	json_decref(values);
	return rc;
}

cg_rc reset_ask(struct store *store, const char *email, struct arena *arena, struct cg_err *err)
{
	struct call c = {.email = email_normal(email, arena), .arena = arena};
	if (!c.email)
		return cg_fail_field(err, "email", EMAIL_BAD);
	return store_write(store, STORE_CHANGES_NONE, reset_txn, &c, err);
}

static cg_rc new_password_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Link *link;
	cg_rc rc = link_spend_in(txn, c->secret, CG__LINK__KIND__RESET, c->arena, &link, err);
	if (rc == CG_OK)
		rc = link->developer_id ? developer_get_active_in(txn, link->developer_id, c->arena,
								  &c->developer, err)
					: CG_NOT_FOUND;
	if (rc == CG_NOT_FOUND)
		return link_ended(CG__LINK__KIND__RESET, err);
	if (rc != CG_OK)
		return rc;
	struct actor actor = *c->actor;
	actor.name = c->developer->email;
	actor.id = c->developer->id;
	rc = developer_put_password_in(txn, &actor, c->developer, c->hash, NULL, c->arena, err);
	return rc == CG_OK ? link_forget_in(txn, link->email, c->arena, err) : rc;
}

cg_rc reset_password(struct store *store, const struct actor *from, const char *secret,
		     const struct password_change *change, struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = from, .secret = secret, .arena = arena};
	Cg__Link *link;
	/* What is typed is judged, and hashed, for who has a link alone. */
	cg_rc rc = link_find(store, secret, CG__LINK__KIND__RESET, arena, &link, err);
	if (rc == CG_OK)
		rc = password_judge_change(change, err);
	if (rc == CG_OK)
		rc = password_hash(change->new, arena, &c.hash, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, new_password_txn, &c, err) : rc;
}
