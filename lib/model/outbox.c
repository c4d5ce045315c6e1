#include "base/base.h"
#include "model/outbox.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/developer.h"
#include "model/email.h"
#include "model/organisation.h"

static cg_rc put(struct store_txn *txn, const Cg__OutboxMail *mail, struct arena *arena,
		 struct cg_err *err)
{
	return store_save(txn, STORE_OUTBOX_MAIL, span_of(mail->id), mail, arena, err);
}

static char *due_text(int64_t at, struct arena *arena)
{
	char text[RFC3339_TEXT + 1];
	return rfc3339_format(at, text) ? arena_strdup(arena, text) : NULL;
}

/* --- how many --- */

struct counting {
	struct arena *arena;
	Cg__OutboxMail__Kind kind;
	int64_t since;
	size_t n;
};

/* Whoever joins causes one or the other. */
static Cg__OutboxMail__Kind counted_as(Cg__OutboxMail__Kind kind)
{
	return kind == CG__OUTBOX_MAIL__KIND__ACCOUNT_EXISTS ? CG__OUTBOX_MAIL__KIND__CONFIRM
							     : kind;
}

static cg_rc count(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct counting *c = arg;
	Cg__OutboxMail *mail;
	(void)index_key;
	(void)key;
	cg_rc rc = record_unpack(&cg__outbox_mail__descriptor, value, c->arena, &mail, err);
	if (rc == CG_OK)
		c->n += counted_as(mail->kind) == c->kind && mail->created_at > c->since;
	return rc;
}

cg_rc mail_lately(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		  struct arena *arena, size_t *out, struct cg_err *err)
{
	struct counting c = {
	    .arena = arena, .kind = counted_as(kind), .since = clock_unix_s() - MAIL_STRANGER_S};
	struct store_walk walk = {.by_index = true,
				  .index = STORE_OUTBOX_MAIL_BY_TO,
				  .only = true,
				  .index_key = span_of(to)};
	cg_rc rc = store_walk(txn, &walk, count, &c, err);
	*out = c.n;
	return rc;
}

/* --- writing them --- */

/* `goes`: it is to go out. */
static cg_rc write_mail(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
			const json_t *values, const char *link_id, bool goes, struct arena *arena,
			struct cg_err *err)
{
	Cg__OutboxMail mail = CG__OUTBOX_MAIL__INIT;
	char id[ID_TEXT + 1];
	int64_t now = clock_unix_s();
	if (!values)
		return cg_fail_memory(err);
	mail.to = email_normal(to, arena);
	if (!mail.to)
		return CG_OK;
	if (random_id(id) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	char *text = json_dumps(values, JSON_COMPACT);
	mail.values = text ? arena_strdup(arena, text) : NULL;
	free(text);
	mail.id = id;
	mail.has_created_at = mail.has_kind = true;
	mail.created_at = now;
	mail.kind = kind;
	mail.link_id = link_id ? arena_strdup(arena, link_id) : NULL;
	mail.due = goes ? due_text(now, arena) : NULL;
	if (!mail.values || (goes && !mail.due) || (link_id && !mail.link_id))
		return cg_fail_memory(err);
	return put(txn, &mail, arena, err);
}

cg_rc mail_queue_link(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		      const json_t *values, const char *link_id, struct arena *arena,
		      struct cg_err *err)
{
	return write_mail(txn, kind, to, values, link_id, true, arena, err);
}

cg_rc mail_pretend(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		   const json_t *values, const char *link_id, struct arena *arena,
		   struct cg_err *err)
{
	return write_mail(txn, kind, to, values, link_id, false, arena, err);
}

cg_rc mail_queue(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		 const json_t *values, struct arena *arena, struct cg_err *err)
{
	return mail_queue_link(txn, kind, to, values, NULL, arena, err);
}

static bool is_contact(const Cg__Organisation *o, const char *email)
{
	for (size_t i = 0; i < o->n_contacts; i++)
		if (strcmp(o->contacts[i], email) == 0)
			return true;
	return false;
}

/* Members write the contacts down, and can have these mails written as often as they like. */
static bool is_of_members(Cg__OutboxMail__Kind kind)
{
	return kind == CG__OUTBOX_MAIL__KIND__RENEWED || kind == CG__OUTBOX_MAIL__KIND__KEY_REVOKED;
}

static bool is_member(const struct developers *all, const char *email)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i]->active && strcmp(all->items[i]->email, email) == 0)
			return true;
	return false;
}

