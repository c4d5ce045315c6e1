#include "base/base.h"
#include "web/unready.h"
#include "base/limits.h"
#include "web/io.h"
#include "web/problem.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#define THREADS 4u

struct unready {
	const char *detail;
	bool (*ready)(void);
	int end_fd; /* readable when the watch is to end */
};

static bool no_proof(void *ctx, struct span value)
{
	(void)ctx;
	(void)value;
	return false;
}

static void answer(void *ctx, void *thread, struct web_request *req, struct web_response *resp)
{
	const struct unready *u = ctx;
	(void)thread;
	(void)web_response_field_text(resp, "X-Request-Id", req->id);
	web_problem_send(resp, &(struct web_problem){.status = 503,
						     .code = "unavailable",
						     .detail = u->detail,
						     .request_id = req->id});
}

static void *watch(void *arg)
{
	const struct unready *u = arg;
	struct pollfd end = {.fd = u->end_fd, .events = POLLIN};
	int n;
	while ((n = poll(&end, 1, UNREADY_LOOK_MS)) == 0 || (n < 0 && errno == EINTR))
		if (n == 0 && u->ready()) {
			(void)kill(getpid(), SIGTERM);
			break;
		}
	return NULL;
}

int web_serve_unready(const char *detail, bool (*ready)(void))
{
	struct unready u = {detail, ready, eventfd(0, EFD_CLOEXEC)};
	const struct web_program program = {
	    .threads = THREADS,
	    .ctx = &u,
	    .proof_ok = no_proof,
	    .handle = answer,
	    .no_store = true,
	    .unready = true,
	};
	sigset_t all, before;
	pthread_t thread;
	if (u.end_fd < 0)
		return 1;
	/* The signals are for the thread that waits for them. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	bool watched = !FCGX_IsCGI() && pthread_create(&thread, NULL, watch, &u) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	/* Without the watch nothing would ever end it but somebody from outside. */
	if (watched || FCGX_IsCGI())
		(void)web_serve(&program);
	if (watched) {
		/* Not in the middle of an opening: whoever comes next would have to recover. */
		(void)eventfd_write(u.end_fd, 1);
		(void)pthread_join(thread, NULL);
	}
	(void)close(u.end_fd);
	return 1;
}
