/* Revocation lists (CRLs, RFC 5280 section 5): what an administrator uploads for a CA, and whether
 * a serial number is on one.  Nothing here keeps state. */
#ifndef CG_CERT_CRL_H
#define CG_CERT_CRL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

/* All spans are into der. */
struct cert_crl {
	struct span der;
	struct span tbs, signature; /* what is signed, and the signature's octets */
	struct span issuer;	    /* a Name, with its tag */
	struct span number;	    /* the CRL number's INTEGER, without tag; empty: it has none */
	struct span entries; /* the revoked certificates, one behind the other; may be empty */
	size_t n_entries;
	int64_t this_update; /* Unix seconds */
	bool has_next_update;
	int64_t next_update; /* the last second for which it speaks */
};

/* err->code of a refusal, beside CERT_DAMAGED. */
#define CRL_NOT_FOUND	   "no_revocation_list"
#define CRL_TOO_LARGE	   "revocation_list_too_large"
#define CRL_PARTIAL	   "partial_revocation_list" /* delta, indirect, for some certificates only */
#define CRL_OTHER_ISSUER   "revocation_list_of_another"
#define CRL_BAD_SIGNATURE  "revocation_list_not_signed" /* not by this CA */
#define CRL_OUTDATED	   "revocation_list_outdated"
#define CRL_NOT_YET_ISSUED "revocation_list_from_future"

/* The parts of a list in DER, which has to outlive *out; without a look at its signature.
 * CG_BAD_VALUE for what is no list, or one that does not speak for all certificates of its issuer.
 */
cg_rc crl_parse(struct span der, struct cert_crl *out, struct cg_err *err) CG_MUST_USE;
/* The same out of PEM (one block "X509 CRL", text around it allowed) or DER, decoded into the
 * arena, in strict DER.  CG_TOO_BIG above CRL_DER_MAX. */
cg_rc crl_from_text(struct span text, struct arena *arena, struct cert_crl *out,
		    struct cg_err *err) CG_MUST_USE;
/* Whether the list is the CA's own: its name, and its signature under the CA's key; and whether it
 * speaks for now.  `ca` is the CA certificate's DER. */
cg_rc crl_check(const struct cert_crl *crl, struct span ca, int64_t now_unix_s,
		struct cg_err *err) CG_MUST_USE;
/* Whether a serial number (the INTEGER without its tag) is on it. */
bool crl_holds(const struct cert_crl *crl, struct span serial);
/* Negative, 0 or positive as the number `a` is below, at or above `b`; of two INTEGERs without
 * tag that are not negative. */
int crl_number_compare(struct span a, struct span b);
/* The PEM text; NULL without memory. */
char *crl_pem(struct arena *arena, struct span der) CG_MUST_USE;

#endif
