/* /portal/whoami: which certificate came with this connection, what the web server said of it,
 * and whether it is registered.  Never whose: who calls this needs to be nobody.  With ?proof=CODE
 * the handshake proves that the certificate of a request is its developer's. */
#include "base/base.h"
#include "show.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/certificate.h"
#include "model/request.h"
#include "web/json.h"
#include "web/problem.h"
#include "web/verify.h"

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

/* --- what both forms of the answer have --- */

struct looked {
	const struct arrival *arrival;
	struct span der;
	struct sha256 sha256;
	const char *registered; /* NULL: no certificate came */
};

static cg_rc look(struct store *store, struct web_request *req, struct looked *out,
		  struct cg_err *err)
{
	struct looked l = {.registered = NULL};
	/* Both are empty without the proof. */
	enum cert_seen seen = cert_from_server(req->client_cert, req->arena, &l.der, &l.sha256);
	l.arrival = arrival_of(req, seen);
	cg_rc rc = seen == CERT_SEEN_FAILED ? cg_fail_memory(err) : CG_OK;
	if (rc == CG_OK && l.arrival == &certificate)
		rc = registration(store, &l.sha256, req->arena, &l.registered, err);
	if (rc == CG_OK)
		*out = l;
	return rc;
}

cg_rc handshake_certificate(struct web_request *req, struct cert *out, struct cg_err *err)
{
	static const char none_came[] =
	    "No client certificate came with this connection, or the web server did not vouch for "
	    "it: call with --cert and --key, as the line in the portal says.";
	struct span der;
	struct sha256 sha256;
	int64_t now = req->received_unix_s;
	enum cert_seen seen = cert_from_server(req->client_cert, req->arena, &der, &sha256);
	if (seen == CERT_SEEN_FAILED)
		return cg_fail_memory(err);
	if (!req->proof_ok || !req->https || seen != CERT_SEEN_ONE ||
	    web_verify_judge(req->client_verify) != WEB_VERIFY_GOOD)
		return cg_fail_code(err, CG_DENIED, "credential_missing", none_came);
	cg_rc rc = cert_facts(der, req->arena, out, err);
	if (rc == CG_OK && (now < out->not_before || now > out->not_after))
		rc = cg_fail_code(err, CG_DENIED, "certificate_expired",
				  "The certificate of this connection is outside its validity.");
	if (rc == CG_OK && !out->client_auth_allowed)
		rc = cg_fail_code(err, CG_DENIED, "not_a_client_certificate",
				  "The certificate of this connection is not for clients.");
	return rc;
}

bool is_from_browser(const struct web_request *req)
{
	struct span ignored;
	return web_request_field(req, "sec-fetch-site", &ignored) > 0 ||
	       web_request_field(req, "origin", &ignored) > 0;
}

/* The code of ?proof=; p NULL: none. */
static cg_rc proof_code(struct web_request *req, struct span *out, struct cg_err *err)
{
	cg_rc rc = web_query_get(req->target.query, req->arena, "proof", out, err);
	if (rc == CG_NOT_FOUND) {
		out->p = NULL;
		return CG_OK;
	}
	*out = span_trim(*out);
	return rc;
}

/* --- for programs --- */

static cg_rc prove(const struct portal_call *call, struct span code, json_t **out,
		   struct cg_err *err)
{
	struct web_request *req = call->req;
	struct cert cert;
	Cg__KeyRequest *r;
	char *address = arena_copy(req->arena, req->proof_ok ? req->remote_addr : SPAN_LIT(""));
	const struct actor actor = {.name = "handshake",
				    .id = "",
				    .from_address = address ? address : "",
				    .request_id = req->id};
	/* A page of somebody else could have a browser show its certificate for a code of theirs.
	 */
	if (is_from_browser(req))
		return cg_fail(
		    err, CG_DENIED,
		    "A browser proves it on the page: open /portal/whoami with the code, "
		    "signed in to the portal, and press the button.");
	cg_rc rc = handshake_certificate(req, &cert, err);
	if (rc == CG_OK)
		rc = request_prove(call->portal->store, &actor, code, &cert, req->arena, &r, err);
	if (rc == CG_OK)
		*out = json_pack("{s:b, s:s, s:s}", "proven", 1, "request", r->name, "status",
				 r->status == CG__KEY_REQUEST__STATUS__APPROVED ? "approved"
										: "pending");
	return rc;
}

