/* Who does something, for rights and for the audit. */
#ifndef CG_MODEL_ACTOR_H
#define CG_MODEL_ACTOR_H

#include "base/base.h"
#include "base/error.h"
#include "record/record.h"

struct actor {
	const char *name; /* "admin", "token demo of admin", "command (uid 0)" */
	const char *id;	  /* of the user; "" for the command */
	Cg__Role role;
	const char *from_address; /* "" for the command */
	const char *request_id;	  /* "" for the command */
	/* A developer, who has no role: what he may do, the functions say that take him.  NULL:
	 * somebody else. */
	const Cg__Developer *developer;
};

/* CG_DENIED unless the actor's role is at least `role`. */
cg_rc actor_require(const struct actor *actor, Cg__Role role, struct cg_err *err) CG_MUST_USE;

/* The same person with the right to do what a function has checked that he may; to be used inside
 * of that function. */
struct actor actor_allowed(const struct actor *actor);

/* The program itself, in its housekeeping. */
extern const struct actor actor_steward;

#endif
