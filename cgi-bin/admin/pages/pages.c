/* The table of pages, and the way to each. */
#include "base/base.h"
#include "pages.h"
#include "base/clock.h"
#include "base/log.h"
#include "page/page.h"
#include "web/cookie.h"
#include "web/problem.h"

#define ASSETS "/admin/assets/"

/* Each POST carries a form token (see handle_post): there is no row without. */
/* clang-format off */
const struct web_route page_routes[] = {
	{"GET", "/admin", 0, overview_show},
	{"GET", "/admin/", 0, overview_show},
	{"GET", "/admin/login", PAGE_OPEN, sign_in_show},
	{"POST", "/admin/login", PAGE_OPEN, sign_in_do},
	{"POST", "/admin/logout", PAGE_FIRST, sign_out},
	{"GET", "/admin/password", PAGE_FIRST, password_show},
	{"POST", "/admin/password", PAGE_FIRST, password_do},

	{"GET", "/admin/apis", 0, apis_page},
	{"GET", "/admin/apis/new", PAGE_ADMIN, api_new_show},
	{"POST", "/admin/apis/new", PAGE_ADMIN, api_new_do},
	{"GET", "/admin/apis/:id", 0, api_show},
	{"POST", "/admin/apis/:id", PAGE_ADMIN, api_change},
	{"POST", "/admin/apis/:id/test", PAGE_ADMIN, api_test_do},
	{"GET", "/admin/apis/:id/delete", PAGE_ADMIN, api_delete_show},
	{"POST", "/admin/apis/:id/delete", PAGE_ADMIN, api_delete_do},

	{"GET", "/admin/keys", 0, keys_page},
	{"GET", "/admin/keys/new", PAGE_ADMIN, key_new_show},
	{"POST", "/admin/keys/new", PAGE_ADMIN, key_new_do},
	{"GET", "/admin/keys/:id", 0, key_show},
	{"GET", "/admin/keys/:id/edit", PAGE_ADMIN, key_edit_show},
	{"POST", "/admin/keys/:id/edit", PAGE_ADMIN, key_edit_do},
	{"GET", "/admin/keys/:id/access", PAGE_ADMIN, key_access_show},
	{"POST", "/admin/keys/:id/access", PAGE_ADMIN, key_access_do},
	{"POST", "/admin/keys/:id/switch", PAGE_ADMIN, key_switch_do},
	{"GET", "/admin/keys/:id/delete", PAGE_ADMIN, key_delete_show},
	{"POST", "/admin/keys/:id/delete", PAGE_ADMIN, key_delete_do},
	{"GET", "/admin/keys/:id/credentials/new", PAGE_ADMIN, credential_new_show},
	{"POST", "/admin/keys/:id/credentials/new", PAGE_ADMIN, credential_new_do},
	{"GET", "/admin/keys/:id/credentials/:sha256", PAGE_ADMIN, credential_show},
	{"POST", "/admin/keys/:id/credentials/:sha256", PAGE_ADMIN, credential_do},
	{"GET", "/admin/keys/:id/credentials/:sha256/revoke", PAGE_ADMIN, credential_revoke_show},
	{"POST", "/admin/keys/:id/credentials/:sha256/revoke", PAGE_ADMIN, credential_revoke_do},

	{"GET", "/admin/policies", 0, policies_page},
	{"GET", "/admin/policies/new", PAGE_ADMIN, policy_new_show},
	{"POST", "/admin/policies/new", PAGE_ADMIN, policy_new_do},
	{"GET", "/admin/policies/:id", 0, policy_show},
	{"POST", "/admin/policies/:id", PAGE_ADMIN, policy_change},
	{"GET", "/admin/policies/:id/access", PAGE_ADMIN, policy_access_show},
	{"POST", "/admin/policies/:id/access", PAGE_ADMIN, policy_access_do},
	{"GET", "/admin/policies/:id/delete", PAGE_ADMIN, policy_delete_show},
	{"POST", "/admin/policies/:id/delete", PAGE_ADMIN, policy_delete_do},

	{"GET", "/admin/certificates", 0, certificates_page},
	{"GET", "/admin/certificates/new", PAGE_ADMIN, certificate_new_show},
	{"POST", "/admin/certificates/new", PAGE_ADMIN, certificate_new_do},
	{"GET", "/admin/certificates/:sha256", 0, certificate_show},
	{"GET", "/admin/certificates/:sha256/pem", 0, certificate_pem},
	{"GET", "/admin/certificates/:sha256/delete", PAGE_ADMIN, certificate_delete_show},
	{"POST", "/admin/certificates/:sha256/delete", PAGE_ADMIN, certificate_delete_do},

	{"GET", "/admin/certificates/:sha256/crl", PAGE_ADMIN, crl_show},
	{"POST", "/admin/certificates/:sha256/crl", PAGE_ADMIN, crl_do},
	{"GET", "/admin/certificates/:sha256/crl/delete", PAGE_ADMIN, crl_delete_show},
	{"POST", "/admin/certificates/:sha256/crl/delete", PAGE_ADMIN, crl_delete_do},
	{"GET", "/admin/exposed-keys", 0, exposed_keys_page},
	{"POST", "/admin/exposed-keys", PAGE_ADMIN, exposed_key_do},
	{"GET", "/admin/exposed-keys/:sha256/delete", PAGE_ADMIN, exposed_key_delete_show},
	{"POST", "/admin/exposed-keys/:sha256/delete", PAGE_ADMIN, exposed_key_delete_do},

	{"GET", "/admin/refusals", 0, refusals_page},
	{"GET", "/admin/refusals/:id/key", PAGE_ADMIN, refusal_key_show},
	{"POST", "/admin/refusals/:id/key", PAGE_ADMIN, refusal_key_do},
	{"GET", "/admin/explain", 0, explain_page},
	{"GET", "/admin/audit", 0, audit_page},

	{"GET", "/admin/users", PAGE_OWNER, users_page},
	{"GET", "/admin/users/new", PAGE_OWNER, user_new_show},
	{"POST", "/admin/users/new", PAGE_OWNER, user_new_do},
	{"GET", "/admin/users/:id", PAGE_OWNER, user_show},
	{"POST", "/admin/users/:id", PAGE_OWNER, user_change},
	{"POST", "/admin/users/:id/reset", PAGE_OWNER, user_reset_do},
	{"GET", "/admin/users/:id/delete", PAGE_OWNER, user_delete_show},
	{"POST", "/admin/users/:id/delete", PAGE_OWNER, user_delete_do},
	{"GET", "/admin/users/:id/certificates/new", PAGE_OWNER, user_certificate_new_show},
	{"POST", "/admin/users/:id/certificates/new", PAGE_OWNER, user_certificate_new_do},
	{"GET", "/admin/users/:id/certificates/:sha256/delete", PAGE_OWNER, user_certificate_delete_show},
	{"POST", "/admin/users/:id/certificates/:sha256/delete", PAGE_OWNER, user_certificate_delete_do},

	{"GET", "/admin/settings", PAGE_OWNER, settings_page},
	{"POST", "/admin/settings", PAGE_OWNER, settings_do},

	{"GET", "/admin/tokens", PAGE_OWNER, tokens_page},
	{"POST", "/admin/tokens", PAGE_OWNER, token_new_do},
	{"GET", "/admin/tokens/:id", PAGE_OWNER, token_show},
	{"POST", "/admin/tokens/:id", PAGE_OWNER, token_change},
	{"GET", "/admin/tokens/:id/delete", PAGE_OWNER, token_delete_show},
	{"POST", "/admin/tokens/:id/delete", PAGE_OWNER, token_delete_do},
};
/* clang-format on */
const size_t page_routes_n = CG_COUNT(page_routes);

