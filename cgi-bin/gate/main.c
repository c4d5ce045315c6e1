/* gate: certificate or token -> key -> decision -> upstream. */
#include "base/base.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "gate.h"
#include "model/open.h"
#include "web/serve.h"
#include "web/unready.h"
#include <gnutls/gnutls.h>
#include <sys/prctl.h>

/* Routes, identifies, decides; then forwards or refuses. */
static void pass(struct exchange *x)
{
	struct web_request *req = x->req;
	struct cg_err err = {0};
	if (snapshot_acquire(x->gate->resolver, &x->snapshot, &err) != CG_OK) {
		log_error("store_unreadable", "request_id", req->id, "cause", err.text, LOG_END);
		refuse(x, REFUSAL_UNAVAILABLE,
		       "The key store cannot be read now: try again in a moment.");
		return;
	}
	/* The site is the web server's word only beside its proof. */
	x->route = routes_find(snapshot_routes(x->snapshot),
			       req->proof_ok ? req->site : SPAN_LIT(""), req->target.path);
	x->facts.method = req->method;
	x->facts.remote_addr = req->remote_addr;
	if (x->route) {
		x->facts.api = x->route->api;
		x->facts.path = route_rest(x->route, req->target.path);
		if (!identify(x))
			return;
	}
	x->decision = decide(&x->facts, req->received_unix_s);
	if (x->decision.refusal == REFUSAL_NONE)
		forward(x);
	else
		refuse_decision(x);
}

static void handle(void *ctx, void *thread, struct web_request *req, struct web_response *resp)
{
	struct gate *gate = ctx;
	struct exchange x = {
	    .gate = gate, .upstream = thread, .req = req, .resp = resp, .arena = req->arena};
	if (req->bad)
		refuse(&x, REFUSAL_BAD_REQUEST, req->bad);
	else if (!answer_fixed(&x))
		pass(&x);
	snapshot_release(gate->resolver, &x.snapshot);
}

static void *thread_start(void *ctx)
{
	(void)ctx;
	return upstream_new();
}

static void thread_end(void *ctx, void *thread)
{
	struct upstream *u = thread;
	(void)ctx;
	upstream_free(&u);
}

static bool proof_ok(void *ctx, struct span value)
{
	return proof_is_right(&((struct gate *)ctx)->proof, value);
}

static bool stop_after(void *ctx)
{
	return store_recoveries(((struct gate *)ctx)->store) >= STORE_RECOVERIES_MAX;
}

static cg_rc open_all(struct gate *gate, struct cg_err *err)
{
	struct home home;
	cg_rc rc = home_find(NULL, &home, err);
	if (rc == CG_OK)
		rc = home_check(&home, err);
	if (rc == CG_OK)
		rc = proof_load(&home, &gate->proof, err);
	if (rc == CG_OK)
		rc = model_open(&home, &gate->store, err);
	if (rc == CG_OK && !(gate->resolver = resolver_new(gate->store)))
		rc = cg_fail_memory(err);
	return rc;
}

static void close_all(struct gate *gate)
{
	resolver_free(&gate->resolver);
	store_close(&gate->store);
}

static bool can_open(void)
{
	struct gate gate = {0};
	cg_rc rc = open_all(&gate, NULL);
	close_all(&gate);
	return rc == CG_OK;
}

int main(void)
{
	struct gate gate = {0};
	struct cg_err err = {0};
	log_open("gate");
	/* A core file would hold tokens of requests under way. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (gnutls_global_init() < 0 || !upstream_global_init()) {
		log_error("start_failed", "cause", "the libraries cannot be set up", LOG_END);
		return 1;
	}
	if (open_all(&gate, &err) != CG_OK) {
		log_error("start_failed", "cause", err.text, LOG_END);
		close_all(&gate);
		return web_serve_unready("The key store cannot be read now: try again in a moment.",
					 can_open);
	}
	const struct web_program program = {
	    .threads = GATE_THREADS_DEFAULT,
	    .ctx = &gate,
	    .proof_ok = proof_ok,
	    .thread_start = thread_start,
	    .thread_end = thread_end,
	    .handle = handle,
	    .stop_after = stop_after,
	};
	int status = web_serve(&program);
	close_all(&gate);
	return status;
}
