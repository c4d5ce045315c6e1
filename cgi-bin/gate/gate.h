/* The way of a request through the gate: one struct that grows along it, one file per step.
 *
 *   receive   lib/web/   request and target in one normal form
 *   fixed     fixed.c    /healthz, /readyz, /metrics
 *   route     main.c     which API; what browsers ask before they call it: cors.c
 *   identify  identify.c certificate and token -> digests
 *   resolve   resolve.c  digest -> grant, from a cache of one generation
 *   decide    lib/grant/ the pure decision
 *   limit     limit.c    rate, calls under way, quota
 *   forward   forward.c  to the upstream and back (lib/upstream/), with the fields of fields.c
 *             and secrets.c; which upstream: targets.c, addresses in its answer: rewrite.c
 *   refuse    refuse.c   or why not, to the client and for the administrator (lib/usage/)
 *   record    record.c   counts it, and writes the access log
 */
#ifndef CG_GATE_GATE_H
#define CG_GATE_GATE_H

#include "base/base.h"
#include "base/address.h"
#include "base/limits.h"
#include "grant/decide.h"
#include "grant/grant.h"
#include "grant/limit.h"
#include "grant/trust.h"
#include "upstream/allowed.h"
#include "upstream/upstream.h"
#include "usage/access_log.h"
#include "usage/housekeeping.h"
#include "usage/refusals.h"
#include "web/proof.h"
#include "web/request.h"
#include "web/response.h"
#include <stdatomic.h>

struct resolver;
struct reader;
struct snapshot;

/* Of an API's upstreams: whose turn it is, and which could not be connected. */
#define TARGET_SLOTS 1024
struct targets {
	_Atomic unsigned turns[TARGET_SLOTS];
	_Atomic uint64_t down[TARGET_SLOTS]; /* private to targets.c */
};

/* One per process. */
struct gate {
	struct targets targets;
	struct address_blocks metrics_allow; /* who may read /metrics; none: nobody by address */
	struct upstream_allowed upstream_allowed;
	struct store *store;
	struct resolver *resolver;
	struct limits *limits;
	struct proof proof;
	struct refusals *refusals;     /* NULL: there is no room for them */
	struct usage *usage;	       /* NULL: likewise */
	struct access_log *access_log; /* NULL: not asked for */
	struct housekeeping housekeeping;
	int64_t told_unix_s; /* of its failures */
};

/* One per thread. */
struct worker {
	struct upstream *upstream;
	struct reader *reader;
};

/* One request. */
struct exchange {
	struct gate *gate;
	struct worker *worker; /* this thread's */
	struct web_request *req;
	struct web_response *resp;
	struct arena *arena; /* the request's */

	struct snapshot *snapshot; /* the contents at one generation */
	const struct route *route;
	const struct url *target;	       /* the upstream that is asked */
	const struct web_field *secret_fields; /* as many as the API's secret_headers */
	struct facts facts;
	struct span token;	/* without "Bearer "; empty: none */
	struct span cert_der;	/* of the certificate, when one came */
	struct span cert_field; /* the same as client_cert_field makes it; empty: not made yet */
	bool cert_recalled;	/* both are from the snapshot's memory */
	struct decision decision;
	struct limit_asks asks;
	struct limits_result limits; /* what it has begun is ended when it is answered */

	bool is_own;	     /* for one of the gate's own paths */
	const char *code;    /* why it was not answered by the upstream; "": it was */
	int64_t begun_us;    /* CLOCK_MONOTONIC */
	int64_t upstream_us; /* spent in passing it on; -1: it was not passed on */
};

/* --- resolve.c --- */

struct resolver *resolver_new(struct store *store) CG_MUST_USE;
void resolver_free(struct resolver **resolver);
/* For one thread, which looks at one snapshot at a time; it is the resolver's.  NULL without
 * memory.
 */
struct reader *reader_new(struct resolver *resolver) CG_MUST_USE;
/* The contents at the newest generation, with its routes; give it back with snapshot_release.
 * CG_UNAVAILABLE when the store cannot be read and what is known is outdated. */
cg_rc snapshot_acquire(struct resolver *resolver, struct reader *reader, struct snapshot **out,
		       struct cg_err *err) CG_MUST_USE;
void snapshot_release(struct resolver *resolver, struct reader *reader, struct snapshot **snapshot);
const struct routes *snapshot_routes(const struct snapshot *snapshot);
/* What was read before from this very text of SSL_CLIENT_CERT, if it was remembered; *der and
 * *field live as long as the snapshot. */
bool snapshot_recall(const struct snapshot *snapshot, struct span text, struct span *der,
		     struct span *field, struct sha256 *sha256) CG_MUST_USE;
/* For the next request with it.  Registered ones only: strangers must not take the room. */
void snapshot_remember(struct snapshot *snapshot, struct span text, struct span der,
		       struct span field, const struct sha256 *sha256);
/* The grant of a digest, NULL for an unknown one; it lives as long as the snapshot or the arena. */
cg_rc snapshot_grant(struct resolver *resolver, struct snapshot *snapshot,
		     const struct sha256 *digest, struct arena *arena, const struct grant **out,
		     struct cg_err *err) CG_MUST_USE;

