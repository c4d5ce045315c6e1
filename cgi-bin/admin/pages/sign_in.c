/* Signing in and out, and the own password. */
#include "base/base.h"
#include "pages.h"
#include "base/clock.h"
#include "base/log.h"
#include "live/limits.h"
#include "model/session.h"
#include "model/user.h"
#include "model/user_certificate.h"
#include "web/problem.h"
#include "web/verify.h"
#include <arpa/inet.h>
#include <gnutls/gnutls.h>

#define COOKIE_END "; Path=/; Secure; HttpOnly; SameSite=Lax"

static void set_cookie(struct page_call *call, const char *name, const char *value,
		       const char *more)
{
	(void)web_response_field_text(
	    call->resp, "Set-Cookie",
	    arena_printf(call->arena, "%s=%s%s%s", name, value, more, COOKIE_END));
}

/* --- not too often --- */

/* Whose wrong passwords are counted together: an IPv4 address, the /64 of an IPv6 one. */
static const char *counted_address(struct page_call *call)
{
	struct in6_addr six;
	char *out = arena_alloc(call->arena, INET6_ADDRSTRLEN);
	if (!out || inet_pton(AF_INET6, call->actor.from_address, &six) != 1)
		return call->actor.from_address;
	memset(six.s6_addr + 8, 0, 8);
	return inet_ntop(AF_INET6, &six, out, INET6_ADDRSTRLEN) ? out : call->actor.from_address;
}

struct gate {
	struct limits_ask wrong, all; /* of this address; of all, with the places to hash in */
	struct limits_held held;
	int64_t retry_after_s; /* of a refusal */
};

static cg_rc gate_init(struct page_call *call, struct gate *g, struct cg_err *err)
{
	memset(g, 0, sizeof(*g));
	g->wrong.rate.limit = SIGN_IN_WRONG_MAX;
	g->wrong.rate.per_s = SIGN_IN_WRONG_PER_S;
	g->all.rate.limit = SIGN_IN_ALL_MAX;
	g->all.rate.per_s = SIGN_IN_ALL_PER_S;
	g->all.concurrent.on = true;
	g->all.concurrent.limit = SIGN_IN_HASHING_MAX;
	if (!call->admin->limits)
		return cg_fail(err, CG_UNAVAILABLE,
			       "Nobody can sign in: the counters of the run folder cannot be "
			       "had. The log of admin says why.");
	if (limits_name(LIMITS_OF_SIGN_IN, span_of(counted_address(call)), SPAN_LIT("wrong"),
			&g->wrong.name) != CG_OK ||
	    limits_name(LIMITS_OF_SIGN_IN, SPAN_LIT(""), SPAN_LIT("all"), &g->all.name) != CG_OK)
		return cg_fail_memory(err);
	return CG_OK;
}

/* Before a password is hashed; gate_leave has to follow.  CG_DENIED with retry_after_s;
 * CG_UNAVAILABLE when the places to hash in were taken for SIGN_IN_WAIT_MS. */
static cg_rc gate_enter(struct page_call *call, struct gate *g, struct cg_err *err)
{
	struct limits_result result;
	int64_t until = clock_mono_ms() + SIGN_IN_WAIT_MS;
	cg_rc rc = gate_init(call, g, err);
	if (rc == CG_OK)
		rc = limits_look(call->admin->limits, &g->wrong, 1, &result, err);
	if (rc != CG_OK)
		return rc;
	if (result.verdict != LIMITS_PASSED) {
		g->retry_after_s = result.retry_after_s;
		return cg_fail(err, CG_DENIED,
			       "There were too many wrong passwords from your address. Try again "
			       "in %" PRId64 " seconds.",
			       result.retry_after_s);
	}
	for (;;) {
		rc = limits_take(call->admin->limits, &g->all, 1, &result, err);
		if (rc != CG_OK)
			return rc;
		g->held = result.held;
		if (result.verdict == LIMITS_PASSED)
			return CG_OK;
		if (result.kind != LIMITS_CONCURRENT) {
			g->retry_after_s = result.retry_after_s;
			return cg_fail(err, CG_DENIED,
				       "Too many people sign in just now. Try again in %" PRId64
				       " seconds.",
				       result.retry_after_s);
		}
		if (clock_mono_ms() >= until)
			return cg_fail(err, CG_UNAVAILABLE,
				       "Too many people sign in just now. Try again in a moment.");
		(void)usleep(10000);
	}
}

