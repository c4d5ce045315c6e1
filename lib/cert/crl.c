#include "base/base.h"
#include "cert/crl.h"
#include "base/clock.h"
#include "base/hash.h"
#include "cert/inside.h"
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define BEGIN_CRL SPAN_LIT("-----BEGIN X509 CRL-----")
#define END_CRL	  SPAN_LIT("-----END X509 CRL-----")

static cg_rc damaged(struct cg_err *err)
{
	return cg_fail_code(err, CG_BAD_VALUE, CERT_DAMAGED,
			    "The revocation list is damaged. Fetch it again from the CA.");
}

static cg_rc partial(struct cg_err *err)
{
	return cg_fail_code(err, CG_BAD_VALUE, CRL_PARTIAL,
			    "This revocation list does not speak for all certificates of its CA: "
			    "it is a delta, an indirect one, or one of several parts. Fetch the "
			    "complete one.");
}

/* Of the list (*number is filled) or of an entry in it (number is NULL).  What is critical and not
 * known here could say that an entry means something else. */
static cg_rc read_extensions(struct span list, struct span *number, struct cg_err *err)
{
	struct der all, value;
	struct extension ext;
	if (!der_take(&list, DER_SEQUENCE, &all) || list.n > 0)
		return damaged(err);
	while (all.body.n > 0) {
		if (!extension_take(&all.body, &ext))
			return damaged(err);
		if (ext.number == EXT_DELTA || ext.number == EXT_POINT ||
		    ext.number == EXT_ENTRY_ISSUER)
			return partial(err);
		if (number && ext.number == EXT_CRL_NUMBER) {
			/* At most 20 octets (RFC 5280 section 5.2.3). */
			if (!der_take(&ext.value, DER_INTEGER, &value) || ext.value.n > 0 ||
			    value.body.n == 0 || value.body.n > 21 || (value.body.p[0] & 0x80))
				return damaged(err);
			*number = value.body;
		} else if (ext.is_critical) {
			return partial(err);
		}
	}
	return CG_OK;
}

static bool is_time(struct span rest)
{
	struct der time;
	int64_t ignored;
	return der_next(&rest, &time) && der_time(&time, &ignored);
}

static cg_rc read_entries(struct cert_crl *crl, struct cg_err *err)
{
	struct span rest = crl->entries;
	struct der entry, serial, time;
	while (rest.n > 0) {
		if (!der_take(&rest, DER_SEQUENCE, &entry) ||
		    !der_take(&entry.body, DER_INTEGER, &serial) || !der_next(&entry.body, &time))
			return damaged(err);
		cg_rc rc = entry.body.n > 0 ? read_extensions(entry.body, NULL, err) : CG_OK;
		if (rc != CG_OK)
			return rc;
		crl->n_entries++;
	}
	return CG_OK;
}

cg_rc crl_parse(struct span der, struct cert_crl *out, struct cg_err *err)
{
	struct cert_crl crl = {.der = der};
	struct der all, tbs, method, bits, v;
	struct span top = der;
	if (!der_take(&top, DER_SEQUENCE, &all) || top.n > 0 ||
	    !der_take(&all.body, DER_SEQUENCE, &tbs) ||
	    !der_take(&all.body, DER_SEQUENCE, &method) ||
	    !der_take(&all.body, DER_BIT_STRING, &bits) || all.body.n > 0 || bits.body.n == 0 ||
	    bits.body.p[0] != 0)
		return damaged(err);
	crl.tbs = tbs.all;
	crl.signature = span_from(bits.body, 1);
	struct span rest = tbs.body;
	der_skip(&rest, DER_INTEGER); /* the version */
	/* The method stands inside and outside of what is signed. */
	if (!der_take(&rest, DER_SEQUENCE, &v) || !span_is(v.all, method.all) ||
	    !der_take(&rest, DER_SEQUENCE, &v))
		return damaged(err);
	crl.issuer = v.all;
	if (!der_next(&rest, &v) || !der_time(&v, &crl.this_update))
		return damaged(err);
	if (is_time(rest)) {
		if (!der_next(&rest, &v) || !der_time(&v, &crl.next_update))
			return damaged(err);
		crl.has_next_update = true;
	}
	if (der_take(&rest, DER_SEQUENCE, &v))
		crl.entries = v.body;
	cg_rc rc = read_entries(&crl, err);
	if (rc == CG_OK && der_take(&rest, 0xa0, &v))
		rc = read_extensions(v.body, &crl.number, err);
	if (rc == CG_OK && rest.n > 0)
		rc = damaged(err);
	if (rc == CG_OK)
		*out = crl;
	return rc;
}

static cg_rc too_large(struct cg_err *err)
{
	return cg_fail_code(err, CG_TOO_BIG, CRL_TOO_LARGE,
			    "The revocation list is larger than %d kB.", CRL_DER_MAX / 1024);
}

