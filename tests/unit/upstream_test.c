/* lib/upstream: exchanges with a scripted server on a real socket. */
#include "upstream_world.h"

static void answers_pass(void **state)
{
	static const struct {
		const char *method, *target, *want;
	} rows[] = {
	    {"GET",  "/ok",	   "Status: 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	    {"HEAD", "/ok",	    "Status: 200 OK\r\nContent-Length: 2\r\n\r\n"	 },
	    {"GET",  "/chunked",	"Status: 200 OK\r\n\r\nabcde"		     },
	    {"GET",  "/until-close", "Status: 200 OK\r\n\r\nold"		       },
	    {"GET",  "/interim",	"Status: 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	    {"GET",  "/204",	    "Status: 204 No Content\r\n\r\n"		    },
	    {"GET",  "/excess",      "Status: 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	    {"GET",  "/ok",	   "Status: 200 OK\r\nContent-Length: 2\r\n\r\nok"},
 /* mod_cgid would fetch /admin instead. */
	    {"GET",  "/location",
	     "Status: 200 OK\r\nLocation: http://a.example/admin\r\n"
	     "Content-Length: 0\r\n\r\n"					    },
	};
	struct exchange *x = new_exchange();
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		call(x, rows[i].method, rows[i].target, NULL, false);
		assert_int_equal(x->result.outcome, UPSTREAM_OK);
		assert_string_equal(x->answer, rows[i].want);
		assert_string_equal(x->result.cause, "");
	}
	free_exchange(x);
}

static void requests_pass_as_they_are(void **state)
{
	struct exchange *x = new_exchange();
	const struct web_field fields[] = {
	    field("x-a", "1"),
	    field("x-empty", ""),
	    field("cookie", "a=b; c=d"),
	    field("authorization", "Bearer t"),
	    field("host", "evil"),
	    field("content-length", "7"),
	    field("transfer-encoding", "chunked"),
	    field("expect", "100-continue"),
	    field("connection", "x-a"),
	};
	char want[512];
	(void)state;
	open_request(x, "GET", "/ok?a/../b%2F\"<|{}\\^`[]\xc3\xa9", NULL, false);
	x->call.fields = fields;
	x->call.n_fields = CG_COUNT(fields);
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_OK);
	(void)snprintf(want, sizeof(want),
		       "GET /ok?a/../b%%2F\"<|{}\\^`[]\xc3\xa9 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		       "x-a: 1\r\nx-empty:\r\ncookie: a=b; c=d\r\nauthorization: Bearer t\r\n\r\n",
		       (unsigned)server.port);
	assert_string_equal(server.seen, want);

	const struct web_field evil = field("x-a", "1\r\nx-b: 2");
	open_request(x, "GET", "/ok", NULL, false);
	x->call.fields = &evil;
	x->call.n_fields = 1;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_FAILED);
	assert_int_equal(server.n_requests, 0);
	free_exchange(x);
}

