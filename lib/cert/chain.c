#include "base/base.h"
#include "cert/chain.h"
#include "base/limits.h"
#include "cert/inside.h"
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* Whether a signature can be checked with it in bounded time: clients send CAs of their own making,
 * and an RSA key of any size with an exponent as long as the modulus takes seconds. */
static bool is_affordable(const struct key_parts *key)
{
	struct der list, modulus, exponent;
	struct span rest = key->value;
	if (key->kind == KEY_OTHER)
		return false;
	if (key->kind != KEY_RSA && key->kind != KEY_RSA_PSS)
		return true;
	return key->bits <= CERT_RSA_BITS_MAX && der_take(&rest, DER_SEQUENCE, &list) &&
	       der_take(&list.body, DER_INTEGER, &modulus) &&
	       der_take(&list.body, DER_INTEGER, &exponent) &&
	       der_integer_bits(exponent.body) <= CERT_RSA_EXPONENT_BITS_MAX;
}

bool cert_ca_read(struct span der, struct cert_ca *out)
{
	struct cert_parts parts;
	if (der.n > CERT_DER_MAX || !parts_of(der, &parts) || !parts.signs_certificates ||
	    !is_affordable(&parts.key))
		return false;
	struct cert_ca ca = {.der = der,
			     .subject = parts.subject,
			     .issuer = parts.issuer,
			     .spki = parts.spki,
			     .serial = parts.serial,
			     .not_before = parts.not_before,
			     .not_after = parts.not_after};
	if (sha256_of(der, &ca.sha256) != CG_OK || sha256_of(parts.spki, &ca.spki_sha256) != CG_OK)
		return false;
	*out = ca;
	return true;
}

struct search {
	const struct cert_chain_query *q;
	int64_t now;
	struct cert_parts leaf;
	struct cert_chain_path path; /* the one that is being tried */
	unsigned tries, steps;
	struct cert_chain best;
	struct cert_chain_path good;
	cg_rc rc;
	struct cg_err *err;
};

/* --- one chain, from the leaf to an anchor --- */

static int import(gnutls_x509_crt_t *crt, struct span der)
{
	gnutls_datum_t datum = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n};
	int rc = gnutls_x509_crt_init(crt);
	return rc < 0 ? rc : gnutls_x509_crt_import(*crt, &datum, GNUTLS_X509_FMT_DER);
}

/* Signatures, CA and key usage bits, path lengths, name constraints, unknown critical extensions,
 * strength of keys and signatures, and the purpose; not the time. */
