/* FastCGI for a program with threads.  One file, though long: how a connection is taken, served,
 * let go of and handed over is one protocol between threads, and is understood only as a whole. */
#include "base/base.h"
#include "web/fcgi.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/wipe.h"
#include "web/handover.h"
#include "web/io.h"
#include "web/notify.h"
#include <fastcgi.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define LISTENER    0		  /* where web servers and supervisors put it */
#define STACK_BYTES (1024 * 1024) /* of a thread */
/* A connection with unread input is closed after so long a silence, and after REFUSAL_DRAIN_MS in
 * any case. */
#define LINGER_MS 100
#define PAUSE_MS  100 /* after accept found no free descriptor */
/* While ending, where nobody takes connections over: one that has been idle for so long is closed.
 * The server takes the one it used last first, and does not notice a close that comes at the same
 * moment. */
#define IDLE_MS 50
/* One that has not carried any request yet was made to carry one at once; but on a busy machine who
 * has connected may have to wait for his turn. */
#define NEW_MS	3000
#define LOOK_MS 10 /* how often connections are looked at while ending */
/* Then, or when it is told to cut what is under way, those that nobody serves are closed however
 * short they have been idle, or where the queue of those that are handed over is full still. */
#define STOP_MS 5000
/* For so long a thread waits for its connection's next request itself, before any may take it up.
 * Servers keep more connections than they use at a time: the next request on one comes later than
 * the next of all. */
#define STAY_MS 50

/* libfcgi is given connections, it does not accept them: it blocks in accept where no signal gets
 * it out, and ties a thread to each connection that a server keeps.  Here a connection without a
 * request waits in an epoll set, and any thread takes up the next one that has something to read.
 */
struct connection {
	struct connection *next, *prev;
	int fd;
	/* The same socket: fd is libfcgi's to close while it reads a head, and may be another's as
	 * soon as it did. */
	int cut_fd;
	_Atomic bool busy; /* a thread serves it, or has not let go of it yet */
	bool gone;	   /* closed, or handed over; said before `busy` is given up */
	_Atomic int64_t needed_until_mono_ms; /* while ending, where nobody takes it over */
	/* A thread reads a request's head: since when, in seconds that this process has seen, and
	 * one more.  0: none does. */
	_Atomic unsigned head_s;
};

struct server {
	const struct web_program *program;
	pthread_t main_thread;
	int epoll_fd;
	int end_fd;		  /* becomes readable, and stays so, when the threads are to end */
	bool heirs;		  /* others take connections over (handover.h) */
	_Atomic unsigned waiting; /* threads that wait for any connection */
	_Atomic bool ending;	  /* becomes true under the lock: nothing is accepted any more */
	pthread_mutex_t lock;	  /* for all below, and how connections are linked */
	struct connection *connections;
	/* Let go of while they were idle: a thread may have been woken for one just then, and look.
	 */
	struct connection *gone;
	bool failed;
	_Atomic bool cut; /* what was under way was broken off */
};

/* Their addresses tell events apart from connections. */
static char listener_mark, handover_mark, end_mark;

static void fail(struct server *s, const char *what)
{
	log_error(what, "cause", strerror(errno), LOG_END);
	(void)pthread_mutex_lock(&s->lock);
	s->failed = true;
	(void)pthread_mutex_unlock(&s->lock);
	/* Blocked in all threads: the main one waits for it, and ends the others. */
	(void)kill(getpid(), SIGTERM);
}

/* --- connections --- */

/* Waits for a request on c, in any thread: for the first one (EPOLL_CTL_ADD) or once more. */
static bool park(struct server *s, struct connection *c, int op)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};
	atomic_store(&c->needed_until_mono_ms,
		     clock_mono_ms() + (op == EPOLL_CTL_ADD ? NEW_MS : IDLE_MS));
	if (epoll_ctl(s->epoll_fd, op, c->fd, &ev) != 0)
		return false;
	/* Another thread may have been woken for it; that one waits for this, and c is its own
	 * then.
	 */
	atomic_store(&c->busy, false);
	return true;
}