static void bodies_pass(void **state)
{
	struct exchange *x = new_exchange();
	char *body = malloc(100001), want[128];
	(void)state;
	assert_non_null(body);
	memset(body, 'b', 100000);
	body[100000] = '\0';
	call(x, "POST", "/echo", "hello", false);
	assert_int_equal(x->result.outcome, UPSTREAM_OK);
	assert_non_null(strstr(server.seen, "\r\nContent-Length: 5\r\n\r\nhello"));
	assert_null(strstr(server.seen, "Expect"));
	assert_null(strcasestr(server.seen, "content-type"));
	assert_string_equal(x->answer, "Status: 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	call(x, "PATCH", "/echo", "hello", true);
	assert_non_null(
	    strstr(server.seen, "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0"));
	call(x, "POST", "/echo", "", false);
	assert_non_null(strstr(server.seen, "\r\nContent-Length: 0\r\n\r\n"));
	call(x, "PUT", "/echo", body, false);
	(void)snprintf(want, sizeof(want), "Status: 200 OK\r\nContent-Length: 100000\r\n\r\n");
	assert_int_equal(x->result.response_bytes, 100000);
	assert_int_equal(strlen(x->answer), strlen(want) + 100000);
	assert_string_equal(x->answer + strlen(want), body);
	free(body);
	free_exchange(x);
}

static void failures_are_told_apart(void **state)
{
	static const struct {
		const char *target;
		enum upstream_outcome want;
		bool begun, breaks_off;
		/* 0: as long as a busy machine may take for an answer.  Of one that has to begin
		 * before it is over, it is longer. */
		unsigned timeout_ms;
	} rows[] = {
	    {"/short",       UPSTREAM_INVALID, false, true,  0   },
	    {"/short-chunk", UPSTREAM_INVALID, false, true,  0   },
	    {"/stalls",	UPSTREAM_CUT,     true,  false, 3000},
	    {"/silent",	UPSTREAM_TIMEOUT, false, false, 300 },
	    {"/gone",	      UPSTREAM_INVALID, false, false, 0   },
	    {"/garbage",	 UPSTREAM_INVALID, false, false, 0	  },
	    {"/evil-field",  UPSTREAM_INVALID, false, false, 0   },
	    {"/switch",	UPSTREAM_INVALID, false, false, 0	 },
	};
	struct exchange *x = new_exchange();
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		open_request(x, "GET", rows[i].target, NULL, false);
		if (rows[i].timeout_ms > 0)
			x->call.timeout_ms = rows[i].timeout_ms;
		upstream_exchange(x->upstream, &x->call, &x->req, &x->resp, &x->result);
		/* A slow machine sees the end only when the beginning has gone already. */
		bool late = rows[i].breaks_off && x->result.outcome == UPSTREAM_CUT;
		bool begun = rows[i].begun || late;
		if (x->result.outcome != rows[i].want && !late)
			print_error("%s: %s: %s\n", rows[i].target,
				    upstream_outcome_name(x->result.outcome), x->result.cause);
		assert_true(x->result.outcome == rows[i].want || late);
		assert_int_equal(x->resp.aborted, begun);
		assert_int_equal(x->resp.head_sent, begun);
		assert_true(x->result.cause[0] != '\0');
		/* A refusal of ours must have nothing of the upstream's in it. */
		assert_true(begun || x->resp.head_n == 0);
		run(x);
	}
	/* A port where nobody listens: bound, not listening. */
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	open_request(x, "GET", "/ok", NULL, false);
	x->call.port = ntohs(a.sin_port);
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_UNREACHABLE);
	(void)close(fd);
	/* No TLS there. */
	open_request(x, "GET", "/ok", NULL, false);
	x->call.https = true;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_TLS);
	open_request(x, "GET", "/ok", NULL, false);
	x->call.host = SPAN_LIT("user@127.0.0.1");
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_UNREACHABLE);
	free_exchange(x);
}

static bool deny(void *ctx, const struct sockaddr *a, socklen_t n)
{
	unsigned *asked = ctx;
	assert_int_equal(a->sa_family, AF_INET);
	assert_int_equal(n, sizeof(struct sockaddr_in));
	++*asked;
	return false;
}

static void denied_addresses_are_not_connected(void **state)
{
	struct exchange *x = new_exchange();
	unsigned asked = 0;
	(void)state;
	open_request(x, "GET", "/ok", NULL, false);
	x->call.may_connect = deny;
	x->call.ctx = &asked;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_UNREACHABLE);
	assert_true(x->result.address_denied);
	assert_int_equal(asked, 1);
	assert_int_equal(server.n_connections, 0);
	free_exchange(x);
}

static bool drop_ours(void *ctx, struct span name, struct span value)
{
	(void)ctx;
	return span_is_nocase(name, SPAN_LIT("x-request-id")) ||
	       (span_is_nocase(name, SPAN_LIT("set-cookie")) &&
		span_starts(value, SPAN_LIT("ours=")));
}

static void fields_are_dropped_and_added(void **state)
{
	const struct web_field add = field("X-Request-Id", "ours");
	struct exchange *x = new_exchange();
	(void)state;
	open_request(x, "GET", "/cookies", NULL, false);
	x->call.drop = drop_ours;
	x->call.add = &add;
	x->call.n_add = 1;
	run(x);
	assert_string_equal(x->answer, "Status: 200 OK\r\nSet-Cookie: theirs=2\r\n"
				       "Content-Length: 0\r\nX-Request-Id: ours\r\n\r\n");
	free_exchange(x);
}

static void connections_are_kept(void **state)
{
	struct exchange *x = new_exchange();
	(void)state;
	call(x, "GET", "/ok", NULL, false);
	assert_int_equal(server.n_connections, 1);
	call(x, "GET", "/ok", NULL, false);
	assert_int_equal(server.n_connections, 0);
	call(x, "PUT", "/echo", "a", false);
	assert_int_equal(server.n_connections, 0);
	call(x, "GET", "/204", NULL, false);
	assert_int_equal(server.n_connections, 0);
	free_exchange(x);
}

