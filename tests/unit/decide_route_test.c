/* lib/grant: which API a request is for. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "grant/decide.h"

static void test_routes(void **state)
{
	(void)state;
	static char paths[][16] = {"/api/v1/x/", "/api/v1/", "/api/", "/other/"};
	static char site_a[] = "a", site_b[] = "b";
	char *sites[4][1] = {{site_a}, {site_b}, {NULL}, {site_a}};
	Cg__Api apis[4];
	struct route items[4];
	for (size_t i = 0; i < 4; i++) {
		cg__api__init(&apis[i]);
		apis[i].listen_path = paths[i];
		apis[i].sites = sites[i];
		apis[i].n_sites = sites[i][0] ? 1 : 0;
		items[i] = (struct route){.api = &apis[i]};
	}
	struct routes routes = {items, 4};
	static const struct {
		const char *site, *path;
		int want; /* -1: none */
		const char *rest;
	} want[] = {
	    {"a", "/api/v1/x/y", 0,  "/y"	},
	    {"a", "/api/v1/x",   0,  "/"	     },
	    {"a", "/api/v1/xy",	2,  "/v1/xy" },
	    {"b", "/api/v1/x/y", 1,  "/x/y"	  },
	    {"c", "/api/v1/x/y", 2,  "/v1/x/y"},
	    {"",	 "/api/",	  2,  "/"	},
	    {"",	 "/api",	 2,  "/"      },
	    {"",	 "/api2",	  -1, NULL	  },
	    {"b", "/other/",     -1, NULL     },
	    {"a", "/other//x",   3,  "//x"    },
	    {"a", "/",	       -1, NULL     },
	    {"A", "/other/",     -1, NULL     },
	};
	for (size_t i = 0; i < CG_COUNT(want); i++) {
		struct span path = span_of(want[i].path);
		const struct route *r = routes_find(&routes, span_of(want[i].site), path);
		if (r != (want[i].want < 0 ? NULL : &items[want[i].want]))
			fail_msg("%s on site %s", want[i].path, want[i].site);
		if (r && !span_is_text(route_rest(r, path), want[i].rest))
			fail_msg("the rest of %s", want[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_routes),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
