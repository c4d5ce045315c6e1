/* What the web server says of a client's certificate: SSL_CLIENT_VERIFY. */
#ifndef CG_WEB_VERIFY_H
#define CG_WEB_VERIFY_H

#include "base/base.h"
#include "base/span.h"

enum web_verify {
	WEB_VERIFY_MISSING,
	WEB_VERIFY_NONE, /* no certificate came */
	WEB_VERIFY_GOOD, /* the handshake holds; at most its issuer is unknown */
	WEB_VERIFY_BAD,
};

/* SUCCESS proves no more than GENEROUS: a resumed session says it of a self-signed certificate.
 * FAILED is good for reason 18, 19, 20, 21 or 27 of OpenSSL alone, by number or text: the issuer
 * is not known to the server. */
enum web_verify web_verify_judge(struct span verify);

#endif
