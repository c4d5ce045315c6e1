/* lib/model/pattern: what listen paths, path patterns, address blocks and names mean, as tables. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "model/pattern.h"

static void test_listen_path(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL: refused */
	} rows[] = {
	    {"/x",		   "/x/"		},
	    {"/x/",		    "/x/"		 },
	    {"/",		  "/"		     },
	    {"/a/b",	     "/a/b/"	    },
	    {"/A-b_c.d~e/1",     "/A-b_c.d~e/1/"    },
	    {"/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,=/"},
	    {"/.well",	       "/.well/"		},
	    {"/...",	     "/.../"	    },
	    {"/..a",	     "/..a/"	    },
	    {"/x..",	     "/x../"	    },
 /* nobody could call it: programs read these in more than one way */
	    {"/a%20b",	       NULL		   },
	    {"/a%2Fb",	       NULL		   },
	    {"/admin%2fx/",	    NULL		},
	    {"/caf%c3%a9/",	    NULL		},
	    {"/x;v=1/",		NULL		    },
	    {"/x;",		    NULL		},
	    {"",		 NULL		     },
	    {"x",		  NULL		      },
	    {"x/",		   NULL	       },
	    {"http://h/x",	   NULL	       },
	    {"//",		   NULL	       },
	    {"//x",		    NULL		},
	    {"/x//",	     NULL		 },
	    {"/x//y",	      NULL		  },
	    {"/.",		   NULL	       },
	    {"/..",		    NULL		},
	    {"/./x",	     NULL		 },
	    {"/../x",	      NULL		  },
	    {"/x/.",	     NULL		 },
	    {"/x/..",	      NULL		  },
	    {"/x/../y",		NULL		    },
	    {"/%2e",	     NULL		 },
	    {"/%2e%2e/x",	  NULL		      },
	    {"/x/%2E%2e",	  NULL		      },
	    {"/.%2e/x",		NULL		    },
	    {"/x%2e",	      NULL		  },
	    {"/%00",	     NULL		 },
	    {"/%0a",	     NULL		 },
	    {"/%1B",	     NULL		 },
	    {"/%7f",	     NULL		 },
	    {"/%",		   NULL	       },
	    {"/%2",		    NULL		},
	    {"/%2g",	     NULL		 },
	    {"/%zz",	     NULL		 },
	    {"/%%41",	      NULL		  },
 /* the web server reads it as /admin */
	    {"/%61dmin",	 NULL		     },
	    {"/%41",	     NULL		 },
	    {"/%7e",	     NULL		 },
	    {"/%2D",	     NULL		 },
	    {"/%39",	     NULL		 },
	    {"/x?y",	     NULL		 },
	    {"/x#y",	     NULL		 },
	    {"/x y",	     NULL		 },
	    {"/x\\y",	      NULL		  },
	    {"/x\ty",	      NULL		  },
	    {"/x\"y",	      NULL		  },
	    {"/<x>",	     NULL		 },
	    {"/{x}",	     NULL		 },
	    {"/x|y",	     NULL		 },
	    {"/x^y",	     NULL		 },
	    {"/x`y",	     NULL		 },
	    {"/[x]",	     NULL		 },
	    {"/\xc3\xbc",	  NULL		      },
	    {"/x\x7f",	       NULL		   },
	};
	struct arena arena;
	arena_init(&arena, 1024 * 1024);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const char *why = "untouched";
		const char *got = listen_path_normal(rows[i].text, &arena, &why);
		if (rows[i].want ? !got || strcmp(got, rows[i].want) != 0 : got || !why || !*why)
			fail_msg("\"%s\": %s", rows[i].text, got ? got : "refused");
	}
	arena_release(&arena);
	/* No memory is a reason too. */
	const char *why = NULL;
	arena_init(&arena, 0);
	assert_null(listen_path_normal("/x", &arena, &why));
	assert_non_null(why);
	arena_release(&arena);
}

