/* The table of the portal's pages, and what all of them have. */
#include "base/base.h"
#include "base/log.h"
#include "model/setting.h"
#include "portal.h"

/* Each POST carries a form token (see ui/pages.c). */
/* clang-format off */
static const struct web_route portal_routes[] = {
	{"GET", "/portal", PAGE_OPEN, catalogue_page},
	{"GET", "/portal/", PAGE_OPEN, catalogue_page},
	{"GET", "/portal/apis/:id", PAGE_OPEN, entry_show},
	{"GET", "/portal/apis/:id/request", 0, request_show_form},
	{"POST", "/portal/apis/:id/request", 0, request_do},
	{"GET", "/portal/requests/:id", 0, request_show},
	{"POST", "/portal/requests/:id/withdraw", 0, request_withdraw_do},
	{"GET", "/portal/keys", 0, keys_page},
	{"GET", "/portal/keys/:id", 0, key_page},
	{"GET", "/portal/keys/:id/renew", 0, key_page},
	{"POST", "/portal/keys/:id/renew", 0, key_renew_do},
	{"POST", "/portal/keys/:id/token", 0, key_token_do},
	{"GET", "/portal/keys/:id/credentials/:sha256/revoke", 0, key_revoke_show},
	{"POST", "/portal/keys/:id/credentials/:sha256/revoke", 0, key_revoke_do},
	{"GET", "/portal/keys/:id/give-up", 0, key_give_up_show},
	{"POST", "/portal/keys/:id/give-up", 0, key_give_up_do},
	{"GET", "/portal/usage", 0, usage_page},
	{"GET", "/portal/help", PAGE_OPEN, help_page},
	{"GET", "/portal/whoami", PAGE_OPEN, whoami_page},
	{"POST", "/portal/whoami", 0, whoami_prove_do},
	{"GET", "/portal/stop", PAGE_OPEN, stop_show},
	{"POST", "/portal/stop", PAGE_OPEN, stop_do},
	{"GET", "/portal/login", PAGE_OPEN, sign_in_show},
	{"POST", "/portal/login", PAGE_OPEN, sign_in_do},
	{"POST", "/portal/logout", 0, page_sign_out},
	{"GET", "/portal/join", PAGE_OPEN, join_show},
	{"POST", "/portal/join", PAGE_OPEN, join_do},
	{"GET", "/portal/confirm", PAGE_OPEN, confirm_show},
	{"POST", "/portal/confirm", PAGE_OPEN, confirm_do},
	{"GET", "/portal/reset", PAGE_OPEN, reset_show},
	{"POST", "/portal/reset", PAGE_OPEN, reset_do},

	{"GET", "/portal/account", 0, account_show},
	{"POST", "/portal/account", 0, account_do},
	{"POST", "/portal/account/password", 0, account_password_do},

	{"GET", "/portal/organisation", 0, organisation_show},
	{"POST", "/portal/organisation", 0, organisation_do},
	{"POST", "/portal/organisation/invite", 0, invite_do},
	{"POST", "/portal/organisation/members/:id/role", 0, member_role_do},
	{"GET", "/portal/organisation/members/:id/remove", 0, member_remove_show},
	{"POST", "/portal/organisation/members/:id/remove", 0, member_remove_do},
	{"GET", "/portal/invite", PAGE_OPEN, invitation_show},
	{"POST", "/portal/invite", PAGE_OPEN, invitation_do},
};
const struct web_route plain_routes[] = {
	{"GET", "/portal/whoami", 0, whoami_get},
	{"POST", "/portal/renew", 0, renew_post},
};
/* clang-format on */
const size_t plain_routes_n = CG_COUNT(plain_routes);

static void everywhere(struct page_call *call, json_t *to)
{
	const Cg__Developer *developer = call->who.developer;
	const char *name = developer ? developer->name : "";
	struct cg_err err = {0};
	Cg__Setting *setting;
	if (setting_get(call->program->store, call->arena, &setting, &err) != CG_OK) {
		log_error("settings_not_read", "request_id", call->req->id, "cause", err.text,
			  LOG_END);
		return;
	}
	json_t *more = json_pack(
	    "{s:o, s:o, s:o, s:b, s:b}", "portal_title", page_text(span_of(setting->portal_title)),
	    "user_name", page_text(span_of(name)), "initial", page_initial(name), "may_join",
	    setting->sign_up == CG__SETTING__SIGN_UP__OPEN, "is_manager",
	    developer && developer->role == CG__DEVELOPER__ROLE__MANAGER);
	(void)json_object_update_new(to, more);
}

static bool always(struct page_call *call)
{
	(void)call;
	return true;
}

void portal_pages_handle(struct program *portal, struct web_request *req, struct web_response *resp)
{
	static const struct page_site site = {.base = "/portal",
					      .templates = "portal",
					      .frame = "layout/portal.tpl",
					      .bare = "layout/portal-bare.tpl",
					      .routes = portal_routes,
					      .n_routes = CG_COUNT(portal_routes),
					      .others = plain_routes,
					      .n_others = CG_COUNT(plain_routes),
					      .of = CG__SESSION__OF__DEVELOPER,
					      .session_cookie = "__Host-certgate-portal",
					      .form_cookie = "__Host-certgate-portal-form",
					      .everywhere = everywhere,
					      .let_in = always,
					      .is_framed = always};
	page_handle(&site, portal, req, resp);
}
