#include "base/base.h"
#include "grant/decide.h"
#include "model/access.h"
#include "model/pattern.h"
#include "model/policy.h"

static struct decision stop(enum decision_step step, enum refusal refusal,
			    const struct grant *grant)
{
	return (struct decision){.refusal = refusal, .step = step, .grant = grant};
}

/* Without the proof the address is anybody's word. */
static bool address_may(const struct facts *f, const struct address_lists *lists)
{
	return access_lets_address(lists, f->proof_ok ? f->remote_addr : SPAN_LIT(""));
}

static bool address_may_call(const struct facts *f, const Cg__Api *api)
{
	return address_may(f, &(struct address_lists){api->allowed_ips, api->blocked_ips,
						      api->n_allowed_ips, api->n_blocked_ips});
}

static bool address_may_use(const struct facts *f, const Cg__Key *key)
{
	return address_may(f, &(struct address_lists){key->allowed_ips, key->blocked_ips,
						      key->n_allowed_ips, key->n_blocked_ips});
}

static bool has_certificate(const struct facts *f)
{
	return f->certificate == FACTS_CERT_PRESENT || f->certificate == FACTS_CERT_NOT_VERIFIED;
}

static bool is_type(const struct grant *g, Cg__Credential__Type type)
{
	return g && g->credential->type == type;
}

/* Whether the token may be used by whoever holds the certificate that came, if one came. */
static bool binding_holds(const struct facts *f)
{
	const Cg__Credential *token = f->token_grant->credential;
	if (token->n_bound_to == 0)
		return true;
	if (f->certificate != FACTS_CERT_PRESENT)
		return false;
	for (size_t i = 0; i < token->n_bound_to; i++)
		if (span_is(span_make(token->bound_to[i].data, token->bound_to[i].len),
			    span_make(f->sha256.b, SHA256_BYTES)))
			return true;
	return false;
}

/* The certificate decides which key it is; a token beside it must be that key's. */
static struct decision identify_certificate(const struct facts *f)
{
	const struct grant *g = f->certificate_grant;
	if (!is_type(g, CG__CREDENTIAL__TYPE__CERTIFICATE))
		return stop(DECISION_IDENTITY, REFUSAL_CREDENTIAL_UNKNOWN, NULL);
	if (!f->token)
		return stop(DECISION_IDENTITY, REFUSAL_NONE, g);
	if (!is_type(f->token_grant, CG__CREDENTIAL__TYPE__TOKEN))
		return stop(DECISION_IDENTITY, REFUSAL_CREDENTIAL_UNKNOWN, g);
	if (strcmp(f->token_grant->key->id, g->key->id) != 0 || !binding_holds(f))
		return stop(DECISION_IDENTITY, REFUSAL_CREDENTIAL_MISMATCH, g);
	return stop(DECISION_IDENTITY, REFUSAL_NONE, g);
}

static struct decision identify(const struct facts *f)
{
	const Cg__ApiAuth *auth = f->api->auth;
	bool certificates = auth->use_certificate, token = auth->use_token && f->token;
	/* With a certificate that is not passed on, nobody can say whose token this is. */
	if (certificates && f->certificate == FACTS_CERT_NOT_PASSED)
		return stop(DECISION_IDENTITY, REFUSAL_CREDENTIAL_MISSING, NULL);
	if (certificates && has_certificate(f))
		return identify_certificate(f);
	if (token) {
		if (!is_type(f->token_grant, CG__CREDENTIAL__TYPE__TOKEN))
			return stop(DECISION_IDENTITY, REFUSAL_CREDENTIAL_UNKNOWN, NULL);
		if (!binding_holds(f))
			return stop(DECISION_IDENTITY, REFUSAL_CREDENTIAL_MISMATCH, NULL);
		return stop(DECISION_IDENTITY, REFUSAL_NONE, f->token_grant);
	}
	if (!certificates && has_certificate(f))
		return stop(DECISION_IDENTITY, REFUSAL_CERTIFICATE_NOT_ENABLED, NULL);
	return stop(DECISION_IDENTITY, REFUSAL_CREDENTIAL_MISSING, NULL);
}

/* Of a credential itself; both of them are judged when two came. */
static enum refusal credential_fault(const Cg__Credential *c, int64_t now)
{
	if (!c->active || c->held || c->has_revoked_at ||
	    (c->has_active_from && now < c->active_from) || (c->has_ends_at && now >= c->ends_at))
		return REFUSAL_CREDENTIAL_INACTIVE;
	if (c->has_not_before && now < c->not_before)
		return REFUSAL_CERTIFICATE_NOT_YET_VALID;
	/* Valid at notAfter itself (RFC 5280 section 4.1.2.5). */
	if (c->has_not_after && now > c->not_after)
		return REFUSAL_CERTIFICATE_EXPIRED;
	return REFUSAL_NONE;
}

