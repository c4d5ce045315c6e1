/* lib/base: numbers, text that strangers wrote, and URLs, as tables. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/text.h"
#include "base/url.h"
#include "base/hash.h"
#include "exact.h"

/* --- text --- */

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t max;
		bool is;
		uint64_t want;
	} rows[] = {
	    {"0",			   UINT64_MAX, true,  0	     },
	    {"00",			  UINT64_MAX, true,  0	      },
	    {"007",			 UINT64_MAX, true,  7	       },
	    {"42",			  42,	       true,  42	       },
	    {"43",			  42,	       false, 0	       },
	    {"0",			   0,	     true,  0	    },
	    {"1",			   0,	     false, 0	     },
	    {"18446744073709551615",	     UINT64_MAX, true,  UINT64_MAX},
	    {"18446744073709551616",	     UINT64_MAX, false, 0	 },
	    {"18446744073709551620",	     UINT64_MAX, false, 0	 },
	    {"99999999999999999999",	     UINT64_MAX, false, 0	 },
	    {"184467440737095516150",	      UINT64_MAX, false, 0	  },
	    {"000000000000000000000000001", UINT64_MAX, true,  1	       },
	    {"9223372036854775808",	    INT64_MAX,  false, 0	       },
	    {"",			    UINT64_MAX, false, 0	     },
	    {" 1",			  UINT64_MAX, false, 0	       },
	    {"1 ",			  UINT64_MAX, false, 0	       },
	    {"+1",			  UINT64_MAX, false, 0	       },
	    {"-1",			  UINT64_MAX, false, 0	       },
	    {"1.0",			 UINT64_MAX, false, 0		},
	    {"1e3",			 UINT64_MAX, false, 0		},
	    {"0x10",			UINT64_MAX, false, 0	 },
	    {"1,000",		       UINT64_MAX, false, 0	  },
	    {"\xd9\xa1",			 UINT64_MAX, false, 0	     },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span text = exact(rows[i].text, strlen(rows[i].text));
		uint64_t got = 4711;
		bool is = number_parse(text, rows[i].max, &got);
		if (is != rows[i].is || got != (is ? rows[i].want : 4711))
			fail_msg("\"%s\": %d %" PRIu64, rows[i].text, is, got);
		drop(text);
	}
	uint64_t n;
	assert_false(number_parse(SPAN_LIT("12\0"), UINT64_MAX, &n));
}

static void test_clean_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t n;
		bool clean;
	} rows[] = {
#define ROW(s, clean) {s, sizeof(s) - 1, clean}
	    ROW("", true),
	    ROW("plain", true),
	    ROW("<script>&\"'", true),
	    ROW("Gr\xc3\xb6\xc3\x9f"
		"e \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x94\x91",
		true),
	    ROW("a\tb", false),
	    ROW("a\nb", false),
	    ROW("a\rb", false),
	    ROW("a\0b", false),
	    ROW("\x1b[31m", false),
	    ROW("a\x7f", false),
	    ROW("\xc2\x85", false),
	    ROW("\xc2\x9b"
		"31m",
		false),
	    ROW("\xc2\xa0", true),
	    ROW("\xff", false),
	    ROW("\xc3", false),
	    ROW("\xc3(", false),
	    ROW("\xc0\xaf", false),
	    ROW("\xe0\x80\xaf", false),
	    ROW("\xed\xa0\x80", false),
	    ROW("\xf4\x90\x80\x80", false),
	    ROW("\xf4\x8f\xbf\xbf", true),
	    ROW("\xf0\x9f\x94", false),
	    ROW("\x80", false),
#undef ROW
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span text = exact(rows[i].text, rows[i].n);
		if (text_is_clean(text) != rows[i].clean)
			fail_msg("row %zu", i);
		drop(text);
	}
}