/* Idle for as long as the upstream waits, less the margin, one may be about to be closed. */
static void what_the_upstream_may_close_is_not_used(void **state)
{
	struct exchange *x = new_exchange();
	(void)state;
	call(x, "GET", "/waits-2-s", NULL, false);
	int64_t over = clock_mono_ms() + (2 - UPSTREAM_KEPT_MARGIN_S) * 1000;
	while (clock_mono_ms() <= over)
		(void)poll(NULL, 0, 10);
	call(x, "GET", "/ok", NULL, false);
	assert_int_equal(server.n_connections, 1);
	free_exchange(x);
}

/* The server closes a kept connection when the second request has come: the first attempt was
 * perhaps acted on. */
static void only_repeatable_requests_are_repeated(void **state)
{
	static const struct {
		const char *method, *body;
		bool chunked, repeated;
	} rows[] = {
	    {"GET",    NULL,	  false, true },
	    {"PUT",    "body", false, true },
	    {"PUT",    "body", true,  true },
	    {"DELETE", NULL,   false, true },
	    {"POST",   NULL,   false, false},
	    {"POST",   "body", false, false},
	    {"PATCH",  "body", true,  false},
	    {"MKCOL",  NULL,   false, false},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct exchange *x = new_exchange();
		/* What must not be repeated takes no connection that is idle for long
		 * (UPSTREAM_KEPT_POST_S): again where this machine was that slow. */
		do {
			call(x, "GET", "/once", NULL, false);
			assert_int_equal(x->result.outcome, UPSTREAM_OK);
			call(x, rows[i].method, "/once", rows[i].body, rows[i].chunked);
		} while (!rows[i].repeated && server.n_connections > 0);
		if (x->result.outcome != (rows[i].repeated ? UPSTREAM_OK : UPSTREAM_INVALID))
			print_error("%s: %s\n", rows[i].method, x->result.cause);
		assert_int_equal(x->result.outcome,
				 rows[i].repeated ? UPSTREAM_OK : UPSTREAM_INVALID);
		assert_true(x->result.unanswered == !rows[i].repeated);
		assert_int_equal(server.n_requests, rows[i].repeated ? 2 : 1);
		free_exchange(x);
	}
}

/* The same where no new connection can be made: what may be repeated is for others to try, with the
 * body from its start. */
static void others_try_what_may_be_repeated(void **state)
{
	static const struct {
		const char *method, *body;
		bool chunked;
		const char *got; /* by the other; NULL: nothing may go there */
	} rows[] = {
	    {"GET",    NULL,	  false, ""				     },
	    {"PUT",    "body", false, "Content-Length: 4\r\n\r\nbody"	  },
	    {"PUT",    "body", true,  "chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"},
	    {"DELETE", "b",    false, "Content-Length: 1\r\n\r\nb"	       },
	    {"POST",   "body", false, NULL					},
	    {"PATCH",  "body", true,  NULL					},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct exchange *x = new_exchange();
		unsigned asked = 0;
		for (;;) {
			call(x, "GET", "/once", NULL, false);
			open_request(x, rows[i].method, "/once", rows[i].body, rows[i].chunked);
			x->call.may_connect = deny;
			x->call.ctx = &asked;
			upstream_exchange(x->upstream, &x->call, &x->req, &x->resp, &x->result);
			if (server.n_requests > 0)
				break;
			/* As above. */
			finish(x);
			asked = 0;
		}
		/* The other connection was not made. */
		assert_int_equal(x->result.outcome,
				 rows[i].got ? UPSTREAM_UNREACHABLE : UPSTREAM_INVALID);
		assert_int_equal(x->result.others_may_try, rows[i].got != NULL);
		assert_int_equal(asked, rows[i].got ? 1 : 0);
		if (rows[i].got) {
			x->call.may_connect = NULL;
			x->call.target = SPAN_LIT("/ok");
			x->call.again = true;
			upstream_exchange(x->upstream, &x->call, &x->req, &x->resp, &x->result);
			assert_int_equal(x->result.outcome, UPSTREAM_OK);
			assert_false(x->result.others_may_try);
			assert_non_null(strstr(strstr(server.seen, "/ok "), rows[i].got));
		}
		finish(x);
		assert_true(!rows[i].got || strstr(x->answer, "\r\n\r\nok"));
		/* The next request has none of it. */
		call(x, "PUT", "/echo", "next", false);
		assert_non_null(strstr(x->answer, "\r\n\r\nnext"));
		free_exchange(x);
	}
}

