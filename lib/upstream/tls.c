#include "base/base.h"
#include "upstream/tls.h"
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define PATH_BYTES 192

/* curl takes a kept connection for one made with the same files when their paths are the same, and
 * a descriptor's number comes again.  So each path is spelt in a way of its own: the bits of a
 * number that counts up stand between its parts as "/" and "/.". */
static bool spell(int fd, char out[PATH_BYTES])
{
	static _Atomic uint64_t count;
	uint64_t number = atomic_fetch_add(&count, 1) + 1;
	size_t n = (size_t)snprintf(out, PATH_BYTES, "/proc/self/fd");
	for (; number > 0; number >>= 1) {
		out[n++] = '/';
		if (number & 1)
			out[n++] = '.';
	}
	return snprintf(out + n, PATH_BYTES - n, "/%d", fd) < (int)(PATH_BYTES - n);
}

static bool write_all(int fd, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = span_from(bytes, (size_t)n);
	}
	return true;
}

/* True with nothing in *path for an empty text. */
static bool keep(struct span text, char **path, int *fd, size_t *bytes)
{
	char spelt[PATH_BYTES];
	if (text.n == 0)
		return true;
	*fd = memfd_create("upstream-tls", MFD_CLOEXEC);
	if (*fd < 0)
		return false;
	*bytes = text.n;
	return write_all(*fd, text) && spell(*fd, spelt) && (*path = strdup(spelt));
}

static void drop(int fd, size_t bytes)
{
	if (fd < 0)
		return;
	/* Memory of the kernel is not wiped when it is given back; and a mapping would end in a
	 * SIGBUS where the file was not written in full. */
	static const char zeros[4096];
	for (size_t at = 0; at < bytes; at += sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), (off_t)at) < 0)
			break;
	(void)close(fd);
}

cg_rc upstream_tls_new(struct span ca_pem, struct span client_pem, const char *pins,
		       const char *server_name, struct upstream_tls **out, struct cg_err *err)
{
	struct upstream_tls *tls = calloc(1, sizeof(*tls));
	if (!tls)
		return cg_fail_memory(err);
	tls->ca_fd = tls->client_fd = -1;
	if (!keep(ca_pem, &tls->ca_path, &tls->ca_fd, &tls->ca_bytes) ||
	    !keep(client_pem, &tls->client_path, &tls->client_fd, &tls->client_bytes) ||
	    (pins && !(tls->pins = strdup(pins))) ||
	    (server_name && !(tls->server_name = strdup(server_name)))) {
		int cause = errno;
		upstream_tls_free(&tls);
		return cg_fail(err, CG_UNAVAILABLE,
			       "What an API's upstream_tls holds cannot be kept in memory: %s.",
			       strerror(cause));
	}
	*out = tls;
	return CG_OK;
}

void upstream_tls_free(struct upstream_tls **tp)
{
	struct upstream_tls *tls = *tp;
	*tp = NULL;
	if (!tls)
		return;
	drop(tls->ca_fd, tls->ca_bytes);
	drop(tls->client_fd, tls->client_bytes);
	free(tls->ca_path);
	free(tls->client_path);
	free(tls->pins);
	free(tls->server_name);
	free(tls);
}

bool upstream_tls_apply(const struct upstream_tls *tls, CURL *e)
{
	bool ok = true;
#define SET(option, value) ok = ok && curl_easy_setopt(e, option, value) == CURLE_OK
	if (tls->ca_path) {
		SET(CURLOPT_CAINFO, tls->ca_path);
		SET(CURLOPT_CAPATH, NULL); /* else the host's CAs would count as well */
	}
	if (tls->client_path) {
		SET(CURLOPT_SSLCERT, tls->client_path);
		SET(CURLOPT_SSLKEY, tls->client_path);
	}
	if (tls->pins)
		SET(CURLOPT_PINNEDPUBLICKEY, tls->pins);
#undef SET
	return ok;
}
