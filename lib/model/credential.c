#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/audit.h"
#include "model/certificate.h"
#include "model/credential_in.h"
#include "model/exposed_key.h"
#include "model/revoked.h"
#include "model/user_certificate.h"

cg_rc credential_put_in(struct store_txn *txn, Cg__Credential *credential, struct arena *arena,
			struct cg_err *err)
{
	credential->has_revision = true;
	credential->revision++;
	return store_save(txn, STORE_CREDENTIAL,
			  span_make(credential->sha256.data, credential->sha256.len), credential,
			  arena, err);
}

cg_rc credential_audit_in(struct store_txn *txn, const struct actor *actor, const char *action,
			  const Cg__Key *key, const Cg__Credential *credential, json_t *changes,
			  struct arena *arena, struct cg_err *err)
{
	char hex[SHA256_HEX + 1] = "";
	if (credential->sha256.len == SHA256_BYTES)
		hex_format(credential->sha256.data, SHA256_BYTES, hex);
	if (!changes)
		changes = json_object();
	(void)json_object_set_new(changes, "sha256", json_string(hex));
	cg_rc rc = audit_add(txn, actor, action, key->id, key->name, changes, arena, err);
	json_decref(changes);
	return rc;
}

/* The certificate of a credential. */
static cg_rc load_certificate(struct store_txn *txn, const Cg__Credential *credential,
			      struct arena *arena, Cg__Certificate **out, struct cg_err *err)
{
	char hex[SHA256_HEX + 1] = "";
	if (credential->sha256.len == SHA256_BYTES)
		hex_format(credential->sha256.data, SHA256_BYTES, hex);
	cg_rc rc = store_load(txn, STORE_CERTIFICATE, span_of(hex), arena, out, err);
	/* Both are written in one transaction, so this is damage. */
	if (rc == CG_NOT_FOUND)
		rc = cg_fail(err, CG_UNAVAILABLE,
			     "A credential's certificate is missing in the store: run `certgate "
			     "verify`.");
	return rc;
}

static struct span digest_of(const ProtobufCBinaryData *bytes)
{
	return span_make(bytes->data, bytes->len);
}

/* Whether a revocation says nothing new: the first reason stays, unless the key turns out to be
 * exposed. */
static bool is_revoked_for(const Cg__Credential *c, Cg__Credential__Reason reason)
{
	return c->has_revoked_at && !c->active &&
	       (c->revoked_reason == reason || reason != CG__CREDENTIAL__REASON__KEY_EXPOSED);
}

/* Marks it as revoked now; one that was revoked before keeps its time. */
static void set_revoked(Cg__Credential *c, Cg__Credential__Reason reason)
{
	if (!c->has_revoked_at)
		c->revoked_at = clock_unix_s();
	c->has_active = c->has_revoked_at = c->has_revoked_reason = true;
	c->active = false;
	c->revoked_reason = reason;
}

/* Why a digest cannot be added: whose it is. */
static cg_rc in_use(struct store_txn *txn, const Cg__Key *key, struct span sha256,
		    struct arena *arena, struct cg_err *err)
{
	Cg__Credential *other = NULL;
	Cg__Key *owner;
	cg_rc rc = store_load(txn, STORE_CREDENTIAL, sha256, arena, &other, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &key_entity, other->key_id, arena, &owner, NULL);
	if (rc == CG_NOT_FOUND && other && other->has_revoked_at)
		return cg_fail_code(
		    err, CG_CLASH, "certificate_revoked",
		    "This certificate was revoked at a key that is gone. Make a new "
		    "one; or, if that was a mistake, remove the certificate with "
		    "?cascade=true, which forgets the revocation.");
	if (rc != CG_OK)
		return cg_fail(err, rc, "The key of this certificate cannot be read.");
	if (other->has_revoked_at)
		return cg_fail_code(err, CG_CLASH, "certificate_revoked",
				    "This certificate was revoked at the key “%s” (%s). If that "
				    "was a mistake, switch it on again there; else make a new one.",
				    owner->name, owner->id);
	if (key->id && strcmp(owner->id, key->id) == 0)
		return cg_fail_code(err, CG_CLASH, "certificate_in_use",
				    "This key has the certificate already.");
	return cg_fail_code(err, CG_CLASH, "certificate_in_use",
			    "This certificate belongs to the key “%s” (%s); a certificate has one "
			    "key.",
			    owner->name, owner->id);
}

