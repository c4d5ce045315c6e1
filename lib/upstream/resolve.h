/* A host's addresses, within a time limit; private to upstream/. */
#ifndef CG_UPSTREAM_RESOLVE_H
#define CG_UPSTREAM_RESOLVE_H

#include "base/base.h"
#include "base/span.h"
#include <sys/socket.h>

/* Of one host; what a resolver has beyond them is not tried. */
#define ADDRESSES_MAX 8

struct upstream_address {
	struct sockaddr_storage to;
	socklen_t n;
};

struct upstream_addresses {
	size_t n;
	struct upstream_address items[ADDRESSES_MAX];
};

enum resolved {
	RESOLVED,
	RESOLVED_NOT, /* *why tells; static */
	RESOLVED_LATE,
	RESOLVED_FAILED /* no memory or no thread */
};

/* `host` is a name, IPv4, or IPv6 without brackets.  Names are asked for each time, so that a
 * change of theirs is followed: /etc/hosts, DNS, whatever the host is set up for.  Waits until the
 * (CLOCK_MONOTONIC, ms). */
enum resolved upstream_resolve(struct span host, uint16_t port, int64_t until_mono_ms,
			       struct upstream_addresses *out, const char **why) CG_MUST_USE;

#endif
