#include "base/base.h"
#include "model/backup_in.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/keyfile.h"
#include "base/seal.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <sys/stat.h>

#define BACKUP_FORMAT 1
#define SALT_BYTES    16

static const char *const key_names[] = {"seal.key", "audit.key", "seal.previous"};
/* From here on: there only after a change of the sealing key (model/sealing.h). */
#define KEYS_ALWAYS 2

/* --- files of a backup --- */

cg_rc backup_path(const char *folder, const char *name, char out[HOME_PATH_MAX], struct cg_err *err)
{
	int n = snprintf(out, HOME_PATH_MAX, "%s/%s", folder, name);
	return n >= 0 && n < HOME_PATH_MAX
		   ? CG_OK
		   : cg_fail(err, CG_BAD_INPUT,
			     "The path of the backup is too long: it begins with %.200s.", folder);
}

/* Writes a file whole, on disk. */
static cg_rc write_json(const char *folder, const char *name, json_t *json, struct cg_err *err)
{
	char path[HOME_PATH_MAX];
	cg_rc rc = backup_path(folder, name, path, err);
	char *text = json && rc == CG_OK ? json_dumps(json, JSON_INDENT(2)) : NULL;
	json_decref(json);
	if (rc != CG_OK || !text)
		return rc != CG_OK ? rc : cg_fail_memory(err);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && file_write(fd, span_of(text)) && file_write(fd, SPAN_LIT("\n")) &&
		  fsync(fd) == 0;
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	free(text);
	if (!ok)
		return cg_fail(err, CG_UNAVAILABLE, "%s cannot be written: %s.", path,
			       strerror(cause));
	return folder_sync(folder, err);
}

cg_rc backup_read_json(const char *folder, const char *name, json_t **out, struct cg_err *err)
{
	char path[HOME_PATH_MAX];
	json_error_t why;
	*out = NULL;
	cg_rc rc = backup_path(folder, name, path, err);
	if (rc != CG_OK)
		return rc;
	*out = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	if (!*out)
		return cg_fail(err, CG_BAD_VALUE, "%s cannot be read: %s.", path, why.text);
	return CG_OK;
}

/* --- keys that travel along --- */

static json_t *hex_json(struct span bytes, struct arena *arena)
{
	char *hex = arena_alloc(arena, 2 * bytes.n + 1);
	if (!hex)
		return NULL;
	hex_format((const uint8_t *)bytes.p, bytes.n, hex);
	return json_string(hex);
}

