/* CAs and certificates under them, made with GnuTLS, for the tests of chains and revocation lists.
 */
#ifndef CG_TESTS_UNIT_CHAIN_WORLD_H
#define CG_TESTS_UNIT_CHAIN_WORLD_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "base/limits.h"
#include "cert/cert.h"
#include "cert/chain.h"

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

static inline struct span der_of(gnutls_x509_crt_t crt)
{
	gnutls_datum_t out = {NULL, 0};
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &out), 0);
	char *copy = arena_copy(&arena, span_make(out.data, out.size));
	assert_non_null(copy);
	struct span der = {copy, out.size};
	gnutls_free(out.data);
	return der;
}

static inline struct pair make(struct recipe r)
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

static inline struct pair make_ca(const char *name, const struct pair *issuer)
{
	return make((struct recipe){.name = name,
				    .issuer = issuer,
				    .ca = true,
				    .path_length = -1,
				    .usage = GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN});
}

static inline struct pair make_leaf(const char *name, const struct pair *issuer)
{
	return make((struct recipe){.name = name,
				    .issuer = issuer,
				    .path_length = -1,
				    .usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
				    .purpose = GNUTLS_KP_TLS_WWW_CLIENT});
}

static inline struct cert_ca ca_of(const struct pair *p)
{
	struct cert_ca ca;
	assert_true(cert_ca_read(p->der, &ca));
	return ca;
}

/* --- the world of the tests --- */

static struct pair root, other, sub, sub2, leaf, low, lower;

static inline int setup(void **state)
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

static inline int teardown(void **state)
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
static inline struct cert_chain ask_at(int64_t now, struct span of,
				       const struct pair *const *anchors, size_t n_anchors,
				       const struct pair *const *between, size_t n_between,
				       struct cert_crl *crl, const struct pair *crl_of)
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

static inline enum cert_chain_fault ask(struct span of, const struct pair *anchor,
					const struct pair *const *between, size_t n)
{
	return ask_at(NOW, of, &anchor, 1, between, n, NULL, NULL).fault;
}

#endif