static void test_reserved(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		bool is;
	} rows[] = {
  /* equal */
	    {"/admin/",			true },
	    {"/portal/",			 true },
	    {"/healthz/",			  true },
	    {"/readyz/",			 true },
	    {"/metrics/",			  true },
	    {"/.well-known/acme-challenge/",   true },
 /* below */
	    {"/admin/x/",			  true },
	    {"/admin/api/v1/",		       true },
	    {"/portal/x/",			   true },
	    {"/healthz/x/",		    true },
	    {"/readyz/x/",			   true },
	    {"/metrics/x/",		    true },
	    {"/.well-known/acme-challenge/x/", true },
 /* above */
	    {"/",			      true },
	    {"/.well-known/",		      true },
 /* neither */
	    {"/admins/",			 false},
	    {"/adm/",			  false},
	    {"/admin-x/",			  false},
	    {"/admin.x/",			  false},
	    {"/x/admin/",			  false},
	    {"/portals/",			  false},
	    {"/health/",			 false},
	    {"/healthzz/",			   false},
	    {"/metric/",			 false},
	    {"/.well-known/other/",	    false},
	    {"/.well-known/acme-challenges/",  false},
	    {"/.well-knowns/",		       false},
	    {"/mtls-api/",			   false},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (listen_path_is_reserved(rows[i].path) != rows[i].is)
			fail_msg("%s", rows[i].path);
}

static void test_covers(void **state)
{
	(void)state;
	static const struct {
		const char *listen_path, *path;
		bool is;
	} rows[] = {
	    {"/api/", "/api/",     true },
	    {"/api/", "/api",      true },
	    {"/api/", "/api/x",	true },
	    {"/api/", "/api//x",	 true },
	    {"/api/", "/api2",     false},
	    {"/api/", "/api2/x",	 false},
	    {"/api/", "/ap",	     false},
	    {"/api/", "/",	   false},
	    {"/api/", "",	  false},
	    {"/api/", "/API/x",	false},
	    {"/api/", "/x/api/",	 false},
	    {"/api/", "/api%2Fx",  false},
	    {"/api/", "/%61pi/x",  false},
	    {"/api/", "api/x",     false},
	    {"/a/b/", "/a/b",      true },
	    {"/a/b/", "/a/",	     false},
	    {"/a/b/", "/a/b/c/d",  true },
	    {"/a/b/", "/a/bc",     false},
	    {"/",	  "/",	       true },
	    {"/",	  "/x",	true },
	    {"/api/", "/api/../x", true },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (listen_path_covers(rows[i].listen_path, span_of(rows[i].path)) != rows[i].is)
			fail_msg("%s covers %s", rows[i].listen_path, rows[i].path);
}

static void test_pattern_faults(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		bool good;
	} rows[] = {
	    {"/",	  true },
		 {"/x",	true },
	     {"/x/",	     true },
		 {"/x/y",	  true },
	    {"/*",	   true },
		 {"/x/*",	  true },
	     {"/{id}",     true },
		 {"/x/{id}/y", true },
	    {"/x/{id}/*", true },
		 {"/{a}/{b}",  true },
	     {"/x%20y",	true },
		 {"",	      false},
	    {"x",	  false},
		 {"*",	       false},
	     {"x/*",	     false},
		 {"/x*",	 false},
	    {"/*x",	    false},
		 {"/**",	 false},
	     {"/*/x",      false},
		 {"/x/*/",	   false},
	    {"/{}",	    false},
		 {"/{id",	  false},
	     {"/id}",      false},
		 {"/x{id}",    false},
	    {"/{id}x",    false},
		 {"/{a{b}}",   false},
	     {"/{a}{b}",	 false},
		 {"/{a b}",    false},
	    {"/x//y",     false},
		 {"/../x",	   false},
	     {"/x/..",     false},
		 {"/%2e%2e/x", false},
	    {"/x?y",	     false},
		 {"/x#y",	  false},
	     {"/x y",      false},
		 {"/x\\y",	   false},
	    {"/[a-z]+",	false},
		 {"/(a|b)",    false},
	     {"^/x$",      false},
		 {"/\xc3\xbc", false},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const char *why = path_pattern_fault(rows[i].pattern);
		if ((why == NULL) != rows[i].good || (why && !*why))
			fail_msg("\"%s\": %s", rows[i].pattern, why ? why : "taken");
	}
	/* The longest there can be, and one more. */
	char text[PATH_MAX_BYTES + 2];
	memset(text, 'x', sizeof(text));
	text[0] = '/';
	text[PATH_MAX_BYTES] = '\0';
	assert_null(path_pattern_fault(text));
	text[PATH_MAX_BYTES] = 'x';
	text[PATH_MAX_BYTES + 1] = '\0';
	assert_non_null(path_pattern_fault(text));
	/* All placeholders: what they stand for is shorter than their names. */
	for (size_t i = 0; i + 4 < PATH_MAX_BYTES; i += 4)
		memcpy(text + i, "/{a}", 4);
	text[PATH_MAX_BYTES - 4] = '\0';
	assert_null(path_pattern_fault(text));
}

