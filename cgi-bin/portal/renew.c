/* POST /portal/renew: the next certificate of a key, asked for with one that it has. */
#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "model/key.h"
#include "model/request.h"
#include "show.h"
#include "web/json.h"
#include "web/problem.h"

static cg_rc read_overlap(struct web_request *req, uint64_t *out, struct cg_err *err)
{
	struct span value;
	*out = OVERLAP_DAYS_DEFAULT;
	cg_rc rc = web_query_get(req->target.query, req->arena, "overlap_days", &value, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc == CG_OK && !number_parse(value, OVERLAP_DAYS_MAX, out))
		rc = cg_fail_field(err, "overlap_days", "must be a number of days from 0 to %d",
				   OVERLAP_DAYS_MAX);
	return rc;
}

/* The body, by the portal's rules for certificates. */
static cg_rc read_next(const struct portal_call *call, const struct actor *actor,
		       struct cert_reading *out, struct cg_err *err)
{
	struct web_request *req = call->req;
	struct span body;
	cg_rc rc = web_request_body_all(req, CERT_INPUT_MAX, &body, err);
	return rc == CG_OK
		   ? portal_read_bytes(call->portal->store, actor, body, CERT_WAY_PORTAL_FILE,
				       req->received_unix_s, req->arena, out, err)
		   : rc;
}

static json_t *answer_json(const struct cert *now, const struct renewal *what,
			   const struct renewed *done)
{
	const struct cert *next = what->cert;
	const Cg__KeyRequest *request = done->request;
	char hex[SHA256_HEX + 1], old[SHA256_HEX + 1],
	    to[RFC3339_TEXT + 1] = "", ends[RFC3339_TEXT + 1] = "";
	int64_t at = renewal_end(what, clock_unix_s());
	hex_format(next->sha256.b, SHA256_BYTES, hex);
	hex_format(now->sha256.b, SHA256_BYTES, old);
	(void)rfc3339_format(next->not_after, to);
	(void)rfc3339_format(at < now->not_after ? at : now->not_after, ends);
	json_t *out =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:s?}", "key_id", done->key->id,
		      "key_name", done->key->name, "sha256", hex, "not_after", to, "replaces", old,
		      "old_ends_at", request ? NULL : ends, "status",
		      request ? "pending" : "active", "request_id", request ? request->id : NULL);
	if (done->must_prove) {
		(void)json_object_set_new(out, "proof_code", json_string(request->proof_code));
		(void)json_object_set_new(
		    out, "detail",
		    json_sprintf("The next certificate waits until its private key was shown: call "
				 "/portal/whoami?proof=%s once with it.",
				 request->proof_code));
	} else if (request) {
		(void)json_object_set_new(
		    out, "detail",
		    json_string("The next certificate waits until the API's owner has approved "
				"it."));
	}
	return out;
}

void renew_post(void *arg)
{
	const struct portal_call *call = arg;
	struct web_request *req = call->req;
	struct cg_err err = {0};
	struct cert now;
	struct cert_reading next = {.n_chain = 0};
	struct renewal what = {.cert = &next.leaf};
	struct renewed done;
	char old[SHA256_HEX + 1];
	char *address = arena_copy(req->arena, req->proof_ok ? req->remote_addr : SPAN_LIT(""));
	struct actor actor = {.name = "certificate",
			      .id = "",
			      .from_address = address ? address : "",
			      .request_id = req->id};
	cg_rc rc = CG_OK;
	/* A page of somebody else could have a browser send it with the certificate it has. */
	if (is_from_browser(req))
		rc = cg_fail(
		    &err, CG_DENIED,
		    "Browsers renew on the key's page in the portal; this is for programs.");
	if (rc == CG_OK)
		rc = handshake_certificate(req, &now, &err);
	if (rc == CG_OK) {
		hex_format(now.sha256.b, SHA256_BYTES, old);
		what.replaces = old;
		actor.name = arena_printf(req->arena, "certificate %.16s", old);
		rc =
		    actor.name ? read_overlap(req, &what.overlap_days, &err) : cg_fail_memory(&err);
	}
	if (rc == CG_OK)
		rc = renew_may(call->portal->store, &actor, old, req->arena, &err);
	if (rc == CG_OK)
		rc = read_next(call, &actor, &next, &err);
	if (rc == CG_OK)
		rc = renew_by_certificate(call->portal->store, &actor, &what, req->arena, &done,
					  &err);
	if (rc != CG_OK) {
		if (web_status_of(rc) >= 500)
			log_error("renew_failed", "request_id", req->id, "cause", err.text,
				  LOG_END);
		web_problem_stranger(call->resp, rc, &err);
		return;
	}
	json_t *answer = answer_json(&now, &what, &done);
	web_json_send(call->resp, done.request ? 202 : 201, answer);
	json_decref(answer);
}