/* What an upstream sends after its answer must not become the answer to the next request. */
static void noise_is_no_answer(void **state)
{
	struct exchange *x = new_exchange();
	(void)state;
	call(x, "GET", "/noise", NULL, false);
	assert_non_null(strstr(x->answer, "\r\n\r\nok"));
	(void)pthread_mutex_lock(&server.lock);
	server.go = true;
	(void)pthread_cond_broadcast(&server.changed);
	while (!server.late_sent)
		(void)pthread_cond_wait(&server.changed, &server.lock);
	(void)pthread_mutex_unlock(&server.lock);
	call(x, "GET", "/ok", NULL, false);
	assert_int_equal(x->result.outcome, UPSTREAM_OK);
	assert_non_null(strstr(x->answer, "\r\n\r\nok"));
	assert_int_equal(server.n_connections, 1);
	free_exchange(x);
}

static void large_bodies_are_stopped(void **state)
{
	struct exchange *x = new_exchange();
	(void)state;
	open_request(x, "POST", "/echo", "123456", false);
	x->call.max_body_bytes = 5;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_BODY_TOO_LARGE);
	assert_int_equal(server.n_connections, 0);
	open_request(x, "POST", "/echo", "123456", true);
	x->call.max_body_bytes = 5;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_BODY_TOO_LARGE);
	assert_null(strstr(server.seen, "123456"));
	open_request(x, "POST", "/echo", "12345", true);
	x->call.max_body_bytes = 5;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_OK);
	free_exchange(x);
}

/* The client has sent a part of its body and keeps the connection open. */
static void an_early_answer_passes_at_once(void **state)
{
	static const char *const targets[] = {"/early", "/early-200"};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(targets); i++) {
		struct exchange *x = new_exchange();
		open_request(x, "POST", targets[i], "begin", false);
		x->req.content_length = 1000;
		int pair[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(write(pair[1], "begin", 5), 5);
		x->io.in_fd = pair[0];
		run(x);
		assert_int_equal(x->result.outcome, UPSTREAM_OK);
		assert_non_null(strstr(x->answer, i == 0 ? "\r\n\r\nbig" : "\r\n\r\nyes"));
		(void)close(pair[0]);
		(void)close(pair[1]);
		free_exchange(x);
	}
}

static void a_broken_body_is_not_passed_as_whole(void **state)
{
	struct exchange *x = new_exchange();
	(void)state;
	open_request(x, "POST", "/echo", "half", false);
	x->req.content_length = 8;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_CLIENT_GONE);
	assert_true(x->resp.aborted);
	/* The same for a client that stops, and says nothing. */
	open_request(x, "POST", "/echo", "half", false);
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	x->io.in_fd = pair[0];
	x->call.client_timeout_ms = 300;
	run(x);
	assert_int_equal(x->result.outcome, UPSTREAM_CLIENT_GONE);
	(void)close(pair[0]);
	(void)close(pair[1]);
	free_exchange(x);
}

/* What cannot be read is refused when it is made, not when it is used. */
static void tls_that_cannot_be_read_is_refused(void **state)
{
	struct upstream_tls *tls = NULL;
	struct sha256 pin = {{1}};
	struct span none = SPAN_LIT(""), text = SPAN_LIT("no PEM");
	struct span empty = SPAN_LIT("-----BEGIN CERTIFICATE-----\nAA==\n"
				     "-----END CERTIFICATE-----\n");
	(void)state;
	assert_int_equal(upstream_tls_new(text, none, NULL, 0, NULL, &tls, NULL), CG_BAD_VALUE);
	assert_int_equal(upstream_tls_new(empty, none, NULL, 0, NULL, &tls, NULL), CG_BAD_VALUE);
	assert_int_equal(upstream_tls_new(none, text, NULL, 0, NULL, &tls, NULL), CG_BAD_VALUE);
	assert_null(tls);
	assert_int_equal(upstream_tls_new(none, none, &pin, 1, "a.example", &tls, NULL), CG_OK);
	upstream_tls_free(&tls);
	assert_null(tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tls_that_cannot_be_read_is_refused),
	    cmocka_unit_test(answers_pass),
	    cmocka_unit_test(requests_pass_as_they_are),
	    cmocka_unit_test(bodies_pass),
	    cmocka_unit_test(failures_are_told_apart),
	    cmocka_unit_test(denied_addresses_are_not_connected),
	    cmocka_unit_test(fields_are_dropped_and_added),
	    cmocka_unit_test(connections_are_kept),
	    cmocka_unit_test(what_the_upstream_may_close_is_not_used),
	    cmocka_unit_test(only_repeatable_requests_are_repeated),
	    cmocka_unit_test(others_try_what_may_be_repeated),
	    cmocka_unit_test(noise_is_no_answer),
	    cmocka_unit_test(large_bodies_are_stopped),
	    cmocka_unit_test(an_early_answer_passes_at_once),
	    cmocka_unit_test(a_broken_body_is_not_passed_as_whole),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("upstream", tests, start_server, NULL);
}
