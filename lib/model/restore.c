/* Going back to a backup: staged beside, then put in place by one exchange. */
#include "base/base.h"
#include "model/backup_in.h"
#include "base/clock.h"
#include "base/folder.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "model/open.h"
#include "model/revoked.h"
#include "model/link.h"
#include "model/session.h"
#include <fcntl.h>

#define BATCH 2000 /* records changed in one transaction */

/* In the databases that make way, before they do: whether a restore that was killed had come so
 * far. */
#define REPLACED "replaced"

/* `name` in the folder `restore` below home's, where the data folder is staged. */
static void staged(const struct home *home, const char *name, char out[HOME_PATH_MAX])
{
	(void)snprintf(out, HOME_PATH_MAX, "%.900s/restore%s%.60s", home->dir, *name ? "/" : "",
		       name);
}

/* The data folder as it will be, below home's; with the keys of the backup where they came
 * along. */
static cg_rc stage_make(const struct home *home, const char *from, struct span passphrase,
			struct home *out, struct cg_err *err)
{
	struct home s = *home;
	staged(home, "", s.dir);
	staged(home, "db", s.db);
	staged(home, "run", s.run);
	cg_rc rc = restore_finish(home, err);
	if (rc == CG_OK)
		rc = folder_make(s.dir, err);
	if (rc == CG_OK)
		rc = folder_make(s.db, err);
	if (rc == CG_OK)
		rc = folder_make(s.run, err);
	if (rc == CG_OK && passphrase.n > 0) {
		staged(home, "keys", s.keys);
		rc = folder_make(s.keys, err);
		if (rc == CG_OK)
			rc = backup_unseal_keys(from, passphrase, &s, err);
	}
	*out = s;
	return rc;
}

/* In the end, well or not. */
static void stage_remove(const struct home *home)
{
	struct cg_err err = {0};
	if (restore_finish(home, &err) != CG_OK)
		log_error("restore_unfinished", "cause", err.text, LOG_END);
}

static cg_rc count_line(enum revoked_kind kind, const char *what, void *arg, struct cg_err *err)
{
	(void)kind;
	(void)what;
	(void)err;
	++*(size_t *)arg;
	return CG_OK;
}

static cg_rc last_number(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct arena arena;
	arena_init(&arena, 4096);
	cg_rc rc = audit_last_number(txn, &arena, arg, err);
	arena_release(&arena);
	return rc;
}

/* How far the store is that is there now; 0 where it cannot be read: then nothing is lost that
 * could be counted. */
static uint64_t current_number(const struct home *home)
{
	struct store *store;
	uint64_t number = 0;
	if (store_open(home, &store, NULL) != CG_OK)
		return 0;
	if (store_read(store, last_number, &number, NULL) != CG_OK)
		number = 0;
	store_close(&store);
	return number;
}

/* Whether the files are those that backup.json was written for. */
static bool fits(const json_t *json, const struct verify_report *r, bool other_host)
{
	char hash[SHA256_HEX + 1];
	const json_t *audit = json_object_get(json, "audit");
	const json_t *records = json_object_get(json, "records");
	const char *id = json_string_value(json_object_get(json, "store_id"));
	const char *noted = json_string_value(json_object_get(audit, "hash"));
	hex_format(r->head.hmac.b, SHA256_BYTES, hash);
	bool ok = id && strcmp(id, r->store_id) == 0 && noted;
	for (enum store_table t = 0; t < STORE__TABLES; t++)
		ok = ok && json_integer_value(json_object_get(records, store_table_name(t))) ==
			       (json_int_t)r->records[t];
	/* Another host's chain cannot be followed to its end. */
	return ok && (other_host || strcmp(noted, hash) == 0);
}

