#include "base/base.h"
#include "model/verify.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/limits.h"
#include "model/derived.h"
#include "model/open.h"

struct checking {
	struct store_txn *txn;
	struct verify_report *report;
	enum store_table table;
	enum store_index index;
	size_t seen;		       /* entries of the index */
	size_t wanted[STORE__INDEXES]; /* entries that the records ask for */
	struct arena arena;	       /* emptied for each record */
};

static void fault(struct verify_report *r, const char *fmt, ...) CG_PRINTF(2, 3);
static void fault(struct verify_report *r, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (r->n_faults < VERIFY_FAULTS_MAX)
		(void)vsnprintf(r->faults[r->n_faults], sizeof(r->faults[0]), fmt, ap);
	r->n_faults++;
	va_end(ap);
}

/* --- records --- */

/* The key under which a record has to lie; false: any. */
static bool own_key(enum store_table table, const void *message, struct span *out)
{
	if (table == STORE_META || table == STORE_AUDIT || table == STORE_USAGE)
		return false;
	if (table == STORE_CREDENTIAL) {
		const Cg__Credential *c = message;
		*out = span_make(c->sha256.data, c->sha256.len);
		return true;
	}
	if (table == STORE_QUOTA_COUNT) {
		const Cg__QuotaCount *q = message;
		*out = span_make(q->name.data, q->name.len);
		return true;
	}
	/* All others begin with their id. */
	*out = span_of(((const Cg__Api *)message)->id);
	return true;
}

static bool exists(struct checking *c, enum store_table table, const char *id)
{
	struct span ignored;
	return id && store_get(c->txn, table, span_of(id), &c->arena, &ignored, NULL) == CG_OK;
}

static void check_cas(struct checking *c, const Cg__Api *api, const ProtobufCBinaryData *digests,
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char hex[SHA256_HEX + 1] = "";
		if (digests[i].len == SHA256_BYTES)
			hex_format(digests[i].data, SHA256_BYTES, hex);
		if (!exists(c, STORE_CERTIFICATE, hex))
			fault(c->report, "The API %s trusts a CA that is not there (%s).", api->id,
			      hex);
	}
}

static void check_references(struct checking *c, const void *message)
{
	char hex[SHA256_HEX + 1] = "";
	if (c->table == STORE_KEY) {
		const Cg__Key *key = message;
		for (size_t i = 0; i < key->n_access; i++)
			if (!exists(c, STORE_API, key->access[i]->api_id))
				fault(c->report,
				      "The key %s has access to an API that is not there (%s).",
				      key->id, key->access[i]->api_id);
		for (size_t i = 0; i < key->n_policy_ids; i++)
			if (!exists(c, STORE_POLICY, key->policy_ids[i]))
				fault(c->report, "The key %s has a policy that is not there (%s).",
				      key->id, key->policy_ids[i]);
	} else if (c->table == STORE_POLICY) {
		const Cg__Policy *policy = message;
		for (size_t i = 0; i < policy->n_access; i++)
			if (!exists(c, STORE_API, policy->access[i]->api_id))
				fault(c->report,
				      "The policy %s has access to an API that is not there (%s).",
				      policy->id, policy->access[i]->api_id);
	} else if (c->table == STORE_CREDENTIAL) {
		const Cg__Credential *credential = message;
		if (credential->sha256.len == SHA256_BYTES)
			hex_format(credential->sha256.data, SHA256_BYTES, hex);
		if (!credential->has_revoked_at && !exists(c, STORE_KEY, credential->key_id))
			fault(c->report,
			      "The credential %s belongs to a key that is not there (%s).", hex,
			      credential->key_id);
		if (credential->type == CG__CREDENTIAL__TYPE__CERTIFICATE &&
		    !exists(c, STORE_CERTIFICATE, hex))
			fault(c->report, "The certificate of the credential %s is not there.", hex);
	} else if (c->table == STORE_API) {
		const Cg__Api *api = message;
		const Cg__UpstreamTls *tls = api->upstream_tls;
		if (api->auth)
			check_cas(c, api, api->auth->ca_certificates, api->auth->n_ca_certificates);
		if (tls)
			check_cas(c, api, tls->ca_certificates, tls->n_ca_certificates);
	} else if (c->table == STORE_CRL) {
		const Cg__Crl *crl = message;
		if (!exists(c, STORE_CERTIFICATE, crl->id))
			fault(c->report, "The CA of the revocation list %s is not there.", crl->id);
	} else if (c->table == STORE_CATALOGUE) {
		const Cg__CatalogueEntry *entry = message;
		if (!exists(c, STORE_POLICY, entry->policy_id))
			fault(c->report,
			      "The catalogue entry %s offers a policy that is not there (%s).",
			      entry->id, entry->policy_id ? entry->policy_id : "");
	} else if (c->table == STORE_USER_CERTIFICATE) {
		const Cg__UserCertificate *certificate = message;
		if (!exists(c, STORE_USER, certificate->user_id))
			fault(c->report, "The certificate %s signs in a user who is not there.",
			      certificate->id);
	} else if (c->table == STORE_REST_TOKEN) {
		const Cg__RestToken *token = message;
		if (!exists(c, STORE_USER, token->owner_id))
			fault(c->report, "The token %s belongs to a user who is not there.",
			      token->id);
	}
}

