/* Certificate and token of a request -> digests -> grants. */
#include "base/base.h"
#include "base/log.h"
#include "cert/cert.h"
#include "gate.h"
#include "web/verify.h"

#define UNUSABLE_LINES_PER_S 20

/* Of those that they could not verify, lighttpd passes none, and Apache all that it passes at all.
 */
static enum facts_certificate when_none(const struct web_request *req)
{
	switch (web_verify_judge(req->client_verify)) {
	case WEB_VERIFY_MISSING:
	case WEB_VERIFY_NONE:
		return FACTS_CERT_NONE;
	case WEB_VERIFY_GOOD:
	case WEB_VERIFY_BAD:
		if (!req->is_apache && span_starts(req->client_verify, SPAN_LIT("FAILED:")))
			return FACTS_CERT_REFUSED;
		break;
	}
	return FACTS_CERT_NOT_PASSED;
}

static enum facts_certificate when_one(struct span verify)
{
	switch (web_verify_judge(verify)) {
	case WEB_VERIFY_MISSING:
	case WEB_VERIFY_NONE:
		return FACTS_CERT_NO_VERIFY;
	case WEB_VERIFY_GOOD:
		return FACTS_CERT_PRESENT;
	case WEB_VERIFY_BAD:
		return FACTS_CERT_NOT_VERIFIED;
	}
	return FACTS_CERT_NOT_VERIFIED;
}

/* What is wrong in a set-up is wrong for many requests, and clients can send what is damaged: some
 * lines a second say it. */
static bool may_tell(int64_t now)
{
	static int64_t second;
	static unsigned lines;
	if (__atomic_exchange_n(&second, now, __ATOMIC_RELAXED) != now)
		__atomic_store_n(&lines, 0, __ATOMIC_RELAXED);
	return __atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED) < UNUSABLE_LINES_PER_S;
}

static void tell_unusable(struct exchange *x)
{
	if (!may_tell(x->req->received_unix_s))
		return;
	log_error("certificate_unusable", "request_id", x->req->id, "verify",
		  arena_copy(x->arena, x->req->client_verify), "hint",
		  x->facts.certificate == FACTS_CERT_NOT_PASSED
		      ? "SSL_CLIENT_CERT is missing: SSLOptions +ExportCertData or "
			"ssl.verifyclient.exportcert"
		  : x->facts.certificate == FACTS_CERT_REFUSED
		      ? "not verified and not passed on: not in lighttpd's ssl.ca-file?"
		  : x->facts.certificate == FACTS_CERT_DAMAGED
		      ? "SSL_CLIENT_CERT is not one whole certificate"
		      : "see SSL_CLIENT_VERIFY",
		  LOG_END);
}

/* Everybody of one CA is refused then, until somebody does something. */
static void tell_outdated(struct exchange *x)
{
	char hex[SHA256_HEX + 1];
	if (x->facts.chain.fault != CERT_CHAIN_OUTDATED || !may_tell(x->req->received_unix_s))
		return;
	hex_format(x->facts.sha256.b, SHA256_BYTES, hex);
	log_error("crl_outdated", "request_id", x->req->id, "certificate", hex, "hint",
		  "give the newest revocation list of its CA: certgate cert crl CA FILE", LOG_END);
}

/* False without memory: a certificate that cannot be looked at must not count as none. */
static bool read_certificate(struct exchange *x)
{
	const struct web_request *req = x->req;
	struct facts *f = &x->facts;
	f->proof_ok = req->proof_ok;
	f->https = req->https;
	f->certificate = FACTS_CERT_NONE;
	if (!req->proof_ok || !req->https)
		return true;
	x->cert_recalled = snapshot_recall(x->snapshot, req->client_cert, &x->cert_der,
					   &x->cert_field, &f->sha256);
	switch (x->cert_recalled
		    ? CERT_SEEN_ONE
		    : cert_from_server(req->client_cert, x->arena, &x->cert_der, &f->sha256)) {
	case CERT_SEEN_NONE:
		f->certificate = when_none(req);
		break;
	case CERT_SEEN_ONE:
		f->certificate = when_one(req->client_verify);
		break;
	case CERT_SEEN_DAMAGED:
		f->certificate = FACTS_CERT_DAMAGED;
		break;
	case CERT_SEEN_FAILED:
		return false;
	}
	if (f->certificate != FACTS_CERT_NONE && f->certificate != FACTS_CERT_PRESENT)
		tell_unusable(x);
	return true;
}

/* The token of the API's field, without "Bearer" in any letter case and what follows it; "Bearer"
 * alone, from which servers take the space at its end, is no token. */
static bool read_token(struct exchange *x)
{
	const Cg__ApiAuth *auth = x->route->api->auth;
	struct span value, bearer = SPAN_LIT("Bearer");
	if (!auth->use_token)
		return true;
	size_t times = web_request_field(x->req, auth->token_header, &value);
	if (times > 1) {
		refuse(x, REFUSAL_BAD_REQUEST,
		       "The field with the token is there more than once: send it once.");
		return false;
	}
	if (times == 0)
		return true;
	value = span_trim(value);
	if (value.n >= bearer.n && span_is_nocase(span_make(value.p, bearer.n), bearer) &&
	    (value.n == bearer.n || value.p[bearer.n] == ' '))
		value = span_trim(span_from(value, bearer.n));
	x->facts.token = value.n > 0;
	x->token = value;
	return true;
}

bool identify(struct exchange *x)
{
	struct gate *g = x->gate;
	struct facts *f = &x->facts;
	struct sha256 digest;
	struct cg_err err = {0};
	cg_rc rc = CG_OK;
	if (!read_token(x))
		return false;
	if (!read_certificate(x))
		rc = cg_fail_memory(&err);
	const Cg__ApiAuth *auth = x->route->api->auth;
	bool look = !auth->keyless;
	if (rc == CG_OK && look && f->token) {
		rc = sha256_of(x->token, &digest);
		if (rc == CG_OK)
			rc = snapshot_grant(g->resolver, x->snapshot, &digest, x->arena,
					    &f->token_grant, &err);
	}
	/* Also where only a token's binding asks for it. */
	bool bound = f->token_grant && f->token_grant->credential->n_bound_to > 0;
	if (rc == CG_OK && look && (auth->use_certificate || bound) &&
	    (f->certificate == FACTS_CERT_PRESENT || f->certificate == FACTS_CERT_NOT_VERIFIED))
		rc = snapshot_grant(g->resolver, x->snapshot, &f->sha256, x->arena,
				    &f->certificate_grant, &err);
	if (rc == CG_OK && f->certificate_grant && !x->cert_recalled)
		snapshot_remember(x->snapshot, x->req->client_cert, x->cert_der,
				  client_cert_field(x), &f->sha256);
	/* Whom the API does not know costs no signatures. */
	if (rc == CG_OK && f->certificate == FACTS_CERT_PRESENT && f->certificate_grant &&
	    auth->use_certificate && auth->trust == CG__API_AUTH__TRUST__CA)
		rc = snapshot_chain(g->resolver, x->snapshot, x, &f->chain, &err);
	tell_outdated(x);
	if (rc == CG_OK)
		return true;
	log_error("identify_failed", "request_id", x->req->id, "cause", err.text, LOG_END);
	refuse(x, REFUSAL_UNAVAILABLE, "The key store cannot be read now: try again in a moment.");
	return false;
}
