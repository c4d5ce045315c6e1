/* Sends a program one request after the other over one FastCGI connection, so many a second, and
 * tells how long the answers took.  For benchmarks.
 *
 * usage: fcgi_load SOCKET RATE SECONDS NAME=VALUE...
 *
 * RATE 0: as fast as they are answered.  "%n" in a value becomes the number of the request.  Prints
 * JSON: requests, the statuses that came, microseconds in the middle and at 99 of 100. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RECORD_MAX 65535
#define TIMES_MAX  1000000

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

static unsigned char out[2 * RECORD_MAX];
static size_t out_n;
static uint32_t times[TIMES_MAX];
static unsigned long statuses[600];

static int64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "fcgi_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void record(unsigned char type, const void *body, size_t n)
{
	unsigned char head[8] = {1, type, 0, 1, (unsigned char)(n >> 8), (unsigned char)n, 0, 0};
	memcpy(out + out_n, head, 8);
	if (n > 0)
		memcpy(out + out_n + 8, body, n);
	out_n += 8 + n;
}

static size_t put_length(unsigned char *at, size_t n)
{
	if (n < 128) {
		at[0] = (unsigned char)n;
		return 1;
	}
	at[0] = (unsigned char)(n >> 24 | 0x80);
	at[1] = (unsigned char)(n >> 16);
	at[2] = (unsigned char)(n >> 8);
	at[3] = (unsigned char)n;
	return 4;
}

static size_t put_bytes(unsigned char *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return n;
}

static void make_request(char **params, int n_params, unsigned long number)
{
	static const unsigned char begin[8] = {0, 1, 1}; /* responder, keep the connection */
	static unsigned char body[RECORD_MAX];
	size_t n = 0;
	for (int i = 0; i < n_params; i++) {
		char value[RECORD_MAX / 2];
		const char *equals = strchr(params[i], '='), *mark;
		size_t name_n = (size_t)(equals - params[i]);
		mark = strstr(equals, "%n");
		if (mark)
			(void)snprintf(value, sizeof(value), "%.*s%lu%s", (int)(mark - equals - 1),
				       equals + 1, number, mark + 2);
		else
			(void)snprintf(value, sizeof(value), "%s", equals + 1);
		size_t value_n = strlen(value);
		if (n + name_n + value_n + 8 > sizeof(body))
			die("too many parameters");
		n += put_length(body + n, name_n);
		n += put_length(body + n, value_n);
		n += put_bytes(body + n, params[i], name_n);
		n += put_bytes(body + n, value, value_n);
	}
	out_n = 0;
	record(BEGIN, begin, sizeof(begin));
	record(PARAMS, body, n);
	record(PARAMS, NULL, 0);
	record(STDIN, NULL, 0);
}

static void read_all(int fd, unsigned char *to, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, to, n);
		if (got <= 0)
			die("read");
		to += got;
		n -= (size_t)got;
	}
}

/* The answer's status. */
static unsigned read_answer(int fd)
{
	unsigned char head[8], body[RECORD_MAX + 256];
	unsigned status = 200;
	bool first = true;
	for (;;) {
		read_all(fd, head, sizeof(head));
		size_t n = (size_t)head[4] << 8 | head[5];
		read_all(fd, body, n + head[6]);
		if (head[1] == STDOUT && first && n > 0) {
			first = false;
			body[n] = '\0';
			if (strncmp((char *)body, "Status: ", 8) == 0)
				status = (unsigned)strtoul((char *)body + 8, NULL, 10);
		}
		if (head[1] == END)
			return status < 600 ? status : 0;
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (argc < 5)
		die("usage: fcgi_load SOCKET RATE SECONDS NAME=VALUE...");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	double rate = strtod(argv[2], NULL);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("connect");
	int64_t start = now_ns(), end = start + (int64_t)(strtod(argv[3], NULL) * 1e9);
	unsigned long n = 0;
	while (n < TIMES_MAX && now_ns() < end) {
		int64_t due = rate > 0 ? start + (int64_t)((double)n * 1e9 / rate) : 0;
		int64_t left = due - now_ns();
		if (left > 0)
			(void)nanosleep(&(struct timespec){left / 1000000000, left % 1000000000},
					NULL);
		make_request(argv + 4, argc - 4, n);
		int64_t began = now_ns();
		for (size_t at = 0; at < out_n;) {
			ssize_t sent = send(fd, out + at, out_n - at, MSG_NOSIGNAL);
			if (sent <= 0)
				die("send");
			at += (size_t)sent;
		}
		statuses[read_answer(fd)]++;
		times[n++] = (uint32_t)((now_ns() - began) / 1000);
	}
	if (n == 0)
		die("no request was made");
	qsort(times, n, sizeof(*times), by_size);
	(void)printf("{\"requests\": %lu, \"p50_us\": %u, \"p99_us\": %u, \"statuses\": {", n,
		     times[n / 2], times[n * 99 / 100]);
	bool comma = false;
	for (unsigned s = 0; s < 600; s++)
		if (statuses[s] > 0) {
			(void)printf("%s\"%u\": %lu", comma ? ", " : "", s, statuses[s]);
			comma = true;
		}
	(void)printf("}}\n");
	return 0;
}
