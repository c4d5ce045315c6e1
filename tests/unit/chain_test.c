/* lib/cert/chain, usages: chains made here with GnuTLS, by table. */
#include "chain_world.h"
#include "cert/usages.h"

static void test_chains(void **state)
{
	(void)state;
	struct pair twin = make_ca("Root", NULL); /* the same name, another key */
	struct pair forged = make_leaf("forged", &twin);
	struct pair self = make_leaf("self", NULL);
	struct pair not_ca = make_leaf("low as CA", &low);
	const struct {
		const char *name;
		const struct pair *of, *anchor, *between[4];
		size_t n;
		enum cert_chain_fault want;
	} rows[] = {
	    {"direct",		       &leaf,   &root,  {NULL},			     0, CERT_CHAIN_GOOD     },
	    {"another CA",		   &leaf,	  &other, {NULL},			  0, CERT_CHAIN_NO_ISSUER},
	    {"no CA between",	      &low,    &root,  {NULL},			   0, CERT_CHAIN_NO_ISSUER},
	    {"one between",		    &low,	  &root,	 {&sub},			 1, CERT_CHAIN_GOOD	   },
	    {"two between",		    &lower,  &root,  {&sub2, &sub},		  2, CERT_CHAIN_GOOD	    },
	    {"two, other order",	 &lower,	 &root,	{&sub, &sub2},		       2, CERT_CHAIN_GOOD	 },
	    {"one of two",		   &lower,  &root,  {&sub2},			   1, CERT_CHAIN_NO_ISSUER},
	    {"the anchor is not root",  &lower,  &sub,   {&sub2},		      1, CERT_CHAIN_GOOD	},
	    {"the root sent along",	    &low,	  &root,	 {&root, &sub},		2, CERT_CHAIN_GOOD	  },
	    {"others sent along",	  &low,	&root,  {&other, &sub2, &leaf, &sub}, 4, CERT_CHAIN_GOOD     },
	    {"self-signed",		    &self,   &root,  {&self},			   1, CERT_CHAIN_NO_ISSUER},
	    {"a CA's twin",		    &forged, &root,  {NULL},			    0, CERT_CHAIN_BROKEN	},
	    {"a twin sent along",	  &forged, &root,  {&twin},			   1, CERT_CHAIN_BROKEN   },
	    {"the twin is trusted too", &forged, &twin,	{&root},			 1, CERT_CHAIN_GOOD	   },
	    {"below a leaf",	     &not_ca, &root,  {&low, &sub},		   2, CERT_CHAIN_NO_ISSUER},
	    {"the CA itself",	      &root,   &root,  {&root},			     1, CERT_CHAIN_NO_ISSUER},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		enum cert_chain_fault got =
		    ask(rows[i].of->der, rows[i].anchor, rows[i].between, rows[i].n);
		if (got != rows[i].want)
			fail_msg("%s: %d, want %d", rows[i].name, (int)got, (int)rows[i].want);
	}
	/* Of several anchors any one is enough. */
	const struct pair *anchors[] = {&other, &twin, &root};
	assert_int_equal(ask_at(NOW, leaf.der, anchors, 3, NULL, 0, NULL, NULL).fault,
			 CERT_CHAIN_GOOD);
	/* Without any nobody is trusted, and what is no certificate is not either. */
	assert_int_equal(ask_at(NOW, leaf.der, NULL, 0, NULL, 0, NULL, NULL).fault,
			 CERT_CHAIN_NO_ISSUER);
	assert_int_equal(ask(SPAN_LIT("rubbish"), &root, NULL, 0), CERT_CHAIN_BROKEN);
	assert_int_equal(ask(SPAN_LIT(""), &root, NULL, 0), CERT_CHAIN_BROKEN);
}

