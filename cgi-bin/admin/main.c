/* admin: what lies under /admin. */
#include "base/base.h"
#include "admin.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/log.h"
#include "model/open.h"
#include "web/problem.h"
#include "web/serve.h"
#include "web/unready.h"
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
	else
		rest_handle(ctx, req, resp);
}

static bool proof_ok(void *ctx, struct span value)
{
	return proof_is_right(&((struct admin *)ctx)->proof, value);
}

static bool stop_after(void *ctx)
{
	return store_recoveries(((struct admin *)ctx)->store) >= STORE_RECOVERIES_MAX;
}

static cg_rc open_all(struct admin *admin, struct cg_err *err)
{
	struct home home;
	cg_rc rc = home_find(NULL, &home, err);
	if (rc == CG_OK)
		rc = home_check(&home, err);
	if (rc == CG_OK)
		rc = proof_load(&home, &admin->proof, err);
	return rc == CG_OK ? model_open(&home, &admin->store, err) : rc;
}

static bool can_open(void)
{
	struct admin admin = {0};
	cg_rc rc = open_all(&admin, NULL);
	store_close(&admin.store);
	return rc == CG_OK;
}

int main(void)
{
	struct admin admin = {0};
	struct cg_err err = {0};
	log_open("admin");
	/* A core file would hold what people upload. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (gnutls_global_init() < 0) {
		log_error("start_failed", "cause", "GnuTLS cannot be set up", LOG_END);
		return 1;
	}
	if (open_all(&admin, &err) != CG_OK) {
		log_error("start_failed", "cause", err.text, LOG_END);
		return web_serve_unready(err.text, can_open);
	}
	const struct web_program program = {
	    .threads = 1,
	    .ctx = &admin,
	    .proof_ok = proof_ok,
	    .handle = handle,
	    .stop_after = stop_after,
	    .no_store = true,
	};
	int status = web_serve(&program);
	store_close(&admin.store);
	return status;
}
