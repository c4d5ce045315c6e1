#include "base/base.h"
#include "upstream/tls.h"
#include <pthread.h>
#include <sys/stat.h>

/* Where Debian has them; gnutls_certificate_set_x509_system_trust reads this file. */
#define HOST_CAS "/etc/ssl/certs/ca-certificates.crt"

static gnutls_datum_t datum_of(struct span s)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)s.p, (unsigned)s.n};
}

/* The host's CAs are what the file with them is; its rights count, too. */
static struct upstream_host_cas host_cas(void)
{
	struct stat st = {0};
	/* A host without the file has none of its bundle, and no CA. */
	(void)stat(HOST_CAS, &st);
	return (struct upstream_host_cas){(int64_t)st.st_ino, st.st_size, st.st_ctim.tv_sec,
					  st.st_ctim.tv_nsec};
}

bool upstream_tls_is_current(const struct upstream_tls *tls)
{
	if (!tls->of_host)
		return true;
	struct upstream_host_cas now = host_cas();
	return memcmp(&now, &tls->host, sizeof(now)) == 0;
}

static cg_rc identify(const struct upstream_host_cas *host, struct span ca_pem,
		      struct span client_pem, const struct sha256 *pins, size_t n_pins,
		      const char *server_name, struct sha256 *out)
{
	struct {
		struct upstream_host_cas host;
		struct sha256 cas, client, pins, name;
	} all = {.host = *host};
	cg_rc rc = sha256_of(ca_pem, &all.cas);
	if (rc == CG_OK)
		rc = sha256_of(client_pem, &all.client);
	if (rc == CG_OK)
		rc = sha256_of(span_make(pins, n_pins * sizeof(*pins)), &all.pins);
	if (rc == CG_OK)
		rc = sha256_of(span_of(server_name), &all.name);
	return rc == CG_OK ? sha256_of(span_make(&all, sizeof(all)), out) : rc;
}

static cg_rc fill(struct upstream_tls *tls, struct span ca_pem, struct span client_pem,
		  const struct sha256 *pins, size_t n_pins, const char *server_name,
		  struct cg_err *err)
{
	gnutls_datum_t cas = datum_of(ca_pem), client = datum_of(client_pem);
	tls->users = 1;
	/* Before the host's file is read: a newer one has another identity. */
	tls->of_host = ca_pem.n == 0;
	if (tls->of_host)
		tls->host = host_cas();
	if (identify(&tls->host, ca_pem, client_pem, pins, n_pins, server_name, &tls->identity) !=
	    CG_OK)
		return cg_fail_memory(err);
	if (gnutls_certificate_allocate_credentials(&tls->credentials) < 0)
		return cg_fail_memory(err);
	/* Root certificates of version 1 have no field that says CA. */
	gnutls_certificate_set_verify_flags(tls->credentials, GNUTLS_VERIFY_ALLOW_X509_V1_CA_CRT);
	int n = ca_pem.n > 0 ? gnutls_certificate_set_x509_trust_mem(tls->credentials, &cas,
								     GNUTLS_X509_FMT_PEM)
			     : gnutls_certificate_set_x509_system_trust(tls->credentials);
	/* A host without CAs trusts nobody, which is no failure. */
	if (n <= 0 && (!tls->of_host || tls->host.size > 0))
		return cg_fail(
		    err, tls->of_host || n == GNUTLS_E_MEMORY_ERROR ? CG_UNAVAILABLE : CG_BAD_VALUE,
		    "The CAs of %s cannot be used: %s.",
		    tls->of_host ? "the host, " HOST_CAS "," : "an API's upstream_tls",
		    n == 0 ? "none can be read" : gnutls_strerror(n));
	tls->has_client = client_pem.n > 0;
	n = tls->has_client ? gnutls_certificate_set_x509_key_mem(tls->credentials, &client,
								  &client, GNUTLS_X509_FMT_PEM)
			    : 0;
	if (n < 0)
		return cg_fail(
		    err, n == GNUTLS_E_MEMORY_ERROR ? CG_UNAVAILABLE : CG_BAD_VALUE,
		    "The client certificate of an API's upstream_tls cannot be used: %s.",
		    gnutls_strerror(n));
	if (server_name && !(tls->server_name = strdup(server_name)))
		return cg_fail_memory(err);
	if (n_pins > 0 && !(tls->pins = calloc(n_pins, sizeof(*pins))))
		return cg_fail_memory(err);
	if (n_pins > 0)
		memcpy(tls->pins, pins, n_pins * sizeof(*pins));
	tls->n_pins = n_pins;
	return CG_OK;
}

cg_rc upstream_tls_new(struct span ca_pem, struct span client_pem, const struct sha256 *pins,
		       size_t n_pins, const char *server_name, struct upstream_tls **out,
		       struct cg_err *err)
{
	struct upstream_tls *tls = calloc(1, sizeof(*tls));
	if (!tls)
		return cg_fail_memory(err);
	cg_rc rc = fill(tls, ca_pem, client_pem, pins, n_pins, server_name, err);
	if (rc == CG_OK)
		*out = tls;
	else
		upstream_tls_free(&tls);
	return rc;
}

void upstream_tls_free(struct upstream_tls **tp)
{
	struct upstream_tls *tls = *tp;
	*tp = NULL;
	if (!tls || atomic_fetch_sub(&tls->users, 1) > 1)
		return;
	upstream_tls_free(&tls->before);
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	free(tls->server_name);
	free(tls->pins);
	free(tls);
}

struct upstream_tls *upstream_tls_share(struct upstream_tls *tls)
{
	(void)atomic_fetch_add(&tls->users, 1);
	return tls;
}

struct upstream_tls *upstream_tls_of_host(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct upstream_tls *kept;
	struct upstream_tls *out = NULL;
	(void)pthread_mutex_lock(&lock);
	if (kept && !upstream_tls_is_current(kept))
		upstream_tls_free(&kept);
	if (kept ||
	    upstream_tls_new(SPAN_LIT(""), SPAN_LIT(""), NULL, 0, NULL, &kept, NULL) == CG_OK)
		out = upstream_tls_share(kept);
	(void)pthread_mutex_unlock(&lock);
	return out;
}
