#include "base/base.h"
#include "model/revoked.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include "model/audit.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char *const names[] = {
    [REVOKED_CREDENTIAL] = "credential",
    [REVOKED_CREDENTIAL_TIME] = "credential_time",
    [REVOKED_CREDENTIAL_HELD] = "credential_held",
    [REVOKED_KEY] = "key",
    [REVOKED_KEY_ENDS] = "key_ends",
    [REVOKED_KEY_HELD] = "key_held",
    [REVOKED_USER] = "user",
    [REVOKED_USER_ROLE] = "user_role",
    [REVOKED_USER_PASSWORD] = "user_password",
    [REVOKED_TOKEN] = "token",
    [REVOKED_TOKEN_LESS] = "token_less",
    [REVOKED_PUBLIC_KEY] = "public_key",
    [REVOKED_POLICY] = "policy",
    [REVOKED_USER_CERTIFICATE] = "user_certificate",
    [REVOKED_API] = "api",
    [REVOKED_DEVELOPER] = "developer",
    [REVOKED_DEVELOPER_ROLE] = "developer_role",
    [REVOKED_DEVELOPER_PASSWORD] = "developer_password",
    [REVOKED_ORGANISATION] = "organisation",
    [REVOKED_CATALOGUE] = "catalogue",
    [REVOKED_SETTING] = "setting",
    [REVOKED_CRL] = "crl",
};
_Static_assert(CG_COUNT(names) == REVOKED__KINDS, "a name for each kind");

#define HEAD "certgate-revoked-1"
/* The kind of a line that is no revocation: here the store went back to a backup, and the numbers
 * of what follows are not those of backups made before. */
#define RESTORE "restore"

static void path_of(const struct home *home, char out[HOME_PATH_MAX + 16])
{
	(void)snprintf(out, HOME_PATH_MAX + 16, "%s/revoked.log", home->dir);
}

/* Adds `line` on disk, whole or not at all, behind `head` where the file is empty; false with
 * errno. One process at a time: who fails takes back what it wrote.  A line that is there and
 * breaks off gets its end first, so that this one is read, and not taken for more of that one. */
static bool add_line(int fd, const char *head, const char *line)
{
	struct stat st;
	char last = '\n';
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return false;
	if (fstat(fd, &st) != 0 || (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1))
		return false;
	if ((st.st_size > 0 || file_write(fd, span_of(head))) &&
	    (last == '\n' || file_write(fd, SPAN_LIT("\n"))) && file_write(fd, span_of(line)) &&
	    fdatasync(fd) == 0)
		return true;
	int cause = errno;
	(void)!ftruncate(fd, st.st_size);
	errno = cause;
	return false;
}

/* Adds `line` ("": none) on disk.  The first line of a file says which store it is of, and from
 * which audit entry on every revocation is in it: from `number`. */
static cg_rc append(struct store_txn *txn, uint64_t number, const char *line, struct arena *arena,
		    struct cg_err *err)
{
	char path[HOME_PATH_MAX + 16];
	Cg__Meta *meta;
	cg_rc rc = store_meta_read(txn, arena, &meta, err);
	if (rc != CG_OK)
		return rc;
	const char *head = arena_printf(arena, HEAD " %s %" PRIu64 "\n",
					meta->store_id ? meta->store_id : "-", number);
	if (!head)
		return cg_fail_memory(err);
	path_of(store_txn_home(txn), path);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && add_line(fd, head, line);
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	if (ok)
		return folder_sync_of(path, err);
	if (cause == ENOSPC || cause == EDQUOT)
		return cg_fail_code(err, CG_FULL, "storage_full",
				    "There is no room for %s: free some disk space. Nothing was "
				    "changed.",
				    path);
	return cg_fail(err, CG_UNAVAILABLE, "%s cannot be written: %s. Nothing was changed.", path,
		       strerror(cause));
}

cg_rc revoked_begin(struct store_txn *txn, struct arena *arena, struct cg_err *err)
{
	uint64_t last;
	cg_rc rc = audit_last_number(txn, arena, &last, err);
	return rc == CG_OK ? append(txn, last + 1, "", arena, err) : rc;
}

cg_rc revoked_restored(const struct home *home, struct cg_err *err)
{
	char path[HOME_PATH_MAX + 16];
	path_of(home, path);
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	bool ok = fd >= 0 && add_line(fd, "", "0 " RESTORE " -\n");
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	return ok ? CG_OK
		  : cg_fail(err, CG_UNAVAILABLE, "%s cannot be written: %s.", path,
			    strerror(cause));
}