/* *o is NULL where there is none. */
static cg_rc load_organisation(struct store_txn *txn, const char *id, struct arena *arena,
			       Cg__Organisation **o, struct developers *members, struct cg_err *err)
{
	struct span bytes;
	*o = NULL;
	cg_rc rc =
	    id ? store_get(txn, STORE_ORGANISATION, span_of(id), arena, &bytes, err) : CG_NOT_FOUND;
	if (rc == CG_OK)
		rc = record_unpack(&cg__organisation__descriptor, bytes, arena, o, err);
	if (rc == CG_OK)
		rc = developers_of_in(txn, id, arena, members, err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

cg_rc mail_addresses_of(struct store_txn *txn, Cg__OutboxMail__Kind kind,
			const char *organisation_id, struct arena *arena,
			struct mail_addresses *out, struct cg_err *err)
{
	Cg__Organisation *o;
	struct developers all = {.n = 0};
	*out = (struct mail_addresses){.n = 0};
	cg_rc rc = load_organisation(txn, organisation_id, arena, &o, &all, err);
	if (rc != CG_OK || !o)
		return rc;
	out->items = arena_alloc(arena, (o->n_contacts + all.n + 1) * sizeof(*out->items));
	if (!out->items)
		return cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < o->n_contacts; i++) {
		size_t n = 0;
		if (is_of_members(kind) && !is_member(&all, o->contacts[i]))
			rc = mail_lately(txn, kind, o->contacts[i], arena, &n, err);
		if (n < MAIL_CONTACT_MAX)
			out->items[out->n++] = o->contacts[i];
	}
	for (size_t i = 0; i < all.n; i++)
		if (all.items[i]->active && !is_contact(o, all.items[i]->email))
			out->items[out->n++] = all.items[i]->email;
	return rc;
}

cg_rc mail_is_address_of(struct store_txn *txn, const char *organisation_id, const char *email,
			 struct arena *arena, bool *out, struct cg_err *err)
{
	Cg__Organisation *o;
	struct developers all = {.n = 0};
	cg_rc rc = load_organisation(txn, organisation_id, arena, &o, &all, err);
	*out = rc == CG_OK && o && (is_contact(o, email) || is_member(&all, email));
	return rc;
}

cg_rc mail_queue_organisation(struct store_txn *txn, Cg__OutboxMail__Kind kind,
			      const char *organisation_id, const json_t *values,
			      struct arena *arena, struct cg_err *err)
{
	struct mail_addresses to;
	cg_rc rc = mail_addresses_of(txn, kind, organisation_id, arena, &to, err);
	for (size_t i = 0; rc == CG_OK && i < to.n; i++)
		rc = mail_queue(txn, kind, to.items[i], values, arena, err);
	return rc;
}

struct to_users {
	struct arena *arena;
	const char *emails[MAIL_ADMINISTRATORS_MAX];
	size_t n;
};

static cg_rc visit_user(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	struct to_users *to = arg;
	Cg__User *user;
	(void)index_key;
	(void)key;
	cg_rc rc = record_unpack(&cg__user__descriptor, value, to->arena, &user, err);
	if (rc != CG_OK || user->held || user->role < CG__ROLE__ADMIN || !user->email)
		return rc;
	to->emails[to->n++] = user->email;
	return to->n < CG_COUNT(to->emails) ? CG_OK : CG_NOT_FOUND;
}

cg_rc mail_queue_administrators(struct store_txn *txn, Cg__OutboxMail__Kind kind,
				const json_t *values, struct arena *arena, struct cg_err *err)
{
	struct to_users to = {.arena = arena};
	struct store_walk walk = {.table = STORE_USER};
	cg_rc rc = store_walk(txn, &walk, visit_user, &to, err);
	for (size_t i = 0; rc == CG_OK && i < to.n; i++)
		rc = mail_queue(txn, kind, to.emails[i], values, arena, err);
	return rc;
}

/* --- removing them --- */

/* Mails that went out or were given up. */
static bool is_kept_long(const void *message, void *arg)
{
	const Cg__OutboxMail *mail = message;
	const int64_t *now = arg;
	return !mail->due && mail->created_at < *now - MAIL_KEEP_S;
}

static bool has_ended(const void *message, void *arg)
{
	const Cg__Link *link = message;
	const int64_t *now = arg;
	return link->has_expires_at ? link->expires_at < *now - LINK_KEEP_S
				    : link->created_at < *now - MAIL_KEEP_S;
}

cg_rc outbox_sweep(struct store *store, int64_t now_unix_s, struct cg_err *err)
{
	cg_rc rc = store_sweep(store, STORE_CHANGES_COUNTS, STORE_OUTBOX_MAIL, is_kept_long,
			       &now_unix_s, err);
	return rc == CG_OK ? store_sweep(store, STORE_CHANGES_COUNTS, STORE_LINK, has_ended,
					 &now_unix_s, err)
			   : rc;
}

cg_rc outbox_forget_in(struct store_txn *txn, const char *to, struct arena *arena,
		       struct cg_err *err)
{
	struct store_walk walk = {.by_index = true,
				  .index = STORE_OUTBOX_MAIL_BY_TO,
				  .only = true,
				  .index_key = span_of(to)};
	struct store_keys mails;
	cg_rc rc = store_keys(txn, &walk, SIZE_MAX, NULL, NULL, arena, &mails, err);
	return rc == CG_OK ? store_remove_all(txn, STORE_OUTBOX_MAIL, &mails, err) : rc;
}

/* --- sending them --- */

struct mail_call {
	const char *id, *fault;
	int64_t now;
	struct arena *arena;
	Cg__OutboxMail *mail;
};

static cg_rc visit_due(struct span index_key, struct span key, struct span value, void *arg,
		       struct cg_err *err)
{
	struct mail_call *c = arg;
	char now[RFC3339_TEXT + 1];
	(void)key;
	if (!rfc3339_format(c->now, now) || strncmp(now, index_key.p, index_key.n) < 0)
		return CG_NOT_FOUND;
	cg_rc rc = record_unpack(&cg__outbox_mail__descriptor, value, c->arena, &c->mail, err);
	return rc == CG_OK ? CG_NOT_FOUND : rc;
}

static cg_rc next_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct mail_call *c = arg;
	struct store_walk walk = {.by_index = true, .index = STORE_OUTBOX_MAIL_BY_DUE};
	c->mail = NULL;
	return store_walk(txn, &walk, visit_due, c, err);
}

