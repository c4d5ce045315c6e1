/* What no program of certgate does to a store, for tests:
 *
 *   store_edit HOME inside          stands still inside the store, in the middle of a write, after
 *                                   having said "inside"; for whoever kills it there
 *   store_edit HOME write N         writes N times one of some keys of about 1 kB, a transaction
 *                                   each, says "written", and goes on until it is killed
 *   store_edit HOME schema N        makes it a store of schema version N
 *   store_edit HOME change N        the audit entry N tells of another actor
 *   store_edit HOME remove N        the entry N is gone
 *   store_edit HOME insert N        a copy of the entry N comes before it; all behind move up
 *   store_edit HOME cut N           the entries from N on are gone
 *   store_edit HOME subject 0       the first certificate's subject is another
 *   store_edit HOME ends 0          the first certificate ends later than its DER says
 *   store_edit HOME counts 0        the first certificate's credential ends later than it
 *   store_edit HOME ca SHA256       the last octet of this CA certificate is gone
 *   store_edit HOME crl SHA256      the last octet of this CA's revocation list is gone
 *   store_edit HOME drop TABLE ID   this record is gone, whatever refers to it (a credential's id
 *                                   is its SHA-256)
 *   store_edit HOME copy TABLE ID   this record lies under a further key, "copy"
 *
 * Started as root it becomes HOME's owner. */
#include "base/base.h"
#include "base/hash.h"
#include "base/home.h"
#include "store/store.h"
#include "owner.h"
#include <sys/stat.h>

struct job {
	const char *what;
	const char *id;	   /* of a record, */
	const char *table; /* and where it lies; NULL: `what` says it */
	uint64_t number;
	uint64_t done; /* of `write` */
	Cg__Certificate *certificate;
	struct arena arena;
};

static void key_of(uint64_t number, char out[8])
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		out[i] = (char)(number & 0xff);
}

static cg_rc get_entry(struct store_txn *txn, struct job *job, uint64_t number,
		       Cg__AuditEntry **out, struct cg_err *err)
{
	char key[8];
	struct span bytes;
	key_of(number, key);
	cg_rc rc = store_get(txn, STORE_AUDIT, span_make(key, 8), &job->arena, &bytes, err);
	return rc == CG_OK
		   ? record_unpack(&cg__audit_entry__descriptor, bytes, &job->arena, out, err)
		   : rc;
}

/* Under the number that it says. */
static cg_rc put_entry(struct store_txn *txn, struct job *job, const Cg__AuditEntry *entry,
		       struct cg_err *err)
{
	char key[8];
	struct span bytes;
	key_of(entry->number, key);
	cg_rc rc = record_pack(entry, &job->arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, STORE_AUDIT, span_make(key, 8), bytes, err) : rc;
}

static cg_rc remove_entry(struct store_txn *txn, uint64_t number, struct cg_err *err)
{
	char key[8];
	key_of(number, key);
	return store_remove(txn, STORE_AUDIT, span_make(key, 8), err);
}

static cg_rc last_number(struct store_txn *txn, struct job *job, uint64_t *out, struct cg_err *err)
{
	struct span key;
	cg_rc rc = store_last(txn, STORE_AUDIT, &job->arena, &key, err);
	*out = 0;
	for (size_t i = 0; rc == CG_OK && i < key.n; i++)
		*out = (*out << 8) | (uint8_t)key.p[i];
	return rc;
}

static cg_rc edit_audit(struct store_txn *txn, struct job *job, struct cg_err *err)
{
	static char other[] = "somebody else";
	Cg__AuditEntry *entry;
	uint64_t last;
	cg_rc rc = last_number(txn, job, &last, err);
	if (rc == CG_OK)
		rc = get_entry(txn, job, job->number, &entry, err);
	if (rc != CG_OK)
		return rc;
	if (strcmp(job->what, "remove") == 0)
		return remove_entry(txn, job->number, err);
	if (strcmp(job->what, "change") == 0) {
		entry->actor = other;
		return put_entry(txn, job, entry, err);
	}
	if (strcmp(job->what, "cut") == 0) {
		for (uint64_t n = job->number; rc == CG_OK && n <= last; n++)
			rc = remove_entry(txn, n, err);
		return rc;
	}
	for (uint64_t n = last; rc == CG_OK && n >= job->number; n--) {
		rc = get_entry(txn, job, n, &entry, err);
		entry->number = n + 1;
		if (rc == CG_OK)
			rc = put_entry(txn, job, entry, err);
	}
	return rc;
}

