#include "base/base.h"
#include "base/keyfile.h"
#include "base/folder.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>

#define TEXT_BYTES (2 * KEYFILE_BYTES)

void keyfile_path(const struct home *home, const char *name, char out[HOME_PATH_MAX + 32])
{
	(void)snprintf(out, HOME_PATH_MAX + 32, "%s/%.30s", home->keys, name);
}

/* Writes a new one beside and links it into place: whoever is first wins, and nobody ever reads
 * half of one. */
static cg_rc make(const char *path, struct cg_err *err)
{
	char temporary[HOME_PATH_MAX + 64], text[TEXT_BYTES + 2];
	uint8_t bytes[KEYFILE_BYTES];
	if (random_bytes(bytes, sizeof(bytes)) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	hex_format(bytes, sizeof(bytes), text);
	text[TEXT_BYTES] = '\n';
	(void)snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text, TEXT_BYTES + 1) == TEXT_BYTES + 1 && fsync(fd) == 0 &&
		  (link(temporary, path) == 0 || errno == EEXIST);
	int cause = errno;
	if (fd >= 0) {
		(void)close(fd);
		(void)unlink(temporary);
	}
	gnutls_memset(text, 0, sizeof(text));
	gnutls_memset(bytes, 0, sizeof(bytes));
	if (!ok)
		return cg_fail(err, CG_UNAVAILABLE, "%s cannot be written: %s.", path,
			       strerror(cause));
	/* Before anything is sealed or chained under it; also where another process was first,
	 * which may not have come so far. */
	return folder_sync_of(path, err);
}

cg_rc keyfile_load(const struct home *home, const char *name, uint8_t out[KEYFILE_BYTES],
		   struct cg_err *err)
{
	char path[HOME_PATH_MAX + 32], text[TEXT_BYTES + 2];
	keyfile_path(home, name, path);
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		cg_rc rc = make(path, err);
		if (rc != CG_OK)
			return rc;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	bool ok = n >= 0 && hex_parse(span_trim(span_make(text, (size_t)n)), out, KEYFILE_BYTES);
	gnutls_memset(text, 0, sizeof(text));
	if (n < 0)
		return cg_fail(err, CG_UNAVAILABLE, "%s cannot be read: %s.", path,
			       strerror(cause));
	return ok ? CG_OK
		  : cg_fail(err, CG_UNAVAILABLE, "%s must hold %d hex digits.", path, TEXT_BYTES);
}