static void test_text_for_log(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t n;
		const char *want;
	} rows[] = {
#define ROW(s, want) {s, sizeof(s) - 1, want}
	    ROW("", ""),
	    ROW("plain text", "plain text"),
	    ROW("Gr\xc3\xbc\xc3\x9f"
		"e",
		"Gr\xc3\xbc\xc3\x9f"
		"e"),
	    ROW("a\nb", "a\\x0ab"),
	    ROW("a\0b", "a\\x00b"),
	    ROW("\r\n2026 info forged", "\\x0d\\x0a2026 info forged"),
	    ROW("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
	    ROW("\x7f", "\\x7f"),
	    ROW("\xc2\x9b"
		"2J",
		"\\x9b2J"),
	    ROW("\xff\xfe", "\\xff\\xfe"),
	    ROW("\xc3", "\\xc3"),
	    ROW("abc\xe2\x80\xae"
		"fdp.exe",
		"abc\\u{202e}fdp.exe"),
	    ROW("\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}"),
	    ROW("a\xe2\x80\x8b"
		"b",
		"a\\u{200b}b"),
	    ROW("\xef\xbb\xbf", "\\u{feff}"),
	    ROW("\xf3\xa0\x81\x81", "\\u{e0041}"),
	    ROW("a\xe2\x80\xa8"
		"b",
		"a\\u{2028}b"),
#undef ROW
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span text = exact(rows[i].text, rows[i].n);
		char out[200];
		text_for_log(text, out, sizeof(out));
		assert_string_equal(out, rows[i].want);
		drop(text);
	}
	/* Whatever the room: within it, ended, and no character in half. */
	const char *long_text = "\xc3\xbc\n\xf0\x9f\x94\x91xyz\xff\xe2\x80\xae\xc3\xbc\xc3\xbc";
	for (size_t room = 1; room < 60; room++) {
		char *out = malloc(room);
		assert_non_null(out);
		memset(out, 'x', room);
		text_for_log(span_of(long_text), out, room);
		assert_true(memchr(out, '\0', room) != NULL);
		assert_true(text_is_clean(span_of(out)));
		free(out);
	}
	/* What does not fit shows that it was cut. */
	char small[8];
	text_for_log(SPAN_LIT("0123456789"), small, sizeof(small));
	assert_string_equal(small, "0123...");
}

static void test_text_holds(void **state)
{
	(void)state;
	assert_true(text_holds("Billing", SPAN_LIT("")));
	assert_true(text_holds("Billing", SPAN_LIT("bill")));
	assert_true(text_holds("BillING", SPAN_LIT("ing")));
	assert_true(text_holds("Billing", SPAN_LIT("billing")));
	assert_false(text_holds("Billing", SPAN_LIT("billings")));
	assert_false(text_holds("Billing", SPAN_LIT("x")));
	assert_false(text_holds(NULL, SPAN_LIT("x")));
	assert_false(text_holds("", SPAN_LIT("x")));
}

static void test_text_fold(void **state)
{
	static const struct {
		const char *text, *part;
		bool holds, same;
	} rows[] = {
	    {"Überweisung",	    "ÜBERWEISUNG", true,	 true },
	    {"Überweisung",
	     "u\xcc\x88"
	     "ber",				     true,  false}, /* decomposed */
	    {"U\xcc\x88"
	     "ber",	     "über",	     true,  true },
	    {"Straße",		       "STRASSE",	  true,	true },
	    {"STRASSE",			"straße",	  true,	true },
	    {"ΟΔΟΣ ΣΙΣΥΦΟΥ", "οδος",     true,  false}, /* a final sigma */
	    {"ŁÓDŹ",		     "łódź",	     true,  true },
	    {"Москва",	       "МОСК",     true,  false},
	    {"Kelvin \u212a",	      "KELVIN K",	  true,	true },
	    {"ABC é",		      "b",		   true,	 false},
	    {"Überweisung",	    "uber",	    false, false},
	    {"日本",		     "日本",	     true,  true },
	    {"日本",		     "本日",	     false, false},
	    {"\xff"
	     "Bytes",	     "\xff"
	     "BYTES", true,  true }, /* not UTF-8 */
	    {"\xff"
	     "é",	     "É",		  true,	false},
	};
	struct arena a;
	char large[5000];
	(void)state;
	arena_init(&a, 64 * 1024);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span folded = span_of(text_fold(span_of(rows[i].part), &a));
		if (text_holds(rows[i].text, folded) != rows[i].holds ||
		    text_is_folded(span_of(rows[i].text), folded) != rows[i].same)
			fail_msg("row %zu: %s in %s", i, rows[i].part, rows[i].text);
	}
	/* Longer than what is folded without memory of its own. */
	memset(large, 'x', sizeof(large));
	memcpy(large + sizeof(large) - 3, "\u00c4", 3);
	assert_true(text_holds(large, SPAN_LIT("x\u00e4")));
	assert_false(text_holds(large, SPAN_LIT("\u00e4x")));
	arena_release(&a);
}

