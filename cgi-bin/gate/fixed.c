/* The gate's own paths. */
#include "base/base.h"
#include "base/keyfile.h"
#include "base/text.h"
#include "gate.h"
#include "usage/metrics.h"
#include "web/json.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>

#define METRICS_MAX	  ((size_t)16 * 1024 * 1024)
#define METRICS_TOKEN_MAX 512

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

/* --- /metrics --- */

/* Reads the token anew each time: it can be changed while the gate runs.  Empty: there is none. */
static struct span metrics_token(const struct exchange *x, char text[METRICS_TOKEN_MAX])
{
	char path[HOME_PATH_MAX + 32];
	keyfile_path(store_home(x->gate->store), METRICS_TOKEN, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, METRICS_TOKEN_MAX);
	if (fd >= 0)
		(void)close(fd);
	return n > 0 ? span_trim(span_make(text, (size_t)n)) : SPAN_LIT("");
}

static bool is_allowed_address(const struct exchange *x)
{
	return x->req->proof_ok &&
	       address_blocks_hold(&x->gate->metrics_allow, x->req->remote_addr);
}

static bool is_right_token(const struct exchange *x, struct span token)
{
	struct span sent, bearer = SPAN_LIT("Bearer ");
	return token.n >= METRICS_TOKEN_MIN &&
	       web_request_field(x->req, "authorization", &sent) == 1 && sent.n > bearer.n &&
	       span_is_nocase(span_make(sent.p, bearer.n), bearer) &&
	       same_secret(span_trim(span_from(sent, bearer.n)), token);
}

static void send_metrics(struct exchange *x)
{
	struct buf text;
	/* Without the store, or in a gate that could not start, the APIs have no names. */
	bool named =
	    x->snapshot || (x->worker && snapshot_acquire(x->gate->resolver, x->worker->reader,
							  &x->snapshot, NULL) == CG_OK);
	buf_init(&text, METRICS_MAX);
	metrics_text(x->gate->usage, named ? snapshot_routes(x->snapshot) : NULL, x->gate->store,
		     &text);
	(void)web_response_field_text(x->resp, "Cache-Control", "no-store");
	if (text.failed)
		refuse(x, REFUSAL_UNAVAILABLE, "There is no memory for this now.");
	else
		(void)web_response_send(x->resp, 200, "text/plain; version=0.0.4; charset=utf-8",
					buf_span(&text));
	buf_release(&text);
}

/* Off unless an address list or a token is set; of these each that is set has to fit. */
static bool answer_metrics(struct exchange *x)
{
	char text[METRICS_TOKEN_MAX];
	if (!x->gate->usage || !x->gate->store)
		return false;
	struct span token = metrics_token(x, text);
	bool by_address = x->gate->metrics_allow.n > 0, on = by_address || token.n > 0;
	if (by_address && !is_allowed_address(x))
		refuse(x, REFUSAL_ADDRESS_NOT_ALLOWED,
		       "Your address is not among those that may read the metrics "
		       "(metrics_allow in the configuration file).");
	else if (token.n > 0 && !is_right_token(x, token))
		refuse(x, REFUSAL_CREDENTIAL_MISSING,
		       "Send the token of keys/" METRICS_TOKEN
		       " (at least 16 characters) as Authorization: Bearer.");
	else if (on)
		send_metrics(x);
	gnutls_memset(text, 0, sizeof(text));
	return on;
}

static bool answer(struct exchange *x, struct span path)
{
	if (!span_is(x->req->method, SPAN_LIT("GET")) && !x->req->is_head)
		return false;
	if (span_is(path, SPAN_LIT("/healthz"))) {
		send_state(x, 200, "alive");
		return true;
	}
	if (span_is(path, SPAN_LIT("/readyz"))) {
		struct cg_err err = {0};
		/* Without a worker this gate could not start, whatever became of its store. */
		if (x->worker && store_read(x->gate->store, look, x->arena, &err) == CG_OK)
			send_state(x, 200, "ready");
		else
			refuse(x, REFUSAL_UNAVAILABLE,
			       "The key store cannot be read now: see the log.");
		return true;
	}
	return span_is(path, SPAN_LIT("/metrics")) && answer_metrics(x);
}

bool answer_fixed(struct exchange *x, struct span path)
{
	x->is_own = answer(x, path);
	return x->is_own;
}
