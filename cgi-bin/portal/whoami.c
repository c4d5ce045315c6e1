/* GET /portal/whoami: which certificate came with this connection, what the web server said of it,
 * and whether it is registered.  Never whose: who calls this needs to be nobody. */
#include "base/base.h"
#include "portal.h"
#include "base/clock.h"
#include "base/log.h"
#include "cert/cert.h"
#include "model/certificate.h"
#include "web/json.h"
#include "web/problem.h"

#define TRY "curl --cert cert.pem --key key.pem https://YOUR-HOST/portal/whoami"

/* What came, by its name in the answer, and what to do. */
struct arrival {
	const char *received;
	const char *detail;
};

static const struct arrival no_proof = {
    "no_proof",
    "This request came without the web server's proof, so nothing that it says about TLS counts. "
    "The operator has to see that the file with the proof is included for this path and holds the "
    "newest one (certgate doctor)."};
static const struct arrival no_tls = {
    "no_tls", "This request did not come over TLS: call the address that begins with https://."};
static const struct arrival damaged = {
    "damaged",
    "The web server passed something for a certificate that is not one whole certificate. The "
    "operator has to see what sets SSL_CLIENT_CERT."};
static const struct arrival none = {
    "none", "No client certificate came with this connection. Show yours: " TRY};
static const struct arrival refused = {
    "refused",
    "The web server saw a certificate, did not accept it and passed none on; `verify` has its "
    "reason. lighttpd passes only certificates that are in its ssl.ca-file, or issued by a CA "
    "there: has it been registered, and the server restarted since?"};
static const struct arrival not_passed = {
    "not_passed",
    "The web server saw a certificate, but did not pass it on. The operator has to switch that on: "
    "SSLOptions +ExportCertData (Apache), ssl.verifyclient.exportcert = \"enable\" (lighttpd)."};
static const struct arrival certificate = {"certificate", NULL};

static const struct arrival *arrival_of(const struct web_request *req, enum cert_seen seen)
{
	if (!req->proof_ok)
		return &no_proof;
	if (!req->https)
		return &no_tls;
	if (seen == CERT_SEEN_ONE)
		return &certificate;
	if (seen == CERT_SEEN_DAMAGED)
		return &damaged;
	if (req->client_verify.n == 0 || span_is_text(req->client_verify, "NONE"))
		return &none;
	return span_starts(req->client_verify, SPAN_LIT("FAILED")) ? &refused : &not_passed;
}

/* "known", "unknown" or "revoked"; what belongs to no key opens nothing. */
static cg_rc registration(struct store *store, const struct sha256 *sha256, struct arena *arena,
			  const char **out, struct cg_err *err)
{
	char hex[SHA256_HEX + 1];
	struct certificate_use use = {.key_id = ""};
	cg_rc rc = CG_NOT_FOUND;
	hex_format(sha256->b, SHA256_BYTES, hex);
	/* A flood of unknown ones must not cost the others the store. */
	if (live_may_be_known(store_live(store), sha256))
		rc = certificate_get(store, hex, arena, &use, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	*out = rc == CG_OK && use.revoked ? "revoked" : *use.key_id ? "known" : "unknown";
	return CG_OK;
}

static json_t *facts_json(struct span der, const struct sha256 *sha256, struct arena *arena,
			  int64_t now)
{
	struct cert cert;
	struct cg_err err = {0};
	char hex[SHA256_HEX + 1], spki[SHA256_HEX + 1], from[RFC3339_TEXT + 1],
	    to[RFC3339_TEXT + 1];
	hex_format(sha256->b, SHA256_BYTES, hex);
	/* What certgate cannot read has a fingerprint all the same. */
	if (cert_facts(der, arena, &cert, &err) != CG_OK)
		return json_pack("{s:s}", "sha256", hex);
	json_t *names = json_array();
	for (size_t i = 0; i < cert.n_names; i++)
		(void)json_array_append_new(names, json_string(cert.names[i]));
	hex_format(cert.spki_sha256.b, SHA256_BYTES, spki);
	(void)rfc3339_format(cert.not_before, from);
	(void)rfc3339_format(cert.not_after, to);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:o}", "sha256", hex,
			 "spki_sha256", spki, "subject", cert.subject, "issuer", cert.issuer,
			 "serial", cert.serial, "not_before", from, "not_after", to, "valid_now",
			 now >= cert.not_before && now <= cert.not_after, "public_key",
			 cert.public_key, "names", names);
}

static json_t *answer_json(const struct web_request *req, const struct arrival *arrival,
			   json_t *facts, const char *registered)
{
	/* The server's words about what a client sent. */
	json_t *verify = req->client_verify.n > 0
			     ? json_stringn(req->client_verify.p, req->client_verify.n)
			     : NULL;
	json_t *detail = arrival->detail ? json_string(arrival->detail) : NULL;
	if (registered && strcmp(registered, "unknown") == 0)
		detail = json_string("This certificate is not registered with any key: give its "
				     "file, or its sha256, to whoever runs the API.");
	if (registered && strcmp(registered, "revoked") == 0)
		detail = json_string("This certificate was revoked: make a new one, with a new "
				     "private key, and have it registered.");
	return json_pack("{s:s, s:o?, s:o?, s:s?, s:o?}", "received", arrival->received, "verify",
			 verify, "certificate", facts, "registered", registered, "detail", detail);
}

void whoami_get(void *arg)
{
	const struct portal_call *call = arg;
	struct web_request *req = call->req;
	struct cg_err err = {0};
	struct span der;
	struct sha256 sha256;
	const char *registered = NULL;
	json_t *facts = NULL;
	cg_rc rc = CG_OK;
	/* Both are empty without the proof. */
	enum cert_seen seen = cert_from_server(req->client_cert, req->arena, &der, &sha256);
	const struct arrival *arrival = arrival_of(req, seen);
	if (seen == CERT_SEEN_FAILED)
		rc = cg_fail_memory(&err);
	if (rc == CG_OK && arrival == &certificate) {
		rc = registration(call->portal->store, &sha256, req->arena, &registered, &err);
		if (rc == CG_OK)
			facts = facts_json(der, &sha256, req->arena, req->received_unix_s);
	}
	if (rc != CG_OK) {
		log_error("whoami_failed", "request_id", req->id, "cause", err.text, LOG_END);
		web_problem_send(call->resp,
				 &(struct web_problem){.status = 503,
						       .code = "unavailable",
						       .detail = "The key store cannot be read "
								 "now: try again in a moment.",
						       .request_id = req->id});
		return;
	}
	json_t *answer = answer_json(req, arrival, facts, registered);
	web_json_send(call->resp, 200, answer);
	json_decref(answer);
}