static bool try_take(struct connection *c)
{
	bool busy = false;
	return atomic_compare_exchange_strong(&c->busy, &busy, true);
}

/* What park has given up is this thread's; false when it is gone instead, or to be handed over as
 * it is.  No lock: two connections have nothing to do with each other. */
static bool take(struct server *s, struct connection *c)
{
	while (!try_take(c))
		(void)sched_yield();
	if (!c->gone && !(s->heirs && atomic_load(&s->ending)))
		return true;
	atomic_store(&c->busy, false);
	return false;
}

/* Out of the list; under the lock. */
static void unlink_connection(struct server *s, struct connection *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		s->connections = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

/* Takes c out of the list and frees it; its descriptor is another matter. */
static void forget(struct server *s, struct connection *c)
{
	(void)pthread_mutex_lock(&s->lock);
	unlink_connection(s, c);
	(void)close(c->cut_fd);
	(void)pthread_mutex_unlock(&s->lock);
	free(c);
}

/* Not left to libfcgi, which reads on for as long as the server sends. */
static void close_fd(int fd, bool unread)
{
	/* A server that is still sending would see our close as an error, and might not read the
	 * answer that is already in its socket. */
	if (unread && shutdown(fd, SHUT_WR) == 0) {
		char scrap[4096];
		size_t bytes = 0;
		int64_t until = clock_mono_ms() + REFUSAL_DRAIN_MS;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		while (bytes < REFUSAL_DRAIN_BYTES && clock_mono_ms() < until &&
		       poll(&p, 1, LINGER_MS) > 0) {
			ssize_t got = read(fd, scrap, sizeof(scrap));
			if (got <= 0)
				break;
			bytes += (size_t)got;
		}
		explicit_bzero(scrap, sizeof(scrap));
	}
	(void)close(fd);
}

static bool set_up_socket(int fd)
{
	struct timeval silent = {.tv_sec = SERVER_SILENT_S};
	int on = 1;
	/* Fails on a unix socket, which needs it not. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silent, sizeof(silent)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silent, sizeof(silent)) == 0;
}

/* One of the listener's connections, or of those handed over, into the list, in which it is before
 * this process begins to end: whatever is accepted is served.  -1 as of accept4, EAGAIN when it is
 * left to others; else its descriptor, and *c, NULL when there is no memory. */
static int accept_listed(struct server *s, bool handed, struct connection **c)
{
	int fd = -1;
	*c = calloc(1, sizeof(**c));
	(void)pthread_mutex_lock(&s->lock);
	errno = EAGAIN;
	if (!atomic_load(&s->ending))
		fd = handed ? handover_take() : accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);
	int cause = errno;
	if (fd >= 0 && *c && ((*c)->cut_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0) {
		cause = errno;
		(void)close(fd);
		fd = -1;
	}
	if (fd >= 0 && *c) {
		(*c)->fd = fd;
		(*c)->busy = true;
		(*c)->next = s->connections;
		if ((*c)->next)
			(*c)->next->prev = *c;
		s->connections = *c;
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (fd < 0)
		free(*c);
	errno = cause;
	return fd;
}

/* Sibling processes wait for the same, so another may have been quicker. */
static void accept_one(struct server *s, bool handed)
{
	struct connection *c;
	int fd = accept_listed(s, handed, &c);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			struct pollfd p = {.fd = s->end_fd, .events = POLLIN};
			log_error("accept", "cause", strerror(errno), LOG_END);
			(void)poll(&p, 1, PAUSE_MS);
		} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			fail(s, "accept");
		}
		return;
	}
	if (!c || !set_up_socket(fd) || !park(s, c, EPOLL_CTL_ADD)) {
		if (c)
			forget(s, c);
		(void)close(fd);
	}
}

/* --- one request --- */

