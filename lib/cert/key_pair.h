/* The gate's own private keys, for upstreams that ask for a certificate. */
#ifndef CG_CERT_KEY_PAIR_H
#define CG_CERT_KEY_PAIR_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/span.h"

/* Reads an unencrypted private key out of `text` (PEM: PKCS #8, PKCS #1 or SEC 1; what stands
 * around it is passed over) and holds it against the certificate `der`.  *out is the key alone, as
 * PEM, in the arena, which wipes it.  NULL when it is the certificate's; else why not, the rest of
 * a sentence that begins with the field's name. */
const char *key_pair_read(struct span text, struct span der, struct arena *arena, struct span *out);

#endif
