/* Joining the portal and getting a new password, by links in mails.  What these answer does not
 * depend on whether an address has an account, nor does the time that they take. */
#ifndef CG_MODEL_JOIN_H
#define CG_MODEL_JOIN_H

#include "model/developer.h"
#include "model/link.h"

struct join_new {
	const char *name, *email, *password;
	bool terms_accepted;
};
/* Has a mail sent: with a link for join_confirm, or to an address that has an account, one that
 * says so.  Above MAIL_STRANGER_MAX none.  CG_BAD_VALUE with the fields name, email, password or
 * terms; CG_DENIED while sign-up is closed. */
cg_rc join_ask(struct store *store, const struct join_new *what, struct arena *arena,
	       struct cg_err *err) CG_MUST_USE;
/* The link for join_confirm, which stays as it is.  CG_NOT_FOUND for one that has ended; CG_DENIED,
 * with a sentence, when joining was closed meanwhile: it counts again if that is taken back. */
cg_rc join_find(struct store *store, const char *secret, struct arena *arena, Cg__Link **out,
		struct cg_err *err) CG_MUST_USE;
/* Makes the developer.  Fails as join_find; CG_CLASH when the address has an account by now. */
cg_rc join_confirm(struct store *store, const struct actor *from, const char *secret,
		   struct arena *arena, Cg__Developer **out, struct cg_err *err) CG_MUST_USE;

/* Has a mail sent with a link for reset_password, if the address has an account.  CG_BAD_VALUE
 * with the field email when it is no address. */
cg_rc reset_ask(struct store *store, const char *email, struct arena *arena,
		struct cg_err *err) CG_MUST_USE;
/* Sets the password and ends all sessions.  CG_BAD_VALUE with the fields new or repeat. */
cg_rc reset_password(struct store *store, const struct actor *from, const char *secret,
		     const struct password_change *change, struct arena *arena,
		     struct cg_err *err) CG_MUST_USE;

#endif