static void test_pattern_matches(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *path;
		bool is;
	} rows[] = {
	    {"/x",	   "/x",	 true },
	    {"/x",	   "/x/",	  false},
	    {"/x/",	    "/x",	  false},
	    {"/x/",	    "/x/",	   true },
	    {"/x",	   "/xy",	  false},
	    {"/x",	   "/X",	 false},
	    {"/x",	   "/y/x",	   false},
	    {"/x",	   "/x/y",	   false},
	    {"/x",	   "/%78",	   false},
	    {"/",	  "/",	       true },
	    {"/",	  "/x",	false},
	    {"/*",	   "/",	true },
	    {"/*",	   "/x",	 true },
	    {"/*",	   "/x/y/z",   true },
	    {"/x/*",	     "/x/",	    true },
	    {"/x/*",	     "/x/y",     true },
	    {"/x/*",	     "/x/y/",    true },
	    {"/x/*",	     "/x//y",    true },
	    {"/x/*",	     "/x",	   false},
	    {"/x/*",	     "/xy",	    false},
	    {"/x/*",	     "/y/x/z",   false},
	    {"/{id}",     "/7",	    true },
	    {"/{id}",     "/",	   false},
	    {"/{id}",     "/7/",	     false},
	    {"/{id}",     "/7/8",     false},
	    {"/{id}",     "/a%2Fb",	true },
	    {"/{id}",     "/{id}",    true },
	    {"/x/{id}/y", "/x/7/y",   true },
	    {"/x/{id}/y", "/x//y",	   false},
	    {"/x/{id}/y", "/x/7/8/y", false},
	    {"/x/{id}/y", "/x/7/y/",  false},
	    {"/x/{id}/*", "/x/7/",	   true },
	    {"/x/{id}/*", "/x/7",	  false},
	    {"/x/{id}/*", "/x//z",	   false},
	    {"/a%20b",    "/a%20b",	 true },
	    {"/a%20b",    "/a b",     false},
	    {"/a%2Fb",    "/a%2fb",	 false},
	    {"/x",	   "",	       false},
	    {"*",	  "/",	       false},
	    {"*",	  "/x",	false},
	    {"",		 "/",	      false},
	    {"x",	  "/x",	false},
	    {"{a}",	    "/x",	  false},
	    {"/x",	   "x",	false},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (path_pattern_matches(rows[i].pattern, span_of(rows[i].path)) != rows[i].is)
			fail_msg("%s matches %s", rows[i].pattern, rows[i].path);
	assert_false(path_pattern_matches("/x", SPAN_LIT("/x\0")));
	assert_false(path_pattern_matches("/x", SPAN_LIT("/x\0y")));
}