void whoami_get(void *arg)
{
	const struct portal_call *call = arg;
	struct web_request *req = call->req;
	struct cg_err err = {0};
	struct looked l;
	struct span code;
	json_t *proof = NULL;
	cg_rc rc = proof_code(req, &code, &err);
	if (rc == CG_OK && code.p)
		rc = prove(call, code, &proof, &err);
	if (rc == CG_OK)
		rc = look(call->portal->store, req, &l, &err);
	if (rc != CG_OK) {
		json_decref(proof);
		if (web_status_of(rc) >= 500)
			log_error("whoami_failed", "request_id", req->id, "cause", err.text,
				  LOG_END);
		web_problem_stranger(call->resp, rc, &err);
		return;
	}
	json_t *facts =
	    l.registered ? facts_json(l.der, &l.sha256, req->arena, req->received_unix_s) : NULL;
	json_t *answer = answer_json(req, l.arrival, facts, l.registered);
	if (proof)
		(void)json_object_set_new(answer, "proof", proof);
	web_json_send(call->resp, 200, answer);
	json_decref(answer);
}

/* --- for people --- */

static void show_page(struct page_call *call, json_t *proof, int status)
{
	struct cg_err err = {0};
	struct looked l;
	struct cert cert;
	Cg__Certificate *record = NULL;
	char hex[SHA256_HEX + 1] = "";
	cg_rc rc = look(call->program->store, call->req, &l, &err);
	if (rc != CG_OK) {
		json_decref(proof);
		page_fail(call, rc, &err);
		return;
	}
	bool came = l.registered != NULL;
	if (came) {
		hex_format(l.sha256.b, SHA256_BYTES, hex);
		if (cert_facts(l.der, call->arena, &cert, NULL) != CG_OK ||
		    certificate_record(&cert, call->arena, &record, NULL) != CG_OK)
			record = NULL;
	}
	json_t *answer = answer_json(call->req, l.arrival, NULL, l.registered);
	bool known = came && strcmp(l.registered, "known") == 0;
	json_t *values = json_pack(
	    "{s:b, s:O, s:s, s:s, s:o, s:o}", "came", (int)came, "detail",
	    json_object_get(answer, "detail"), "sha256", hex, "portal", portal_base(call), "badge",
	    known ? page_badge("ok", "Registered")
		  : page_badge("warn", came && strcmp(l.registered, "revoked") == 0
					   ? "Revoked"
					   : "Not registered"),
	    "facts", record ? show_certificate(call, record) : json_null());
	json_decref(answer);
	/* The section of the facts has its own badge. */
	(void)json_object_del(json_object_get(values, "facts"), "badge");
	(void)json_object_set_new(values, "proof", proof ? proof : json_null());
	page_show(call, status, "whoami", "whoami", "Who am I?", values);
}

void whoami_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert cert;
	struct span code;
	json_t *proof = NULL;
	cg_rc rc = proof_code(call->req, &code, &err);
	if (rc == CG_OK && code.p) {
		bool here = handshake_certificate(call->req, &cert, &err) == CG_OK;
		bool offer = here && call->who.developer;
		proof = json_pack(
		    "{s:s, s:b, s:s, s:s, s:b, s:o}", "kind", "warn", "good", 0, "title",
		    offer ? "Prove that this certificate is yours?" : "Nothing is proven yet",
		    "text",
		    offer  ? "It will belong to the request with this code, and to no other."
		    : here ? "Sign in to the portal first, and open the link again."
			   : err.text,
		    "offer", (int)offer, "code", page_text(code));
	}
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else
		show_page(call, proof, 200);
}

void whoami_prove_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct cert cert;
	Cg__KeyRequest *r;
	cg_rc rc = handshake_certificate(call->req, &cert, &err);
	if (rc == CG_OK)
		rc =
		    request_prove(call->program->store, &call->actor,
				  span_of(page_field(call, "proof")), &cert, call->arena, &r, &err);
	if (rc == CG_OK)
		page_redirect(call, arena_printf(call->arena, "/portal/requests/%s", r->id));
	else if (web_status_of(rc) >= 500)
		page_fail(call, rc, &err);
	else
		show_page(call,
			  json_pack("{s:s, s:b, s:s, s:s}", "kind", "bad", "good", 0, "title",
				    "It was not proven", "text", err.text),
			  web_status_of(rc));
}