/* Reads what is left of the body, waiting for it for so long.  True when it is at its end, so that
 * the connection can carry another request.
 *
 * A client that sends fast gets time rather than bytes: when the end of an answer comes upon its
 * heels over h2, Apache resets the stream (RFC 9113, 8.1), and curl 7.88, should it be about to
 * send more, then forgets the answer.  Reading on at a pace lets it hear of the refusal first, and
 * lets the server see that it has stopped. */
static bool drain(struct web_io *io, int64_t wait_ms)
{
	char scrap[4096];
	size_t bytes = 0, allowed = REFUSAL_DRAIN_BYTES;
	int64_t until = clock_mono_ms() + wait_ms;
	while (!io->in_eof && !io->in_broken) {
		int64_t left = until - clock_mono_ms();
		struct pollfd p = {.fd = web_io_fd(io), .events = POLLIN};
		if (bytes >= allowed) {
			if (left <= 0)
				break;
			p.events = POLLRDHUP;
			(void)poll(&p, 1,
				   left < REFUSAL_DRAIN_PACE_MS ? (int)left
								: REFUSAL_DRAIN_PACE_MS);
			allowed += REFUSAL_DRAIN_BYTES;
			continue;
		}
		if (!web_io_is_buffered(io) && poll(&p, 1, left > 0 ? (int)left : 0) <= 0)
			break;
		ssize_t got = web_io_read(io, scrap, sizeof(scrap));
		if (got > 0)
			bytes += (size_t)got;
	}
	/* A refused upload may hold a private key. */
	if (bytes > 0)
		explicit_bzero(scrap, sizeof(scrap));
	return io->in_eof;
}

/* A broken answer ends with its connection.  lighttpd, when it finds that end together with the
 * answer's beginning, announces the length of what came, and the answer looks whole: so it gets the
 * time to read, and to send the head, first. */
static void let_it_be_read(int fd)
{
	int64_t until = clock_mono_ms() + BROKEN_READ_MS;
	int unread = 0;
	/* unix(7): what the other side has not read. */
	while (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0 && clock_mono_ms() < until)
		(void)poll(NULL, 0, 1);
}

/* Ends the request towards the server.  True when the connection can carry another one; *at_end
 * tells whether all that the server sent was read. */
static bool finish(FCGX_Request *fcgi, struct web_response *resp, bool *at_end)
{
	struct web_io *io = resp->request->io;
	bool keep = false;
	*at_end = false;
	if (!resp->aborted) {
		*at_end = drain(io, 0);
		/* A refusal does not wait for the body. */
		if (!*at_end && web_response_flush(resp) == CG_OK)
			*at_end = drain(io, REFUSAL_DRAIN_MS);
		keep = *at_end && fcgi->keepConnection;
		/* The error stream first: then the end of the answer and END_REQUEST leave in one
		 * write. */
		keep = FCGX_FClose(fcgi->err) == 0 && keep;
		keep = FCGX_FClose(fcgi->out) == 0 && keep;
	} else if (resp->head_sent) {
		let_it_be_read(fcgi->ipcFd);
	}
	web_io_wipe(io);
	FCGX_Free(fcgi, 0);
	return keep;
}

static bool serve_one(struct server *s, void *thread, FCGX_Request *fcgi, struct arena *arena,
		      bool *at_end)
{
	struct web_io io;
	struct web_request req;
	struct web_response resp;
	web_io_fcgi(&io, fcgi);
	io.cut = &s->cut;
	bool ready =
	    web_request_init(&req, arena, fcgi->envp, s->program->proof_ok, s->program->ctx, &io);
	web_response_init(&resp, &req);
	web_run(s->program, thread, &req, &resp, ready);
	bool keep = finish(fcgi, &resp, at_end);
	arena_clear(arena);
	if (s->program->takes_secrets)
		wipe_stack();
	return keep;
}

/* A server that is busy sends the next request at once: waiting for it here spares handing the
 * connection over and back, as long as there are threads for all others.  True when one has come.
 */
static bool stay(struct server *s, const struct connection *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	return atomic_load_explicit(&s->waiting, memory_order_relaxed) > s->program->threads / 2 &&
	       !atomic_load_explicit(&s->ending, memory_order_relaxed) && poll(&p, 1, STAY_MS) > 0;
}

