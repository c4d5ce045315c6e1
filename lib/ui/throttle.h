/* Not too often: before a password is hashed, and before a stranger has a mail sent. */
#ifndef CG_UI_THROTTLE_H
#define CG_UI_THROTTLE_H

#include "live/limits.h"
#include "ui/pages.h"

enum throttle_of {
	THROTTLE_SIGN_IN, /* wrong passwords of an address are counted */
	THROTTLE_JOIN,	  /* requests to join, for a new password and the like */
};

enum throttle_ask {
	THROTTLE_ADDRESS, /* all that comes from an address */
	THROTTLE_ALL,	  /* all addresses together */
	THROTTLE_PLACES,  /* to hash in */
	THROTTLE_ASKS,
};

struct throttle {
	enum throttle_of of;
	struct limits_ask wrong; /* what of this address is counted afterwards */
	/* Of this address alone first, so that it does not use up what is there for all. */
	struct limits_ask asks[THROTTLE_ASKS];
	struct limits_held held;
	int64_t retry_after_s; /* of a refusal */
};

/* throttle_leave has to follow.  CG_DENIED (429) with retry_after_s, which the answer then has as
 * Retry-After; CG_UNAVAILABLE when the places to hash in were taken for SIGN_IN_WAIT_MS.  /admin
 * and /portal are counted apart, and so are sign-ins and requests to join of all addresses. */
cg_rc throttle_enter(struct page_call *call, enum throttle_of of, struct throttle *t,
		     struct cg_err *err) CG_MUST_USE;
/* `count`: it was a wrong password, or a request to join. */
void throttle_leave(struct page_call *call, struct throttle *t, bool count);

#endif