static cg_rc plan(const struct home *home, const struct home *stage, const char *from, uint64_t now,
		  struct restore_plan *out, struct cg_err *err)
{
	char db[HOME_PATH_MAX];
	struct cg_err why = {0};
	json_t *json = NULL;
	struct restore_plan p = {0};
	cg_rc rc = backup_path(from, "db", db, err);
	if (rc == CG_OK)
		rc = backup_read_json(from, "backup.json", &json, err);
	if (rc == CG_OK)
		rc = verify_files(db, stage, NULL, &p.backup, err);
	p.other_host = p.backup.other_host && p.backup.n_faults == 1;
	if (rc == CG_OK && p.backup.n_faults > 0 && !p.other_host)
		rc = cg_fail(err, CG_BAD_VALUE, "The backup in %s is not whole: %s", from,
			     p.backup.faults[0]);
	if (rc == CG_OK && !fits(json, &p.backup, p.other_host))
		rc = cg_fail(err, CG_BAD_VALUE,
			     "The backup in %s is not whole: its files are not those that its "
			     "backup.json tells of.",
			     from);
	json_decref(json);
	if (rc != CG_OK)
		return rc;
	/* Of another host's audit only the number of entries is known. */
	uint64_t number = p.other_host ? p.backup.records[STORE_AUDIT] : p.backup.head.number;
	p.lost = now > number ? now - number : 0;
	rc = revoked_each(home, p.backup.store_id, number, count_line, &p.revoked, &why);
	p.hold = rc != CG_OK;
	(void)snprintf(p.why_hold, sizeof(p.why_hold), "%.250s", why.text);
	*out = p;
	return CG_OK;
}

cg_rc restore_plan(const struct home *home, const char *from, struct span passphrase,
		   struct restore_plan *out, struct cg_err *err)
{
	struct home stage;
	int claim;
	uint64_t now = current_number(home);
	cg_rc rc = store_claim(home, &claim, err);
	if (rc != CG_OK)
		return rc;
	rc = stage_make(home, from, passphrase, &stage, err);
	if (rc == CG_OK)
		rc = plan(home, &stage, from, now, out, err);
	stage_remove(home);
	(void)close(claim);
	return rc;
}

/* --- applying what is known of the time since --- */

struct batch {
	enum store_table table;
	/* Behind which key it begins, also when it is done over, and the last one looked at. */
	struct span begin, after;
	struct arena *arena;
	void *messages[BATCH];
	size_t n;
};

static cg_rc collect(struct span index_key, struct span key, struct span value, void *arg,
		     struct cg_err *err)
{
	struct batch *b = arg;
	(void)index_key;
	char *copy = arena_copy(b->arena, key);
	if (!copy)
		return cg_fail_memory(err);
	b->after = span_make(copy, key.n);
	cg_rc rc =
	    record_unpack(store_table_type(b->table), value, b->arena, &b->messages[b->n], err);
	if (rc == CG_OK && ++b->n == BATCH)
		return CG_NOT_FOUND;
	return rc;
}

static cg_rc hold_batch(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct batch *b = arg;
	struct store_walk walk = {.table = b->table, .after_key = b->begin};
	b->n = 0;
	cg_rc rc = store_walk(txn, &walk, collect, b, err);
	for (size_t i = 0; rc == CG_OK && i < b->n; i++) {
		if (b->table == STORE_USER) {
			Cg__User *u = b->messages[i];
			u->has_held = u->held = true;
			rc = store_save(txn, STORE_USER, span_of(u->id), u, b->arena, err);
		} else if (b->table == STORE_DEVELOPER) {
			Cg__Developer *d = b->messages[i];
			d->has_active = true;
			d->active = false;
			rc = store_save(txn, STORE_DEVELOPER, span_of(d->id), d, b->arena, err);
		} else {
			Cg__Credential *c = b->messages[i];
			c->has_held = c->held = true;
			rc = store_save(txn, STORE_CREDENTIAL,
					span_make(c->sha256.data, c->sha256.len), c, b->arena, err);
		}
	}
	return rc;
}

/* All of a table, some at a time: one transaction would need a lock for each page. */
static cg_rc hold_all(struct store *store, enum store_table table, struct cg_err *err)
{
	struct arena arenas[2];
	struct batch *b = calloc(1, sizeof(*b));
	unsigned turn = 0;
	cg_rc rc = b ? CG_OK : cg_fail_memory(err);
	for (size_t i = 0; i < CG_COUNT(arenas); i++)
		arena_init(&arenas[i], (size_t)256 * 1024 * 1024);
	while (rc == CG_OK) {
		/* `begin` lives in the arena of the batch before. */
		turn ^= 1;
		b->begin = b->after;
		arena_clear(&arenas[turn]);
		b->table = table;
		b->arena = &arenas[turn];
		rc = store_write(store, STORE_CHANGES_GRANTS, hold_batch, b, err);
		if (rc != CG_OK || b->n < BATCH)
			break;
	}
	for (size_t i = 0; i < CG_COUNT(arenas); i++)
		arena_release(&arenas[i]);
	free(b);
	return rc;
}