cg_rc outbox_next(struct store *store, int64_t now_unix_s, struct arena *arena,
		  Cg__OutboxMail **out, struct cg_err *err)
{
	struct mail_call c = {.now = now_unix_s, .arena = arena};
	cg_rc rc = store_read(store, next_txn, &c, err);
	*out = c.mail;
	return rc == CG_OK && !c.mail ? CG_NOT_FOUND : rc;
}

static cg_rc get(struct store_txn *txn, struct mail_call *c, struct cg_err *err)
{
	return store_load(txn, STORE_OUTBOX_MAIL, span_of(c->id), c->arena, &c->mail, err);
}

static cg_rc sent_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct mail_call *c = arg;
	cg_rc rc = get(txn, c, err);
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	c->mail->due = c->mail->fault = NULL;
	c->mail->has_tries = c->mail->has_sent_at = true;
	c->mail->tries++;
	c->mail->sent_at = c->now;
	return put(txn, c->mail, c->arena, err);
}

cg_rc outbox_sent(struct store *store, const char *id, int64_t now_unix_s, struct arena *arena,
		  struct cg_err *err)
{
	struct mail_call c = {.id = id, .now = now_unix_s, .arena = arena};
	return store_write(store, STORE_CHANGES_NONE, sent_txn, &c, err);
}

static cg_rc failed_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	static const int64_t pauses[] = {10, 60, 300, 900, 3600};
	struct mail_call *c = arg;
	cg_rc rc = get(txn, c, err);
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	Cg__OutboxMail *mail = c->mail;
	size_t i = mail->tries < CG_COUNT(pauses) ? (size_t)mail->tries : CG_COUNT(pauses) - 1;
	mail->has_tries = true;
	mail->tries++;
	mail->fault = arena_strdup(c->arena, c->fault);
	if (c->now - mail->created_at >= MAIL_TRY_S)
		mail->due = NULL;
	else if (!(mail->due = due_text(c->now + pauses[i], c->arena)))
		return cg_fail_memory(err);
	return mail->fault ? put(txn, mail, c->arena, err) : cg_fail_memory(err);
}

cg_rc outbox_failed(struct store *store, const char *id, const char *fault, int64_t now_unix_s,
		    struct arena *arena, struct cg_err *err)
{
	struct mail_call c = {.id = id, .fault = fault, .now = now_unix_s, .arena = arena};
	return store_write(store, STORE_CHANGES_NONE, failed_txn, &c, err);
}
