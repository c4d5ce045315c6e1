/* lib/upstream: the addresses that may not be connected. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "upstream/allowed.h"
#include <arpa/inet.h>
#include <netinet/in.h>

/* However an address is written, and whoever brings a connection there. */
static void denied_addresses_are_known_in_every_form(void **state)
{
	static const struct {
		const char *address, *allow, *deny;
		bool may;
	} rows[] = {
	    {"127.0.0.1",			  "",	      "",		  true },
	    {"::1",			    "",		"",	    true },
	    {"::ffff:127.0.0.1",		 "",	     "",		 true },
	    {"8.8.8.8",			"",	    "",		true },
	    {"2001:db8::1",		    "",		"",	    true },
	    {"2001:4860:a9fe:a9fe::a9fe:a9fe", "",	   "",	       true },
	    {"::ffff:8.8.8.8",		       "",	   "",	       true },
	    {"64:ff9b::8.8.8.8",		 "",	     "",		 true },
	    {"64:ff9b:1::10.0.0.1",	    "",		"",	    true },
	    {"64:ff9b:1:ffff::10.0.0.1",	 "",	     "",		 true },
	    {"64:ff9b:1:a00:0:100::",	      "",		  "",	      true },
	    {"2002:808:808::1",		"",	    "",		true },
	    {"2001:0:808:808::f7f7:f7f7",	  "",	      "",		  true },
	    {"0.0.0.0",			"",	    "",		false},
	    {"169.254.169.254",		"",	    "",		false},
	    {"224.0.0.1",			  "",	      "",		  false},
	    {"255.255.255.255",		"",	    "",		false},
	    {"::",			     "",	       "",	   false},
	    {"fe80::1",			"",	    "",		false},
	    {"ff02::1",			"",	    "",		false},
	    {"::169.254.169.254",		  "",	      "",		  false},
	    {"::ffff:169.254.169.254",	       "",	   "",	       false},
	    {"::ffff:0.0.0.0",		       "",	   "",	       false},
	    {"::ffff:224.0.0.1",		 "",	     "",		 false},
	    {"::ffff:0:169.254.169.254",	 "",	     "",		 false},
	    {"64:ff9b::169.254.169.254",	 "",	     "",		 false},
	    {"64:ff9b::127.0.0.1",		   "",	       "",	   false},
	    {"64:ff9b::224.0.0.1",		   "",	       "",	   false},
	    {"64:ff9b:1::169.254.169.254",	   "",	       "",	   false},
	    {"64:ff9b:1::127.0.0.1",	     "",		 "",	     false},
	    {"64:ff9b:1:2:3:4:127.0.0.1",	  "",	      "",		  false},
	    {"64:ff9b:1:a9fe:a9:fe00::",	 "",	     "",		 false},
	    {"64:ff9b:1:a9:fe:a9fe::",	       "",	   "",	       false},
	    {"64:ff9b:1:0:a9:fea9:fe00:0",	   "",	       "",	   false},
	    {"2002:a9fe:a9fe::1",		  "",	      "",		  false},
	    {"2002:7f00:1::",		      "",		  "",	      false},
	    {"2001:0:a9fe:a9fe::f7f7:f7f7",    "",		"",	    false},
	    {"2001:0:808:808::5601:5601",	  "",	      "",		  false},
	    {"2001:0:808:808::80ff:fffe",	  "",	      "",		  false},
 /* What the settings name holds for all forms. */
	    {"10.0.0.1",			 "",	     "10.0.0.0/8", false},
	    {"::ffff:10.0.0.1",		"",	    "10.0.0.0/8", false},
	    {"64:ff9b::10.0.0.1",		  "",	      "10.0.0.0/8", false},
	    {"64:ff9b:1::10.0.0.1",	    "",		"10.0.0.0/8", false},
	    {"2002:a00:1::",		     "",		 "10.0.0.0/8", false},
	    {"2001:0:808:808::f5ff:fffe",	  "",	      "10.0.0.0/8", false},
	    {"2001:db8::1",		    "",		"10.0.0.0/8", true },
	    {"10.0.0.1",			 "10.0.0.0/8", "",	   true },
	    {"::ffff:10.0.0.1",		"10.0.0.0/8", "",		  true },
	    {"64:ff9b::10.0.0.1",		  "10.0.0.0/8", "",	    true },
	    {"::1",			    "0.0.0.0/0",	 "",	     false},
 /* A relay that is allowed is not what lies behind it. */
	    {"2002:a00:1::",		     "10.0.0.0/8", "",	       false},
	    {"2001:0:a00:1::f7f7:f7f7",	"10.0.0.0/8", "",		  false},
	    {"64:ff9b:1:a00:0:100:808:808",    "10.0.0.0/8", "",	      false},
	    {"2002:a00:1::",		     "2002::/16",  "",	      true },
	    {"169.254.169.254",		"0.0.0.0/0",  "",		 false},
	    {"2002:a9fe:a9fe::1",		  "2000::/3",   "",		  false},
 /* The listener that the request came to. */
	    {"192.0.2.1",			  "",	      "",		  false},
	    {"::ffff:192.0.2.1",		 "",	     "",		 false},
	    {"64:ff9b::192.0.2.1",		   "",	       "",	   false},
	    {"2002:c000:201::1",		 "",	     "",		 false},
	};
	const struct web_request req = {.server_addr = SPAN_LIT("192.0.2.1"),
					.server_port = SPAN_LIT("443")};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		static struct upstream_allowed allowed;
		struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
		bool is_v4 = inet_pton(AF_INET, rows[i].address, &v4.sin_addr) == 1;
		if (!is_v4)
			assert_int_equal(inet_pton(AF_INET6, rows[i].address, &v6.sin6_addr), 1);
		assert_true(address_blocks_parse(rows[i].allow, &allowed.allow));
		assert_true(address_blocks_parse(rows[i].deny, &allowed.deny));
		bool may = upstream_allowed_holds(&allowed, &req,
						  is_v4 ? (const struct sockaddr *)&v4
							: (const struct sockaddr *)&v6);
		if (may != rows[i].may)
			print_error("%s, allow %s, deny %s\n", rows[i].address, rows[i].allow,
				    rows[i].deny);
		assert_int_equal(may, rows[i].may);
	}
}

