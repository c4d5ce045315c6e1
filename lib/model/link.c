#include "base/base.h"
#include "model/link.h"
#include "base/clock.h"
#include "base/limits.h"

/* Sendings of one mail whose secrets count; of more the oldest ends. */
#define SECRETS_MAX 8

static cg_rc put(struct store_txn *txn, const Cg__Link *link, struct arena *arena,
		 struct cg_err *err)
{
	return store_save(txn, STORE_LINK, span_of(link->id), link, arena, err);
}

static cg_rc write_both(struct store_txn *txn, Cg__Link *link, Cg__OutboxMail__Kind kind,
			const json_t *values, bool goes, struct arena *arena, struct cg_err *err)
{
	link->id = arena_alloc(arena, ID_TEXT + 1);
	if (!link->id)
		return cg_fail_memory(err);
	if (random_id(link->id) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	link->has_kind = link->has_created_at = true;
	link->created_at = clock_unix_s();
	cg_rc rc = put(txn, link, arena, err);
	if (rc != CG_OK)
		return rc;
	return goes ? mail_queue_link(txn, kind, link->email, values, link->id, arena, err)
		    : mail_pretend(txn, kind, link->email, values, link->id, arena, err);
}

cg_rc link_mail_in(struct store_txn *txn, Cg__Link *link, Cg__OutboxMail__Kind kind,
		   const json_t *values, struct arena *arena, struct cg_err *err)
{
	return write_both(txn, link, kind, values, true, arena, err);
}

cg_rc link_pretend_in(struct store_txn *txn, Cg__Link *link, Cg__OutboxMail__Kind kind,
		      const json_t *values, struct arena *arena, struct cg_err *err)
{
	return write_both(txn, link, kind, values, false, arena, err);
}

struct call {
	const char *id, *secret;
	Cg__Link__Kind kind;
	int64_t now;
	struct sha256 digest;
	struct arena *arena;
	Cg__Link *link;
};

static cg_rc secret_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = store_load(txn, STORE_LINK, span_of(c->id), c->arena, &c->link, err);
	if (rc != CG_OK)
		return rc;
	Cg__Link *link = c->link;
	size_t kept = link->n_sha256 < SECRETS_MAX ? link->n_sha256 : SECRETS_MAX - 1;
	ProtobufCBinaryData *all = arena_alloc(c->arena, (kept + 1) * sizeof(*all));
	if (!all)
		return cg_fail_memory(err);
	for (size_t i = 0; i < kept; i++)
		all[i] = link->sha256[link->n_sha256 - kept + i];
	all[kept] = (ProtobufCBinaryData){SHA256_BYTES, c->digest.b};
	link->sha256 = all;
	link->n_sha256 = kept + 1;
	link->has_expires_at = true;
	link->expires_at =
	    c->now + (link->kind == CG__LINK__KIND__RESET ? LINK_RESET_S : LINK_CONFIRM_S);
	return put(txn, link, c->arena, err);
}

cg_rc link_make_secret(struct store *store, const char *id, int64_t now_unix_s,
		       char secret[TOKEN_TEXT + 1], struct arena *arena, struct cg_err *err)
{
	struct call c = {.id = id, .now = now_unix_s, .arena = arena};
	if (random_token(secret) != CG_OK || sha256_of(span_of(secret), &c.digest) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	return store_write(store, STORE_CHANGES_NONE, secret_txn, &c, err);
}

cg_rc link_ended(Cg__Link__Kind kind, struct cg_err *err)
{
	static const char *const ways[] = {
	    [CG__LINK__KIND__CONFIRM] = "If you have confirmed already, sign in; else join again.",
	    [CG__LINK__KIND__RESET] =
		"If the new password does not sign you in, ask for another link there.",
	    [CG__LINK__KIND__INVITE] =
		"If you have accepted already, sign in; else ask to be invited again.",
	    [CG__LINK__KIND__STOP] =
		"What a key has now is on its page, under My keys, and can be revoked there.",
	};
	return cg_fail(err, CG_NOT_FOUND, "This link has ended, or was used already. %s",
		       ways[kind]);
}

cg_rc link_find_in(struct store_txn *txn, const char *secret, Cg__Link__Kind kind,
		   struct arena *arena, Cg__Link **out, struct cg_err *err)
{
	struct sha256 digest;
	struct span bytes = {NULL, 0};
	cg_rc rc = CG_NOT_FOUND;
	if (strlen(secret) == TOKEN_TEXT) {
		if (sha256_of(span_of(secret), &digest) != CG_OK)
			return cg_fail_memory(err);
		rc = store_find(txn, STORE_LINK_BY_SHA256, span_make(digest.b, SHA256_BYTES), arena,
				&bytes, err);
	}
	if (rc == CG_OK)
		rc = record_unpack(&cg__link__descriptor, bytes, arena, out, err);
	if (rc == CG_OK && ((*out)->kind != kind || !(*out)->has_expires_at ||
			    (*out)->expires_at <= clock_unix_s()))
		rc = CG_NOT_FOUND;
	return rc == CG_NOT_FOUND ? link_ended(kind, err) : rc;
}

static cg_rc find_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	return link_find_in(txn, c->secret, c->kind, c->arena, &c->link, err);
}

cg_rc link_find(struct store *store, const char *secret, Cg__Link__Kind kind, struct arena *arena,
		Cg__Link **out, struct cg_err *err)
{
	struct call c = {.secret = secret, .kind = kind, .arena = arena};
	cg_rc rc = store_read(store, find_txn, &c, err);
	if (rc == CG_OK)
		*out = c.link;
	return rc;
}

cg_rc link_spend_in(struct store_txn *txn, const char *secret, Cg__Link__Kind kind,
		    struct arena *arena, Cg__Link **out, struct cg_err *err)
{
	cg_rc rc = link_find_in(txn, secret, kind, arena, out, err);
	return rc == CG_OK ? store_remove(txn, STORE_LINK, span_of((*out)->id), err) : rc;
}

cg_rc link_forget_in(struct store_txn *txn, const char *email, struct arena *arena,
		     struct cg_err *err)
{
	struct store_walk walk = {.by_index = true,
				  .index = STORE_LINK_BY_EMAIL,
				  .only = true,
				  .index_key = span_of(email)};
	struct store_keys links;
	cg_rc rc = store_keys(txn, &walk, SIZE_MAX, NULL, NULL, arena, &links, err);
	return rc == CG_OK ? store_remove_all(txn, STORE_LINK, &links, err) : rc;
}

static bool carries_link(const void *message, void *arg)
{
	const Cg__OutboxMail *mail = message;
	(void)arg;
	return mail->link_id && *mail->link_id && !mail->has_sent_at;
}

cg_rc link_end_all(struct store *store, struct cg_err *err)
{
	cg_rc rc = store_sweep(store, STORE_CHANGES_NONE, STORE_LINK, NULL, NULL, err);
	return rc == CG_OK ? store_sweep(store, STORE_CHANGES_NONE, STORE_OUTBOX_MAIL, carries_link,
					 NULL, err)
			   : rc;
}