/* What does not change of one, so that the audit alone says what was there at a time. */
static json_t *added_json(const Cg__Credential *c)
{
	char from[RFC3339_TEXT + 1] = "", to[RFC3339_TEXT + 1] = "";
	if (c->type != CG__CREDENTIAL__TYPE__CERTIFICATE)
		return json_pack("{s:s}", "type", "token");
	(void)rfc3339_format(c->not_before, from);
	(void)rfc3339_format(c->not_after, to);
	return json_pack("{s:s, s:s, s:s}", "type", "certificate", "not_before", from, "not_after",
			 to);
}

/* What somebody only claimed, and has revoked, keeps nobody from the certificate; the key that it
 * was revoked at is asked first, where it can be switched on again. */
static cg_rc yield_revoked(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			   struct span sha256, struct arena *arena, struct cg_err *err)
{
	Cg__Credential *there;
	Cg__Key *owner;
	cg_rc rc = credential_load_in(txn, sha256, arena, &there, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc != CG_OK || !there->claimed || !there->has_revoked_at ||
	    strcmp(there->key_id, key->id) == 0)
		return rc;
	rc = credential_key_in(txn, there, arena, &owner, err);
	return rc == CG_OK ? credential_yield_in(txn, actor, owner, there, arena, err) : rc;
}

static cg_rc add(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
		 Cg__Credential *credential, struct arena *arena, struct cg_err *err)
{
	struct span bytes, sha256 = span_make(credential->sha256.data, credential->sha256.len);
	credential->key_id = key->id;
	credential->has_added_at = credential->has_revision = true;
	credential->added_at = clock_unix_s();
	credential->revision = 1;
	cg_rc rc = yield_revoked(txn, actor, key, sha256, arena, err);
	if (rc == CG_OK)
		rc = record_pack(credential, arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_add(txn, STORE_CREDENTIAL, sha256, bytes, err);
	if (rc == CG_CLASH)
		return in_use(txn, key, sha256, arena, err);
	return rc == CG_OK ? credential_audit_in(txn, actor, "credential.add", key, credential,
						 added_json(credential), arena, err)
			   : rc;
}

cg_rc credential_add_certificate_in(struct store_txn *txn, const struct actor *actor,
				    const Cg__Key *key, const struct cert *cert,
				    struct arena *arena, Cg__Credential **out, struct cg_err *err)
{
	Cg__Credential *c = (void *)record_new(&cg__credential__descriptor, arena);
	if (!c)
		return cg_fail_memory(err);
	c->sha256 = (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)cert->sha256.b};
	c->type = CG__CREDENTIAL__TYPE__CERTIFICATE;
	c->has_not_before = c->has_not_after = true;
	c->not_before = cert->not_before;
	c->not_after = cert->not_after;
	cg_rc rc =
	    user_certificate_check_in(txn, span_make(cert->sha256.b, SHA256_BYTES), arena, err);
	if (rc == CG_OK)
		rc = certificate_put_in(txn, actor, cert, arena, err);
	if (rc == CG_OK)
		rc = add(txn, actor, key, c, arena, err);
	if (rc == CG_OK)
		*out = c;
	return rc;
}

