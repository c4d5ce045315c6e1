/* Links that are mailed to people: 256 bit, known by their digest alone, used once, by a POST. What
 * one does stands in the store from the moment that it is asked for; its secret is made when the
 * mail goes out. */
#ifndef CG_MODEL_LINK_H
#define CG_MODEL_LINK_H

#include "base/hash.h"
#include "model/actor.h"
#include "model/outbox.h"
#include "store/store.h"

/* Writes a link, whose id is made here, and the mail that carries it. */
cg_rc link_mail_in(struct store_txn *txn, Cg__Link *link, Cg__OutboxMail__Kind kind,
		   const json_t *values, struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* The same, but the mail never goes out (mail_pretend), and the link never counts. */
cg_rc link_pretend_in(struct store_txn *txn, Cg__Link *link, Cg__OutboxMail__Kind kind,
		      const json_t *values, struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* A secret for one sending of the link's mail, in the store when CG_OK comes back; the link counts
 * from now for its time.  CG_NOT_FOUND when the link is gone: the mail is not needed any more. */
cg_rc link_make_secret(struct store *store, const char *id, int64_t now_unix_s,
		       char secret[TOKEN_TEXT + 1], struct arena *arena,
		       struct cg_err *err) CG_MUST_USE;
/* CG_NOT_FOUND, with a sentence that says what to do instead. */
cg_rc link_ended(Cg__Link__Kind kind, struct cg_err *err);
/* The link of this secret and kind.  CG_NOT_FOUND with a sentence when there is none (any more). */
cg_rc link_find_in(struct store_txn *txn, const char *secret, Cg__Link__Kind kind,
		   struct arena *arena, Cg__Link **out, struct cg_err *err) CG_MUST_USE;
cg_rc link_find(struct store *store, const char *secret, Cg__Link__Kind kind, struct arena *arena,
		Cg__Link **out, struct cg_err *err) CG_MUST_USE;
/* The same, and it is used up. */
cg_rc link_spend_in(struct store_txn *txn, const char *secret, Cg__Link__Kind kind,
		    struct arena *arena, Cg__Link **out, struct cg_err *err) CG_MUST_USE;
/* Removes all links that were sent to an address. */
cg_rc link_forget_in(struct store_txn *txn, const char *email, struct arena *arena,
		     struct cg_err *err) CG_MUST_USE;

/* Ends all, with the mails that were to bring them: after a restore. */
cg_rc link_end_all(struct store *store, struct cg_err *err) CG_MUST_USE;

#endif
