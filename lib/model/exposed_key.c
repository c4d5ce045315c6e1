#include "base/base.h"
#include "model/exposed_key.h"
#include "base/clock.h"
#include "model/audit.h"
#include "model/credential_in.h"
#include "model/entity.h"
#include "model/revoked.h"

cg_rc exposed_key_block_in(struct store_txn *txn, const struct actor *actor,
			   const struct sha256 *spki, struct arena *arena, Cg__ExposedKey **out,
			   struct cg_err *err)
{
	char id[SHA256_HEX + 1];
	struct span bytes;
	Cg__ExposedKey *k = (void *)record_new(&cg__exposed_key__descriptor, arena);
	hex_format(spki->b, SHA256_BYTES, id);
	if (!k || !(k->id = arena_strdup(arena, id)))
		return cg_fail_memory(err);
	k->spki_sha256 = (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)spki->b};
	k->has_created_at = k->has_updated_at = k->has_revision = true;
	k->created_at = k->updated_at = clock_unix_s();
	k->revision = 1;
	cg_rc rc = record_pack(k, arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_add(txn, STORE_EXPOSED_KEY, span_of(id), bytes, err);
	if (rc == CG_CLASH) {
		rc = store_get(txn, STORE_EXPOSED_KEY, span_of(id), arena, &bytes, err);
		if (rc == CG_OK)
			rc = record_unpack(&cg__exposed_key__descriptor, bytes, arena, out, err);
		return rc;
	}
	if (rc == CG_OK)
		rc = credential_revoke_public_key_in(txn, actor, spki, arena, err);
	/* Behind the lines of the credentials: a restore takes the last one's reason. */
	if (rc == CG_OK && actor)
		rc = revoked_note(txn, REVOKED_PUBLIC_KEY, id, arena, err);
	if (rc == CG_OK && actor)
		rc = audit_add(txn, actor, "exposed_key.create", id, "", NULL, arena, err);
	if (rc == CG_OK)
		*out = k;
	return rc;
}

cg_rc exposed_key_check_in(struct store_txn *txn, struct span spki_sha256, struct arena *arena,
			   struct cg_err *err)
{
	char id[SHA256_HEX + 1];
	struct span ignored;
	if (spki_sha256.n != SHA256_BYTES)
		return cg_fail(err, CG_UNAVAILABLE, "A certificate in the store is damaged.");
	hex_format((const uint8_t *)spki_sha256.p, SHA256_BYTES, id);
	cg_rc rc = store_get(txn, STORE_EXPOSED_KEY, span_of(id), arena, &ignored, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc != CG_OK)
		return rc;
	return cg_fail_code(err, CG_CLASH, "key_exposed",
			    "The key of this certificate is known to be in other hands, so no "
			    "certificate with it is taken: make a new key and a new certificate. "
			    "If it was a mistake, an administrator can lift the block on the "
			    "public key %s.",
			    id);
}

cg_rc exposed_key_lift_in(struct store_txn *txn, const struct actor *actor, struct span spki_sha256,
			  struct arena *arena, struct cg_err *err)
{
	char id[SHA256_HEX + 1];
	if (spki_sha256.n != SHA256_BYTES)
		return cg_fail(err, CG_UNAVAILABLE, "A certificate in the store is damaged.");
	hex_format((const uint8_t *)spki_sha256.p, SHA256_BYTES, id);
	cg_rc rc = store_remove(txn, STORE_EXPOSED_KEY, span_of(id), err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	return rc == CG_OK ? audit_add(txn, actor, "exposed_key.delete", id, "", NULL, arena, err)
			   : rc;
}

struct call {
	const struct actor *actor;
	const struct cert_exposed *keys;
	struct sha256 sha256;
	uint64_t revision;
	struct arena *arena;
	Cg__ExposedKey *key;
};

static cg_rc block_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < c->keys->n; i++)
		rc = exposed_key_block_in(txn, c->actor, &c->keys->spki_sha256[i], c->arena,
					  &c->key, err);
	return rc;
}

