/* Connections to upstreams, with the TLS that the gate uses. */
#include "base/base.h"
#include "doctor.h"
#include "base/text.h"
#include "base/limits.h"
#include "base/url.h"
#include "upstream/trust.h"
#include <curl/curl.h>

#define CHECK	  "upstream"
#define CONNECT_S 10L

#define SET(option, value) ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK

/* TCP and, with https, TLS; no request.  The reason why not, in `why`. */
static CURLcode reach(const struct url *url, const struct upstream_tls *tls, struct arena *arena,
		      char why[CURL_ERROR_SIZE])
{
	bool ok = true;
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	CURL *easy = curl_easy_init();
	struct curl_slist *to = NULL;
	const char *scheme = url->https ? "https" : "http";
	const char *bracket = strchr(url->host, ':') ? "[" : "", *end = *bracket ? "]" : "";
	const char *name = tls && tls->server_name ? tls->server_name : NULL;
	const char *text = name ? arena_printf(arena, "%s://%s:%u/", scheme, name, url->port)
				: arena_printf(arena, "%s://%s%s%s:%u/", scheme, bracket, url->host,
					       end, url->port);
	why[0] = '\0';
	SET(CURLOPT_URL, text ? text : "");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT, CONNECT_S);
	SET(CURLOPT_ERRORBUFFER, why);
	if (tls && tls->ca_path) {
		SET(CURLOPT_CAINFO, tls->ca_path);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (tls && tls->client_path) {
		SET(CURLOPT_SSLCERT, tls->client_path);
		SET(CURLOPT_SSLKEY, tls->client_path);
	}
	if (tls && tls->pins)
		SET(CURLOPT_PINNEDPUBLICKEY, tls->pins);
	if (name) {
		const char *line =
		    arena_printf(arena, "::%s%s%s:%u", bracket, url->host, end, url->port);
		to = line ? curl_slist_append(NULL, line) : NULL;
		ok = ok && to;
		SET(CURLOPT_CONNECT_TO, to);
	}
	if (ok && text)
		rc = curl_easy_perform(easy);
	if (rc != CURLE_OK && !why[0])
		(void)snprintf(why, CURL_ERROR_SIZE, "%s", curl_easy_strerror(rc));
	curl_easy_cleanup(easy);
	curl_slist_free_all(to);
	return rc;
}

static bool check_target(struct doctor *d, const Cg__Api *api, const char *target,
			 const struct upstream_tls *tls, struct arena *arena)
{
	char why[CURL_ERROR_SIZE];
	struct url url;
	if (url_parse(target, arena, &url))
		return false;
	CURLcode rc = reach(&url, tls, arena, why);
	bool believed = rc != CURLE_PEER_FAILED_VERIFICATION && rc != CURLE_SSL_CACERT_BADFILE &&
			rc != CURLE_SSL_PINNEDPUBKEYNOTMATCH && rc != CURLE_SSL_CERTPROBLEM;
	if (rc == CURLE_OK)
		return true;
	if (believed)
		doctor_note(d, FINDING_FAULT, CHECK, "Is it running, and the target_url right?",
			    "The API “%s”: %s cannot be connected: %s.", api->name, target, why);
	else
		doctor_note(d, FINDING_FAULT, CHECK,
			    "Register its CA and list it in upstream_tls.ca_certificates, or name "
			    "the host that its certificate is for in upstream_tls.server_name.",
			    "The API “%s”: the certificate of %s does not hold: %s.", api->name,
			    target, why);
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
