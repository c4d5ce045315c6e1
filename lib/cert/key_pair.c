#include "base/base.h"
#include "cert/key_pair.h"
#include "base/hash.h"
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

static bool public_id(gnutls_pubkey_t key, struct sha256 *out)
{
	size_t n = sizeof(out->b);
	return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, out->b, &n) >= 0 &&
	       n == sizeof(out->b);
}

static bool id_of_certificate(struct span der, struct sha256 *out)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n};
	bool ok = gnutls_x509_crt_init(&crt) >= 0 && gnutls_pubkey_init(&key) >= 0 &&
		  gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER) >= 0 &&
		  gnutls_pubkey_import_x509(key, crt, 0) >= 0 && public_id(key, out);
	if (key)
		gnutls_pubkey_deinit(key);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	return ok;
}

static bool id_of_private(gnutls_x509_privkey_t x509, struct sha256 *out)
{
	gnutls_privkey_t key = NULL;
	gnutls_pubkey_t public = NULL;
	bool ok = gnutls_privkey_init(&key) >= 0 && gnutls_pubkey_init(&public) >= 0 &&
		  gnutls_privkey_import_x509(key, x509, 0) >= 0 &&
		  gnutls_pubkey_import_privkey(public, key, 0, 0) >= 0 && public_id(public, out);
	if (public)
		gnutls_pubkey_deinit(public);
	if (key)
		gnutls_privkey_deinit(key);
	return ok;
}

static bool export(gnutls_x509_privkey_t key, struct arena *arena, struct span *out)
{
	gnutls_datum_t pem = {NULL, 0};
	if (gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
					      &pem) < 0)
		return false;
	const char *copy = arena_copy(arena, span_make(pem.data, pem.size));
	*out = span_make(copy, pem.size);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return copy != NULL;
}

const char *key_pair_read(struct span text, struct span der, struct arena *arena, struct span *out)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)text.p, (unsigned)text.n};
	struct sha256 of_key, of_certificate;
	const char *why = NULL;
	if (gnutls_x509_privkey_init(&key) < 0)
		return "cannot be read: no memory";
	int rc = gnutls_x509_privkey_import2(key, &bytes, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc == GNUTLS_E_DECRYPTION_FAILED)
		why = "has a passphrase: give the key without one; it is sealed before it is "
		      "stored";
	else if (rc < 0 || gnutls_x509_privkey_verify_params(key) < 0 ||
		 !id_of_private(key, &of_key))
		why = "is not a private key as PEM text";
	else if (!id_of_certificate(der, &of_certificate))
		why = "has no certificate that can be read beside it";
	else if (memcmp(of_key.b, of_certificate.b, sizeof(of_key.b)) != 0)
		why = "is the private key of another certificate than client_certificate";
	else if (!export(key, arena, out))
		why = "cannot be read: no memory";
	gnutls_x509_privkey_deinit(key);
	return why;
}
