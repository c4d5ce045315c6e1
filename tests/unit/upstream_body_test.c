/* lib/upstream: where an answer's head ends, and the framing of its body. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "upstream/body.h"
#include "upstream/head.h"

#define OK	"HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n"

static void heads_end_at_their_empty_line(void **state)
{
	static const struct {
		const char *raw;
		size_t size;
	} rows[] = {
	    {"",			      0 },
	    {OK,			      0 },
	    {OK "A: b\r\n",		    0 },
	    {OK "A: b\r\n\r",		      0 },
	    {OK "\r\n",			19},
	    {OK "A: b\r\n\r\nbody\r\n\r\n",   25},
	    {"HTTP/1.1 200 OK\nA: b\n\nbody", 22},
	    {"HTTP/1.1 200 OK\nA: b\n\r\n",   23},
	    {"HTTP/1.1 200 OK\r\n\n",	      18},
	    {OK "A: b\r\r\n",		      0 },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span all = span_of(rows[i].raw);
		size_t looked = 0, n = 0;
		assert_int_equal(upstream_head_size(all, &looked), rows[i].size);
		/* Byte by byte it ends at the same place, and not before. */
		looked = 0;
		for (size_t came = 0; came <= all.n && n == 0; came++) {
			n = upstream_head_size(span_make(all.p, came), &looked);
			assert_true(n == 0 || n == came);
		}
		assert_int_equal(n, rows[i].size);
	}
}

static void connections_that_end(void **state)
{
	static const struct {
		const char *head;
		bool closes;
	} rows[] = {
	    {OK,						       false},
	    {OK "Connection: keep-alive\r\n",			      false},
	    {OK "Connection: close\r\n",				 true },
	    {OK "Connection: x, Close\r\n",			    true },
	    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",	      true },
	    {CHUNKED,						  false},
	    {CHUNKED "Content-Length: 5\r\n",			      true },
	    {OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", true },
	};
	static struct upstream_head h;
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		assert_null(upstream_head_read(span_of(rows[i].head), false, &h));
		assert_int_equal(h.closes, rows[i].closes);
	}
	assert_non_null(
	    upstream_head_read(span_of(CHUNKED "Transfer-Encoding: chunked\r\n"), false, &h));
	assert_non_null(upstream_head_read(span_of("HTTP/1.x 200 OK\r\n"), false, &h));
}

struct row {
	const char *head, *bytes, *content;
	enum upstream_body_state state;
	size_t left; /* behind the end */
	bool ends_here;
};