static void test_address_blocks(void **state)
{
	(void)state;
	static const struct {
		const char *block, *address;
		int holds; /* -1: no block at all */
	} rows[] = {
	    {"192.0.2.7",		  "192.0.2.7",	       1 },
	    {"192.0.2.7",		  "192.0.2.8",	       0 },
	    {"192.0.2.0/24",	     "192.0.2.0",	  1 },
	    {"192.0.2.0/24",	     "192.0.2.255",	    1 },
	    {"192.0.2.0/24",	     "192.0.3.0",	  0 },
	    {"192.0.2.99/24",	      "192.0.2.1",	   1 },
	    {"192.0.2.128/25",	       "192.0.2.127",      0 },
	    {"192.0.2.128/25",	       "192.0.2.128",      1 },
	    {"192.0.2.7/32",	     "192.0.2.7",	  1 },
	    {"192.0.2.7/32",	     "192.0.2.6",	  0 },
	    {"0.0.0.0/0",		  "203.0.113.9",	 1 },
	    {"0.0.0.0/0",		  "::1",		 0 },
	    {"::/0",		     "2001:db8::1",	    1 },
	    {"2001:db8::/32",	      "2001:db8:ffff::1", 1 },
	    {"2001:db8::/32",	      "2001:db9::1",	     0 },
	    {"2001:db8::1",		    "2001:0DB8:0:0::1", 1 },
	    {"::1/128",			"::1",	       1 },
	    {"::1/128",			"::2",	       0 },
	    {"2001:db8::/33",	      "2001:db8:8000::",	 0 },
 /* the same host, spelled as IPv6 */
	    {"192.0.2.0/24",	     "::ffff:192.0.2.7", 1 },
	    {"::ffff:192.0.2.0/120",    "192.0.2.7",	  1 },
	    {"::ffff:192.0.2.0/120",    "192.0.3.7",	  0 },
 /* addresses that are none */
	    {"0.0.0.0/0",		  "",		      0 },
	    {"0.0.0.0/0",		  "192.0.2",	     0 },
	    {"0.0.0.0/0",		  "192.0.2.7 ",	0 },
	    {"0.0.0.0/0",		  "192.0.2.7:80",	  0 },
	    {"::/0",		     "[::1]",	      0 },
	    {"::/0",		     "fe80::1%eth0",     0 },
	    {"0.0.0.0/0",		  "unix:",		   0 },
 /* blocks that are none */
	    {"",			"192.0.2.7",	      -1},
	    {"/",		       "192.0.2.7",	       -1},
	    {"/24",		     "192.0.2.7",	 -1},
	    {"192.0.2.0/",		   "192.0.2.7",	-1},
	    {"192.0.2.0/33",	     "192.0.2.7",	  -1},
	    {"192.0.2.0/-1",	     "192.0.2.7",	  -1},
	    {"192.0.2.0/+8",	     "192.0.2.7",	  -1},
	    {"192.0.2.0/a",		    "192.0.2.7",	 -1},
	    {"192.0.2.0/24/24",		"192.0.2.7",	     -1},
	    {"192.0.2.0/255.255.255.0", "192.0.2.7",	     -1},
	    {"192.0.2.256",		    "192.0.2.7",	 -1},
	    {"192.0.2",			"192.0.2.7",	     -1},
	    {"192.0.2.07",		   "192.0.2.7",	-1},
	    {"0xc0.0.2.7",		   "192.0.2.7",	-1},
	    {" 192.0.2.7",		   "192.0.2.7",	-1},
	    {"192.0.2.7 ",		   "192.0.2.7",	-1},
	    {"192.0.2.*",		  "192.0.2.7",	       -1},
	    {"localhost",		  "127.0.0.1",	       -1},
	    {"::1/129",			"::1",	       -1},
	    {":::1",		     "::1",		    -1},
	    {"[::1]",		      "::1",		     -1},
	    {"fe80::1%lo",		   "fe80::1",	      -1},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		if (address_block_is_valid(rows[i].block) != (rows[i].holds >= 0) ||
		    address_block_holds(rows[i].block, span_of(rows[i].address)) !=
			(rows[i].holds == 1))
			fail_msg("%s holds %s", rows[i].block, rows[i].address);
	}
	assert_false(address_block_holds("192.0.2.7", SPAN_LIT("192.0.2.7\0")));
	/* Each bit counts, and no bit beyond the mask. */
	for (unsigned bits = 0; bits <= 32; bits++)
		for (unsigned flip = 0; flip < 32; flip++) {
			char block[32], address[20];
			uint32_t a = 0xc0000207u ^ (UINT32_C(1) << (31 - flip));
			(void)snprintf(block, sizeof(block), "192.0.2.7/%u", bits);
			(void)snprintf(address, sizeof(address), "%u.%u.%u.%u", a >> 24,
				       (a >> 16) & 255, (a >> 8) & 255, a & 255);
			assert_int_equal(address_block_holds(block, span_of(address)),
					 flip >= bits);
		}
}

static void test_tokens(void **state)
{
	(void)state;
	static const char *const good[] = {"GET",	"M-SEARCH", "get",
					   "X-Api-Key", "a",	    "!#$%&'*+-.^_`|~0aZ"};
	static const char *const bad[] = {"",	      " ",    "GET ", " GET",  "G T",
					  "GET,POST", "a:b",  "a/b",  "(a)",   "a\tb",
					  "a\nb",     "a\"b", "{a}",  "a\x7f", "\xc3\xbc"};
	for (size_t i = 0; i < CG_COUNT(good); i++)
		assert_true(token_is_valid(good[i]));
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		assert_false(token_is_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_listen_path),	    cmocka_unit_test(test_reserved),
	    cmocka_unit_test(test_covers),	    cmocka_unit_test(test_pattern_faults),
	    cmocka_unit_test(test_pattern_matches), cmocka_unit_test(test_address_blocks),
	    cmocka_unit_test(test_tokens),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
