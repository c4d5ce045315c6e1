/* Sends GET requests over TLS with a client certificate, one thread for each connection, and tells
 * how many were answered and how long that took.  For benchmarks.
 *
 * usage: tls_load PORT TARGET CERT KEY CONNECTIONS SECONDS [new]
 *
 * To 127.0.0.1, HTTP/1.1.  "new": a connection with a full handshake for each request.  Prints
 * JSON: requests, errors (what was not 200, or broke off), microseconds at 50, 90 and 99 of 100,
 * and the first answer that was none of 200. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define SILENT_S     30

static gnutls_certificate_credentials_t credentials;
static int port;
static bool always_new;
static char request[2048];
static volatile bool stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char first_error[80];

struct client {
	pthread_t thread;
	uint32_t *times; /* microseconds */
	size_t n, room;
	unsigned long errors;
	char why[80];		  /* of the last one */
	gnutls_session_t session; /* NULL: not connected */
	int fd;
	char buffer[BUFFER_BYTES + 1];
};

static int64_t now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "tls_load: %s\n", what);
	exit(1);
}

static void note(struct client *c, const char *what, const char *why)
{
	(void)snprintf(c->why, sizeof(c->why), "%s: %.*s", what, (int)strcspn(why, "\r\n\"\\"),
		       why);
}

static void hang_up(struct client *c)
{
	if (c->session) {
		/* The server learns that this is the end; nobody waits for its answer to that. */
		(void)gnutls_bye(c->session, GNUTLS_SHUT_WR);
		gnutls_deinit(c->session);
		(void)close(c->fd);
	}
	c->session = NULL;
}

static bool dial(struct client *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval silent = {.tv_sec = SILENT_S};
	int one = 1, rc;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		note(c, "socket", strerror(errno));
		return false;
	}
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &silent, sizeof(silent));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) < 0) {
		note(c, "connect", strerror(errno));
		(void)close(c->fd);
		c->session = NULL;
		return false;
	}
	(void)gnutls_set_default_priority(c->session);
	(void)gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, credentials);
	(void)gnutls_server_name_set(c->session, GNUTLS_NAME_DNS, "localhost", 9);
	gnutls_transport_set_int(c->session, c->fd);
	do
		rc = gnutls_handshake(c->session);
	while (rc == GNUTLS_E_INTERRUPTED);
	if (rc >= 0)
		return true;
	note(c, "handshake", gnutls_strerror(rc));
	hang_up(c);
	return false;
}

static ssize_t receive(struct client *c, size_t at)
{
	ssize_t n;
	do {
		/* TLS 1.3 sends tickets between, which is "again" as well, and sets no errno. */
		errno = 0;
		n = gnutls_record_recv(c->session, c->buffer + at, BUFFER_BYTES - at);
	} while (n == GNUTLS_E_INTERRUPTED || (n == GNUTLS_E_AGAIN && errno == 0));
	return n;
}

/* A body in chunks ends with "0\r\n\r\n": the last bytes of all are enough to see it. */
static bool read_chunks(struct client *c, const char *body, size_t n)
{
	char tail[5] = {0};
	for (;;) {
		for (size_t i = n > 5 ? n - 5 : 0; i < n; i++) {
			memmove(tail, tail + 1, 4);
			tail[4] = body[i];
		}
		if (memcmp(tail, "0\r\n\r\n", 5) == 0)
			return true;
		ssize_t got = receive(c, 0);
		if (got <= 0)
			return false;
		body = c->buffer;
		n = (size_t)got;
	}
}

/* One request and its answer; *again tells whether the connection can carry another one, *unread
 * that nothing came. */
