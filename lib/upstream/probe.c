#include "base/base.h"
#include "upstream/probe.h"
#include "base/limits.h"
#include "cert/cert.h"
#include "upstream/outcome.h"
#include <arpa/inet.h>
#include <netinet/in.h>

struct run {
	const struct probe *probe;
	struct probe_seen *out;
	size_t body;
};

static void note_address(struct run *r, const struct sockaddr *addr, bool allowed)
{
	char text[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;
	bool v6 = addr->sa_family == AF_INET6;
	if (v6) {
		const struct sockaddr_in6 *a = (const void *)addr;
		(void)inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof(text));
		port = ntohs(a->sin6_port);
	} else if (addr->sa_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)addr;
		(void)inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
		port = ntohs(a->sin_port);
	}
	size_t i = r->out->n_addresses;
	if (i == PROBE_ADDRESSES_MAX)
		return;
	(void)snprintf(r->out->addresses[i].text, sizeof(r->out->addresses[i].text),
		       v6 ? "[%s]:%u" : "%s:%u", text, port);
	r->out->addresses[i].allowed = allowed;
	r->out->n_addresses++;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct run *r = arg;
	bool allowed = purpose == CURLSOCKTYPE_IPCXN &&
		       r->probe->may_connect(r->probe->ctx, &a->addr, (socklen_t)a->addrlen);
	note_address(r, &a->addr, allowed);
	return allowed ? socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol)
		       : CURL_SOCKET_BAD;
}

/* Enough has been seen. */
static size_t take_body(char *p, size_t size, size_t count, void *arg)
{
	struct run *r = arg;
	(void)p;
	r->body += size * count;
	return r->body > PROBE_BODY_MAX ? 0 : size * count;
}

static bool set_options(CURL *e, struct run *r, char *error, struct curl_slist **connect_to,
			struct curl_slist **fields, struct arena *arena)
{
	const struct url *t = r->probe->target;
	const struct upstream_tls *tls = t->https ? r->probe->tls : NULL;
	const char *proven = tls ? tls->server_name : NULL;
	long ms = r->probe->timeout_ms > 0 && r->probe->timeout_ms < PROBE_MS
		      ? (long)r->probe->timeout_ms
		      : PROBE_MS;
	const char *url =
	    arena_printf(arena, "http%s://%s:%u%s", t->https ? "s" : "", proven ? proven : t->host,
			 t->port, *t->path ? t->path : "/");
	bool ok = url != NULL;
#define SET(option, value) ok = ok && curl_easy_setopt(e, option, value) == CURLE_OK
	/* As upstream_exchange: the same is asked, and in the same way. */
	SET(CURLOPT_ERRORBUFFER, error);
	SET(CURLOPT_URL, url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, ms);
	SET(CURLOPT_TIMEOUT_MS, ms);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, r);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, r);
	SET(CURLOPT_CERTINFO, 1L);
	if (tls)
		ok = ok && upstream_tls_apply(tls, e);
	if (ok && proven) {
		*connect_to =
		    curl_slist_append(NULL, arena_printf(arena, "::%s:%u", t->host, t->port));
		*fields =
		    curl_slist_append(NULL, arena_printf(arena, "Host: %s:%u", t->host, t->port));
		ok = *connect_to && *fields;
		SET(CURLOPT_CONNECT_TO, *connect_to);
		SET(CURLOPT_HTTPHEADER, *fields);
	}
#undef SET
	return ok;
}

/* The first of the chain that the upstream showed. */
static void take_certificate(CURL *e, struct arena *arena, struct probe_seen *out)
{
	static const char name[] = "Cert:";
	struct curl_certinfo *info = NULL;
	struct sha256 ignored;
	struct span der;
	if (curl_easy_getinfo(e, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return;
	for (const struct curl_slist *line = info->certinfo[0]; line; line = line->next)
		if (strncmp(line->data, name, sizeof(name) - 1) == 0 &&
		    cert_from_server(span_of(line->data + sizeof(name) - 1), arena, &der,
				     &ignored) == CERT_SEEN_ONE)
			out->certificate = der;
}

static int64_t time_ms(CURL *e, CURLINFO what)
{
	curl_off_t us = 0;
	if (curl_easy_getinfo(e, what, &us) != CURLE_OK || us <= 0)
		return -1;
	return us / 1000;
}

static bool all_denied(const struct probe_seen *seen)
{
	for (size_t i = 0; i < seen->n_addresses; i++)
		if (seen->addresses[i].allowed)
			return false;
	return seen->n_addresses > 0;
}

void upstream_probe(const struct probe *probe, struct arena *arena, struct probe_seen *out)
{
	char error[CURL_ERROR_SIZE] = "";
	struct curl_slist *connect_to = NULL, *fields = NULL;
	long status = 0;
	*out = (struct probe_seen){.outcome = UPSTREAM_FAILED,
				   .connected_ms = -1,
				   .answered_ms = -1,
				   .cause = "the request cannot be put together"};
	struct run r = {.probe = probe, .out = out};
	CURL *e = curl_easy_init();
	if (e && set_options(e, &r, error, &connect_to, &fields, arena)) {
		CURLcode code = curl_easy_perform(e);
		(void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
		/* We ended it ourselves: what was to be seen is seen. */
		if (r.body > PROBE_BODY_MAX || (code == CURLE_OPERATION_TIMEDOUT && status > 0))
			code = CURLE_OK;
		out->status = (int)status;
		out->outcome = all_denied(out)
				   ? UPSTREAM_UNREACHABLE
				   : upstream_outcome_of(code, probe->target->https, error);
		(void)snprintf(out->cause, sizeof(out->cause), "%s",
			       code == CURLE_OK ? ""
			       : *error		? error
						: curl_easy_strerror(code));
		out->connected_ms = time_ms(e, CURLINFO_CONNECT_TIME_T);
		out->answered_ms = status > 0 ? time_ms(e, CURLINFO_STARTTRANSFER_TIME_T) : -1;
		take_certificate(e, arena, out);
	}
	curl_easy_cleanup(e);
	curl_slist_free_all(connect_to);
	curl_slist_free_all(fields);
}
