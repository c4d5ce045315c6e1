/* lib/upstream: the heads of answers. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "upstream/head.h"
#include "base/limits.h"

static void heads_that_are_refused(void **state)
{
	static const char *const rows[] = {
	    "",
	    "garbage\r\n",
	    "HTTP/2 200\r\n",
	    "HTTP/1.1 20\r\n",
	    "HTTP/1.1 2000 OK\r\n",
	    "HTTP/1.1 100 Continue\r\n",
	    "HTTP/1.1 101 Switching Protocols\r\n",
	    "HTTP/1.1 600 Odd\r\n",
	    "HTTP/1.1 200 OK\r\nNo colon\r\n",
	    "HTTP/1.1 200 OK\r\n: empty\r\n",
	    "HTTP/1.1 200 OK\r\nX Y: a\r\n",
	    "HTTP/1.1 200 OK\r\nX : a\r\n",
	    "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n",
	    "HTTP/1.1 200 OK\r\nX: a\rb\r\n",
	    "HTTP/1.1 200 OK\r\nX: a\x01\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
	};
	static struct upstream_head h;
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const char *why = upstream_head_read(span_of(rows[i]), false, &h);
		if (!why)
			print_error("row %zu is taken\n", i);
		assert_non_null(why);
	}
	static const char nul[] = "HTTP/1.1 200 OK\r\nX: a\0b\r\n";
	assert_non_null(upstream_head_read(span_make(nul, sizeof(nul) - 1), false, &h));
	char many[HEADERS_MAX * 8 + 64] = "HTTP/1.1 200 OK\r\n";
	for (int i = 0; i <= HEADERS_MAX; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "X: a\r\n");
	assert_non_null(upstream_head_read(span_of(many), false, &h));
}

static void heads_are_filtered(void **state)
{
	static const struct {
		const char *head, *fields; /* "name=value|…" */
		bool to_head, has_length, has_body, drop;
		uint64_t length;
	} rows[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nX-A:  2 \r\n",
	     "Content-Length=5|X-A=1|X-A=2|",							       false, true,  true,	 false, 5},
	    {"HTTP/1.1 200 OK\nX-A: 1\n",					      "X-A=1|",	    false, false, true,	false, 0},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5\r\n",	      "Content-Length=5|",
	     false,												true,  true,	false, 5},
	    {"HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nConnection: x-too\r\nX-Hop: 1\r\n"
	     "X-Too: 2\r\nKeep-Alive: 5\r\nTE: x\r\nTrailer: y\r\nUpgrade: h2\r\n"
	     "Proxy-Authenticate: Basic\r\nX-Stays: 3\r\n",	       "X-Stays=3|",	   false, false, true,  false, 0},
	    {"HTTP/1.1 200 OK\r\nStatus: 500\r\nX-Sendfile: /etc/passwd\r\nx-accel-redirect: /a\r\n"
	     "X-LIGHTTPD-send-file: /b\r\nX-Reproxy-URL: c\r\nScript-Control: no-abort\r\n"
	     "X-Sender: d\r\n",					   "X-Sender=d|",	    false, false, true,	false, 0},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "",		   false,
	     false,												       true,  false, 0},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",				 "Content-Length=5|", true,  true,  false,
	     true,														      0},
	    {"HTTP/1.1 204 No Content\r\n",					    "",			false, true,  false, false, 0},
	    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n",			 "",		     false, true,  false, true,  0},
	    {"HTTP/1.1 304 Not Modified\r\nETag: e\r\n",				 "ETag=e|",	    false, true,	 false, false, 0},
	    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n",			   "Content-Length=5|", false, true,
	     false,													      true,  0},
	};
	static struct upstream_head h;
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		char text[512] = "";
		const char *why = upstream_head_read(span_of(rows[i].head), rows[i].to_head, &h);
		if (why)
			print_error("%s: %s\n", rows[i].head, why);
		assert_null(why);
		for (size_t k = 0; k < h.n_fields; k++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
				       "%.*s=%.*s|", (int)h.fields[k].name.n, h.fields[k].name.p,
				       (int)h.fields[k].value.n, h.fields[k].value.p);
		assert_string_equal(text, rows[i].fields);
		assert_int_equal(h.has_length, rows[i].has_length);
		assert_int_equal(h.length, rows[i].length);
		assert_int_equal(h.has_body, rows[i].has_body);
		assert_int_equal(h.drop_connection, rows[i].drop);
	}
}

static void keep_alive_says_how_long(void **state)
{
	static const struct {
		const char *value;
		unsigned idle_s; /* 0: closes */
	} rows[] = {
	    {"timeout=5",			  5 - UPSTREAM_KEPT_MARGIN_S},
	    {"timeout=5, max=100",	   5 - UPSTREAM_KEPT_MARGIN_S},
	    {"max=100 ,\tTimeOut = 5",       5 - UPSTREAM_KEPT_MARGIN_S},
	    {"timeout=9, timeout=5",	     5 - UPSTREAM_KEPT_MARGIN_S},
	    {"timeout=005",		    5 - UPSTREAM_KEPT_MARGIN_S},
	    {"timeout=1",			  0			   },
	    {"timeout=0",			  0			   },
	    {"timeout=60, max=0",		  0			   },
	    {"timeout=60",		   UPSTREAM_KEPT_S		  },
	    {"timeout=4294967295",	   UPSTREAM_KEPT_S		  },
 /* No such numbers, or of something else. */
	    {"timeout=4294967296",	   UPSTREAM_KEPT_S		  },
	    {"timeout=18446744073709551617", UPSTREAM_KEPT_S	    },
	    {"timeout=-1",		   UPSTREAM_KEPT_S		  },
	    {"timeout=+1",		   UPSTREAM_KEPT_S		  },
	    {"timeout=0x1",		    UPSTREAM_KEPT_S	   },
	    {"timeout=1.0",		    UPSTREAM_KEPT_S	   },
	    {"timeout=1;max=1",		UPSTREAM_KEPT_S	       },
	    {"timeout=1 1",		    UPSTREAM_KEPT_S	   },
	    {"timeout=\"1\"",		      UPSTREAM_KEPT_S	     },
	    {"timeout==1",		   UPSTREAM_KEPT_S		  },
	    {"timeout=",			 UPSTREAM_KEPT_S		},
	    {"timeout",			UPSTREAM_KEPT_S	       },
	    {"timeouts=1, =1, 1, max=1",	 UPSTREAM_KEPT_S		},
	    {"",			     UPSTREAM_KEPT_S		},
	};
	static struct upstream_head h;
	char head[128];
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		(void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nkeep-ALIVE: %s\r\n",
			       rows[i].value);
		assert_null(upstream_head_read(span_of(head), false, &h));
		if (h.closes != (rows[i].idle_s == 0) || h.idle_s != rows[i].idle_s)
			print_error("%s: %u\n", rows[i].value, h.idle_s);
		assert_int_equal(h.closes, rows[i].idle_s == 0);
		assert_int_equal(h.idle_s, rows[i].idle_s);
	}
	assert_null(upstream_head_read(span_of("HTTP/1.1 200 OK\r\n"), false, &h));
	assert_int_equal(h.idle_s, UPSTREAM_KEPT_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(heads_that_are_refused),
	    cmocka_unit_test(heads_are_filtered),
	    cmocka_unit_test(keep_alive_says_how_long),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
