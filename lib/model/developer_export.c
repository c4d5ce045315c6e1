/* All that is kept about a developer. */
#include "base/base.h"
#include "base/limits.h"
#include "model/audit.h"
#include "model/credential_in.h"
#include "model/developer.h"
#include "model/organisation.h"
#include "model/request_in.h"

#define AUDIT_PAGE 100

struct export_call {
	const char *id;
	struct arena *arena;
	Cg__Developer *developer;
	json_t *out, *list, *credentials, *certificates;
};

static cg_rc add_mail(struct span index_key, struct span key, struct span value, void *arg,
		      struct cg_err *err)
{
	struct export_call *c = arg;
	Cg__OutboxMail *mail;
	(void)index_key;
	(void)key;
	cg_rc rc = record_unpack(&cg__outbox_mail__descriptor, value, c->arena, &mail, err);
	if (rc == CG_OK && json_array_append_new(c->list, record_to_json(mail)) != 0)
		rc = cg_fail_memory(err);
	return rc;
}

static cg_rc add_certificate(struct store_txn *txn, struct export_call *c,
			     const Cg__Credential *credential, struct cg_err *err)
{
	Cg__Certificate *certificate;
	char hex[SHA256_HEX + 1];
	if (credential->type != CG__CREDENTIAL__TYPE__CERTIFICATE)
		return CG_OK;
	hex_format(credential->sha256.data, SHA256_BYTES, hex);
	cg_rc rc = store_load(txn, STORE_CERTIFICATE, span_of(hex), c->arena, &certificate, err);
	if (rc == CG_OK && json_array_append_new(c->certificates, record_to_json(certificate)) != 0)
		rc = cg_fail_memory(err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static cg_rc add_key(struct store_txn *txn, struct export_call *c, const char *id,
		     struct cg_err *err)
{
	Cg__Key *key;
	struct credentials list = {.n = 0};
	cg_rc rc = entity_get_in(txn, &key_entity, id, c->arena, &key, err);
	if (rc == CG_OK)
		rc = credential_list_in(txn, id, c->arena, &list, err);
	if (rc != CG_OK)
		return rc;
	if (json_array_append_new(c->list, record_to_json(key)) != 0)
		rc = cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		rc = json_array_append_new(c->credentials, record_to_json(list.items[i])) == 0
			 ? add_certificate(txn, c, list.items[i], err)
			 : cg_fail_memory(err);
	return rc;
}

/* NULL where there is no memory; of c->out. */
static json_t *new_list(struct export_call *c, const char *name)
{
	json_t *list = json_array();
	c->list = json_object_set_new(c->out, name, list) == 0 ? list : NULL;
	return c->list;
}

static cg_rc export_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct export_call *c = arg;
	Cg__Organisation *o;
	struct key_ids keys = {.n = 0};
	struct request_list requests = {.n = 0};
	json_object_clear(c->out);
	cg_rc rc = entity_get_in(txn, &developer_entity, c->id, c->arena, &c->developer, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &organisation_entity, c->developer->organisation_id,
				   c->arena, &o, err);
	if (rc != CG_OK)
		return rc;
	if (json_object_set_new(c->out, "developer", record_to_json(c->developer)) != 0 ||
	    json_object_set_new(c->out, "organisation", record_to_json(o)) != 0 ||
	    !(c->credentials = new_list(c, "credentials")) ||
	    !(c->certificates = new_list(c, "certificates")) || !new_list(c, "keys"))
		return cg_fail_memory(err);
	rc = organisation_keys_in(txn, STORE_KEY_BY_DEVELOPER, c->developer->id, c->arena, &keys,
				  err);
	for (size_t i = 0; rc == CG_OK && i < keys.n; i++)
		rc = add_key(txn, c, keys.items[i], err);
	if (rc == CG_OK)
		rc = new_list(c, "requests")
			 ? request_list_in(txn, STORE_REQUEST_BY_DEVELOPER,
					   span_of(c->developer->id), c->arena, &requests, err)
			 : cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < requests.n; i++)
		if (json_array_append_new(c->list, record_to_json(requests.items[i])) != 0)
			rc = cg_fail_memory(err);
	struct store_walk mails = {.by_index = true,
				   .index = STORE_OUTBOX_MAIL_BY_TO,
				   .only = true,
				   .index_key = span_of(c->developer->email)};
	if (rc == CG_OK)
		rc = new_list(c, "mails") ? store_walk(txn, &mails, add_mail, c, err)
					  : cg_fail_memory(err);
	return rc;
}

/* What the developer did, and what was done to the record. */
static cg_rc add_audit(struct store *store, struct export_call *c, struct cg_err *err)
{
	const char *id = c->developer->id;
	struct audit_page page = {.next = 0};
	struct arena arena;
	cg_rc rc = new_list(c, "audit") ? CG_OK : cg_fail_memory(err);
	arena_init(&arena, COMMAND_ARENA_MAX);
	do {
		arena_clear(&arena);
		if (rc == CG_OK)
			rc = audit_list(store, &actor_steward, page.next, AUDIT_PAGE, span_of(id),
					&arena, &page, err);
		for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
			const Cg__AuditEntry *e = page.items[i];
			if ((strcmp(e->actor_id ? e->actor_id : "", id) == 0 ||
			     strcmp(e->subject_id ? e->subject_id : "", id) == 0) &&
			    json_array_append_new(c->list, record_to_json(e)) != 0)
				rc = cg_fail_memory(err);
		}
	} while (rc == CG_OK && page.next > 0);
	arena_release(&arena);
	return rc;
}

cg_rc developer_export(struct store *store, const struct actor *actor, const char *id,
		       struct arena *arena, json_t **out, struct cg_err *err)
{
	struct export_call c = {.id = id, .arena = arena, .out = json_object()};
	cg_rc rc = actor_require(actor, developer_entity.role, err);
	if (rc == CG_OK)
		rc = c.out ? store_read(store, export_txn, &c, err) : cg_fail_memory(err);
	if (rc == CG_OK)
		rc = add_audit(store, &c, err);
	if (rc == CG_OK)
		*out = c.out;
	else
		json_decref(c.out);
	return rc;
}