/* Something has come on c: a request, or its end.  False when c is no more. */
static bool serve_request(struct server *s, void *thread, struct connection *c, FCGX_Request *fcgi,
			  struct arena *arena)
{
	bool at_end = false, keep = false;
	fcgi->ipcFd = c->fd;
	fcgi->keepConnection = 1; /* else libfcgi would close it first */
	atomic_store(&c->head_s, 1);
	if (FCGX_Accept_r(fcgi) != 0) {
		/* The connection ended, or made no sense.  libfcgi has closed it, and found no
		 * listener to accept another from. */
		forget(s, c);
		return false;
	}
	atomic_store(&c->head_s, 0);
	if (fcgi->role == FCGI_RESPONDER)
		keep = serve_one(s, thread, fcgi, arena, &at_end);
	else
		FCGX_Free(fcgi, 0);
	/* Where nobody takes it over, its end comes right behind the answer: the server sees it
	 * before it sends another request, and this process does not go on and on. */
	keep = keep && (s->heirs || !atomic_load(&s->ending));
	fcgi->ipcFd = -1;
	if (!keep) {
		int fd = c->fd;
		forget(s, c);
		close_fd(fd, !at_end);
	}
	return keep;
}

static void serve_connection(struct server *s, void *thread, struct connection *c,
			     FCGX_Request *fcgi, struct arena *arena)
{
	const struct web_program *p = s->program;
	bool alive;
	if (!take(s, c))
		return;
	do {
		alive = serve_request(s, thread, c, fcgi, arena);
		if (p->stop_after && p->stop_after(p->ctx))
			(void)pthread_kill(s->main_thread, TIME_TO_END);
	} while (alive && stay(s, c));
	if (alive && !park(s, c, EPOLL_CTL_MOD)) {
		int fd = c->fd;
		forget(s, c);
		close_fd(fd, false);
	}
}

static void *thread_main(void *arg)
{
	struct server *s = arg;
	const struct web_program *p = s->program;
	struct arena arena;
	FCGX_Request fcgi;
	bool ended = false;
	arena_init(&arena, REQUEST_ARENA_MAX);
	void *thread = p->thread_start ? p->thread_start(p->ctx) : NULL;
	if ((p->thread_start && !thread) ||
	    FCGX_InitRequest(&fcgi, -1, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
		fail(s, "thread_start");
		ended = true;
	}
	while (!ended) {
		struct epoll_event ev;
		(void)atomic_fetch_add_explicit(&s->waiting, 1, memory_order_relaxed);
		int n = epoll_wait(s->epoll_fd, &ev, 1, -1);
		(void)atomic_fetch_sub_explicit(&s->waiting, 1, memory_order_relaxed);
		if (n < 0 && errno != EINTR) {
			fail(s, "epoll_wait");
			break;
		}
		if (n <= 0)
			continue;
		if (ev.data.ptr == &end_mark) {
			ended = true;
		} else if (ev.data.ptr == &listener_mark) {
			accept_one(s, false);
		} else if (ev.data.ptr == &handover_mark) {
			accept_one(s, true);
		} else {
			serve_connection(s, thread, ev.data.ptr, &fcgi, &arena);
		}
	}
	if (thread && p->thread_end)
		p->thread_end(p->ctx, thread);
	arena_release(&arena);
	return NULL;
}

/* --- start and end --- */

/* Nobody serves c.  With heirs it is theirs as it is: also a request that waits on it unread.
 * Without, it is closed whole, so that no request that comes at this very moment is read in part.
 * False: not yet. */
static bool part_with(const struct server *s, const struct connection *c, bool late)
{
	if (s->heirs) {
		/* It lives on elsewhere, so that closing it here does not do that. */
		(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
		if (!handover_give(c->fd)) {
			if (!late)
				return false;
			log_error("handover", "cause", strerror(errno), LOG_END);
		}
	} else {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		if ((!late && clock_mono_ms() < c->needed_until_mono_ms) || poll(&p, 1, 0) != 0)
			return false;
	}
	(void)close(c->fd);
	(void)close(c->cut_fd);
	return true;
}

/* Lets go of connections that nobody serves.  Freed later: a thread may have been woken for one
 * already.  True when none is left. */
static bool part_with_idle(struct server *s, bool late)
{
	(void)pthread_mutex_lock(&s->lock);
	for (struct connection *c = s->connections, *next; c; c = next) {
		next = c->next;
		if (!try_take(c))
			continue;
		if (part_with(s, c, late)) {
			c->gone = true;
			unlink_connection(s, c);
			c->next = s->gone;
			s->gone = c;
		}
		atomic_store(&c->busy, false);
	}
	bool none = !s->connections;
	(void)pthread_mutex_unlock(&s->lock);
	return none;
}

static bool start(struct server *s)
{
	/* Not EPOLLEXCLUSIVE: one process alone would be woken, and where that is about to end,
	 * what has come would wait until something else comes. */
	struct epoll_event listener = {.events = EPOLLIN, .data.ptr = &listener_mark};
	struct epoll_event handed = {.events = EPOLLIN, .data.ptr = &handover_mark};
	struct epoll_event end = {.events = EPOLLIN, .data.ptr = &end_mark};
	int flags = fcntl(LISTENER, F_GETFL);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->end_fd = eventfd(0, EFD_CLOEXEC);
	return s->epoll_fd >= 0 && s->end_fd >= 0 && flags >= 0 &&
	       fcntl(LISTENER, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, LISTENER, &listener) == 0 &&
	       (!s->heirs || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, HANDOVER_FD, &handed) == 0) &&
	       epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->end_fd, &end) == 0;
}