bool revoked_replace(const struct home *home, const char *folder)
{
	char path[HOME_PATH_MAX + 16], before[HOME_PATH_MAX + 32], from[HOME_PATH_MAX + 16];
	path_of(home, path);
	(void)snprintf(before, sizeof(before), "%s.before", path);
	(void)snprintf(from, sizeof(from), "%s/revoked.log", folder);
	if (access(from, F_OK) != 0)
		return errno == ENOENT;
	/* A second name, so that there is no moment without the file. */
	return (unlink(before) == 0 || errno == ENOENT) &&
	       (link(path, before) == 0 || errno == ENOENT || errno == EEXIST) &&
	       (rename(from, path) == 0 || errno == ENOENT);
}

cg_rc revoked_note(struct store_txn *txn, enum revoked_kind kind, const char *what,
		   struct arena *arena, struct cg_err *err)
{
	uint64_t last;
	cg_rc rc = audit_last_number(txn, arena, &last, err);
	if (rc != CG_OK)
		return rc;
	const char *line = arena_printf(arena, "%" PRIu64 " %s %s\n", last + 1, names[kind], what);
	return line ? append(txn, last + 1, line, arena, err) : cg_fail_memory(err);
}

/* --- reading --- */

static cg_rc read_file(const struct home *home, struct arena *arena, struct span *out,
		       struct cg_err *err)
{
	char path[HOME_PATH_MAX + 16];
	struct stat st;
	path_of(home, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *p =
	    fd >= 0 && fstat(fd, &st) == 0 ? arena_alloc(arena, (size_t)st.st_size + 1) : NULL;
	ssize_t n = p ? read(fd, p, (size_t)st.st_size) : -1;
	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return cg_fail(err, CG_NOT_FOUND,
			       "%s cannot be read, so nobody knows what was revoked since.", path);
	*out = span_make(p, (size_t)n);
	return CG_OK;
}

static bool head_fits(struct span line, const char *store_id, uint64_t after)
{
	struct span word;
	uint64_t from;
	return span_next(&line, ' ', &word) && span_is(word, SPAN_LIT(HEAD)) &&
	       span_next(&line, ' ', &word) && span_is_text(word, store_id) &&
	       span_next(&line, ' ', &word) && number_parse(word, UINT64_MAX, &from) &&
	       from <= after + 1;
}

/* *after becomes 0 where the store went back to a backup: whatever follows counts. */
static cg_rc visit_line(struct span line, uint64_t *after, struct arena *arena,
			revoked_visit_fn visit, void *arg, struct cg_err *err)
{
	struct span number_word, kind, what = line;
	uint64_t number;
	if (!span_next(&what, ' ', &number_word) || !span_next(&what, ' ', &kind) || what.n == 0 ||
	    !number_parse(number_word, UINT64_MAX, &number))
		return cg_fail(err, CG_NOT_FOUND, "revoked.log has a line that cannot be read.");
	if (span_is_text(kind, RESTORE)) {
		*after = 0;
		return CG_OK;
	}
	const char *text = arena_copy(arena, what);
	if (!text)
		return cg_fail_memory(err);
	for (size_t i = 0; i < CG_COUNT(names); i++)
		if (span_is_text(kind, names[i]))
			return number > *after ? visit((enum revoked_kind)i, text, arg, err)
					       : CG_OK;
	return cg_fail(err, CG_NOT_FOUND, "revoked.log has a line that cannot be read.");
}

cg_rc revoked_each(const struct home *home, const char *store_id, uint64_t after,
		   revoked_visit_fn visit, void *arg, struct cg_err *err)
{
	struct arena arena;
	struct span text = {NULL, 0}, line;
	arena_init(&arena, (size_t)256 * 1024 * 1024);
	cg_rc rc = read_file(home, &arena, &text, err);
	if (rc == CG_OK && (!span_next(&text, '\n', &line) || !head_fits(line, store_id, after)))
		rc = cg_fail(err, CG_NOT_FOUND,
			     "revoked.log is of another store or was begun after the backup, so "
			     "nobody knows what was revoked since.");
	while (rc == CG_OK && span_next(&text, '\n', &line))
		if (line.n > 0)
			rc = visit_line(line, &after, &arena, visit, arg, err);
	arena_release(&arena);
	return rc;
}
