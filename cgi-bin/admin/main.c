/* admin: what lies under /admin. */
#include "base/base.h"
#include "admin.h"

static void handle(struct program *admin, struct web_request *req, struct web_response *resp)
{
	if (span_starts(req->target.path, SPAN_LIT("/admin/api/")))
		rest_handle(admin, req, resp);
	else
		pages_handle(admin, req, resp);
}

int main(void)
{
	struct program admin = {.name = "admin", .handle = handle};
	return program_run(&admin);
}
