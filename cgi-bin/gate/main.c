/* gate: certificate or token -> key -> decision -> upstream. */
#include "base/base.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "gate.h"
#include "model/open.h"
#include "model/steward.h"
#include "web/notify.h"
#include "web/serve.h"
#include <gnutls/gnutls.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define DESCRIPTORS_MAX	  65536
#define LAST_TURN_WAIT_MS 2000

/* Routes, identifies, decides; then forwards or refuses. */
static void pass(struct exchange *x)
{
	struct web_request *req = x->req;
	struct cg_err err = {0};
	struct span site = req->proof_ok ? req->site : SPAN_LIT("");
	if (answer_fixed(x, req->target.path))
		return;
	if (snapshot_acquire(x->gate->resolver, x->worker->reader, &x->snapshot, &err) != CG_OK) {
		if (answer_fixed(x, req->target.local))
			return;
		log_error("store_unreadable", "request_id", req->id, "cause", err.text, LOG_END);
		refuse(x, REFUSAL_UNAVAILABLE,
		       "The key store cannot be read now: try again in a moment.");
		return;
	}
	/* The site is the web server's word only beside its proof. */
	const struct routes *routes = snapshot_routes(x->snapshot);
	x->route = facts_route(&x->facts, routes, site, req->target.path, x->arena);
	/* Below a prefix, where no API has the path. */
	if (!x->route && answer_fixed(x, req->target.local))
		return;
	x->facts.method = req->method;
	x->facts.remote_addr = req->remote_addr;
	if (x->route && !x->facts.ambiguous) {
		x->facts.proof_ok = req->proof_ok;
		if (cors_answer_preflight(x) || !identify(x))
			return;
	}
	x->decision = decide(&x->facts, req->received_unix_s);
	if (x->decision.refusal != REFUSAL_NONE)
		refuse_decision(x);
	else if (body_fits(x) && limit(x))
		forward(x);
}

static void handle(void *ctx, void *thread, struct web_request *req, struct web_response *resp)
{
	struct gate *gate = ctx;
	struct exchange x = {.gate = gate,
			     .worker = thread,
			     .req = req,
			     .resp = resp,
			     .arena = req->arena,
			     .code = "",
			     .begun_us = clock_mono_us(),
			     .upstream_us = -1};
	if (gate->usage)
		usage_begin(gate->usage);
	if (req->bad)
		refuse(&x, REFUSAL_BAD_REQUEST, req->bad);
	else
		pass(&x);
	record(&x);
	limits_end(gate->limits, &x.limits.held);
	snapshot_release(gate->resolver, x.worker->reader, &x.snapshot);
	if (gate->usage)
		usage_end(gate->usage);
}

/* For a gate that could not start. */
static void handle_unavailable(void *ctx, void *thread, struct web_request *req,
			       struct web_response *resp)
{
	struct exchange x = {.gate = ctx,
			     .worker = thread,
			     .req = req,
			     .resp = resp,
			     .arena = req->arena,
			     .code = ""};
	if (req->bad)
		refuse(&x, REFUSAL_BAD_REQUEST, req->bad);
	else if (!answer_fixed(&x, req->target.path) && !answer_fixed(&x, req->target.local))
		refuse(&x, REFUSAL_UNAVAILABLE,
		       "The key store cannot be read now: try again in a moment.");
}

static void *thread_start(void *ctx)
{
	struct gate *gate = ctx;
	struct worker *worker = calloc(1, sizeof(*worker));
	if (!worker)
		return NULL;
	worker->upstream = upstream_new();
	worker->reader = reader_new(gate->resolver);
	if (worker->upstream && worker->reader)
		return worker;
	upstream_free(&worker->upstream);
	free(worker);
	return NULL;
}

static void thread_end(void *ctx, void *thread)
{
	struct worker *worker = thread;
	(void)ctx;
	upstream_free(&worker->upstream);
	free(worker);
}

static bool proof_ok(void *ctx, struct span value)
{
	return proof_is_right(&((struct gate *)ctx)->proof, value);
}

static bool stop_after(void *ctx)
{
	struct gate *gate = ctx;
	return store_recoveries(gate->store) >= STORE_RECOVERIES_MAX ||
	       live_is_lost(store_live(gate->store));
}

/* The housekeeping, where this gate is the steward.  A gate that ends may have counted what the one
 * that is it has looked at before, so it waits for its turn. */