/* --- answers --- */

static const struct {
	const char *name, *value;
} page_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
     "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
    {"X-Content-Type-Options",       "nosniff"					},
    {"X-Frame-Options",		"DENY"					},
    {"Referrer-Policy",		"same-origin"				     },
    {"Cross-Origin-Opener-Policy",   "same-origin"					},
    {"Cross-Origin-Resource-Policy", "same-origin"				  },
    {"Cache-Control",		      "no-store"				    },
};

static const char *const role_words[] = {"Viewer", "Administrator", "Owner"};

/* What every template may use. */
static json_t *everywhere(struct page_call *call, const char *nav, const char *title)
{
	const Cg__User *user = call->who.user;
	const char *name = user && user->name ? user->name : "";
	char initial[8] = "";
	/* The first character, which may have several bytes. */
	for (size_t i = 0; name[i] && i + 1 < sizeof(initial) &&
			   (i == 0 || ((unsigned char)name[i] & 0xc0) == 0x80);
	     i++)
		initial[i] = name[i];
	json_t *out = json_pack(
	    "{s:s, s:o, s:o, s:s, s:o, s:s, s:b, s:b, s:b, s:b}", "title", title, "assets",
	    json_sprintf(ASSETS "%s", page_assets_version()), "user_name", page_text(span_of(name)),
	    "user_role", user ? role_words[user->role] : "", "initial", page_text(span_of(initial)),
	    "csrf_token", call->who.form_token, "signed_in", (int)(user != NULL), "may_change",
	    (int)(user && user->role >= CG__ROLE__ADMIN), "may_own",
	    (int)(user && user->role == CG__ROLE__OWNER), "must_change",
	    (int)(user && user->must_change));
	if (*nav && *nav != '-')
		(void)json_object_set_new(out, arena_printf(call->arena, "nav_%s", nav),
					  json_true());
	return out;
}