static cg_rc revoke_line(enum revoked_kind kind, const char *what, void *arg, struct cg_err *err)
{
	return revoked_apply(arg, kind, what, err);
}

struct finish_call {
	const struct actor *actor;
	const struct restore_plan *plan;
	struct arena arena; /* the audit tells of its entry after the commit */
};

/* Where revoked.log says nothing of this store, a new file comes with it.  That one knows nothing
 * of the time before either, so backups of that time must not seem to fit it: the store gets
 * another id. */
static cg_rc begin_anew(struct store_txn *txn, struct arena *arena, struct cg_err *err)
{
	Cg__Meta *meta;
	char id[ID_TEXT + 1];
	if (random_id(id) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	cg_rc rc = store_meta_read(txn, arena, &meta, err);
	if (rc != CG_OK)
		return rc;
	meta->store_id = id;
	rc = store_meta_write(txn, meta, arena, err);
	return rc == CG_OK ? revoked_begin(txn, arena, err) : rc;
}

static cg_rc finish_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct finish_call *c = arg;
	cg_rc rc = CG_OK;
	if (c->plan->other_host)
		rc = audit_chain_all(txn, &c->arena, err);
	if (rc == CG_OK && c->plan->hold)
		rc = begin_anew(txn, &c->arena, err);
	json_t *changes = json_pack("{s:b, s:b, s:I, s:I}", "held", c->plan->hold, "other_host",
				    c->plan->other_host, "revoked", (json_int_t)c->plan->revoked,
				    "lost", (json_int_t)c->plan->lost);
	if (rc == CG_OK)
		rc = audit_add(txn, c->actor, "store.restore", "", "", changes, &c->arena, err);
	json_decref(changes);
	return rc;
}

static cg_rc apply(const struct home *home, const struct home *stage, const struct actor *actor,
		   const struct restore_plan *p, struct cg_err *err)
{
	struct store *store;
	uint64_t number = p->other_host ? p->backup.records[STORE_AUDIT] : p->backup.head.number;
	struct finish_call finish = {.actor = actor, .plan = p};
	cg_rc rc = model_open(stage, &store, err);
	if (rc != CG_OK)
		return rc;
	if (p->hold) {
		rc = hold_all(store, STORE_CREDENTIAL, err);
		if (rc == CG_OK)
			rc = hold_all(store, STORE_USER, err);
		if (rc == CG_OK)
			rc = hold_all(store, STORE_DEVELOPER, err);
	} else {
		rc = revoked_each(home, p->backup.store_id, number, revoke_line, store, err);
		if (rc == CG_OK)
			rc = revoked_restored(home, err);
	}
	arena_init(&finish.arena, (size_t)1024 * 1024 * 1024);
	/* Who has signed out since must not be in again. */
	if (rc == CG_OK)
		rc = session_end_all(store, err);
	/* What was done by a link since, must not be done by it once more. */
	if (rc == CG_OK)
		rc = link_end_all(store, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_GRANTS, finish_txn, &finish, err);
	arena_release(&finish.arena);
	if (rc == CG_OK)
		rc = store_checkpoint(store, err);
	store_close(&store);
	return rc;
}

/* --- putting it in place --- */

static bool rename_if_there(const char *from, const char *to)
{
	return rename(from, to) == 0 || errno == ENOENT;
}

/* What follows the exchange of the databases: the rest of the stage is moved to its place, and the
 * old databases to where they are kept.  May be begun again after a kill, and by several at the
 * same time. */
