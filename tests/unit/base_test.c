/* lib/base: what everything else stands on, as tables. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/field.h"
#include "base/hash.h"
#include "base/home.h"
#include "base/seal.h"
#include "base/text.h"
#include "base/url.h"
#include <sys/stat.h>

/* A block of exactly the size: one byte too far is found by the sanitizer. */
static struct span exact(const char *text, size_t n)
{
	char *p = malloc(n ? n : 1);
	assert_non_null(p);
	if (n > 0)
		memcpy(p, text, n);
	return span_make(p, n);
}

static void drop(struct span s)
{
	free((void *)(uintptr_t)s.p);
}

/* --- times --- */

#define NO_TIME INT64_MIN

static void test_time_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
	    {"1970-01-01T00:00:00Z",	     0		      },
	    {"1970-01-01t00:00:00z",	     0		      },
	    {"1970-01-01 00:00:00Z",	     0		      },
	    {"1969-12-31T23:59:59Z",	     -1		       },
	    {"2026-11-25T13:00:00Z",	     1795611600	       },
	    {"2026-11-25T13:00:00.999999999Z", 1795611600	 },
	    {"2026-11-25T14:30:00+01:30",	  1795611600	    },
	    {"2026-11-25T11:30:00-01:30",	  1795611600	    },
	    {"2026-11-25T13:00:00-00:00",	  1795611600	    },
	    {"2026-11-25T13:00:00+23:59",	  1795611600 - 86340},
	    {"2000-02-29T00:00:00Z",	     951782400	      },
	    {"2024-02-29T12:00:00Z",	     1709208000	       },
	    {"1972-06-30T23:59:59Z",	     78796799	     },
	    {"1972-06-30T23:59:60Z",	     78796800	     },
	    {"2016-12-31T23:59:60Z",	     1483228800	       },
	    {"2017-01-01T00:59:60+01:00",	  1483228800	    },
	    {"2016-12-31T15:59:60.5-08:00",    1483228800	      },
	    {"9999-12-31T23:59:59Z",	     253402300799	 },
	    {"0000-01-01T00:00:00Z",	     -62167219200	 },
	    {"0001-01-01T00:00:00Z",	     -62135596800	 },
 /* none */
	    {"",			       NO_TIME		},
	    {"2026",			   NO_TIME	    },
	    {"2026-11-25",			   NO_TIME		  },
	    {"2026-11-25T13:00Z",		  NO_TIME		 },
	    {"2026-11-25T13:00:00",	    NO_TIME	   },
	    {"2026-11-25T13:00:00Z ",	      NO_TIME	     },
	    {" 2026-11-25T13:00:00Z",	      NO_TIME	     },
	    {"2026-11-25T13:00:00ZZ",	      NO_TIME	     },
	    {"2026-11-25T13:00:00.Z",	      NO_TIME	     },
	    {"2026-11-25T13:00:00,5Z",	       NO_TIME	      },
	    {"2026-11-25T13:00:00+0100",	 NO_TIME		},
	    {"2026-11-25T13:00:00+01",	       NO_TIME	      },
	    {"2026-11-25T13:00:00+24:00",	  NO_TIME		 },
	    {"2026-11-25T13:00:00+01:60",	  NO_TIME		 },
	    {"2026-11-25T24:00:00Z",	     NO_TIME	    },
	    {"2026-11-25T13:60:00Z",	     NO_TIME	    },
	    {"2026-11-25T13:00:61Z",	     NO_TIME	    },
	    {"2026-11-25T13:00:60Z",	     NO_TIME	    },
	    {"2016-12-31T23:59:60+01:00",	  NO_TIME		 },
	    {"2026-00-25T13:00:00Z",	     NO_TIME	    },
	    {"2026-13-25T13:00:00Z",	     NO_TIME	    },
	    {"2026-11-00T13:00:00Z",	     NO_TIME	    },
	    {"2026-11-31T13:00:00Z",	     NO_TIME	    },
	    {"2026-02-29T13:00:00Z",	     NO_TIME	    },
	    {"1900-02-29T13:00:00Z",	     NO_TIME	    },
	    {"2026-02-30T23:59:60Z",	     NO_TIME	    },
	    {"2026-02-30T23:59:59Z",	     NO_TIME	    },
	    {"99999-01-01T00:00:00Z",	      NO_TIME	     },
	    {"-001-01-01T00:00:00Z",	     NO_TIME	    },
	    {"+026-11-25T13:00:00Z",	     NO_TIME	    },
	    {"2026-1 -25T13:00:00Z",	     NO_TIME	    },
	    {"9999-12-31T23:59:60Z",	     NO_TIME	    },
	    {"9999-12-31T23:59:59-00:01",	  NO_TIME		 },
	    {"0000-01-01T00:00:00+00:01",	  NO_TIME		 },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span text = exact(rows[i].text, strlen(rows[i].text));
		int64_t got = 4711;
		bool is = rfc3339_parse(text, &got);
		if (is != (rows[i].want != NO_TIME) || (is ? got != rows[i].want : got != 4711))
			fail_msg("\"%s\": %d %" PRId64, rows[i].text, is, got);
		drop(text);
	}
	/* A NUL within. */
	int64_t t;
	assert_false(rfc3339_parse(SPAN_LIT("2026-11-25T13:00:00\0"), &t));
	assert_false(rfc3339_parse(SPAN_LIT("2026-11-25T13:00:00Z\0"), &t));
	assert_false(rfc3339_parse(SPAN_LIT("2026\0"
					    "11-25T13:00:00Z"),
				   &t));
}