static void gate_leave(struct page_call *call, struct gate *g, bool wrong)
{
	struct limits_result result;
	struct cg_err err = {0};
	limits_end(call->admin->limits, &g->held);
	if (!wrong)
		return;
	cg_rc rc = limits_take(call->admin->limits, &g->wrong, 1, &result, &err);
	if (rc == CG_OK && result.verdict == LIMITS_PASSED)
		limits_end(call->admin->limits, &result.held);
	log_info("sign_in_wrong", "request_id", call->req->id, "address", call->actor.from_address,
		 LOG_END);
}

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
	char cookie[TOKEN_TEXT + 1];
	struct cg_err why = {0};
	struct sha256 ignored;
	json_t *values =
	    json_pack("{s:o, s:b}", "user", page_text(span_of(page_field(call, "user"))),
		      "certificate", (int)shown_certificate(call, &ignored));
	if (err)
		page_add_errors(values, err);
	if (!*call->who.form_token) {
		if (random_token(cookie) != CG_OK ||
		    session_form_token(span_of(cookie), call->who.form_token, &why) != CG_OK) {
			json_decref(values);
			page_fail(call, cg_fail_memory(&why), &why);
			return;
		}
		set_cookie(call, FORM_COOKIE, cookie, "");
	}
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

/* Whatever session the browser had: it gets a new one, and that one ends.  `certificate` as
 * session_begin has it. */
static void begin(struct page_call *call, const Cg__User *user, const struct sha256 *certificate)
{
	struct cg_err err = {0};
	char cookie[TOKEN_TEXT + 1] = "";
	cg_rc rc = session_begin(call->admin->store, user, certificate, &call->actor, call->arena,
				 cookie, &err);
	if (rc == CG_OK && call->who.session)
		rc = session_end(call->admin->store, call->who.session, false, call->arena, &err);
	if (rc == CG_OK) {
		set_cookie(call, SESSION_COOKIE, cookie, "");
		set_cookie(call, FORM_COOKIE, "", "; Max-Age=0");
		page_redirect(call, user->must_change ? "/admin/password" : "/admin/");
	} else {
		page_fail(call, rc, &err);
	}
	gnutls_memset(cookie, 0, sizeof(cookie));
}

static void sign_in_by_certificate(struct page_call *call)
{
	struct cg_err err = {0};
	struct sha256 sha256;
	Cg__User *user;
	cg_rc rc = shown_certificate(call, &sha256)
		       ? user_certificate_sign_in(call->admin->store, &sha256, call->now_unix_s,
						  call->arena, &user, &err)
		       : cg_fail(&err, CG_DENIED,
				 "No certificate came with this connection. Add yours to the "
				 "browser and open this page anew.");
	if (rc == CG_OK) {
		begin(call, user, &sha256);
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
	struct gate gate;
	Cg__User *user;
	if (strcmp(page_field(call, "with"), "certificate") == 0) {
		sign_in_by_certificate(call);
		return;
	}
	struct span password = web_form_get(&call->form, "password");
	/* As it was typed: no white space is taken off. */
	char *text = password.n > 0 && !memchr(password.p, '\0', password.n)
			 ? arena_copy(call->arena, password)
			 : arena_strdup(call->arena, "");
	cg_rc rc = text ? gate_enter(call, &gate, &err) : cg_fail_memory(&err);
	if (rc == CG_DENIED) {
		(void)web_response_field_text(
		    call->resp, "Retry-After",
		    arena_printf(call->arena, "%" PRId64, gate.retry_after_s));
		show_form(call, 429, &err);
		return;
	}
	if (rc == CG_OK) {
		rc = user_sign_in(call->admin->store, page_field(call, "user"), text, call->arena,
				  &user, &err);
		gate_leave(call, &gate, rc == CG_DENIED);
	}
	if (rc == CG_OK)
		begin(call, user, NULL);
	else if (rc == CG_DENIED)
		show_form(call, 403, &err);
	else
		page_fail(call, rc, &err);
}

void sign_out(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = session_end(call->admin->store, call->who.session,
			       web_form_has(&call->form, "everywhere"), call->arena, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	set_cookie(call, SESSION_COOKIE, "", "; Max-Age=0");
	page_redirect(call, "/admin/login");
}

/* --- the own password --- */

void password_show(void *arg)
{
	struct page_call *call = arg;
	page_show(call, 200, "password", "-", "Change your password",
		  json_pack("{s:b}", "done", strcmp(page_query(call, "done"), "changed") == 0));
}

/* A password as it was typed; "" when it holds a NUL. */
static const char *typed(struct page_call *call, const char *name)
{
	struct span value = web_form_get(&call->form, name);
	const char *text =
	    value.n > 0 && !memchr(value.p, '\0', value.n) ? arena_copy(call->arena, value) : NULL;
	return text ? text : "";
}

void password_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct gate gate;
	struct password_change change = {typed(call, "current"), typed(call, "new"),
					 typed(call, "repeat")};
	cg_rc rc = gate_enter(call, &gate, &err);
	if (rc == CG_OK) {
		rc = user_change_password(call->admin->store, &call->actor, &change,
					  call->who.session->id, call->arena, &err);
		gate_leave(call, &gate,
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