static cg_rc visit_first(struct span index_key, struct span key, struct span value, void *arg,
			 struct cg_err *err)
{
	struct job *job = arg;
	(void)index_key;
	(void)key;
	cg_rc rc =
	    record_unpack(&cg__certificate__descriptor, value, &job->arena, &job->certificate, err);
	return rc == CG_OK ? CG_NOT_FOUND : rc;
}

static cg_rc edit_certificate(struct store_txn *txn, struct job *job, struct cg_err *err)
{
	static char other[] = "CN=somebody else";
	struct store_walk walk = {.table = STORE_CERTIFICATE};
	struct span bytes, digest;
	Cg__Credential *credential;
	cg_rc rc = store_walk(txn, &walk, visit_first, job, err);
	Cg__Certificate *c = job->certificate;
	if (rc != CG_OK || !c)
		return CG_FAIL;
	if (strcmp(job->what, "counts") != 0) {
		if (strcmp(job->what, "subject") == 0)
			c->subject = other;
		else
			c->not_after += 1000000;
		rc = record_pack(c, &job->arena, &bytes, err);
		return rc == CG_OK ? store_put(txn, STORE_CERTIFICATE, span_of(c->id), bytes, err)
				   : rc;
	}
	digest = span_make(c->sha256.data, c->sha256.len);
	rc = store_get(txn, STORE_CREDENTIAL, digest, &job->arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__credential__descriptor, bytes, &job->arena, &credential,
				   err);
	if (rc != CG_OK)
		return rc;
	credential->not_after += 1000000;
	rc = record_pack(credential, &job->arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, STORE_CREDENTIAL, digest, bytes, err) : rc;
}

static cg_rc cut_ca(struct store_txn *txn, struct job *job, struct cg_err *err)
{
	Cg__Certificate *ca;
	struct span id = span_of(job->id);
	cg_rc rc = store_load(txn, STORE_CERTIFICATE, id, &job->arena, &ca, err);
	if (rc != CG_OK)
		return rc;
	ca->der.len--;
	return store_save(txn, STORE_CERTIFICATE, id, ca, &job->arena, err);
}

static cg_rc cut_crl(struct store_txn *txn, struct job *job, struct cg_err *err)
{
	Cg__Crl *crl;
	struct span id = span_of(job->id);
	cg_rc rc = store_load(txn, STORE_CRL, id, &job->arena, &crl, err);
	if (rc != CG_OK)
		return rc;
	crl->der.len--;
	return store_save(txn, STORE_CRL, id, crl, &job->arena, err);
}

static cg_rc edit_any(struct store_txn *txn, struct job *job, struct cg_err *err)
{
	uint8_t digest[SHA256_BYTES];
	struct span key = span_of(job->id), value;
	enum store_table t = 0;
	while (t < STORE__TABLES && strcmp(store_table_name(t), job->table) != 0)
		t++;
	if (t == STORE__TABLES)
		return cg_fail(err, CG_BAD_VALUE, "no such table");
	if (t == STORE_CREDENTIAL) {
		if (!hex_parse(key, digest, sizeof(digest)))
			return cg_fail(err, CG_BAD_VALUE, "no such credential");
		key = span_make(digest, sizeof(digest));
	}
	cg_rc rc = store_get(txn, t, key, &job->arena, &value, err);
	if (rc != CG_OK)
		return cg_fail(err, rc, "no such record");
	return strcmp(job->what, "copy") == 0 ? store_put(txn, t, SPAN_LIT("copy"), value, err)
					      : store_remove(txn, t, key, err);
}