static const struct row bodies[] = {
  /* A length. */
    {OK "Content-Length: 5\r\n",				  "hello",					  "hello",	   BODY_END,  0, true },
    {OK "Content-Length: 5\r\n",				  "hello you",				      "hello",      BODY_END,	 4, true },
    {OK "Content-Length: 5\r\n",				  "hell",					 "hell",	 BODY_MORE, 0, false},
    {OK "Content-Length: 0\r\n",				  "x",					  "",		  BODY_END,  1, true },
 /* None: as long as the connection. */
    {OK,							  "hello",				      "hello",	   BODY_MORE, 0, true },
    {OK,							  "",					   "",		 BODY_MORE, 0, true },
 /* Statuses without a body. */
    {"HTTP/1.1 204 No Content\r\n",				    "x",					  "",	     BODY_END,  1, true },
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n",	   "x",						"",	    BODY_END,  1, true },
    {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n",				       "",	   BODY_END,  5,
     true																	},
 /* Chunks. */
    {CHUNKED,						     "5\r\nhello\r\n0\r\n\r\n",			 "hello",	  BODY_END,  0, true },
    {CHUNKED,						     "2\r\nhe\r\n003\r\nllo\r\n000\r\n\r\nx",      "hello",	BODY_END,  1, true },
    {CHUNKED,						     "A\r\n0123456789\r\n0\r\n\r\n",		      "0123456789", BODY_END,  0, true },
    {CHUNKED,						     "5;a=\"b\";c\r\nhello\r\n0;d\r\n\r\n",	     "hello",      BODY_END,	0, true },
    {CHUNKED,						     "5 ; a\r\nhello\r\n0 \r\n\r\n",		      "hello",      BODY_END,	 0, true },
    {CHUNKED,						     "0\r\nTrailer: a\r\nAnother: b\r\n\r\n",      "",	   BODY_END,  0, true },
    {CHUNKED,						     "5\r\nhello\r\n0\r\n",			     "hello",      BODY_MORE, 0, false},
    {CHUNKED,						     "5\r\nhello\r\n0\r\n\r",		       "hello",	BODY_MORE, 0, false},
    {CHUNKED,						     "5\r\nhel",				   "hel",	 BODY_MORE, 0, false},
    {CHUNKED,						     "",					   "",	      BODY_MORE, 0, false},
    {CHUNKED,						     "0\r\nTrailer: a",				 "",	     BODY_MORE, 0, false},
 /* What could be read in two ways is not read. */
    {CHUNKED,						     "\r\nhello",				  "",	       BODY_BAD,	 0, false},
    {CHUNKED,						     "x\r\n",				      "",	   BODY_BAD,  0, false},
    {CHUNKED,						     "-5\r\nhello",				"",		 BODY_BAD,  0, false},
    {CHUNKED,						     "+5\r\nhello",				"",		 BODY_BAD,  0, false},
    {CHUNKED,						     "0x5\r\nhello",			       "",		  BODY_BAD,  0, false},
    {CHUNKED,						     " 5\r\nhello",				"",		 BODY_BAD,  0, false},
    {CHUNKED,						     ";a\r\nhello",				"",		 BODY_BAD,  0, false},
    {CHUNKED,						     "5\nhello\n0\n\n",				 "",	     BODY_BAD,  0, false},
    {CHUNKED,						     "5;a\nhello",				 "",		BODY_BAD,  0, false},
    {CHUNKED,						     "5;a\x01\r\nhello",				  "",	      BODY_BAD,	0, false},
    {CHUNKED,						     "5\rhello",				   "",	      BODY_BAD,	0, false},
    {CHUNKED,						     "5\r\nhello0\r\n\r\n",			     "hello",      BODY_BAD,	0, false},
    {CHUNKED,						     "5\r\nhello you\r\n",			    "hello",	     BODY_BAD,  0, false},
    {CHUNKED,						     "5\r\nhelloX\n0\r\n\r\n",			"hello",	 BODY_BAD,  0, false},
    {CHUNKED,						     "5\r\nhello\n0\r\n\r\n",		       "hello",	BODY_BAD,  0, false},
    {CHUNKED,						     "0\r\n\n",				    "",	     BODY_BAD,  0, false},
    {CHUNKED,						     "0\r\nTrailer: a\n\r\n",		       "",	   BODY_BAD,  0, false},
    {CHUNKED,						     "0\r\nTrailer: a\rb\r\n\r\n",		    "",		BODY_BAD,  0, false},
    {CHUNKED,						     "fffffffffffffffff\r\nx",			"",	    BODY_BAD,  0, false},
    {CHUNKED,						     "8000000000000000\r\nx",		       "",	   BODY_BAD,  0, false},
    {CHUNKED,						     "000000000000000000000000000000005\r\nhello", "",		BODY_BAD,  0, false},
    {CHUNKED,						     "7fffffffffffff\r\nx",			     "x",	  BODY_MORE, 0, false},
};