cg_rc exposed_key_block(struct store *store, const struct actor *actor,
			const struct cert_exposed *keys, struct arena *arena, Cg__ExposedKey **out,
			struct cg_err *err)
{
	struct call c = {.actor = actor, .keys = keys, .arena = arena};
	if (keys->n == 0)
		return CG_OK;
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, block_txn, &c, err);
	if (rc == CG_OK && out)
		*out = c.key;
	return rc;
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	char id[SHA256_HEX + 1];
	struct span bytes;
	hex_format(c->sha256.b, SHA256_BYTES, id);
	cg_rc rc = store_get(txn, STORE_EXPOSED_KEY, span_of(id), c->arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_NOT_FOUND, "No public key with this SHA-256 is blocked.");
	return rc == CG_OK
		   ? record_unpack(&cg__exposed_key__descriptor, bytes, c->arena, &c->key, err)
		   : rc;
}

static cg_rc read_id(const char *text, struct sha256 *out, struct cg_err *err)
{
	if (sha256_parse(span_of(text), out))
		return CG_OK;
	return cg_fail(err, CG_NOT_FOUND,
		       "“%.80s” is not the SHA-256 of a public key (64 hex "
		       "digits).",
		       text);
}

cg_rc exposed_key_get(struct store *store, const char *spki_sha256, struct arena *arena,
		      Cg__ExposedKey **out, struct cg_err *err)
{
	struct call c = {.arena = arena};
	cg_rc rc = read_id(spki_sha256, &c.sha256, err);
	if (rc == CG_OK)
		rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.key;
	return rc;
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = get_txn(txn, c, err);
	if (rc == CG_OK && c->revision != ENTITY_ANY_REVISION && c->revision != c->key->revision)
		rc = cg_fail(err, CG_STALE, "The block was changed meanwhile: read it again.");
	return rc == CG_OK ? exposed_key_lift_in(
				 txn, c->actor, span_make(c->sha256.b, SHA256_BYTES), c->arena, err)
			   : rc;
}

cg_rc exposed_key_remove(struct store *store, const struct actor *actor, const char *spki_sha256,
			 uint64_t revision, struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .revision = revision, .arena = arena};
	cg_rc rc = read_id(spki_sha256, &c.sha256, err);
	/* What is blocked no longer opens nothing yet: no grant changes. */
	return rc == CG_OK ? store_write(store, STORE_CHANGES_NONE, remove_txn, &c, err) : rc;
}

/* --- lists --- */

struct listing {
	struct arena *arena;
	struct span q, after; /* q: the start of a digest's hex */
	size_t limit;
	bool more;
	struct exposed_key_page page;
};

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct listing *l = arg;
	(void)index_key;
	if (!span_starts(key, l->q))
		return CG_OK;
	if (l->page.n == l->limit) {
		l->more = true;
		return CG_NOT_FOUND;
	}
	return record_unpack(&cg__exposed_key__descriptor, value, l->arena,
			     &l->page.items[l->page.n++], err);
}

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	struct store_walk walk = {.table = STORE_EXPOSED_KEY, .after_key = l->after};
	l->page.n = 0;
	l->more = false;
	return store_walk(txn, &walk, visit, l, err);
}

cg_rc exposed_key_list(struct store *store, struct span cursor, size_t limit, struct span q,
		       struct arena *arena, struct exposed_key_page *out, struct cg_err *err)
{
	struct listing l = {.arena = arena, .q = q, .after = cursor, .limit = limit};
	uint8_t digest[SHA256_BYTES];
	char start[SHA256_HEX + 1];
	if (sha256_start(q, start) > 0 && *start)
		l.q = span_of(start);
	if (cursor.n > 0 && !hex_parse(cursor, digest, sizeof(digest)))
		return cg_fail_field(err, "cursor", "is not one that a list gave");
	l.page.items = arena_alloc(arena, limit * sizeof(void *));
	if (!l.page.items)
		return cg_fail_memory(err);
	cg_rc rc = store_read(store, list_txn, &l, err);
	if (rc != CG_OK)
		return rc;
	if (l.more)
		l.page.next = l.page.items[l.page.n - 1]->id;
	*out = l.page;
	return CG_OK;
}
