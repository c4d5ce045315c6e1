#include "base/base.h"
#include "web/serve.h"
#include "base/limits.h"
#include "web/fcgi.h"
#include "web/io.h"
#include "web/problem.h"
#include <pthread.h>
#include <signal.h>

extern char **environ;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

void web_run(const struct web_program *p, void *thread, struct web_request *req,
	     struct web_response *resp, bool ready)
{
	struct cg_err err = {.text = ""};
	resp->no_store = p->no_store;
	if (ready && p->in_turn) {
		(void)pthread_mutex_lock(&turn);
		req->io->turn = &turn;
		p->handle(p->ctx, thread, req, resp);
		req->io->turn = NULL;
		(void)pthread_mutex_unlock(&turn);
	} else if (ready) {
		p->handle(p->ctx, thread, req, resp);
	} else {
		web_problem(resp, cg_fail_memory(&err), &err);
	}
	if (resp->aborted)
		return;
	if (resp->status == 0 && !resp->head_sent)
		web_problem(resp, cg_fail(&err, CG_FAIL, "The program has no answer to this."),
			    &err);
	/* The head, if there was no body that took it along. */
	(void)web_response_body(resp, SPAN_LIT(""));
}

static int serve_cgi(const struct web_program *p)
{
	struct web_io io;
	struct web_request req;
	struct web_response resp;
	struct arena arena;
	void *thread = p->thread_start ? p->thread_start(p->ctx) : NULL;
	if (p->thread_start && !thread)
		return 1;
	arena_init(&arena, REQUEST_ARENA_MAX);
	web_io_cgi(&io, STDIN_FILENO, STDOUT_FILENO);
	bool ready = web_request_init(&req, &arena, environ, p->proof_ok, p->ctx, &io);
	web_response_init(&resp, &req);
	web_run(p, thread, &req, &resp, ready);
	int status = web_response_flush(&resp) == CG_OK ? 0 : 1;
	web_io_wipe(&io);
	arena_release(&arena);
	if (thread && p->thread_end)
		p->thread_end(p->ctx, thread);
	return status;
}

int web_serve(const struct web_program *p)
{
	sigset_t stop_signals, before;
	(void)sigemptyset(&stop_signals);
	(void)sigaddset(&stop_signals, SIGTERM);
	(void)sigaddset(&stop_signals, SIGINT);
	(void)sigaddset(&stop_signals, SIGUSR1);
	(void)sigaddset(&stop_signals, TIME_TO_END);
	/* libfcgi sets handlers of its own, which would swallow what comes before it is waited for:
	 * so it is held back first, and those go again. */
	if (pthread_sigmask(SIG_BLOCK, &stop_signals, &before) != 0)
		return 1;
	bool cgi = FCGX_IsCGI();
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGTERM, SIG_DFL) == SIG_ERR ||
	    signal(SIGUSR1, SIG_DFL) == SIG_ERR)
		return 1;
	if (!cgi)
		return web_fcgi_serve(p, &stop_signals);
	return pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 ? serve_cgi(p) : 1;
}
