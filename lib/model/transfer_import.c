#include "base/base.h"
#include "model/transfer_in.h"
#include "base/hash.h"
#include "model/api.h"
#include "model/audit.h"
#include "model/catalogue.h"
#include "model/credential_in.h"
#include "model/derived.h"
#include "model/developer.h"
#include "model/entity.h"
#include "model/exposed_key.h"
#include "model/key.h"
#include "model/organisation.h"
#include "model/policy.h"
#include "model/revoked.h"
#include "model/setting.h"
#include "model/user.h"
#include "model/user_certificate.h"

struct item {
	const struct transfer_section *section;
	struct span key;
	void *message;
};

struct importing {
	struct store *store;
	const struct actor *actor;
	bool write;
	struct transfer_report *report;
	struct item items[TRANSFER_BATCH];
	size_t n;
	struct arena arena; /* of the batch */
	/* Of one run of the transaction; added to the report when it is through. */
	struct transfer_report run;
};

static void clash(struct transfer_report *r, const char *fmt, ...) CG_PRINTF(2, 3);
static void clash(struct transfer_report *r, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (r->n_clashes < TRANSFER_CLASHES_MAX)
		(void)vsnprintf(r->clashes[r->n_clashes], sizeof(r->clashes[0]), fmt, ap);
	r->n_clashes++;
	va_end(ap);
}

static bool exists(struct store_txn *txn, enum store_table table, const char *id,
		   struct arena *arena)
{
	struct span ignored;
	return id && store_get(txn, table, span_of(id), arena, &ignored, NULL) == CG_OK;
}

/* Certificates that are named by their SHA-256. */
static bool are_there(struct store_txn *txn, const ProtobufCBinaryData *digests, size_t n,
		      struct arena *arena)
{
	char hex[SHA256_HEX + 1];
	for (size_t i = 0; i < n; i++) {
		if (digests[i].len != SHA256_BYTES)
			return false;
		hex_format(digests[i].data, SHA256_BYTES, hex);
		if (!exists(txn, STORE_CERTIFICATE, hex, arena))
			return false;
	}
	return true;
}

/* What a record refers to and is not there; NULL when all is. */
static const char *missing(struct store_txn *txn, const struct item *item, struct arena *arena)
{
	char hex[SHA256_HEX + 1] = "";
	if (item->section->table == STORE_KEY) {
		const Cg__Key *key = item->message;
		for (size_t i = 0; i < key->n_access; i++)
			if (!exists(txn, STORE_API, key->access[i]->api_id, arena))
				return "an API";
		for (size_t i = 0; i < key->n_policy_ids; i++)
			if (!exists(txn, STORE_POLICY, key->policy_ids[i], arena))
				return "a policy";
	} else if (item->section->table == STORE_API) {
		const Cg__Api *api = item->message;
		const Cg__UpstreamTls *tls = api->upstream_tls;
		if (!are_there(txn, api->auth->ca_certificates, api->auth->n_ca_certificates,
			       arena) ||
		    (tls && !are_there(txn, tls->ca_certificates, tls->n_ca_certificates, arena)))
			return "a CA";
	} else if (item->section->table == STORE_CRL) {
		if (!exists(txn, STORE_CERTIFICATE, ((const Cg__Crl *)item->message)->id, arena))
			return "a CA";
	} else if (item->section->table == STORE_POLICY) {
		const Cg__Policy *policy = item->message;
		for (size_t i = 0; i < policy->n_access; i++)
			if (!exists(txn, STORE_API, policy->access[i]->api_id, arena))
				return "an API";
	} else if (item->section->table == STORE_CREDENTIAL) {
		const Cg__Credential *c = item->message;
		if (!c->has_revoked_at && !exists(txn, STORE_KEY, c->key_id, arena))
			return "a key";
		if (c->type != CG__CREDENTIAL__TYPE__CERTIFICATE)
			return NULL;
		if (c->sha256.len == SHA256_BYTES)
			hex_format(c->sha256.data, SHA256_BYTES, hex);
		if (!exists(txn, STORE_CERTIFICATE, hex, arena))
			return "a certificate";
	} else if (item->section->table == STORE_CATALOGUE) {
		const Cg__CatalogueEntry *e = item->message;
		if (!exists(txn, STORE_POLICY, e->policy_id, arena))
			return "a policy";
	} else if (item->section->table == STORE_REST_TOKEN ||
		   item->section->table == STORE_USER_CERTIFICATE) {
		const char *user = item->section->table == STORE_REST_TOKEN
				       ? ((const Cg__RestToken *)item->message)->owner_id
				       : ((const Cg__UserCertificate *)item->message)->user_id;
		if (!exists(txn, STORE_USER, user, arena))
			return "a user";
	}
	return NULL;
}

