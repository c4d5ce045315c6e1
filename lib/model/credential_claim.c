/* Credentials of a key; what developers claim, prove, and replace. */
#include "base/base.h"
#include "base/clock.h"
#include "model/credential_in.h"
#include "model/revoked.h"

cg_rc credential_load_in(struct store_txn *txn, struct span sha256, struct arena *arena,
			 Cg__Credential **out, struct cg_err *err)
{
	return store_load(txn, STORE_CREDENTIAL, sha256, arena, out, err);
}

cg_rc credential_set_proof_in(struct store_txn *txn, Cg__Credential *credential, int64_t proven_at,
			      struct arena *arena, struct cg_err *err)
{
	credential->has_claimed = true;
	credential->claimed = proven_at == 0;
	credential->has_proven_at = proven_at != 0;
	credential->proven_at = proven_at;
	return credential_put_in(txn, credential, arena, err);
}

cg_rc credential_key_in(struct store_txn *txn, const Cg__Credential *credential,
			struct arena *arena, Cg__Key **out, struct cg_err *err)
{
	struct cg_err why = {0};
	cg_rc rc = entity_get_in(txn, &key_entity, credential->key_id, arena, out, &why);
	if (rc == CG_OK)
		return rc;
	if (rc != CG_NOT_FOUND)
		return cg_fail(err, rc, "The key of a certificate cannot be read.");
	*out = (void *)record_new(&cg__key__descriptor, arena);
	if (!*out)
		return cg_fail_memory(err);
	(*out)->id = credential->key_id;
	(*out)->name = (char *)(uintptr_t) "";
	return CG_OK;
}

cg_rc credential_yield_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			  const Cg__Credential *credential, struct arena *arena, struct cg_err *err)
{
	cg_rc rc = revoked_note_less(txn, STORE_CREDENTIAL, credential, NULL, arena, err);
	if (rc == CG_OK)
		rc = store_remove(txn, STORE_CREDENTIAL,
				  span_make(credential->sha256.data, credential->sha256.len), err);
	return rc == CG_OK ? credential_audit_in(txn, actor, "credential.yield", key, credential,
						 NULL, arena, err)
			   : rc;
}

cg_rc credential_set_end_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			    Cg__Credential *credential, int64_t ends_at, struct arena *arena,
			    struct cg_err *err)
{
	char text[RFC3339_TEXT + 1] = "";
	const Cg__Credential before = *credential;
	credential->has_ends_at = ends_at != 0;
	credential->ends_at = ends_at;
	if (ends_at != 0)
		(void)rfc3339_format(ends_at, text);
	cg_rc rc = revoked_note_less(txn, STORE_CREDENTIAL, &before, credential, arena, err);
	if (rc == CG_OK)
		rc = credential_put_in(txn, credential, arena, err);
	return rc == CG_OK
		   ? credential_audit_in(txn, actor, "credential.change", key, credential,
					 json_pack("{s:s?}", "ends_at", ends_at != 0 ? text : NULL),
					 arena, err)
		   : rc;
}

cg_rc credential_end_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			Cg__Credential *credential, int64_t ends_at, struct arena *arena,
			struct cg_err *err)
{
	if ((credential->has_ends_at && credential->ends_at <= ends_at) ||
	    (credential->has_not_after && credential->not_after < ends_at))
		return CG_OK;
	return credential_set_end_in(txn, actor, key, credential, ends_at, arena, err);
}

/* --- those of a key --- */

cg_rc credential_list_in(struct store_txn *txn, const char *key_id, struct arena *arena,
			 struct credentials *out, struct cg_err *err)
{
	return store_load_all(txn, STORE_CREDENTIAL_BY_KEY, span_of(key_id), arena, &out->items,
			      &out->n, err);
}

struct listing {
	const char *key_id;
	struct arena *arena;
	struct credentials list;
};

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	return credential_list_in(txn, l->key_id, l->arena, &l->list, err);
}

cg_rc credential_list(struct store *store, const char *key_id, struct arena *arena,
		      struct credentials *out, struct cg_err *err)
{
	struct listing l = {.key_id = key_id, .arena = arena};
	cg_rc rc = store_read(store, list_txn, &l, err);
	if (rc == CG_OK)
		*out = l.list;
	return rc;
}
