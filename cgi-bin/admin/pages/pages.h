/* The pages of /admin. */
#ifndef CG_ADMIN_PAGES_PAGES_H
#define CG_ADMIN_PAGES_PAGES_H

#include "../admin.h"
#include "ui/pages.h"

enum page_flags {
	PAGE_FIRST = 2, /* also for who has to change the password first */
	PAGE_ADMIN = 4, /* leads to a change: not for viewers */
	PAGE_OWNER = 8, /* for owners alone */
};

extern const struct web_route page_routes[];
extern const size_t page_routes_n;

/* --- handlers, by file --- */

void sign_in_show(void *call);
void sign_in_do(void *call);
void password_show(void *call);
void password_do(void *call);

void overview_show(void *call);

void apis_page(void *call);
void api_new_show(void *call);
void api_new_do(void *call);
void api_show(void *call);
void api_change(void *call);
void api_test_do(void *call);
void api_delete_show(void *call);
void api_delete_do(void *call);

void keys_page(void *call);
void key_new_show(void *call);
void key_new_do(void *call);
void key_show(void *call);
void key_edit_show(void *call);
void key_edit_do(void *call);
void key_switch_do(void *call);
void key_access_show(void *call);
void key_access_do(void *call);
void policy_access_show(void *call);
void policy_access_do(void *call);
void key_delete_show(void *call);
void key_delete_do(void *call);
void credential_new_show(void *call);
void credential_new_do(void *call);
void credential_show(void *call);
void credential_do(void *call);
void credential_revoke_show(void *call);
void credential_revoke_do(void *call);

void certificates_page(void *call);
void certificate_new_show(void *call);
void certificate_new_do(void *call);
void certificate_show(void *call);
void certificate_pem(void *call);
void certificate_delete_show(void *call);
void certificate_delete_do(void *call);

void crl_show(void *call);
void crl_do(void *call);
void crl_delete_show(void *call);
void crl_delete_do(void *call);
/* What a CA's list says, as values of a template; JSON's null where there is none. */
json_t *crl_json(struct page_call *call, const char *ca);
void exposed_keys_page(void *call);
void exposed_key_do(void *call);
void exposed_key_delete_show(void *call);
void exposed_key_delete_do(void *call);

void policies_page(void *call);
void policy_new_show(void *call);
void policy_new_do(void *call);
void policy_show(void *call);
void policy_change(void *call);
void policy_delete_show(void *call);
void policy_delete_do(void *call);

void settings_page(void *call);
void settings_do(void *call);

void tokens_page(void *call);
void token_new_do(void *call);
void token_show(void *call);
void token_change(void *call);
void token_delete_show(void *call);
void token_delete_do(void *call);

void developers_page(void *call);
void developer_new_show(void *call);
void developer_new_do(void *call);
void developer_show(void *call);
void developer_edit_do(void *call);
void developer_export_get(void *call);
void developer_delete_show(void *call);
void developer_delete_do(void *call);
void organisations_page(void *call);
void organisation_new_show(void *call);
void organisation_new_do(void *call);
void organisation_show(void *call);
void organisation_change(void *call);
void organisation_delete_do(void *call);
void key_transfer_show(void *call);
void key_transfer_do(void *call);

void users_page(void *call);
void user_new_show(void *call);
void user_new_do(void *call);
void user_show(void *call);
void user_change(void *call);
void user_reset_do(void *call);
void user_delete_show(void *call);
void user_delete_do(void *call);
void user_certificate_new_show(void *call);
void user_certificate_new_do(void *call);
void user_certificate_delete_show(void *call);
void user_certificate_delete_do(void *call);
/* The certificates that sign a user in, as values of a template; NULL with *err. */
json_t *user_certificates_json(struct page_call *call, const Cg__User *user, struct cg_err *err);

void monitoring_page(void *call);

void access_report_page(void *call);
void access_report_csv(void *call);

void audit_page(void *call);
void explain_page(void *call);
void refusals_page(void *call);
void refusal_key_show(void *call);
void refusal_key_do(void *call);

void catalogue_page(void *call);
void entry_new_show(void *call);
void entry_new_do(void *call);
void entry_show(void *call);
void entry_change(void *call);
void entry_delete_show(void *call);
void entry_delete_do(void *call);

void requests_page(void *call);
void request_show(void *call);
void request_approve_do(void *call);
void request_decline_do(void *call);

#endif
