/* The decision in words. */
#include "base/base.h"
#include "base/clock.h"
#include "grant/decide.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static const char *hex_of(const struct sha256 *digest, struct arena *arena)
{
	char *hex = arena_alloc(arena, SHA256_HEX + 1);
	if (hex)
		hex_format(digest->b, SHA256_BYTES, hex);
	return or_empty(hex);
}

static const char *time_of(int64_t t, struct arena *arena)
{
	char text[RFC3339_TEXT + 1];
	(void)rfc3339_format(t, text);
	return or_empty(arena_strdup(arena, text));
}

/* What is wrong in the way the certificate travels; NULL when nothing is. */
static const char *transport_fault(const struct facts *f)
{
	if (!f->proof_ok)
		return "The request came without the web server's proof, so no certificate counts: "
		       "the virtual host has to include certgate.conf with its proof file.";
	if (!f->https)
		return "The request did not come over TLS, so there is no certificate: use https.";
	switch (f->certificate) {
	case FACTS_CERT_NOT_PASSED:
		return "The web server saw a client certificate but passes none on: set "
		       "`SSLOptions +ExportCertData` (Apache) or `ssl.verifyclient.exportcert` "
		       "(lighttpd), and keep certificates under 12 kB.";
	case FACTS_CERT_REFUSED:
		return "The web server saw a client certificate that it could not verify, and "
		       "passes "
		       "none on: on lighttpd put it, or its CA, into `ssl.ca-file`; on Apache set "
		       "`SSLOptions +ExportCertData`.";
	case FACTS_CERT_NO_VERIFY:
		return "The web server passes a certificate but not SSL_CLIENT_VERIFY: include "
		       "certgate.conf as it is shipped.";
	case FACTS_CERT_DAMAGED:
		return "What the web server passes as SSL_CLIENT_CERT is not one certificate: "
		       "include certgate.conf as it is shipped.";
	case FACTS_CERT_NONE:
	case FACTS_CERT_PRESENT:
	case FACTS_CERT_NOT_VERIFIED:
		break;
	}
	return NULL;
}

static const char *missing_detail(const struct facts *f, struct arena *arena)
{
	const Cg__ApiAuth *auth = f->api->auth;
	const char *fault = auth->use_certificate ? transport_fault(f) : NULL;
	if (fault && (!auth->use_token || f->token))
		return fault;
	if (fault)
		return arena_printf(arena, "%s Or send a token in %s.", fault, auth->token_header);
	if (auth->use_certificate && auth->use_token)
		return arena_printf(arena,
				    "Send a client certificate that is registered here (curl: "
				    "--cert FILE --key FILE), or a token in %s.",
				    auth->token_header);
	if (auth->use_certificate)
		return "Send a client certificate that is registered here (curl: --cert FILE --key "
		       "FILE).";
	return arena_printf(arena, "Send your token in the field %s.", auth->token_header);
}

static const char *unknown_detail(const struct facts *f, const struct decision *d,
				  struct arena *arena)
{
	if (d->grant)
		return arena_printf(arena,
				    "The certificate is registered, but the token in %s is not "
				    "known: leave it out.",
				    f->api->auth->token_header);
	if (f->api->auth->use_certificate &&
	    (f->certificate == FACTS_CERT_PRESENT || f->certificate == FACTS_CERT_NOT_VERIFIED))
		return arena_printf(arena,
				    "The certificate with SHA-256 %s is not registered for a key: "
				    "ask the provider of the API to register it, or request a key "
				    "in the portal.",
				    hex_of(&f->sha256, arena));
	return "The token is not known: check that it was copied whole.";
}

static const char *mismatch_detail(const struct facts *f, const struct decision *d)
{
	/* Nobody yet, or the token's own key: then it is the binding that does not hold. */
	if (!d->grant || strcmp(d->grant->key->id, f->token_grant->key->id) == 0)
		return "This token works only together with a certificate that it is bound to: "
		       "send that certificate with it (curl: --cert FILE --key FILE).";
	return "The token does not belong to this certificate: send the one that does, or the "
	       "certificate alone.";
}

static const char *inactive_detail(const struct decision *d, struct arena *arena)
{
	const Cg__Credential *c = d->credential;
	const char *what = c->type == CG__CREDENTIAL__TYPE__CERTIFICATE ? "certificate" : "token";
	if (c->has_revoked_at)
		return arena_printf(arena,
				    "This %s was revoked on %s: ask the provider of the API for a "
				    "new registration.",
				    what, time_of(c->revoked_at, arena));
	return arena_printf(arena, "This %s is not in use now: ask the provider of the API.", what);
}