static cg_rc move_rest(const struct home *home, char kept[HOME_PATH_MAX], struct cg_err *err)
{
	/* The proof is this host's, not the backup's. */
	static const char *const keys[] = {"audit.key", "seal.previous", "seal.key"};
	char from[HOME_PATH_MAX], to[HOME_PATH_MAX + 32], when[RFC3339_TEXT + 1];
	bool ok = true;
	for (size_t i = 0; ok && i < CG_COUNT(keys); i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "keys/%s", keys[i]);
		staged(home, name, from);
		keyfile_path(home, keys[i], to);
		ok = rename_if_there(from, to);
	}
	staged(home, "", from);
	ok = ok && revoked_replace(home, from);
	if (!ok)
		return cg_fail(err, CG_UNAVAILABLE, "%s cannot be put in place: %s.", from,
			       strerror(errno));
	/* Before the mark moves away: after a loss of power it says that all this is to be done. */
	cg_rc rc = folder_sync(home->keys, err);
	if (rc == CG_OK)
		rc = folder_sync(home->dir, err);
	if (rc != CG_OK)
		return rc;
	(void)rfc3339_format(clock_unix_s(), when);
	(void)snprintf(kept, HOME_PATH_MAX, "%.900s/db-before-restore-%s-%ld", home->dir, when,
		       (long)getpid());
	staged(home, "db", from);
	if (!rename_if_there(from, kept))
		return cg_fail(err, CG_UNAVAILABLE, "%s cannot be put in place: %s.", from,
			       strerror(errno));
	return folder_sync(home->dir, err);
}

cg_rc restore_finish(const struct home *home, struct cg_err *err)
{
	char stage[HOME_PATH_MAX], mark[HOME_PATH_MAX], kept[HOME_PATH_MAX];
	staged(home, "", stage);
	staged(home, "db/" REPLACED, mark);
	if (access(stage, F_OK) != 0)
		return CG_OK;
	cg_rc rc = access(mark, F_OK) == 0 ? move_rest(home, kept, err) : CG_OK;
	if (rc == CG_OK)
		folder_remove(stage);
	return rc;
}

/* The staged data folder becomes home's. */
static cg_rc swap(const struct home *home, const struct home *stage, char kept[HOME_PATH_MAX],
		  struct cg_err *err)
{
	char path[HOME_PATH_MAX + 16];
	static const char *const of_old[] = {"__db.001", "__db.002", "__db.003", "__db.004",
					     "__db.005", "lock",     "live"};
	/* First the regions of the old databases: without them the next one to come recovers, on
	 * whichever databases it finds. */
	for (size_t i = 0; i < CG_COUNT(of_old); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", home->run, of_old[i]);
		if (unlink(path) != 0 && errno != ENOENT)
			return cg_fail(err, CG_UNAVAILABLE, "%s cannot be removed: %s.", path,
				       strerror(errno));
	}
	(void)snprintf(path, sizeof(path), "%s/" REPLACED, home->db);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return cg_fail(err, CG_UNAVAILABLE, "%s cannot be written: %s.", path,
			       strerror(errno));
	(void)close(fd);
	cg_rc rc = folder_sync(home->db, err);
	if (rc == CG_OK && renameat2(AT_FDCWD, stage->db, AT_FDCWD, home->db, RENAME_EXCHANGE) != 0)
		rc = cg_fail(err, CG_UNAVAILABLE, "%s and %s cannot be exchanged: %s.", stage->db,
			     home->db, strerror(errno));
	/* The keys follow the databases, never the other way round. */
	if (rc == CG_OK)
		rc = folder_sync(home->dir, err);
	if (rc == CG_OK)
		rc = folder_sync(stage->dir, err);
	return rc == CG_OK ? move_rest(home, kept, err) : rc;
}

cg_rc restore_run(const struct home *home, const struct actor *actor, const char *from,
		  struct span passphrase, char kept[HOME_PATH_MAX], struct restore_plan *out,
		  struct cg_err *err)
{
	struct home stage;
	char db[HOME_PATH_MAX];
	int claim;
	uint64_t now = current_number(home);
	cg_rc rc = store_claim(home, &claim, err);
	if (rc != CG_OK)
		return rc;
	rc = backup_path(from, "db", db, err);
	if (rc == CG_OK)
		rc = stage_make(home, from, passphrase, &stage, err);
	if (rc == CG_OK)
		rc = plan(home, &stage, from, now, out, err);
	if (rc == CG_OK)
		rc = store_copy_files(db, stage.db, err);
	if (rc == CG_OK)
		rc = apply(home, &stage, actor, out, err);
	if (rc == CG_OK)
		rc = swap(home, &stage, kept, err);
	stage_remove(home);
	(void)close(claim);
	return rc;
}