static int verify_with_library(const struct search *s, const struct cert_ca *anchor, bool *ok)
{
	gnutls_x509_crt_t crts[CERT_CHAIN_DEPTH_MAX + 1] = {NULL}, trusted = NULL;
	gnutls_x509_trust_list_t list = NULL;
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data =
					     (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
	unsigned status = GNUTLS_CERT_INVALID, n = (unsigned)s->path.n + 1;
	const unsigned flags = GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
			       GNUTLS_VERIFY_DISABLE_CRL_CHECKS | GNUTLS_VERIFY_DO_NOT_ALLOW_SAME |
			       GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	int rc = import(&crts[0], s->q->leaf);
	for (size_t i = 0; rc >= 0 && i < s->path.n; i++)
		rc = import(&crts[i + 1], s->path.items[i]->der);
	if (rc >= 0)
		rc = import(&trusted, anchor->der);
	if (rc >= 0)
		rc = gnutls_x509_trust_list_init(&list, 1);
	if (rc >= 0) {
		rc = gnutls_x509_trust_list_add_cas(list, &trusted, 1, 0);
		rc = rc < 0 ? rc : rc == 1 ? 0 : GNUTLS_E_MEMORY_ERROR;
	}
	if (rc >= 0)
		rc = gnutls_x509_trust_list_verify_crt2(list, crts, n, &purpose, 1, flags, &status,
							NULL);
	/* The certificates stay ours: 0. */
	if (list)
		gnutls_x509_trust_list_deinit(list, 0);
	if (trusted)
		gnutls_x509_crt_deinit(trusted);
	for (size_t i = 0; i < CG_COUNT(crts); i++)
		if (crts[i])
			gnutls_x509_crt_deinit(crts[i]);
	*ok = rc >= 0 && status == 0;
	return rc;
}

/* The newest list of whoever has this name and key; NULL when there is none. */
static const struct cert_crl *list_of(const struct cert_chain_query *q,
				      const struct cert_ca *issuer)
{
	const struct cert_crl *newest = NULL;
	for (size_t i = 0; i < q->n_lists; i++) {
		const struct cert_ca *ca = &q->lists[i];
		if (ca->crl && span_is(ca->subject, issuer->subject) &&
		    span_is(ca->spki, issuer->spki) &&
		    (!newest || ca->crl->this_update > newest->this_update))
			newest = ca->crl;
	}
	return newest;
}

static void narrow(struct cert_chain *c, int64_t from, int64_t until)
{
	if (from > c->from)
		c->from = from;
	if (until < c->until)
		c->until = until;
}

/* What the issuer's list says of one certificate. */
static void judge_list(const struct search *s, const struct cert_ca *issuer, struct span serial,
		       struct cert_chain *c)
{
	const struct cert_crl *crl = list_of(s->q, issuer);
	if (!crl || c->fault == CERT_CHAIN_REVOKED)
		return;
	if (crl_holds(crl, serial))
		c->fault = CERT_CHAIN_REVOKED;
	else if (s->now < crl->this_update || (crl->has_next_update && s->now > crl->next_update))
		c->fault = CERT_CHAIN_OUTDATED;
	narrow(c, crl->this_update, crl->has_next_update ? crl->next_update : INT64_MAX);
}

/* A chain that is right in all but time: does it hold now? */
static struct cert_chain judge(const struct search *s, const struct cert_ca *anchor)
{
	struct cert_chain c = {CERT_CHAIN_GOOD, s->leaf.not_before, s->leaf.not_after};
	struct span serial = s->leaf.serial;
	for (size_t i = 0; i <= s->path.n; i++) {
		const struct cert_ca *issuer = i < s->path.n ? s->path.items[i] : anchor;
		narrow(&c, issuer->not_before, issuer->not_after);
	}
	if (s->now < c.from || s->now > c.until)
		c.fault = CERT_CHAIN_DATES;
	for (size_t i = 0; i <= s->path.n; i++) {
		const struct cert_ca *issuer = i < s->path.n ? s->path.items[i] : anchor;
		judge_list(s, issuer, serial, &c);
		serial = issuer->serial;
	}
	return c;
}

/* Keeps the answer that says most: good ends the search, else the one that came furthest. */
static void keep(struct search *s, struct cert_chain c)
{
	if (s->best.fault == CERT_CHAIN_GOOD ||
	    (c.fault != CERT_CHAIN_GOOD && c.fault <= s->best.fault))
		return;
	s->best = c;
	s->good = s->path;
}

static void try_anchor(struct search *s, const struct cert_ca *anchor)
{
	bool ok = false;
	s->tries++;
	int rc = verify_with_library(s, anchor, &ok);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		s->rc = cg_fail_memory(s->err);
	else
		keep(s, ok ? judge(s, anchor) : (struct cert_chain){.fault = CERT_CHAIN_BROKEN});
}

/* --- the search --- */

static bool is_on_path(const struct search *s, const struct cert_ca *ca)
{
	for (size_t i = 0; i < s->path.n; i++)
		if (span_is(s->path.items[i]->der, ca->der))
			return true;
	return span_is(s->q->leaf, ca->der);
}

static bool is_over(const struct search *s)
{
	return s->rc != CG_OK || s->best.fault == CERT_CHAIN_GOOD ||
	       s->tries >= CERT_CHAIN_TRIES_MAX || s->steps >= CERT_CHAIN_STEPS_MAX;
}

/* Goes on upwards from a certificate that `issuer` has issued; as deep as a path is long. */
static void climb(struct search *s, struct span issuer)
{
	const struct cert_chain_query *q = s->q;
	s->steps++;
	for (size_t i = 0; i < q->n_anchors && !is_over(s); i++)
		if (span_is(q->anchors[i]->subject, issuer) && !is_on_path(s, q->anchors[i]))
			try_anchor(s, q->anchors[i]);
	for (size_t i = 0; i < q->n_between && s->path.n < CERT_CHAIN_DEPTH_MAX && !is_over(s);
	     i++) {
		const struct cert_ca *ca = q->between[i];
		if (!span_is(ca->subject, issuer) || is_on_path(s, ca))
			continue;
		s->path.items[s->path.n++] = ca;
		climb(s, ca->issuer);
		s->path.n--;
	}
}

cg_rc cert_chain_verify(const struct cert_chain_query *q, int64_t now, struct cert_chain *out,
			struct cert_chain_path *path, struct cg_err *err)
{
	struct search s = {
	    .q = q, .now = now, .best = {.fault = CERT_CHAIN_NO_ISSUER}, .rc = CG_OK, .err = err};
	if (parts_of(q->leaf, &s.leaf))
		climb(&s, s.leaf.issuer);
	else
		s.best.fault = CERT_CHAIN_BROKEN;
	if (s.rc != CG_OK)
		return s.rc;
	*out = s.best;
	if (s.best.fault == CERT_CHAIN_GOOD)
		*path = s.good;
	return CG_OK;
}
