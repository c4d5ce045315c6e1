#include "base/base.h"
#include "model/user_certificate.h"
#include "base/clock.h"
#include "base/limits.h"
#include "model/audit.h"
#include "model/exposed_key.h"
#include "model/revoked.h"
#include "model/session.h"
#include "model/user.h"

struct call {
	const struct actor *actor;
	const char *user; /* id or name */
	const struct cert *cert;
	struct sha256 sha256;
	uint64_t revision;
	int64_t now;
	struct arena *arena;
	Cg__UserCertificate *certificate;
	Cg__User *owner;
	struct user_certificates list;
};

static cg_rc get_in(struct store_txn *txn, const struct sha256 *sha256, struct arena *arena,
		    Cg__UserCertificate **out, struct cg_err *err)
{
	char hex[SHA256_HEX + 1];
	hex_format(sha256->b, SHA256_BYTES, hex);
	return store_load(txn, STORE_USER_CERTIFICATE, span_of(hex), arena, out, err);
}

static cg_rc audit(struct store_txn *txn, const struct call *c, const char *action,
		   struct cg_err *err)
{
	json_t *changes = json_pack("{s:s, s:s}", "sha256", c->certificate->id, "subject",
				    c->certificate->subject);
	cg_rc rc =
	    audit_add(txn, c->actor, action, c->owner->id, c->owner->name, changes, c->arena, err);
	json_decref(changes);
	return rc;
}

/* --- a user's --- */

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct call *c = arg;
	(void)index_key;
	(void)key;
	if (c->list.n == USER_CERTIFICATES_MAX)
		return CG_NOT_FOUND; /* ends the walk */
	return record_unpack(&cg__user_certificate__descriptor, value, c->arena,
			     &c->list.items[c->list.n++], err);
}

static cg_rc list_in(struct store_txn *txn, struct call *c, const char *user_id, struct cg_err *err)
{
	struct store_walk walk = {.by_index = true,
				  .index = STORE_USER_CERTIFICATE_BY_USER,
				  .only = true,
				  .index_key = span_of(user_id)};
	c->list.items = arena_alloc(c->arena, USER_CERTIFICATES_MAX * sizeof(*c->list.items));
	return c->list.items ? store_walk(txn, &walk, visit, c, err) : cg_fail_memory(err);
}

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = entity_get_in(txn, &user_entity, c->user, c->arena, &c->owner, err);
	return rc == CG_OK ? list_in(txn, c, c->owner->id, err) : rc;
}

cg_rc user_certificate_list(struct store *store, const char *user, struct arena *arena,
			    struct user_certificates *out, struct cg_err *err)
{
	struct call c = {.user = user, .arena = arena};
	cg_rc rc = store_read(store, list_txn, &c, err);
	if (rc == CG_OK)
		*out = c.list;
	return rc;
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = entity_get_in(txn, &user_entity, c->user, c->arena, &c->owner, err);
	if (rc == CG_OK)
		rc = get_in(txn, &c->sha256, c->arena, &c->certificate, err);
	if (rc == CG_NOT_FOUND ||
	    (rc == CG_OK && strcmp(c->certificate->user_id, c->owner->id) != 0))
		return cg_fail(err, CG_NOT_FOUND, "This user has no such certificate.");
	return rc;
}

static cg_rc read_sha256(const char *text, struct sha256 *out, struct cg_err *err)
{
	return sha256_parse(span_of(text), out)
		   ? CG_OK
		   : cg_fail(err, CG_NOT_FOUND, "This user has no such certificate.");
}

cg_rc user_certificate_get(struct store *store, const char *user, const char *sha256,
			   struct arena *arena, Cg__UserCertificate **out, struct cg_err *err)
{
	struct call c = {.user = user, .arena = arena};
	cg_rc rc = read_sha256(sha256, &c.sha256, err);
	if (rc == CG_OK)
		rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.certificate;
	return rc;
}

/* --- changes --- */

