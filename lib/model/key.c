#include "base/base.h"
#include "model/key.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/access.h"
#include "model/audit.h"
#include "model/credential_in.h"
#include "model/name.h"
#include "model/organisation.h"
#include "model/outbox.h"
#include "model/policy.h"

/* Policies by id or name; the list then holds the ids, each once. */
static cg_rc check_policies(struct store_txn *txn, Cg__Key *key, struct arena *arena,
			    struct cg_err *err)
{
	cg_rc worst = CG_OK;
	size_t kept = 0;
	if (key->n_policy_ids > POLICIES_MAX)
		return cg_fail_field(err, "policy_ids", "has more than %d policies", POLICIES_MAX);
	for (size_t i = 0; i < key->n_policy_ids; i++) {
		Cg__Policy *policy;
		struct cg_err why = {0};
		size_t j = 0;
		cg_rc rc =
		    entity_get_in(txn, &policy_entity, key->policy_ids[i], arena, &policy, &why);
		if (rc == CG_NOT_FOUND) {
			worst = cg_fail_field(err, "policy_ids", "There is no policy “%.100s”",
					      key->policy_ids[i]);
			continue;
		}
		if (rc != CG_OK)
			return cg_fail(err, rc, "%s", why.text);
		while (j < kept && strcmp(key->policy_ids[j], policy->id) != 0)
			j++;
		key->policy_ids[j] = policy->id;
		kept += j == kept;
	}
	key->n_policy_ids = kept;
	return worst;
}

cg_rc key_tell_revoked_in(struct store_txn *txn, const Cg__Key *key, const char *sha256,
			  const char *reason, struct arena *arena, struct cg_err *err)
{
	if (!key->organisation_id)
		return CG_OK;
	json_t *values = json_pack("{s:s, s:s, s:s, s:s, s:o}", "key_name", key->name, "what",
				   !sha256   ? ""
				   : *sha256 ? "certificate"
					     : "token",
				   "fingerprint", sha256 ? sha256 : "", "reason", reason, "path",
				   json_sprintf("/portal/keys/%s", key->id));
	cg_rc rc = values ? mail_queue_organisation(txn, CG__OUTBOX_MAIL__KIND__KEY_REVOKED,
						    key->organisation_id, values, arena, err)
			  : cg_fail_memory(err);
	json_decref(values);
	return rc;
}

static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	Cg__Key *key = message;
	const Cg__Key *old = before;
	cg_rc worst = access_check(txn, key->access, key->n_access, arena, err);
	worst = cg_worse(worst, check_policies(txn, key, arena, err));
	if (key->organisation_id)
		worst =
		    cg_worse(worst, organisation_find_in(txn, &key->organisation_id, arena, err));
	worst = cg_worse(worst, tags_read(key->tags, &key->n_tags, old ? old->tags : NULL,
					  old ? old->n_tags : 0, arena, err));
	/* Who asked for it is of the organisation that it belonged to. */
	if (old && old->organisation_id &&
	    (!key->organisation_id || strcmp(key->organisation_id, old->organisation_id) != 0))
		key->developer_id = NULL;
	worst = cg_worse(worst, access_check_addresses(key->allowed_ips, key->n_allowed_ips,
						       "allowed_ips", err));
	worst = cg_worse(worst, access_check_addresses(key->blocked_ips, key->n_blocked_ips,
						       "blocked_ips", err));
	bool same =
	    old && old->has_expires_at == key->has_expires_at && old->expires_at == key->expires_at;
	if (key->has_expires_at && !same && key->expires_at <= clock_unix_s())
		worst = cg_worse(worst,
				 cg_fail_field(err, "expires_at",
					       "is in the past; leave it out for a key without an "
					       "end, or switch the key off with active"));
	if (worst == CG_OK && old && old->active && !key->active)
		worst = key_tell_revoked_in(txn, key, NULL, "switched off", arena, err);
	return worst;
}

/* What is taken from a key. */
typedef void (*drop_fn)(Cg__Key *key, const char *id);

static void drop_api(Cg__Key *key, const char *id)
{
	key->n_access = access_drop_api(key->access, key->n_access, id);
}