void page_show(struct page_call *call, int status, const char *name, const char *nav,
	       const char *title, json_t *values)
{
	struct buf html;
	struct cg_err err = {0};
	char *body = arena_printf(call->arena, "admin/%s.tpl", name);
	/* The frame with the menu is for who can use it; *nav is "-" where it would be in the way.
	 */
	bool framed = call->who.session && !call->who.user->must_change && *nav != '-';
	json_t *global = everywhere(call, nav, title);
	buf_init(&html, PAGE_BYTES_MAX);
	cg_rc rc = body && global && values
		       ? page_write(framed ? "layout/admin.tpl" : "layout/bare.tpl", body, global,
				    values, &html, &err)
		       : cg_fail_memory(&err);
	json_decref(global);
	json_decref(values);
	if (rc != CG_OK) {
		log_error("page_failed", "request_id", call->req->id, "page", name, "cause",
			  err.text, LOG_END);
		web_problem(call->resp, rc, &err);
	} else {
		for (size_t i = 0; i < CG_COUNT(page_headers); i++)
			(void)web_response_field_text(call->resp, page_headers[i].name,
						      page_headers[i].value);
		(void)web_response_send(call->resp, status, "text/html; charset=utf-8",
					buf_span(&html));
	}
	buf_release(&html);
}

void page_redirect(struct page_call *call, const char *path)
{
	(void)web_response_field_text(call->resp, "Location", path ? path : "/admin/");
	(void)web_response_field_text(call->resp, "Cache-Control", "no-store");
	(void)web_response_send(call->resp, 303, NULL, SPAN_LIT(""));
}

void page_fail(struct page_call *call, cg_rc rc, const struct cg_err *err)
{
	static const struct {
		cg_rc rc;
		const char *title;
	} titles[] = {
	    {CG_DENIED,	"Your role does not allow this"      },
	    {CG_NOT_FOUND,   "There is nothing here"		  },
	    {CG_UNAVAILABLE, "This cannot be done just now"	   },
	    {CG_FULL,	      "There is no room to write"		 },
	    {CG_BAD_INPUT,   "This cannot be read"		},
	    {CG_STALE,       "Somebody else was faster"		 },
	    {CG_CLASH,       "This stands in the way of something"},
	};
	const char *title = "Something went wrong";
	for (size_t i = 0; i < CG_COUNT(titles); i++)
		if (titles[i].rc == rc)
			title = titles[i].title;
	int status = web_status_of(rc);
	if (status >= 500)
		log_error("page_failed", "request_id", call->req->id, "cause", err->text, LOG_END);
	page_show(call, status, "fail", "-", title,
		  json_pack("{s:i, s:o, s:s, s:b}", "status", status, "text",
			    page_text(span_of(err->text)), "request_id", call->req->id, "denied",
			    (int)(rc == CG_DENIED && call->who.user)));
}

bool page_may(struct page_call *call, Cg__Role role)
{
	struct cg_err err = {0};
	if (actor_require(&call->actor, role, &err) == CG_OK)
		return true;
	page_fail(call, CG_DENIED, &err);
	return false;
}

/* --- assets --- */

static void handle_asset(struct web_request *req, struct web_response *resp)
{
	struct span rest = span_from(req->target.path, sizeof(ASSETS) - 1), version;
	const struct page_asset *asset = NULL;
	if (span_next(&rest, '/', &version) && span_is_text(version, page_assets_version()))
		asset = page_asset(rest);
	if (!asset || !(span_is_text(req->method, "GET") || span_is_text(req->method, "HEAD"))) {
		web_problem_send(resp, &(struct web_problem){.status = 404, .code = "not_found"});
		return;
	}
	(void)web_response_field_text(resp, "Cache-Control", "public, max-age=31536000, immutable");
	(void)web_response_field_text(resp, "X-Content-Type-Options", "nosniff");
	(void)web_response_field_text(resp, "Cross-Origin-Resource-Policy", "same-origin");
	/* An SVG opened as a page of its own is nothing but a picture. */
	(void)web_response_field_text(resp, "Content-Security-Policy",
				      "default-src 'none'; style-src 'unsafe-inline'; sandbox");
	(void)web_response_send(resp, 200, asset->type, asset->bytes);
}