/* Whether the request's certificate, which is registered, was issued under the CAs of its API; a
 * chain that was found good once is remembered with the snapshot. */
cg_rc snapshot_chain(struct resolver *resolver, struct snapshot *snapshot, struct exchange *x,
		     struct cert_chain *out, struct cg_err *err) CG_MUST_USE;

/* What the API's upstream_tls says; NULL where it has none.  It lives as long as the
 * snapshot.  CG_BAD_VALUE when it cannot be used: a CA is gone, or its key does not open. */
cg_rc snapshot_upstream_tls(struct resolver *resolver, struct snapshot *snapshot,
			    const struct route *route, struct upstream_tls **out,
			    struct cg_err *err) CG_MUST_USE;

/* The API's secret_headers with their values, as many as it has; NULL where it has none.  They live
 * as long as the snapshot.  CG_BAD_VALUE when this host's key does not open one. */
cg_rc snapshot_secret_fields(struct resolver *resolver, struct snapshot *snapshot,
			     const struct route *route, const struct web_field **out,
			     struct cg_err *err) CG_MUST_USE;

/* --- secrets.c --- */

/* An API's secret_headers with their values; the names are the API's. */
struct secret_fields {
	struct arena arena; /* which wipes them */
	struct web_field *items;
};
/* CG_BAD_VALUE when this host's key does not open one; secret_fields_free frees it. */
cg_rc secret_fields_load(struct store *store, const Cg__Api *api, struct secret_fields **out,
			 struct cg_err *err) CG_MUST_USE;
void secret_fields_free(struct secret_fields **fields);

/* --- the steps; each answers the request itself when it returns false --- */

/* Fills the facts about certificate and token. */
bool identify(struct exchange *x);
/* Whether the body, as long as it says to be, is not more than the API takes.  Asked before the
 * request is counted; of a body without a length it turns out on the way. */
bool body_fits(struct exchange *x);
/* Counts the request where it is limited. */
bool limit(struct exchange *x);
/* The fields that tell the client where it stands; how many.  `max` is LIMIT_FIELDS_MAX. */
#define LIMIT_FIELDS_MAX 5
size_t limit_fields(struct exchange *x, struct web_field fields[LIMIT_FIELDS_MAX]);
/* Whether a field of an upstream's answer would contradict them. */
bool limit_field_is_ours(const struct exchange *x, struct span name);
void forward(struct exchange *x);
/* Answers a request for one of the gate's own paths; false when `path` is none. */
bool answer_fixed(struct exchange *x, struct span path);

/* --- targets.c --- */

/* The upstreams that a request is offered to, one after the other; how many. */
size_t targets_order(struct gate *gate, const struct route *route,
		     const struct url *order[UPSTREAM_TRIES_MAX]);
void target_is_down(struct gate *gate, const struct url *target);
void target_is_up(struct gate *gate, const struct url *target);

/* --- rewrite.c --- */

/* An upstream_rewrite_fn for an exchange. */
struct span rewrite_field(void *ctx, struct span name, struct span value);

/* --- cors.c --- */

#define CORS_FIELDS_MAX 4
/* What every answer of the API says to the page that asked; how many. */
size_t cors_fields(struct exchange *x, struct web_field fields[CORS_FIELDS_MAX]);
/* Whether a field of an upstream's answer would contradict them. */
bool cors_field_is_ours(const struct exchange *x, struct span name);
/* Answers what a browser asks before a call of another origin's page; false when it is no such
 * question, or the API refuses whoever asks. */
bool cors_answer_preflight(struct exchange *x);

/* --- record.c --- */

/* Counts an answered request, and writes the access log. */
void record(struct exchange *x);
/* The key whose credential came, "" where that is not known. */
const char *exchange_key_id(const struct exchange *x);
/* The path as it may be written down: without the query, where tokens are sent by mistake.  A
 * target that makes no sense has a path only where it begins with one. */
struct span exchange_path(const struct exchange *x);
/* What the web server says of the client or itself: for whom a gate without the proof's web server
 * speaks is anybody's word. */
struct span exchange_proven(const struct exchange *x, struct span value);

/* --- fields.c --- */

/* The value of Client-Cert (RFC 9440: a byte sequence of RFC 8941) for the certificate that came;
 * empty without memory. */
struct span client_cert_field(struct exchange *x);

/* Fields on their way out. */
struct outgoing {
	struct web_field *items;
	size_t n;
};
/* All of them, in the request's arena; without memory the arena says so. */
void fields_make(struct exchange *x, struct outgoing *out);
/* Whether an API's rules take out the fields of this name that came; rules may be NULL. */
bool rules_take(const Cg__HeaderRules *rules, struct span name);
/* How many fields they give, at most HEADER_RULES_MAX. */
size_t rules_give_n(const Cg__HeaderRules *rules);
/* These fields; how many. */
size_t rules_give(const Cg__HeaderRules *rules, struct web_field *fields);

/* --- refuse.c --- */

/* Answers with a refusal that is not the decision's. */
void refuse(struct exchange *x, enum refusal refusal, const char *detail);
/* Answers with the decision's. */
void refuse_decision(struct exchange *x);

#endif