static bool exchange(struct client *c, bool *again, bool *unread)
{
	size_t n = 0;
	char *end = NULL;
	*again = false;
	*unread = true;
	ssize_t sent = gnutls_record_send(c->session, request, strlen(request));
	if (sent < 0) {
		note(c, "request", gnutls_strerror((int)sent));
		return false;
	}
	while (!end) {
		ssize_t got = n < BUFFER_BYTES ? receive(c, n) : -1;
		if (got <= 0) {
			note(c, "head", got < 0 ? gnutls_strerror((int)got) : "it was closed");
			return false;
		}
		*unread = false;
		n += (size_t)got;
		c->buffer[n] = '\0';
		end = strstr(c->buffer, "\r\n\r\n");
	}
	*end = '\0';
	char *body = end + 4;
	n -= (size_t)(body - c->buffer);
	if (strncmp(c->buffer, "HTTP/1.1 200", 12) != 0) {
		note(c, "answer", c->buffer);
		return false;
	}
	const char *length = strcasestr(c->buffer, "\r\nContent-Length:");
	*again = !strcasestr(c->buffer, "\r\nConnection: close");
	if (!length)
		return read_chunks(c, body, n);
	size_t all = strtoul(length + 17, NULL, 10);
	while (n < all) {
		ssize_t got = receive(c, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	return true;
}

/* Apache closes connections that it kept when it runs out of threads: as any client does, one that
 * ended unanswered is made anew, once (RFC 9110, 9.2.2). */
static bool ask(struct client *c, bool *again)
{
	bool kept = c->session, unread;
	if (!kept && !dial(c))
		return false;
	if (exchange(c, again, &unread))
		return true;
	hang_up(c);
	return kept && unread && dial(c) && exchange(c, again, &unread);
}

static void *run(void *arg)
{
	struct client *c = arg;
	while (!stop) {
		bool again = false;
		int64_t began = now_us();
		if (!ask(c, &again)) {
			c->errors++;
			(void)pthread_mutex_lock(&lock);
			if (!first_error[0])
				(void)snprintf(first_error, sizeof(first_error), "%s", c->why);
			(void)pthread_mutex_unlock(&lock);
			hang_up(c);
			(void)usleep(1000);
			continue;
		}
		if (c->n == c->room) {
			c->room = c->room ? 2 * c->room : 1024;
			c->times = realloc(c->times, c->room * sizeof(*c->times));
			if (!c->times)
				die("no memory");
		}
		c->times[c->n++] = (uint32_t)(now_us() - began);
		if (always_new || !again)
			hang_up(c);
	}
	hang_up(c);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	if (argc < 7)
		die("usage: tls_load PORT TARGET CERT KEY CONNECTIONS SECONDS [new]");
	port = atoi(argv[1]);
	(void)snprintf(request, sizeof(request),
		       "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tls_load\r\n"
		       "Accept: */*\r\n\r\n",
		       argv[2]);
	size_t n_clients = strtoul(argv[5], NULL, 10), n = 0;
	always_new = argc > 7;
	if (gnutls_certificate_allocate_credentials(&credentials) < 0 ||
	    gnutls_certificate_set_x509_key_file(credentials, argv[3], argv[4],
						 GNUTLS_X509_FMT_PEM) < 0)
		die("the certificate and its key cannot be read");
	struct client *clients = calloc(n_clients, sizeof(*clients));
	if (!clients)
		die("no memory");
	int64_t began = now_us();
	for (size_t i = 0; i < n_clients; i++)
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			die("a thread cannot be started");
	(void)usleep((useconds_t)(strtod(argv[6], NULL) * 1e6));
	stop = true;
	unsigned long errors = 0;
	for (size_t i = 0; i < n_clients; i++) {
		(void)pthread_join(clients[i].thread, NULL);
		n += clients[i].n;
		errors += clients[i].errors;
	}
	double seconds = (double)(now_us() - began) / 1e6;
	uint32_t *times = malloc((n + 1) * sizeof(*times));
	if (!times)
		die("no memory");
	n = 0;
	for (size_t i = 0; i < n_clients; i++)
		for (size_t k = 0; k < clients[i].n; k++)
			times[n++] = clients[i].times[k];
	qsort(times, n, sizeof(*times), by_size);
	times[n] = 0;
	(void)printf("{\"requests\": %zu, \"errors\": %lu, \"seconds\": %.3f, \"p50_us\": %u, "
		     "\"p90_us\": %u, \"p99_us\": %u, \"first_error\": \"%s\"}\n",
		     n, errors, seconds, times[n / 2], times[n * 90 / 100], times[n * 99 / 100],
		     first_error);
	return 0;
}