/* Where the IPv4 address stands is known of the prefixes that are named; of others below
 * 64:ff9b:1::/48 it is not, and each place counts. */
static void translators_are_known_by_their_prefixes(void **state)
{
	/* An address below each prefix, and the IPv4 address that it leads to (RFC 6052
	 * section 2.4). */
	static const struct {
		const char *prefix, *address, *v4;
	} known[] = {
	    {"2001:db8::/32",		      "2001:db8:c000:221::",		     "192.0.2.33"	 },
	    {"2001:db8:100::/40",		  "2001:db8:1c0:2:21::",		 "192.0.2.33"     },
	    {"2001:db8:122::/48",		  "2001:db8:122:c000:2:2100::",	"192.0.2.33"	    },
	    {"2001:db8:122:300::/56",	      "2001:db8:122:3c0:0:221::",	  "192.0.2.33"     },
	    {"2001:db8:122:344::/64",	      "2001:db8:122:344:c0:2:2100::",     "192.0.2.33"	  },
	    {"2001:db8:122:344::/96",	      "2001:db8:122:344::192.0.2.33",     "192.0.2.33"	  },
	    {"64:ff9b:1::/48",		       "64:ff9b:1:87f:1:100::",		"8.127.1.1"	   },
	    {"64:ff9b:1::/56",		       "64:ff9b:1:8:7f:101::",	       "8.127.1.1"	  },
	    {"64:ff9b:1::/64",		       "64:ff9b:1:0:8:809:7f00:0",	   "8.8.9.127"      },
	    {"64:ff9b:1:7f00::/96",	    "64:ff9b:1:7f00::8.8.8.8",	       "8.8.8.8"	},
	    {"64:ff9b:1:a9fe::/96",	    "64:ff9b:1:a9fe::8.8.8.8",	       "8.8.8.8"	},
 /* The longest one counts. */
	    {"64:ff9b:1::/48, 64:ff9b:1::/96", "64:ff9b:1::8.8.8.8",		     "8.8.8.8"	      },
 /* What translators pass over says nothing. */
	    {"64:ff9b:1::/48",		       "64:ff9b:1:a9fe:a9:fe12:3456:789a", "169.254.169.254"},
	    {"2001:db8:122::/48",		  "2001:db8:122:7f00:0:100::",	       "127.0.0.1"	  },
	    {"2001:db8:122:344::/96",	      "2001:db8:122:344::224.0.0.1",	     "224.0.0.1"	},
	};
	static const struct web_request req = {.server_addr = SPAN_LIT("203.0.113.1"),
					       .server_port = SPAN_LIT("443")};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(known); i++) {
		static struct upstream_allowed allowed;
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
		const struct sockaddr *addr = (const struct sockaddr *)&v6;
		/* Denied by itself, whatever the settings say. */
		bool never = strncmp(known[i].v4, "169.254.", 8) == 0 ||
			     strncmp(known[i].v4, "127.", 4) == 0 ||
			     strncmp(known[i].v4, "224.", 4) == 0;
		assert_int_equal(inet_pton(AF_INET6, known[i].address, &v6.sin6_addr), 1);
		allowed = (struct upstream_allowed){.allow.n = 0};
		assert_true(address_blocks_parse(known[i].prefix, &allowed.nat64));
		if (upstream_allowed_holds(&allowed, &req, addr) == never)
			fail_msg("%s below %s", known[i].address, known[i].prefix);
		/* What is said of the IPv4 address holds, and of no other. */
		assert_true(address_blocks_parse(known[i].v4, &allowed.allow));
		assert_int_equal(upstream_allowed_holds(&allowed, &req, addr), !never);
		assert_true(address_blocks_parse("198.51.100.1", &allowed.allow));
		assert_false(upstream_allowed_holds(&allowed, &req, addr));
		assert_true(address_blocks_parse("", &allowed.allow));
		assert_true(
		    address_blocks_parse("0.0.0.0/8, 9.0.0.0/8, 198.51.100.1", &allowed.deny));
		assert_int_equal(upstream_allowed_holds(&allowed, &req, addr), !never);
		assert_true(address_blocks_parse(known[i].v4, &allowed.deny));
		assert_false(upstream_allowed_holds(&allowed, &req, addr));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(denied_addresses_are_known_in_every_form),
	    cmocka_unit_test(translators_are_known_by_their_prefixes),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("upstream_allowed", tests, NULL, NULL);
}
