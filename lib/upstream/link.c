#include "base/base.h"
#include "upstream/link.h"
#include "base/clock.h"
#include "upstream/resolve.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

/* While an address does not answer, the next one is tried beside it (RFC 8305 section 5), ms. */
#define NEXT_ADDRESS_MS 250

static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

static void say(struct upstream_result *result, const char *what, const char *why)
{
	(void)snprintf(result->cause, sizeof(result->cause), "%s%s%s", what, why ? ": " : "",
		       why ? why : "");
}

/* --- connecting --- */

struct race {
	struct pollfd fds[ADDRESSES_MAX];
	size_t n;
	int error; /* of the last one that failed */
};

/* Begins a connection; a socket that is connected at once, or -1. */
static int start_one(struct race *r, const struct upstream_address *a)
{
	int on = 1;
	int fd = socket(a->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		r->error = errno;
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&a->to, a->n) == 0)
		return fd;
	if (errno == EINPROGRESS) {
		r->fds[r->n++] = (struct pollfd){.fd = fd, .events = POLLOUT};
		return -1;
	}
	r->error = errno;
	(void)close(fd);
	return -1;
}

/* The first that has come through, out of the race; -1: none. */
static int take_winner(struct race *r)
{
	for (size_t i = 0; i < r->n;) {
		int fd = r->fds[i].fd, error = 0;
		socklen_t n = sizeof(error);
		if (r->fds[i].revents == 0) {
			i++;
			continue;
		}
		r->fds[i] = r->fds[--r->n];
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0)
			return fd;
		r->error = error;
		(void)close(fd);
	}
	return -1;
}

static int connect_any(const struct upstream_call *call, const struct upstream_addresses *found,
		       int64_t until_mono_ms, struct upstream_result *result, bool *late)
{
	struct race r = {.n = 0};
	size_t next = 0;
	int fd = -1;
	*late = false;
	while (fd < 0) {
		const struct upstream_address *a = next < found->n ? &found->items[next++] : NULL;
		if (a && call->may_connect &&
		    !call->may_connect(call->ctx, (const struct sockaddr *)&a->to, a->n)) {
			result->address_denied = true;
			continue;
		}
		if (a && (fd = start_one(&r, a)) >= 0)
			break;
		int64_t left = until_mono_ms - clock_mono_ms();
		if (r.n == 0 && next == found->n)
			break;
		if (left <= 0) {
			*late = true;
			break;
		}
		if (next < found->n && left > NEXT_ADDRESS_MS)
			left = NEXT_ADDRESS_MS;
		if (r.n > 0 && poll(r.fds, r.n, (int)left) > 0)
			fd = take_winner(&r);
	}
	for (size_t i = 0; i < r.n; i++)
		(void)close(r.fds[i].fd);
	errno = r.error;
	return fd;
}

/* --- TLS --- */

