/* TLS to an upstream beyond the usual: whom the gate believes, and who it says it is. */
#ifndef CG_UPSTREAM_TLS_H
#define CG_UPSTREAM_TLS_H

#include "base/base.h"
#include "base/error.h"
#include "base/span.h"
#include <curl/curl.h>

/* Not changed once it is made: many threads may use it. */
struct upstream_tls {
	/* For libcurl.  It takes CAs, certificate and key as files only (measured: 7.88 with GnuTLS
	 * ignores CURLOPT_SSLKEY_BLOB and has no CURLOPT_CAINFO_BLOB), so they are files in memory
	 * that nobody else can open, wiped at the end.  NULL: none. */
	char *ca_path, *client_path;
	char *pins;	   /* "sha256//BASE64;…"; NULL: any key */
	char *server_name; /* NULL: the host of the URL */
	int ca_fd, client_fd;
	size_t ca_bytes, client_bytes; /* private: to wipe them */
};

/* Of each what is empty (n == 0) or NULL stands for none: CAs as PEM; certificate, chain and
 * private key as one PEM; pins as above.  All is copied.  CG_UNAVAILABLE without memory or
 * descriptors. */
cg_rc upstream_tls_new(struct span ca_pem, struct span client_pem, const char *pins,
		       const char *server_name, struct upstream_tls **out,
		       struct cg_err *err) CG_MUST_USE;
/* Sets CAs, certificate and pins of a CURL handle; server_name is for who makes the URL. */
bool upstream_tls_apply(const struct upstream_tls *tls, CURL *easy) CG_MUST_USE;
/* Connections that were made with it live on, but are not used again. */
void upstream_tls_free(struct upstream_tls **tls);

#endif
