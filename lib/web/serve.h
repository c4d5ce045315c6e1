/* The main loop of a program: FastCGI on descriptor 0 with some threads, or one plain CGI request.
 */
#ifndef CG_WEB_SERVE_H
#define CG_WEB_SERVE_H

#include "base/base.h"
#include "web/request.h"
#include "web/response.h"

struct web_program {
	/* How many requests are answered at the same time; connections that the server keeps open
	 * take up none. */
	unsigned threads;
	void *ctx; /* first argument of every function below */
	/* Whether CERTGATE_PROOF is right; value.p is NULL when it is missing. */
	web_proof_fn proof_ok;
	/* State of one thread, e.g. its upstream handle; NULL ends the program.  Both may be NULL.
	 */
	void *(*thread_start)(void *ctx);
	void (*thread_end)(void *ctx, void *thread);
	/* Answers one request.  Look at req->bad first.  When it returns without an answer, one
	 * with status 500 is sent. */
	void (*handle)(void *ctx, void *thread, struct web_request *req, struct web_response *resp);
	/* Asked after each request; true: finish what runs and end, for a successor to take over.
	 * Where whoever started this one hears of it (notify.h), the successor accepts first.  May
	 * be NULL. */
	bool (*stop_after)(void *ctx);
	/* Called about once a second by a thread of its own, and a last time, with `last`, when all
	 * requests have ended; not of a plain CGI program.  May be NULL. */
	void (*every_second)(void *ctx, bool last);
	/* Requests may hold secrets of which nothing may be left: the stack is wiped after each. */
	bool takes_secrets;
	/* `handle` runs in one thread at a time, but for the moments in which it waits for the web
	 * server: so a client that sends its body slowly, or reads slowly, holds up nobody. */
	bool in_turn;
	bool no_store; /* for web_response.no_store */
	/* Then it ends by itself, and nobody is told that it is ready; at once where its
	 * predecessor goes on until then; 0: never.  A plain CGI program ends anyway. */
	uint32_t end_after_ms;
};

/* Serves until SIGTERM, SIGINT or SIGUSR1, or until stop_after: then takes no further connection,
 * finishes requests that run, hands connections over (handover.h) or closes them behind their
 * answers and as they become idle, ends its threads.  A SIGINT meanwhile: requests that run are
 * cut. Call it before other threads are started: it blocks these signals, and ignores SIGPIPE.
 * Returns the exit status for main. */
int web_serve(const struct web_program *p);

#endif