static void test_constraints(void **state)
{
	(void)state;
	const unsigned sign = GNUTLS_KEY_KEY_CERT_SIGN;
	const struct {
		const char *name;
		struct recipe ca, leaf;
		enum cert_chain_fault want;
	} rows[] = {
	    {"plain",		      {.path_length = -1, .usage = sign},	  {.path_length = -1}, CERT_CHAIN_GOOD},
	    {"no usages",		  {.path_length = -1},		       {.path_length = -1}, CERT_CHAIN_GOOD},
	    {"for clients",
	     {.path_length = -1, .usage = sign, .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
	     {.path_length = -1, .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
	     CERT_CHAIN_GOOD											      },
	    {"a CA for servers",
	     {.path_length = -1, .usage = sign, .purpose = GNUTLS_KP_TLS_WWW_SERVER},
	     {.path_length = -1},
	     CERT_CHAIN_BROKEN											    },
	    {"a leaf for servers",
	     {.path_length = -1, .usage = sign},
	     {.path_length = -1, .purpose = GNUTLS_KP_TLS_WWW_SERVER},
	     CERT_CHAIN_BROKEN											    },
	    {"path length 0",
	     {.path_length = 0, .usage = sign},
	     {.path_length = -1},
	     CERT_CHAIN_GOOD											      },
	    {"SHA-1",
	     {.path_length = -1, .usage = sign},
	     {.path_length = -1, .digest = GNUTLS_DIG_SHA1},
	     CERT_CHAIN_BROKEN											    },
	    {"a CA with SHA-1",
	     {.path_length = -1, .usage = sign, .digest = GNUTLS_DIG_SHA1},
	     {.path_length = -1},
	     CERT_CHAIN_BROKEN											    },
	    {"a CA with RSA of 1024 bits",
	     {.path_length = -1, .usage = sign, .rsa_bits = 1024},
	     {.path_length = -1},
	     CERT_CHAIN_BROKEN											    },
	    {"a CA with RSA of 2048 bits",
	     {.path_length = -1, .usage = sign, .rsa_bits = 2048},
	     {.path_length = -1},
	     CERT_CHAIN_GOOD											      },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct recipe ca = rows[i].ca, end = rows[i].leaf;
		ca.name = "Constrained";
		ca.issuer = &root;
		ca.ca = true;
		struct pair above = make(ca);
		end.name = "end";
		end.issuer = &above;
		end.usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
		struct pair below = make(end);
		const struct pair *between[] = {&above};
		enum cert_chain_fault got = ask(below.der, &root, between, 1);
		if (got != rows[i].want)
			fail_msg("%s: %d, want %d", rows[i].name, (int)got, (int)rows[i].want);
	}
	/* A path longer than a CA allows. */
	struct pair flat = make((struct recipe){
	    .name = "Flat", .issuer = &root, .ca = true, .path_length = 0, .usage = sign});
	struct pair under = make_ca("Under", &flat), end = make_leaf("end", &under);
	const struct pair *between[] = {&flat, &under};
	assert_int_equal(ask(end.der, &root, between, 2), CERT_CHAIN_BROKEN);
	assert_int_equal(ask(end.der, &flat, between, 2), CERT_CHAIN_BROKEN);
}

static void test_depth(void **state)
{
	(void)state;
	struct pair steps[CERT_CHAIN_DEPTH_MAX + 1];
	const struct pair *between[CERT_CHAIN_DEPTH_MAX + 1];
	for (size_t i = 0; i < CG_COUNT(steps); i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "Step %zu", i);
		steps[i] = make_ca(name, i == 0 ? &root : &steps[i - 1]);
		between[i] = &steps[i];
	}
	struct pair most = make_leaf("most", &steps[CERT_CHAIN_DEPTH_MAX - 1]);
	struct pair more = make_leaf("more", &steps[CERT_CHAIN_DEPTH_MAX]);
	assert_int_equal(ask(most.der, &root, between, CG_COUNT(steps)), CERT_CHAIN_GOOD);
	assert_int_equal(ask(more.der, &root, between, CG_COUNT(steps)), CERT_CHAIN_NO_ISSUER);
}

/* Whoever sends many CAs of one name gets no more work done than the limit, and what is registered
 * is tried before. */
static void test_crowd(void **state)
{
	(void)state;
	struct pair crowd[20];
	const struct pair *between[22];
	for (size_t i = 0; i < CG_COUNT(crowd); i++) {
		crowd[i] = make_ca("Sub", i % 2 ? &root : NULL);
		between[i] = &crowd[i];
	}
	between[20] = &sub;
	assert_int_equal(ask(low.der, &root, between, 20), CERT_CHAIN_BROKEN);
	/* Behind them: not reached; before them: found. */
	between[20] = between[0];
	between[0] = &sub;
	assert_int_equal(ask(low.der, &root, between, 21), CERT_CHAIN_GOOD);
	/* Two that have issued each other, and themselves. */
	struct pair a = make_ca("A", NULL), b = make_ca("B", &a);
	struct pair a2 = make((struct recipe){.name = "A",
					      .issuer = &b,
					      .key = &a,
					      .ca = true,
					      .path_length = -1,
					      .usage = GNUTLS_KEY_KEY_CERT_SIGN});
	struct pair end = make_leaf("end", &b);
	const struct pair *loop[] = {&a, &b, &a2};
	assert_int_equal(ask(end.der, &root, loop, 3), CERT_CHAIN_NO_ISSUER);
}

static void test_dates(void **state)
{
	(void)state;
	struct pair soon = make((struct recipe){.name = "Soon",
						.issuer = &root,
						.ca = true,
						.path_length = -1,
						.usage = GNUTLS_KEY_KEY_CERT_SIGN,
						.from = NOW - 100,
						.to = NOW + 100});
	struct pair end = make_leaf("end", &soon);
	const struct pair *between[] = {&soon}, *anchor = &root;
	const struct {
		int64_t at;
		enum cert_chain_fault want;
	} rows[] = {
	    {NOW,	  CERT_CHAIN_GOOD },
		   {NOW - 100, CERT_CHAIN_GOOD },
	    {NOW - 101, CERT_CHAIN_DATES},
		   {NOW + 100, CERT_CHAIN_GOOD },
	    {NOW + 101, CERT_CHAIN_DATES},
		   {0,	       CERT_CHAIN_DATES},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct cert_chain c =
		    ask_at(rows[i].at, end.der, &anchor, 1, between, 1, NULL, NULL);
		if (c.fault != rows[i].want)
			fail_msg("at %+ld: %d", (long)(rows[i].at - NOW), (int)c.fault);
		if (c.fault == CERT_CHAIN_GOOD) {
			assert_int_equal(c.from, NOW - 100);
			assert_int_equal(c.until, NOW + 100);
		}
	}
	/* An anchor has an end, too; and of two ways up the one that is valid counts. */
	struct pair old = make((struct recipe){.name = "Aged",
					       .ca = true,
					       .path_length = -1,
					       .usage = GNUTLS_KEY_KEY_CERT_SIGN,
					       .from = NOW - 1000,
					       .to = NOW - 1});
	struct pair renewed = make((struct recipe){.name = "Aged",
						   .key = &old,
						   .ca = true,
						   .path_length = -1,
						   .usage = GNUTLS_KEY_KEY_CERT_SIGN});
	struct pair below = make_leaf("below", &old);
	assert_int_equal(ask(below.der, &old, NULL, 0), CERT_CHAIN_DATES);
	const struct pair *anchors[] = {&old, &renewed};
	assert_int_equal(ask_at(NOW, below.der, anchors, 2, NULL, 0, NULL, NULL).fault,
			 CERT_CHAIN_GOOD);
}

static void test_usages(void **state)
{
	(void)state;
	struct cert_usages u;
	cert_usages(root.der, &arena, &u);
	assert_int_equal(u.n, 3);
	assert_string_equal(u.items[0], "CA");
	assert_string_equal(u.items[1], "keyCertSign");
	assert_string_equal(u.items[2], "cRLSign");
	struct pair odd =
	    make((struct recipe){.name = "odd",
				 .path_length = -1,
				 .usage = GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_DECIPHER_ONLY,
				 .purpose = "1.3.6.1.4.1.55555.7"});
	cert_usages(odd.der, &arena, &u);
	assert_int_equal(u.n, 3);
	assert_string_equal(u.items[0], "digitalSignature");
	assert_string_equal(u.items[1], "decipherOnly");
	assert_string_equal(u.items[2], "1.3.6.1.4.1.55555.7");
	cert_usages(SPAN_LIT("rubbish"), &arena, &u);
	assert_int_equal(u.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_chains), cmocka_unit_test(test_constraints),
	    cmocka_unit_test(test_depth),  cmocka_unit_test(test_crowd),
	    cmocka_unit_test(test_dates),  cmocka_unit_test(test_usages),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
