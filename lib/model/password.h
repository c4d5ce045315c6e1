/* Passwords, of users and developers: yescrypt with libxcrypt's default cost (crypt(5)). */
#ifndef CG_MODEL_PASSWORD_H
#define CG_MODEL_PASSWORD_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"

cg_rc password_hash(const char *password, struct arena *arena, char **out,
		    struct cg_err *err) CG_MUST_USE;
/* Whether it is the password of `hash`; of nobody (NULL) it takes as long. */
cg_rc password_check(const char *password, const char *hash, struct arena *arena, bool *right,
		     struct cg_err *err) CG_MUST_USE;
/* Whether it may be one; CG_BAD_VALUE with that field otherwise. */
cg_rc password_judge(const char *password, const char *field, struct cg_err *err) CG_MUST_USE;

/* What a person types to change his own. */
struct password_change {
	const char *current, *new, *repeat;
};
/* CG_BAD_VALUE with the fields new or repeat. */
cg_rc password_judge_change(const struct password_change *change, struct cg_err *err) CG_MUST_USE;

#endif
