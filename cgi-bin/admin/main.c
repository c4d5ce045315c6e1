/* admin: what lies under /admin. */
#include "base/base.h"
#include "admin.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/wipe.h"
#include "model/open.h"
#include "page/page.h"
#include "upstream/upstream.h"
#include "web/json.h"
#include "web/problem.h"
#include "web/serve.h"
#include <gnutls/gnutls.h>
#include <sys/prctl.h>

static void handle(void *ctx, void *thread, struct web_request *req, struct web_response *resp)
{
	(void)thread;
	(void)web_response_field_text(resp, "X-Request-Id", req->id);
	if (req->bad)
		web_problem_send(resp, &(struct web_problem){.status = 400,
							     .code = "bad_request",
							     .detail = req->bad,
							     .request_id = req->id});
	else if (span_starts(req->target.path, SPAN_LIT("/admin/api/")))
		rest_handle(ctx, req, resp);
	else
		pages_handle(ctx, req, resp);
}

/* For an admin that could not start. */
static void handle_unavailable(void *ctx, void *thread, struct web_request *req,
			       struct web_response *resp)
{
	const struct cg_err *why = ctx;
	(void)thread;
	(void)web_response_field_text(resp, "X-Request-Id", req->id);
	web_problem_send(resp, &(struct web_problem){.status = 503,
						     .code = "unavailable",
						     .detail = why->text,
						     .request_id = req->id});
}

static bool proof_ok(void *ctx, struct span value)
{
	return proof_is_right(&((struct admin *)ctx)->proof, value);
}

static bool stop_after(void *ctx)
{
	struct admin *admin = ctx;
	return store_recoveries(admin->store) >= STORE_RECOVERIES_MAX ||
	       live_is_lost(store_live(admin->store));
}

int main(void)
{
	struct home home;
	struct admin admin = {0};
	struct cg_err err = {0};
	log_open("admin");
	/* A core file would hold what people upload. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	web_json_init();
	/* GnuTLS 3.7 leaves a copy of an Ed25519 key behind otherwise. */
	gnutls_free = wipe_free;
	cg_rc rc = gnutls_global_init() < 0 ? cg_fail_memory(&err) : home_find(NULL, &home, &err);
	if (rc == CG_OK)
		rc = home_check(&home, &err);
	if (rc == CG_OK)
		rc = proof_load(&home, &admin.proof, &err);
	if (rc == CG_OK)
		rc = upstream_allowed_read(&admin.upstream_allowed, &err);
	if (rc == CG_OK && !upstream_global_init())
		rc = cg_fail_memory(&err);
	if (rc == CG_OK)
		rc = model_open(&home, &admin.store, &err);
	if (rc == CG_OK)
		rc = page_load(&err);
	if (rc == CG_OK && limits_open(&home, NULL, NULL, &admin.limits, &err) != CG_OK)
		log_error("limits_not_read", "cause", err.text, LOG_END);
	if (rc == CG_OK && refusals_open(&home, &admin.refusals, &err) != CG_OK)
		log_error("refusals_not_read", "cause", err.text, LOG_END);
	if (rc == CG_OK && usage_open(&home, &admin.usage, &err) != CG_OK)
		log_error("usage_not_read", "cause", err.text, LOG_END);
	if (rc != CG_OK) {
		const struct web_program unavailable = {.threads = START_FAILED_THREADS,
							.ctx = &err,
							.handle = handle_unavailable,
							.no_store = true,
							.end_after_ms = START_FAILED_SERVE_MS};
		log_error("start_failed", "cause", err.text, LOG_END);
		(void)web_serve(&unavailable);
		return 1;
	}
	const struct web_program program = {
	    .threads = 1,
	    .ctx = &admin,
	    .proof_ok = proof_ok,
	    .handle = handle,
	    .stop_after = stop_after,
	    .takes_secrets = true,
	    .no_store = true,
	};
	int status = web_serve(&program);
	usage_close(&admin.usage);
	limits_close(&admin.limits);
	refusals_close(&admin.refusals);
	store_close(&admin.store);
	return status;
}
