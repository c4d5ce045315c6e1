/* Signing in, and the own password. */
#include "base/base.h"
#include "model/user.h"
#include "pages.h"
#include "ui/throttle.h"
#include "web/problem.h"

/* --- signing in --- */

static void show_form(struct page_call *call, int status, const struct cg_err *err)
{
	if (!page_form_token(call))
		return;
	json_t *values = json_pack("{s:o}", "user", page_text(span_of(page_field(call, "user"))));
	if (err)
		page_add_errors(values, err);
	page_show(call, status, "login", "-", err ? "Error: Sign in" : "Sign in", values);
}

void sign_in_show(void *arg)
{
	struct page_call *call = arg;
	if (call->who.session)
		page_redirect(call, "/admin/");
	else
		show_form(call, 200, NULL);
}

void sign_in_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	struct session_of who = {.user = NULL};
	cg_rc rc = throttle_enter(call, THROTTLE_SIGN_IN, &throttle, &err);
	if (rc == CG_DENIED) {
		throttle_tell(call, &throttle);
		show_form(call, 429, &err);
		return;
	}
	if (rc == CG_OK) {
		rc = user_sign_in(call->admin->store, page_field(call, "user"),
				  page_secret(call, "password"), call->arena, &who.user, &err);
		throttle_leave(call, &throttle, rc == CG_DENIED);
	}
	if (rc == CG_OK)
		rc = page_sign_in(call, &who, &err);
	if (rc == CG_OK)
		page_redirect(call, who.user->must_change ? "/admin/password" : "/admin/");
	else if (rc == CG_DENIED)
		show_form(call, 403, &err);
	else
		page_fail(call, rc, &err);
}

/* --- the own password --- */

void password_show(void *arg)
{
	struct page_call *call = arg;
	page_show(call, 200, "password", "-", "Change your password",
		  json_pack("{s:b}", "done", strcmp(page_query(call, "done"), "changed") == 0));
}

void password_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	struct password_change change = {page_secret(call, "current"), page_secret(call, "new"),
					 page_secret(call, "repeat")};
	cg_rc rc = throttle_enter(call, THROTTLE_SIGN_IN, &throttle, &err);
	if (rc == CG_OK) {
		rc = user_change_password(call->admin->store, &call->actor, &change,
					  call->who.session->id, call->arena, &err);
		throttle_leave(call, &throttle,
			       rc == CG_BAD_VALUE && strcmp(err.fields[0].field, "current") == 0);
	}
	if (rc == CG_OK) {
		page_redirect(call, call->who.user->must_change ? "/admin/"
								: "/admin/password?done=changed");
	} else if (rc == CG_BAD_VALUE || rc == CG_CLASH || rc == CG_DENIED) {
		json_t *values = json_object();
		page_add_errors(values, &err);
		page_show(call, rc == CG_DENIED ? 429 : web_status_of(rc), "password", "-",
			  "Error: Change your password", values);
	} else {
		page_fail(call, rc, &err);
	}
}