static ssize_t push(gnutls_transport_ptr_t to, const void *bytes, size_t n)
{
	const struct link *link = to;
	return send(link->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t pull(gnutls_transport_ptr_t from, void *bytes, size_t n)
{
	const struct link *link = from;
	return recv(link->fd, bytes, n, link->waits ? 0 : MSG_DONTWAIT);
}

/* Whether the key that was shown is one of those that are pinned. */
static bool has_pinned_key(const struct link *link)
{
	unsigned n = 0;
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	gnutls_datum_t der = {NULL, 0};
	struct sha256 digest;
	bool found = false;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(link->session, &n);
	if (list && n > 0 && gnutls_x509_crt_init(&crt) == 0 && gnutls_pubkey_init(&key) == 0 &&
	    gnutls_x509_crt_import(crt, &list[0], GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_pubkey_import_x509(key, crt, 0) == 0 &&
	    gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) == 0 &&
	    sha256_of(span_make(der.data, der.size), &digest) == CG_OK)
		for (size_t i = 0; i < link->tls->n_pins; i++)
			found = found || memcmp(&digest, &link->tls->pins[i], sizeof(digest)) == 0;
	gnutls_free(der.data);
	if (key)
		gnutls_pubkey_deinit(key);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	return found;
}

static bool is_address(const char *host)
{
	struct in6_addr any;
	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

/* What is asked for and has to be proven; without the dot that may end a name. */
static void name_to_prove(const struct link *link, char out[254])
{
	const char *name = link->tls->server_name ? link->tls->server_name : link->host;
	size_t n = (size_t)snprintf(out, 254, "%s", name);
	if (n > 1 && n < 254 && out[n - 1] == '.')
		out[n - 1] = '\0';
}

/* What has to be proven; GnuTLS looks at it during the handshake. */
struct proof {
	char name[254];
	gnutls_typed_vdata_st parts[2];
};

static bool prepare_tls(struct link *link, struct proof *proof)
{
	static const gnutls_datum_t alpn = {(unsigned char *)(uintptr_t) "http/1.1", 8};
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
	/* Also to an upstream that names other CAs than its own. */
	if (link->tls->has_client)
		flags |= GNUTLS_FORCE_CLIENT_CERT;
	if (gnutls_init(&link->session, flags) < 0) {
		link->session = NULL;
		return false;
	}
	gnutls_session_t s = link->session;
	gnutls_transport_set_ptr(s, link);
	gnutls_transport_set_push_function(s, push);
	gnutls_transport_set_pull_function(s, pull);
	proof->parts[0] = (gnutls_typed_vdata_st){.type = GNUTLS_DT_DNS_HOSTNAME,
						  .data = (unsigned char *)proof->name};
	/* A certificate for clients alone is no server's. */
	proof->parts[1] =
	    (gnutls_typed_vdata_st){.type = GNUTLS_DT_KEY_PURPOSE_OID,
				    .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER};
	gnutls_session_set_verify_cert2(s, proof->parts, CG_COUNT(proof->parts), 0);
	return gnutls_priority_set_direct(s, priorities, NULL) == 0 &&
	       gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, link->tls->credentials) == 0 &&
	       gnutls_alpn_set_protocols(s, &alpn, 1, 0) == 0 &&
	       (is_address(proof->name) ||
		gnutls_server_name_set(s, GNUTLS_NAME_DNS, proof->name, strlen(proof->name)) == 0);
}

static void say_tls(int error, unsigned status, struct upstream_result *result)
{
	gnutls_datum_t text = {NULL, 0};
	if (error == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR &&
	    gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0) {
		/* Sentences, with a space behind the last one: others put the full stop. */
		char *words = (char *)text.data;
		for (size_t n = strlen(words); n > 0 && strchr(". ", words[n - 1]);)
			words[--n] = '\0';
		say(result, "TLS", words);
	} else {
		say(result, "TLS", gnutls_strerror(error));
	}
	gnutls_free(text.data);
}

/* *offered: a session to resume was, which may be why it failed. */
static enum upstream_outcome shake_hands(struct links *kept, const struct upstream_call *call,
					 struct link *link, int64_t until_mono_ms, bool *offered,
					 struct upstream_result *result)
{
	struct proof proof;
	unsigned status;
	int rc;
	name_to_prove(link, proof.name);
	if (!prepare_tls(link, &proof)) {
		say(result, "TLS cannot be prepared", NULL);
		return UPSTREAM_FAILED;
	}
	*offered = kept && resume_offer(&kept->resume, link->session, link->host, link->port,
					&link->tls->identity);
	while ((rc = gnutls_handshake(link->session)) < 0 && !gnutls_error_is_fatal(rc)) {
		struct pollfd p = {.fd = link->fd,
				   .events = gnutls_record_get_direction(link->session) ? POLLOUT
											: POLLIN};
		int64_t left = until_mono_ms - clock_mono_ms();
		if (rc != GNUTLS_E_AGAIN && rc != GNUTLS_E_INTERRUPTED && left > 0)
			continue; /* a warning */
		if (left <= 0 || poll(&p, 1, (int)left) == 0) {
			say(result, "the TLS handshake took too long", NULL);
			return UPSTREAM_TIMEOUT;
		}
	}
	if (call->saw_certificate) {
		unsigned n = 0;
		const gnutls_datum_t *list = gnutls_certificate_get_peers(link->session, &n);
		if (list && n > 0)
			call->saw_certificate(call->ctx, span_make(list[0].data, list[0].size));
	}
	status = gnutls_session_get_verify_cert_status(link->session);
	/* A resumed session has the certificate of the one before, which GnuTLS does not look at
	 * again: it may have ended since. */
	if (rc >= 0 && gnutls_session_is_resumed(link->session)) {
		rc = gnutls_certificate_verify_peers(link->session, proof.parts,
						     CG_COUNT(proof.parts), &status);
		if (rc >= 0 && status != 0)
			rc = GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
	}
	if (rc < 0) {
		say_tls(rc, status, result);
		return rc == GNUTLS_E_MEMORY_ERROR ? UPSTREAM_FAILED : UPSTREAM_TLS;
	}
	link->shaken = true;
	if (link->tls->n_pins > 0 && !has_pinned_key(link)) {
		say(result, "TLS", "its public key is none of those that are pinned");
		return UPSTREAM_TLS;
	}
	return UPSTREAM_OK;
}

/* --- opening and closing --- */

void link_close(struct link *link)
{
	if (link->session) {
		if (link->shaken)
			/* So that the other side need not wait for more; nobody waits for its
			 * answer. */
			(void)gnutls_bye(link->session, GNUTLS_SHUT_WR);
		gnutls_deinit(link->session);
	}
	if (link->fd >= 0)
		(void)close(link->fd);
	upstream_tls_free(&link->tls);
	*link = (struct link){.fd = -1};
}

/* Sends never wait (link_send), reads only where they may, and not for long. */
static bool set_waits(int fd)
{
	struct timeval wait = {.tv_usec = LINK_WAIT_MS * 1000};
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0;
}

static enum upstream_outcome dial(struct links *kept, const struct upstream_call *call,
				  struct link *out, bool *offered, struct upstream_result *result)
{
	struct upstream_addresses found;
	const char *why = NULL;
	bool late = false;
	int64_t limit_ms = call->timeout_ms > 0 && call->timeout_ms < UPSTREAM_CONNECT_MS
			       ? call->timeout_ms
			       : UPSTREAM_CONNECT_MS;
	int64_t now = clock_mono_ms(), until = now + limit_ms;
	if (call->until_mono_ms > 0 && call->until_mono_ms < until)
		until = call->until_mono_ms;
	*out = (struct link){.fd = -1, .port = call->port, .made_mono_ms = now};
	(void)snprintf(out->host, sizeof(out->host), "%.*s", (int)call->host.n, call->host.p);
	enum resolved resolved = upstream_resolve(call->host, call->port, until, &found, &why);
	if (resolved != RESOLVED) {
		say(result, "it cannot be resolved", why);
		return resolved == RESOLVED_LATE     ? UPSTREAM_TIMEOUT
		       : resolved == RESOLVED_FAILED ? UPSTREAM_FAILED
						     : UPSTREAM_UNREACHABLE;
	}
	out->fd = connect_any(call, &found, until, result, &late);
	if (out->fd < 0) {
		say(result, "it cannot be connected",
		    late    ? "no answer in time"
		    : errno ? strerror(errno)
			    : "its address is denied");
		return late ? UPSTREAM_TIMEOUT : UPSTREAM_UNREACHABLE;
	}
	if (!set_waits(out->fd)) {
		say(result, "its socket cannot be set up", strerror(errno));
		link_close(out);
		return UPSTREAM_FAILED;
	}
	if (!call->https)
		return UPSTREAM_OK;
	out->tls = call->tls ? upstream_tls_share(call->tls) : upstream_tls_of_host();
	enum upstream_outcome outcome = UPSTREAM_FAILED;
	if (out->tls)
		outcome = shake_hands(kept, call, out, until, offered, result);
	else
		say(result, "the host's CAs cannot be read", NULL);
	if (outcome != UPSTREAM_OK)
		link_close(out);
	return outcome;
}

enum upstream_outcome link_dial(struct links *kept, const struct upstream_call *call,
				struct link *out, struct upstream_result *result)
{
	bool offered = false;
	enum upstream_outcome outcome = dial(kept, call, out, &offered, result);
	/* There are servers that cannot resume what they gave a ticket for. */
	if (outcome == UPSTREAM_TLS && offered) {
		result->cause[0] = '\0';
		outcome = dial(NULL, call, out, &offered, result);
	}
	return outcome;
}

/* --- those that are kept --- */

void links_init(struct links *kept)
{
	for (size_t i = 0; i < CG_COUNT(kept->items); i++)
		kept->items[i] = (struct link){.fd = -1};
}

void links_release(struct links *kept)
{
	for (size_t i = 0; i < CG_COUNT(kept->items); i++)
		link_close(&kept->items[i]);
	resume_release(&kept->resume);
}

/* TLS knows where it is kept. */
static void move(struct link *to, struct link *from)
{
	*to = *from;
	*from = (struct link){.fd = -1};
	if (to->session)
		gnutls_transport_set_ptr(to->session, to);
}

static bool is_same_tls(const struct upstream_tls *a, const struct upstream_tls *b)
{
	return memcmp(&a->identity, &b->identity, sizeof(a->identity)) == 0;
}

static bool leads_to(const struct link *link, const struct upstream_call *call)
{
	if (link->fd < 0 || link->port != call->port || (link->session != NULL) != call->https ||
	    !span_is_text(call->host, link->host))
		return false;
	if (!call->https)
		return true;
	if (call->tls)
		return is_same_tls(link->tls, call->tls);
	struct upstream_tls *host = upstream_tls_of_host();
	bool same = host && is_same_tls(link->tls, host);
	upstream_tls_free(&host);
	return same;
}

/* What has come since the last answer would be read as the answer to the next request; and one that
 * is at its end takes no request. */
static bool is_quiet(struct link *link)
{
	char scrap;
	return link_receive(link, &scrap, 1, false) == LINK_AGAIN;
}

enum upstream_outcome link_open(struct links *kept, const struct upstream_call *call,
				int64_t max_idle_s, struct link *out,
				struct upstream_result *result)
{
	int64_t now = clock_mono_ms();
	for (;;) {
		struct link *best = NULL;
		for (size_t i = 0; i < CG_COUNT(kept->items); i++) {
			struct link *link = &kept->items[i];
			if (link->fd < 0)
				continue;
			int64_t idle_ms = now - link->idle_since_mono_ms;
			if (idle_ms > link->idle_max_ms ||
			    now - link->made_mono_ms > (int64_t)UPSTREAM_LIFE_S * 1000)
				link_close(link);
			if (idle_ms <= max_idle_s * 1000 && leads_to(link, call) &&
			    (!best || link->idle_since_mono_ms > best->idle_since_mono_ms))
				best = link;
		}
		if (!best)
			return link_dial(kept, call, out, result);
		if (is_quiet(best)) {
			move(out, best);
			out->reused = true;
			return UPSTREAM_OK;
		}
		link_close(best);
	}
}

void link_remember(struct links *kept, struct link *link)
{
	if (!link->session || link->remembered)
		return;
	resume_keep(&kept->resume, link->session, link->host, link->port, &link->tls->identity);
	link->remembered = true;
}

void link_keep(struct links *kept, struct link *link, unsigned idle_s)
{
	struct link *to = &kept->items[0];
	for (size_t i = 1; i < CG_COUNT(kept->items) && to->fd >= 0; i++) {
		struct link *other = &kept->items[i];
		if (other->fd < 0 || other->idle_since_mono_ms < to->idle_since_mono_ms)
			to = other;
	}
	link_close(to);
	move(to, link);
	to->idle_since_mono_ms = clock_mono_ms();
	to->idle_max_ms = (int64_t)idle_s * 1000;
}

/* --- bytes --- */

ssize_t link_send(struct link *link, struct span bytes)
{
	ssize_t n;
	if (link->session) {
		link->waits = false;
		n = gnutls_record_send(link->session, bytes.p, bytes.n);
		if (n > 0)
			return n;
		return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? LINK_AGAIN : LINK_BROKEN;
	}
	do
		n = send(link->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	return n < 0 && (errno == EAGAIN) ? LINK_AGAIN : LINK_BROKEN;
}

static ssize_t receive_tls(struct link *link, void *to, size_t room, bool may_wait)
{
	link->waits = may_wait;
	ssize_t n = gnutls_record_recv(link->session, to, room);
	link->waits = false;
	if (n >= 0)
		return n;
	if (n == GNUTLS_E_FATAL_ALERT_RECEIVED)
		link->tls_fault = "the upstream has ended TLS with an alert";
	/* Who asks for it waits for it (RFC 5246 section 7.4.1.1). */
	else if (n == GNUTLS_E_REHANDSHAKE)
		link->tls_fault = "the upstream asks for another TLS handshake (renegotiation), "
				  "which is not done";
	/* Others that are not fatal are warnings. */
	return link->tls_fault || gnutls_error_is_fatal((int)n) ? LINK_BROKEN : LINK_AGAIN;
}

ssize_t link_receive(struct link *link, void *to, size_t room, bool may_wait)
{
	ssize_t n;
	if (link->session)
		return receive_tls(link, to, room, may_wait);
	do
		n = recv(link->fd, to, room, may_wait ? 0 : MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? LINK_AGAIN : LINK_BROKEN;
}
