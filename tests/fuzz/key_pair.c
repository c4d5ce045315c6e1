/* The private key of a certificate that is shown to upstreams, as it is uploaded.  The input's
 * first byte says whose it shall be. */
#include "base/base.h"
#include "cert/key_pair.h"
#include "fuzz.h"
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define ARENA_MAX      ((size_t)64 * 1024 * 1024)
#define FILE_MAX_BYTES 16384

static const char *const files[] = {"base/plain.pem", "base/quickstart-rsa4096.pem",
				    "content/rsapss.pem", "content/p384.pem",
				    "content/ed25519.pem"};
static struct arena kept;
static struct span certificates[CG_COUNT(files)];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *root = getenv("CERTGATE_SOURCE");
	(void)argc;
	(void)argv;
	fuzz_secrets_load();
	arena_init(&kept, ARENA_MAX);
	for (size_t i = 0; i < CG_COUNT(files); i++) {
		char path[4096], text[FILE_MAX_BYTES];
		struct sha256 ignored;
		(void)snprintf(path, sizeof(path), "%s/tests/certs/%s", root ? root : ".",
			       files[i]);
		FILE *f = fopen(path, "rb");
		MUST(f);
		size_t n = fread(text, 1, sizeof(text), f);
		MUST(fclose(f) == 0);
		MUST(cert_from_server(span_make(text, n), &kept, &certificates[i], &ignored) ==
		     CERT_SEEN_ONE);
	}
	return 0;
}

/* As the library reads it, which makes the handshakes with it. */
static void must_be_of(struct span key_pem, struct span der)
{
	gnutls_datum_t text = {(unsigned char *)(uintptr_t)key_pem.p, (unsigned)key_pem.n};
	gnutls_datum_t cert = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n};
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	uint8_t of_key[64], of_cert[64];
	size_t n_key = sizeof(of_key), n_cert = sizeof(of_cert);
	MUST(gnutls_x509_privkey_init(&key) == 0 && gnutls_x509_crt_init(&crt) == 0);
	MUST(gnutls_x509_crt_import(crt, &cert, GNUTLS_X509_FMT_DER) == 0);
	MUST(gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0) == 0);
	/* RSA-PSS certificates go with plain RSA keys. */
	if (gnutls_x509_privkey_get_pk_algorithm(key) ==
	    gnutls_x509_crt_get_pk_algorithm(crt, NULL)) {
		MUST(gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key, &n_key) ==
		     0);
		MUST(gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, of_cert, &n_cert) ==
		     0);
		MUST(n_key == n_cert && memcmp(of_key, of_cert, n_key) == 0);
	}
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return 0;
	char *copy = fuzz_exact(bytes + 1, n - 1);
	struct span der = certificates[bytes[0] % CG_COUNT(files)], key = {NULL, 0};
	struct arena arena;
	arena_init(&arena, ARENA_MAX);
	const char *why = key_pair_read(span_make(copy, n - 1), der, &arena, &key);
	if (why) {
		fuzz_must_be_safe(why);
		fuzz_must_tell_no_secret(why);
		MUST(!key.p);
	} else {
		struct span again = {NULL, 0};
		must_be_of(key, der);
		MUST(!key_pair_read(key, der, &arena, &again) && span_is(key, again));
	}
	arena_release(&arena);
	free(copy);
	return 0;
}