cg_rc user_certificate_check_in(struct store_txn *txn, struct span sha256, struct arena *arena,
				struct cg_err *err)
{
	Cg__UserCertificate *ignored;
	struct sha256 digest;
	if (sha256.n != SHA256_BYTES)
		return cg_fail(err, CG_UNAVAILABLE, "A digest is not a SHA-256.");
	memcpy(digest.b, sha256.p, SHA256_BYTES);
	cg_rc rc = get_in(txn, &digest, arena, &ignored, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	/* Whom it signs in is nobody's business here. */
	return rc == CG_OK ? cg_fail_code(err, CG_CLASH, "certificate_in_use",
					  "This certificate signs somebody in to the dashboard, so "
					  "it cannot be a key's as well: make another one.")
			   : rc;
}

/* Neither a key's, now or once, nor a user's. */
static cg_rc check_free(struct store_txn *txn, const struct call *c, struct cg_err *err)
{
	struct span bytes, sha256 = span_make(c->cert->sha256.b, SHA256_BYTES);
	cg_rc rc = store_get(txn, STORE_CREDENTIAL, sha256, c->arena, &bytes, err);
	if (rc == CG_OK)
		return cg_fail_code(err, CG_CLASH, "certificate_in_use",
				    "This certificate is, or was, the credential of a key: who "
				    "signs in needs one that calls no API. Make another one.");
	if (rc == CG_NOT_FOUND)
		rc = user_certificate_check_in(txn, sha256, c->arena, NULL);
	if (rc == CG_CLASH)
		return cg_fail_code(err, CG_CLASH, "certificate_in_use",
				    "This certificate signs somebody in already.");
	return rc == CG_OK
		   ? exposed_key_check_in(txn, span_make(c->cert->spki_sha256.b, SHA256_BYTES),
					  c->arena, err)
		   : rc;
}

static ProtobufCBinaryData digest_of(const struct sha256 *digest)
{
	return (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)digest->b};
}

static cg_rc put_new(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	struct span bytes;
	char *hex = arena_alloc(c->arena, SHA256_HEX + 1);
	Cg__UserCertificate *uc = (void *)record_new(&cg__user_certificate__descriptor, c->arena);
	if (!uc || !hex)
		return cg_fail_memory(err);
	hex_format(c->cert->sha256.b, SHA256_BYTES, hex);
	uc->id = hex;
	uc->has_created_at = uc->has_updated_at = uc->has_revision = true;
	uc->created_at = uc->updated_at = clock_unix_s();
	uc->revision = 1;
	uc->user_id = c->owner->id;
	uc->has_sha256 = uc->has_spki_sha256 = uc->has_not_before = uc->has_not_after = true;
	uc->sha256 = digest_of(&c->cert->sha256);
	uc->spki_sha256 = digest_of(&c->cert->spki_sha256);
	uc->subject = (char *)(uintptr_t)c->cert->subject;
	uc->issuer = (char *)(uintptr_t)c->cert->issuer;
	uc->not_before = c->cert->not_before;
	uc->not_after = c->cert->not_after;
	c->certificate = uc;
	cg_rc rc = record_pack(uc, c->arena, &bytes, err);
	return rc == CG_OK ? store_add(txn, STORE_USER_CERTIFICATE, span_of(hex), bytes, err) : rc;
}

static cg_rc add_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = actor_require(c->actor, CG__ROLE__OWNER, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &user_entity, c->user, c->arena, &c->owner, err);
	if (rc == CG_OK)
		rc = check_free(txn, c, err);
	if (rc == CG_OK)
		rc = list_in(txn, c, c->owner->id, err);
	if (rc == CG_OK && c->list.n == USER_CERTIFICATES_MAX)
		return cg_fail(err, CG_BAD_VALUE, "A user has at most %d certificates.",
			       USER_CERTIFICATES_MAX);
	if (rc == CG_OK)
		rc = put_new(txn, c, err);
	return rc == CG_OK ? audit(txn, c, "user.certificate_add", err) : rc;
}

