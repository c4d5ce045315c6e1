/* Sessions: who is signed in to the pages of /admin or of /portal.  The cookie's text is random
 * (256 bit); the store has its digest alone. */
#ifndef CG_MODEL_SESSION_H
#define CG_MODEL_SESSION_H

#include "base/hash.h"
#include "model/actor.h"
#include "store/store.h"

/* Whose it is: one of the two. */
struct session_of {
	Cg__User *user;
	Cg__Developer *developer;
	/* To begin one: the digest of the certificate that came in the handshake; NULL: it was
	 * the password. */
	const struct sha256 *certificate;
};

/* Begins one for somebody whose password was right, or whose certificate came in the handshake,
 * with an entry in the audit that tells which; *cookie is its text. Above SESSIONS_MAX the person's
 * oldest ends; what has ended by time, of anybody, is removed. */
cg_rc session_begin(struct store *store, const struct session_of *who, const struct actor *from,
		    struct arena *arena, char cookie[TOKEN_TEXT + 1],
		    struct cg_err *err) CG_MUST_USE;
/* Whose it is.  CG_DENIED for one that is unknown, has ended, or is not of such a person, and when
 * that person is gone, held or switched off. */
cg_rc session_check(struct store *store, Cg__Session__Of of, struct span cookie,
		    struct arena *arena, Cg__Session **session, struct session_of *who,
		    struct cg_err *err) CG_MUST_USE;
/* Ends one, or all of its user; not there is fine. */
cg_rc session_end(struct store *store, const Cg__Session *session, bool all_of_user,
		  struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* Within a transaction that does more: ends all of a person but `except` (an id, may be NULL). */
cg_rc session_end_of_user_in(struct store_txn *txn, const char *user_id, const char *except,
			     struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Ends everybody's, after a restore. */
cg_rc session_end_all(struct store *store, struct cg_err *err) CG_MUST_USE;

#endif
