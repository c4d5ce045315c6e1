/* Connections to upstreams, with the TLS that the gate uses. */
#include "base/base.h"
#include "doctor.h"
#include "base/limits.h"
#include "base/url.h"
#include "upstream/allowed.h"
#include "upstream/probe.h"
#include "upstream/trust.h"

#define CHECK "upstream"

/* As the settings of the host have it; there is no request whose server it could be. */
static bool may_connect(void *ctx, const struct sockaddr *addr, socklen_t len)
{
	static const struct web_request none;
	(void)len;
	return upstream_allowed_holds(ctx, &none, addr);
}

static bool is_denied(const struct probe_seen *seen)
{
	for (size_t i = 0; i < seen->n_addresses; i++)
		if (!seen->addresses[i].allowed)
			return true;
	return false;
}

/* TCP and, with https, TLS; nothing is asked. */
static bool check_target(struct doctor *d, const Cg__Api *api, const char *target,
			 struct upstream_tls *tls, struct arena *arena)
{
	struct url url;
	struct probe_seen seen;
	if (url_parse(target, arena, &url))
		return false;
	struct upstream_allowed allowed;
	upstream_allowed_read(&allowed);
	const struct probe probe = {.target = &url,
				    .tls = tls,
				    .only_connect = true,
				    .may_connect = may_connect,
				    .ctx = &allowed};
	upstream_probe(&probe, arena, &seen);
	if (seen.outcome == UPSTREAM_OK)
		return true;
	if (seen.outcome == UPSTREAM_UNREACHABLE && is_denied(&seen))
		doctor_note(d, FINDING_FAULT, CHECK,
			    "It is link-local or multicast, or kept from upstreams by this host's "
			    "configuration (upstream_allow, upstream_deny).",
			    "The API “%s”: no API may go to %s.", api->name, target);
	else if (seen.outcome != UPSTREAM_TLS)
		doctor_note(d, FINDING_FAULT, CHECK, "Is it running, and the target_url right?",
			    "The API “%s”, %s: %s.", api->name, target, seen.cause);
	else
		doctor_note(d, FINDING_FAULT, CHECK,
			    "Register its CA and list it in upstream_tls.ca_certificates, or name "
			    "the host that its certificate is for in upstream_tls.server_name.",
			    "The API “%s”: the certificate of %s does not hold: %s.", api->name,
			    target, seen.cause);
	return false;
}

struct checked {
	struct doctor *d;
	unsigned good;
};

static void check_api(void *ctx, const Cg__Api *api)
{
	struct checked *c = ctx;
	struct upstream_tls *tls = NULL;
	struct arena arena;
	struct cg_err err = {0};
	if (!api->active)
		return;
	arena_init(&arena, COMMAND_ARENA_MAX);
	if (api->upstream_tls && upstream_tls_load(c->d->c->store, api, &tls, &err) != CG_OK) {
		doctor_note(c->d, FINDING_FAULT, CHECK, NULL, "The API “%s”: %s", api->name,
			    err.text);
	} else {
		c->good += api->target_url && check_target(c->d, api, api->target_url, tls, &arena);
		for (size_t i = 0; i < api->n_target_urls; i++)
			c->good += check_target(c->d, api, api->target_urls[i], tls, &arena);
	}
	upstream_tls_free(&tls);
	arena_release(&arena);
}

void doctor_upstreams(struct doctor *d)
{
	struct checked c = {.d = d};
	if (!d->c->store)
		return;
	doctor_each_api(d, CHECK, check_api, &c);
	if (c.good > 0)
		doctor_note(d, FINDING_OK, CHECK, NULL, "%u upstream%s can be connected.", c.good,
			    c.good == 1 ? "" : "s");
}
