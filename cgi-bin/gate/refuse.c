#include "base/base.h"
#include "gate.h"
#include "web/problem.h"

static void answer(struct exchange *x, enum refusal refusal, const char *detail, const char *error)
{
	const struct refusal_row *row = refusal_row(refusal);
	if (row->status == 401 && x->route && x->route->api->auth->use_token)
		(void)web_response_field_text(x->resp, "WWW-Authenticate",
					      "Bearer realm=\"certgate\"");
	else if (row->status == 401)
		(void)web_response_field_text(x->resp, "WWW-Authenticate",
					      "Certificate realm=\"certgate\"");
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