cg_rc user_certificate_add(struct store *store, const struct actor *actor, const char *user,
			   const struct cert *cert, struct arena *arena, Cg__UserCertificate **out,
			   struct cg_err *err)
{
	struct call c = {.actor = actor, .user = user, .cert = cert, .arena = arena};
	cg_rc rc = store_write(store, STORE_CHANGES_NONE, add_txn, &c, err);
	if (rc == CG_OK)
		*out = c.certificate;
	return rc;
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = actor_require(c->actor, CG__ROLE__OWNER, err);
	if (rc == CG_OK)
		rc = get_txn(txn, c, err);
	if (rc == CG_OK && c->revision != ENTITY_ANY_REVISION &&
	    c->revision != c->certificate->revision)
		return cg_fail(err, CG_STALE, "The certificate was changed meanwhile.");
	if (rc == CG_OK)
		rc = revoked_note(txn, REVOKED_USER_CERTIFICATE, c->certificate->id, c->arena, err);
	if (rc == CG_OK)
		rc = store_remove(txn, STORE_USER_CERTIFICATE, span_of(c->certificate->id), err);
	/* One of them may have begun with it. */
	if (rc == CG_OK)
		rc = session_end_of_user_in(txn, c->owner->id, NULL, c->arena, err);
	return rc == CG_OK ? audit(txn, c, "user.certificate_remove", err) : rc;
}

cg_rc user_certificate_remove(struct store *store, const struct actor *actor, const char *user,
			      const char *sha256, uint64_t revision, struct arena *arena,
			      struct cg_err *err)
{
	struct call c = {.actor = actor, .user = user, .revision = revision, .arena = arena};
	cg_rc rc = read_sha256(sha256, &c.sha256, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, remove_txn, &c, err) : rc;
}

cg_rc user_certificate_drop_user_in(struct store_txn *txn, const char *user_id, struct arena *arena,
				    struct cg_err *err)
{
	struct call c = {.arena = arena};
	cg_rc rc = list_in(txn, &c, user_id, err);
	for (size_t i = 0; rc == CG_OK && i < c.list.n; i++)
		rc = store_remove(txn, STORE_USER_CERTIFICATE, span_of(c.list.items[i]->id), err);
	return rc;
}

/* --- signing in --- */

static cg_rc sign_in_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = get_in(txn, &c->sha256, c->arena, &c->certificate, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_DENIED,
			       "The certificate of this connection signs nobody in: an owner gives "
			       "it to a user, under Users.");
	if (rc == CG_OK)
		rc = entity_get_in(txn, &user_entity, c->certificate->user_id, c->arena, &c->owner,
				   err);
	if (rc == CG_OK &&
	    (c->now < c->certificate->not_before || c->now > c->certificate->not_after))
		return cg_fail(err, CG_DENIED,
			       "The certificate of this connection is not valid %s.",
			       c->now < c->certificate->not_before ? "yet" : "any more");
	if (rc == CG_OK)
		rc = exposed_key_check_in(
		    txn,
		    span_make(c->certificate->spki_sha256.data, c->certificate->spki_sha256.len),
		    c->arena, err);
	if (rc == CG_CLASH)
		return cg_fail(err, CG_DENIED,
			       "The public key of this certificate is blocked: its private key is "
			       "in other hands.");
	if (rc == CG_OK && c->owner->held)
		return cg_fail(err, CG_DENIED,
			       "This user is held since a restore: an owner lets him in again.");
	return rc;
}

cg_rc user_certificate_sign_in(struct store *store, const struct sha256 *sha256, int64_t now_unix_s,
			       struct arena *arena, Cg__User **out, struct cg_err *err)
{
	struct call c = {.sha256 = *sha256, .now = now_unix_s, .arena = arena};
	cg_rc rc = store_read(store, sign_in_txn, &c, err);
	if (rc == CG_OK)
		*out = c.owner;
	return rc;
}
