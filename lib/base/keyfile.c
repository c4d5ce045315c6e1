#include "base/base.h"
#include "base/keyfile.h"
#include "base/file.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>

#define TEXT_BYTES (2 * KEYFILE_BYTES)

void keyfile_path(const struct home *home, const char *name, char out[HOME_PATH_MAX + 32])
{
	(void)snprintf(out, HOME_PATH_MAX + 32, "%s/%.30s", home->keys, name);
}

static cg_rc put(const char *path, const uint8_t bytes[KEYFILE_BYTES], enum file_there there,
		 struct cg_err *err)
{
	char text[TEXT_BYTES + 2];
	hex_format(bytes, KEYFILE_BYTES, text);
	text[TEXT_BYTES] = '\n';
	cg_rc rc = file_put(path, 0600, there, span_make(text, TEXT_BYTES + 1), err);
	gnutls_memset(text, 0, sizeof(text));
	return rc;
}

cg_rc keyfile_load(const struct home *home, const char *name, uint8_t out[KEYFILE_BYTES],
		   struct cg_err *err)
{
	char path[HOME_PATH_MAX + 32];
	uint8_t bytes[KEYFILE_BYTES];
	cg_rc rc = keyfile_read(home, name, out, err);
	if (rc != CG_NOT_FOUND)
		return rc;
	if (random_bytes(bytes, sizeof(bytes)) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	keyfile_path(home, name, path);
	rc = put(path, bytes, FILE_KEEP, err);
	gnutls_memset(bytes, 0, sizeof(bytes));
	return rc == CG_OK ? keyfile_read(home, name, out, err) : rc;
}

cg_rc keyfile_read(const struct home *home, const char *name, uint8_t out[KEYFILE_BYTES],
		   struct cg_err *err)
{
	char path[HOME_PATH_MAX + 32], text[TEXT_BYTES + 2];
	keyfile_path(home, name, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	bool ok = n >= 0 && hex_parse(span_trim(span_make(text, (size_t)n)), out, KEYFILE_BYTES);
	gnutls_memset(text, 0, sizeof(text));
	if (n < 0)
		return cg_fail(err, cause == ENOENT ? CG_NOT_FOUND : CG_UNAVAILABLE,
			       "%s cannot be read: %s.", path, strerror(cause));
	return ok ? CG_OK
		  : cg_fail(err, CG_UNAVAILABLE, "%s must hold %d hex digits.", path, TEXT_BYTES);
}

cg_rc keyfile_replace(const struct home *home, const char *name, const uint8_t bytes[KEYFILE_BYTES],
		      struct cg_err *err)
{
	char path[HOME_PATH_MAX + 32];
	keyfile_path(home, name, path);
	return put(path, bytes, FILE_REPLACE, err);
}
