/* One request to an upstream, to see what is there: for who sets an API up. */
#ifndef CG_UPSTREAM_PROBE_H
#define CG_UPSTREAM_PROBE_H

#include "base/arena.h"
#include "base/url.h"
#include "upstream/upstream.h"

#define PROBE_ADDRESSES_MAX 8

struct probe {
	const struct url *target;
	struct upstream_tls *tls;	 /* NULL: the upstream proves itself to the host's CAs */
	uint32_t timeout_ms;		 /* of all of it; at most PROBE_MS counts */
	upstream_address_fn may_connect; /* of each address before it is tried; NULL: any */
	void *ctx;
	bool only_connect; /* nothing is asked */
};

struct probe_seen {
	enum upstream_outcome outcome;
	int status; /* of its answer; 0: none came */
	struct {
		char text[64]; /* address and port */
		bool allowed;
	} addresses[PROBE_ADDRESSES_MAX]; /* that were tried, in turn */
	size_t n_addresses;
	struct span certificate; /* DER of what it showed, whether it holds or not; n == 0: none */
	int64_t connected_ms, answered_ms; /* from the beginning; -1: not so far */
	char cause[256];		   /* empty with OK */
};

/* Connects and sends GET for the target URL, without credentials; reads no further than the
 * answer's head. */
void upstream_probe(const struct probe *probe, struct arena *arena, struct probe_seen *out);

#endif