/* --- the way in --- */

static void fail_no_route(struct page_call *call, enum web_match match)
{
	struct cg_err err = {0};
	if (match == WEB_MATCH_NO_METHOD) {
		(void)web_response_field_text(call->resp, "Allow", call->match.allow);
		page_show(call, 405, "fail", "-", "This page does not do that",
			  json_pack("{s:i, s:s, s:s}", "status", 405, "text",
				    "Go back and use the page's own buttons.", "request_id",
				    call->req->id));
		return;
	}
	(void)cg_fail(&err, CG_NOT_FOUND, "There is no page with this link.");
	page_fail(call, CG_NOT_FOUND, &err);
}

/* Reads the form and checks where it comes from; false after having answered. */
static bool read_post(struct page_call *call)
{
	struct cg_err err = {0};
	cg_rc rc = web_form_read(call->req, &call->form, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return false;
	}
	if (*call->who.form_token && session_same_origin(call->req) &&
	    same_secret(web_form_get(&call->form, "csrf_token"), span_of(call->who.form_token)))
		return true;
	page_show(call, 403, "fail", "-", "This form has become stale",
		  json_pack("{s:i, s:s, s:s}", "status", 403, "text",
			    "It came from another page, or you have signed in or out since it was "
			    "loaded. Nothing was done: load the page again and repeat it.",
			    "request_id", call->req->id));
	return false;
}

/* A browser that is not signed in has a cookie of its own for the sign-in form's token. */
static cg_rc read_form_cookie(struct page_call *call, struct cg_err *err)
{
	struct span cookie = cookie_get(call->req, FORM_COOKIE);
	return cookie.n == TOKEN_TEXT ? session_form_token(cookie, call->who.form_token, err)
				      : CG_OK;
}

/* True when the page may be shown; else it was answered. */
static bool let_in(struct page_call *call)
{
	unsigned flags = call->match.route->flags;
	if (flags & PAGE_OPEN)
		return true;
	if (!call->who.session) {
		page_redirect(call, "/admin/login");
		return false;
	}
	if (call->who.user->must_change && !(flags & PAGE_FIRST)) {
		page_redirect(call, "/admin/password");
		return false;
	}
	if ((flags & PAGE_ADMIN) && !page_may(call, CG__ROLE__ADMIN))
		return false;
	return !(flags & PAGE_OWNER) || page_may(call, CG__ROLE__OWNER);
}

void pages_handle(struct admin *admin, struct web_request *req, struct web_response *resp)
{
	struct page_call call = {.admin = admin,
				 .req = req,
				 .resp = resp,
				 .arena = req->arena,
				 .now_unix_s = clock_unix_s()};
	struct cg_err err = {0};
	if (span_starts(req->target.path, SPAN_LIT(ASSETS))) {
		handle_asset(req, resp);
		return;
	}
	char *address = arena_copy(req->arena, req->proof_ok ? req->remote_addr : SPAN_LIT(""));
	if (!req->https) {
		(void)cg_fail(&err, CG_DENIED,
			      "Open this page with https, through the web server's own include: "
			      "passwords and sessions pass over it.");
		page_fail(&call, CG_DENIED, &err);
		return;
	}
	cg_rc rc = address ? session_find(admin, req, &call.who, &err) : cg_fail_memory(&err);
	if (rc == CG_OK && !call.who.session)
		rc = read_form_cookie(&call, &err);
	if (rc != CG_OK) {
		page_fail(&call, rc, &err);
		return;
	}
	call.actor =
	    (struct actor){.from_address = address, .request_id = req->id, .name = "", .id = ""};
	if (call.who.session) {
		call.actor.name = call.who.user->name;
		call.actor.id = call.who.user->id;
		call.actor.role = call.who.user->role;
	}
	enum web_match match = web_route_find(page_routes, CG_COUNT(page_routes), req->method,
					      req->target.path, req->arena, &call.match);
	if (match != WEB_MATCH_FOUND && !call.who.session)
		page_redirect(&call, "/admin/login");
	else if (match != WEB_MATCH_FOUND)
		fail_no_route(&call, match);
	else if (let_in(&call) && (!span_is_text(req->method, "POST") || read_post(&call)))
		call.match.route->handler(&call);
}
