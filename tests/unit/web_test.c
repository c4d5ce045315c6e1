/* lib/web: targets, CGI variables, bodies, answers, routes; and a program that serves FastCGI on a
 * real socket. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "web/io.h"
#include "web/json.h"
#include "web/problem.h"
#include "web/route.h"
#include "web/serve.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ANSWER_MAX 65536
#define WAIT_MS	   60000 /* for what must come at once, on a slow machine */

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

/* --- routes --- */

static void nothing(void *call)
{
	(void)call;
}

static void routes(void **state)
{
	static const struct web_route table[] = {
	    {"GET",    "/v1/keys",				0, nothing},
	    {"POST",   "/v1/keys",			 0, nothing},
	    {"GET",    "/v1/keys/:id",			    0, nothing},
	    {"DELETE", "/v1/keys/:id/credentials/:sha256", 0, nothing},
	    {"PATCH",  "/v1/keys/:id",		      0, nothing},
	};
	static const struct {
		const char *method, *path;
		enum web_match want;
		int row;
		const char *text; /* the parameters, or Allow */
	} rows[] = {
	    {"GET",    "/v1/keys",			WEB_MATCH_FOUND,	 0,  ""		      },
	    {"HEAD",   "/v1/keys",			 WEB_MATCH_FOUND,	  0,  ""	       },
	    {"GET",    "/v1/%6beys",			  WEB_MATCH_FOUND,	   0,  ""		},
	    {"PATCH",  "/v1/keys/a%20b",		WEB_MATCH_FOUND,	 4,  "a b"		 },
	    {"DELETE", "/v1/keys/k/credentials/a%2Fb", WEB_MATCH_FOUND,	3,  "k a/b"	  },
	    {"PUT",    "/v1/keys",			WEB_MATCH_NO_METHOD, -1, "GET, HEAD, POST"},
	    {"HEAD",   "/v1/keys/k/credentials/c",	 WEB_MATCH_NO_METHOD, -1, "DELETE"	  },
	    {"get",    "/v1/keys",			WEB_MATCH_NO_METHOD, -1, "GET, HEAD, POST"},
	    {"GET",    "/v1/keys/",			 WEB_MATCH_NO_PATH,   -1, ""		  },
	    {"GET",    "/v1/keys/a/b",		    WEB_MATCH_NO_PATH,   -1, ""		     },
	    {"GET",    "/v1/keys/%00",		    WEB_MATCH_NO_PATH,   -1, ""		     },
	    {"GET",    "/v1/keys/%4",		   WEB_MATCH_NO_PATH,   -1, ""		    },
	    {"GET",    "/v1",			   WEB_MATCH_NO_PATH,   -1, ""		    },
	    {"GET",    "/",			    WEB_MATCH_NO_PATH,   -1, ""		  },
	};
	struct arena arena;
	(void)state;
	arena_init(&arena, 65536);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct web_matched m;
		char text[128] = "";
		assert_int_equal(web_route_find(table, CG_COUNT(table), span_of(rows[i].method),
						span_of(rows[i].path), &arena, &m),
				 rows[i].want);
		if (rows[i].row >= 0)
			assert_ptr_equal(m.route, &table[rows[i].row]);
		for (size_t k = 0; k < m.n_params; k++) {
			size_t used = strlen(text);
			(void)snprintf(text + used, sizeof(text) - used, "%s%.*s", k ? " " : "",
				       (int)m.params[k].n, m.params[k].p);
		}
		assert_string_equal(rows[i].want == WEB_MATCH_NO_METHOD ? m.allow : text,
				    rows[i].text);
	}
	arena_release(&arena);
}

static void queries(void **state)
{
	static const struct {
		const char *query, *name;
		cg_rc want;
		const char *value;
	} rows[] = {
	    {"limit=5&q=a+b%26c", "q",     CG_OK,	      "a b&c"},
	    {"limit=5&q=a",	    "limit", CG_OK,	    "5"    },
	    {"&&q",		    "q",	 CG_OK,	""	  },
	    {"a=b=c",	      "a",	   CG_OK,	  "b=c"  },
	    {"%71=x",	      "q",	   CG_OK,	  "x"    },
	    {"",		  "q",     CG_NOT_FOUND, NULL	},
	    {"qq=1",		     "q",	  CG_NOT_FOUND, NULL   },
	    {"q=1&q=2",		"q",     CG_BAD_INPUT, NULL   },
	    {"q=1&x=%",		"q",     CG_BAD_INPUT, NULL   },
	    {"q=%00",	      "q",	   CG_BAD_INPUT, NULL   },
	};
	struct arena arena;
	(void)state;
	arena_init(&arena, 65536);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span value = SPAN_LIT("untouched");
		struct cg_err err = {.text = ""};
		assert_int_equal(
		    web_query_get(span_of(rows[i].query), &arena, rows[i].name, &value, &err),
		    rows[i].want);
		assert_true(span_is_text(value, rows[i].value ? rows[i].value : "untouched"));
	}
	arena_release(&arena);
}

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
	    cmocka_unit_test(routes),
	    cmocka_unit_test(queries),
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
	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
