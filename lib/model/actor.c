#include "base/base.h"
#include "model/actor.h"

const struct actor actor_steward = {
    .name = "certgate", .id = "", .role = CG__ROLE__OWNER, .from_address = "", .request_id = ""};

cg_rc actor_require(const struct actor *actor, Cg__Role role, struct cg_err *err)
{
	if (actor->developer)
		return cg_fail(err, CG_DENIED, "This is for the administrators of certgate.");
	if (actor->role >= role)
		return CG_OK;
	return cg_fail(err, CG_DENIED,
		       "This needs the role %s: ask an owner of this installation for it.",
		       role == CG__ROLE__OWNER ? "owner" : "admin");
}

struct actor actor_allowed(const struct actor *actor)
{
	struct actor allowed = *actor;
	allowed.developer = NULL;
	allowed.role = CG__ROLE__ADMIN;
	return allowed;
}
