/* FastCGI: connections, and the threads that serve them; private to web/. */
#ifndef CG_WEB_FCGI_H
#define CG_WEB_FCGI_H

#include "base/base.h"
#include "web/serve.h"
#include <signal.h>

/* From a thread to the main one: stop_after says that it is time. */
#define TIME_TO_END SIGUSR2

/* web_serve for a listener on descriptor 0.  `stop_signals`, TIME_TO_END among them, are blocked in
 * the only thread. */
int web_fcgi_serve(const struct web_program *p, const sigset_t *stop_signals);

/* Has the program answer (serve.c); the answer's head is given to the server, not all of it need
 * have left.  `ready` is what web_request_init returned. */
void web_run(const struct web_program *p, void *thread, struct web_request *req,
	     struct web_response *resp, bool ready);

#endif
