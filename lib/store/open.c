/* Making, opening and closing the store; its version. */
#include "base/base.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "store/inside.h"
#include "store/tables.h"
#include <fcntl.h>

/* A lock on the run folder's file "users": shared by every process that has the store open, alone
 * for a restore.  -1 with errno when it cannot be had. */
static int lock_users(const struct home *home, short type)
{
	char path[HOME_PATH_MAX + 8];
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	(void)snprintf(path, sizeof(path), "%s/users", home->run);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		int cause = errno;
		(void)close(fd);
		errno = cause;
		return -1;
	}
	return fd;
}

cg_rc store_claim(const struct home *home, int *out, struct cg_err *err)
{
	int fd = lock_users(home, F_WRLCK);
	if (fd < 0 && (errno == EAGAIN || errno == EACCES))
		return cg_fail_code(err, CG_CLASH, "store_in_use",
				    "The data folder %s is in use: stop the programs first.",
				    home->dir);
	if (fd < 0)
		return cg_fail(err, CG_UNAVAILABLE, "The run folder %s cannot be used: %s.",
			       home->run, strerror(errno));
	*out = fd;
	return CG_OK;
}

static cg_rc attach(const struct home *home, struct store **out, struct cg_err *err)
{
	cg_rc rc = home_check(home, err);
	if (rc != CG_OK)
		return rc;
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return cg_fail_memory(err);
	s->home = *home;
	s->users_fd = lock_users(home, F_RDLCK);
	int cause = errno;
	if (s->users_fd < 0 && cause == EAGAIN)
		rc = cg_fail(err, CG_UNAVAILABLE,
			     "The store in %s cannot be opened now: a backup is being restored.",
			     home->dir);
	else if (s->users_fd < 0)
		rc = cg_fail(err, CG_UNAVAILABLE, "The run folder %s cannot be written: %s.",
			     home->run, strerror(cause));
	if (rc == CG_OK)
		rc = live_open(home, &s->live, err);
	if (rc == CG_OK)
		rc = lock_open(home, &s->lock, err);
	if (rc != CG_OK) {
		store_close(&s);
		return rc;
	}
	*out = s;
	return CG_OK;
}

/* --- meta --- */

cg_rc store_meta_read(struct store_txn *txn, struct arena *arena, Cg__Meta **out,
		      struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = store_get(txn, STORE_META, SPAN_LIT("meta"), arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_UNAVAILABLE,
			       "The data folder %s holds no certgate store: run `certgate init`.",
			       txn->store->home.dir);
	return rc == CG_OK ? record_unpack(&cg__meta__descriptor, bytes, arena, out, err) : rc;
}

cg_rc store_meta_write(struct store_txn *txn, const Cg__Meta *meta, struct arena *arena,
		       struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = record_pack(meta, arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, STORE_META, SPAN_LIT("meta"), bytes, err) : rc;
}

static cg_rc check_version(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct arena arena;
	Cg__Meta *meta;
	uint64_t *version = arg;
	arena_init(&arena, 4096);
	cg_rc rc = store_meta_read(txn, &arena, &meta, err);
	if (rc == CG_OK && meta->schema_version > STORE_SCHEMA_VERSION)
		rc = cg_fail(err, CG_UNAVAILABLE,
			     "The store was written by a newer certgate (schema %" PRIu64
			     ", this one knows %d): install that version.",
			     meta->schema_version, STORE_SCHEMA_VERSION);
	if (rc == CG_OK)
		*version = meta->schema_version;
	arena_release(&arena);
	return rc;
}

static cg_rc create_meta(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct arena arena;
	struct span ignored;
	char id[ID_TEXT + 1];
	Cg__Meta meta = CG__META__INIT;
	(void)arg;
	if (random_id(id) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	meta.schema_version = STORE_SCHEMA_VERSION;
	meta.has_created_at = true;
	meta.created_at = clock_unix_s();
	meta.store_id = id;
	arena_init(&arena, 4096);
	cg_rc rc = store_get(txn, STORE_META, SPAN_LIT("meta"), &arena, &ignored, err);
	if (rc == CG_NOT_FOUND)
		rc = store_meta_write(txn, &meta, &arena, err);
	else if (rc == CG_OK)
		rc = cg_fail(err, CG_CLASH, "There is a store in %s already; nothing was changed.",
			     txn->store->home.dir);
	arena_release(&arena);
	return rc;
}

/* --- open, close --- */

cg_rc store_create(const struct home *home, struct cg_err *err)
{
	struct store *s;
	cg_rc rc = attach(home, &s, err);
	if (rc != CG_OK)
		return rc;
	rc = store_write(s, STORE_CHANGES_GRANTS, create_meta, NULL, err);
	store_close(&s);
	return rc;
}

void store_note_known(struct store *s, struct span key)
{
	struct sha256 digest;
	if (key.n == SHA256_BYTES) {
		memcpy(digest.b, key.p, SHA256_BYTES);
		live_note_known(s->live, &digest);
	}
}

static cg_rc fill_visit(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	(void)index_key;
	(void)value;
	(void)err;
	store_note_known(arg, key);
	return CG_OK;
}

/* In one stay: whoever adds a credential meanwhile waits, and notes it himself. */
static cg_rc fill_known(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct store *s = arg;
	struct store_walk all = {.table = STORE_CREDENTIAL};
	if (live_is_filled(s->live))
		return CG_OK;
	cg_rc rc = store_walk(txn, &all, fill_visit, s, err);
	if (rc == CG_OK)
		live_set_filled(s->live);
	return rc;
}

cg_rc store_open(const struct home *home, struct store **out, struct cg_err *err)
{
	struct store *s;
	cg_rc rc = attach(home, &s, err);
	if (rc != CG_OK)
		return rc;
	rc = store_read(s, check_version, &s->version, err);
	if (rc == CG_OK && !live_is_filled(s->live))
		rc = store_read(s, fill_known, s, err);
	if (rc != CG_OK)
		store_close(&s);
	else
		*out = s;
	return rc;
}

void store_close(struct store **store)
{
	struct store *s = *store;
	bool broken;
	if (!s)
		return;
	if (s->lock && s->environment.env && lock_enter(s->lock, &broken, NULL) == CG_OK) {
		/* With a broken environment closing may hang; the process ends anyway. */
		if (!broken && s->environment_number == lock_environment(s->lock))
			environment_close(&s->environment);
		lock_leave(s->lock, broken);
	}
	lock_close(&s->lock);
	live_close(&s->live);
	if (s->users_fd >= 0)
		(void)close(s->users_fd);
	free(s);
	*store = NULL;
}

uint64_t store_version(const struct store *s)
{
	return s->version;
}

const struct home *store_home(const struct store *s)
{
	return &s->home;
}

const struct home *store_txn_home(const struct store_txn *txn)
{
	return &txn->store->home;
}
