/* The outbox: mails are written into the store in the transaction that they tell of, and sent by
 * the steward (mail/).  Nothing is lost between the two, and no page waits for a mail program. */
#ifndef CG_MODEL_OUTBOX_H
#define CG_MODEL_OUTBOX_H

#include "model/actor.h"
#include "store/store.h"
#include <jansson.h>

/* Writes a mail to one address; templates/mail/KIND.txt.tpl and .html.tpl say what it says.
 *
 * `values` (borrowed) are texts for the template, by the names that it has; never a secret.  NULL,
 * for which there was no memory, fails as that.  "path" ("/portal/keys/ID") becomes {{url}}, behind
 * the setting base_urls.
 * CG_OK also when `to` is no address: what a mail tells of happens all the same. */
cg_rc mail_queue(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		 const json_t *values, struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Who of an organisation gets a mail of a kind: its contacts and its active developers, each
 * address once; nobody where there is none (NULL, or gone).  Of what members themselves cause
 * (KEY_REVOKED, RENEWED), a contact who is none gets MAIL_CONTACT_MAX within MAIL_STRANGER_S:
 * nobody asked him. */
struct mail_addresses {
	char **items;
	size_t n;
};
cg_rc mail_addresses_of(struct store_txn *txn, Cg__OutboxMail__Kind kind,
			const char *organisation_id, struct arena *arena,
			struct mail_addresses *out, struct cg_err *err) CG_MUST_USE;
/* Whether an address is one of them, however many mails it got. */
cg_rc mail_is_address_of(struct store_txn *txn, const char *organisation_id, const char *email,
			 struct arena *arena, bool *out, struct cg_err *err) CG_MUST_USE;
/* The same to an organisation: see mail_addresses_of. */
cg_rc mail_queue_organisation(struct store_txn *txn, Cg__OutboxMail__Kind kind,
			      const char *organisation_id, const json_t *values,
			      struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* The same to every administrator and owner who has an address. */
cg_rc mail_queue_administrators(struct store_txn *txn, Cg__OutboxMail__Kind kind,
				const json_t *values, struct arena *arena,
				struct cg_err *err) CG_MUST_USE;
/* A mail with a link (model/link.h), of which every sending has a secret of its own.  link_id is
 * that of a link in the store. */
cg_rc mail_queue_link(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		      const json_t *values, const char *link_id, struct arena *arena,
		      struct cg_err *err) CG_MUST_USE;
/* Writes the same, which never goes out: where it must not show, by the time that it takes either,
 * that there is nobody to write to. */
cg_rc mail_pretend(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		   const json_t *values, const char *link_id, struct arena *arena,
		   struct cg_err *err) CG_MUST_USE;

/* How many mails of a kind were written to the address within MAIL_STRANGER_S.  CONFIRM and
 * ACCOUNT_EXISTS count as one: strangers cause them alike.  Others do not count, so that nobody
 * keeps the one from somebody by asking for the other. */
cg_rc mail_lately(struct store_txn *txn, Cg__OutboxMail__Kind kind, const char *to,
		  struct arena *arena, size_t *out, struct cg_err *err) CG_MUST_USE;

/* Removes all mails to an address whose owner is gone. */
cg_rc outbox_forget_in(struct store_txn *txn, const char *to, struct arena *arena,
		       struct cg_err *err) CG_MUST_USE;

/* --- for who sends them (mail/) --- */

/* The mail that has waited longest of those that are due; CG_NOT_FOUND when there is none. */
cg_rc outbox_next(struct store *store, int64_t now_unix_s, struct arena *arena,
		  Cg__OutboxMail **out, struct cg_err *err) CG_MUST_USE;
/* Notes that it went out. */
cg_rc outbox_sent(struct store *store, const char *id, int64_t now_unix_s, struct arena *arena,
		  struct cg_err *err) CG_MUST_USE;
/* Notes that it did not, and when it is tried again: later and later, at last each hour.  After
 * MAIL_TRY_S it is given up, and kept with its fault. */
cg_rc outbox_failed(struct store *store, const char *id, const char *fault, int64_t now_unix_s,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Removes the mails that went out or were given up more than MAIL_KEEP_S ago, and the links that
 * have ended. */
cg_rc outbox_sweep(struct store *store, int64_t now_unix_s, struct cg_err *err) CG_MUST_USE;

#endif