static const char *untrusted_detail(const struct facts *f)
{
	if (f->certificate != FACTS_CERT_PRESENT)
		return "The web server could not accept this certificate in the handshake: make a "
		       "new one for clients and have it registered.";
	switch (f->chain.fault) {
	case CERT_CHAIN_NO_ISSUER:
		return "The certificate is registered, but no chain leads from it to a CA that "
		       "this API trusts. Send the intermediate certificates along (curl: --cert "
		       "with a file that holds them behind your own), or use a certificate that "
		       "one of those CAs has issued.";
	case CERT_CHAIN_BROKEN:
		return "The certificate is registered, but its chain to a CA that this API trusts "
		       "does not hold: a signature is wrong or too weak, or a CA in it may not "
		       "issue certificates for clients.";
	case CERT_CHAIN_REVOKED:
		return "The CA has revoked this certificate, or a CA above it: have a new one "
		       "issued and registered.";
	case CERT_CHAIN_OUTDATED:
		return "The revocation list of this certificate's CA is out of date, so nobody "
		       "can say whether the certificate still counts: ask the provider of the API "
		       "to give certgate the newest list.";
	case CERT_CHAIN_DATES:
	case CERT_CHAIN_GOOD: /* it was, at another time */
		return "A CA certificate above this one is not valid now: ask your CA for its "
		       "newest certificates and send them along.";
	case CERT_CHAIN_NOT_LOOKED_AT:
		break;
	}
	return "The chain of this certificate has not been verified.";
}

static const char *detail(const struct facts *f, const struct decision *d, struct arena *arena)
{
	switch (d->refusal) {
	case REFUSAL_BAD_REQUEST:
		return "The path could be read as one of another API: write it without escapes of "
		       "plain letters, “;” and doubled slashes.";
	case REFUSAL_API_NOT_FOUND:
		return "No API listens at this path: check the URL.";
	case REFUSAL_API_INACTIVE:
		return "This API is switched off for now: ask its provider.";
	case REFUSAL_ADDRESS_NOT_ALLOWED:
		return arena_printf(arena,
				    "Calls from %.*s are not allowed here: ask the provider of the "
				    "API to add this address.",
				    (int)f->remote_addr.n,
				    f->remote_addr.p ? f->remote_addr.p : "");
	case REFUSAL_CREDENTIAL_MISSING:
		return missing_detail(f, arena);
	case REFUSAL_CERTIFICATE_NOT_ENABLED:
		return arena_printf(arena,
				    "A client certificate came, but this API does not take "
				    "certificates: its provider has to switch on “Enable client "
				    "certificate” (auth.use_certificate). Until then send a token "
				    "in %s.",
				    f->api->auth->token_header);
	case REFUSAL_CREDENTIAL_UNKNOWN:
		return unknown_detail(f, d, arena);
	case REFUSAL_CREDENTIAL_MISMATCH:
		return mismatch_detail(f, d);
	case REFUSAL_CERTIFICATE_UNTRUSTED:
		return untrusted_detail(f);
	case REFUSAL_CREDENTIAL_INACTIVE:
		return inactive_detail(d, arena);
	case REFUSAL_CERTIFICATE_NOT_YET_VALID:
		return arena_printf(arena,
				    "The certificate is valid from %s on: wait, or check "
				    "the clock of the machine that made it.",
				    time_of(d->credential->not_before, arena));
	case REFUSAL_CERTIFICATE_EXPIRED:
		return arena_printf(arena,
				    "The certificate expired on %s: make a new one and have it "
				    "registered.",
				    time_of(d->credential->not_after, arena));
	case REFUSAL_KEY_INACTIVE:
		return arena_printf(arena, "%s is switched off: ask the provider of the API.",
				    d->grant->off == ORGANISATION_OFF
					? "The organisation that the key belongs to"
				    : d->grant->off == ORGANISATION_DEVELOPER_OFF
					? "The developer who asked for the key"
					: "The key");
	case REFUSAL_KEY_EXPIRED:
		return arena_printf(arena,
				    "The key expired on %s: ask the provider of the API to renew "
				    "it.",
				    time_of(d->grant->effective.expires_at, arena));
	case REFUSAL_ACCESS_DENIED:
		return arena_printf(arena,
				    "The key “%s” has no access to the API “%s”: ask its provider "
				    "to add it to the key's access rights.",
				    d->grant->key->name, f->api->name);
	case REFUSAL_PATH_NOT_ALLOWED:
		return "The key's access rights do not cover this path.";
	case REFUSAL_METHOD_NOT_ALLOWED:
		return arena_printf(arena,
				    "The key's access rights do not cover the method %.*s "
				    "on this path.",
				    (int)f->method.n, f->method.p);
	case REFUSAL_NONE:
		return "The request may pass.";
	case REFUSAL_RATE_LIMITED:
	case REFUSAL_TOO_MANY_CONCURRENT:
	case REFUSAL_QUOTA_EXCEEDED:
	case REFUSAL_UNAVAILABLE:
	case REFUSAL_BODY_TOO_LARGE:
	case REFUSAL_UPSTREAM_UNREACHABLE:
	case REFUSAL_UPSTREAM_TLS:
	case REFUSAL_UPSTREAM_INVALID:
	case REFUSAL_UPSTREAM_TIMEOUT:
	case REFUSAL__COUNT:
		break;
	}
	return "The request cannot be decided now: try again in a moment.";
}

