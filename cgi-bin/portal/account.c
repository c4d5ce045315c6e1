/* The own account. */
#include "base/base.h"
#include "model/member.h"
#include "portal.h"
#include "ui/throttle.h"
#include "web/problem.h"

static void show(struct page_call *call, int status, const struct cg_err *err)
{
	const char *done = page_query(call, "done");
	const char *name = web_form_has(&call->form, "name") ? page_field(call, "name")
							     : call->who.developer->name;
	json_t *values =
	    json_pack("{s:o, s:s, s:b, s:b}", "name", page_text(span_of(name)), "email",
		      call->who.developer->email, "changed", strcmp(done, "changed") == 0, "saved",
		      strcmp(done, "saved") == 0);
	(void)json_object_set_new(values, "main_class", json_string("page--narrow"));
	if (err)
		page_add_errors(values, err);
	page_show(call, status, "account", "account", err ? "Error: Account" : "Account", values);
}

void account_show(void *call)
{
	show(call, 200, NULL);
}

void account_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = member_rename(call->program->store, &call->actor, page_field(call, "name"),
				 call->arena, &err);
	if (rc == CG_OK)
		page_redirect(call, "/portal/account?done=saved");
	else if (rc == CG_BAD_VALUE)
		show(call, web_status_of(rc), &err);
	else
		page_fail(call, rc, &err);
}

void account_password_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	const struct password_change change = {
	    page_secret(call, "current"), page_secret(call, "new"), page_secret(call, "repeat")};
	cg_rc rc = throttle_enter(call, THROTTLE_SIGN_IN, &throttle, &err);
	if (rc == CG_OK) {
		rc = developer_change_password(call->program->store, &call->actor, &change,
					       call->who.session->id, call->arena, &err);
		throttle_leave(call, &throttle,
			       rc == CG_BAD_VALUE && cg_err_names(&err, "current"));
	}
	if (rc == CG_OK)
		page_redirect(call, "/portal/account?done=changed");
	else if (rc == CG_BAD_VALUE || rc == CG_CLASH || throttle.retry_after_s > 0)
		show(call, throttle.retry_after_s > 0 ? 429 : web_status_of(rc), &err);
	else
		page_fail(call, rc, &err);
}
