#include "base/base.h"
#include "model/open.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "model/audit.h"
#include "model/backup.h"
#include "model/revoked.h"
#include "model/steward.h"

/* An upgrade reads and writes the whole audit. */
#define REWRITE_BATCH	  1000 /* records of one transaction */
#define UPGRADE_ARENA_MAX ((size_t)1024 * 1024 * 1024)
#define KEY_MAX_BYTES	  256 /* of a primary key */

static cg_rc save_copy(struct store *store, struct cg_err *err)
{
	char folder[HOME_PATH_MAX + 32], unfinished[HOME_PATH_MAX + 64];
	(void)snprintf(folder, sizeof(folder), "%s/db-before-%d", store_home(store)->dir,
		       STORE_SCHEMA_VERSION);
	(void)snprintf(unfinished, sizeof(unfinished), "%s.unfinished", folder);
	if (access(folder, F_OK) == 0)
		return CG_OK;	   /* by whoever began the upgrade before */
	folder_remove(unfinished); /* of one that was killed */
	cg_rc rc = folder_make(unfinished, err);
	if (rc == CG_OK)
		rc = store_copy(store, unfinished, err);
	if (rc == CG_OK && rename(unfinished, folder) != 0)
		rc = cg_fail(err, CG_UNAVAILABLE, "The folder %s cannot be made: %s.", folder,
			     strerror(errno));
	if (rc == CG_OK)
		rc = folder_sync_of(folder, err);
	folder_remove(unfinished);
	return rc;
}

/* From version 1: the store gets its id, the audit its chain, revoked.log its beginning. */
static cg_rc to_2(struct store_txn *txn, Cg__Meta *meta, struct arena *arena, struct cg_err *err)
{
	char *id = arena_alloc(arena, ID_TEXT + 1);
	if (!id || random_id(id) != CG_OK)
		return cg_fail_memory(err);
	meta->store_id = id;
	meta->schema_version = 2;
	cg_rc rc = store_meta_write(txn, meta, arena, err);
	if (rc == CG_OK)
		rc = audit_chain_all(txn, arena, err);
	return rc == CG_OK ? revoked_begin(txn, arena, err) : rc;
}

/* All records are written once more, some at a time (one transaction would need a lock for each
 * page), which fills the indexes that an older store did not have.  The version comes last: whoever
 * was killed before is followed by one who begins again. */
struct rewriting {
	struct arena arena;
	enum store_table table;
	char after[KEY_MAX_BYTES];
	size_t after_n;
	struct record {
		struct span key, value;
	} records[REWRITE_BATCH];
	size_t n;
};

static cg_rc collect(struct span index_key, struct span key, struct span value, void *arg,
		     struct cg_err *err)
{
	struct rewriting *r = arg;
	struct record *record = &r->records[r->n];
	(void)index_key;
	const char *key_copy = arena_copy(&r->arena, key);
	const char *value_copy = arena_copy(&r->arena, value);
	if (!key_copy || !value_copy)
		return cg_fail_memory(err);
	record->key = span_make(key_copy, key.n);
	record->value = span_make(value_copy, value.n);
	return ++r->n == REWRITE_BATCH ? CG_NOT_FOUND : CG_OK;
}

static cg_rc rewrite_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct rewriting *r = arg;
	struct store_walk walk = {.table = r->table, .after_key = span_make(r->after, r->after_n)};
	r->n = 0;
	arena_clear(&r->arena);
	cg_rc rc = store_walk(txn, &walk, collect, r, err);
	for (size_t i = 0; rc == CG_OK && i < r->n; i++)
		rc = store_put(txn, r->table, r->records[i].key, r->records[i].value, err);
	return rc;
}

static cg_rc rewrite(struct store *store, enum store_table table, struct cg_err *err)
{
	struct rewriting *r = calloc(1, sizeof(*r));
	cg_rc rc = CG_OK;
	if (!r)
		return cg_fail_memory(err);
	r->table = table;
	arena_init(&r->arena, UPGRADE_ARENA_MAX);
	do {
		rc = store_write(store, STORE_CHANGES_NONE, rewrite_txn, r, err);
		struct span last = r->n > 0 ? r->records[r->n - 1].key : SPAN_LIT("");
		if (rc == CG_OK && last.n > sizeof(r->after))
			rc = cg_fail(err, CG_UNAVAILABLE,
				     "A record of the store has a damaged key.");
		if (rc == CG_OK) {
			memcpy(r->after, last.p, last.n);
			r->after_n = last.n;
		}
	} while (rc == CG_OK && r->n == REWRITE_BATCH);
	arena_release(&r->arena);
	free(r);
	return rc;
}

/* From version 2 and 3: nothing but indexes, which are full already. */
static cg_rc to_4(struct store_txn *txn, Cg__Meta *meta, struct arena *arena, struct cg_err *err)
{
	meta->schema_version = 4;
	return store_meta_write(txn, meta, arena, err);
}

static cg_rc upgrade_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct arena arena;
	Cg__Meta *meta;
	(void)arg;
	arena_init(&arena, UPGRADE_ARENA_MAX);
	cg_rc rc = store_meta_read(txn, &arena, &meta, err);
	if (rc == CG_OK && meta->schema_version == 1)
		rc = to_2(txn, meta, &arena, err);
	if (rc == CG_OK && meta->schema_version < 4)
		rc = to_4(txn, meta, &arena, err);
	arena_release(&arena);
	return rc;
}

static cg_rc read_version(struct store_txn *txn, void *arg, struct cg_err *err)
{
	uint64_t *version = arg;
	struct arena arena;
	Cg__Meta *meta;
	arena_init(&arena, RECORD_ARENA_MAX);
	cg_rc rc = store_meta_read(txn, &arena, &meta, err);
	if (rc == CG_OK)
		*version = meta->schema_version;
	arena_release(&arena);
	return rc;
}

/* By one process; others that open the store wait for it. */
static cg_rc upgrade(struct store *store, struct cg_err *err)
{
	uint64_t version;
	int turn = steward_begin(store_home(store), STEWARD_UPGRADE, UPGRADE_WAIT_MS);
	if (turn < 0)
		return cg_fail(err, CG_UNAVAILABLE,
			       "The store waits for its upgrade, which another process has begun: "
			       "try again in a minute.");
	cg_rc rc = store_read(store, read_version, &version, err);
	if (rc == CG_OK && version < STORE_SCHEMA_VERSION) {
		rc = save_copy(store, err);
		for (int table = 0; rc == CG_OK && table < STORE__TABLES; table++)
			rc = rewrite(store, (enum store_table)table, err);
		if (rc == CG_OK)
			rc = store_write(store, STORE_CHANGES_GRANTS, upgrade_txn, NULL, err);
		if (rc == CG_OK)
			log_info("store_upgraded", "home", store_home(store)->dir, LOG_END);
	}
	steward_end(turn);
	return rc;
}

cg_rc model_open(const struct home *home, struct store **out, struct cg_err *err)
{
	struct store *store;
	cg_rc rc = store_open(home, &store, err);
	if (rc != CG_OK)
		return rc;
	rc = restore_finish(home, err);
	if (rc == CG_OK && store_version(store) < STORE_SCHEMA_VERSION)
		rc = upgrade(store, err);
	if (rc == CG_OK)
		*out = store;
	else
		store_close(&store);
	return rc;
}