static const struct entity *entity_of(const struct item *item)
{
	static const struct entity *const all[] = {
	    &user_entity,      &api_entity, &policy_entity,   &organisation_entity,
	    &developer_entity, &key_entity, &catalogue_entity};
	for (size_t i = 0; i < CG_COUNT(all); i++)
		if (all[i]->table == item->section->table)
			return all[i];
	return NULL;
}

/* Names that have to be unique. */
static bool name_is_taken(struct store_txn *txn, const struct item *item, struct arena *arena)
{
	const struct entity *e = entity_of(item);
	const struct entity_head *head = item->message;
	struct span at;
	return e && e->unique_name &&
	       store_find(txn, e->by_name, span_of(head->name), arena, &at, NULL) == CG_OK;
}

/* New.  When a record was used says nothing of its contents. */
static json_t *without_use(const json_t *record)
{
	json_t *less = json_copy((json_t *)(uintptr_t)record);
	(void)json_object_del(less, "first_used_at");
	(void)json_object_del(less, "last_used_at");
	return less;
}

/* As they are shown: a default that was never set is the same as one that was. */
static bool is_same(const struct item *item, struct span there, const json_t *json,
		    struct arena *arena)
{
	void *message;
	if (record_unpack(store_table_type(item->section->table), there, arena, &message, NULL) !=
	    CG_OK)
		return false;
	json_t *whole = record_to_whole_json(message);
	json_t *a = without_use(whole), *b = without_use(json);
	bool same = json_equal(a, b);
	json_decref(whole);
	json_decref(a);
	json_decref(b);
	return same;
}

/* A credential that would bring back an exposed key. */
static bool is_exposed(struct store_txn *txn, const struct item *item, struct arena *arena)
{
	const Cg__Credential *c = item->message;
	Cg__Certificate *certificate;
	struct span bytes;
	char hex[SHA256_HEX + 1];
	if (item->section->table != STORE_CREDENTIAL || c->has_revoked_at ||
	    c->type != CG__CREDENTIAL__TYPE__CERTIFICATE || c->sha256.len != SHA256_BYTES)
		return false;
	hex_format(c->sha256.data, SHA256_BYTES, hex);
	return store_get(txn, STORE_CERTIFICATE, span_of(hex), arena, &bytes, NULL) == CG_OK &&
	       (record_unpack(&cg__certificate__descriptor, bytes, arena, &certificate, NULL) !=
		    CG_OK ||
		exposed_key_check_in(
		    txn, span_make(certificate->spki_sha256.data, certificate->spki_sha256.len),
		    arena, NULL) != CG_OK);
}

/* What carries the public key ends with it. */
static cg_rc expose(struct store_txn *txn, struct importing *x, const Cg__ExposedKey *key,
		    struct cg_err *err)
{
	struct sha256 spki;
	if (key->spki_sha256.len != SHA256_BYTES)
		return cg_fail(err, CG_BAD_INPUT, "An exposed key of the export has no digest.");
	memcpy(spki.b, key->spki_sha256.data, SHA256_BYTES);
	cg_rc rc = credential_revoke_public_key_in(txn, x->actor, &spki, &x->arena, err);
	return rc == CG_OK ? revoked_note(txn, REVOKED_PUBLIC_KEY, key->id, &x->arena, err) : rc;
}