static void test_time_format(void **state)
{
	(void)state;
	static const struct {
		int64_t t;
		const char *want;
	} rows[] = {
	    {0,		"1970-01-01T00:00:00Z"},
	    {-1,		 "1969-12-31T23:59:59Z"},
	    {1483228800,	 "2017-01-01T00:00:00Z"},
	    {-62135596800, "0001-01-01T00:00:00Z"},
	    {-62167219200, "0000-01-01T00:00:00Z"},
	    {253402300799, "9999-12-31T23:59:59Z"},
	    {253402300800, ""		     },
	    {-62167219201, ""		     },
	    {INT64_MAX,	""			  },
	    {INT64_MIN,	""			  },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		char text[RFC3339_TEXT + 1];
		memset(text, 'x', sizeof(text));
		assert_int_equal(rfc3339_format(rows[i].t, text), *rows[i].want != '\0');
		assert_string_equal(text, rows[i].want);
	}
	/* There and back, over all months and both ends of a leap year. */
	for (int64_t t = 946684800; t < 946684800 + INT64_C(5) * 366 * 86400; t += 40009) {
		char text[RFC3339_TEXT + 1];
		int64_t back;
		assert_true(rfc3339_format(t, text));
		assert_true(rfc3339_parse(span_of(text), &back));
		assert_true(back == t);
	}
}

/* --- digests and their notations --- */

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SPLIT(s)                                                                                   \
	"ba" s "78" s "16" s "bf" s "8f" s "01" s "cf" s "ea" s "41" s "41" s "40" s "de" s "5d" s \
	"ae" s "22" s "23" s "b0" s "03" s "61" s "a3" s "96" s "17" s "7a" s "9c" s "b4" s "10" s \
	"ff" s "61" s "f2" s "00" s "15" s "ad"

static void test_sha256(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
  /* FIPS 180-4 */
	    {"",							 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    {"abc",						      DIGEST							    },
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"							       },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct sha256 digest;
		char hex[SHA256_HEX + 1];
		assert_int_equal(sha256_of(span_of(rows[i].text), &digest), CG_OK);
		hex_format(digest.b, SHA256_BYTES, hex);
		assert_string_equal(hex, rows[i].want);
	}
}

