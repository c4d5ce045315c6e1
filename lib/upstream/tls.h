/* TLS to an upstream: whom the gate believes, and who it says it is. */
#ifndef CG_UPSTREAM_TLS_H
#define CG_UPSTREAM_TLS_H

#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/span.h"
#include <gnutls/gnutls.h>
#include <stdatomic.h>

/* Not changed once others see it: many threads may use it.  Connections hold on to it. */
struct upstream_tls {
	_Atomic unsigned users; /* private, as all below */
	/* Of all that it was made of: where it is the same, the same is believed and said, so that
	 * connections go on when another reading of the store makes another one. */
	struct sha256 identity;
	/* It believes the host's CAs, as the file with them was. */
	bool of_host;
	struct upstream_host_cas {
		int64_t inode, size, changed_s, changed_ns; /* all 0: there was none */
	} host;
	/* Freed with it: what it took the place of, which others may use still.  NULL: none. */
	struct upstream_tls *before;
	gnutls_certificate_credentials_t credentials;
	bool has_client;
	char *server_name; /* NULL: the host that is connected */
	struct sha256 *pins;
	size_t n_pins; /* 0: any key */
};

/* Of each what is empty (n == 0) or NULL stands for none: CAs as PEM (none: the host's);
 * certificate, chain and private key as one PEM; the SHA-256 of public keys (SubjectPublicKeyInfo),
 * of which the upstream must have one.  All is copied.  CG_BAD_VALUE where a PEM cannot be read;
 * CG_UNAVAILABLE without memory. */
cg_rc upstream_tls_new(struct span ca_pem, struct span client_pem, const struct sha256 *pins,
		       size_t n_pins, const char *server_name, struct upstream_tls **out,
		       struct cg_err *err) CG_MUST_USE;
/* Connections that were made with it live on, and are used for calls with one of its identity. */
void upstream_tls_free(struct upstream_tls **tls);

/* False once the host's CAs, where it believes them, are others: time for another one. */
bool upstream_tls_is_current(const struct upstream_tls *tls);

/* One more user, who calls upstream_tls_free; private to upstream/. */
struct upstream_tls *upstream_tls_share(struct upstream_tls *tls);
/* The host's CAs as they are now, with one more user; NULL where they cannot be read.  Private
 * likewise. */
struct upstream_tls *upstream_tls_of_host(void) CG_MUST_USE;

#endif
