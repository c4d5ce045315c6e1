#include "base/base.h"
#include "model/open.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/log.h"
#include "model/audit.h"
#include "model/backup.h"
#include "model/revoked.h"

/* An upgrade reads and writes the whole audit. */
#define UPGRADE_ARENA_MAX ((size_t)1024 * 1024 * 1024)

static cg_rc save_copy(struct store *store, struct cg_err *err)
{
	char folder[HOME_PATH_MAX + 32], unfinished[HOME_PATH_MAX + 64];
	(void)snprintf(folder, sizeof(folder), "%s/db-before-%d", store_home(store)->dir,
		       STORE_SCHEMA_VERSION);
	(void)snprintf(unfinished, sizeof(unfinished), "%s.%ld", folder, (long)getpid());
	if (access(folder, F_OK) == 0)
		return CG_OK; /* by whoever began the upgrade before */
	cg_rc rc = folder_make(unfinished, err);
	if (rc == CG_OK)
		rc = store_copy(store, unfinished, err);
	if (rc == CG_OK && rename(unfinished, folder) != 0 && errno != ENOTEMPTY && errno != EEXIST)
		rc = cg_fail(err, CG_UNAVAILABLE, "The folder %s cannot be made: %s.", folder,
			     strerror(errno));
	folder_remove(unfinished); /* where it is there still */
	return rc == CG_OK ? folder_sync_of(folder, err) : rc;
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

static cg_rc upgrade_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct arena arena;
	Cg__Meta *meta;
	(void)arg;
	arena_init(&arena, UPGRADE_ARENA_MAX);
	cg_rc rc = store_meta_read(txn, &arena, &meta, err);
	/* Another process may have done it meanwhile. */
	if (rc == CG_OK && meta->schema_version == 1)
		rc = to_2(txn, meta, &arena, err);
	arena_release(&arena);
	return rc;
}

cg_rc model_open(const struct home *home, struct store **out, struct cg_err *err)
{
	struct store *store;
	cg_rc rc = store_open(home, &store, err);
	if (rc != CG_OK)
		return rc;
	rc = restore_finish(home, err);
	if (rc == CG_OK && store_version(store) < STORE_SCHEMA_VERSION) {
		rc = save_copy(store, err);
		if (rc == CG_OK)
			rc = store_write(store, STORE_CHANGES_GRANTS, upgrade_txn, NULL, err);
		if (rc == CG_OK)
			log_info("store_upgraded", "home", home->dir, LOG_END);
	}
	if (rc == CG_OK)
		*out = store;
	else
		store_close(&store);
	return rc;
}
