/* lib/web: targets, CGI variables, bodies, answers. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "web/io.h"
#include "web/json.h"
#include "web/problem.h"
#include <fcntl.h>

#define ANSWER_MAX 65536

/* --- targets --- */

static void targets_that_are_read(void **state)
{
	static const struct {
		const char *uri, *prefix, *path, *query, *local;
	} rows[] = {
	    {"/",			  "",      "/",			   NULL,		 "/"		    },
	    {"/a/b?x=1",			 "",	     "/a/b",		     "x=1",		    "/a/b"		  },
	    {"/a?",			"/",	 "/a",		       "",		   "/a"		       },
	    {"/api",		       "/api",  "/api",		     NULL,		   "/"		      },
	    {"/api/",		      "/api",  "/api/",		       NULL,		     "/"			},
	    {"/api/",		      "/api/", "/api/",		NULL,		      "/"			 },
	    {"/api//x",			"/api",	"/api//x",		   NULL,		 "//x"		      },
	    {"/a%2Fb/c%20d",		     "",	 "/a%2Fb/c%20d",	 NULL,		       "/a%2Fb/c%20d"	     },
	    {"/a%252e%252e/b",	       "",	   "/a%252e%252e/b",	     NULL,		   "/a%252e%252e/b"	   },
	    {"/...",		       "",	 "/...",		 NULL,		       "/..."		     },
	    {"/.../x",		       "",	   "/.../x",		     NULL,		   "/.../x"		   },
	    {"/.well-known/x",	       "",	   "/.well-known/x",	     NULL,		   "/.well-known/x"	   },
	    {"/a..b/..c/d..",	      "",	  "/a..b/..c/d..",	   NULL,		 "/a..b/..c/d.."	},
	    {"/a;x=../b",		  "",      "/a;x=../b",		   NULL,		 "/a;x=../b"	    },
	    {"/;/x",		       "",	 "/;/x",		 NULL,		       "/;/x"		     },
	    {"/\xc3\xa9\"<>|{}^`[]",	     "",	 "/\xc3\xa9\"<>|{}^`[]", NULL,		       "/\xc3\xa9\"<>|{}^`[]"},
	    {"/a?../b&c=\\d&e=100%",	     "",	 "/a",		       "../b&c=\\d&e=100%", "/a"			},
	    {"https://evil.example/a/b?c", "/a",	 "/a/b",		 "c",		      "/b"		  },
	    {"HTTP://evil.example",	    "",	"/",		     NULL,		   "/"		      },
	    {"http:///x",		  "",      "/x",		    NULL,		  "/x"		      },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct web_target t = {
		    .whole = {NULL, 0}
		      };
		struct cg_err err = {.text = ""};
		cg_rc rc =
		    web_target_parse(span_of(rows[i].uri), span_of(rows[i].prefix), &t, &err);
		if (rc != CG_OK)
			print_error("%s: %s\n", rows[i].uri, err.text);
		assert_int_equal(rc, CG_OK);
		assert_true(span_is_text(t.path, rows[i].path));
		assert_true(span_is_text(t.query, rows[i].query ? rows[i].query : ""));
		assert_int_equal(t.query.p != NULL, rows[i].query != NULL);
		assert_true(span_is_text(t.local, rows[i].local));
		assert_int_equal(t.whole.n, t.path.n + (t.query.p ? t.query.n + 1 : 0));
	}
}