/* `step` bytes come at a time. */
static void read_body(const struct row *row, size_t step)
{
	static struct upstream_head head;
	struct upstream_body body;
	enum upstream_body_state state = BODY_MORE;
	struct span all = span_of(row->bytes), piece;
	char content[64] = "";
	size_t n = 0, taken = 0;
	assert_null(upstream_head_read(span_of(row->head), false, &head));
	upstream_body_begin(&body, &head);
	do {
		struct span in =
		    span_make(all.p + taken, all.n - taken < step ? all.n - taken : step);
		size_t came = in.n;
		while ((state = upstream_body_next(&body, &in, &piece)) == BODY_PIECE) {
			assert_true(piece.n > 0 && n + piece.n < sizeof(content));
			memcpy(content + n, piece.p, piece.n);
			n += piece.n;
		}
		taken += came - in.n;
	} while (state == BODY_MORE && taken < all.n);
	content[n] = '\0';
	if (state != row->state || strcmp(content, row->content) != 0)
		print_error("%s%s by %zu\n", row->head, row->bytes, step);
	assert_int_equal(state, row->state);
	assert_string_equal(content, row->content);
	if (state == BODY_END)
		assert_int_equal(all.n - taken, row->left);
	if (state != BODY_BAD)
		assert_int_equal(upstream_body_ends_here(&body), row->ends_here);
}

static void bodies_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(bodies); i++)
		for (size_t step = 1; step <= 64; step *= 2)
			read_body(&bodies[i], step);
}

/* A long answer has many chunks, and each may have its extension, or spaces behind its size. */
static void asides_last_as_long_as_content(void **state)
{
	static const char *const chunks[] = {"8      \r\n12345678\r\n",
					     "18;a=\"1234567890\"\r\n"
					     "123456789012345678901234\r\n",
					     "1;a\r\n1\r\n"};
	static struct upstream_head head;
	(void)state;
	assert_null(upstream_head_read(span_of(CHUNKED), false, &head));
	for (size_t i = 0; i < CG_COUNT(chunks); i++) {
		struct upstream_body body;
		enum upstream_body_state at = BODY_MORE;
		struct span in, piece;
		upstream_body_begin(&body, &head);
		for (size_t n = 0; n < RESPONSE_HEAD_MAX && at == BODY_MORE; n++) {
			in = span_of(chunks[i]);
			do
				at = upstream_body_next(&body, &in, &piece);
			while (at == BODY_PIECE);
		}
		assert_int_equal(at, BODY_MORE);
	}
}

/* Extensions and trailers are thrown away, but not for ever. */
static void asides_have_an_end(void **state)
{
	static const char *const begins[] = {"5;", "0\r\nTrailer: "};
	static const char chunk[] = "1;12345678\r\n1\r\n";
	static struct upstream_head head;
	static char text[1024];
	(void)state;
	memset(text, 'x', sizeof(text));
	assert_null(upstream_head_read(span_of(CHUNKED), false, &head));
	for (size_t i = 0; i < CG_COUNT(begins); i++) {
		struct upstream_body body;
		struct span in = span_of(begins[i]), piece;
		size_t n = 0;
		upstream_body_begin(&body, &head);
		assert_int_equal(upstream_body_next(&body, &in, &piece), BODY_MORE);
		do {
			in = span_make(text, sizeof(text));
			n += in.n;
		} while (n < 2 * RESPONSE_HEAD_MAX &&
			 upstream_body_next(&body, &in, &piece) == BODY_MORE);
		assert_true(n > RESPONSE_HEAD_MAX / 2 && n <= RESPONSE_HEAD_MAX + sizeof(text));
	}
	/* Nor where there is next to no content between them. */
	struct upstream_body body;
	enum upstream_body_state at = BODY_MORE;
	upstream_body_begin(&body, &head);
	for (size_t n = 0; n < RESPONSE_HEAD_MAX && at == BODY_MORE; n++) {
		struct span in = span_of(chunk), piece;
		do
			at = upstream_body_next(&body, &in, &piece);
		while (at == BODY_PIECE);
	}
	assert_int_equal(at, BODY_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(heads_end_at_their_empty_line),
	    cmocka_unit_test(connections_that_end),
	    cmocka_unit_test(bodies_are_read),
	    cmocka_unit_test(asides_last_as_long_as_content),
	    cmocka_unit_test(asides_have_an_end),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("upstream_body", tests, NULL, NULL);
}