static void check_derived(struct checking *c, struct span key, const void *message)
{
	struct cg_err why = {0};
	char id[SHA256_HEX + 1] = "";
	if (derived_check(c->txn, c->table, message, &c->arena, &why) == CG_OK)
		return;
	if (c->table == STORE_CREDENTIAL && key.n == SHA256_BYTES)
		hex_format((const uint8_t *)key.p, SHA256_BYTES, id);
	else
		(void)snprintf(id, sizeof(id), "%.*s", (int)key.n, key.p);
	fault(c->report, "%s %s: %.150s", store_table_name(c->table), id, why.text);
}

static cg_rc visit_record(struct span index_key, struct span key, struct span value, void *arg,
			  struct cg_err *err)
{
	struct checking *c = arg;
	void *message;
	struct span own, keys[LIST_MAX_ENTRIES];
	(void)index_key;
	arena_clear(&c->arena);
	c->report->records[c->table]++;
	if (record_unpack(store_table_type(c->table), value, &c->arena, &message, NULL) != CG_OK) {
		if (c->arena.failed)
			return cg_fail_memory(err);
		fault(c->report, "A record of %s cannot be read.", store_table_name(c->table));
		return CG_OK;
	}
	if (own_key(c->table, message, &own) && !span_is(own, key))
		fault(c->report, "A record of %s lies under another one's key.",
		      store_table_name(c->table));
	check_references(c, message);
	check_derived(c, key, message);
	for (enum store_index i = 0; i < STORE__INDEXES; i++)
		if (store_index_table(i) == c->table)
			c->wanted[i] += store_index_keys(i, message, keys, LIST_MAX_ENTRIES);
	return CG_OK;
}

/* --- indexes --- */

static cg_rc visit_index(struct span index_key, struct span key, struct span value, void *arg,
			 struct cg_err *err)
{
	struct checking *c = arg;
	void *message;
	struct span keys[LIST_MAX_ENTRIES];
	bool found = false;
	(void)key;
	arena_clear(&c->arena);
	c->seen++;
	if (record_unpack(store_table_type(store_index_table(c->index)), value, &c->arena, &message,
			  NULL) != CG_OK)
		return c->arena.failed ? cg_fail_memory(err) : CG_OK; /* told of before */
	size_t n = store_index_keys(c->index, message, keys, LIST_MAX_ENTRIES);
	for (size_t i = 0; i < n; i++)
		found = found || span_is(keys[i], index_key);
	if (!found)
		fault(c->report, "An index of %s leads to a record that does not say so.",
		      store_table_name(store_index_table(c->index)));
	return CG_OK;
}

static cg_rc check_index(struct checking *c, enum store_index index, struct cg_err *err)
{
	struct store_walk walk = {.by_index = true, .index = index};
	c->index = index;
	c->seen = 0;
	cg_rc rc = store_walk(c->txn, &walk, visit_index, c, err);
	if (rc == CG_OK && c->seen != c->wanted[index])
		fault(c->report, "An index of %s has %zu entries where the records have %zu.",
		      store_table_name(store_index_table(index)), c->seen, c->wanted[index]);
	return rc;
}

/* --- all --- */

struct question {
	const struct home *keys;
	const struct audit_head *expected;
	struct verify_report *report;
};