static void targets_that_are_refused(void **state)
{
	static const struct {
		const char *uri, *prefix;
	} rows[] = {
	    {"",		 ""	   },
	    {"*",		  ""    },
	    {"a/b",		    ""    },
	    {"example.com:443", ""	  },
	    {"ftp://x/a",	  ""    },
	    {"http://x?y",	   ""    },
	    {"http://x\\/a",    ""    },
	    {"/a#b",	     ""    },
	    {"/a?b#c",	       ""	 },
	    {"/a b",	     ""    },
	    {"/a\tb",	      ""	},
	    {"/a\r\nX: y",	   ""    },
	    {"/a\x7f",	       ""	 },
	    {"/a\\b",	      ""	},
	    {"/a%00b",	       ""	 },
	    {"/a?b=%00",	 ""	   },
	    {"/a%0ab",	       ""	 },
	    {"/a%1f",	      ""	},
	    {"/a%",		    ""    },
	    {"/a%2",	     ""    },
	    {"/a%zz",	      ""	},
	    {"/.",		   ""    },
	    {"/..",		    ""    },
	    {"/a/.",	     ""    },
	    {"/a/..",	      ""	},
	    {"/a/./b",	       ""	 },
	    {"/a/../b",		""	  },
	    {"/a/..?x",		""	  },
	    {"/a/%2e%2e/b",	    ""    },
	    {"/a/%2E./b",	  ""    },
	    {"/a/.%2e",		""	  },
	    {"/a/%2e",	       ""	 },
	    {"/a/..%2fb",	  ""    },
	    {"/a%2f..%2fb",	    ""    },
	    {"/a/..%5cb",	  ""    },
	    {"/a%5c%2e%2e%5Cb", ""	  },
	    {"/a/..;/b",	 ""	   },
	    {"/a/..;x=1/b",	    ""    },
	    {"/a/.;/b",		""	  },
	    {"/a/%2e%2e%3b/b",  ""	 },
	    {"/a/..;",	       ""	 },
	    {"/api2",	      "/api"},
	    {"/ap",		    "/api"},
	    {"/admin/../api/x", "/api"},
	    {"/%61pi/x",	 "/api"},
	    {"/API/x",	       "/api"},
	    {"//api/x",		"/api"},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct web_target t;
		struct cg_err err = {.text = ""};
		cg_rc rc =
		    web_target_parse(span_of(rows[i].uri), span_of(rows[i].prefix), &t, &err);
		if (rc != CG_BAD_INPUT)
			print_error("taken: %s\n", rows[i].uri);
		assert_int_equal(rc, CG_BAD_INPUT);
		assert_true(err.text[0] != '\0');
	}
	struct web_target t;
	assert_int_equal(web_target_parse(span_make("/a\0b", 4), SPAN_LIT(""), &t, NULL),
			 CG_BAD_INPUT);
}

/* --- requests --- */

struct fixture {
	struct arena arena;
	struct web_io io;
	struct web_request req;
	struct web_response resp;
	int in[2], out[2]; /* pipes: the test writes in[1] and reads out[0] */
};

static bool proof_is_right(void *ctx, struct span value)
{
	(void)ctx;
	return span_is_text(value, "right");
}

static void open_fixture(struct fixture *f, const char *const *env)
{
	char *vars[40] = {NULL};
	for (size_t i = 0; env[i]; i++) {
		assert_true(i < CG_COUNT(vars) - 1);
		memcpy(&vars[i], &env[i], sizeof(vars[i]));
	}
	assert_int_equal(pipe(f->in), 0);
	assert_int_equal(pipe(f->out), 0);
	assert_true(fcntl(f->out[1], F_SETPIPE_SZ, ANSWER_MAX) >= ANSWER_MAX);
	arena_init(&f->arena, REQUEST_ARENA_MAX);
	web_io_cgi(&f->io, f->in[0], f->out[1]);
	assert_true(web_request_init(&f->req, &f->arena, vars, proof_is_right, NULL, &f->io));
	web_response_init(&f->resp, &f->req);
}

static void close_fixture(struct fixture *f)
{
	arena_release(&f->arena);
	for (int i = 0; i < 2; i++) {
		(void)close(f->in[i]);
		(void)close(f->out[i]);
	}
	f->in[0] = f->in[1] = f->out[0] = f->out[1] = -1;
}

/* All that was answered, as text. */
static void read_answer(struct fixture *f, char *text)
{
	(void)web_response_flush(&f->resp);
	ssize_t n = read(f->out[0], text, ANSWER_MAX - 1);
	text[n > 0 ? n : 0] = '\0';
}