cg_rc credential_add_token_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			      struct arena *arena, Cg__Credential **out, char token[TOKEN_TEXT + 1],
			      struct cg_err *err)
{
	Cg__Credential *c = (void *)record_new(&cg__credential__descriptor, arena);
	struct sha256 *digest = arena_alloc(arena, sizeof(*digest));
	if (!c || !digest)
		return cg_fail_memory(err);
	if (random_token(token) != CG_OK || sha256_of(span_of(token), digest) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	c->sha256 = (ProtobufCBinaryData){SHA256_BYTES, digest->b};
	c->type = CG__CREDENTIAL__TYPE__TOKEN;
	cg_rc rc = add(txn, actor, key, c, arena, err);
	if (rc == CG_OK)
		*out = c;
	return rc;
}

/* --- those of a key --- */

struct call {
	const struct actor *actor;
	const char *key_id;
	struct sha256 sha256;
	uint64_t revision;
	const struct cert *cert;
	size_t had;
	const json_t *patch;
	Cg__Credential__Reason reason;
	struct arena *arena;
	Cg__Credential *credential;
	char *token;
};

cg_rc credential_drop_key_in(struct store_txn *txn, const char *key_id, struct arena *arena,
			     struct cg_err *err)
{
	struct credentials list;
	cg_rc rc = credential_list_in(txn, key_id, arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		/* What was revoked stays known, and cannot be registered anew. */
		if (list.items[i]->has_revoked_at &&
		    list.items[i]->type == CG__CREDENTIAL__TYPE__CERTIFICATE)
			continue;
		rc = revoked_note_less(txn, STORE_CREDENTIAL, list.items[i], NULL, arena, err);
		if (rc != CG_OK)
			break;
		rc = store_remove(txn, STORE_CREDENTIAL,
				  span_make(list.items[i]->sha256.data, list.items[i]->sha256.len),
				  err);
	}
	return rc;
}

static cg_rc load_key(struct store_txn *txn, struct call *c, Cg__Key **key, struct cg_err *err)
{
	cg_rc rc = entity_get_in(txn, &key_entity, c->key_id, c->arena, key, err);
	if (rc == CG_OK)
		c->key_id = (*key)->id;
	return rc;
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = store_load(txn, STORE_CREDENTIAL, span_make(c->sha256.b, SHA256_BYTES), c->arena,
			      &c->credential, err);
	if (rc == CG_NOT_FOUND || (rc == CG_OK && strcmp(c->credential->key_id, c->key_id) != 0))
		rc = cg_fail(err, CG_NOT_FOUND, "The key has no such credential.");
	return rc;
}

/* The one that is to be changed, at the revision that the caller has seen. */
static cg_rc load_for_change(struct store_txn *txn, struct call *c, Cg__Key **key,
			     struct cg_err *err)
{
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = load_key(txn, c, key, err);
	if (rc == CG_OK)
		rc = get_txn(txn, c, err);
	if (rc == CG_OK && c->revision != ENTITY_ANY_REVISION &&
	    c->revision != c->credential->revision)
		rc = cg_fail(err, CG_STALE,
			     "The credential was changed meanwhile (it is at revision %" PRIu64
			     "): read it again and repeat your change.",
			     c->credential->revision);
	return rc;
}

static cg_rc read_sha256(const char *text, struct call *c, struct cg_err *err)
{
	if (sha256_parse(span_of(text), &c->sha256))
		return CG_OK;
	return cg_fail(err, CG_NOT_FOUND, "“%.80s” is not a SHA-256 fingerprint (64 hex digits).",
		       text);
}

cg_rc credential_get(struct store *store, const char *key_id, const char *sha256,
		     struct arena *arena, Cg__Credential **out, struct cg_err *err)
{
	struct call c = {.key_id = key_id, .arena = arena};
	cg_rc rc = read_sha256(sha256, &c, err);
	if (rc == CG_OK)
		rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.credential;
	return rc;
}

cg_rc credential_check_had(const struct credentials *list, size_t had, struct cg_err *err)
{
	return had != CREDENTIALS_ANY && had != list->n
		   ? cg_fail_code(err, CG_CLASH, ENTITY_MADE_ALREADY,
				  "The key got another credential meanwhile.")
		   : CG_OK;
}

static cg_rc add_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Key *key;
	struct credentials list = {.n = 0};
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = load_key(txn, c, &key, err);
	if (rc == CG_OK && c->had != CREDENTIALS_ANY)
		rc = credential_list_in(txn, key->id, c->arena, &list, err);
	if (rc == CG_OK)
		rc = credential_check_had(&list, c->had, err);
	if (rc != CG_OK)
		return rc;
	return c->cert ? credential_add_certificate_in(txn, c->actor, key, c->cert, c->arena,
						       &c->credential, err)
		       : credential_add_token_in(txn, c->actor, key, c->arena, &c->credential,
						 c->token, err);
}

cg_rc credential_add(struct store *store, const struct actor *actor, const char *key_id,
		     const struct cert *cert, size_t had, struct arena *arena, Cg__Credential **out,
		     char token[TOKEN_TEXT + 1], struct cg_err *err)
{
	struct call c = {.actor = actor,
			 .key_id = key_id,
			 .cert = cert,
			 .had = had,
			 .arena = arena,
			 .token = token};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, add_txn, &c, err);
	if (rc == CG_OK)
		*out = c.credential;
	return rc;
}

static cg_rc check(const Cg__Credential *c, struct cg_err *err)
{
	if (c->n_bound_to > 0 && c->type != CG__CREDENTIAL__TYPE__TOKEN)
		return cg_fail_field(err, "bound_to", "is for tokens: a certificate binds itself");
	if (c->has_active_from && c->has_ends_at && c->active_from >= c->ends_at)
		return cg_fail_field(err, "ends_at", "is not after active_from");
	return CG_OK;
}

/* Who says that a certificate whose key was exposed is good says it of the key. */
static cg_rc lift_block(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Certificate *certificate;
	cg_rc rc = load_certificate(txn, c->credential, c->arena, &certificate, err);
	return rc == CG_OK ? exposed_key_lift_in(
				 txn, c->actor, digest_of(&certificate->spki_sha256), c->arena, err)
			   : rc;
}