static void drop_policy(Cg__Key *key, const char *id)
{
	size_t kept = 0;
	for (size_t i = 0; i < key->n_policy_ids; i++)
		if (strcmp(key->policy_ids[i], id) != 0)
			key->policy_ids[kept++] = key->policy_ids[i];
	key->n_policy_ids = kept;
}

static cg_rc drop_from(struct store_txn *txn, const char *key_id, drop_fn drop, const char *id,
		       struct arena *arena, struct cg_err *err)
{
	Cg__Key *key;
	cg_rc rc = entity_get_in(txn, &key_entity, key_id, arena, &key, err);
	if (rc != CG_OK)
		return rc;
	drop(key, id);
	return entity_put_in(txn, &key_entity, key, arena, err);
}

static cg_rc drop_all(struct store_txn *txn, enum store_index index, drop_fn drop, const char *id,
		      struct arena *arena, struct cg_err *err)
{
	struct store_keys keys;
	struct store_walk walk = {
	    .by_index = true, .index = index, .only = true, .index_key = span_of(id)};
	cg_rc rc = store_keys(txn, &walk, SIZE_MAX, NULL, NULL, arena, &keys, err);
	for (size_t i = 0; rc == CG_OK && i < keys.n; i++) {
		struct arena one;
		arena_init(&one, arena->max_bytes);
		rc = drop_from(txn, keys.items[i].p, drop, id, &one, err);
		arena_release(&one);
	}
	return rc;
}

cg_rc key_drop_api(struct store_txn *txn, const char *api_id, struct arena *arena,
		   struct cg_err *err)
{
	return drop_all(txn, STORE_KEY_BY_API, drop_api, api_id, arena, err);
}

cg_rc key_drop_policy(struct store_txn *txn, const char *policy_id, struct arena *arena,
		      struct cg_err *err)
{
	return drop_all(txn, STORE_KEY_BY_POLICY, drop_policy, policy_id, arena, err);
}

/* --- making one --- */

struct create_call {
	const struct actor *actor;
	const struct key_new *what;
	struct arena *arena;
	Cg__Key *key;
	char *token;
};

/* The certificate was not pasted: a handshake has proven that its sender has the private key. */
static cg_rc audit_proof(struct store_txn *txn, const struct create_call *c, struct cg_err *err)
{
	char hex[SHA256_HEX + 1];
	hex_format(c->what->cert->sha256.b, SHA256_BYTES, hex);
	json_t *changes = json_pack("{s:s, s:s}", "sha256", hex, "refused_request_id",
				    c->what->refused_request_id);
	cg_rc rc = changes ? audit_add(txn, c->actor, "credential.proven", c->key->id, c->key->name,
				       changes, c->arena, err)
			   : cg_fail_memory(err);
	json_decref(changes);
	return rc;
}

/* What is wrong with the certificate, when the record is faulty as well; what this writes goes with
 * the transaction. */
static void also_judge(struct store_txn *txn, const struct create_call *c, struct cg_err *err)
{
	Cg__Key none = CG__KEY__INIT;
	Cg__Credential *ignored;
	struct cg_err why = {0};
	none.id = none.name = (char *)(uintptr_t) "";
	cg_rc rc = credential_add_certificate_in(txn, c->actor, &none, c->what->cert, c->arena,
						 &ignored, &why);
	if (rc == CG_CLASH || rc == CG_BAD_VALUE)
		(void)cg_fail_field(err, "certificate", "%s", why.text);
}

static cg_rc create_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct create_call *c = arg;
	const struct cg_err *fault = c->what->fault;
	Cg__Credential *credential;
	cg_rc rc = entity_create_as_in(txn, &key_entity, c->actor, c->what->id, c->what->key,
				       c->arena, &c->key, err);
	if (c->what->cert && (rc == CG_BAD_VALUE || (rc == CG_OK && fault)))
		also_judge(txn, c, err);
	rc = cg_beside(rc, fault, err);
	if (rc == CG_OK && c->what->cert)
		rc = credential_add_certificate_in(txn, c->actor, c->key, c->what->cert, c->arena,
						   &credential, err);
	if (rc == CG_OK && c->what->cert && c->what->refused_request_id)
		rc = credential_set_proof_in(txn, credential, clock_unix_s(), c->arena, err);
	if (rc == CG_OK && c->what->cert && c->what->refused_request_id)
		rc = audit_proof(txn, c, err);
	if (rc == CG_OK && c->what->token)
		rc = credential_add_token_in(txn, c->actor, c->key, c->arena, &credential, c->token,
					     err);
	return rc;
}

