/* lib/cert/chain, crl, usages: chains and revocation lists made here with GnuTLS, by table; what is
 * damaged at any place is refused. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "base/limits.h"
#include "cert/cert.h"
#include "cert/chain.h"
#include "cert/usages.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static struct arena arena;
/* All that was made, freed in the end. */
static gnutls_x509_privkey_t keys[256];
static gnutls_x509_crt_t crts[256];
static size_t n_made;

/* --- a certificate factory --- */

struct pair {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	struct span der;
};

struct recipe {
	const char *name;
	const struct pair *issuer; /* NULL: itself */
	const struct pair *key;	   /* whose key it gets; NULL: a new one */
	bool ca;
	int path_length; /* -1: any */
	unsigned usage;
	const char *purpose; /* NULL: any */
	int64_t from, to;    /* 0: around NOW */
	unsigned serial;
	gnutls_digest_algorithm_t digest; /* 0: SHA-256 */
	unsigned rsa_bits;		  /* 0: P-256 */
};

static struct span der_of(gnutls_x509_crt_t crt)
{
	gnutls_datum_t out = {NULL, 0};
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &out), 0);
	char *copy = arena_copy(&arena, span_make(out.data, out.size));
	assert_non_null(copy);
	struct span der = {copy, out.size};
	gnutls_free(out.data);
	return der;
}

static struct pair make(struct recipe r)
{
	struct pair p = {NULL};
	static unsigned serials = 1000;
	unsigned serial = r.serial ? r.serial : ++serials;
	uint8_t octets[4] = {1, (uint8_t)(serial >> 16), (uint8_t)(serial >> 8), (uint8_t)serial};
	assert_true(n_made < CG_COUNT(crts));
	assert_int_equal(gnutls_x509_privkey_init(&p.key), 0);
	keys[n_made] = p.key;
	if (r.key)
		assert_int_equal(gnutls_x509_privkey_cpy(p.key, r.key->key), 0);
	else
		assert_int_equal(
		    gnutls_x509_privkey_generate(
			p.key, r.rsa_bits ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
			r.rsa_bits ? r.rsa_bits : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
			0),
		    0);
	assert_int_equal(gnutls_x509_crt_init(&p.crt), 0);
	crts[n_made++] = p.crt;
	assert_int_equal(gnutls_x509_crt_set_version(p.crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(p.crt, octets, sizeof(octets)), 0);
	assert_int_equal(gnutls_x509_crt_set_dn_by_oid(p.crt, GNUTLS_OID_X520_COMMON_NAME, 0,
						       r.name, (unsigned)strlen(r.name)),
			 0);
	gnutls_x509_crt_set_activation_time(p.crt, (time_t)(r.from ? r.from : NOW - DAY));
	gnutls_x509_crt_set_expiration_time(p.crt, (time_t)(r.to ? r.to : NOW + DAY));
	assert_int_equal(gnutls_x509_crt_set_key(p.crt, p.key), 0);
	assert_int_equal(gnutls_x509_crt_set_basic_constraints(p.crt, r.ca, r.path_length), 0);
	if (r.usage)
		assert_int_equal(gnutls_x509_crt_set_key_usage(p.crt, r.usage), 0);
	if (r.purpose)
		assert_int_equal(gnutls_x509_crt_set_key_purpose_oid(p.crt, r.purpose, 0), 0);
	const struct pair *issuer = r.issuer ? r.issuer : &p;
	assert_int_equal(gnutls_x509_crt_sign2(p.crt, issuer->crt, issuer->key,
					       r.digest ? r.digest : GNUTLS_DIG_SHA256, 0),
			 0);
	p.der = der_of(p.crt);
	return p;
}

static struct pair make_ca(const char *name, const struct pair *issuer)
{
	return make((struct recipe){.name = name,
				    .issuer = issuer,
				    .ca = true,
				    .path_length = -1,
				    .usage = GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN});
}

static struct pair make_leaf(const char *name, const struct pair *issuer)
{
	return make((struct recipe){.name = name,
				    .issuer = issuer,
				    .path_length = -1,
				    .usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
				    .purpose = GNUTLS_KP_TLS_WWW_CLIENT});
}

static struct cert_ca ca_of(const struct pair *p)
{
	struct cert_ca ca;
	assert_true(cert_ca_read(p->der, &ca));
	return ca;
}

/* --- the world of the tests --- */

static struct pair root, other, sub, sub2, leaf, low, lower;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	root = make_ca("Root", NULL);
	other = make_ca("Other", NULL);
	sub = make_ca("Sub", &root);
	sub2 = make_ca("Sub 2", &sub);
	leaf = make_leaf("leaf", &root);
	low = make_leaf("low", &sub);
	lower = make_leaf("lower", &sub2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_made; i++) {
		gnutls_x509_crt_deinit(crts[i]);
		gnutls_x509_privkey_deinit(keys[i]);
	}
	arena_release(&arena);
	return 0;
}

