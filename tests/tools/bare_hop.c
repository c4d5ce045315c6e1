/* The least that a FastCGI program in the gate's place would do: takes the SHA-256 of the client's
 * certificate, asks nobody whether it may pass, and forwards GET and HEAD to an upstream over a
 * kept connection of its thread.  For benchmarks: what the gate costs beside it is the gate's own.
 *
 * usage: bare_hop SOCKET THREADS UPSTREAM-PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcgiapp.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES 65536

static int listener;
static unsigned short port;

struct hop {
	int fd; /* to the upstream; -1: none */
	char out[BUFFER_BYTES], in[BUFFER_BYTES + 1];
};

static struct hop *hops; /* one for each thread */

static bool fingerprint(const char *pem, char out[65])
{
	gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)}, der;
	unsigned char digest[32];
	if (gnutls_pem_base64_decode2("CERTIFICATE", &text, &der) < 0)
		return false;
	bool ok = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest) == 0;
	gnutls_free(der.data);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return ok;
}

static int dial(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		(void)close(fd);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static size_t make_request(struct hop *h, FCGX_Request *r, const char *digest)
{
	const char *uri = FCGX_GetParam("REQUEST_URI", r->envp);
	const char *path = uri && *uri ? strchr(uri + 1, '/') : NULL;
	int n = snprintf(h->out, 4096, "%s %.2000s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Key: %s\r\n",
			 FCGX_GetParam("REQUEST_METHOD", r->envp), path ? path : "/", digest);
	size_t at = (size_t)n;
	for (char **e = r->envp; *e && at < sizeof(h->out) - 16384; e++) {
		const char *name = *e, *value = strchr(name, '=');
		size_t length = value ? strlen(value + 1) : 0;
		if (strncmp(name, "HTTP_", 5) != 0 || strncmp(name, "HTTP_HOST=", 10) == 0 ||
		    strncmp(name, "HTTP_CONNECTION=", 16) == 0 || !value || length > 8192)
			continue;
		for (name += 5; name < value; name++)
			h->out[at++] = *name == '_' ? '-' : *name;
		memcpy(h->out + at, ": ", 2);
		memcpy(h->out + at + 2, value + 1, length);
		memcpy(h->out + at + 2 + length, "\r\n", 2);
		at += length + 4;
	}
	memcpy(h->out + at, "\r\n", 2);
	return at + 2;
}

/* The bytes read, the head whole among them; 0: no answer. */
static size_t ask(struct hop *h, size_t request_n, char **end)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		size_t n = 0;
		if (h->fd < 0 && (h->fd = dial()) < 0)
			return 0;
		if (send(h->fd, h->out, request_n, MSG_NOSIGNAL) == (ssize_t)request_n) {
			ssize_t got;
			while (n < BUFFER_BYTES &&
			       (got = recv(h->fd, h->in + n, BUFFER_BYTES - n, 0)) > 0) {
				n += (size_t)got;
				h->in[n] = '\0';
				if ((*end = strstr(h->in, "\r\n\r\n")))
					return n;
			}
		}
		/* The kept connection was dead. */
		(void)close(h->fd);
		h->fd = -1;
	}
	return 0;
}

static void refuse(FCGX_Request *r, const char *status)
{
	(void)FCGX_PutS("Status: ", r->out);
	(void)FCGX_PutS(status, r->out);
	(void)FCGX_PutS("\r\nContent-Length: 0\r\n\r\n", r->out);
}

static void forward(struct hop *h, FCGX_Request *r, const char *digest)
{
	char *end = NULL, head[8192];
	size_t n = ask(h, make_request(h, r, digest), &end), length = 0;
	if (n == 0) {
		refuse(r, "502 Bad Gateway");
		return;
	}
	int head_n = snprintf(head, sizeof(head), "Status: %.3s\r\n", h->in + 9);
	for (char *line = strstr(h->in, "\r\n") + 2; line < end + 2;) {
		char *next = strstr(line, "\r\n") + 2;
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			length = strtoul(line + 15, NULL, 10);
		if (strncasecmp(line, "Connection:", 11) != 0 &&
		    next - line < (ptrdiff_t)sizeof(head) - head_n - 4) {
			memcpy(head + head_n, line, (size_t)(next - line));
			head_n += (int)(next - line);
		}
		line = next;
	}
	(void)FCGX_PutStr(head, head_n, r->out);
	(void)FCGX_PutStr("\r\n", 2, r->out);
	n -= (size_t)(end + 4 - h->in);
	if (n > 0)
		(void)FCGX_PutStr(end + 4, (int)n, r->out);
	while (n < length) {
		ssize_t got = recv(h->fd, h->in, BUFFER_BYTES, 0);
		if (got <= 0) {
			(void)close(h->fd);
			h->fd = -1;
			return;
		}
		(void)FCGX_PutStr(h->in, (int)got, r->out);
		n += (size_t)got;
	}
}

static void *run(void *arg)
{
	struct hop *h = arg;
	FCGX_Request r;
	if (FCGX_InitRequest(&r, listener, 0) != 0)
		return NULL;
	while (FCGX_Accept_r(&r) >= 0) {
		char digest[65], scrap[4096];
		/* What is left unread on a kept connection would break its next request. */
		while (FCGX_GetStr(scrap, sizeof(scrap), r.in) > 0)
			;
		const char *pem = FCGX_GetParam("SSL_CLIENT_CERT", r.envp);
		if (pem && fingerprint(pem, digest))
			forward(h, &r, digest);
		else
			refuse(&r, "401 Unauthorized");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int n = atoi(argv[2]);
	port = (unsigned short)atoi(argv[3]);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0);
	if (FCGX_Init() != 0 || (listener = FCGX_OpenSocket(argv[1], 1024)) < 0)
		return 1;
	hops = calloc((size_t)n, sizeof(*hops));
	if (!hops)
		return 1;
	for (int i = 0; i < n; i++) {
		pthread_t thread;
		hops[i].fd = -1;
		if (i < n - 1 && pthread_create(&thread, NULL, run, &hops[i]) != 0)
			return 1;
	}
	(void)run(&hops[n - 1]);
	return 0;
}
