/* The table of pages, and who may have which. */
#include "base/base.h"
#include "pages.h"
#include "show.h"

/* Each POST carries a form token (see ui/pages.c): there is no row without. */
/* clang-format off */
const struct web_route page_routes[] = {
	{"GET", "/admin", 0, overview_show},
	{"GET", "/admin/", 0, overview_show},
	{"GET", "/admin/login", PAGE_OPEN, sign_in_show},
	{"POST", "/admin/login", PAGE_OPEN, sign_in_do},
	{"POST", "/admin/logout", PAGE_FIRST, page_sign_out},
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

	{"GET", "/admin/catalogue", 0, catalogue_page},
	{"GET", "/admin/catalogue/new", PAGE_ADMIN, entry_new_show},
	{"POST", "/admin/catalogue/new", PAGE_ADMIN, entry_new_do},
	{"GET", "/admin/catalogue/:id", 0, entry_show},
	{"POST", "/admin/catalogue/:id", PAGE_ADMIN, entry_change},
	{"GET", "/admin/catalogue/:id/delete", PAGE_ADMIN, entry_delete_show},
	{"POST", "/admin/catalogue/:id/delete", PAGE_ADMIN, entry_delete_do},
	{"GET", "/admin/requests", 0, requests_page},
	{"GET", "/admin/requests/:id", 0, request_show},
	{"POST", "/admin/requests/:id/approve", PAGE_ADMIN, request_approve_do},
	{"POST", "/admin/requests/:id/decline", PAGE_ADMIN, request_decline_do},

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

	{"GET", "/admin/monitoring", 0, monitoring_page},
	{"GET", "/admin/refusals", 0, refusals_page},
	{"GET", "/admin/refusals/:id/key", PAGE_ADMIN, refusal_key_show},
	{"POST", "/admin/refusals/:id/key", PAGE_ADMIN, refusal_key_do},
	{"GET", "/admin/explain", 0, explain_page},
	{"GET", "/admin/audit", 0, audit_page},
	{"GET", "/admin/reports/access", 0, access_report_page},
	{"GET", "/admin/reports/access.csv", 0, access_report_csv},

	{"GET", "/admin/developers", 0, developers_page},
	{"GET", "/admin/developers/new", PAGE_ADMIN, developer_new_show},
	{"POST", "/admin/developers/new", PAGE_ADMIN, developer_new_do},
	{"GET", "/admin/developers/:id", 0, developer_show},
	{"POST", "/admin/developers/:id", PAGE_ADMIN, developer_edit_do},
	{"GET", "/admin/developers/:id/export", PAGE_ADMIN, developer_export_get},
	{"GET", "/admin/developers/:id/delete", PAGE_ADMIN, developer_delete_show},
	{"POST", "/admin/developers/:id/delete", PAGE_ADMIN, developer_delete_do},
	{"GET", "/admin/organisations", 0, organisations_page},
	{"GET", "/admin/organisations/new", PAGE_ADMIN, organisation_new_show},
	{"POST", "/admin/organisations/new", PAGE_ADMIN, organisation_new_do},
	{"GET", "/admin/organisations/:id", 0, organisation_show},
	{"POST", "/admin/organisations/:id", PAGE_ADMIN, organisation_change},
	{"POST", "/admin/organisations/:id/delete", PAGE_ADMIN, organisation_delete_do},
	{"GET", "/admin/keys/:id/transfer", PAGE_ADMIN, key_transfer_show},
	{"POST", "/admin/keys/:id/transfer", PAGE_ADMIN, key_transfer_do},

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

static void everywhere(struct page_call *call, json_t *to)
{
	const Cg__User *user = call->who.user;
	json_t *more = json_pack("{s:o, s:o, s:s, s:b, s:b, s:b}", "user_name",
				 page_text(span_of(user ? user->name : "")), "initial",
				 page_initial(user ? user->name : ""), "user_role",
				 user ? show_role(user->role) : "", "may_change",
				 (int)(user && user->role >= CG__ROLE__ADMIN), "may_own",
				 (int)(user && user->role == CG__ROLE__OWNER), "must_change",
				 (int)(user && user->must_change));
	(void)json_object_update_new(to, more);
}

static bool let_in(struct page_call *call)
{
	unsigned flags = call->match.route->flags;
	if (call->who.user->must_change && !(flags & PAGE_FIRST)) {
		page_redirect(call, "/admin/password");
		return false;
	}
	if ((flags & PAGE_ADMIN) && !page_may(call, CG__ROLE__ADMIN))
		return false;
	return !(flags & PAGE_OWNER) || page_may(call, CG__ROLE__OWNER);
}

static bool is_framed(struct page_call *call)
{
	return call->who.session && !call->who.user->must_change;
}

void pages_handle(struct program *admin, struct web_request *req, struct web_response *resp)
{
	static const struct page_site site = {.base = "/admin",
					      .templates = "admin",
					      .frame = "layout/admin.tpl",
					      .bare = "layout/bare.tpl",
					      .routes = page_routes,
					      .n_routes = CG_COUNT(page_routes),
					      .of = CG__SESSION__OF__USER,
					      .session_cookie = ADMIN_COOKIE,
					      .form_cookie = "__Host-certgate-form",
					      .everywhere = everywhere,
					      .let_in = let_in,
					      .is_framed = is_framed};
	page_handle(&site, admin, req, resp);
}