static void every_second(void *ctx, bool last)
{
	struct gate *gate = ctx;
	struct cg_err err = {0};
	int64_t now = clock_unix_s();
	int steward =
	    steward_begin(store_home(gate->store), STEWARD_STORE, last ? LAST_TURN_WAIT_MS : 0);
	if (steward < 0)
		return;
	cg_rc rc = housekeeping_turn(&gate->housekeeping, now, last, &err);
	steward_end(steward);
	/* Once a minute is enough to be told. */
	if (rc != CG_OK && (now - gate->told_unix_s >= 60 || now < gate->told_unix_s)) {
		gate->told_unix_s = now;
		log_error("housekeeping_failed", "cause", err.text, LOG_END);
	}
}

/* Each thread keeps connections to upstreams beside the one it serves; the usual soft limit of 1024
 * is for programs that use select(2). */
static void raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur =
		    limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* sched(7): threads of SCHED_BATCH push nobody off a processor when they are woken.  A web server
 * sends a request in several writes: woken by the first, a thread would take the processor from the
 * server only to wait for the rest, and give it back, with each request.  Without the right to
 * choose, it is as it was. */
static void choose_scheduling(void)
{
	struct sched_param none = {0};
	const char *policy = config_get(CONFIG_GATE_SCHEDULING);
	if (!policy || strcmp(policy, "batch") == 0)
		(void)sched_setscheduler(0, SCHED_BATCH, &none);
}

int main(void)
{
	struct home home;
	static struct gate gate;
	struct cg_err err = {0};
	if (!file_hold_standard())
		return 1;
	log_open("gate");
	/* A core file would hold tokens of requests under way. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	raise_descriptors();
	if (gnutls_global_init() < 0) {
		notify_start_failed(false, "The libraries cannot be set up.");
		return 1;
	}
	cg_rc rc = home_find(NULL, &home, &err);
	if (rc == CG_OK)
		rc = home_check(&home, &err);
	if (rc == CG_OK)
		rc = proof_load(&home, &gate.proof, &err);
	bool wrong = rc != CG_OK;
	choose_scheduling();
	upstream_allowed_read(&gate.upstream_allowed);
	/* config_load has seen that it can be read. */
	if (config_get(CONFIG_METRICS_ALLOW))
		(void)!address_blocks_parse(config_get(CONFIG_METRICS_ALLOW), &gate.metrics_allow);
	if (rc == CG_OK)
		rc = model_open(&home, &gate.store, &err);
	if (rc == CG_OK)
		rc = limits_open(&home, NULL, NULL, &gate.limits, &err);
	if (rc == CG_OK && !(gate.resolver = resolver_new(gate.store)))
		rc = cg_fail_memory(&err);
	if (rc == CG_OK && refusals_open(&home, &gate.refusals, &err) != CG_OK)
		log_error("refusals_not_noted", "cause", err.text, LOG_END);
	if (rc == CG_OK && usage_open(&home, &gate.usage, &err) != CG_OK)
		log_error("usage_not_counted", "cause", err.text, LOG_END);
	if (rc == CG_OK)
		rc = access_log_open(config_get(CONFIG_ACCESS_LOG), &gate.access_log, &err);
	if (rc != CG_OK) {
		const struct web_program unavailable = {.threads = START_FAILED_THREADS,
							.ctx = &gate,
							.handle = handle_unavailable,
							.end_after_ms = START_FAILED_SERVE_MS};
		notify_start_failed(wrong, err.text);
		(void)web_serve(&unavailable);
		return 1;
	}
	if (gate.usage)
		usage_gate_enter(gate.usage);
	gate.housekeeping =
	    (struct housekeeping){.store = gate.store, .limits = gate.limits, .usage = gate.usage};
	const struct web_program program = {
	    .threads = GATE_THREADS_DEFAULT,
	    .ctx = &gate,
	    .proof_ok = proof_ok,
	    .thread_start = thread_start,
	    .thread_end = thread_end,
	    .handle = handle,
	    .stop_after = stop_after,
	    .every_second = every_second,
	};
	int status = web_serve(&program);
	access_log_close(&gate.access_log);
	usage_close(&gate.usage);
	refusals_close(&gate.refusals);
	resolver_free(&gate.resolver);
	limits_close(&gate.limits);
	store_close(&gate.store);
	return status;
}
