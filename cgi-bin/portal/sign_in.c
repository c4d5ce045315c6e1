/* Signing in. */
#include "base/base.h"
#include "model/developer.h"
#include "portal.h"
#include "ui/throttle.h"

static void show_form(struct page_call *call, int status, const struct cg_err *err)
{
	const char *done = page_query(call, "done");
	if (!page_form_token(call))
		return;
	json_t *values = json_pack(
	    "{s:o, s:b, s:b}", "email", page_text(span_of(page_field(call, "email"))), "confirmed",
	    strcmp(done, "confirmed") == 0, "reset", strcmp(done, "reset") == 0);
	if (err)
		page_add_errors(values, err);
	page_show(call, status, "login", "-", err ? "Error: Sign in" : "Sign in", values);
}

void sign_in_show(void *arg)
{
	struct page_call *call = arg;
	if (call->who.session)
		page_redirect(call, NULL);
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
		show_form(call, 429, &err);
		return;
	}
	if (rc == CG_OK) {
		rc = developer_sign_in(call->program->store, page_field(call, "email"),
				       page_secret(call, "password"), call->arena, &who.developer,
				       &err);
		throttle_leave(call, &throttle, rc == CG_DENIED);
	}
	if (rc == CG_OK)
		rc = page_sign_in(call, &who, &err);
	if (rc == CG_OK)
		page_redirect(call, NULL);
	else if (rc == CG_DENIED)
		show_form(call, 403, &err);
	else
		page_fail(call, rc, &err);
}