/* Pinned, the registration is all the trust there is. */
static bool chain_holds(const struct facts *f, int64_t now)
{
	return f->api->auth->trust == CG__API_AUTH__TRUST__PINNED ||
	       (f->chain.fault == CERT_CHAIN_GOOD && now >= f->chain.from && now <= f->chain.until);
}

/* The credential that the request came by, then the one beside it. */
static struct decision judge_credentials(const struct facts *f, const struct grant *g, int64_t now)
{
	struct decision d = stop(DECISION_CREDENTIAL, credential_fault(g->credential, now), g);
	const struct grant *beside = NULL;
	d.credential = g->credential;
	if (d.refusal != REFUSAL_NONE)
		return d;
	if (g == f->certificate_grant) {
		if (f->certificate != FACTS_CERT_PRESENT || !chain_holds(f, now)) {
			d.refusal = REFUSAL_CERTIFICATE_UNTRUSTED;
			return d;
		}
		beside = f->token ? f->token_grant : NULL;
	} else if (g->credential->n_bound_to > 0) {
		/* A certificate that was revoked must not carry a token any more. */
		beside = f->certificate_grant;
	}
	if (beside) {
		d.credential = beside->credential;
		d.refusal = credential_fault(d.credential, now);
	}
	return d;
}

static bool entry_has_path(const Cg__Access *entry, struct span path)
{
	for (size_t i = 0; i < entry->n_paths; i++)
		if (path_pattern_matches(entry->paths[i], path))
			return true;
	return entry->n_paths == 0;
}

static bool entry_has_method(const Cg__Access *entry, struct span method)
{
	for (size_t i = 0; i < entry->n_methods; i++)
		if (span_is_text(method, entry->methods[i]))
			return true;
	return entry->n_methods == 0;
}

/* Which of two entries that both let a request in counts it: the one that limits less. */
static bool is_wider(const Cg__Access *a, const Cg__Access *b)
{
	if (rate_is_larger(a->rate, b->rate) || rate_is_larger(b->rate, a->rate))
		return rate_is_larger(a->rate, b->rate);
	return quota_is_larger(a->quota, b->quota);
}

/* Of several entries for the API any one that fits is enough; else the nearest miss is told. */
static struct decision access_of(const struct facts *f, const struct grant *g)
{
	struct decision best = stop(DECISION_ACCESS, REFUSAL_ACCESS_DENIED, g);
	for (size_t i = 0; i < g->effective.n_access; i++) {
		const struct effective_access *access = &g->effective.access[i];
		const Cg__Access *entry = access->entry;
		struct decision d = stop(DECISION_PASS, REFUSAL_NONE, g);
		if (strcmp(entry->api_id, f->api->id) != 0)
			continue;
		if (!entry_has_path(entry, f->path))
			d = stop(DECISION_PATH, REFUSAL_PATH_NOT_ALLOWED, g);
		else if (!entry_has_method(entry, f->method))
			d = stop(DECISION_METHOD, REFUSAL_METHOD_NOT_ALLOWED, g);
		d.access = access;
		if (d.step > best.step || (d.step == DECISION_PASS && best.step == DECISION_PASS &&
					   is_wider(entry, best.access->entry)))
			best = d;
	}
	return best;
}

const struct route *facts_route(struct facts *f, const struct routes *routes, struct span site,
				struct span path, struct arena *arena)
{
	const struct route *route = routes_find(routes, site, path);
	f->api = route ? route->api : NULL;
	f->path = route ? route_rest(route, path) : path;
	f->ambiguous = routes_are_ambiguous(routes, site, path, route, arena);
	return route;
}

struct decision decide(const struct facts *f, int64_t now)
{
	if (f->ambiguous)
		return stop(DECISION_API, REFUSAL_BAD_REQUEST, NULL);
	if (!f->api)
		return stop(DECISION_API, REFUSAL_API_NOT_FOUND, NULL);
	if (!f->api->active)
		return stop(DECISION_API, REFUSAL_API_INACTIVE, NULL);
	if (!address_may_call(f, f->api))
		return stop(DECISION_ADDRESS, REFUSAL_ADDRESS_NOT_ALLOWED, NULL);
	if (f->api->auth->keyless)
		return stop(DECISION_PASS, REFUSAL_NONE, NULL);
	struct decision identity = identify(f);
	if (identity.refusal != REFUSAL_NONE)
		return identity;
	const struct grant *g = identity.grant;
	struct decision credentials = judge_credentials(f, g, now);
	if (credentials.refusal != REFUSAL_NONE)
		return credentials;
	if (!g->key->active)
		return stop(DECISION_KEY, REFUSAL_KEY_INACTIVE, g);
	if (g->effective.has_expires_at && now >= g->effective.expires_at)
		return stop(DECISION_KEY, REFUSAL_KEY_EXPIRED, g);
	if (!address_may_use(f, g->key))
		return stop(DECISION_KEY, REFUSAL_ADDRESS_NOT_ALLOWED, g);
	return access_of(f, g);
}
