/* lib/base: times, digests and their notations, encodings, random values, as tables. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "exact.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_time_parse),	 cmocka_unit_test(test_time_format),
	    cmocka_unit_test(test_sha256),	 cmocka_unit_test(test_sha256_notations),
	    cmocka_unit_test(test_sha256_start), cmocka_unit_test(test_encodings),
	    cmocka_unit_test(test_random),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
