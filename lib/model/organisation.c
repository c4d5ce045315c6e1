#include "base/base.h"
#include "model/organisation.h"
#include "model/developer.h"
#include "model/email.h"
#include "model/revoked.h"

#define CONTACTS_MAX 20

static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	Cg__Organisation *o = message;
	cg_rc rc = CG_OK;
	size_t kept = 0;
	(void)txn;
	(void)before;
	if (o->n_contacts > CONTACTS_MAX)
		return cg_fail_field(err, "contacts", "has more than %d addresses", CONTACTS_MAX);
	for (size_t i = 0; i < o->n_contacts; i++) {
		char *normal = email_normal(o->contacts[i], arena);
		size_t j = 0;
		if (!normal) {
			char at[32];
			(void)snprintf(at, sizeof(at), "contacts[%zu]", i);
			rc = cg_fail_field(err, at, EMAIL_BAD);
			continue;
		}
		while (j < kept && strcmp(o->contacts[j], normal) != 0)
			j++;
		o->contacts[j] = normal;
		kept += j == kept;
	}
	if (rc != CG_OK)
		return rc;
	o->n_contacts = kept;
	return CG_OK;
}

static cg_rc count(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	(void)index_key;
	(void)key;
	(void)value;
	(void)err;
	++*(size_t *)arg;
	return CG_OK;
}

static cg_rc removing(struct store_txn *txn, const void *message, struct arena *arena,
		      struct cg_err *err)
{
	const Cg__Organisation *o = message;
	size_t keys = 0, developers = 0;
	struct store_walk walk = {.by_index = true,
				  .index = STORE_KEY_BY_ORGANISATION,
				  .only = true,
				  .index_key = span_of(o->id)};
	(void)arena;
	cg_rc rc = store_walk(txn, &walk, count, &keys, err);
	walk.index = STORE_DEVELOPER_BY_ORGANISATION;
	if (rc == CG_OK)
		rc = store_walk(txn, &walk, count, &developers, err);
	if (rc == CG_OK && keys + developers > 0)
		return cg_fail_code(err, CG_CLASH, "organisation_in_use",
				    "The organisation “%.60s” has %zu %s and %zu %s: move or "
				    "remove them first.",
				    o->name, keys, keys == 1 ? "key" : "keys", developers,
				    developers == 1 ? "developer" : "developers");
	return rc;
}

const struct entity organisation_entity = {
    .word = "organisation",
    .audit = "organisation",
    .type = &cg__organisation__descriptor,
    .table = STORE_ORGANISATION,
    .by_name = STORE_ORGANISATION_BY_NAME,
    .unique_name = false,
    .role = CG__ROLE__ADMIN,
    .effect = STORE_CHANGES_GRANTS,
    .check = check,
    .removing = removing,
};

cg_rc organisation_find_in(struct store_txn *txn, char **id_or_name, struct arena *arena,
			   struct cg_err *err)
{
	Cg__Organisation *o;
	struct cg_err why = {0};
	cg_rc rc = entity_get_in(txn, &organisation_entity, *id_or_name, arena, &o, &why);
	if (rc == CG_OK)
		*id_or_name = o->id;
	else if (rc == CG_NOT_FOUND || rc == CG_CLASH)
		rc = cg_fail_field(err, "organisation_id", "%s", why.text);
	else
		(void)cg_fail(err, rc, "%s", why.text);
	return rc;
}

cg_rc organisation_lets_in(struct store_txn *txn, const char *organisation_id,
			   const char *developer_id, struct arena *arena,
			   enum organisation_off *out, struct cg_err *err)
{
	struct span bytes;
	Cg__Organisation *o = NULL;
	Cg__Developer *d = NULL;
	cg_rc rc = CG_OK;
	*out = ORGANISATION_ON;
	if (organisation_id) {
		rc = store_get(txn, STORE_ORGANISATION, span_of(organisation_id), arena, &bytes,
			       err);
		if (rc == CG_OK)
			rc = record_unpack(&cg__organisation__descriptor, bytes, arena, &o, err);
		*out = rc == CG_OK && o->active ? ORGANISATION_ON : ORGANISATION_OFF;
	}
	if (rc == CG_OK && *out == ORGANISATION_ON && developer_id) {
		rc = store_get(txn, STORE_DEVELOPER, span_of(developer_id), arena, &bytes, err);
		if (rc == CG_OK)
			rc = record_unpack(&cg__developer__descriptor, bytes, arena, &d, err);
		*out = rc == CG_OK && d->active ? ORGANISATION_ON : ORGANISATION_DEVELOPER_OFF;
	}
	/* Both outlive their keys: what is gone is damage, and damage lets nobody in. */
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

cg_rc organisation_keys_in(struct store_txn *txn, enum store_index index, const char *of,
			   struct arena *arena, struct key_ids *out, struct cg_err *err)
{
	struct store_walk walk = {
	    .by_index = true, .index = index, .only = true, .index_key = span_of(of)};
	struct store_keys keys;
	*out = (struct key_ids){.n = 0};
	cg_rc rc = store_keys(txn, &walk, SIZE_MAX, NULL, NULL, arena, &keys, err);
	if (rc != CG_OK)
		return rc;
	out->items = arena_alloc(arena, keys.n * sizeof(*out->items));
	if (!out->items)
		return cg_fail_memory(err);
	for (; out->n < keys.n; out->n++)
		out->items[out->n] = (char *)(uintptr_t)keys.items[out->n].p;
	return CG_OK;
}
