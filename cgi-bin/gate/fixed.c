/* The gate's own paths. */
#include "base/base.h"
#include "gate.h"
#include "web/json.h"

static cg_rc look(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct span value;
	return store_get(txn, STORE_META, SPAN_LIT("meta"), arg, &value, err);
}

static void send_state(struct exchange *x, int status, const char *state)
{
	json_t *body = json_pack("{s:s}", "status", state);
	(void)web_response_field_text(x->resp, "Cache-Control", "no-store");
	web_json_send(x->resp, status, body);
	json_decref(body);
}

bool answer_fixed(struct exchange *x, struct span path)
{
	if (!span_is(x->req->method, SPAN_LIT("GET")) && !x->req->is_head)
		return false;
	if (span_is(path, SPAN_LIT("/healthz"))) {
		send_state(x, 200, "alive");
		return true;
	}
	if (span_is(path, SPAN_LIT("/readyz"))) {
		struct cg_err err = {0};
		if (x->gate->store && store_read(x->gate->store, look, x->arena, &err) == CG_OK)
			send_state(x, 200, "ready");
		else
			refuse(x, REFUSAL_UNAVAILABLE,
			       "The key store cannot be read now: see the log.");
		return true;
	}
	return false;
}
