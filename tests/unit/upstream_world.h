/* A scripted server on a real socket, and exchanges with it, for the tests of lib/upstream. */
#ifndef CG_TESTS_UNIT_UPSTREAM_WORLD_H
#define CG_TESTS_UNIT_UPSTREAM_WORLD_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/limits.h"
#include "upstream/allowed.h"
#include "upstream/upstream.h"
#include "web/io.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#define TEXT_MAX   (256 * 1024)
#define ANSWER_MAX (1024 * 1024)

/* --- a scripted upstream --- */

/* What the server does with requests whose target is the script's name. */
enum {
	CLOSES = 1,	     /* after the answer */
	HANGS_UP_SECOND = 2, /* a second request on a connection gets no answer */
	ANSWERS_EARLY = 4,   /* before the body was read */
	REPEATS = 8,	     /* sends the request's body back */
	MAKES_NOISE = 16,    /* sends another answer, when the test says so: see `go` */
};

struct script {
	const char *target;
	unsigned flags;
	const char *answer;
};

static const struct script scripts[] = {
    {"/ok",	    0,	       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"		       },
    {"/chunked",	 0,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
     "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n"				  },
    {"/until-close", CLOSES,	     "HTTP/1.0 200 OK\r\n\r\nold"					 },
    {"/interim",	 0,
     "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"	},
    {"/echo",	      REPEATS,	       NULL							      },
    {"/once",	      HANGS_UP_SECOND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"		       },
    {"/204",	     0,		"HTTP/1.1 204 No Content\r\n\r\n"				 },
    {"/waits-2-s",   0,		      "HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=2\r\n\r\n"	},
    {"/excess",	0,		   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXCESS"		 },
    {"/noise",       MAKES_NOISE,	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"		    },
    {"/short",       CLOSES,	       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"		  },
    {"/short-chunk", CLOSES,	     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort" },
    {"/silent",	0,		   ""								},
    {"/stalls",	0,		   "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nstall"		      },
    {"/gone",	      CLOSES,	      ""								},
    {"/garbage",	 CLOSES,		 "SSH-2.0-x\r\n\r\n"					       },
    {"/evil-field",  0,	       "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n"		},
    {"/switch",	0,		   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"	   },
    {"/location",	  0,		     "HTTP/1.1 200 OK\r\nLocation: /admin\r\nContent-Length: 0\r\n\r\n"},
    {"/cookies",	 0,
     "HTTP/1.1 200 OK\r\nSet-Cookie: ours=1\r\nSet-Cookie: theirs=2\r\nX-Request-Id: "
     "theirs\r\nContent-Length: 0\r\n\r\n"							      },
    {"/early",       ANSWERS_EARLY,   "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"  },
    {"/early-200",   ANSWERS_EARLY,	  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"		   },
};

static struct {
	int listener;
	uint16_t port;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char seen[TEXT_MAX]; /* the requests, as they came */
	size_t n_seen;
	unsigned n_requests, n_connections;
	bool go;
	bool late_sent;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline bool put(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, bytes, n, MSG_NOSIGNAL);
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

static inline void note(const char *bytes, size_t n)
{
	(void)pthread_mutex_lock(&server.lock);
	if (n < sizeof(server.seen) - server.n_seen) {
		memcpy(server.seen + server.n_seen, bytes, n);
		server.n_seen += n;
		server.seen[server.n_seen] = '\0';
	}
	(void)pthread_mutex_unlock(&server.lock);
}

/* A head into text; false at the connection's end. */
static inline bool get_head(int fd, char *text, size_t room)
{
	size_t n = 0;
	while (n < room - 1) {
		if (read(fd, text + n, 1) != 1)
			return false;
		if (text[0] == 0x16) /* TLS: this server has none */
			return false;
		text[++n] = '\0';
		if (n >= 4 && strcmp(text + n - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

/* The raw body that the head announces. */
static inline bool get_body(int fd, const char *head, char *text, size_t room)
{
	const char *length = strcasestr(head, "\r\ncontent-length: ");
	bool chunked = strcasestr(head, "\r\ntransfer-encoding: chunked") != NULL;
	size_t want = length ? (size_t)strtoul(length + 18, NULL, 10) : 0, n = 0;
	text[0] = '\0';
	while (n < room - 1 &&
	       (chunked ? n < 5 || strcmp(text + n - 5, "0\r\n\r\n") != 0 : n < want)) {
		ssize_t got = read(fd, text + n, chunked ? 1 : want - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		text[n] = '\0';
	}
	return true;
}

static const struct script *script_of(const char *head)
{
	for (size_t i = 0; i < CG_COUNT(scripts); i++) {
		const char *at = strstr(head, scripts[i].target);
		size_t n = strlen(scripts[i].target);
		if (at && at == strchr(head, ' ') + 1 && (at[n] == ' ' || at[n] == '?'))
			return &scripts[i];
	}
	return NULL;
}

static const char noise[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

static inline bool play(int fd, const struct script *s, const char *head, char *body)
{
	if (!(s->flags & ANSWERS_EARLY)) {
		if (!get_body(fd, head, body, TEXT_MAX))
			return false;
		note(body, strlen(body));
	}
	if ((s->flags & REPEATS)) {
		char line[80];
		(void)snprintf(line, sizeof(line), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
			       strlen(body));
		return put(fd, line, strlen(line)) && put(fd, body, strlen(body));
	}
	if (!put(fd, s->answer, strlen(s->answer)))
		return false;
	if (s->flags & MAKES_NOISE) {
		(void)pthread_mutex_lock(&server.lock);
		while (!server.go)
			(void)pthread_cond_wait(&server.changed, &server.lock);
		(void)put(fd, noise, sizeof(noise) - 1);
		server.late_sent = true;
		(void)pthread_cond_broadcast(&server.changed);
		(void)pthread_mutex_unlock(&server.lock);
	}
	return !(s->flags & CLOSES) && !(s->flags & ANSWERS_EARLY);
}

static inline void *serve_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char *head = malloc(TEXT_MAX), *body = malloc(TEXT_MAX);
	for (unsigned n = 0; head && body && get_head(fd, head, TEXT_MAX); n++) {
		const struct script *s = script_of(head);
		note(head, strlen(head));
		(void)pthread_mutex_lock(&server.lock);
		server.n_requests++;
		(void)pthread_mutex_unlock(&server.lock);
		if (!s || ((s->flags & HANGS_UP_SECOND) && n > 0) || !play(fd, s, head, body)) {
			/* The answer has to arrive before a close that throws the body away. */
			if (s && (s->flags & ANSWERS_EARLY))
				(void)get_body(fd, head, body, TEXT_MAX);
			break;
		}
	}
	free(head);
	free(body);
	(void)close(fd);
	return NULL;
}

static inline void *serve(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_t thread;
		int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return NULL;
		(void)pthread_mutex_lock(&server.lock);
		server.n_connections++;
		(void)pthread_mutex_unlock(&server.lock);
		if (pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd) != 0)
			return NULL;
		(void)pthread_detach(thread);
	}
}

static inline int start_server(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	pthread_t thread;
	(void)state;
	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server.listener, (struct sockaddr *)&a, n) != 0 ||
	    listen(server.listener, 64) != 0 ||
	    getsockname(server.listener, (struct sockaddr *)&a, &n) != 0 ||
	    pthread_create(&thread, NULL, serve, NULL) != 0)
		return -1;
	server.port = ntohs(a.sin_port);
	(void)pthread_detach(thread);
	return 0;
}

/* --- exchanges --- */

struct exchange {
	struct upstream *upstream;
	struct arena arena;
	struct web_io io;
	struct web_request req;
	struct web_response resp;
	struct upstream_call call;
	struct upstream_result result;
	int in[2], out[2];
	char *answer;
};

/* A new request of the same thread; body NULL: none.  Its length is announced unless chunked. */
static inline void open_request(struct exchange *x, const char *method, const char *target,
				const char *body, bool chunked)
{
	char vars[3][256], *env[6] = {vars[0], vars[1]};
	static char chunks[] = "HTTP_TRANSFER_ENCODING=chunked", host[] = "HTTP_HOST=a.example";
	(void)snprintf(vars[0], sizeof(vars[0]), "REQUEST_METHOD=%s", method);
	(void)snprintf(vars[1], sizeof(vars[1]), "REQUEST_URI=%s", target);
	(void)snprintf(vars[2], sizeof(vars[2]), "CONTENT_LENGTH=%zu", body ? strlen(body) : 0);
	env[2] = host;
	if (body)
		env[3] = chunked ? chunks : vars[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, x->in), 0);
	assert_int_equal(pipe(x->out), 0);
	assert_true(fcntl(x->out[1], F_SETPIPE_SZ, ANSWER_MAX) >= ANSWER_MAX);
	if (body)
		assert_int_equal(write(x->in[1], body, strlen(body)), strlen(body));
	(void)shutdown(x->in[1], SHUT_WR);
	arena_init(&x->arena, REQUEST_ARENA_MAX);
	web_io_cgi(&x->io, x->in[0], x->out[1]);
	assert_true(web_request_init(&x->req, &x->arena, env, NULL, NULL, &x->io));
	/* The names in `env` end with this function; what is used later is copied. */
	x->req.method = span_of(method);
	x->req.host = SPAN_LIT("a.example");
	x->req.n_fields = 0;
	web_response_init(&x->resp, &x->req);
	x->call = (struct upstream_call){.method = span_of(method),
					 .host = SPAN_LIT("127.0.0.1"),
					 .port = server.port,
					 .target = span_of(target),
					 .timeout_ms = 60000,
					 .max_body_bytes = UINT64_MAX};
	(void)pthread_mutex_lock(&server.lock);
	server.n_seen = server.n_requests = server.n_connections = 0;
	server.seen[0] = '\0';
	(void)pthread_mutex_unlock(&server.lock);
}

/* What the client got is in x->answer. */
static inline void finish(struct exchange *x)
{
	(void)web_response_flush(&x->resp);
	(void)close(x->out[1]);
	size_t n = 0;
	ssize_t got;
	while ((got = read(x->out[0], x->answer + n, ANSWER_MAX - 1 - n)) > 0)
		n += (size_t)got;
	x->answer[n] = '\0';
	arena_release(&x->arena);
	(void)close(x->out[0]);
	(void)close(x->in[0]);
	(void)close(x->in[1]);
}

static inline void run(struct exchange *x)
{
	upstream_exchange(x->upstream, &x->call, &x->req, &x->resp, &x->result);
	finish(x);
}

static inline void call(struct exchange *x, const char *method, const char *target,
			const char *body, bool chunked)
{
	open_request(x, method, target, body, chunked);
	run(x);
}

static inline struct exchange *new_exchange(void)
{
	struct exchange *x = calloc(1, sizeof(*x));
	assert_non_null(x);
	x->upstream = upstream_new();
	x->answer = malloc(ANSWER_MAX);
	assert_true(x->upstream && x->answer);
	return x;
}

static inline void free_exchange(struct exchange *x)
{
	upstream_free(&x->upstream);
	assert_null(x->upstream);
	free(x->answer);
	free(x);
}

static inline struct web_field field(const char *name, const char *value)
{
	return (struct web_field){span_of(name), span_of(value)};
}

#endif