/* Asks with these as anchors and between; CAs are given by the pair. */
static struct cert_chain ask_at(int64_t now, struct span of, const struct pair *const *anchors,
				size_t n_anchors, const struct pair *const *between,
				size_t n_between, struct cert_crl *crl, const struct pair *crl_of)
{
	struct cert_ca cas[48];
	const struct cert_ca *up[16], *mid[48];
	struct cert_chain out = {CERT_CHAIN_NOT_LOOKED_AT, 0, 0};
	struct cert_chain_path path = {.n = 0};
	struct cert_chain_query q = {.leaf = of, .anchors = up, .between = mid};
	size_t n = 0;
	assert_true(n_anchors <= 16 && n_between + n_anchors < 48);
	for (size_t i = 0; i < n_anchors; i++) {
		cas[n] = ca_of(anchors[i]);
		up[q.n_anchors++] = &cas[n++];
	}
	for (size_t i = 0; i < n_between; i++) {
		/* What may not sign is left out by cert_ca_read. */
		if (!cert_ca_read(between[i]->der, &cas[n]))
			continue;
		mid[q.n_between++] = &cas[n++];
	}
	if (crl && crl_of) {
		cas[n] = ca_of(crl_of);
		cas[n++].crl = crl;
	}
	q.lists = cas;
	q.n_lists = n;
	struct cg_err err = {0};
	assert_int_equal(cert_chain_verify(&q, now, &out, &path, &err), CG_OK);
	return out;
}

static enum cert_chain_fault ask(struct span of, const struct pair *anchor,
				 const struct pair *const *between, size_t n)
{
	return ask_at(NOW, of, &anchor, 1, between, n, NULL, NULL).fault;
}

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

/* --- revocation lists --- */