static void tell_cut(unsigned n, const char *cause)
{
	char count[12];
	if (n == 0)
		return;
	(void)snprintf(count, sizeof(count), "%u", n);
	log_error("requests_cut", "count", count, "cause", cause, LOG_END);
}

/* Heads that do not come would hold a thread each.  Told by seconds that passed here, not by the
 * clock: whoever was stopped in between has not waited. */
static void cut_slow_heads(struct server *s)
{
	unsigned n = 0;
	(void)pthread_mutex_lock(&s->lock);
	for (struct connection *c = s->connections; c; c = c->next) {
		unsigned seen = atomic_load(&c->head_s);
		if (seen > SERVER_HEAD_S)
			n += shutdown(c->cut_fd, SHUT_RDWR) == 0;
		else if (seen > 0)
			(void)atomic_compare_exchange_strong(&c->head_s, &seen, seen + 1);
	}
	(void)pthread_mutex_unlock(&s->lock);
	tell_cut(n, "who has connected did not send their heads");
}

/* What is under way: its thread finds the server gone, and notes the request as one that broke off.
 */
static void cut_all(struct server *s)
{
	unsigned n = 0;
	atomic_store(&s->cut, true);
	(void)pthread_mutex_lock(&s->lock);
	for (struct connection *c = s->connections; c; c = c->next)
		n += shutdown(c->cut_fd, SHUT_RDWR) == 0;
	(void)pthread_mutex_unlock(&s->lock);
	tell_cut(n, "this process was told to wait no longer");
}

/* Until the end. */
static void *second_main(void *arg)
{
	struct server *s = arg;
	struct pollfd end = {.fd = s->end_fd, .events = POLLIN};
	int n;
	while ((n = poll(&end, 1, 1000)) == 0 || (n < 0 && errno == EINTR))
		if (n == 0) {
			cut_slow_heads(s);
			if (s->program->every_second)
				s->program->every_second(s->program->ctx, false);
		}
	return NULL;
}

static unsigned start_threads(struct server *s, pthread_t *threads)
{
	pthread_attr_t attr;
	unsigned n = 0;
	if (pthread_attr_init(&attr) != 0)
		return 0;
	if (pthread_attr_setstacksize(&attr, STACK_BYTES) == 0)
		while (n < s->program->threads &&
		       pthread_create(&threads[n], &attr, thread_main, s) == 0)
			n++;
	(void)pthread_attr_destroy(&attr);
	return n;
}

