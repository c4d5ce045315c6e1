/* People who may change things, and their tokens for the REST interface. */
#ifndef CG_MODEL_USER_H
#define CG_MODEL_USER_H

#include "base/hash.h"
#include "model/entity.h"

extern const struct entity user_entity;
extern const struct entity token_entity;

#define PASSWORD_TEXT ID_TEXT /* a one-time password, 128 bit, without the NUL */

/* Makes the first owner, named `name`, with a one-time password that must be changed; CG_CLASH when
 * the store has a user of that name. */
cg_rc user_create_owner(struct store *store, const struct actor *actor, const char *name,
			struct arena *arena, Cg__User **out, char password[PASSWORD_TEXT + 1],
			struct cg_err *err) CG_MUST_USE;

/* Makes a REST token of a user (by id or name); *token is the only time that it is seen. */
cg_rc token_create(struct store *store, const struct actor *actor, const char *owner,
		   const json_t *json, struct arena *arena, Cg__RestToken **out,
		   char token[TOKEN_TEXT + 1], struct cg_err *err) CG_MUST_USE;
/* Who shows this token, with the right that is left: never more than its owner has now.  CG_DENIED
 * for one that is unknown or has ended. */
cg_rc token_check(struct store *store, struct span token, struct arena *arena, struct actor *out,
		  struct cg_err *err) CG_MUST_USE;

#endif