static void test_sha256_notations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
	    {DIGEST,								    true },
	    {"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",	 true },
	    {SPLIT(":"),								true },
	    {SPLIT(" "),								true },
	    {"  " DIGEST "\r\n",							true },
	    {"sha256:" DIGEST,							  true },
	    {"SHA256:" DIGEST,							  true },
	    {"sha256=" DIGEST,							  true },
	    {"SHA256 Fingerprint=" SPLIT(":"),					       true },
	    {"sha256 Fingerprint=" SPLIT(":") "\n",					    true },
	    {"SHA256 Fingerprint: " SPLIT(":"),						true },
 /* grouped, as pages show it */
	    {"ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad", true },
 /* none */
	    {"",									false},
	    {"sha256:",								 false},
	    {"sha1:" DIGEST,							    false},
	    {"SHA1 Fingerprint=" SPLIT(":"),					     false},
	    {DIGEST "0",								false},
	    {DIGEST "00",							       false},
	    {"a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",		false},
	    {"ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",	 false},
	    {"0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",	   false},
	    {"b:a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",	  false},
	    {SPLIT("-"),								false},
	    {SPLIT("\n"),							       false},
 /* 40 digits are SHA-1, and never a fingerprint here */
	    {"a9993e364706816aba3e25717850c26c9cd0d89d",				 false},
	    {"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",			     false},
 /* base64url, 43 characters; the last one has two bits that must be zero */
	    {"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",				    true },
	    {" ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\n",			       true },
	    {"sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",			   true },
	    {"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa1",				    false},
	    {"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa",				   false},
	    {"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa00",			     false},
	    {"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",			     false},
	    {"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",				    false},
	};
	struct sha256 want = {{0}};
	assert_true(hex_parse(SPAN_LIT(DIGEST), want.b, SHA256_BYTES));
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span text = exact(rows[i].text, strlen(rows[i].text));
		struct sha256 got = {{0}}, untouched = {{0}};
		bool is = sha256_parse(text, &got);
		if (is != rows[i].is || memcmp(&got, is ? &want : &untouched, sizeof(got)) != 0)
			fail_msg("\"%s\": %d", rows[i].text, is);
		drop(text);
	}
	char x5t[SHA256_X5T + 1];
	x5t_format(&want, x5t);
	assert_string_equal(x5t, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
	assert_false(sha256_parse(SPAN_LIT(DIGEST "\0"), &want));
	assert_false(sha256_parse(SPAN_LIT("\0" DIGEST), &want));
}

/* --- encodings: the vectors of RFC 4648 section 10 --- */

static const struct {
	const char *plain, *base64, *base32, *hex;
} rfc4648[] = {
    {"",	 "",	     "",		 ""		   },
    {"f",	  "Zg==",	  "my",		"66"	    },
    {"f\x6f",  "Zm8=",     "mzxq",	      "666f"	    },
    {"foo",    "Zm9v",	    "mzxw6",	     "666f6f"	     },
    {"foob",   "Zm9vYg==", "mzxw6yq",    "666f6f62"    },
    {"fooba",  "Zm9vYmE=", "mzxw6ytb",   "666f6f6261"  },
    {"foobar", "Zm9vYmFy", "mzxw6ytboi", "666f6f626172"},
};