/* A signal, or the end of the time; 0 then.  left_ms 0: however long it takes. */
static int wait_for_signal(const sigset_t *signals, int64_t left_ms)
{
	int64_t until = clock_mono_ms() + left_ms;
	int number;
	do {
		int64_t left = left_ms > 0 ? until - clock_mono_ms() : 0;
		struct timespec limit = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
		if (left_ms > 0 && left <= 0)
			return 0;
		number = sigtimedwait(signals, NULL, left_ms > 0 ? &limit : NULL);
	} while (number < 0 && errno == EINTR);
	return number > 0 ? number : 0;
}

/* Until this process is to end.  When it is time and somebody starts a successor, that one accepts
 * first; but not for ever, should it not come up. */
static void wait_for_end(const sigset_t *stop_signals, uint32_t end_after_ms)
{
	sigset_t others = *stop_signals;
	if (wait_for_signal(stop_signals, end_after_ms) != TIME_TO_END ||
	    !notify_send(NOTIFY_SUCCESSOR))
		return;
	(void)sigdelset(&others, TIME_TO_END);
	(void)wait_for_signal(&others, SUCCESSOR_WAIT_MS);
}

int web_fcgi_serve(const struct web_program *p, const sigset_t *stop_signals)
{
	struct server s = {.program = p,
			   .main_thread = pthread_self(),
			   .epoll_fd = -1,
			   .end_fd = -1,
			   .heirs = handover_is_given(),
			   .lock = PTHREAD_MUTEX_INITIALIZER};
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
	sigset_t cut_signal;
	(void)sigemptyset(&cut_signal);
	(void)sigaddset(&cut_signal, SIGINT);

	if (!web_io_layout_is_known()) {
		log_error(
		    "start", "cause",
		    "this libfcgi differs inside from the versions 2.4; install libfcgi 2.4.2",
		    LOG_END);
		return 1;
	}
	if (p->end_after_ms > 0 && getenv(NOTIFY_AWAITED))
		return 1;
	pthread_t *threads = calloc(p->threads, sizeof(*threads));
	if (!threads || !start(&s)) {
		log_error("start", "cause", strerror(errno), LOG_END);
		free(threads);
		return 1;
	}
	pthread_t second;
	unsigned n = start_threads(&s, threads);
	bool seconds = n == p->threads && pthread_create(&second, NULL, second_main, &s) == 0;
	if (seconds) {
		if (p->end_after_ms == 0)
			(void)notify_send(NOTIFY_READY);
		wait_for_end(stop_signals, p->end_after_ms);
	} else {
		fail(&s, "start_threads");
	}
	/* Whoever connects now waits for a sibling or a successor, on the same listener. */
	(void)epoll_ctl(s.epoll_fd, EPOLL_CTL_DEL, LISTENER, NULL);
	if (s.heirs)
		(void)epoll_ctl(s.epoll_fd, EPOLL_CTL_DEL, HANDOVER_FD, NULL);
	(void)pthread_mutex_lock(&s.lock);
	atomic_store(&s.ending, true);
	(void)pthread_mutex_unlock(&s.lock);
	if (p->end_after_ms == 0)
		(void)notify_send(NOTIFY_STOPPING);
	int64_t until = clock_mono_ms() + STOP_MS;
	while (n > 0 && !part_with_idle(&s, clock_mono_ms() >= until))
		if (sigtimedwait(&cut_signal, NULL, &look) == SIGINT) {
			until = 0;
			cut_all(&s);
		}
	(void)eventfd_write(s.end_fd, 1);
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	for (struct connection *c = s.gone, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	if (seconds) {
		(void)pthread_join(second, NULL);
		if (p->every_second)
			p->every_second(p->ctx, true);
	}
	free(threads);
	(void)close(s.end_fd);
	(void)close(s.epoll_fd);
	return s.failed ? 1 : 0;
}
