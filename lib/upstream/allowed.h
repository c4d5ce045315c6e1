/* Where upstreams may be, as whoever runs the host has it: an upstream's name may resolve to
 * anything.  Link-local addresses (metadata services), multicast and our own listener (a loop)
 * never may, nor IPv6 addresses that lead to these, or to another's loopback, by translation or a
 * tunnel.  Where in an address of a translator the IPv4 one stands depends on the length of its
 * prefix (RFC 6052 section 2.2): of those that the setting nat64_prefixes names it is known; of
 * others in 64:ff9b:1::/48 (RFC 8215) it is looked for wherever it may be. */
#ifndef CG_UPSTREAM_ALLOWED_H
#define CG_UPSTREAM_ALLOWED_H

#include "base/address.h"
#include "base/base.h"
#include "web/request.h"
#include <sys/socket.h>

struct upstream_allowed {
	struct address_blocks allow; /* none: all */
	struct address_blocks deny;
	struct address_blocks nat64; /* prefixes of translators */
};

/* What the settings upstream_allow, upstream_deny and nat64_prefixes list. */
void upstream_allowed_read(struct upstream_allowed *out);
/* Whether it may be connected to for this request, whose server's own address must not be it. */
bool upstream_allowed_holds(const struct upstream_allowed *allowed, const struct web_request *req,
			    const struct sockaddr *addr);

#endif
