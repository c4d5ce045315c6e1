#include "base/base.h"
#include "web/proof.h"
#include "base/file.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>

static void path_of(const struct home *home, char out[HOME_PATH_MAX + 8])
{
	(void)snprintf(out, HOME_PATH_MAX + 8, "%s/proof", home->keys);
}

static cg_rc parse(struct span text, struct proof *out)
{
	struct span line;
	while (span_next(&text, '\n', &line)) {
		line = span_trim(line);
		if (line.n == 0)
			continue;
		if (span_is(line, SPAN_LIT("off")))
			out->off = true;
		else if (out->n == PROOFS_MAX ||
			 !hex_parse(line, out->digests[out->n++].b, SHA256_BYTES))
			return CG_BAD_INPUT;
	}
	return out->off || out->n > 0 ? CG_OK : CG_BAD_INPUT;
}

cg_rc proof_load(const struct home *home, struct proof *out, struct cg_err *err)
{
	char path[HOME_PATH_MAX + 8], text[1024];
	struct proof proof = {0};
	path_of(home, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return cg_fail(err, CG_UNAVAILABLE, "%s cannot be read: %s.", path,
			       strerror(cause));
	if (parse(span_make(text, (size_t)n), &proof) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE,
			       "%s must hold one or two SHA-256 digests in hex, a line each, or "
			       "“off”.",
			       path);
	*out = proof;
	return CG_OK;
}

cg_rc proof_make(const struct home *home, char out[SHA256_HEX + 1], struct cg_err *err)
{
	char path[HOME_PATH_MAX + 8], line[SHA256_HEX + 2];
	uint8_t secret[SHA256_BYTES];
	struct sha256 digest;
	path_of(home, path);
	if (random_bytes(secret, sizeof(secret)) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	hex_format(secret, sizeof(secret), out);
	gnutls_memset(secret, 0, sizeof(secret));
	if (sha256_of(span_of(out), &digest) != CG_OK)
		return cg_fail_memory(err);
	hex_format(digest.b, SHA256_BYTES, line);
	line[SHA256_HEX] = '\n';
	return file_put(path, 0600, FILE_REPLACE, span_make(line, SHA256_HEX + 1), err);
}

bool proof_is_right(void *ctx, struct span value)
{
	const struct proof *proof = ctx;
	struct sha256 digest;
	bool right = false;
	if (proof->off)
		return true;
	if (!value.p || sha256_of(value, &digest) != CG_OK)
		return false;
	for (size_t i = 0; i < proof->n; i++)
		right |= gnutls_memcmp(digest.b, proof->digests[i].b, SHA256_BYTES) == 0;
	return right;
}
