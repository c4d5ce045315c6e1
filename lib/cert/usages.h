/* What a certificate may be used for, in the words of RFC 5280, for people to read. */
#ifndef CG_CERT_USAGES_H
#define CG_CERT_USAGES_H

#include "base/arena.h"
#include "base/base.h"
#include "base/span.h"

#define CERT_USAGES_MAX 40

struct cert_usages {
	const char *items[CERT_USAGES_MAX]; /* "CA", "digitalSignature", "clientAuth", an OID */
	size_t n;			    /* 0: the certificate does not say */
};

/* Of a DER that was accepted before.  Without memory, or where it cannot be read, what was found so
 * far. */
void cert_usages(struct span der, struct arena *arena, struct cert_usages *out);

#endif
