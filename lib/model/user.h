/* People who may change things, and their tokens for the REST interface. */
#ifndef CG_MODEL_USER_H
#define CG_MODEL_USER_H

#include "base/hash.h"
#include "model/entity.h"
#include "model/password.h"

extern const struct entity user_entity;
extern const struct entity token_entity;

#define PASSWORD_TEXT ID_TEXT /* a one-time password, 128 bit, without the NUL */

/* Makes the first owner, named `name`, with a one-time password that must be changed; CG_CLASH when
 * the store has a user of that name. */
cg_rc user_create_owner(struct store *store, const struct actor *actor, const char *name,
			struct arena *arena, Cg__User **out, char password[PASSWORD_TEXT + 1],
			struct cg_err *err) CG_MUST_USE;

/* The user of that name, if it is his password.  Takes the time of one hash in every case: whether
 * a name is known does not show.  CG_DENIED with a sentence otherwise, and for a user who is held.
 */
cg_rc user_sign_in(struct store *store, const char *name, const char *password, struct arena *arena,
		   Cg__User **out, struct cg_err *err) CG_MUST_USE;
/* Changes a user's own password and ends his sessions but `session_id`.  CG_BAD_VALUE with the
 * fields current, new or repeat. */
cg_rc user_change_password(struct store *store, const struct actor *actor,
			   const struct password_change *change, const char *session_id,
			   struct arena *arena, struct cg_err *err) CG_MUST_USE;
/* Makes a user from JSON, under an id that random_id made before (NULL: a new one;
 * entity_create_as), with that password; NULL: with a one-time one, which must be changed at the
 * first sign-in and is written to one_time.  For owners. */
cg_rc user_create(struct store *store, const struct actor *actor, const char *id,
		  const json_t *json, const char *password, struct arena *arena, Cg__User **out,
		  char one_time[PASSWORD_TEXT + 1], struct cg_err *err) CG_MUST_USE;
/* entity_change; with a password (else NULL) the user gets that one as well, which he has to change
 * at the next sign-in where the patch says must_change, and his sessions end.  For owners. */
cg_rc user_patch(struct store *store, const struct actor *actor, const char *id_or_name,
		 uint64_t revision, const json_t *patch, const char *password, struct arena *arena,
		 Cg__User **out, struct cg_err *err) CG_MUST_USE;
/* Gives a user (by id or name) a one-time password, which must be changed at the next sign-in, and
 * ends his sessions; for owners.  CG_STALE unless his revision is `revision` (or
 * ENTITY_ANY_REVISION), so that of two that are asked for at once the one that is told counts. */
cg_rc user_reset(struct store *store, const struct actor *actor, const char *id_or_name,
		 uint64_t revision, struct arena *arena, Cg__User **out,
		 char password[PASSWORD_TEXT + 1], struct cg_err *err) CG_MUST_USE;

/* Makes a REST token of a user (by id or name), under an id that random_id made before (NULL: a new
 * one; entity_create_as); *token is the only time that it is seen.  In its place the one with the
 * id `replaces` ends, if it has not ended (NULL: none). */
cg_rc token_create(struct store *store, const struct actor *actor, const char *id,
		   const char *owner, const json_t *json, const char *replaces, struct arena *arena,
		   Cg__RestToken **out, char token[TOKEN_TEXT + 1], struct cg_err *err) CG_MUST_USE;
/* Who shows this token, with the right that is left: never more than its owner has now.  CG_DENIED
 * for one that is unknown or has ended. */
cg_rc token_check(struct store *store, struct span token, struct arena *arena, struct actor *out,
		  struct cg_err *err) CG_MUST_USE;

#endif