const char *decision_detail(const struct facts *f, const struct decision *d, struct arena *arena)
{
	return or_empty(detail(f, d, arena));
}

const char *decision_error(const struct facts *f, const struct decision *d, struct arena *arena)
{
	if (d->refusal == REFUSAL_CREDENTIAL_MISSING && f->api->auth->use_certificate &&
	    !f->api->auth->use_token)
		return "Client certificate required";
	if (d->refusal == REFUSAL_CERTIFICATE_UNTRUSTED)
		return or_empty(arena_printf(arena, "Certificate with SHA256 %s not allowed",
					     hex_of(&f->sha256, arena)));
	return refusal_row(d->refusal)->error;
}

/* --- step by step --- */

static const char *const step_names[] = {
    [DECISION_API] = "api",	      [DECISION_ADDRESS] = "address",
    [DECISION_IDENTITY] = "identity", [DECISION_CREDENTIAL] = "credential",
    [DECISION_KEY] = "key",	      [DECISION_ACCESS] = "access",
    [DECISION_PATH] = "path",	      [DECISION_METHOD] = "method",
    [DECISION_PASS] = "pass",
};
_Static_assert(CG_COUNT(step_names) == DECISION__COUNT, "a name for each step");

static const char *identity_passed(const struct facts *f, const struct grant *g,
				   struct arena *arena)
{
	if (g->credential->type == CG__CREDENTIAL__TYPE__CERTIFICATE)
		return arena_printf(arena, "The certificate %s belongs to the key “%s” (%s).",
				    hex_of(&f->sha256, arena), g->key->name, g->key->id);
	return arena_printf(arena, "The token belongs to the key “%s” (%s).", g->key->name,
			    g->key->id);
}

static const char *passed_text(const struct facts *f, const struct decision *d,
			       enum decision_step step, struct arena *arena)
{
	switch (step) {
	case DECISION_API:
		return arena_printf(arena, "The API “%s” listens on %s and is active.",
				    f->api->name, f->api->listen_path);
	case DECISION_ADDRESS:
		return f->api->n_allowed_ips + f->api->n_blocked_ips == 0
			   ? "The API has no address lists."
			   : "The address is allowed.";
	case DECISION_IDENTITY:
		return identity_passed(f, d->grant, arena);
	case DECISION_CREDENTIAL:
		return f->chain.fault == CERT_CHAIN_GOOD
			   ? "The credential is active and within its dates, and was issued under "
			     "a CA that the API trusts."
			   : "The credential is active and within its dates.";
	case DECISION_KEY:
		return "The key is active, has not expired, and may be used from this address.";
	case DECISION_ACCESS:
		if (d->access && d->access->from)
			return arena_printf(arena,
					    "The access rights of the key's policy “%s” name this "
					    "API.",
					    d->access->from->name);
		return "The key's own access rights name this API.";
	case DECISION_PATH:
		return "They cover the path.";
	case DECISION_METHOD:
		return "They cover the method.";
	case DECISION_PASS:
	case DECISION__COUNT:
		break;
	}
	return "The request may pass.";
}

size_t decision_lines(const struct facts *f, const struct decision *d, struct arena *arena,
		      struct decision_line lines[DECISION__COUNT])
{
	size_t n = 0;
	for (enum decision_step step = DECISION_API; step < d->step; step++) {
		/* A keyless API asks nobody who he is. */
		if (step >= DECISION_IDENTITY && !d->grant)
			break;
		lines[n++] = (struct decision_line){step_names[step], true,
						    or_empty(passed_text(f, d, step, arena))};
	}
	lines[n++] = (struct decision_line){step_names[d->step], d->refusal == REFUSAL_NONE,
					    decision_detail(f, d, arena)};
	return n;
}
