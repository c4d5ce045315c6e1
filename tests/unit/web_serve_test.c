/* lib/web: a program that serves FastCGI on a real socket. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "web/io.h"
#include "web/problem.h"
#include "web/serve.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ANSWER_MAX 65536
#define WAIT_MS	   60000 /* for what must come at once, on a slow machine */

/* --- serving --- */

/* What the served program answers depends on the path. */
static void handle(void *ctx, void *thread, struct web_request *req, struct web_response *resp)
{
	(void)ctx, (void)thread;
	if (span_is_text(req->target.path, "/body")) {
		struct span body = SPAN_LIT("");
		struct cg_err err = {.text = ""};
		cg_rc rc = web_request_body_all(req, 1 << 20, &body, &err);
		if (rc != CG_OK)
			web_problem(resp, rc, &err);
		else
			(void)web_response_send(resp, 200, NULL, body);
	} else if (span_is_text(req->target.path, "/cut")) {
		(void)web_response_field_text(resp, "Content-Length", "10");
		web_response_status(resp, 200);
		(void)web_response_body(resp, SPAN_LIT("12345"));
		(void)web_response_flush(resp);
		web_response_abort(resp);
	} else if (span_is_text(req->target.path, "/refuse")) {
		(void)web_response_send(resp, 403, NULL, SPAN_LIT("no"));
	}
}

static bool is_wanted_to_stop(void *ctx)
{
	(void)ctx;
	return false;
}

struct served {
	pid_t pid;
	char path[64];
};

static int connect_to(const struct served *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = WAIT_MS / 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	return fd;
}

static void start_program(struct served *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *folder = getenv("TMPDIR");
	(void)snprintf(s->path, sizeof(s->path), "%.30s/cgweb%ld", folder ? folder : "/tmp",
		       (long)getpid());
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
	(void)unlink(s->path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 16), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		const struct web_program program = {
		    .threads = 2, .handle = handle, .stop_after = is_wanted_to_stop};
		if (dup2(fd, 0) != 0)
			_exit(9);
		(void)close(fd);
		_exit(web_serve(&program));
	}
	(void)close(fd);
}