/* Whether it is one that could be made here; else why not is in *why.  What an export has was valid
 * when it was made, so times that have passed since are no reason. */
static bool is_valid(struct store_txn *txn, const struct item *item, struct arena *arena,
		     struct cg_err *why)
{
	/* What signs somebody in is no key's, and the other way about. */
	if (item->section->table == STORE_CREDENTIAL) {
		const Cg__Credential *c = item->message;
		return user_certificate_check_in(txn, span_make(c->sha256.data, c->sha256.len),
						 arena, why) == CG_OK;
	}
	if (item->section->table == STORE_USER_CERTIFICATE) {
		const Cg__UserCertificate *c = item->message;
		struct span bytes;
		return store_get(txn, STORE_CREDENTIAL, span_make(c->sha256.data, c->sha256.len),
				 arena, &bytes, why) == CG_NOT_FOUND;
	}
	if (item->section->table == STORE_SETTING)
		return setting_check(item->message, arena, why) == CG_OK;
	const struct entity *e = entity_of(item);
	return !e || e == &user_entity ||
	       e->check(txn, item->message, item->message, arena, why) == CG_OK;
}

static cg_rc import_item(struct store_txn *txn, struct importing *x, const struct item *item,
			 struct cg_err *err)
{
	struct span bytes, there;
	struct cg_err why = {0};
	enum store_table table = item->section->table;
	json_t *json = record_to_whole_json(item->message);
	const char *id = json_string_value(json_object_get(json, "id"));
	const char *name = json_string_value(json_object_get(json, "name"));
	if (!id)
		id = json_string_value(json_object_get(json, "sha256"));
	cg_rc rc = store_get(txn, table, item->key, &x->arena, &there, err);
	if (rc == CG_OK && is_same(item, there, json, &x->arena)) {
		x->run.same[table]++;
	} else if (rc == CG_OK) {
		clash(&x->run, "%s: %s is there with other contents.", item->section->name, id);
	} else if (rc == CG_NOT_FOUND) {
		rc = CG_OK;
		/* Before anything is written, what is referred to may be in the file. */
		const char *lacks = x->write ? missing(txn, item, &x->arena) : NULL;
		if (name_is_taken(txn, item, &x->arena)) {
			clash(&x->run, "%s: the name “%s” is taken by another record.",
			      item->section->name, name);
		} else if (lacks) {
			clash(&x->run, "%s: %s belongs to %s that is not there.",
			      item->section->name, id, lacks);
		} else if (is_exposed(txn, item, &x->arena)) {
			clash(&x->run, "%s: the public key of %s is blocked as exposed.",
			      item->section->name, id);
		} else if (derived_check(txn, table, item->message, &x->arena, &why) != CG_OK ||
			   (x->write && !is_valid(txn, item, &x->arena, &why))) {
			clash(&x->run, "%s: %s is not valid: %.200s", item->section->name, id,
			      why.text);
		} else {
			x->run.added[table]++;
			rc = record_pack(item->message, &x->arena, &bytes, err);
			if (x->write && rc == CG_OK)
				rc = store_add(txn, table, item->key, bytes, err);
			if (x->write && rc == CG_OK && table == STORE_EXPOSED_KEY)
				rc = expose(txn, x, item->message, err);
		}
	}
	json_decref(json);
	return rc;
}

static cg_rc import_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct importing *x = arg;
	cg_rc rc = CG_OK;
	memset(&x->run, 0, sizeof(x->run));
	for (size_t i = 0; rc == CG_OK && i < x->n; i++)
		rc = import_item(txn, x, &x->items[i], err);
	return rc;
}

