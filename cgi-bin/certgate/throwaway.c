#include "base/base.h"
#include "throwaway.h"
#include "base/clock.h"
#include <gnutls/x509.h>

#define SERIAL_BYTES 16
#define CLOCK_SKEW_S 3600

/* Takes the datum over; false without memory. */
static bool keep(struct arena *arena, gnutls_datum_t *datum, struct span *out)
{
	const char *copy = arena_copy(arena, span_make(datum->data, datum->size));
	if (copy)
		*out = span_make(copy, datum->size);
	gnutls_memset(datum->data, 0, datum->size);
	gnutls_free(datum->data);
	datum->data = NULL;
	return copy != NULL;
}

static bool fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *name, int days)
{
	uint8_t serial[SERIAL_BYTES];
	int64_t now = clock_unix_s();
	if (random_bytes(serial, sizeof(serial)) != CG_OK)
		return false;
	serial[0] &= 0x7f; /* positive */
	serial[0] |= 0x40;
	return gnutls_x509_crt_set_version(crt, 3) >= 0 &&
	       gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)) >= 0 &&
	       gnutls_x509_crt_set_activation_time(crt, (time_t)(now - CLOCK_SKEW_S)) >= 0 &&
	       gnutls_x509_crt_set_expiration_time(crt, (time_t)(now + (int64_t)days * 86400)) >=
		   0 &&
	       gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
					     (unsigned)strlen(name)) >= 0 &&
	       gnutls_x509_crt_set_basic_constraints(crt, 0, -1) >= 0 &&
	       gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0) >= 0 &&
	       gnutls_x509_crt_set_key(crt, key) >= 0 &&
	       gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) >= 0;
}

cg_rc throwaway_make(const char *common_name, int days, struct arena *arena, struct throwaway *out,
		     struct cg_err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t cert_pem = {0}, key_pem = {0}, der = {0};
	struct throwaway made;
	bool ok = gnutls_x509_privkey_init(&key) >= 0 && gnutls_x509_crt_init(&crt) >= 0 &&
		  gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
					       0) >= 0 &&
		  fill(crt, key, common_name, days) &&
		  gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der) >= 0 &&
		  gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert_pem) >= 0 &&
		  gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
						    GNUTLS_PKCS_PLAIN, &key_pem) >= 0 &&
		  sha256_of(span_make(der.data, der.size), &made.sha256) == CG_OK &&
		  keep(arena, &cert_pem, &made.cert_pem) && keep(arena, &key_pem, &made.key_pem);
	gnutls_free(der.data);
	gnutls_free(cert_pem.data);
	gnutls_free(key_pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	if (!ok)
		return cg_fail(err, CG_UNAVAILABLE, "No certificate could be made.");
	*out = made;
	return CG_OK;
}
