#include "base/base.h"
#include "ui/program.h"
#include "base/file.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/wipe.h"
#include "model/open.h"
#include "page/page.h"
#include "web/json.h"
#include "web/notify.h"
#include "web/problem.h"
#include "web/serve.h"
#include <gnutls/gnutls.h>
#include <sys/prctl.h>

static void handle(void *ctx, void *thread, struct web_request *req, struct web_response *resp)
{
	struct program *program = ctx;
	(void)thread;
	(void)web_response_field_text(resp, "X-Request-Id", req->id);
	if (req->bad)
		web_problem_send(resp, &(struct web_problem){.status = 400,
							     .code = "bad_request",
							     .detail = req->bad,
							     .request_id = req->id});
	else
		program->handle(program, req, resp);
}

static void handle_unavailable(void *ctx, void *thread, struct web_request *req,
			       struct web_response *resp)
{
	(void)ctx;
	(void)thread;
	(void)web_response_field_text(resp, "X-Request-Id", req->id);
	web_problem_stranger(resp, CG_UNAVAILABLE, NULL);
}

static bool proof_ok(void *ctx, struct span value)
{
	return proof_is_right(&((struct program *)ctx)->proof, value);
}

static bool stop_after(void *ctx)
{
	struct program *program = ctx;
	return store_recoveries(program->store) >= STORE_RECOVERIES_MAX ||
	       live_is_lost(store_live(program->store));
}

/* How it is set up. */
static cg_rc read_all(struct program *p, struct home *home, struct cg_err *err)
{
	cg_rc rc = home_find(NULL, home, err);
	if (rc == CG_OK)
		rc = home_check(home, err);
	if (rc == CG_OK)
		rc = proof_load(home, &p->proof, err);
	return rc == CG_OK ? page_load(err) : rc;
}

static cg_rc open_all(struct program *p, const struct home *home, struct cg_err *err)
{
	cg_rc rc = model_open(home, &p->store, err);
	if (rc == CG_OK && limits_open(home, NULL, NULL, &p->limits, err) != CG_OK)
		log_error("limits_not_read", "cause", err->text, LOG_END);
	if (rc == CG_OK && refusals_open(home, &p->refusals, err) != CG_OK)
		log_error("refusals_not_read", "cause", err->text, LOG_END);
	if (rc == CG_OK && usage_open(home, &p->usage, err) != CG_OK)
		log_error("usage_not_read", "cause", err->text, LOG_END);
	return rc;
}

int program_run(struct program *p)
{
	struct cg_err err = {0};
	struct home home;
	if (!file_hold_standard())
		return 1;
	log_open(p->name);
	/* A core file would hold what people upload. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	web_json_init();
	/* GnuTLS 3.7 leaves a copy of an Ed25519 key behind otherwise. */
	gnutls_free = wipe_free;
	cg_rc rc = gnutls_global_init() < 0 ? cg_fail_memory(&err) : CG_OK;
	bool wrong = rc == CG_OK && (rc = read_all(p, &home, &err)) != CG_OK;
	if (rc == CG_OK)
		rc = open_all(p, &home, &err);
	if (rc != CG_OK) {
		const struct web_program unavailable = {.threads = START_FAILED_THREADS,
							.handle = handle_unavailable,
							.no_store = true,
							.end_after_ms = START_FAILED_SERVE_MS};
		notify_start_failed(wrong, err.text);
		(void)web_serve(&unavailable);
		return 1;
	}
	const struct web_program program = {
	    .threads = PAGE_THREADS,
	    .in_turn = true,
	    .ctx = p,
	    .proof_ok = proof_ok,
	    .handle = handle,
	    .stop_after = stop_after,
	    .takes_secrets = true,
	    .no_store = true,
	};
	int status = web_serve(&program);
	usage_close(&p->usage);
	limits_close(&p->limits);
	refusals_close(&p->refusals);
	store_close(&p->store);
	return status;
}