static cg_rc flush(struct importing *x, struct cg_err *err)
{
	cg_rc rc = x->write ? store_write(x->store, STORE_CHANGES_GRANTS, import_txn, x, err)
			    : store_read(x->store, import_txn, x, err);
	for (enum store_table t = 0; t < STORE__TABLES; t++) {
		x->report->added[t] += x->run.added[t];
		x->report->same[t] += x->run.same[t];
	}
	for (size_t i = 0; i < x->run.n_clashes; i++)
		clash(x->report, "%s",
		      i < TRANSFER_CLASHES_MAX ? x->run.clashes[i] : "more of the same");
	x->n = 0;
	arena_clear(&x->arena);
	return rc;
}

static cg_rc take_record(const struct transfer_section *section, const json_t *record, void *arg,
			 struct cg_err *err)
{
	struct importing *x = arg;
	struct item *item = &x->items[x->n];
	ProtobufCMessage *message;
	cg_rc rc = record_from_whole_json(store_table_type(section->table), record, &x->arena,
					  &message, err);
	if (rc != CG_OK) {
		char why[sizeof(err->text)];
		(void)snprintf(why, sizeof(why), "%s", err->text);
		return cg_fail(err, CG_BAD_INPUT, "A record of %s cannot be read: %.300s",
			       section->name, why);
	}
	item->section = section;
	item->message = message;
	if (section->table == STORE_CREDENTIAL) {
		const Cg__Credential *c = (const void *)message;
		item->key = span_make(c->sha256.data, c->sha256.len);
	} else {
		item->key = span_of(((const Cg__Api *)(const void *)message)->id);
	}
	if (item->key.n == 0)
		return cg_fail(err, CG_BAD_INPUT, "A record of %s has no id.", section->name);
	return ++x->n == TRANSFER_BATCH ? flush(x, err) : CG_OK;
}

static cg_rc pass(struct importing *x, FILE *from, bool write, struct transfer_places *places,
		  struct transfer_report *report, struct cg_err *err)
{
	memset(report, 0, sizeof(*report));
	x->write = write;
	x->report = report;
	cg_rc rc = write ? transfer_read_sections(from, places, take_record, x, err)
			 : transfer_read(from, places, take_record, x, err);
	return rc == CG_OK ? flush(x, err) : rc;
}

struct told {
	const struct actor *actor;
	const struct transfer_report *report;
	struct arena arena; /* the audit tells of its entry after the commit */
};

static cg_rc tell_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct told *t = arg;
	json_t *changes = json_object();
	for (size_t i = 0; i < TRANSFER_SECTIONS; i++)
		(void)json_object_set_new(
		    changes, transfer_sections[i].name,
		    json_integer((json_int_t)t->report->added[transfer_sections[i].table]));
	cg_rc rc = audit_add(txn, t->actor, "store.import", "", "", changes, &t->arena, err);
	json_decref(changes);
	return rc;
}

cg_rc transfer_import(struct store *store, const struct actor *actor, FILE *from, bool skip,
		      struct transfer_report *out, struct cg_err *err)
{
	struct told told = {.actor = actor, .report = out};
	struct transfer_places places;
	struct importing *x = calloc(1, sizeof(*x));
	cg_rc rc = actor_require(actor, CG__ROLE__OWNER, err);
	if (!x)
		return cg_fail_memory(err);
	x->store = store;
	x->actor = actor;
	arena_init(&x->arena, (size_t)1024 * 1024 * 1024);
	if (rc == CG_OK)
		rc = pass(x, from, false, &places, out, err);
	if (rc == CG_OK && out->n_clashes > 0 && !skip)
		rc = cg_fail(err, CG_CLASH,
			     "Nothing was imported: %zu records clash with what is "
			     "there.",
			     out->n_clashes);
	if (rc == CG_OK)
		rc = pass(x, from, true, &places, out, err);
	arena_init(&told.arena, (size_t)64 * 1024);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_NONE, tell_txn, &told, err);
	arena_release(&told.arena);
	if (rc == CG_OK && out->n_clashes > 0 && !skip)
		rc = cg_fail(err, CG_CLASH,
			     "All was imported but %zu records: the report says what is wrong "
			     "with them.",
			     out->n_clashes);
	arena_release(&x->arena);
	free(x);
	return rc;
}