static void facts_count_beside_the_proof_alone(void **state)
{
	static const char *const proven[] = {"REQUEST_METHOD=GET",
					     "REQUEST_URI=/api/x",
					     "CERTGATE_PREFIX=/api",
					     "CERTGATE_SITE=main",
					     "CERTGATE_PROOF=right",
					     "HTTPS=on",
					     "SSL_SERVER_CERT=server",
					     "SSL_CLIENT_CERT=client",
					     "SSL_CLIENT_VERIFY=GENEROUS",
					     "SSL_CLIENT_CERT_CHAIN_0=above",
					     "SSL_CLIENT_CERT_CHAIN_1=",
					     "SSL_CLIENT_CERT_CHAIN_2=top",
					     "HTTP_SSL_CLIENT_CERT_CHAIN_0=no",
					     "HTTP_SSL_CLIENT_CERT=one",
					     "HTTP_SSL_CLIENT_CERT=two",
					     "REMOTE_ADDR=192.0.2.1",
					     NULL};
	static const char *const forged[] = {"REQUEST_METHOD=GET",
					     "REQUEST_URI=/x",
					     "CERTGATE_PROOF=wrong",
					     "HTTPS=on",
					     "SSL_CLIENT_CERT=client",
					     "SSL_CLIENT_VERIFY=SUCCESS",
					     "SSL_CLIENT_CERT_CHAIN_0=a",
					     "HTTP_CERTGATE_PROOF=right",
					     NULL};
	struct fixture f;
	struct span value;
	(void)state;
	open_fixture(&f, proven);
	assert_null(f.req.bad);
	assert_true(f.req.proof_ok && f.req.https);
	assert_true(span_is_text(f.req.client_cert, "client"));
	assert_true(span_is_text(f.req.client_verify, "GENEROUS"));
	assert_int_equal(f.req.n_client_chain, 2);
	assert_true(span_is_text(f.req.client_chain[0], "above"));
	assert_true(span_is_text(f.req.client_chain[1], "top"));
	assert_true(span_is_text(f.req.site, "main"));
	assert_true(span_is_text(f.req.target.local, "/x"));
	assert_true(span_is_text(f.req.remote_addr, "192.0.2.1"));
	assert_int_equal(web_request_field(&f.req, "ssl-client-cert", &value), 2);
	assert_true(span_is_text(value, "one"));
	assert_int_equal(strlen(f.req.id), ID_TEXT);
	close_fixture(&f);

	open_fixture(&f, forged);
	assert_false(f.req.proof_ok || f.req.https);
	assert_int_equal(f.req.client_cert.n + f.req.client_verify.n, 0);
	assert_int_equal(f.req.n_client_chain, 0);
	for (size_t i = 0; i < f.req.n_fields; i++)
		assert_false(span_is_text(f.req.fields[i].value, "right"));
	close_fixture(&f);
}

