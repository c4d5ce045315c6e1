/* The portal program: what lies under /portal. */
#ifndef CG_PORTAL_PORTAL_H
#define CG_PORTAL_PORTAL_H

#include "base/base.h"
#include "ui/pages.h"

/* One request that is answered as it is: without a session, and over http too. */
struct portal_call {
	struct program *portal;
	struct web_request *req;
	struct web_response *resp;
};

/* GET /portal/whoami: the certificate of this connection as certgate sees it, or why there is none.
 */
void whoami_get(void *call);

/* POST /portal/renew: the next certificate of a key, over mutual TLS with one that it has. */
void renew_post(void *call);

/* Answers a request for a page. */
void portal_pages_handle(struct program *portal, struct web_request *req,
			 struct web_response *resp);

/* What is no page: struct portal_call. */
extern const struct web_route plain_routes[];
extern const size_t plain_routes_n;

/* --- pages, by file: struct page_call --- */

void sign_in_show(void *call);
void sign_in_do(void *call);

/* The terms as HTML, as they stand where none can be made of them, and whether the form accepted
 * them. */
void portal_add_terms(struct page_call *call, const char *terms, json_t *values);
void join_show(void *call);
void join_do(void *call);
void confirm_show(void *call);
void confirm_do(void *call);
void reset_show(void *call);
void reset_do(void *call);

void account_show(void *call);
void account_do(void *call);
void account_password_do(void *call);

void organisation_show(void *call);
void organisation_do(void *call);
void invite_do(void *call);
void member_role_do(void *call);
void member_remove_show(void *call);
void member_remove_do(void *call);
void invitation_show(void *call);
void invitation_do(void *call);

void catalogue_page(void *call);
void entry_show(void *call);

void request_show_form(void *call);
void request_do(void *call);
void request_show(void *call);
void request_withdraw_do(void *call);

void keys_page(void *call);
void key_page(void *call);
void key_renew_do(void *call);
void key_token_do(void *call);
void key_revoke_show(void *call);
void key_revoke_do(void *call);
void key_give_up_show(void *call);
void key_give_up_do(void *call);
void stop_show(void *call);
void stop_do(void *call);

void usage_page(void *call);
void help_page(void *call);

void whoami_page(void *call);
void whoami_prove_do(void *call);

#endif