static void test_encodings(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 4096);
	for (size_t i = 0; i < CG_COUNT(rfc4648); i++) {
		struct span plain = exact(rfc4648[i].plain, strlen(rfc4648[i].plain));
		const uint8_t *bytes = (const uint8_t *)plain.p;
		char text[32];
		uint8_t back[16];
		char *base64 = base64_format(&arena, plain);
		assert_non_null(base64);
		assert_string_equal(base64, rfc4648[i].base64);
		base32_format(bytes, plain.n, text);
		assert_string_equal(text, rfc4648[i].base32);
		hex_format(bytes, plain.n, text);
		assert_string_equal(text, rfc4648[i].hex);
		assert_true(hex_parse(span_of(text), back, plain.n));
		assert_memory_equal(back, bytes, plain.n);
		drop(plain);
	}
	/* Every byte, and the two signs that other alphabets have otherwise. */
	assert_string_equal(base64_format(&arena, SPAN_LIT("\xfb\xef\xff")), "++//");
	for (unsigned b = 0; b < 256; b++) {
		uint8_t byte = (uint8_t)b, back;
		char text[3];
		hex_format(&byte, 1, text);
		assert_true(hex_parse(span_make(text, 2), &back, 1));
		assert_int_equal(back, b);
		assert_int_equal(hex_digit((char)b) >= 0, (b >= '0' && b <= '9') ||
							      (b >= 'a' && b <= 'f') ||
							      (b >= 'A' && b <= 'F'));
	}
	uint8_t two[2] = {7, 7};
	static const char *const not_hex[] = {"",     "1",    "123",  "12345", "12g4",
					      " 123", "0x12", "+123", "1:23"};
	for (size_t i = 0; i < CG_COUNT(not_hex); i++)
		assert_false(hex_parse(span_of(not_hex[i]), two, 2));
	assert_true(two[0] == 7 && two[1] == 7);
	/* More than fits. */
	char *much = calloc(1, 4096);
	assert_non_null(much);
	assert_null(base64_format(&arena, span_make(much, 4096)));
	assert_true(arena.failed);
	free(much);
	arena_release(&arena);
}

static void test_random(void **state)
{
	(void)state;
	char ids[64][ID_TEXT + 1], tokens[64][TOKEN_TEXT + 1];
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	for (size_t i = 0; i < CG_COUNT(ids); i++) {
		assert_int_equal(random_id(ids[i]), CG_OK);
		assert_int_equal(random_token(tokens[i]), CG_OK);
		assert_int_equal(strlen(ids[i]), ID_TEXT);
		assert_int_equal(strlen(tokens[i]), TOKEN_TEXT);
		assert_int_equal(strspn(ids[i], alphabet), ID_TEXT);
		assert_int_equal(strspn(tokens[i], alphabet), TOKEN_TEXT);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(ids[i], ids[j]);
			assert_string_not_equal(tokens[i], tokens[j]);
		}
	}
	assert_true(same_secret(SPAN_LIT("abc"), SPAN_LIT("abc")));
	assert_true(same_secret(SPAN_LIT(""), SPAN_LIT("")));
	assert_false(same_secret(SPAN_LIT("abc"), SPAN_LIT("abd")));
	assert_false(same_secret(SPAN_LIT("abc"), SPAN_LIT("ab")));
	assert_false(same_secret(SPAN_LIT(""), SPAN_LIT("a")));
	assert_false(same_secret(SPAN_LIT("a\0b"), SPAN_LIT("a\0c")));
}

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

static void test_sha256_start(void **state)
{
	static const struct {
		const char *text, *digits;
		size_t n;
	} rows[] = {
	    {"AB:CD",			      "abcd",     4 },
	    {"ab:cd:e",			    "abcde",	 5 },
	    {"AB:CD:",			     "abcd",     4 },
	    {" SHA256 Fingerprint=AB:CD:01",	     "abcd01",   6 },
	    {"sha256:ABCD 0123",			 "abcd0123", 8 },
	    {"AB:C",			       "",	 3 },
	    {"",				   "",	     0 },
	    {"AB:XY:00",			   "",	     0 },
	    {"00112233445566778899aabbccddeeff00", "",	       34},
	};
	char out[SHA256_HEX + 1];
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		size_t n = sha256_start(span_of(rows[i].text), out);
		if (n != rows[i].n || strcmp(out, rows[i].digits) != 0)
			fail_msg("%s: %zu digits, %s", rows[i].text, n, out);
	}
}

/* --- memory --- */

