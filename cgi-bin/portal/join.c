/* Joining, and a new password, by links in mails.  No page of these tells whether an address has an
 * account. */
#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/markdown.h"
#include "model/join.h"
#include "model/setting.h"
#include "portal.h"
#include "ui/throttle.h"
#include "web/problem.h"

/* After a request that has a mail sent: whatever became of it. */
static void show_sent(struct page_call *call, const char *email, const char *hours,
		      const char *again)
{
	page_show(call, 200, "sent", "-", "Look into your mail",
		  json_pack("{s:o, s:s, s:s}", "email", page_text(span_of(email)), "hours", hours,
			    "again", again));
}

/* Shows the form again after what went wrong with it, else a page of its own. */
static void fail_form(struct page_call *call, cg_rc rc, const struct cg_err *err,
		      const struct throttle *throttle,
		      void (*show)(struct page_call *call, int status, const struct cg_err *err))
{
	if (rc == CG_DENIED && throttle->retry_after_s > 0) {
		show(call, 429, err);
	} else if (rc == CG_BAD_VALUE) {
		show(call, web_status_of(rc), err);
	} else {
		page_fail(call, rc, err);
	}
}

/* --- joining --- */

void portal_add_terms(struct page_call *call, const char *terms, json_t *values)
{
	struct buf html;
	buf_init(&html, MARKDOWN_HTML_MAX);
	bool made = markdown_html(span_of(terms), &html, NULL) == CG_OK;
	(void)json_object_set_new(values, "terms", page_text(span_of(terms)));
	(void)json_object_set_new(values, "terms_html",
				  made ? page_text(buf_span(&html)) : json_string(""));
	(void)json_object_set_new(values, "accepted",
				  json_boolean(web_form_has(&call->form, "terms")));
	page_set_label(values, "terms", "The terms");
	buf_release(&html);
}

static void show_join(struct page_call *call, int status, const struct cg_err *err)
{
	static const char *const names[] = {"name", "email", NULL};
	struct cg_err why = {0};
	Cg__Setting *setting;
	cg_rc rc = setting_get(call->program->store, call->arena, &setting, &why);
	if (rc != CG_OK) {
		page_fail(call, rc, &why);
		return;
	}
	if (!page_form_token(call))
		return;
	json_t *values =
	    json_pack("{s:b}", "closed", setting->sign_up == CG__SETTING__SIGN_UP__CLOSED);
	portal_add_terms(call, setting->terms, values);
	page_put_back(call, values, names);
	if (err)
		page_add_errors(values, err);
	else
		(void)json_object_set_new(values, "focus_name", json_true());
	page_show(call, status, "join", "-", err ? "Error: Join" : "Join", values);
}

void join_show(void *call)
{
	show_join(call, 200, NULL);
}

void join_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	const struct join_new join = {page_field(call, "name"), page_field(call, "email"),
				      page_secret(call, "password"),
				      web_form_has(&call->form, "terms")};
	cg_rc rc = throttle_enter(call, THROTTLE_JOIN, &throttle, &err);
	if (rc == CG_OK) {
		rc = join_ask(call->program->store, &join, call->arena, &err);
		throttle_leave(call, &throttle, true);
	}
	if (rc == CG_OK)
		show_sent(call, join.email, "24 hours", "/portal/join");
	else
		fail_form(call, rc, &err, &throttle, show_join);
}

void confirm_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	const char *code = page_query(call, "code");
	Cg__Link *link;
	cg_rc rc = join_find(call->program->store, code, call->arena, &link, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else if (page_form_token(call))
		page_show(call, 200, "confirm", "-", "Confirm your e-mail",
			  json_pack("{s:s, s:s}", "email", link->email, "code", code));
}

void confirm_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Developer *developer;
	cg_rc rc = join_confirm(call->program->store, &call->actor, page_field(call, "code"),
				call->arena, &developer, &err);
	if (rc == CG_OK)
		page_redirect(call, "/portal/login?done=confirmed");
	else
		page_fail(call, rc, &err);
}

/* --- a new password --- */

static void show_ask(struct page_call *call, int status, const struct cg_err *err)
{
	json_t *values = json_pack("{s:o}", "email", page_text(span_of(page_field(call, "email"))));
	if (!page_form_token(call)) {
		json_decref(values);
		return;
	}
	if (err)
		page_add_errors(values, err);
	page_show(call, status, "reset", "-", err ? "Error: New password" : "New password", values);
}

static void show_new(struct page_call *call, int status, const struct cg_err *err)
{
	struct cg_err why = {0};
	const char *code = page_field(call, "code");
	Cg__Link *link;
	if (!*code)
		code = page_query(call, "code");
	cg_rc rc =
	    link_find(call->program->store, code, CG__LINK__KIND__RESET, call->arena, &link, &why);
	if (rc != CG_OK) {
		page_fail(call, rc, &why);
		return;
	}
	if (!page_form_token(call))
		return;
	json_t *values = json_pack("{s:s, s:s}", "email", link->email, "code", code);
	if (err)
		page_add_errors(values, err);
	page_show(call, status, "reset-new", "-", err ? "Error: New password" : "New password",
		  values);
}

void reset_show(void *arg)
{
	struct page_call *call = arg;
	if (*page_query(call, "code"))
		show_new(call, 200, NULL);
	else
		show_ask(call, 200, NULL);
}

static void ask(struct page_call *call)
{
	struct cg_err err = {0};
	struct throttle throttle;
	const char *email = page_field(call, "email");
	cg_rc rc = throttle_enter(call, THROTTLE_JOIN, &throttle, &err);
	if (rc == CG_OK) {
		rc = reset_ask(call->program->store, email, call->arena, &err);
		throttle_leave(call, &throttle, true);
	}
	if (rc == CG_OK)
		show_sent(call, email, "one hour", "/portal/reset");
	else
		fail_form(call, rc, &err, &throttle, show_ask);
}

void reset_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	const char *code = page_field(call, "code");
	if (!*code) {
		ask(call);
		return;
	}
	const struct password_change change = {"", page_secret(call, "new"),
					       page_secret(call, "repeat")};
	cg_rc rc = throttle_enter(call, THROTTLE_JOIN, &throttle, &err);
	if (rc == CG_OK) {
		rc = reset_password(call->program->store, &call->actor, code, &change, call->arena,
				    &err);
		throttle_leave(call, &throttle, true);
	}
	if (rc == CG_OK)
		page_redirect(call, "/portal/login?done=reset");
	else
		fail_form(call, rc, &err, &throttle, show_new);
}
