/* portal: what lies under /portal. */
#include "base/base.h"
#include "portal.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/log.h"
#include "model/open.h"
#include "web/json.h"
#include "web/problem.h"
#include "web/route.h"
#include "web/serve.h"
#include <gnutls/gnutls.h>
#include <sys/prctl.h>

static const struct web_route routes[] = {
    {"GET", "/portal/whoami", 0, whoami_get},
};

static void answer_no_route(struct portal_call *call, enum web_match match, const char *allow)
{
	struct web_problem p = {.status = 404,
				.code = "not_found",
				.detail = "There is no such page. /portal/whoami shows which "
					  "certificate came with your connection.",
				.request_id = call->req->id};
	if (match == WEB_MATCH_NO_METHOD) {
		(void)web_response_field_text(call->resp, "Allow", allow);
		p.status = 405;
		p.code = "method_not_allowed";
		p.detail = "This page can only be read: use GET.";
	}
	web_problem_send(call->resp, &p);
}

static void handle(void *ctx, void *thread, struct web_request *req, struct web_response *resp)
{
	struct portal_call call = {.portal = ctx, .req = req, .resp = resp};
	struct web_matched match;
	(void)thread;
	(void)web_response_field_text(resp, "X-Request-Id", req->id);
	if (req->bad) {
		web_problem_send(resp, &(struct web_problem){.status = 400,
							     .code = "bad_request",
							     .detail = req->bad,
							     .request_id = req->id});
		return;
	}
	enum web_match found = web_route_find(routes, CG_COUNT(routes), req->method,
					      req->target.path, req->arena, &match);
	if (found == WEB_MATCH_FOUND)
		match.route->handler(&call);
	else
		answer_no_route(&call, found, match.allow);
}

/* For a portal that could not start. */
static void handle_unavailable(void *ctx, void *thread, struct web_request *req,
			       struct web_response *resp)
{
	(void)ctx;
	(void)thread;
	(void)web_response_field_text(resp, "X-Request-Id", req->id);
	/* Anybody may call this: the cause, with its paths, is in the log. */
	web_problem_send(resp,
			 &(struct web_problem){.status = 503,
					       .code = "unavailable",
					       .detail = "The portal cannot read its store now: "
							 "try again in a moment.",
					       .request_id = req->id});
}

static bool proof_ok(void *ctx, struct span value)
{
	return proof_is_right(&((struct portal *)ctx)->proof, value);
}

static bool stop_after(void *ctx)
{
	struct portal *portal = ctx;
	return store_recoveries(portal->store) >= STORE_RECOVERIES_MAX ||
	       live_is_lost(store_live(portal->store));
}

int main(void)
{
	struct home home;
	struct portal portal = {0};
	struct cg_err err = {0};
	log_open("portal");
	(void)prctl(PR_SET_DUMPABLE, 0);
	web_json_init();
	cg_rc rc = gnutls_global_init() < 0 ? cg_fail_memory(&err) : home_find(NULL, &home, &err);
	if (rc == CG_OK)
		rc = home_check(&home, &err);
	if (rc == CG_OK)
		rc = proof_load(&home, &portal.proof, &err);
	if (rc == CG_OK)
		rc = model_open(&home, &portal.store, &err);
	if (rc != CG_OK) {
		const struct web_program unavailable = {.threads = START_FAILED_THREADS,
							.handle = handle_unavailable,
							.no_store = true,
							.end_after_ms = START_FAILED_SERVE_MS};
		log_error("start_failed", "cause", err.text, LOG_END);
		(void)web_serve(&unavailable);
		return 1;
	}
	const struct web_program program = {
	    .threads = 1,
	    .ctx = &portal,
	    .proof_ok = proof_ok,
	    .handle = handle,
	    .stop_after = stop_after,
	    .no_store = true,
	};
	int status = web_serve(&program);
	store_close(&portal.store);
	return status;
}
