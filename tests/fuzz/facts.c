/* DER -> facts -> PEM -> the same certificate, whoever reads it. */
#include "base/base.h"
#include "fuzz.h"
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define NOW	  ((int64_t)1795608000) /* 2026-11-25 12:00 UTC */
#define ARENA_MAX ((size_t)64 * 1024 * 1024)

static void must_be_equal(const struct cert *a, const struct cert *b)
{
	MUST(memcmp(&a->sha256, &b->sha256, sizeof(a->sha256)) == 0);
	MUST(memcmp(&a->spki_sha256, &b->spki_sha256, sizeof(a->spki_sha256)) == 0);
	MUST(strcmp(a->subject, b->subject) == 0 && strcmp(a->issuer, b->issuer) == 0);
	MUST(strcmp(a->serial, b->serial) == 0 && strcmp(a->public_key, b->public_key) == 0);
	MUST(a->not_before == b->not_before && a->not_after == b->not_after);
	MUST(a->n_names == b->n_names && a->is_ca == b->is_ca);
}

/* Who writes an accepted certificate anew, as GnuTLS does for its own fingerprint, gets the same
 * bytes: nobody knows it by another digest. */
static void must_be_canonical(const struct cert *cert)
{
	gnutls_x509_crt_t crt;
	gnutls_datum_t der = {(unsigned char *)(uintptr_t)cert->der.p, (unsigned)cert->der.n};
	struct sha256 theirs;
	size_t n = sizeof(theirs);
	MUST(gnutls_x509_crt_init(&crt) == 0);
	MUST(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) == 0);
	MUST(gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, &theirs, &n) == 0);
	MUST(memcmp(&theirs, &cert->sha256, sizeof(theirs)) == 0);
	gnutls_x509_crt_deinit(crt);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_secrets_load();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct cert facts;
	struct cg_err err = {.code = NULL};
	struct cert_reading as_file, as_text;
	struct cg_err file_err = {.code = NULL}, text_err = {.code = NULL};
	char *copy = fuzz_exact(bytes, n);
	struct span der = {copy, n}, seen = {NULL, 0};
	struct sha256 sha256;
	arena_init(&arena, ARENA_MAX);
	fuzz_unwrite(&facts, sizeof(facts));
	cg_rc rc = cert_facts(der, &arena, &facts, &err);
	if (rc == CG_OK) {
		MUST(span_is(facts.der, der));
		fuzz_must_be_sound(&facts);
	} else {
		MUST(rc == CG_BAD_VALUE && err.code && strcmp(err.code, CERT_DAMAGED) == 0);
		fuzz_must_be_unwritten(&facts, sizeof(facts));
		fuzz_must_be_kind(&err);
	}
	/* As a file and as the text that we make of it: the same judgement, in the words of the
	 * same code; and the text is, byte for byte, the certificate that the web server would
	 * pass. */
	cg_rc file_rc = cert_read(der, CERT_WAY_ADMIN_FILE, CERT_KIND_UPSTREAM, NOW, &arena,
				  &as_file, NULL, &file_err);
	struct span pem = span_of(cert_pem(&arena, der));
	MUST(pem.n > 0);
	cg_rc text_rc = cert_read(pem, CERT_WAY_ADMIN, CERT_KIND_UPSTREAM, NOW, &arena, &as_text,
				  NULL, &text_err);
	bool is_der = n > 0 && bytes[0] == 0x30 && file_rc != CG_TOO_BIG && text_rc != CG_TOO_BIG;
	if (rc == CG_OK) {
		MUST(cert_from_server(pem, &arena, &seen, &sha256) == CERT_SEEN_ONE);
		MUST(span_is(seen, der) && memcmp(&sha256, &facts.sha256, sizeof(sha256)) == 0);
	}
	if (text_rc == CG_OK) {
		MUST(rc == CG_OK);
		must_be_equal(&facts, &as_text.leaf);
		must_be_canonical(&facts);
	}
	if (file_rc == CG_OK && is_der && rc == CG_OK)
		MUST(text_rc == CG_OK &&
		     memcmp(&as_file.leaf.sha256, &as_text.leaf.sha256, sizeof(sha256)) == 0);
	if (file_rc != CG_OK)
		fuzz_must_be_kind(&file_err);
	if (text_rc != CG_OK)
		fuzz_must_be_kind(&text_err);
	arena_release(&arena);
	free(copy);
	return 0;
}