/* Adds one of this host's keys to keys.json; one that is not there only where it may be missing. */
static cg_rc seal_one(const struct home *home, size_t i, const struct seal_key *under, json_t *json,
		      struct arena *arena, struct cg_err *err)
{
	const char *name = key_names[i];
	uint8_t key[KEYFILE_BYTES];
	struct cg_err why = {0};
	struct span sealed;
	cg_rc rc = i < KEYS_ALWAYS ? keyfile_load(home, name, key, &why)
				   : keyfile_read(home, name, key, &why);
	if (rc != CG_OK) {
		if (rc != CG_NOT_FOUND && err)
			*err = why;
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	rc = seal_close(under, span_make(key, sizeof(key)), span_of(name), arena, &sealed, err);
	gnutls_memset(key, 0, sizeof(key));
	if (rc == CG_OK && json_object_set_new(json, name, hex_json(sealed, arena)) != 0)
		rc = cg_fail_memory(err);
	return rc;
}

static cg_rc seal_keys(const struct home *home, const char *to, struct span passphrase,
		       struct cg_err *err)
{
	struct arena arena;
	struct seal_key under;
	uint8_t salt[SALT_BYTES];
	if (random_bytes(salt, sizeof(salt)) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	cg_rc rc = seal_key_derive(passphrase, salt, &under, err);
	if (rc != CG_OK)
		return rc;
	arena_init(&arena, (size_t)64 * 1024);
	json_t *json = json_object(), *salt_hex = hex_json(span_make(salt, sizeof(salt)), &arena);
	if (json_object_set_new(json, "salt", salt_hex) != 0)
		rc = cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < CG_COUNT(key_names); i++)
		rc = seal_one(home, i, &under, json, &arena, err);
	seal_key_wipe(&under);
	arena_release(&arena);
	if (rc == CG_OK)
		return write_json(to, "keys.json", json, err);
	json_decref(json);
	return rc;
}

/* One key of keys.json, opened and written to the folder. */
static cg_rc unseal_key(const json_t *json, const char *name, const struct seal_key *under,
			const struct home *to, struct arena *arena, struct cg_err *err)
{
	struct span hex = span_of(json_string_value(json_object_get(json, name))), plain;
	uint8_t *sealed = arena_alloc(arena, hex.n / 2 + 1);
	if (!sealed)
		return cg_fail_memory(err);
	if (hex.n == 0 || !hex_parse(hex, sealed, hex.n / 2))
		return cg_fail(err, CG_BAD_VALUE, "keys.json of the backup is damaged.");
	cg_rc rc =
	    seal_open(under, span_make(sealed, hex.n / 2), span_of(name), arena, &plain, err);
	if (rc != CG_OK && rc != CG_BAD_VALUE)
		return rc;
	if (rc != CG_OK || plain.n != KEYFILE_BYTES)
		return cg_fail(err, CG_BAD_VALUE,
			       "The passphrase does not open the backup's keys.");
	return keyfile_replace(to, name, (const uint8_t *)plain.p, err);
}

cg_rc backup_unseal_keys(const char *from, struct span passphrase, const struct home *to,
			 struct cg_err *err)
{
	struct arena arena;
	struct seal_key under;
	uint8_t salt[SALT_BYTES];
	json_t *json = NULL;
	char path[HOME_PATH_MAX];
	cg_rc rc = backup_path(from, "keys.json", path, err);
	if (rc == CG_OK && access(path, F_OK) != 0 && errno == ENOENT)
		rc = cg_fail(err, CG_BAD_VALUE,
			     "The backup holds no keys: it was made without --with-key. Restore it "
			     "without, too.");
	if (rc == CG_OK)
		rc = backup_read_json(from, "keys.json", &json, err);
	if (rc == CG_OK && !hex_parse(span_of(json_string_value(json_object_get(json, "salt"))),
				      salt, sizeof(salt)))
		rc = cg_fail(err, CG_BAD_VALUE, "keys.json of the backup is damaged.");
	if (rc == CG_OK)
		rc = seal_key_derive(passphrase, salt, &under, err);
	arena_init(&arena, (size_t)64 * 1024);
	for (size_t i = 0; rc == CG_OK && i < CG_COUNT(key_names); i++)
		if (i < KEYS_ALWAYS || json_object_get(json, key_names[i]))
			rc = unseal_key(json, key_names[i], &under, to, &arena, err);
	seal_key_wipe(&under);
	arena_release(&arena);
	json_decref(json);
	return rc == CG_OK ? folder_sync(to->keys, err) : rc;
}

/* --- making one --- */

static cg_rc describe(const char *to, const struct verify_report *report, bool keys,
		      struct cg_err *err)
{
	char when[RFC3339_TEXT + 1], hash[SHA256_HEX + 1];
	json_t *records = json_object();
	bool all = true;
	(void)rfc3339_format(clock_unix_s(), when);
	hex_format(report->head.hmac.b, SHA256_BYTES, hash);
	for (enum store_table t = 0; t < STORE__TABLES; t++)
		all = json_object_set_new(records, store_table_name(t),
					  json_integer((json_int_t)report->records[t])) == 0 &&
		      all;
	if (!all) {
		json_decref(records);
		return cg_fail_memory(err);
	}
	return write_json(to, "backup.json",
			  json_pack("{s:i, s:s, s:i, s:s, s:{s:I, s:s}, s:b, s:o}",
				    "certgate_backup", BACKUP_FORMAT, "created_at", when,
				    "schema_version", STORE_SCHEMA_VERSION, "store_id",
				    report->store_id, "audit", "number",
				    (json_int_t)report->head.number, "hash", hash, "keys", keys,
				    "records", records),
			  err);
}

/* All that belongs into an empty folder; what there is when it fails is no backup. */
static cg_rc fill(struct store *store, const char *to, struct span passphrase,
		  struct verify_report *report, struct cg_err *err)
{
	char db[HOME_PATH_MAX];
	cg_rc rc = backup_path(to, "db", db, err);
	if (rc == CG_OK)
		rc = folder_make(db, err);
	if (rc == CG_OK)
		rc = store_copy(store, db, err);
	if (rc == CG_OK)
		rc = verify_files(db, store_home(store), NULL, report, err);
	if (rc == CG_OK && report->n_faults > 0)
		rc = cg_fail(err, CG_BAD_VALUE, "The copy for %s was not whole: %s", to,
			     report->faults[0]);
	if (rc == CG_OK && passphrase.n > 0)
		rc = seal_keys(store_home(store), to, passphrase, err);
	return rc == CG_OK ? describe(to, report, passphrase.n > 0, err) : rc;
}

static void empty(const char *to)
{
	static const char *const names[] = {"db", "keys.json", "backup.json"};
	char path[HOME_PATH_MAX];
	for (size_t i = 0; i < CG_COUNT(names); i++)
		if (backup_path(to, names[i], path, NULL) == CG_OK)
			folder_remove(path);
}

cg_rc backup_begin(const char *to, bool *made, struct cg_err *err)
{
	char longest[HOME_PATH_MAX];
	struct stat st;
	*made = lstat(to, &st) != 0;
	cg_rc rc = backup_path(to, "backup.json", longest, err);
	return rc == CG_OK ? folder_make(to, err) : rc;
}

cg_rc backup_make(struct store *store, const char *to, struct span passphrase,
		  struct verify_report *report, struct cg_err *err)
{
	cg_rc rc = fill(store, to, passphrase, report, err);
	if (rc != CG_OK)
		empty(to);
	return rc;
}

void backup_tidy(const char *to, bool made)
{
	json_t *json;
	cg_rc rc = backup_read_json(to, "backup.json", &json, NULL);
	json_decref(json);
	if (rc == CG_OK)
		return;
	empty(to);
	if (made)
		(void)rmdir(to);
}