/* --- URLs of upstreams --- */

static void test_urls(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host; /* host NULL: none */
		bool https;
		unsigned port;
		const char *path;
	} rows[] = {
	    {"http://backend",		       "backend",	  false, 80,    ""	       },
	    {"http://backend/",			"backend",	   false, 80,    ""		},
	    {"https://backend.example:8443/v1/", "backend.example", true,  8443,	"/v1"	     },
	    {"HTTPS://Backend/",		 "Backend",	    true,  443,   ""		 },
	    {"http://127.0.0.1:9000/a/b",	  "127.0.0.1",       false, 9000,  "/a/b"	  },
	    {"http://[::1]:9000/a",		    "[::1]",	     false, 9000,  "/a"	      },
	    {"http://backend/a%20b/%2F",	 "backend",	    false, 80,    "/a%20b/%2F"},
	    {"http://backend/a//b//",	      "backend",	 false, 80,    "/a//b"	   },
	    {"http://backend:65535",	     "backend",		false, 65535, ""		},
 /* none */
	    {"",				 NULL,	       false, 0,	 NULL	     },
	    {"backend",			  NULL,	      false, 0,	NULL	    },
	    {"backend:80/x",		     NULL,		   false, 0,     NULL	 },
	    {"/x",			       NULL,		 false, 0,	   NULL	       },
	    {"//backend/x",			    NULL,		  false, 0,	    NULL	},
	    {"http:",			    NULL,		    false, 0,     NULL	  },
	    {"http://",			  NULL,	      false, 0,	NULL	    },
	    {"http:///x",			  NULL,		false, 0,	  NULL	      },
	    {"http:/backend",		      NULL,		    false, 0,     NULL	  },
	    {"http:////backend",		 NULL,	       false, 0,	 NULL	     },
	    {"ftp://backend/x",			NULL,	      false, 0,	NULL	    },
	    {"file:///etc/passwd",		   NULL,		 false, 0,	   NULL	       },
	    {"gopher://backend/x",		   NULL,		 false, 0,	   NULL	       },
	    {"unix:///run/x.sock",		   NULL,		 false, 0,	   NULL	       },
	    {"javascript:alert(1)//://",	 NULL,	       false, 0,	 NULL	     },
	    {"ws://backend/",		      NULL,		    false, 0,     NULL	  },
	    {"http://user@backend/",	     NULL,		   false, 0,     NULL	 },
	    {"http://user:secret@backend/",	    NULL,		  false, 0,	    NULL	},
	    {"http://:secret@backend/",		NULL,	      false, 0,	NULL	    },
	    {"http://@backend/",		 NULL,	       false, 0,	 NULL	     },
	    {"http://:@backend/",		  NULL,		false, 0,	  NULL	      },
	    {"http://backend/x?y=1",	     NULL,		   false, 0,     NULL	 },
	    {"http://backend/x#y",		   NULL,		 false, 0,	   NULL	       },
	    {"http://backend:0/",		  NULL,		false, 0,	  NULL	      },
	    {"http://backend:65536/",	      NULL,		    false, 0,     NULL	  },
	    {"http://backend:x/",		  NULL,		false, 0,	  NULL	      },
	    {"http://backend:-1/",		   NULL,		 false, 0,	   NULL	       },
	    {"http://[::1/",		     NULL,		   false, 0,     NULL	 },
	    {"http://[::g]/",		      NULL,		    false, 0,     NULL	  },
	    {"http://back end/",		 NULL,	       false, 0,	 NULL	     },
	    {"http://backend/a b",		   NULL,		 false, 0,	   NULL	       },
	    {" http://backend/",		 NULL,	       false, 0,	 NULL	     },
	    {"http://backend/\r\nX: y",		NULL,	      false, 0,	NULL	    },
	    {"http://backend\\@evil/",	       NULL,		     false, 0,     NULL	   },
	    {"http://%eexample/",		  NULL,		false, 0,	  NULL	      },
	    {"http://b%C3%A4ckend/",	     NULL,		   false, 0,     NULL	 },
	    {"http://back%20end/",		   NULL,		 false, 0,	   NULL	       },
	    {"http://[fe80::1%25eth0]/",	 NULL,	       false, 0,	 NULL	     },
	    {"http:/back%20end://x",	     NULL,		   false, 0,     NULL	 },
	    {"http:/back%65nd://x",		    NULL,		  false, 0,	    NULL	},
	    {"http:/backend://x",		  NULL,		false, 0,	  NULL	      },
	    {"http:/backend/",		       NULL,		     false, 0,     NULL	   },
	    {"http://backend/{x}",		   NULL,		 false, 0,	   NULL	       },
	    {"http://b\xc3\xa4"
	     "ckend/",	      NULL,		   false, 0,     NULL	 },
	    {"http://backend/\x7f",		    NULL,		  false, 0,	    NULL	},
	};
	struct arena arena;
	arena_init(&arena, 1024 * 1024);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct url url = {0};
		const char *why = url_parse(rows[i].text, &arena, &url);
		if ((why == NULL) != (rows[i].host != NULL))
			fail_msg("\"%s\": %s (host %s)", rows[i].text, why ? why : "taken",
				 url.host ? url.host : "-");
		if (why) {
			assert_true(*why != '\0');
			continue;
		}
		assert_string_equal(url.host, rows[i].host);
		assert_int_equal(url.https, rows[i].https);
		assert_int_equal(url.port, rows[i].port);
		assert_string_equal(url.path, rows[i].path);
	}
	arena_release(&arena);
}