/* Texts of every length, at the end of a block and after one, also from the second use on. */
static void test_arena_texts(void **state)
{
	(void)state;
	struct arena a;
	char *texts[300];
	arena_init(&a, 1024 * 1024);
	for (int use = 0; use < 3; use++) {
		for (int i = 0; i < 300; i++)
			texts[i] = arena_printf(&a, "%0*d", 1 + (i * 37) % 700, i);
		for (int i = 0; i < 300; i++) {
			assert_non_null(texts[i]);
			assert_int_equal(strlen(texts[i]),
					 snprintf(NULL, 0, "%0*d", 1 + (i * 37) % 700, i));
			assert_int_equal(strtol(texts[i], NULL, 10), i);
		}
		char *large = arena_printf(&a, "%020000d", 7);
		assert_int_equal(strlen(large), 20000);
		arena_clear(&a);
		const char *zeroed = arena_alloc(&a, 4000);
		for (int i = 0; i < 4000; i++)
			assert_int_equal(zeroed[i], 0);
	}
	arena_release(&a);
}

/* An array that grows keeps what is in it; what does not fit leaves it as it was. */
static void test_arena_array(void **state)
{
	(void)state;
	struct arena a;
	uint32_t *items = NULL;
	size_t n = 0, room = 0;
	arena_init(&a, 100000);
	for (;;) {
		uint32_t *grown = arena_grow(&a, items, n, &room, sizeof(*items));
		if (!grown)
			break;
		items = grown;
		assert_in_range(room, n + 1, 100000 / sizeof(*items));
		assert_int_equal(items[n], 0);
		items[n] = (uint32_t)n * 7;
		n++;
	}
	assert_in_range(n, 1000, 100000 / sizeof(*items));
	assert_int_equal(room, n);
	assert_true(a.failed);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(items[i], i * 7);
	arena_release(&a);
}

static void test_arena(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 100000);
	char *text = arena_strdup(&a, "kept");
	assert_non_null(text);
	for (size_t i = 1; i < 300; i++) {
		unsigned char *p = arena_alloc(&a, i % 90);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i % 90; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xaa, i % 90);
	}
	assert_string_equal(text, "kept");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	char *copy = arena_copy(&a, SPAN_LIT("a\0b"));
	assert_memory_equal(copy, "a\0b", 4);
	assert_non_null(arena_copy(&a, span_make(NULL, 0)));
	/* One that is larger than a block. */
	char *big = arena_alloc(&a, 50000);
	assert_non_null(big);
	memset(big, 1, 50000);
	assert_false(a.failed);
	/* The ceiling counts over all. */
	assert_null(arena_alloc(&a, 50000));
	assert_true(a.failed);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_copy(&a, span_make("x", SIZE_MAX)));
	assert_string_equal(text, "kept");
	arena_clear(&a);
	assert_false(a.failed);
	assert_int_equal(a.used_bytes, 0);
	/* To the last byte, never beyond. */
	size_t got = 0;
	while (arena_alloc(&a, 1000))
		got += 1000;
	assert_true(got >= 98000 && got <= 100000 && a.used_bytes <= 100000);
	arena_release(&a);
	arena_init(&a, 0);
	assert_null(arena_alloc(&a, 1));
	assert_null(arena_printf(&a, "x"));
	assert_true(a.failed);
	arena_release(&a);
}

static void test_buf(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1000);
	assert_int_equal(buf_span(&b).n, 0);
	buf_add(&b, span_make(NULL, 0));
	for (int i = 0; i < 100; i++)
		buf_add_text(&b, "0123456789");
	assert_false(b.failed);
	assert_int_equal(b.n, 1000);
	assert_int_equal(b.p[1000], '\0');
	/* One more byte: nothing half-built is left, and nothing can be added to it. */
	buf_add_char(&b, 'x');
	assert_true(b.failed);
	assert_int_equal(b.n, 0);
	buf_add_text(&b, "again");
	assert_true(b.failed);
	assert_int_equal(b.n, 0);
	buf_release(&b);
	buf_init(&b, 100000);
	buf_printf(&b, "%s|%d", "a", 1);
	assert_string_equal(b.p, "a|1");
	/* Longer than what is on the stack. */
	buf_printf(&b, "%05000d", 7);
	assert_int_equal(b.n, 3 + 5000);
	assert_int_equal(b.p[b.n - 1], '7');
	buf_printf(&b, "%0200000d", 7);
	assert_true(b.failed);
	buf_release(&b);
	buf_init(&b, 10);
	buf_add(&b, span_make("x", SIZE_MAX));
	assert_true(b.failed);
	buf_release(&b);
}