static cg_rc change_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Key *key;
	Cg__Credential *after;
	cg_rc rc = load_for_change(txn, c, &key, err);
	if (rc == CG_OK)
		rc = record_patch(&cg__credential__descriptor, c->patch, c->credential, c->arena,
				  &after, err);
	if (rc == CG_OK)
		rc = check(after, err);
	if (rc != CG_OK)
		return rc;
	if (after->active && after->has_revoked_at) {
		/* Brought back by somebody who may. */
		if (after->revoked_reason == CG__CREDENTIAL__REASON__KEY_EXPOSED)
			rc = lift_block(txn, c, err);
		after->has_revoked_at = after->has_revoked_reason = false;
	}
	if (rc == CG_OK)
		rc = revoked_note_less(txn, STORE_CREDENTIAL, c->credential, after, c->arena, err);
	json_t *changes;
	if (rc == CG_OK)
		rc = record_changes(c->credential, after, &changes, err);
	if (rc != CG_OK)
		return rc;
	bool changed = json_object_size(changes) > 0;
	if (changed)
		rc = credential_put_in(txn, after, c->arena, err);
	if (changed && rc == CG_OK)
		rc = credential_audit_in(txn, c->actor, "credential.change", key, after, changes,
					 c->arena, err);
	else
		json_decref(changes);
	c->credential = after;
	return rc;
}

cg_rc credential_change(struct store *store, const struct actor *actor, const char *key_id,
			const char *sha256, uint64_t revision, const json_t *patch,
			struct arena *arena, Cg__Credential **out, struct cg_err *err)
{
	struct call c = {
	    .actor = actor, .key_id = key_id, .revision = revision, .patch = patch, .arena = arena};
	cg_rc rc = read_sha256(sha256, &c, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_GRANTS, change_txn, &c, err);
	if (rc == CG_OK)
		*out = c.credential;
	return rc;
}

/* Whoever uses it learns why it stops. */
static cg_rc tell_revoked(struct store_txn *txn, const Cg__Key *key,
			  const Cg__Credential *credential, Cg__Credential__Reason reason,
			  struct arena *arena, struct cg_err *err)
{
	static const char *const words[] = {
	    [CG__CREDENTIAL__REASON__KEY_EXPOSED] = "somebody else has its private key",
	    [CG__CREDENTIAL__REASON__SUPERSEDED] = "another one has taken its place",
	    [CG__CREDENTIAL__REASON__LEFT] = "its holder has left",
	};
	const char *why = (size_t)reason < CG_COUNT(words) ? words[reason] : NULL;
	char hex[SHA256_HEX + 1] = "";
	if (credential->type == CG__CREDENTIAL__TYPE__CERTIFICATE &&
	    credential->sha256.len == SHA256_BYTES)
		hex_format(credential->sha256.data, SHA256_BYTES, hex);
	return key_tell_revoked_in(txn, key, hex, why ? why : "", arena, err);
}

static cg_rc revoke_one(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			Cg__Credential *credential, Cg__Credential__Reason reason,
			struct arena *arena, struct cg_err *err)
{
	if (is_revoked_for(credential, reason))
		return CG_OK;
	const Cg__Credential before = *credential;
	set_revoked(credential, reason);
	cg_rc rc = revoked_note_less(txn, STORE_CREDENTIAL, &before, credential, arena, err);
	if (rc == CG_OK)
		rc = credential_put_in(txn, credential, arena, err);
	if (rc != CG_OK)
		return rc;
	char name[ENUM_TEXT];
	json_t *why =
	    json_pack("{s:s}", "reason",
		      record_enum_name(&cg__credential__reason__descriptor, (int)reason, name));
	rc = credential_audit_in(txn, actor, "credential.revoke", key, credential, why, arena, err);
	return rc == CG_OK ? tell_revoked(txn, key, credential, reason, arena, err) : rc;
}

/* The public key of a certificate: with it every certificate that carries it. */
static cg_rc revoke_exposed(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Certificate *certificate;
	Cg__ExposedKey *ignored;
	struct sha256 spki;
	if (c->credential->type != CG__CREDENTIAL__TYPE__CERTIFICATE)
		return cg_fail_field(err, "reason",
				     "key_exposed is for certificates: a token has no public key");
	cg_rc rc = load_certificate(txn, c->credential, c->arena, &certificate, err);
	if (rc != CG_OK)
		return rc;
	if (certificate->spki_sha256.len != SHA256_BYTES)
		return cg_fail(err, CG_UNAVAILABLE, "A certificate in the store is damaged.");
	memcpy(spki.b, certificate->spki_sha256.data, SHA256_BYTES);
	rc = exposed_key_block_in(txn, c->actor, &spki, c->arena, &ignored, err);
	/* Blocked before: then this one may have been added by an import since. */
	return rc == CG_OK ? credential_revoke_public_key_in(txn, c->actor, &spki, c->arena, err)
			   : rc;
}