static cg_rc verify_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct question *q = arg;
	struct checking c = {.txn = txn, .report = q->report};
	struct cg_err why = {0};
	Cg__Meta *meta;
	memset(q->report, 0, sizeof(*q->report));
	arena_init(&c.arena, (size_t)16 * 1024 * 1024);
	cg_rc rc = store_meta_read(txn, &c.arena, &meta, err);
	if (rc == CG_OK)
		(void)snprintf(q->report->store_id, sizeof(q->report->store_id), "%s",
			       meta->store_id ? meta->store_id : "");
	for (enum store_table t = 0; rc == CG_OK && t < STORE__TABLES; t++) {
		struct store_walk walk = {.table = t};
		c.table = t;
		rc = store_walk(txn, &walk, visit_record, &c, err);
	}
	for (enum store_index i = 0; rc == CG_OK && i < STORE__INDEXES; i++)
		rc = check_index(&c, i, err);
	arena_release(&c.arena);
	if (rc != CG_OK)
		return rc;
	rc = audit_check(txn, q->keys, q->expected, &q->report->head, &why);
	if (rc == CG_BAD_VALUE) {
		q->report->other_host = why.code && strcmp(why.code, AUDIT_OTHER_HOST) == 0;
		fault(q->report, "%s", why.text);
		return CG_OK;
	}
	if (rc != CG_OK && err)
		*err = why;
	return rc;
}

cg_rc verify_store(struct store *store, const struct home *keys, const struct audit_head *expected,
		   struct verify_report *out, struct cg_err *err)
{
	struct question q = {keys, expected, out};
	return store_read(store, verify_txn, &q, err);
}

/* --- copies --- */

/* A place for a copy below home's folder; its keys are home's. */
static cg_rc scratch_make(const struct home *home, struct home *out, struct cg_err *err)
{
	struct home s = {0};
	int n = snprintf(s.dir, sizeof(s.dir), "%.900s/check-%ld", home->dir, (long)getpid());
	(void)snprintf(s.db, sizeof(s.db), "%.*s/db", n, s.dir);
	(void)snprintf(s.run, sizeof(s.run), "%.*s/run", n, s.dir);
	(void)snprintf(s.keys, sizeof(s.keys), "%s", home->keys);
	folder_remove(s.dir); /* of a process that had this number before */
	cg_rc rc = folder_make(s.dir, err);
	if (rc == CG_OK)
		rc = folder_make(s.db, err);
	if (rc == CG_OK)
		rc = folder_make(s.run, err);
	if (rc == CG_OK)
		*out = s;
	else
		folder_remove(s.dir);
	return rc;
}

/* The copy in `scratch`: the files, then what is in them. */
static cg_rc verify_scratch(const struct home *scratch, const struct audit_head *expected,
			    struct verify_report *out, struct cg_err *err)
{
	struct store *copy;
	struct cg_err why = {0};
	cg_rc rc = store_check_files(scratch->db, &why);
	if (rc == CG_OK)
		rc = model_open(scratch, &copy, &why);
	if (rc == CG_OK) {
		rc = verify_store(copy, scratch, expected, out, &why);
		store_close(&copy);
	}
	if (rc == CG_UNAVAILABLE) {
		/* What cannot be opened or read is no copy of a store that is whole. */
		memset(out, 0, sizeof(*out));
		fault(out, "%s", why.text);
		return CG_OK;
	}
	if (rc != CG_OK && err)
		*err = why;
	return rc;
}

cg_rc verify_files(const char *db, const struct home *home, const struct audit_head *expected,
		   struct verify_report *out, struct cg_err *err)
{
	struct home scratch;
	cg_rc rc = scratch_make(home, &scratch, err);
	if (rc != CG_OK)
		return rc;
	rc = store_copy_files(db, scratch.db, err);
	if (rc == CG_OK)
		rc = verify_scratch(&scratch, expected, out, err);
	folder_remove(scratch.dir);
	return rc;
}

cg_rc verify_running(struct store *store, const struct audit_head *expected,
		     struct verify_report *out, struct cg_err *err)
{
	struct home scratch;
	cg_rc rc = scratch_make(store_home(store), &scratch, err);
	if (rc != CG_OK)
		return rc;
	rc = store_copy(store, scratch.db, err);
	if (rc == CG_OK)
		rc = verify_scratch(&scratch, expected, out, err);
	folder_remove(scratch.dir);
	return rc;
}
