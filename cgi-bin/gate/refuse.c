#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "gate.h"
#include "model/pattern.h"
#include "web/problem.h"

/* --- for the administrator --- */

static void note(struct exchange *x, const struct refusal_row *row, const char *detail)
{
	char method[REFUSAL_TEXT_MAX + 1], path[REFUSAL_PATH_MAX + 1], site[REFUSAL_TEXT_MAX + 1],
	    address[REFUSAL_TEXT_MAX + 1], sentence[REFUSAL_DETAIL_MAX + 1],
	    token[SHA256_HEX + 1] = "";
	const struct web_request *req = x->req;
	struct span from = exchange_proven(x, req->remote_addr), der = {NULL, 0};
	struct sha256 digest;
	if (!x->gate->refusals)
		return;
	text_for_log(req->method, method, sizeof(method));
	text_for_log(exchange_path(x), path, sizeof(path));
	text_for_log(exchange_proven(x, req->site), site, sizeof(site));
	text_for_log(address_is_valid(from) ? from : SPAN_LIT(""), address, sizeof(address));
	text_for_log(span_of(detail), sentence, sizeof(sentence));
	if (x->token.n >= REFUSAL_TOKEN_MIN && sha256_of(x->token, &digest) == CG_OK)
		hex_format(digest.b, REFUSAL_TOKEN_DIGITS / 2, token);
	Cg__Refusal r = CG__REFUSAL__INIT;
	r.request_id = (char *)(uintptr_t)req->id;
	r.has_at = r.has_status = true;
	r.at = clock_unix_s();
	r.code = (char *)(uintptr_t)row->code;
	r.status = (uint64_t)row->status;
	r.detail = sentence;
	r.api_id = (char *)(uintptr_t)(x->route ? x->route->api->id : "");
	r.key_id = (char *)(uintptr_t)exchange_key_id(x);
	r.method = method;
	r.path = path;
	r.site = site;
	r.address = address;
	r.token_sha256_start = token;
	r.has_sha256 = x->cert_der.n > 0;
	if (r.has_sha256)
		r.sha256 = (ProtobufCBinaryData){SHA256_BYTES, x->facts.sha256.b};
	/* Only a handshake proves that a certificate is its sender's; registered ones are kept
	 * elsewhere. */
	if (x->facts.certificate == FACTS_CERT_PRESENT && !x->facts.certificate_grant)
		der = x->cert_der;
	refusals_note(x->gate->refusals, &r, der, x->arena);
}

/* --- to the client --- */

static void answer(struct exchange *x, enum refusal refusal, const char *detail, const char *error)
{
	const struct refusal_row *row = refusal_row(refusal);
	x->code = row->code;
	/* Of no API: /metrics, which has a token alone. */
	bool token = !x->route || x->route->api->auth->use_token;
	if (row->status == 401)
		(void)web_response_field_text(x->resp, "WWW-Authenticate",
					      token ? "Bearer realm=\"certgate\""
						    : "Certificate realm=\"certgate\"");
	struct web_field fields[LIMIT_FIELDS_MAX + CORS_FIELDS_MAX];
	/* Also where the upstream failed: the request was counted. */
	size_t n = limit_fields(x, fields);
	n += cors_fields(x, fields + n);
	for (size_t i = 0; i < n; i++)
		(void)web_response_field(x->resp, fields[i].name, fields[i].value);
	(void)web_response_field_text(x->resp, "X-Request-Id", x->req->id);
	(void)web_response_field_text(x->resp, "Cache-Control", "no-store");
	struct web_problem problem = {
	    .status = row->status,
	    .code = row->code,
	    .detail = detail,
	    .request_id = x->req->id,
	    .error = error,
	};
	web_problem_send(x->resp, &problem);
	note(x, row, detail);
}

void refuse(struct exchange *x, enum refusal refusal, const char *detail)
{
	answer(x, refusal, detail, refusal_row(refusal)->error);
}

void refuse_decision(struct exchange *x)
{
	answer(x, x->decision.refusal, decision_detail(&x->facts, &x->decision, x->arena),
	       decision_error(&x->facts, &x->decision, x->arena));
}
