/* The way to a page, and what all pages answer alike. */
#include "base/base.h"
#include "ui/pages.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "page/page.h"
#include "web/cookie.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

#define ASSETS "/assets/"

/* --- answers --- */

static const struct {
	const char *name, *value;
} page_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
     "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri "
     "'none'"				     },
    {"X-Content-Type-Options",       "nosniff"	},
    {"X-Frame-Options",		"DENY"	      },
    {"Referrer-Policy",		"same-origin"},
    {"Cross-Origin-Opener-Policy",   "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control",		      "no-store"	},
};

/* What every template may use. */
static json_t *everywhere(struct page_call *call, const char *nav, const char *title)
{
	json_t *out = json_pack(
	    "{s:s, s:o, s:s, s:b}", "title", title, "assets",
	    json_sprintf("%s" ASSETS "%s", call->site->base, page_assets_version()), "csrf_token",
	    call->who.form_token, "signed_in", (int)(call->who.session != NULL));
	call->site->everywhere(call, out);
	if (*nav && *nav != '-')
		(void)json_object_set_new(out, arena_printf(call->arena, "nav_%s", nav),
					  json_true());
	return out;
}

void page_show(struct page_call *call, int status, const char *name, const char *nav,
	       const char *title, json_t *values)
{
	const struct page_site *site = call->site;
	struct buf html;
	struct cg_err err = {0};
	char *body = arena_printf(call->arena, "%s/%s.tpl", site->templates, name);
	/* *nav is "-" where the menu would be in the way. */
	bool framed = *nav != '-' && site->is_framed(call);
	json_t *global = everywhere(call, nav, title);
	buf_init(&html, PAGE_BYTES_MAX);
	cg_rc rc = body && global && values ? page_write(framed ? site->frame : site->bare, body,
							 global, values, &html, &err)
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
	(void)web_response_field_text(call->resp, "Location",
				      path ? path
					   : arena_printf(call->arena, "%s/", call->site->base));
	(void)web_response_field_text(call->resp, "Cache-Control", "no-store");
	(void)web_response_send(call->resp, 303, NULL, SPAN_LIT(""));
}