/* Stops it as a supervisor does; its exit status. */
static int stop_program(const struct served *s)
{
	int status = -1;
	assert_int_equal(kill(s->pid, SIGTERM), 0);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	(void)unlink(s->path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void put_record(int fd, int type, const void *bytes, size_t n, size_t padding)
{
	unsigned char head[8] = {1,
				 (unsigned char)type,
				 0,
				 1,
				 (unsigned char)(n >> 8),
				 (unsigned char)n,
				 (unsigned char)padding,
				 0};
	static const char zeros[256];
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	if (n > 0)
		assert_int_equal(write(fd, bytes, n), n);
	if (padding > 0)
		assert_int_equal(write(fd, zeros, padding), padding);
}

static void put_request(int fd, const char *method, const char *uri, const char *length)
{
	const char *vars[][2] = {
	    {"REQUEST_METHOD", method},
		{"REQUEST_URI",	uri   },
	      {"CONTENT_LENGTH", length}
	};
	unsigned char begin[8] = {0, 1, 1};
	char params[512];
	size_t n = 0;
	for (size_t i = 0; i < CG_COUNT(vars); i++) {
		if (!vars[i][1])
			continue;
		params[n++] = (char)strlen(vars[i][0]);
		params[n++] = (char)strlen(vars[i][1]);
		for (int k = 0; k < 2; k++) {
			memcpy(params + n, vars[i][k], strlen(vars[i][k]));
			n += strlen(vars[i][k]);
		}
	}
	put_record(fd, 1, begin, sizeof(begin), 0);
	put_record(fd, 4, params, n, 3);
	put_record(fd, 4, NULL, 0, 0);
}

static bool read_all(int fd, void *to, size_t n)
{
	for (size_t have = 0; have < n;) {
		ssize_t got = read(fd, (char *)to + have, n - have);
		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

/* The answer's bytes into text; true when END_REQUEST came, false when the connection ended. */
static bool get_answer(int fd, char *text)
{
	size_t used = 0;
	unsigned char head[8], content[65536 + 256];
	text[0] = '\0';
	while (read_all(fd, head, sizeof(head))) {
		size_t n = (size_t)head[4] << 8 | head[5];
		if (!read_all(fd, content, n + head[6]))
			return false;
		if (head[1] == 3)
			return true;
		if (head[1] == 6 && used + n < ANSWER_MAX) {
			memcpy(text + used, content, n);
			used += n;
			text[used] = '\0';
		}
	}
	return false;
}

static bool is_closed(int fd)
{
	char byte;
	return read(fd, &byte, 1) == 0;
}

static void libfcgi_is_laid_out_as_we_think(void **state)
{
	(void)state;
	assert_int_equal(FCGX_Init(), 0);
	assert_true(web_io_layout_is_known());
}

static void a_connection_carries_many_requests(void **state)
{
	struct served s = {0};
	char text[ANSWER_MAX];
	(void)state;
	start_program(&s);
	int fd = connect_to(&s);
	for (int i = 0; i < 3; i++) {
		put_request(fd, "GET", "/refuse", NULL);
		put_record(fd, 5, NULL, 0, 0);
		assert_true(get_answer(fd, text));
		assert_string_equal(text, "Status: 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
		/* In pieces, each padded, as no two servers do it alike. */
		put_request(fd, "POST", "/body", "6");
		put_record(fd, 5, "ab", 2, 6);
		put_record(fd, 5, "cdef", 4, 4);
		put_record(fd, 5, NULL, 0, 0);
		assert_true(get_answer(fd, text));
		assert_string_equal(text, "Status: 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
	}
	/* More connections than threads: idle ones must not shut out others. */
	int more[8];
	for (size_t i = 0; i < CG_COUNT(more); i++) {
		more[i] = connect_to(&s);
		put_request(more[i], "GET", "/refuse", NULL);
		put_record(more[i], 5, NULL, 0, 0);
		assert_true(get_answer(more[i], text));
	}
	/* An idle connection ends with the program. */
	assert_int_equal(stop_program(&s), 0);
	assert_true(is_closed(fd));
	(void)close(fd);
	for (size_t i = 0; i < CG_COUNT(more); i++)
		(void)close(more[i]);
}

static void a_body_that_is_not_read_ends_the_connection(void **state)
{
	struct served s = {0};
	char text[ANSWER_MAX];
	(void)state;
	start_program(&s);
	int fd = connect_to(&s);
	/* Not a byte of it is sent; the answer comes all the same. */
	put_request(fd, "POST", "/refuse", "1000");
	assert_true(get_answer(fd, text));
	assert_non_null(strstr(text, "Status: 403"));
	assert_true(is_closed(fd));
	(void)close(fd);
	/* All of it came: it is read, and the connection is kept. */
	fd = connect_to(&s);
	for (int i = 0; i < 2; i++) {
		put_request(fd, "POST", "/refuse", "3");
		put_record(fd, 5, "abc", 3, 0);
		put_record(fd, 5, NULL, 0, 0);
		assert_true(get_answer(fd, text));
	}
	(void)close(fd);
	assert_int_equal(stop_program(&s), 0);
}

static void a_short_body_is_an_error(void **state)
{
	struct served s = {0};
	char text[ANSWER_MAX];
	(void)state;
	start_program(&s);
	int fd = connect_to(&s);
	put_request(fd, "POST", "/body", "6");
	put_record(fd, 5, "abc", 3, 0);
	put_record(fd, 5, NULL, 0, 0);
	assert_true(get_answer(fd, text));
	assert_non_null(strstr(text, "Status: 400"));
	(void)close(fd);
	assert_int_equal(stop_program(&s), 0);
}

static void an_aborted_answer_has_no_end(void **state)
{
	struct served s = {0};
	char text[ANSWER_MAX];
	(void)state;
	start_program(&s);
	int fd = connect_to(&s);
	put_request(fd, "GET", "/cut", NULL);
	put_record(fd, 5, NULL, 0, 0);
	assert_false(get_answer(fd, text));
	assert_string_equal(text, "Status: 200 OK\r\nContent-Length: 10\r\n\r\n12345");
	(void)close(fd);
	assert_int_equal(stop_program(&s), 0);
}

static void a_handler_without_an_answer_is_500(void **state)
{
	struct served s = {0};
	char text[ANSWER_MAX];
	(void)state;
	start_program(&s);
	int fd = connect_to(&s);
	put_request(fd, "GET", "/nothing", NULL);
	put_record(fd, 5, NULL, 0, 0);
	assert_true(get_answer(fd, text));
	assert_non_null(strstr(text, "Status: 500"));
	(void)close(fd);
	assert_int_equal(stop_program(&s), 0);
}

static void stopping_lets_a_request_finish(void **state)
{
	struct served s = {0};
	char text[ANSWER_MAX];
	(void)state;
	start_program(&s);
	int fd = connect_to(&s), first = connect_to(&s);
	put_request(first, "GET", "/refuse", NULL);
	put_record(first, 5, NULL, 0, 0);
	assert_true(get_answer(first, text));
	put_request(fd, "POST", "/body", "3");
	put_record(fd, 5, "a", 1, 0);
	assert_int_equal(kill(s.pid, SIGTERM), 0);
	/* The idle connection's end shows that it is stopping. */
	assert_true(is_closed(first));
	put_record(fd, 5, "bc", 2, 0);
	put_record(fd, 5, NULL, 0, 0);
	assert_true(get_answer(fd, text));
	assert_non_null(strstr(text, "abc"));
	assert_true(is_closed(fd));
	(void)close(fd);
	(void)close(first);
	assert_int_equal(stop_program(&s), 0);
}

/* Whoever has connected may get no turn to send for a while. */
static void stopping_waits_for_a_first_request(void **state)
{
	struct served s = {0};
	char text[ANSWER_MAX];
	(void)state;
	start_program(&s);
	/* Accepted in this order: the answer to the later one shows that both are. */
	int fd = connect_to(&s), later = connect_to(&s);
	put_request(later, "GET", "/refuse", NULL);
	put_record(later, 5, NULL, 0, 0);
	assert_true(get_answer(later, text));
	assert_int_equal(kill(s.pid, SIGTERM), 0);
	/* The idle connection's end shows that it is stopping. */
	assert_true(is_closed(later));
	struct pollfd other = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&other, 1, 500), 0);
	put_request(fd, "GET", "/refuse", NULL);
	put_record(fd, 5, NULL, 0, 0);
	assert_true(get_answer(fd, text));
	assert_non_null(strstr(text, "Status: 403"));
	assert_true(is_closed(fd));
	(void)close(fd);
	(void)close(later);
	assert_int_equal(stop_program(&s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(libfcgi_is_laid_out_as_we_think),
	    cmocka_unit_test(a_connection_carries_many_requests),
	    cmocka_unit_test(a_body_that_is_not_read_ends_the_connection),
	    cmocka_unit_test(a_short_body_is_an_error),
	    cmocka_unit_test(an_aborted_answer_has_no_end),
	    cmocka_unit_test(a_handler_without_an_answer_is_500),
	    cmocka_unit_test(stopping_lets_a_request_finish),
	    cmocka_unit_test(stopping_waits_for_a_first_request),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
