#include "base/base.h"
#include "grant/ruling.h"
#include "grant/limit.h"
#include "grant/trust.h"

/* As the gate asks. */
static cg_rc find_chain(struct store *store, const struct ruling_question *q, int64_t now_unix_s,
			struct arena *arena, struct facts *f, struct cg_err *err)
{
	struct trust trust;
	if (!f->certificate_grant || !f->api || !f->api->auth->use_certificate ||
	    f->api->auth->trust != CG__API_AUTH__TRUST__CA)
		return CG_OK;
	const struct trust_question question = {
	    .auth = f->api->auth, .leaf = q->der, .passed = q->chain, .n_passed = q->n_chain};
	cg_rc rc = trust_load(store, arena, &trust, err);
	return rc == CG_OK
		   ? trust_judge(store, &trust, &question, now_unix_s, arena, &f->chain, err)
		   : rc;
}

static cg_rc find_grants(struct store *store, const struct ruling_question *q, struct arena *arena,
			 struct facts *f, struct cg_err *err)
{
	struct sha256 digest;
	cg_rc rc = CG_OK;
	if (f->certificate == FACTS_CERT_PRESENT)
		rc = grant_load(store, &f->sha256, arena, &f->certificate_grant, err);
	f->token = q->token.n > 0 && f->api && f->api->auth->use_token;
	if (rc == CG_OK && f->token) {
		rc = sha256_of(q->token, &digest) == CG_OK
			 ? grant_load(store, &digest, arena, &f->token_grant, err)
			 : cg_fail_memory(err);
	}
	return rc;
}

/* The facts, and the route of their API (NULL: none listens there). */
static cg_rc gather(struct store *store, const struct ruling_question *q, int64_t now_unix_s,
		    struct arena *arena, struct facts *f, const struct route **out,
		    struct cg_err *err)
{
	struct routes routes;
	cg_rc rc = routes_load(store, arena, &routes, err);
	if (rc != CG_OK)
		return rc;
	*f = (struct facts){.method = q->method,
			    .remote_addr = q->address,
			    .proof_ok = true,
			    .https = true,
			    .certificate = q->der.n > 0 ? FACTS_CERT_PRESENT : FACTS_CERT_NONE,
			    .sha256 = q->sha256};
	*out = facts_route(f, &routes, q->site, q->path, arena);
	rc = find_grants(store, q, arena, f, err);
	return rc == CG_OK ? find_chain(store, q, now_unix_s, arena, f, err) : rc;
}

/* What the counters would say now, without counting. */
static cg_rc look_at_limits(struct store *store, const struct route *route, struct arena *arena,
			    struct ruling *r, struct cg_err *err)
{
	struct limits *limits = NULL;
	struct limit_asks asks;
	struct limits_result result;
	limit_asks_make(route, &r->decision, &asks);
	cg_rc rc = limits_open(store_home(store), NULL, NULL, &limits, err);
	if (rc == CG_OK)
		rc = limit_ask(limits, store, &asks, true, &result, err);
	limits_close(&limits);
	if (rc != CG_OK)
		return rc;
	r->refusal = limit_refusal(&result);
	bool passed = r->refusal == REFUSAL_NONE;
	if (!passed)
		r->detail = limit_detail(&asks, &result, arena);
	/* Before the last line, which says that it may pass. */
	struct decision_line last = r->lines[r->n_lines - 1];
	r->lines[r->n_lines - 1] = (struct decision_line){
	    "limits", passed, passed ? "No rate, quota or number of calls is reached." : r->detail};
	if (passed)
		r->lines[r->n_lines++] = last;
	return CG_OK;
}

cg_rc ruling_make(struct store *store, const struct ruling_question *q, int64_t now_unix_s,
		  struct arena *arena, struct ruling *out, struct cg_err *err)
{
	const struct route *route;
	cg_rc rc = gather(store, q, now_unix_s, arena, &out->facts, &route, err);
	if (rc != CG_OK)
		return rc;
	out->decision = decide(&out->facts, now_unix_s);
	out->refusal = out->decision.refusal;
	out->detail = decision_detail(&out->facts, &out->decision, arena);
	out->n_lines = decision_lines(&out->facts, &out->decision, arena, out->lines);
	return out->refusal == REFUSAL_NONE ? look_at_limits(store, route, arena, out, err) : CG_OK;
}