void page_fail(struct page_call *call, cg_rc rc, const struct cg_err *err)
{
	static const struct {
		cg_rc rc;
		const char *title;
	} titles[] = {
	    {CG_DENIED,	"This is not allowed"	     },
	    {CG_NOT_FOUND,   "There is nothing here"	  },
	    {CG_UNAVAILABLE, "This cannot be done just now"},
	    {CG_FULL,	      "There is no room to write"	 },
	    {CG_BAD_INPUT,   "This cannot be read"		},
	    {CG_TOO_BIG,	 "This is too large"	    },
	    {CG_STALE,       "Somebody else was faster"	 },
	    {CG_CLASH,       "Something stands in the way" },
	};
	const char *title = "Something went wrong";
	for (size_t i = 0; i < CG_COUNT(titles); i++)
		if (titles[i].rc == rc)
			title = titles[i].title;
	int status = web_status_of(rc);
	/* What is wrong with the host is for who keeps it. */
	const char *text = status >= 500 && !call->who.user ? WEB_NOT_NOW : err->text;
	if (status >= 500)
		log_error("page_failed", "request_id", call->req->id, "cause", err->text, LOG_END);
	page_show(call, status, "fail", "-", title,
		  json_pack("{s:i, s:o, s:s, s:b}", "status", status, "text",
			    page_text(span_of(text)), "request_id", call->req->id, "denied",
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

static void handle_asset(size_t skip, struct web_request *req, struct web_response *resp)
{
	struct span rest = span_from(req->target.path, skip), version;
	const struct page_asset *asset = NULL;
	if (span_next(&rest, '/', &version) && span_is_text(version, page_assets_version()))
		asset = page_asset(rest);
	if (!asset) {
		web_problem_send(resp, &(struct web_problem){.status = 404, .code = "not_found"});
		return;
	}
	if (!span_is_text(req->method, "GET") && !req->is_head) {
		web_problem_no_method(resp, "GET, HEAD");
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

/* Finds the route; else answers what needs no session and is no secret: that a path takes other
 * methods, or has a slash too much. */
static bool find_route(struct page_call *call, enum web_match *match)
{
	const struct page_site *site = call->site;
	struct span path = call->req->target.path, query = call->req->target.query;
	struct web_matched other;
	*match = web_route_find(site->routes, site->n_routes, call->req->method, path, call->arena,
				&call->match);
	if (*match == WEB_MATCH_FOUND)
		return true;
	if (*match == WEB_MATCH_NO_METHOD) {
		(void)web_response_field_text(call->resp, "Allow", call->match.allow);
		page_show(call, 405, "fail", "-", "This page does not do that",
			  json_pack("{s:i, s:s, s:s}", "status", 405, "text",
				    "Go back and use the page's own buttons.", "request_id",
				    call->req->id));
		return false;
	}
	if (web_route_find(site->others, site->n_others, call->req->method, path, call->arena,
			   &other) == WEB_MATCH_NO_METHOD) {
		web_problem_no_method(call->resp, other.allow);
		return false;
	}
	path.n -= path.n > 1 && path.p[path.n - 1] == '/';
	if (path.n == call->req->target.path.n ||
	    (web_route_find(site->routes, site->n_routes, call->req->method, path, call->arena,
			    &other) == WEB_MATCH_NO_PATH &&
	     web_route_find(site->others, site->n_others, call->req->method, path, call->arena,
			    &other) == WEB_MATCH_NO_PATH))
		return true;
	(void)web_response_field_text(call->resp, "Location",
				      arena_printf(call->arena, "%.*s%s%.*s", (int)path.n, path.p,
						   query.n > 0 ? "?" : "", (int)query.n,
						   query.n > 0 ? query.p : ""));
	(void)web_response_field_text(call->resp, "Cache-Control", "no-store");
	(void)web_response_send(call->resp, 308, NULL, SPAN_LIT(""));
	return false;
}

/* A link that leads nowhere, to whom it is not to be told before he has signed in; what programs
 * send is not turned into a question for the sign-in page. */
static void fail_no_route(struct page_call *call)
{
	struct cg_err err = {0};
	if (!call->who.session && (span_is_text(call->req->method, "GET") || call->req->is_head)) {
		page_redirect(call, arena_printf(call->arena, "%s/login", call->site->base));
		return;
	}
	(void)cg_fail(&err, CG_NOT_FOUND, "There is no page with this link.");
	page_fail(call, CG_NOT_FOUND, &err);
}

/* A browser that is not signed in has a cookie of its own for the sign-in form's token. */
static cg_rc read_form_cookie(struct page_call *call, struct cg_err *err)
{
	struct span cookie = cookie_get(call->req, call->site->form_cookie);
	return cookie.n == TOKEN_TEXT ? session_form_token(cookie, call->who.form_token, err)
				      : CG_OK;
}

/* True when the page may be shown; else it was answered. */
static bool let_in(struct page_call *call)
{
	if (call->match.route->flags & PAGE_OPEN)
		return true;
	if (call->who.session)
		return call->site->let_in(call);
	page_redirect(call, arena_printf(call->arena, "%s/login", call->site->base));
	return false;
}

static void set_actor(struct page_call *call, const char *address)
{
	const struct signed_in *who = &call->who;
	call->actor = (struct actor){
	    .from_address = address, .request_id = call->req->id, .name = "", .id = ""};
	if (who->user) {
		call->actor.name = who->user->name;
		call->actor.id = who->user->id;
		call->actor.role = who->user->role;
	}
	if (who->developer) {
		call->actor.name = who->developer->email;
		call->actor.id = who->developer->id;
		call->actor.developer = who->developer;
	}
}

/* Who is signed in, as the store has him now. */
static cg_rc find_session(struct page_call *call, struct cg_err *err)
{
	cg_rc rc = session_find(call->program->store, call->site->of, call->site->session_cookie,
				call->req, &call->who, err);
	set_actor(call, call->actor.from_address);
	return rc;
}

/* Who has been signed out or switched off since his form began to come, or may do less, sends it
 * for nothing: it does not have the token then, or not the right. */
static cg_rc find_again(void *arg, struct cg_err *err)
{
	struct page_call *call = arg;
	return call->who.session ? find_session(call, err) : CG_OK;
}

/* Reads the form and checks where it comes from; false after having answered. */
static bool read_post(struct page_call *call)
{
	struct cg_err err = {0};
	bool open = call->match.route->flags & PAGE_OPEN;
	call->req->when_read = find_again;
	call->req->when_read_ctx = call;
	cg_rc rc =
	    web_form_read(call->req, open ? OPEN_FORM_BODY_MAX : FORM_BODY_MAX, &call->form, &err);
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

/* What cannot be read must not be taken for nothing; false after having answered. */
static bool read_query(struct page_call *call)
{
	struct span rest = call->req->target.query, name, value;
	struct cg_err err = {0};
	int more;
	while ((more = web_query_next(&rest, call->arena, &name, &value)) > 0)
		;
	if (more == 0)
		return true;
	page_fail(call, cg_fail(&err, CG_BAD_INPUT, "The query of this address cannot be read."),
		  &err);
	return false;
}

void page_handle(const struct page_site *site, struct program *program, struct web_request *req,
		 struct web_response *resp)
{
	struct page_call call = {.site = site,
				 .program = program,
				 .req = req,
				 .resp = resp,
				 .arena = req->arena,
				 .now_unix_s = clock_unix_s()};
	struct cg_err err = {0};
	char *address = arena_copy(req->arena, req->proof_ok ? req->remote_addr : SPAN_LIT(""));
	char *assets = arena_printf(req->arena, "%s" ASSETS, site->base);
	if (!address || !assets) {
		(void)cg_fail_memory(&err);
		page_fail(&call, CG_UNAVAILABLE, &err);
		return;
	}
	if (span_starts(req->target.path, span_of(assets))) {
		handle_asset(strlen(assets), req, resp);
		return;
	}
	set_actor(&call, address);
	enum web_match match;
	if (!find_route(&call, &match))
		return;
	if (!req->https) {
		(void)cg_fail(&err, CG_DENIED,
			      "Open this page with https, through the web server's own include: "
			      "passwords and sessions pass over it.");
		page_fail(&call, CG_DENIED, &err);
		return;
	}
	cg_rc rc = find_session(&call, &err);
	if (rc == CG_OK && !call.who.session)
		rc = read_form_cookie(&call, &err);
	if (rc != CG_OK) {
		page_fail(&call, rc, &err);
		return;
	}
	if (match != WEB_MATCH_FOUND)
		fail_no_route(&call);
	else if (let_in(&call) && read_query(&call) &&
		 (!span_is_text(req->method, "POST") || read_post(&call)))
		call.match.route->handler(&call);
}

/* --- signing in and out --- */

#define COOKIE_END "; Path=/; Secure; HttpOnly; SameSite=Lax"

void page_set_cookie(struct page_call *call, const char *name, const char *value, const char *more)
{
	(void)web_response_field_text(
	    call->resp, "Set-Cookie",
	    arena_printf(call->arena, "%s=%s%s%s", name, value, more, COOKIE_END));
}

bool page_form_token(struct page_call *call)
{
	char cookie[TOKEN_TEXT + 1];
	struct cg_err err = {0};
	if (*call->who.form_token)
		return true;
	if (random_token(cookie) != CG_OK ||
	    session_form_token(span_of(cookie), call->who.form_token, &err) != CG_OK) {
		page_fail(call, cg_fail_memory(&err), &err);
		return false;
	}
	page_set_cookie(call, call->site->form_cookie, cookie, "");
	return true;
}

cg_rc page_sign_in(struct page_call *call, const struct session_of *who, struct cg_err *err)
{
	struct store *store = call->program->store;
	char cookie[TOKEN_TEXT + 1] = "";
	cg_rc rc = session_begin(store, who, &call->actor, call->arena, cookie, err);
	/* Whatever session the browser had: it gets a new one, and that one ends. */
	if (rc == CG_OK && call->who.session)
		rc = session_end(store, call->who.session, false, call->arena, err);
	if (rc == CG_OK) {
		page_set_cookie(call, call->site->session_cookie, cookie, "");
		page_set_cookie(call, call->site->form_cookie, "", "; Max-Age=0");
	}
	gnutls_memset(cookie, 0, sizeof(cookie));
	return rc;
}

void page_sign_out(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	cg_rc rc = session_end(call->program->store, call->who.session,
			       web_form_has(&call->form, "everywhere"), call->arena, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	page_set_cookie(call, call->site->session_cookie, "", "; Max-Age=0");
	page_redirect(call, arena_printf(call->arena, "%s/login", call->site->base));
}
