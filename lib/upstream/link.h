/* A connection to an upstream, plain or TLS, and those that a thread keeps; private to upstream/.
 */
#ifndef CG_UPSTREAM_LINK_H
#define CG_UPSTREAM_LINK_H

#include "base/base.h"
#include "base/limits.h"
#include "base/span.h"
#include "upstream/resume.h"
#include "upstream/tls.h"
#include "upstream/upstream.h"
#include <gnutls/gnutls.h>

/* A receive that may wait gives up after this, ms: its caller has more to look after. */
#define LINK_WAIT_MS 20

struct link {
	int fd; /* -1: none */
	bool reused;
	const char *tls_fault;	  /* for which TLS has ended, for the log; NULL: none */
	bool waits;		  /* private: a read of TLS may wait */
	bool shaken;		  /* private: the handshake is over */
	bool remembered;	  /* private: its session was, for the next */
	gnutls_session_t session; /* NULL: no TLS */
	struct upstream_tls *tls; /* a share of it */
	/* Whom it leads to. */
	char host[254];
	uint16_t port;
	int64_t made_mono_ms, idle_since_mono_ms, idle_max_ms;
};

/* Idle ones, of one thread, and what spares those that come after them. */
struct links {
	struct link items[UPSTREAM_KEPT_MAX];
	struct resume resume;
};

void links_init(struct links *kept);
void links_release(struct links *kept);

/* A connection for `call`: one of those that are kept, idle for at most max_idle_s and with nothing
 * on it that nobody asked for; else a new one, whose TLS is shaken hands on.  UPSTREAM_OK, or what
 * went wrong, with *out for nothing and the cause in result. */
enum upstream_outcome link_open(struct links *kept, const struct upstream_call *call,
				int64_t max_idle_s, struct link *out,
				struct upstream_result *result) CG_MUST_USE;
/* The same, never one of those that are kept.  It may resume a TLS session that is; what the
 * upstream has to prove it has proven then, and its certificate is judged anew.  kept NULL: none.
 */
enum upstream_outcome link_dial(struct links *kept, const struct upstream_call *call,
				struct link *out, struct upstream_result *result) CG_MUST_USE;
void link_close(struct link *link);
/* After an answer, when the upstream has sent its tickets: has a later link_dial to the same place
 * resume its TLS session. */
void link_remember(struct links *kept, struct link *link);
/* Keeps it, at the start of an answer, for a call within idle_s; the oldest one makes room. */
void link_keep(struct links *kept, struct link *link, unsigned idle_s);

/* > 0: so many bytes are on their way; never waits.  After LINK_AGAIN the same bytes have to come
 * again. */
#define LINK_AGAIN  (-1)
#define LINK_BROKEN (-2)
ssize_t link_send(struct link *link, struct span bytes) CG_MUST_USE;
/* > 0 bytes; 0 at their end; waits for LINK_WAIT_MS where it may.  After LINK_AGAIN a poll tells
 * when there is more. */
ssize_t link_receive(struct link *link, void *to, size_t room, bool may_wait) CG_MUST_USE;

#endif
