/* Certificates that a client sends along: whose chain is good?  The input is certificates in DER,
 * one behind the other: the client's, the CA that is trusted, and what came along. */
#include "base/base.h"
#include "cert/chain.h"
#include "fuzz.h"
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define NOW ((int64_t)1795608000) /* 2026-11-25 12:00 UTC */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	MUST(gnutls_global_init() == 0);
	return 0;
}

static gnutls_x509_crt_t import(struct span der)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t datum = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n};
	MUST(gnutls_x509_crt_init(&crt) == 0);
	MUST(gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_DER) == 0);
	return crt;
}

/* One link of a chain, whatever the others. */
static void must_be_issued(struct span der, struct span issuer_der)
{
	unsigned status = GNUTLS_CERT_INVALID;
	gnutls_x509_crt_t crt = import(der), issuer = import(issuer_der);
	MUST(gnutls_x509_crt_check_issuer(crt, issuer) == 1);
	MUST(gnutls_x509_crt_get_ca_status(issuer, NULL) > 0);
	MUST(gnutls_x509_crt_verify(crt, &issuer, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) ==
	     0);
	MUST(status == 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_crt_deinit(issuer);
}

static void must_be_good(struct span leaf, const struct cert_ca *anchor,
			 const struct cert_chain *chain, const struct cert_chain_path *path)
{
	MUST(chain->from <= NOW && NOW <= chain->until);
	MUST(path->n <= CERT_CHAIN_DEPTH_MAX);
	struct span below = leaf;
	for (size_t i = 0; i < path->n; i++) {
		must_be_issued(below, path->items[i]->der);
		below = path->items[i]->der;
	}
	must_be_issued(below, anchor->der);
}

/* The client's certificate, the CA, and what came along. */
#define PIECES_MAX (2 + CERT_CHAIN_PASSED_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *pieces[PIECES_MAX];
	struct cert_ca cas[PIECES_MAX];
	const struct cert_ca *anchor = NULL, *between[PIECES_MAX];
	struct span leaf = {NULL, 0};
	size_t n_pieces = 0, n_between = 0;
	for (size_t size; n > 0 && n_pieces < PIECES_MAX; bytes += size, n -= size) {
		size = fuzz_der_size(bytes, n);
		pieces[n_pieces] = fuzz_exact(bytes, size);
		struct span der = {pieces[n_pieces], size};
		struct cert_ca *ca = &cas[n_pieces];
		if (n_pieces == 0)
			leaf = der;
		else if (cert_ca_read(der, ca) && n_pieces == 1)
			anchor = ca;
		else if (cert_ca_read(der, ca))
			between[n_between++] = ca;
		n_pieces++;
	}
	struct cert_chain_query q = {.leaf = leaf,
				     .anchors = &anchor,
				     .n_anchors = anchor ? 1 : 0,
				     .between = between,
				     .n_between = n_between};
	struct cert_chain chain;
	struct cert_chain_path path;
	MUST(cert_chain_verify(&q, NOW, &chain, &path, NULL) == CG_OK);
	MUST(chain.fault > CERT_CHAIN_NOT_LOOKED_AT && chain.fault < CERT_CHAIN_REVOKED);
	if (chain.fault == CERT_CHAIN_GOOD)
		must_be_good(leaf, anchor, &chain, &path);
	for (size_t i = 0; i < n_pieces; i++)
		free(pieces[i]);
	return 0;
}