static struct span make_crl(const struct pair *ca, const struct pair *const *revoked, size_t n,
			    int64_t this_update, int64_t next_update, unsigned number)
{
	gnutls_x509_crl_t crl;
	gnutls_datum_t out = {NULL, 0};
	uint8_t octets[2] = {(uint8_t)(number >> 8), (uint8_t)number};
	assert_int_equal(gnutls_x509_crl_init(&crl), 0);
	assert_int_equal(gnutls_x509_crl_set_version(crl, 2), 0);
	assert_int_equal(gnutls_x509_crl_set_this_update(crl, (time_t)this_update), 0);
	assert_int_equal(gnutls_x509_crl_set_next_update(crl, (time_t)next_update), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(gnutls_x509_crl_set_crt(crl, revoked[i]->crt, (time_t)this_update),
				 0);
	if (number)
		assert_int_equal(gnutls_x509_crl_set_number(crl, octets, sizeof(octets)), 0);
	assert_int_equal(gnutls_x509_crl_sign2(crl, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER, &out), 0);
	char *copy = arena_copy(&arena, span_make(out.data, out.size));
	assert_non_null(copy);
	struct span der = {copy, out.size};
	gnutls_free(out.data);
	gnutls_x509_crl_deinit(crl);
	return der;
}

static struct cert_crl read_crl(struct span der)
{
	struct cert_crl crl;
	struct cg_err err = {0};
	if (crl_from_text(der, &arena, &crl, &err) != CG_OK)
		fail_msg("%s", err.text);
	return crl;
}

static void test_revoked(void **state)
{
	(void)state;
	struct pair spare = make_leaf("spare", &sub);
	const struct pair *between[] = {&sub}, *anchor = &root, *on_it[] = {&spare, &low};
	struct cert_crl crl = read_crl(make_crl(&sub, on_it, 2, NOW - 60, NOW + 60, 7));
	assert_int_equal(crl.n_entries, 2);
	assert_int_equal(ask_at(NOW, low.der, &anchor, 1, between, 1, &crl, &sub).fault,
			 CERT_CHAIN_REVOKED);
	/* Whatever the time, revoked is revoked. */
	assert_int_equal(ask_at(NOW + 61, low.der, &anchor, 1, between, 1, &crl, &sub).fault,
			 CERT_CHAIN_REVOKED);
	struct pair kept = make_leaf("kept", &sub);
	const struct {
		int64_t at;
		enum cert_chain_fault want;
	} rows[] = {
	    {NOW,	  CERT_CHAIN_GOOD	 },
	     {NOW + 60, CERT_CHAIN_GOOD    },
	    {NOW + 61, CERT_CHAIN_OUTDATED},
	     {NOW - 60, CERT_CHAIN_GOOD    },
	    {NOW - 61, CERT_CHAIN_OUTDATED},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct cert_chain c =
		    ask_at(rows[i].at, kept.der, &anchor, 1, between, 1, &crl, &sub);
		if (c.fault != rows[i].want)
			fail_msg("at %+ld: %d", (long)(rows[i].at - NOW), (int)c.fault);
		if (c.fault == CERT_CHAIN_GOOD) {
			assert_int_equal(c.from, NOW - 60);
			assert_int_equal(c.until, NOW + 60);
		}
	}
	/* Serial numbers are one CA's own. */
	struct pair same_serial = make((struct recipe){.name = "same serial",
						       .issuer = &root,
						       .path_length = -1,
						       .usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
						       .serial = 77});
	struct pair at_sub = make((struct recipe){.name = "at sub",
						  .issuer = &sub,
						  .path_length = -1,
						  .usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
						  .serial = 77});
	const struct pair *the_one[] = {&at_sub};
	struct cert_crl of_sub = read_crl(make_crl(&sub, the_one, 1, NOW - 60, NOW + 60, 1));
	assert_int_equal(ask_at(NOW, same_serial.der, &anchor, 1, between, 1, &of_sub, &sub).fault,
			 CERT_CHAIN_GOOD);
	assert_int_equal(ask_at(NOW, at_sub.der, &anchor, 1, between, 1, &of_sub, &sub).fault,
			 CERT_CHAIN_REVOKED);
	/* A CA in between, on its own CA's list; the list of another with the same name does not
	 * count, and that of one with the same name and key does. */
	const struct pair *subs[] = {&sub};
	struct cert_crl of_root = read_crl(make_crl(&root, subs, 1, NOW - 60, NOW + 60, 1));
	assert_int_equal(ask_at(NOW, kept.der, &anchor, 1, between, 1, &of_root, &root).fault,
			 CERT_CHAIN_REVOKED);
	struct pair twin = make_ca("Sub", &root);
	struct cert_crl of_twin = read_crl(make_crl(&twin, on_it, 2, NOW - 60, NOW + 60, 1));
	assert_int_equal(ask_at(NOW, low.der, &anchor, 1, between, 1, &of_twin, &twin).fault,
			 CERT_CHAIN_GOOD);
	struct pair again = make((struct recipe){.name = "Sub",
						 .issuer = &root,
						 .key = &sub,
						 .ca = true,
						 .path_length = -1,
						 .usage = GNUTLS_KEY_KEY_CERT_SIGN});
	assert_int_equal(ask_at(NOW, low.der, &anchor, 1, between, 1, &crl, &again).fault,
			 CERT_CHAIN_REVOKED);
}

static const char *code_of(const struct cert_crl *crl, struct span ca, int64_t now)
{
	struct cg_err err = {0};
	cg_rc rc = crl_check(crl, ca, now, &err);
	if (rc != CG_OK && (rc != CG_BAD_VALUE || err.text[0] == '\0'))
		fail_msg("%d: %s", (int)rc, err.text);
	return rc == CG_OK ? "" : err.code;
}

static void test_crl_check(void **state)
{
	(void)state;
	const struct pair *none[] = {NULL};
	struct cert_crl crl = read_crl(make_crl(&sub, none, 0, NOW - 60, NOW + 60, 300));
	assert_int_equal(crl.n_entries, 0);
	assert_string_equal(code_of(&crl, sub.der, NOW), "");
	assert_string_equal(code_of(&crl, sub.der, NOW + 60), "");
	assert_string_equal(code_of(&crl, sub.der, NOW + 61), CRL_OUTDATED);
	assert_string_equal(code_of(&crl, sub.der, NOW - 61), CRL_NOT_YET_ISSUED);
	assert_string_equal(code_of(&crl, root.der, NOW), CRL_OTHER_ISSUER);
	struct pair twin = make_ca("Sub", &root);
	assert_string_equal(code_of(&crl, twin.der, NOW), CRL_BAD_SIGNATURE);
	/* A CA that may sign certificates alone. */
	struct pair no_lists = make((struct recipe){.name = "Sub",
						    .issuer = &root,
						    .key = &sub,
						    .ca = true,
						    .path_length = -1,
						    .usage = GNUTLS_KEY_KEY_CERT_SIGN});
	assert_string_equal(code_of(&crl, no_lists.der, NOW), CRL_BAD_SIGNATURE);
	/* As PEM, and back. */
	char *pem = crl_pem(&arena, crl.der);
	assert_non_null(pem);
	struct cert_crl back = read_crl(span_of(arena_printf(&arena, "CRL:\r\n%s\nend", pem)));
	assert_true(span_is(back.der, crl.der));
	assert_int_equal(crl_number_compare(crl.number, back.number), 0);
	struct cg_err err = {0};
	assert_int_equal(
	    crl_from_text(span_of(arena_printf(&arena, "%s%s", pem, pem)), &arena, &back, &err),
	    CG_BAD_VALUE);
	assert_int_equal(crl_from_text(SPAN_LIT(""), &arena, &back, &err), CG_BAD_VALUE);
}

static void test_crl_damaged(void **state)
{
	(void)state;
	const struct pair *on_it[] = {&low};
	struct span der = make_crl(&sub, on_it, 1, NOW - 60, NOW + 60, 5);
	struct arena scratch;
	struct cert_crl crl;
	struct cg_err err = {0};
	arena_init(&scratch, 1024 * 1024);
	for (size_t n = 0; n < der.n; n++) {
		/* A block of its own, so that a byte too far shows with the sanitizer. */
		char *cut = malloc(n ? n : 1);
		assert_non_null(cut);
		memcpy(cut, der.p, n);
		if (crl_parse(span_make(cut, n), &crl, &err) == CG_OK)
			fail_msg("cut at %zu", n);
		free(cut);
	}
	/* A changed byte: refused, or at least not signed any more. */
	char *changed = malloc(der.n + 1);
	assert_non_null(changed);
	for (size_t i = 0; i < der.n; i++) {
		memcpy(changed, der.p, der.n);
		changed[i] = (char)(changed[i] ^ 0x01);
		arena_clear(&scratch);
		if (crl_from_text(span_make(changed, der.n), &scratch, &crl, &err) == CG_OK &&
		    crl_check(&crl, sub.der, NOW, &err) == CG_OK)
			fail_msg("byte %zu changed", i);
	}
	free(changed);
	arena_release(&scratch);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		struct span a, b;
		int want;
	} rows[] = {
	    {SPAN_LIT("\x01"),     SPAN_LIT("\x02"),	 -1},
	    {SPAN_LIT("\x02"),     SPAN_LIT("\x01"),	 1 },
	    {SPAN_LIT("\x01"),     SPAN_LIT("\x01"),	 0 },
	    {SPAN_LIT("\x00\x80"), SPAN_LIT("\x7f"),     1 },
	    {SPAN_LIT("\x00\x80"), SPAN_LIT("\x01\x00"), -1},
	    {SPAN_LIT("\x00"),     SPAN_LIT("\x00"),	 0 },
	    {SPAN_LIT("\x01\x00"), SPAN_LIT("\x00\xff"), 1 },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		int got = crl_number_compare(rows[i].a, rows[i].b);
		if ((got > 0) - (got < 0) != rows[i].want)
			fail_msg("row %zu: %d", i, got);
	}
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
	    cmocka_unit_test(test_chains),    cmocka_unit_test(test_constraints),
	    cmocka_unit_test(test_depth),     cmocka_unit_test(test_crowd),
	    cmocka_unit_test(test_dates),     cmocka_unit_test(test_revoked),
	    cmocka_unit_test(test_crl_check), cmocka_unit_test(test_crl_damaged),
	    cmocka_unit_test(test_numbers),   cmocka_unit_test(test_usages),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
