/* What the web server says of a client's certificate: SSL_CLIENT_VERIFY, as Apache and lighttpd
 * write it (facts of both: README, "What each server can and cannot do"). */
#ifndef CG_WEB_VERIFY_H
#define CG_WEB_VERIFY_H

#include "base/base.h"
#include "base/span.h"

enum web_verify {
	WEB_VERIFY_MISSING, /* it says nothing */
	WEB_VERIFY_NONE,    /* no certificate came */
	/* The client has its private key; whether anybody stands behind it is another question:
	 * SUCCESS proves no more than GENEROUS, since a resumed session says it of a self-signed
	 * certificate, and "no CA stands behind it" is what a registration makes up for. */
	WEB_VERIFY_GOOD,
	WEB_VERIFY_BAD, /* anything else */
};

enum web_verify web_verify_judge(struct span verify);

#endif
