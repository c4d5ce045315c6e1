/* Is a certificate issued, for use by a TLS client, under one of some CAs?  The chain is put
 * together here and its signatures, constraints and purposes are judged by GnuTLS; dates and
 * revocation lists are judged here, so that the answer says from when and until when it holds.
 * Nothing here keeps state. */
#ifndef CG_CERT_CHAIN_H
#define CG_CERT_CHAIN_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/span.h"
#include "cert/crl.h"

/* A certificate that may issue others; the spans are into der. */
struct cert_ca {
	struct span der, subject, issuer, spki;
	struct sha256 sha256, spki_sha256;
	struct span serial;
	int64_t not_before, not_after;
	struct cert_crl *crl; /* what it has revoked; NULL: nothing is known */
};

/* Its facts, without the list.  False when der is not a certificate that may sign others. */
bool cert_ca_read(struct span der, struct cert_ca *out) CG_MUST_USE;

enum cert_chain_fault {
	CERT_CHAIN_NOT_LOOKED_AT, /* 0: nobody has asked */
	CERT_CHAIN_GOOD,
	CERT_CHAIN_NO_ISSUER, /* none leads to one of the CAs */
	CERT_CHAIN_BROKEN,    /* one does by its names, but a signature or purpose is not right */
	CERT_CHAIN_DATES,     /* one is right, but not now */
	CERT_CHAIN_REVOKED,   /* a CA's list has it, or a CA above it */
	CERT_CHAIN_OUTDATED,  /* a CA's list does not speak for now */
};

struct cert_chain {
	enum cert_chain_fault fault;
	/* With CERT_CHAIN_GOOD: the seconds, both included, in which every certificate of the chain
	 * is valid and every list speaks. */
	int64_t from, until;
};

/* The CAs above the certificate and below the one that is trusted. */
struct cert_chain_path {
	const struct cert_ca *items[CERT_CHAIN_DEPTH_MAX];
	size_t n;
};

struct cert_chain_query {
	struct span leaf; /* DER */
	/* What is trusted; and what may stand between, those that are to be tried first before. */
	const struct cert_ca *const *anchors;
	size_t n_anchors;
	const struct cert_ca *const *between;
	size_t n_between;
	/* All whose lists count; a list counts for whatever certificates of that CA's name and
	 * public key have issued. */
	const struct cert_ca *lists;
	size_t n_lists;
};

/* CG_OK with *out, whatever it says, and with CERT_CHAIN_GOOD *path; CG_UNAVAILABLE without
 * memory. */
cg_rc cert_chain_verify(const struct cert_chain_query *q, int64_t now_unix_s,
			struct cert_chain *out, struct cert_chain_path *path,
			struct cg_err *err) CG_MUST_USE;

#endif
