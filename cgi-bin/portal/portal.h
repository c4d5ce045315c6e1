/* The portal program: what lies under /portal.  For now /portal/whoami alone. */
#ifndef CG_PORTAL_PORTAL_H
#define CG_PORTAL_PORTAL_H

#include "base/base.h"
#include "store/store.h"
#include "web/proof.h"
#include "web/request.h"
#include "web/response.h"

struct portal {
	struct store *store;
	struct proof proof;
};

/* One request, as the handlers of the routes get it. */
struct portal_call {
	struct portal *portal;
	struct web_request *req;
	struct web_response *resp;
};

/* GET /portal/whoami: the certificate of this connection as certgate sees it, or why there is none.
 */
void whoami_get(void *call);

#endif