cg_rc key_create(struct store *store, const struct actor *actor, const struct key_new *what,
		 struct arena *arena, Cg__Key **out, char token[TOKEN_TEXT + 1], struct cg_err *err)
{
	struct create_call c = {.actor = actor, .what = what, .arena = arena, .token = token};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, create_txn, &c, err);
	if (rc == CG_OK)
		*out = c.key;
	return rc;
}

static cg_rc removing(struct store_txn *txn, const void *message, struct arena *arena,
		      struct cg_err *err)
{
	const Cg__Key *key = message;
	const char *id = key->id;
	cg_rc rc = CG_OK;
	if (key->active)
		rc = key_tell_revoked_in(txn, key, NULL, "removed", arena, err);
	return rc == CG_OK ? credential_drop_key_in(txn, id, arena, err) : rc;
}

const struct entity key_entity = {
    .word = "key",
    .audit = "key",
    .type = &cg__key__descriptor,
    .table = STORE_KEY,
    .by_name = STORE_KEY_BY_NAME,
    .unique_name = false,
    .role = CG__ROLE__ADMIN,
    .effect = STORE_CHANGES_GRANTS,
    .check = check,
    .removing = removing,
};

/* Times of use, and whether there are any. */
struct uses {
	protobuf_c_boolean *has_first, *has_last;
	int64_t *first, *last;
};

/* Whether the minute is news; it may have begun before what was used was made. */
static bool note_use(struct uses u, int64_t made_at, int64_t minute)
{
	int64_t at = minute > made_at ? minute : made_at;
	if (*u.has_last && *u.last >= at)
		return false;
	if (!*u.has_first)
		*u.first = at;
	*u.last = at;
	*u.has_first = *u.has_last = true;
	return true;
}

cg_rc key_used(struct store_txn *txn, const char *id, int64_t at_unix_s, struct arena *arena,
	       struct cg_err *err)
{
	Cg__Key *key;
	cg_rc rc = store_load(txn, STORE_KEY, span_of(id), arena, &key, err);
	if (rc == CG_OK && note_use((struct uses){&key->has_first_used_at, &key->has_last_used_at,
						  &key->first_used_at, &key->last_used_at},
				    key->created_at, at_unix_s))
		rc = store_save(txn, STORE_KEY, span_of(id), key, arena, err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

cg_rc credential_used(struct store_txn *txn, const struct sha256 *digest, int64_t at_unix_s,
		      struct arena *arena, struct cg_err *err)
{
	const struct span id = span_make((const char *)digest->b, SHA256_BYTES);
	Cg__Credential *c;
	cg_rc rc = credential_load_in(txn, id, arena, &c, err);
	if (rc == CG_OK && note_use((struct uses){&c->has_first_used_at, &c->has_last_used_at,
						  &c->first_used_at, &c->last_used_at},
				    c->added_at, at_unix_s))
		rc = store_save(txn, STORE_CREDENTIAL, id, c, arena, err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

struct recent {
	size_t max;
	struct arena *arena;
	struct entity_page page;
};

static cg_rc visit_recent(struct span index_key, struct span key, struct span value, void *arg,
			  struct cg_err *err)
{
	struct recent *r = arg;
	(void)index_key;
	(void)key;
	cg_rc rc =
	    record_unpack(&cg__key__descriptor, value, r->arena, &r->page.messages[r->page.n], err);
	return rc == CG_OK && ++r->page.n == r->max ? CG_NOT_FOUND : rc;
}

static cg_rc recent_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct recent *r = arg;
	struct store_walk walk = {.by_index = true, .index = STORE_KEY_BY_USE};
	r->page.n = 0;
	return store_walk(txn, &walk, visit_recent, r, err);
}

cg_rc key_recent(struct store *store, size_t max, struct arena *arena, struct entity_page *out,
		 struct cg_err *err)
{
	struct recent r = {
	    .max = max, .arena = arena, .page.messages = arena_alloc(arena, max * sizeof(void *))};
	cg_rc rc = r.page.messages ? store_read(store, recent_txn, &r, err) : cg_fail_memory(err);
	if (rc == CG_OK)
		*out = r.page;
	return rc;
}
