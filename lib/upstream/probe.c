#include "base/base.h"
#include "upstream/probe.h"
#include "base/clock.h"
#include "base/limits.h"
#include "upstream/head.h"
#include "upstream/link.h"
#include "upstream/request.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#define ANSWER_BYTES ((size_t)16 * 1024) /* of a head; what is longer counts as none */

struct run {
	const struct probe *probe;
	struct probe_seen *out;
	struct arena *arena;
	int64_t start_mono_ms, until_mono_ms;
};

static bool note_address(void *ctx, const struct sockaddr *addr, socklen_t len)
{
	struct run *r = ctx;
	char text[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;
	bool v6 = addr->sa_family == AF_INET6;
	bool allowed = !r->probe->may_connect || r->probe->may_connect(r->probe->ctx, addr, len);
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
	if (i < PROBE_ADDRESSES_MAX) {
		(void)snprintf(r->out->addresses[i].text, sizeof(r->out->addresses[i].text),
			       v6 ? "[%s]:%u" : "%s:%u", text, port);
		r->out->addresses[i].allowed = allowed;
		r->out->n_addresses++;
	}
	return allowed;
}

static void note_certificate(void *ctx, struct span der)
{
	struct run *r = ctx;
	char *copy = arena_alloc(r->arena, der.n);
	r->out->connected_ms = clock_mono_ms() - r->start_mono_ms;
	if (!copy)
		return;
	memcpy(copy, der.p, der.n);
	r->out->certificate = span_make(copy, der.n);
}

static void decide(struct run *r, enum upstream_outcome outcome, const char *cause)
{
	r->out->outcome = outcome;
	(void)snprintf(r->out->cause, sizeof(r->out->cause), "%s", cause);
}

/* Until the connection can be read or written again; false when the time is over. */
static bool wait_for(struct run *r, const struct link *link, short events)
{
	struct pollfd p = {.fd = link->fd, .events = events};
	int64_t left = r->until_mono_ms - clock_mono_ms();
	return left > 0 && poll(&p, 1, (int)left) > 0;
}

static bool send_all(struct run *r, struct link *link, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = link_send(link, bytes);
		if (n > 0)
			bytes = span_from(bytes, (size_t)n);
		else if (n == LINK_BROKEN)
			return true; /* it may have answered */
		else if (!wait_for(r, link, POLLOUT))
			return false;
	}
	return true;
}

static void take_head(struct run *r, struct span raw)
{
	struct upstream_head *head = arena_alloc(r->arena, sizeof(*head));
	const char *why = head ? upstream_head_read(raw, false, head) : "there is no memory";
	if (why) {
		decide(r, UPSTREAM_INVALID, why);
		return;
	}
	r->out->status = head->status;
	decide(r, UPSTREAM_OK, "");
}

static void read_answer(struct run *r, struct link *link)
{
	char *in = arena_alloc(r->arena, ANSWER_BYTES);
	size_t n = 0, looked = 0;
	unsigned n_interim = 0;
	decide(r, UPSTREAM_TIMEOUT, "it was silent for too long");
	while (in) {
		size_t head = upstream_head_size(span_make(in, n), &looked);
		int status = head > 0 ? upstream_status(span_make(in, head)) : 0;
		bool interim = status >= 100 && status <= 199 && status != 101;
		if (head > 0 && !interim) {
			take_head(r, span_make(in, head));
			return;
		}
		if (interim && ++n_interim > UPSTREAM_INTERIM_MAX) {
			decide(r, UPSTREAM_INVALID, "it has too many interim answers");
			return;
		}
		if (interim) {
			memmove(in, in + head, n - head);
			n -= head;
			looked = 0;
			continue;
		}
		ssize_t got = n < ANSWER_BYTES ? link_receive(link, in + n, ANSWER_BYTES - n, false)
					       : LINK_BROKEN;
		if (got == LINK_AGAIN) {
			if (!wait_for(r, link, POLLIN))
				return;
			continue;
		}
		if (got <= 0) {
			if (link->tls_fault)
				decide(r, UPSTREAM_TLS, link->tls_fault);
			else if (n > 0)
				decide(r, UPSTREAM_INVALID, "its answer has no end of its head");
			else
				decide(r, UPSTREAM_INVALID,
				       "the upstream closed the connection unanswered");
			return;
		}
		if (r->out->answered_ms < 0)
			r->out->answered_ms = clock_mono_ms() - r->start_mono_ms;
		n += (size_t)got;
	}
	decide(r, UPSTREAM_FAILED, "there is no memory");
}

static void ask(struct run *r, struct link *link)
{
	const struct url *t = r->probe->target;
	bool usual = t->port == (t->https ? 443 : 80);
	const char *port = usual ? "" : arena_printf(r->arena, ":%u", (unsigned)t->port);
	char *text = port ? arena_printf(r->arena,
					 "GET %s HTTP/1.1\r\nHost: %s%s\r\nAccept: */*\r\n"
					 "Connection: close\r\n\r\n",
					 *t->path ? t->path : "/", t->host, port)
			  : NULL;
	if (!text)
		decide(r, UPSTREAM_FAILED, "there is no memory");
	else if (!send_all(r, link, span_of(text)))
		decide(r, UPSTREAM_TIMEOUT, "it took nothing for too long");
	else
		read_answer(r, link);
}

void upstream_probe(const struct probe *probe, struct arena *arena, struct probe_seen *out)
{
	const struct url *t = probe->target;
	struct link link;
	struct upstream_result result = {.outcome = UPSTREAM_FAILED};
	int64_t ms = probe->timeout_ms > 0 && probe->timeout_ms < PROBE_MS
			 ? (int64_t)probe->timeout_ms
			 : PROBE_MS;
	*out =
	    (struct probe_seen){.outcome = UPSTREAM_FAILED, .connected_ms = -1, .answered_ms = -1};
	struct run r = {.probe = probe,
			.out = out,
			.arena = arena,
			.start_mono_ms = clock_mono_ms(),
			.until_mono_ms = clock_mono_ms() + ms};
	const struct upstream_call call = {.https = t->https,
					   .tls = probe->tls,
					   .host = url_bare_host(t),
					   .port = (uint16_t)t->port,
					   .timeout_ms = (uint32_t)ms,
					   .may_connect = note_address,
					   .saw_certificate = note_certificate,
					   .ctx = &r};
	out->outcome = link_dial(NULL, &call, &link, &result);
	(void)snprintf(out->cause, sizeof(out->cause), "%s", result.cause);
	if (out->outcome != UPSTREAM_OK)
		return;
	if (out->connected_ms < 0)
		out->connected_ms = clock_mono_ms() - r.start_mono_ms;
	if (!probe->only_connect)
		ask(&r, &link);
	link_close(&link);
}