static cg_rc edit(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct job *job = arg;
	Cg__Meta *meta;
	if (strcmp(job->what, "ca") == 0)
		return cut_ca(txn, job, err);
	if (strcmp(job->what, "crl") == 0)
		return cut_crl(txn, job, err);
	if (job->table)
		return edit_any(txn, job, err);
	if (strcmp(job->what, "subject") == 0 || strcmp(job->what, "ends") == 0 ||
	    strcmp(job->what, "counts") == 0)
		return edit_certificate(txn, job, err);
	bool inside = strcmp(job->what, "inside") == 0;
	if (!inside && strcmp(job->what, "schema") != 0)
		return edit_audit(txn, job, err);
	cg_rc rc = store_meta_read(txn, &job->arena, &meta, err);
	if (rc != CG_OK)
		return rc;
	meta->schema_version = job->number;
	rc = store_meta_write(txn, meta, &job->arena, err);
	if (rc == CG_OK && inside) {
		(void)puts("inside");
		(void)fflush(stdout);
		for (;;)
			(void)pause();
	}
	return rc;
}

#define WRITTEN_KEYS 1000
#define FILLER_BYTES 500

static cg_rc write_key(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct job *job = arg;
	char id[ID_TEXT + 1], name[32], filler[2 * FILLER_BYTES + 1];
	static char filler_name[] = "filler";
	uint8_t bytes[FILLER_BYTES];
	/* All of them in turn, never neighbours. */
	uint64_t which = job->done * 379 % WRITTEN_KEYS;
	struct span packed;
	Cg__MetaEntry entry = CG__META_ENTRY__INIT, *entries[] = {&entry};
	Cg__Key key = CG__KEY__INIT;
	if (random_bytes(bytes, sizeof(bytes)) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "no random numbers");
	hex_format(bytes, sizeof(bytes), filler);
	(void)snprintf(name, sizeof(name), "written %" PRIu64, which);
	memset(id, 'a', ID_TEXT);
	id[ID_TEXT] = '\0';
	for (size_t i = ID_TEXT; which > 0; which /= 10)
		id[--i] = (char)('a' + which % 10);
	entry.name = filler_name;
	entry.value = filler;
	key.id = id;
	key.name = name;
	key.n_meta = 1;
	key.meta = entries;
	cg_rc rc = record_pack(&key, &job->arena, &packed, err);
	return rc == CG_OK ? store_put(txn, STORE_KEY, span_of(id), packed, err) : rc;
}

static cg_rc write_on(struct store *store, struct job *job, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (; rc == CG_OK; job->done++) {
		if (job->done == job->number) {
			(void)puts("written");
			(void)fflush(stdout);
		}
		arena_clear(&job->arena);
		rc = store_write(store, STORE_CHANGES_GRANTS, write_key, job, err);
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct home home;
	struct store *store;
	struct cg_err err = {0};
	if (argc < 3)
		return 2;
	struct job job = {.what = argv[2],
			  .id = argv[argc - 1],
			  .table = argc > 4 ? argv[3] : NULL,
			  .number = argc > 3 ? strtoull(argv[3], NULL, 10) : 0};
	arena_init(&job.arena, (size_t)256 * 1024 * 1024);
	cg_rc rc = become_owner(argv[1]) ? home_find(argv[1], &home, &err) : CG_FAIL;
	if (rc == CG_OK)
		rc = store_open(&home, &store, &err);
	if (rc == CG_OK) {
		rc = strcmp(job.what, "write") == 0
			 ? write_on(store, &job, &err)
			 : store_write(store, STORE_CHANGES_GRANTS, edit, &job, &err);
		store_close(&store);
	}
	arena_release(&job.arena);
	if (rc != CG_OK)
		(void)fprintf(stderr, "store_edit: %s\n", err.text);
	return rc == CG_OK ? 0 : 1;
}