static void test_text_name_fault(void **state)
{
	static const struct {
		const char *text;
		uint32_t at; /* 0: it is a name */
	} rows[] = {
	    {"Ünïcode ☂ 日本",       0	},
	    {"👨\u200d👩\u200d👧",	0	 },
	    {"👩🏽\u200d🚀",	   0	    },
	    {"می\u200cخواهم",	      0       },
	    {"क्\u200dष",		 0	  },
	    {"क्\u200cष",		 0	  },
	    {"न\u0947",			0	 }, /* a vowel sign behind its letter */
	    {"a\u200db",			 0x200d  },
	    {"a\u200cb",			 0x200c  },
	    {"می\u200c",		 0x200c  },
	    {"\u200cخواهم",	    0x200c  },
	    {"می\u200c\u200cخواهم", 0x200c  },
	    {"ا\u200cب",		 0x200c  }, /* alef does not join to what follows it */
	    {"👨\u200d",			0x200d  },
	    {"👨\u200da",		 0x200d  },
	    {"1\u200d2",			 0x200d  },
	    {"\u0301a",			0x301   },
	    {"\u0947न",			0x947   },
	    {"\u20dda",			0x20dd  },
	    {"a\uffff",			0xffff  },
	    {"\ufdd0",		       0xfdd0  },
	    {"a\U0001fffe",		    0x1fffe },
	    {"\ue000",		       0xe000  },
	    {"a\U00100000",		    0x100000},
	    {"\u06001",			0x600   },
	    {"a\u06dd",			0x6dd   },
	    {"a\u200b",			0x200b  },
	    {"\u202ea",			0x202e  },
	    {"a\u2028b",			 0x2028  },
	    {"❤\ufe0f",			0xfe0f  },
	    {"\u2800",		       0x2800  },
	    {"\u3164",		       0x3164  },
	    {"a\ufff9",			0xfff9  },
	    {"a\U000e0041",		    0xe0041 },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		uint32_t c;
		const char *why = text_name_fault(span_of(rows[i].text), &c);
		if (c != rows[i].at || (c != 0) != (why != NULL))
			fail_msg("row %zu: U+%04X, %s", i, c, why ? why : "a name");
	}
}

static void test_url_path_fault(void **state)
{
	static const char *const good[] = {"",		 "/a/b",       "/a.b/..c/.../c..", "/a//b",
					   "/%2e%2e%2e", "/a%20b/%41", "/.well-known/x",   "/%"};
	static const char *const bad[] = {"/.",		 "/..",		"/a/../b",    "/a/./b",
					  "/a/%2e%2e/b", "/a/%2E./b",	"/.%2e",      "/a/%2e",
					  "/a%2f..%2fb", "/a%5C..%5cb", "/a/b/%2e%2E"};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(good); i++)
		if (url_path_fault(good[i]))
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		if (!url_path_fault(bad[i]))
			fail_msg("%s is taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers),	    cmocka_unit_test(test_clean_text),
	    cmocka_unit_test(test_text_for_log),    cmocka_unit_test(test_text_holds),
	    cmocka_unit_test(test_text_fold),	    cmocka_unit_test(test_url_path_fault),
	    cmocka_unit_test(test_text_name_fault), cmocka_unit_test(test_urls),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
