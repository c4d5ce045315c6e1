/* lib/cert's texts out of names: what a certificate can put into a subject and into its alternative
 * names, written by hand, byte by byte. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "cert/inside.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, (size_t)8 * 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* One value with a short length. */
static struct span der(uint8_t tag, struct span body)
{
	assert_in_range(body.n, 0, 127);
	char *bytes = arena_alloc(&arena, body.n + 2);
	assert_non_null(bytes);
	bytes[0] = (char)tag;
	bytes[1] = (char)body.n;
	if (body.n > 0)
		memcpy(bytes + 2, body.p, body.n);
	return span_make(bytes, body.n + 2);
}

static struct span join(struct span a, struct span b)
{
	const struct span parts[] = {a, b};
	char *bytes = arena_join(&arena, parts, 2);
	assert_non_null(bytes);
	return span_make(bytes, a.n + b.n);
}

#define CN SPAN_LIT("\x55\x04\x03")
#define O  SPAN_LIT("\x55\x04\x0a")

static struct span attribute(struct span oid, uint8_t tag, struct span value)
{
	return der(DER_SEQUENCE, join(der(DER_OID, oid), der(tag, value)));
}

/* A Name of one RDN. */
static struct span name_of(struct span attributes)
{
	return der(DER_SEQUENCE, der(DER_SET, attributes));
}

static void test_values(void **state)
{
	static const struct {
		const char *what;
		uint8_t tag;
		struct span value;
		const char *text; /* behind "CN=" */
		bool readable;	  /* by a web server */
	} rows[] = {
	    {"UTF-8",	      DER_UTF8,	SPAN_LIT("J\xc3\xb6rg"),	 "J\xc3\xb6rg",	true },
	    {"not UTF-8",	  DER_UTF8,	    SPAN_LIT("\xc3("),	       "\\xc3(",		 false},
	    {"printable",	  DER_PRINTABLE,	 SPAN_LIT("plain"),		    "plain",	     true },
	    {"IA5",		    DER_IA5,	     SPAN_LIT("plain"),		"plain",		 true },
	    {"numeric",		DER_NUMERIC,    SPAN_LIT("42"),		     "42",		   true },
	    {"visible",		DER_VISIBLE,    SPAN_LIT("plain"),		"plain",		 false},
	    {"Latin-1",		DER_TELETEX,    SPAN_LIT("caf\xe9"),		  "caf\xc3\xa9",	 true },
	    {"two bytes each",   DER_BMP,	SPAN_LIT("\0A\x20\xac"),	 "A\xe2\x82\xac",	  true },
	    {"and one over",     DER_BMP,	      SPAN_LIT("\0AB"),		"A\xef\xbf\xbd",	 false},
	    {"half a pair",	    DER_BMP,	     SPAN_LIT("\xd8\x01"),		   "\xef\xbf\xbd",	   false},
	    {"four bytes each",	DER_UNIVERSAL,  SPAN_LIT("\0\0\0A\0\1\xf6\x00"), "A\xf0\x9f\x98\x80",
	     true											   },
	    {"and one over",     DER_UNIVERSAL,  SPAN_LIT("\0\0\0AB"),		  "A\xef\xbf\xbd",	   false},
	    {"beyond Unicode",   DER_UNIVERSAL,  SPAN_LIT("\0\x11\0\0"),	      "\xef\xbf\xbd",      false},
	    {"no text",		DER_BIT_STRING, SPAN_LIT("\0\x05"),		    "#03020005",	 true },
	    {"no text either",   DER_INTEGER,    SPAN_LIT("\x05"),		      "#020105",		 false},
	    {"passes for two",   DER_UTF8,	 SPAN_LIT("a,O=b+C=c\\"),	  "a\\,O=b\\+C=c\\\\", true },
	    {"passes for bytes", DER_UTF8,	   SPAN_LIT("#0500"),		      "\\#0500",		 true },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span name = name_of(attribute(CN, rows[i].tag, rows[i].value));
		const char *text = name_text(&arena, name);
		if (!text || strncmp(text, "CN=", 3) != 0 || strcmp(text + 3, rows[i].text) != 0)
			fail_msg("%s: %s", rows[i].what, text);
		if (name_is_readable(name) != rows[i].readable)
			fail_msg("%s: readable", rows[i].what);
	}
}

