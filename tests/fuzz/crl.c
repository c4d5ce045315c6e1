/* Revocation lists.  The input is the CA's certificate in DER, and the list behind it, in PEM or
 * DER. */
#include "base/base.h"
#include "cert/crl.h"
#include "fuzz.h"
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define NOW	  ((int64_t)1795608000) /* 2026-11-25 12:00 UTC */
#define ARENA_MAX ((size_t)64 * 1024 * 1024)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	MUST(gnutls_global_init() == 0);
	return 0;
}

/* Whoever is revoked for another reader of the list is revoked for us. */
static void must_hold_all(const struct cert_crl *crl)
{
	gnutls_x509_crl_t theirs;
	gnutls_datum_t der = {(unsigned char *)(uintptr_t)crl->der.p, (unsigned)crl->der.n};
	MUST(gnutls_x509_crl_init(&theirs) == 0);
	if (gnutls_x509_crl_import(theirs, &der, GNUTLS_X509_FMT_DER) == 0) {
		int n = gnutls_x509_crl_get_crt_count(theirs);
		MUST(n >= 0 && (size_t)n == crl->n_entries);
		/* Years before 1970 it does not tell. */
		time_t since = gnutls_x509_crl_get_this_update(theirs);
		MUST(crl->this_update < 0 || since == (time_t)crl->this_update);
		for (int i = 0; i < n; i++) {
			uint8_t serial[4096];
			size_t size = sizeof(serial);
			if (gnutls_x509_crl_get_crt_serial(theirs, (unsigned)i, serial, &size,
							   NULL) == 0)
				MUST(crl_holds(crl, span_make(serial, size)));
		}
	}
	gnutls_x509_crl_deinit(theirs);
}

static void must_be_inside(struct span part, struct span all)
{
	MUST(part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n));
}

/* What was taken is taken again, as DER and as the text that we make of it. */
static void read_again(const struct cert_crl *crl)
{
	struct arena arena;
	struct cert_crl again;
	struct cg_err err = {.code = NULL};
	arena_init(&arena, ARENA_MAX);
	struct span pem = span_of(crl_pem(&arena, crl->der));
	MUST(pem.n > 0);
	MUST(crl_from_text(pem, &arena, &again, &err) == CG_OK && span_is(again.der, crl->der));
	MUST(again.n_entries == crl->n_entries && span_is(again.number, crl->number));
	MUST(crl_parse(crl->der, &again, &err) == CG_OK && again.n_entries == crl->n_entries);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct cert_crl crl;
	struct cg_err err = {.code = NULL};
	size_t size = fuzz_der_size(bytes, n);
	char *ca = fuzz_exact(bytes, size), *text = fuzz_exact(bytes + size, n - size);
	arena_init(&arena, ARENA_MAX);
	fuzz_unwrite(&crl, sizeof(crl));
	cg_rc rc = crl_from_text(span_make(text, n - size), &arena, &crl, &err);
	if (rc == CG_OK) {
		MUST(crl.has_next_update || crl.next_update == 0);
		must_be_inside(crl.issuer, crl.tbs);
		must_be_inside(crl.number, crl.tbs);
		must_be_inside(crl.entries, crl.tbs);
		must_be_inside(crl.signature, crl.der);
		must_hold_all(&crl);
		read_again(&crl);
		rc = crl_check(&crl, span_make(ca, size), NOW, &err);
		MUST(rc == CG_OK || rc == CG_BAD_VALUE || rc == CG_UNAVAILABLE);
		if (rc == CG_OK)
			MUST(crl.this_update <= NOW);
	} else {
		MUST(rc == CG_BAD_VALUE || rc == CG_TOO_BIG);
		MUST(err.code);
		fuzz_must_be_unwritten(&crl, sizeof(crl));
	}
	if (rc != CG_OK)
		fuzz_must_be_kind(&err);
	arena_release(&arena);
	free(text);
	free(ca);
	return 0;
}
