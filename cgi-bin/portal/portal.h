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

/* Answers a request for a page. */
void portal_pages_handle(struct program *portal, struct web_request *req,
			 struct web_response *resp);

extern const struct web_route portal_routes[];
extern const size_t portal_routes_n;

/* --- pages, by file: struct page_call --- */

void sign_in_show(void *call);
void sign_in_do(void *call);

void join_show(void *call);
void join_do(void *call);
void confirm_show(void *call);
void confirm_do(void *call);
void reset_show(void *call);
void reset_do(void *call);

void account_show(void *call);
void account_password_do(void *call);

#endif