static void test_spans(void **state)
{
	(void)state;
	static const char *const want[] = {"a", "", "b", ""};
	struct span rest = SPAN_LIT("a,,b,"), part = SPAN_LIT("");
	for (size_t i = 0; i < CG_COUNT(want); i++) {
		assert_true(span_next(&rest, ',', &part));
		assert_true(span_is_text(part, want[i]));
	}
	assert_false(span_next(&rest, ',', &part));
	assert_true(span_is(span_trim(SPAN_LIT(" \t\r\n")), SPAN_LIT("")));
	assert_true(span_is(span_trim(SPAN_LIT(" a b ")), SPAN_LIT("a b")));
	assert_true(span_is(span_trim(SPAN_LIT("\0 ")), SPAN_LIT("\0")));
	assert_true(span_is(span_from(SPAN_LIT("abc"), 4), SPAN_LIT("")));
	assert_true(span_is(span_from(SPAN_LIT("abc"), 1), SPAN_LIT("bc")));
	assert_false(span_is(SPAN_LIT("a\0b"), SPAN_LIT("a\0c")));
	assert_true(span_is_nocase(SPAN_LIT("BeArer"), SPAN_LIT("bearer")));
	assert_true(span_starts(SPAN_LIT("abc"), SPAN_LIT("")));
	assert_false(span_starts(SPAN_LIT("ab"), SPAN_LIT("abc")));
}

/* --- errors --- */

static void test_errors(void **state)
{
	(void)state;
	struct cg_err err = {0}, more = {0};
	char field[200];
	unsigned n = 0;
	for (int i = 0; i < 2 * FAULTS_MAX; i++) {
		(void)snprintf(field, sizeof(field), "field[%d]", i);
		assert_int_equal(cg_fail_field(&err, field, "is %d", i), CG_BAD_VALUE);
	}
	assert_int_equal(err.n_fields, FAULTS_MAX);
	assert_int_equal(err.n_more, FAULTS_MAX);
	assert_string_equal(err.text, "field[0]: is 0");
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(&err, &f); n++) {
		(void)snprintf(field, sizeof(field), "field[%u]is %u", n, n);
		assert_true(strncmp(field, f.field, strlen(f.field)) == 0);
		assert_string_equal(field + strlen(f.field), f.text);
	}
	assert_int_equal(n, FAULTS_MAX);
	assert_true(cg_err_names(&err, "field[7]"));
	assert_false(cg_err_names(&err, "field[100]"));
	cg_err_add(&more, &err);
	assert_int_equal(more.n_fields, FAULTS_MAX);
	assert_int_equal(more.n_more, FAULTS_MAX);
	/* Long ones are cut, and the list never runs over. */
	memset(field, 'y', sizeof(field) - 1);
	field[sizeof(field) - 1] = '\0';
	err = (struct cg_err){0};
	for (int i = 0; i < 50; i++)
		(void)cg_fail_field(&err, field, "%0900d", 1);
	assert_true(err.used <= sizeof(err.list) && err.n_fields >= 8);
	assert_int_equal(err.n_fields + err.n_more, 50);
	struct cg_fault f = {NULL, NULL};
	assert_true(cg_err_next(&err, &f));
	assert_int_equal(strlen(f.field), CG_FAULT_FIELD - 1);
	assert_int_equal(strlen(f.text), CG_FAULT_TEXT - 1);
	/* A clash keeps its code while nothing but clashes is wrong. */
	err = (struct cg_err){0};
	assert_int_equal(cg_fail_clash(&err, "name_in_use", "name", "Taken."), CG_CLASH);
	assert_int_equal(cg_fail_clash(&err, "other", "path", "Taken, too."), CG_CLASH);
	assert_string_equal(err.text, "Taken.");
	assert_string_equal(err.code, "name_in_use");
	assert_int_equal(err.n_fields, 2);
	(void)cg_fail_field(&err, "x", "is missing");
	assert_null(err.code);
	assert_int_equal(cg_worse(CG_CLASH, CG_BAD_VALUE), CG_BAD_VALUE);
	assert_int_equal(cg_worse(CG_BAD_INPUT, CG_BAD_VALUE), CG_BAD_INPUT);
	assert_int_equal(cg_worse(CG_OK, CG_CLASH), CG_CLASH);
	assert_int_equal(cg_worse(CG_BAD_INPUT, CG_UNAVAILABLE), CG_UNAVAILABLE);
	assert_int_equal(cg_worse(CG_FAIL, CG_OK), CG_FAIL);
	assert_int_equal(cg_fail_code(&err, CG_CLASH, "name_in_use", "%0900d", 1), CG_CLASH);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.code, "name_in_use");
	assert_int_equal(cg_fail(NULL, CG_STALE, "nobody asks"), CG_STALE);
	assert_int_equal(cg_fail_field(NULL, "x", "nobody asks"), CG_BAD_VALUE);
	assert_int_equal(cg_fail_clash(NULL, "c", "x", "nobody asks"), CG_CLASH);
	assert_int_equal(cg_fail_memory(NULL), CG_UNAVAILABLE);
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

