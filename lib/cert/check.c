#include "base/base.h"
#include "cert/inside.h"
#include "base/clock.h"

void notice_add(struct cert_reading *out, const char *sentence)
{
	if (sentence && out->n_notices < CERT_NOTICES_MAX)
		out->notices[out->n_notices++] = sentence;
}

static cg_rc check_key(const struct cert *cert, const struct key_parts *key, struct cg_err *err)
{
	if (key->kind == KEY_OTHER)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_KEY_TYPE,
				    "The key of this certificate (%.40s) cannot be used; RSA of "
				    "2048 to 8192 bits, P-256, P-384, P-521, Ed25519 and Ed448 "
				    "can. " MAKE_NEW,
				    cert->public_key);
	if (key->kind != KEY_RSA && key->kind != KEY_RSA_PSS)
		return CG_OK;
	if (key->bits < CERT_RSA_BITS_MIN)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_WEAK_KEY,
				    "The RSA key of this certificate has %u bits; web servers "
				    "refuse less than %d. " MAKE_NEW,
				    key->bits, CERT_RSA_BITS_MIN);
	if (key->bits > CERT_RSA_BITS_MAX)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_KEY_TOO_LARGE,
				    "The RSA key of this certificate has %u bits; more than %d "
				    "cost too much time per connection. " MAKE_NEW,
				    key->bits, CERT_RSA_BITS_MAX);
	return CG_OK;
}

static cg_rc check_dates(const struct cert *cert, int64_t now, struct arena *arena,
			 struct cert_reading *out, struct cg_err *err)
{
	char from[RFC3339_TEXT + 1], to[RFC3339_TEXT + 1];
	(void)rfc3339_format(cert->not_before, from);
	(void)rfc3339_format(cert->not_after, to);
	if (cert->not_after < cert->not_before)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_NEVER_VALID,
				    "This certificate is never valid: it ends on %s, before it "
				    "begins on %s. " MAKE_NEW,
				    to, from);
	if (cert->not_after < now)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_EXPIRED,
				    "This certificate expired on %s. " MAKE_NEW, to);
	if (cert->not_before > now)
		notice_add(out, arena_printf(arena,
					     "The certificate is not valid before %s; calls with "
					     "it are refused until then.",
					     from));
	if (cert->not_after - now < CERT_ENDS_SOON_S)
		notice_add(out, arena_printf(arena,
					     "The certificate ends soon, on %s; have the next one "
					     "ready before that.",
					     to));
	return CG_OK;
}

static cg_rc check_client(const struct cert_parts *parts, struct cert_reading *out,
			  struct cg_err *err)
{
	if (!name_is_readable(parts->subject) || !name_is_readable(parts->issuer))
		return cg_fail_code(err, CG_BAD_VALUE, CERT_UNREADABLE,
				    "A name in this certificate is not text in the encoding that "
				    "it claims (UTF-8, say), so that web servers cannot read the "
				    "certificate. " MAKE_NEW);
	if (!parts->client_auth_allowed)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_NOT_CLIENT,
				    "This certificate may not be used by a TLS client: its key "
				    "usage or extended key usage leaves that out, so the web "
				    "server would refuse it (openssl x509 -in FILE -noout -purpose "
				    "shows it). Ask your CA for one with clientAuth and "
				    "digitalSignature, or make one with: " MAKE_PAIR);
	if (parts->is_ca)
		notice_add(out, "This is a CA certificate: it lets in whoever has its key, but "
				"not the certificates that it issued.");
	return CG_OK;
}

cg_rc cert_check(const struct cert *cert, const struct cert_parts *parts, enum cert_kind kind,
		 int64_t now_unix_s, struct arena *arena, struct cert_reading *out,
		 struct cg_err *err)
{
	cg_rc rc = check_key(cert, &parts->key, err);
	if (rc == CG_OK)
		rc = check_dates(cert, now_unix_s, arena, out, err);
	if (rc != CG_OK)
		return rc;
	if (parts->unknown_critical)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_CRITICAL_EXTENSION,
				    "This certificate has a critical extension that web servers "
				    "do not know, so they would refuse it (openssl x509 -in FILE "
				    "-noout -text shows it as critical). Ask your CA for one "
				    "without it.");
	switch (kind) {
	case CERT_KIND_CLIENT:
		return check_client(parts, out, err);
	case CERT_KIND_CA:
		if (!parts->signs_certificates)
			return cg_fail_code(err, CG_BAD_VALUE, CERT_NOT_CA,
					    "This is not the certificate of a CA: it may not sign "
					    "others. Give the certificate that issued your "
					    "clients' certificates.");
		return CG_OK;
	case CERT_KIND_UPSTREAM:
		break;
	}
	return CG_OK;
}
