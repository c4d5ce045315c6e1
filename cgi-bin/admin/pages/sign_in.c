/* Signing in, and the own password. */
#include "base/base.h"
#include "base/log.h"
#include "model/user.h"
#include "model/user_certificate.h"
#include "pages.h"
#include "ui/throttle.h"
#include "web/problem.h"
#include "web/verify.h"

/* --- signing in --- */

/* The certificate that came in this connection's handshake, judged as the gate does; false when
 * there is none that counts. */
static bool shown_certificate(const struct page_call *call, struct sha256 *out)
{
	const struct web_request *req = call->req;
	struct span der;
	/* Without the web server's proof both are empty. */
	return req->proof_ok && req->https &&
	       web_verify_judge(req->client_verify) == WEB_VERIFY_GOOD &&
	       cert_from_server(req->client_cert, call->arena, &der, out) == CERT_SEEN_ONE;
}

static void show_form(struct page_call *call, int status, const struct cg_err *err)
{
	struct sha256 ignored;
	if (!page_form_token(call))
		return;
	json_t *values =
	    json_pack("{s:o, s:b}", "user", page_text(span_of(page_field(call, "user"))),
		      "certificate", (int)shown_certificate(call, &ignored));
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

static void begin(struct page_call *call, const struct session_of *who)
{
	struct cg_err err = {0};
	cg_rc rc = page_sign_in(call, who, &err);
	if (rc == CG_OK)
		page_redirect(call, who->user->must_change ? "/admin/password" : "/admin/");
	else
		page_fail(call, rc, &err);
}

static void sign_in_by_certificate(struct page_call *call)
{
	struct cg_err err = {0};
	struct sha256 sha256;
	struct session_of who = {.certificate = &sha256};
	cg_rc rc = shown_certificate(call, &sha256)
		       ? user_certificate_sign_in(call->program->store, &sha256, call->now_unix_s,
						  call->arena, &who.user, &err)
		       : cg_fail(&err, CG_DENIED,
				 "No certificate came with this connection. Add yours to the "
				 "browser and open this page anew.");
	if (rc == CG_OK) {
		begin(call, &who);
	} else if (rc == CG_DENIED) {
		log_info("sign_in_wrong", "request_id", call->req->id, "address",
			 call->actor.from_address, "with", "certificate", LOG_END);
		show_form(call, 403, &err);
	} else {
		page_fail(call, rc, &err);
	}
}

void sign_in_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	struct session_of who = {.user = NULL};
	if (strcmp(page_field(call, "with"), "certificate") == 0) {
		sign_in_by_certificate(call);
		return;
	}
	cg_rc rc = throttle_enter(call, THROTTLE_SIGN_IN, &throttle, &err);
	if (rc == CG_DENIED) {
		show_form(call, 429, &err);
		return;
	}
	if (rc == CG_OK) {
		rc = user_sign_in(call->program->store, page_field(call, "user"),
				  page_secret(call, "password"), call->arena, &who.user, &err);
		throttle_leave(call, &throttle, rc == CG_DENIED);
	}
	if (rc == CG_OK)
		begin(call, &who);
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
		rc = user_change_password(call->program->store, &call->actor, &change,
					  call->who.session->id, call->arena, &err);
		throttle_leave(call, &throttle,
			       rc == CG_BAD_VALUE && cg_err_names(&err, "current"));
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