/* --- the data folder --- */

static void test_home(void **state)
{
	(void)state;
	struct home home;
	struct cg_err err = {0};
	char dir[] = "/tmp/cgh.XXXXXX", path[64];
	assert_int_equal(unsetenv("CERTGATE_HOME"), 0);
	assert_int_equal(home_find(NULL, &home, &err), CG_BAD_INPUT);
	assert_int_equal(home_find("", &home, &err), CG_BAD_INPUT);
	assert_int_equal(home_find("/srv/cg//", &home, &err), CG_OK);
	assert_string_equal(home.dir, "/srv/cg");
	assert_string_equal(home.keys, "/srv/cg/keys");
	assert_int_equal(setenv("CERTGATE_HOME", "/srv/env", 1), 0);
	assert_int_equal(home_find(NULL, &home, &err), CG_OK);
	assert_string_equal(home.db, "/srv/env/db");
	assert_int_equal(home_find("rel", &home, &err), CG_OK);
	assert_true(home.dir[0] == '/' && strstr(home.dir, "/rel"));
	char *long_name = calloc(1, 2 * HOME_PATH_MAX);
	assert_non_null(long_name);
	memset(long_name, 'x', 2 * HOME_PATH_MAX - 1);
	long_name[0] = '/';
	assert_int_equal(home_find(long_name, &home, &err), CG_BAD_INPUT);
	free(long_name);
	/* Folders: there, private, and of this user. */
	assert_non_null(mkdtemp(dir));
	assert_int_equal(home_find(dir, &home, &err), CG_OK);
	const char *folders[] = {home.dir, home.db, home.run, home.keys};
	for (size_t i = 1; i < CG_COUNT(folders); i++) {
		assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
		assert_non_null(strstr(err.text, folders[i]));
		assert_int_equal(mkdir(folders[i], 0700), 0);
	}
	assert_int_equal(home_check(&home, &err), CG_OK);
	for (size_t i = 0; i < CG_COUNT(folders); i++)
		for (mode_t bit = 1; bit < 0100; bit <<= 1) {
			assert_int_equal(chmod(folders[i], 0700 | bit), 0);
			assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
			assert_non_null(strstr(err.text, "chmod 700"));
			assert_int_equal(chmod(folders[i], 0700), 0);
		}
	if (geteuid() == 0) {
		assert_int_equal(chown(home.run, 65534, 65534), 0);
		assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
		assert_non_null(strstr(err.text, "another user"));
	}
	assert_int_equal(rmdir(home.run), 0);
	(void)snprintf(path, sizeof(path), "%s/run", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(home.db), 0);
	assert_int_equal(rmdir(home.keys), 0);
	assert_int_equal(rmdir(home.dir), 0);
}