/* Types of attributes that have a name, and the numbers of others. */
static void test_types(void **state)
{
	static const struct {
		struct span oid;
		const char *text;
	} rows[] = {
	    {SPAN_LIT("\x55\x04\x0b"),				       "OU"			   },
	    {SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"),	       "emailAddress"	     },
	    {SPAN_LIT("\x27"),					     "0.39"		     },
	    {SPAN_LIT("\x28"),					     "1.0"			    },
	    {SPAN_LIT("\x50"),					     "2.0"			    },
	    {SPAN_LIT("\x88\x37\x03"),				       "2.999.3"			},
	    {SPAN_LIT("\x2a\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),     "1.2.18446744073709551615"},
	    {SPAN_LIT("\x2a\x84\x80\x80\x80\x80\x80\x80\x80\x80\x00\x01"), "1.2.?"			  },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const char *text =
		    name_text(&arena, name_of(attribute(rows[i].oid, DER_UTF8, SPAN_LIT("x"))));
		if (!text || strcmp(text, arena_printf(&arena, "%s=x", rows[i].text)) != 0)
			fail_msg("%s: %s", rows[i].text, text);
	}
}

/* The last RDN comes first; one of several attributes keeps their order. */
static void test_order(void **state)
{
	(void)state;
	struct span a = attribute(CN, DER_UTF8, SPAN_LIT("a")),
		    b = attribute(O, DER_UTF8, SPAN_LIT("b"));
	assert_string_equal(name_text(&arena, name_of(join(a, b))), "CN=a+O=b");
	assert_string_equal(
	    name_text(&arena, der(DER_SEQUENCE, join(der(DER_SET, a), der(DER_SET, b)))),
	    "O=b,CN=a");
	assert_string_equal(name_text(&arena, der(DER_SEQUENCE, SPAN_LIT(""))), "");
}

static void test_no_names(void **state)
{
	(void)state;
	struct span a = attribute(CN, DER_UTF8, SPAN_LIT("a"));
	const struct span rows[] = {
	    SPAN_LIT(""),
	    der(DER_SET, der(DER_SET, a)),
	    join(name_of(a), SPAN_LIT("\x05\x00")),
	    der(DER_SEQUENCE, a),
	    name_of(SPAN_LIT("")), /* an RDN of nothing */
	    name_of(der(DER_SET, SPAN_LIT(""))),
	    name_of(der(DER_SEQUENCE, SPAN_LIT(""))),
	    name_of(der(DER_SEQUENCE, der(DER_OID, CN))),
	    name_of(der(DER_SEQUENCE, der(DER_UTF8, SPAN_LIT("a")))),
	    name_of(join(a, SPAN_LIT("\x05\x00"))),
	    name_of(der(DER_SEQUENCE, join(join(der(DER_OID, CN), der(DER_UTF8, SPAN_LIT("a"))),
					   SPAN_LIT("\x05\x00")))),
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (name_text(&arena, rows[i]))
			fail_msg("row %zu is a name", i);
	/* Nor without memory. */
	struct arena small;
	arena_init(&small, 8);
	assert_null(name_text(&small, name_of(a)));
	arena_release(&small);
}

/* RFC 5280, 4.2.1.6 */
static void test_alternative_names(void **state)
{
	static const struct {
		uint8_t tag;
		struct span body;
		const char *text; /* NULL: no such name */
	} rows[] = {
	    {0x81, SPAN_LIT("a@example.net"),					      "email:a@example.net"},
	    {0x82, SPAN_LIT("a.example.net"),					      "DNS:a.example.net"	 },
	    {0x82, SPAN_LIT("a\n.example"),					     "DNS:a\\x0a.example" },
	    {0x86, SPAN_LIT("urn:a:b"),						 "URI:urn:a:b"	     },
	    {0x87, SPAN_LIT("\xc0\x00\x02\x07"),					 "IP:192.0.2.7"       },
	    {0x87, SPAN_LIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),		   "IP:2001:db8::1"	   },
	    {0x87, SPAN_LIT("\xc0\x00\x02"),					     "IP:c00002"		},
	    {0x87, SPAN_LIT(""),							"IP:"		      },
	    {0xa4, SPAN_LIT("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03who"),
	     "DN:CN=who"										     },
	    {0xa4, SPAN_LIT("\x30\x0e\x31\x0c"),					 NULL		     },
	    {0xa0, SPAN_LIT("\x06\x03\x2a\x03\x04\xa0\x03\x0c\x01u"),		      "other:1.2.3.4"	     },
	    {0xa0, SPAN_LIT("\x0c\x01u"),					       NULL		      },
	    {0x88, SPAN_LIT("\x2a\x03\x04"),					     "other:[8]"		},
	    {0xa3, SPAN_LIT(""),							"other:[3]"	    },
	    {0x0c, SPAN_LIT("a"),						       NULL		      },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct cert c = {0};
		bool good =
		    general_names(&arena, der(DER_SEQUENCE, der(rows[i].tag, rows[i].body)), &c);
		if (good != (rows[i].text != NULL) ||
		    (good && (c.n_names != 1 || strcmp(c.names[0], rows[i].text) != 0)))
			fail_msg("row %zu: %d %s", i, good, good ? c.names[0] : "");
	}
	struct cert c = {0};
	assert_true(general_names(&arena, der(DER_SEQUENCE, SPAN_LIT("")), &c));
	assert_int_equal(c.n_names, 0);
	assert_false(general_names(&arena, der(DER_SET, SPAN_LIT("")), &c));
	assert_false(general_names(&arena, der(DER_SEQUENCE, SPAN_LIT("\x82\x05x")), &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_values, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_types, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_names, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_alternative_names, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
