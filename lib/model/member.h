/* What developers do in their organisation: its managers invite, remove and promote, and keep its
 * name and contacts.  `actor` is a developer (actor->developer); what is not of his organisation is
 * CG_NOT_FOUND to him. */
#ifndef CG_MODEL_MEMBER_H
#define CG_MODEL_MEMBER_H

#include "model/developer.h"
#include "model/link.h"

/* Has an invitation sent, as a manager; above MAIL_STRANGER_MAX none.  It looks the same whether
 * the address has an account.  CG_BAD_VALUE with the field email, also for who is a member already.
 */
cg_rc member_invite(struct store *store, const struct actor *actor, const char *email,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* What an invitation leads to, for who has its link.  CG_NOT_FOUND when it has ended: also when who
 * invited is no manager there any more, or whom it is for is switched off. */
struct invitation {
	Cg__Link *link;
	Cg__Organisation *organisation;
	Cg__Developer *developer; /* whom the address belongs to already; NULL: nobody */
	bool takes_along;	  /* he is alone in his organisation: its keys come along */
	bool manager_stays;	  /* there is another manager in it */
};
cg_rc member_invitation(struct store *store, const char *secret, struct arena *arena,
			struct invitation *out, struct cg_err *err) CG_MUST_USE;
/* Accepts it: makes the developer from name and password, or moves the one that there is, who then
 * needs neither.  CG_BAD_VALUE with the fields name or password; CG_CLASH with the code
 * last_manager when members of his would stay without one. */
cg_rc member_accept(struct store *store, const struct actor *from, const char *secret,
		    const char *name, const char *password, bool terms_accepted,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* As a manager: takes a member (by id) out, into an organisation of his own; the keys stay,
 * switched off if he is.
 * CG_CLASH for the last manager. */
cg_rc member_remove(struct store *store, const struct actor *actor, const char *id,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;
cg_rc member_set_role(struct store *store, const struct actor *actor, const char *id,
		      Cg__Developer__Role role, struct arena *arena,
		      struct cg_err *err) CG_MUST_USE;
/* As a manager: changes name and contacts. */
cg_rc member_change_organisation(struct store *store, const struct actor *actor, uint64_t revision,
				 const json_t *patch, struct arena *arena,
				 struct cg_err *err) CG_MUST_USE;
/* The own name. */
cg_rc member_rename(struct store *store, const struct actor *actor, const char *name,
		    struct arena *arena, struct cg_err *err) CG_MUST_USE;

#endif