static cg_rc revoke_carrier(struct store_txn *txn, const struct actor *actor, struct span sha256,
			    struct arena *arena, struct cg_err *err)
{
	Cg__Credential *credential;
	Cg__Key *key;
	cg_rc rc = store_load(txn, STORE_CREDENTIAL, sha256, arena, &credential, err);
	/* Known, but nobody's. */
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc != CG_OK || is_revoked_for(credential, CG__CREDENTIAL__REASON__KEY_EXPOSED))
		return rc;
	if (!actor) {
		set_revoked(credential, CG__CREDENTIAL__REASON__KEY_EXPOSED);
		return credential_put_in(txn, credential, arena, err);
	}
	rc = credential_key_in(txn, credential, arena, &key, err);
	return rc == CG_OK ? revoke_one(txn, actor, key, credential,
					CG__CREDENTIAL__REASON__KEY_EXPOSED, arena, err)
			   : rc;
}

cg_rc credential_revoke_public_key_in(struct store_txn *txn, const struct actor *actor,
				      const struct sha256 *spki, struct arena *arena,
				      struct cg_err *err)
{
	struct store_walk walk = {.by_index = true,
				  .index = STORE_CERTIFICATE_BY_SPKI,
				  .only = true,
				  .index_key = span_make(spki->b, SHA256_BYTES)};
	struct store_keys ids;
	struct sha256 digest;
	cg_rc rc = store_keys(txn, &walk, SIZE_MAX, NULL, NULL, arena, &ids, err);
	for (size_t i = 0; rc == CG_OK && i < ids.n; i++)
		rc = hex_parse(ids.items[i], digest.b, SHA256_BYTES)
			 ? revoke_carrier(txn, actor, span_make(digest.b, SHA256_BYTES), arena, err)
			 : cg_fail(err, CG_UNAVAILABLE, "A certificate in the store is damaged.");
	return rc;
}

static cg_rc revoke_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Key *key;
	cg_rc rc = load_for_change(txn, c, &key, err);
	if (rc != CG_OK)
		return rc;
	return c->reason == CG__CREDENTIAL__REASON__KEY_EXPOSED
		   ? revoke_exposed(txn, c, err)
		   : revoke_one(txn, c->actor, key, c->credential, c->reason, c->arena, err);
}

static cg_rc read_reason(const char *text, struct call *c, struct cg_err *err)
{
	static const struct {
		const char *text;
		Cg__Credential__Reason reason;
	} reasons[] = {
	    {"other",	      CG__CREDENTIAL__REASON__OTHER	   },
	    {"superseded",  CG__CREDENTIAL__REASON__SUPERSEDED },
	    {"left",	     CG__CREDENTIAL__REASON__LEFT	 },
	    {"key_exposed", CG__CREDENTIAL__REASON__KEY_EXPOSED},
	};
	for (size_t i = 0; i < CG_COUNT(reasons); i++)
		if (strcmp(text ? text : "other", reasons[i].text) == 0) {
			c->reason = reasons[i].reason;
			return CG_OK;
		}
	return cg_fail_field(err, "reason", "must be one of: other, superseded, left, key_exposed");
}

cg_rc credential_revoke(struct store *store, const struct actor *actor, const char *key_id,
			const char *sha256, uint64_t revision, const char *reason,
			struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .key_id = key_id, .revision = revision, .arena = arena};
	cg_rc rc = read_sha256(sha256, &c, err);
	if (rc == CG_OK)
		rc = read_reason(reason, &c, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_GRANTS, revoke_txn, &c, err) : rc;
}

cg_rc credential_revoke_in(struct store_txn *txn, const struct actor *actor, const char *key_id,
			   const char *sha256, const char *reason, struct arena *arena,
			   struct cg_err *err)
{
	struct call c = {
	    .actor = actor, .key_id = key_id, .revision = ENTITY_ANY_REVISION, .arena = arena};
	cg_rc rc = read_sha256(sha256, &c, err);
	if (rc == CG_OK)
		rc = read_reason(reason, &c, err);
	return rc == CG_OK ? revoke_txn(txn, &c, err) : rc;
}
