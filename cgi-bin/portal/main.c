/* portal: what lies under /portal. */
#include "base/base.h"
#include "portal.h"

/* Who asks for a page gets whoami as one (pages.c). */
static bool wants_page(const struct web_request *req)
{
	struct span accept;
	return req->https && !span_is_text(req->method, "POST") &&
	       web_request_field(req, "accept", &accept) > 0 &&
	       span_starts(accept, SPAN_LIT("text/html"));
}

static void handle(struct program *portal, struct web_request *req, struct web_response *resp)
{
	struct portal_call call = {.portal = portal, .req = req, .resp = resp};
	struct web_matched match;
	if (web_route_find(plain_routes, plain_routes_n, req->method, req->target.path, req->arena,
			   &match) == WEB_MATCH_FOUND &&
	    !wants_page(req))
		match.route->handler(&call);
	else
		portal_pages_handle(portal, req, resp);
}

int main(void)
{
	struct program portal = {.name = "portal", .handle = handle};
	return program_run(&portal);
}