static void requests_that_are_bad(void **state)
{
	static const struct {
		const char *name, *env[8];
	} rows[] = {
	    {"no method",	  {"REQUEST_URI=/"}						    },
	    {"method",	       {"REQUEST_METHOD=G ET", "REQUEST_URI=/"}			       },
	    {"long method",	    {"REQUEST_METHOD=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "REQUEST_URI=/"}},
	    {"no target",	  {"REQUEST_METHOD=GET"}						},
	    {"dot segment",	    {"REQUEST_METHOD=GET", "REQUEST_URI=/a/../b"}			 },
	    {"line break",	   {"REQUEST_METHOD=GET", "REQUEST_URI=/", "HTTP_X=a\nb"}		 },
	    {"carriage return",	{"REQUEST_METHOD=GET", "REQUEST_URI=/", "HTTP_X=a\rb"}		      },
	    {"field name",	   {"REQUEST_METHOD=GET", "REQUEST_URI=/", "HTTP_X Y=a"}		},
	    {"no field name",     {"REQUEST_METHOD=GET", "REQUEST_URI=/", "HTTP_=a"}			},
	    {"length",	       {"REQUEST_METHOD=POST", "REQUEST_URI=/", "CONTENT_LENGTH=1x"}	    },
	    {"signed length",     {"REQUEST_METHOD=POST", "REQUEST_URI=/", "CONTENT_LENGTH=-1"}	   },
	    {"huge length",
	     {"REQUEST_METHOD=POST", "REQUEST_URI=/", "CONTENT_LENGTH=99999999999999999999"}	    },
	    {"two lengths",
	     {"REQUEST_METHOD=POST", "REQUEST_URI=/", "CONTENT_LENGTH=1", "HTTP_CONTENT_LENGTH=2"}	  },
	    {"length by a field",
	     {"REQUEST_METHOD=POST", "REQUEST_URI=/", "HTTP_CONTENT_LENGTH=2"}			      },
	    {"both",
	     {"REQUEST_METHOD=POST", "REQUEST_URI=/", "CONTENT_LENGTH=1",
	      "HTTP_TRANSFER_ENCODING=chunked"}							},
	    {"coding",
	     {"REQUEST_METHOD=POST", "REQUEST_URI=/", "HTTP_TRANSFER_ENCODING=gzip, chunked"}	     },
	    {"coding twice",
	     {"REQUEST_METHOD=POST", "REQUEST_URI=/", "HTTP_TRANSFER_ENCODING=chunked",
	      "HTTP_TRANSFER_ENCODING=chunked"}							},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct fixture f;
		open_fixture(&f, rows[i].env);
		if (!f.req.bad)
			print_error("taken: %s\n", rows[i].name);
		assert_non_null(f.req.bad);
		close_fixture(&f);
	}
}

static void fields_are_listed(void **state)
{
	static const char *const env[] = {"REQUEST_METHOD=POST",
					  "REQUEST_URI=/",
					  "CONTENT_TYPE=text/plain",
					  "CONTENT_LENGTH=3",
					  "HTTP_CONTENT_LENGTH=3",
					  "HTTP_X_YZ=a=b",
					  "HTTP_PROXY=http://evil.example",
					  "HTTP_EMPTY=",
					  NULL};
	static const char *const names[] = {"content-type", "x-yz", "empty"};
	struct fixture f;
	struct span value;
	(void)state;
	open_fixture(&f, env);
	assert_null(f.req.bad);
	assert_int_equal(f.req.n_fields, CG_COUNT(names));
	for (size_t i = 0; i < CG_COUNT(names); i++)
		assert_true(span_is_text(f.req.fields[i].name, names[i]));
	assert_int_equal(web_request_field(&f.req, "x-yz", &value), 1);
	assert_true(span_is_text(value, "a=b"));
	assert_int_equal(f.req.body, WEB_BODY_LENGTH);
	assert_int_equal(f.req.content_length, 3);
	close_fixture(&f);
}

static void bodies(void **state)
{
	static const struct {
		const char *name, *length, *sent;
		size_t max;
		cg_rc want;
		const char *body;
	} rows[] = {
	    {"length",		       "CONTENT_LENGTH=5",		   "hello",	    5, CG_OK,	      "hello"},
	    {"more than the length",   "CONTENT_LENGTH=5",		 "hello, you", 9, CG_OK,	 "hello"},
	    {"less than the length",   "CONTENT_LENGTH=6",		 "hello",	  9, CG_BAD_INPUT, NULL   },
	    {"too long by its length", "CONTENT_LENGTH=6",		   "",	       5, CG_TOO_BIG,   NULL	  },
	    {"chunked",		"HTTP_TRANSFER_ENCODING=Chunked", "hello",	   5, CG_OK,	     "hello"},
	    {"chunked, too long",	  "HTTP_TRANSFER_ENCODING=chunked", "hello!",     5, CG_TOO_BIG,   NULL	 },
	    {"none",		     "CONTENT_LENGTH=",		"unread",	  5, CG_OK,	    ""     },
	    {"empty",		      "CONTENT_LENGTH=0",		  "unread",	    5, CG_OK,	      ""	},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const char *env[] = {"REQUEST_METHOD=PUT", "REQUEST_URI=/", rows[i].length, NULL};
		struct fixture f;
		struct span body = SPAN_LIT("untouched");
		struct cg_err err = {.text = ""};
		open_fixture(&f, env);
		assert_int_equal(write(f.in[1], rows[i].sent, strlen(rows[i].sent)),
				 strlen(rows[i].sent));
		(void)close(f.in[1]);
		cg_rc rc = web_request_body_all(&f.req, rows[i].max, &body, &err);
		if (rc != rows[i].want)
			print_error("%s: %d %s\n", rows[i].name, (int)rc, err.text);
		assert_int_equal(rc, rows[i].want);
		assert_true(span_is_text(body, rows[i].body ? rows[i].body : "untouched"));
		assert_int_equal(err.text[0] != '\0', rc != CG_OK);
		close_fixture(&f);
	}
}

/* --- answers --- */

static const char *const get[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/", NULL};

static void answers(void **state)
{
	static const char *const head[] = {"REQUEST_METHOD=HEAD", "REQUEST_URI=/", NULL};
	struct fixture f;
	char text[ANSWER_MAX];
	(void)state;
	open_fixture(&f, get);
	assert_int_equal(web_response_field_text(&f.resp, "X-A", "b"), CG_OK);
	assert_int_equal(web_response_field_text(&f.resp, "X-A", "b\r\nX-C: d"), CG_FAIL);
	assert_int_equal(web_response_field(&f.resp, SPAN_LIT("X-A"), SPAN_LIT("a\0b")), CG_FAIL);
	assert_int_equal(web_response_field_text(&f.resp, "X A", "b"), CG_FAIL);
	assert_int_equal(web_response_field_text(&f.resp, "X:A", "b"), CG_FAIL);
	assert_int_equal(web_response_field_text(&f.resp, "", "b"), CG_FAIL);
	assert_int_equal(web_response_field_text(&f.resp, "status", "500"), CG_FAIL);
	size_t mark = web_response_mark(&f.resp);
	assert_int_equal(web_response_field_text(&f.resp, "X-Gone", "b"), CG_OK);
	web_response_rewind(&f.resp, mark);
	assert_int_equal(web_response_send(&f.resp, 201, "text/plain", SPAN_LIT("hi")), CG_OK);
	assert_int_equal(web_response_field_text(&f.resp, "X-Late", "b"), CG_FAIL);
	read_answer(&f, text);
	assert_string_equal(text, "Status: 201 Created\r\nX-A: b\r\nContent-Type: text/plain\r\n"
				  "Content-Length: 2\r\n\r\nhi");
	assert_int_equal(f.resp.body_bytes, 2);
	close_fixture(&f);

	open_fixture(&f, head);
	assert_int_equal(web_response_send(&f.resp, 200, NULL, SPAN_LIT("hi")), CG_OK);
	read_answer(&f, text);
	assert_string_equal(text, "Status: 200 OK\r\nContent-Length: 2\r\n\r\n");
	close_fixture(&f);

	open_fixture(&f, get);
	assert_int_equal(web_response_send(&f.resp, 204, NULL, SPAN_LIT("hi")), CG_OK);
	read_answer(&f, text);
	assert_string_equal(text, "Status: 204 No Content\r\n\r\n");
	close_fixture(&f);
}

static void the_head_has_a_ceiling(void **state)
{
	struct fixture f;
	char long_value[8192];
	(void)state;
	memset(long_value, 'x', sizeof(long_value));
	open_fixture(&f, get);
	size_t n = 0;
	while (web_response_field(&f.resp, SPAN_LIT("X-Long"),
				  span_make(long_value, sizeof(long_value))) == CG_OK)
		n++;
	assert_int_equal(n, RESPONSE_HEAD_MAX / (sizeof(long_value) + 10));
	/* What was there stays. */
	assert_int_equal(web_response_field_text(&f.resp, "X-Short", "y"), CG_OK);
	close_fixture(&f);
}

static void problems(void **state)
{
	static const struct {
		cg_rc rc;
		int status;
		const char *code;
	} rows[] = {
	    {CG_BAD_INPUT,   400, "bad_request"   },
	    {CG_BAD_VALUE,   422, "bad_value"	   },
	    {CG_NOT_FOUND,   404, "not_found"	   },
	    {CG_CLASH,       409, "clash"	   },
	    {CG_STALE,       412, "stale"	   },
	    {CG_DENIED,	403, "denied"	     },
	    {CG_TOO_BIG,	 413, "too_large"	 },
	    {CG_FULL,	      507, "storage_full"	 },
	    {CG_UNAVAILABLE, 503, "unavailable"   },
	    {CG_FAIL,	      500, "internal_error"},
	};
	char text[ANSWER_MAX];
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct fixture f;
		struct cg_err err = {.text = ""};
		json_error_t e;
		open_fixture(&f, get);
		web_problem(&f.resp, cg_fail(&err, rows[i].rc, "It is \"so\"."), &err);
		read_answer(&f, text);
		assert_non_null(strstr(text, "Content-Type: application/problem+json\r\n"));
		assert_non_null(strstr(text, "X-Content-Type-Options: nosniff\r\n"));
		assert_int_equal(strstr(text, "Retry-After: ") != NULL, rows[i].status == 503);
		json_t *o = json_loads(strstr(text, "\r\n\r\n"), JSON_REJECT_DUPLICATES, &e);
		assert_non_null(o);
		assert_int_equal(json_integer_value(json_object_get(o, "status")), rows[i].status);
		assert_string_equal(json_string_value(json_object_get(o, "code")), rows[i].code);
		assert_string_equal(json_string_value(json_object_get(o, "detail")),
				    "It is \"so\".");
		assert_string_equal(json_string_value(json_object_get(o, "request_id")), f.req.id);
		assert_string_equal(json_string_value(json_object_get(o, "type")), "about:blank");
		json_decref(o);
		close_fixture(&f);
	}
	struct fixture f;
	struct cg_err err = {.text = ""};
	open_fixture(&f, get);
	f.resp.no_store = true;
	(void)cg_fail_field(&err, "rate.limit", "Must be at least 1.");
	web_problem(&f.resp, cg_fail_field(&err, "na\xffme", "Must not be empty."), &err);
	read_answer(&f, text);
	assert_non_null(strstr(text, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(text,
			       "\"errors\":[{\"field\":\"rate.limit\",\"message\":\"Must be at "
			       "least 1.\"},{\"field\":\"na\\\\xffme\""));
	close_fixture(&f);
}

static void json_bodies(void **state)
{
	static const struct {
		const char *type, *body;
		cg_rc want;
		const char *code;
	} rows[] = {
	    {"CONTENT_TYPE=application/json",		      "{\"a\":1}",	   CG_OK,	  NULL		      },
	    {"CONTENT_TYPE=Application/JSON; charset=utf-8", "{\"a\":1}",	  CG_OK,	 NULL		     },
	    {"CONTENT_TYPE=application/merge-patch+json",	  "{\"a\":1}",	       CG_OK,	      NULL			  },
	    {"CONTENT_TYPE=",				"{\"a\":1}",	   CG_OK,	  NULL		      },
	    {"CONTENT_TYPE=text/plain",			"{\"a\":1}",	     CG_BAD_INPUT, "unsupported_media_type"},
	    {"CONTENT_TYPE=application/jsonx",	       "{}",		     CG_BAD_INPUT, "unsupported_media_type"},
	    {"CONTENT_TYPE=application/json",		      "",		  CG_BAD_INPUT, NULL		    },
	    {"CONTENT_TYPE=application/json",		      "[1]",		     CG_BAD_INPUT, NULL		       },
	    {"CONTENT_TYPE=application/json",		      "{\"a\":1,\"a\":2}", CG_BAD_INPUT, NULL		     },
	    {"CONTENT_TYPE=application/json",		      "{\"a\":1} x",	     CG_BAD_INPUT, NULL		       },
	    {"CONTENT_TYPE=application/json",		      "{\"a\":\"\xff\"}",  CG_BAD_INPUT, NULL		    },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const char *env[] = {"REQUEST_METHOD=POST", "REQUEST_URI=/", rows[i].type,
				     "HTTP_TRANSFER_ENCODING=chunked", NULL};
		struct fixture f;
		json_t *o = NULL;
		struct cg_err err = {.text = ""};
		open_fixture(&f, env);
		assert_int_equal(write(f.in[1], rows[i].body, strlen(rows[i].body)),
				 strlen(rows[i].body));
		(void)close(f.in[1]);
		assert_int_equal(web_json_read(&f.req, &o, &err), rows[i].want);
		assert_int_equal(o != NULL, rows[i].want == CG_OK);
		assert_true(rows[i].code ? err.code && strcmp(err.code, rows[i].code) == 0
					 : !err.code);
		json_decref(o);
		close_fixture(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(targets_that_are_read),
	    cmocka_unit_test(targets_that_are_refused),
	    cmocka_unit_test(facts_count_beside_the_proof_alone),
	    cmocka_unit_test(requests_that_are_bad),
	    cmocka_unit_test(fields_are_listed),
	    cmocka_unit_test(bodies),
	    cmocka_unit_test(answers),
	    cmocka_unit_test(the_head_has_a_ceiling),
	    cmocka_unit_test(problems),
	    cmocka_unit_test(json_bodies),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