static void test_fields(void **state)
{
	static const struct {
		const char *name;
		bool hop, order, identity, plain;
	} rows[] = {
	    {"Connection",	   true,	 false, false, true },
	    {"TE",		   true,	 false, false, true },
	    {"tea",		    false, false, false, true },
	    {"STATUS",	       false, true,  false, true },
	    {"X-Accel-Redirect",	 false, true,  false, true },
	    {"X-Accel-",		 false, true,  false, true },
	    {"x-certgate-key-id",	  false, false, true,  true },
	    {"X-Forwarded-For",	false, false, true,  true },
	    {"Client-Cert",	    false, false, true,	true },
	    {"Client-Certificates", false, false, false, true },
	    {"X_Forwarded_For",	false, false, false, false},
	    {"a b",		    false, false, false, false},
	    {"a:",		   false, false, false, false},
	    {"",		    false, false, false, false},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span name = span_of(rows[i].name);
		assert_int_equal(field_is_hop(name), rows[i].hop);
		assert_int_equal(field_is_cgi_order(name), rows[i].order);
		assert_int_equal(field_is_identity(name), rows[i].identity);
		assert_int_equal(field_is_plain(name), rows[i].plain);
	}
}

static void test_seal(void **state)
{
	struct arena a;
	struct seal_key key, other;
	struct span sealed, again, plain;
	uint8_t bytes[32] = {1, 2, 3};
	char changed[256];
	(void)state;
	arena_init(&a, 65536);
	assert_int_equal(seal_key_from(bytes, &key, NULL), CG_OK);
	bytes[31] = 1;
	assert_int_equal(seal_key_from(bytes, &other, NULL), CG_OK);
	struct span secret = SPAN_LIT("the secret"), place = SPAN_LIT("id field");
	assert_int_equal(seal_close(&key, secret, place, &a, &sealed, NULL), CG_OK);
	assert_int_equal(seal_close(&key, secret, place, &a, &again, NULL), CG_OK);
	assert_false(span_is(sealed, again));
	assert_int_equal(seal_open(&key, sealed, place, &a, &plain, NULL), CG_OK);
	assert_true(span_is(plain, secret));
	assert_int_equal(seal_open(&other, sealed, place, &a, &plain, NULL), CG_BAD_VALUE);
	assert_int_equal(seal_open(&key, sealed, SPAN_LIT("id2 field"), &a, &plain, NULL),
			 CG_BAD_VALUE);
	for (size_t i = 0; i < sealed.n; i++) {
		memcpy(changed, sealed.p, sealed.n);
		changed[i] ^= 1;
		assert_int_equal(
		    seal_open(&key, span_make(changed, sealed.n), place, &a, &plain, NULL),
		    CG_BAD_VALUE);
		assert_int_equal(seal_open(&key, span_make(sealed.p, i), place, &a, &plain, NULL),
				 CG_BAD_VALUE);
	}
	seal_key_wipe(&key);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_time_parse),
	    cmocka_unit_test(test_time_format),
	    cmocka_unit_test(test_sha256),
	    cmocka_unit_test(test_sha256_notations),
	    cmocka_unit_test(test_encodings),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_clean_text),
	    cmocka_unit_test(test_text_for_log),
	    cmocka_unit_test(test_text_holds),
	    cmocka_unit_test(test_text_fold),
	    cmocka_unit_test(test_sha256_start),
	    cmocka_unit_test(test_text_name_fault),
	    cmocka_unit_test(test_url_path_fault),
	    cmocka_unit_test(test_arena_texts),
	    cmocka_unit_test(test_arena),
	    cmocka_unit_test(test_arena_array),
	    cmocka_unit_test(test_buf),
	    cmocka_unit_test(test_spans),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_urls),
	    cmocka_unit_test(test_home),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_seal),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
