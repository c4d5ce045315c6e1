#include "base/base.h"
#include "ui/throttle.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include <arpa/inet.h>

/* Whose wrong passwords are counted together: an IPv4 address, the /64 of an IPv6 one. */
static const char *counted_address(struct page_call *call)
{
	struct in6_addr six;
	char *out = arena_alloc(call->arena, INET6_ADDRSTRLEN);
	if (!out || inet_pton(AF_INET6, call->actor.from_address, &six) != 1)
		return call->actor.from_address;
	memset(six.s6_addr + 8, 0, 8);
	return inet_ntop(AF_INET6, &six, out, INET6_ADDRSTRLEN) ? out : call->actor.from_address;
}

/* The counters of one ask; `of`: what they count. */
static cg_rc name(struct page_call *call, const char *address, const char *of,
		  struct limits_ask *ask)
{
	const char *scope = arena_printf(call->arena, "%s %s", call->site->base, of);
	return scope ? limits_name(LIMITS_OF_SIGN_IN, span_of(address), span_of(scope), &ask->name)
		     : CG_FAIL;
}

static cg_rc init(struct page_call *call, struct throttle *g, struct cg_err *err)
{
	bool join = g->of == THROTTLE_JOIN;
	const char *address = counted_address(call);
	struct limits_ask *asks = g->asks;
	g->wrong.rate.limit = join ? JOIN_MAX : SIGN_IN_WRONG_MAX;
	g->wrong.rate.per_s = join ? JOIN_PER_S : SIGN_IN_WRONG_PER_S;
	asks[THROTTLE_ADDRESS].rate.limit = SIGN_IN_ADDRESS_MAX;
	asks[THROTTLE_ADDRESS].rate.per_s = SIGN_IN_ADDRESS_PER_S;
	asks[THROTTLE_ALL].rate.limit = SIGN_IN_ALL_MAX;
	asks[THROTTLE_ALL].rate.per_s = SIGN_IN_ALL_PER_S;
	asks[THROTTLE_PLACES].concurrent.on = true;
	asks[THROTTLE_PLACES].concurrent.limit = SIGN_IN_HASHING_MAX;
	if (!call->program->limits)
		return cg_fail(err, CG_UNAVAILABLE,
			       "Nobody can sign in: the counters of the run folder cannot be "
			       "had. The program's log says why.");
	if (name(call, address, join ? "join" : "wrong", &g->wrong) != CG_OK ||
	    name(call, address, "address", &asks[THROTTLE_ADDRESS]) != CG_OK ||
	    name(call, "", join ? "all join" : "all", &asks[THROTTLE_ALL]) != CG_OK ||
	    name(call, "", "places", &asks[THROTTLE_PLACES]) != CG_OK)
		return cg_fail_memory(err);
	return CG_OK;
}

static void refuse(struct page_call *call, struct throttle *g, const struct limits_result *result)
{
	g->retry_after_s = result->retry_after_s;
	(void)web_response_field_text(call->resp, "Retry-After",
				      arena_printf(call->arena, "%" PRId64, g->retry_after_s));
}

cg_rc throttle_enter(struct page_call *call, enum throttle_of of, struct throttle *g,
		     struct cg_err *err)
{
	*g = (struct throttle){.of = of};
	struct limits_result result;
	int64_t until = clock_mono_ms() + SIGN_IN_WAIT_MS;
	cg_rc rc = init(call, g, err);
	if (rc == CG_OK)
		rc = limits_look(call->program->limits, &g->wrong, 1, &result, err);
	if (rc != CG_OK)
		return rc;
	if (result.verdict != LIMITS_PASSED) {
		refuse(call, g, &result);
		return cg_fail(err, CG_DENIED,
			       of == THROTTLE_JOIN
				   ? "There were too many requests from your address. Try again "
				     "in %" PRId64 " seconds."
				   : "There were too many wrong passwords from your address. Try "
				     "again in %" PRId64 " seconds.",
			       result.retry_after_s);
	}
	for (;;) {
		rc = limits_take(call->program->limits, g->asks, THROTTLE_ASKS, &result, err);
		if (rc != CG_OK)
			return rc;
		g->held = result.held;
		if (result.verdict == LIMITS_PASSED)
			return CG_OK;
		if (result.kind != LIMITS_CONCURRENT) {
			refuse(call, g, &result);
			return cg_fail(err, CG_DENIED,
				       result.ask == THROTTLE_ADDRESS
					   ? "There were too many requests from your address. "
					     "Try again in %" PRId64 " seconds."
					   : "Too many people are here just now. Try again in "
					     "%" PRId64 " seconds.",
				       result.retry_after_s);
		}
		if (clock_mono_ms() >= until)
			return cg_fail(err, CG_UNAVAILABLE,
				       "Too many people are here just now. Try again in a moment.");
		(void)usleep(10000);
	}
}

void throttle_leave(struct page_call *call, struct throttle *g, bool wrong)
{
	struct limits_result result;
	struct cg_err err = {0};
	limits_end(call->program->limits, &g->held);
	if (!wrong)
		return;
	cg_rc rc = limits_take(call->program->limits, &g->wrong, 1, &result, &err);
	if (rc == CG_OK && result.verdict == LIMITS_PASSED)
		limits_end(call->program->limits, &result.held);
	if (g->of == THROTTLE_SIGN_IN)
		log_info("sign_in_wrong", "request_id", call->req->id, "address",
			 call->actor.from_address, LOG_END);
}
