/* lib/web: routes, and what stands in the query of one. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "web/io.h"
#include "web/route.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(routes),
	    cmocka_unit_test(queries),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
