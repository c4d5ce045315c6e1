/* TLS sessions with upstreams that a new connection may resume (RFC 8446 section 2.2), which spares
 * both sides the costly part of the handshake; of one thread.  Private to upstream/. */
#ifndef CG_UPSTREAM_RESUME_H
#define CG_UPSTREAM_RESUME_H

#include "base/base.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/span.h"
#include <gnutls/gnutls.h>

struct resume {
	struct resumable {
		char host[254];
		uint16_t port;
		struct sha256 tls; /* identity of the struct upstream_tls that it was made with */
		gnutls_datum_t session; /* data == NULL: none */
	} items[UPSTREAM_KEPT_MAX];
	unsigned next; /* where the next one goes */
};

/* Keeps the session for the next connection to the same place, if the upstream has given it what
 * that takes. */
void resume_keep(struct resume *r, gnutls_session_t session, const char *host, uint16_t port,
		 const struct sha256 *tls);
/* Has a session, before its handshake, resume one that was kept, which is then gone: tickets are
 * used once (RFC 8446 appendix C.4).  False: there is none. */
bool resume_offer(struct resume *r, gnutls_session_t session, const char *host, uint16_t port,
		  const struct sha256 *tls);
void resume_release(struct resume *r);

#endif