cg_rc crl_from_text(struct span text, struct arena *arena, struct cert_crl *out, struct cg_err *err)
{
	struct span der;
	if (text.n > CRL_INPUT_MAX)
		return too_large(err);
	if (text.n == 0 || text.p[0] != DER_SEQUENCE) {
		size_t from = span_find(text, BEGIN_CRL);
		struct span body = from == SIZE_MAX ? text : span_from(text, from + BEGIN_CRL.n);
		size_t to = span_find(body, END_CRL);
		if (from == SIZE_MAX || to == SIZE_MAX ||
		    span_find(span_from(body, to), BEGIN_CRL) != SIZE_MAX)
			return cg_fail_code(err, CG_BAD_VALUE, CRL_NOT_FOUND,
					    "There is no revocation list here. Give one list, as "
					    "PEM with a BEGIN X509 CRL line or as a .crl file.");
		body.n = to;
		uint8_t *bytes = arena_alloc(arena, body.n / 4 * 3 + 3);
		size_t n;
		if (!bytes)
			return cg_fail_memory(err);
		if (!base64_decode(body, bytes, &n))
			return damaged(err);
		der = span_make(bytes, n);
	} else {
		const char *copy = arena_copy(arena, text);
		if (!copy)
			return cg_fail_memory(err);
		der = span_make(copy, text.n);
	}
	if (der.n > CRL_DER_MAX)
		return too_large(err);
	return der_is_canonical(der) ? crl_parse(der, out, err) : damaged(err);
}

/* Whether the CA's key may sign lists and made this signature, by a method that is still safe.  Not
 * gnutls_x509_crl_verify: it also judges the dates, by its own clock and although it is told not
 * to. */
static int verify(const struct cert_crl *crl, struct span ca_der)
{
	gnutls_datum_t list = {(unsigned char *)(uintptr_t)crl->der.p, (unsigned)crl->der.n};
	gnutls_datum_t cert = {(unsigned char *)(uintptr_t)ca_der.p, (unsigned)ca_der.n};
	gnutls_datum_t signed_part = {(unsigned char *)(uintptr_t)crl->tbs.p, (unsigned)crl->tbs.n};
	gnutls_datum_t signature = {(unsigned char *)(uintptr_t)crl->signature.p,
				    (unsigned)crl->signature.n};
	gnutls_x509_crl_t parsed = NULL;
	gnutls_x509_crt_t ca = NULL;
	gnutls_pubkey_t key = NULL;
	unsigned usage = 0;
	int rc = gnutls_x509_crl_init(&parsed), method = 0;
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&ca);
	if (rc >= 0)
		rc = gnutls_pubkey_init(&key);
	if (rc >= 0)
		rc = gnutls_x509_crl_import(parsed, &list, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		rc = method = gnutls_x509_crl_get_signature_algorithm(parsed);
	if (rc >= 0)
		rc = gnutls_x509_crt_import(ca, &cert, GNUTLS_X509_FMT_DER);
	if (rc >= 0) {
		rc = gnutls_x509_crt_get_key_usage(ca, &usage, NULL);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			rc = 0; /* any use */
		else if (rc >= 0 && !(usage & GNUTLS_KEY_CRL_SIGN))
			rc = GNUTLS_E_KEY_USAGE_VIOLATION;
	}
	if (rc >= 0)
		rc = gnutls_pubkey_import_x509(key, ca, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_verify_data2(key, (gnutls_sign_algorithm_t)method,
						GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM),
						&signed_part, &signature);
	if (key)
		gnutls_pubkey_deinit(key);
	if (ca)
		gnutls_x509_crt_deinit(ca);
	if (parsed)
		gnutls_x509_crl_deinit(parsed);
	return rc;
}

cg_rc crl_check(const struct cert_crl *crl, struct span ca, int64_t now, struct cg_err *err)
{
	struct cert_parts parts;
	char when[RFC3339_TEXT + 1];
	if (!parts_of(ca, &parts))
		return cg_fail(err, CG_UNAVAILABLE, "A CA certificate in the store is damaged.");
	if (!span_is(crl->issuer, parts.subject))
		return cg_fail_code(err, CG_BAD_VALUE, CRL_OTHER_ISSUER,
				    "This revocation list is another CA's: its issuer is not the "
				    "subject of this certificate.");
	int verified = verify(crl, ca);
	if (verified == GNUTLS_E_MEMORY_ERROR)
		return cg_fail_memory(err);
	if (verified < 0)
		return cg_fail_code(err, CG_BAD_VALUE, CRL_BAD_SIGNATURE,
				    "This revocation list is not signed by this CA with a method "
				    "that is still safe. Fetch it from the CA itself.");
	if (crl->this_update > now) {
		(void)rfc3339_format(crl->this_update, when);
		return cg_fail_code(err, CG_BAD_VALUE, CRL_NOT_YET_ISSUED,
				    "This revocation list is dated %s, which is not yet: check the "
				    "clocks of the CA and of this host.",
				    when);
	}
	if (crl->has_next_update && crl->next_update < now) {
		(void)rfc3339_format(crl->next_update, when);
		return cg_fail_code(err, CG_BAD_VALUE, CRL_OUTDATED,
				    "This revocation list spoke until %s: every certificate of the "
				    "CA would be refused. Fetch the newest one.",
				    when);
	}
	return CG_OK;
}

bool crl_holds(const struct cert_crl *crl, struct span serial)
{
	struct span rest = crl->entries;
	struct der entry, number;
	while (der_take(&rest, DER_SEQUENCE, &entry))
		if (der_take(&entry.body, DER_INTEGER, &number) && span_is(number.body, serial))
			return true;
	return false;
}

/* Without the zero octets at its beginning. */
static struct span digits_of(struct span number)
{
	while (number.n > 0 && number.p[0] == 0)
		number = span_from(number, 1);
	return number;
}

int crl_number_compare(struct span a, struct span b)
{
	a = digits_of(a);
	b = digits_of(b);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n == 0 ? 0 : memcmp(a.p, b.p, a.n);
}

char *crl_pem(struct arena *arena, struct span der)
{
	return pem_format(arena, SPAN_LIT("X509 CRL"), der);
}
