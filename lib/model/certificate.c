#include "base/base.h"
#include "model/certificate.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/audit.h"
#include "model/entity.h"
#include "model/revoked.h"

static char *text(const char *s)
{
	return (char *)(uintptr_t)s; /* protobuf-c's strings are not const; none is written to */
}

static cg_rc fill(const struct cert *cert, struct arena *arena, Cg__Certificate *c,
		  struct cg_err *err)
{
	char id[SHA256_HEX + 1];
	hex_format(cert->sha256.b, SHA256_BYTES, id);
	c->id = arena_strdup(arena, id);
	c->has_created_at = c->has_updated_at = c->has_revision = true;
	c->created_at = c->updated_at = clock_unix_s();
	c->revision = 1;
	c->sha256 = (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)cert->sha256.b};
	c->spki_sha256 =
	    (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)cert->spki_sha256.b};
	c->subject = text(cert->subject);
	c->issuer = text(cert->issuer);
	c->serial = text(cert->serial);
	c->has_not_before = c->has_not_after = true;
	c->not_before = cert->not_before;
	c->not_after = cert->not_after;
	c->public_key = text(cert->public_key);
	c->names = (char **)(uintptr_t)cert->names;
	c->n_names = cert->n_names;
	c->der = (ProtobufCBinaryData){cert->der.n, (uint8_t *)(uintptr_t)cert->der.p};
	return c->id ? CG_OK : cg_fail_memory(err);
}

cg_rc certificate_record(const struct cert *cert, struct arena *arena, Cg__Certificate **out,
			 struct cg_err *err)
{
	Cg__Certificate *c = (void *)record_new(&cg__certificate__descriptor, arena);
	cg_rc rc = c ? fill(cert, arena, c, err) : cg_fail_memory(err);
	if (rc == CG_OK)
		*out = c;
	return rc;
}

static cg_rc load(struct store_txn *txn, struct span id, struct arena *arena, Cg__Certificate **out,
		  struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = store_get(txn, STORE_CERTIFICATE, id, arena, &bytes, err);
	return rc == CG_OK ? record_unpack(&cg__certificate__descriptor, bytes, arena, out, err)
			   : rc;
}

/* Adds the certificate; CG_CLASH, with *out the one that is there, when it is known. */
static cg_rc add(struct store_txn *txn, const struct actor *actor, const struct cert *cert,
		 struct arena *arena, Cg__Certificate **out, struct cg_err *err)
{
	Cg__Certificate *c;
	struct span bytes;
	cg_rc rc = certificate_record(cert, arena, &c, err);
	if (rc == CG_OK)
		rc = record_pack(c, arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_add(txn, STORE_CERTIFICATE, span_of(c->id), bytes, err);
	if (rc == CG_CLASH) {
		cg_rc loaded = load(txn, span_of(c->id), arena, out, err);
		return loaded == CG_OK ? CG_CLASH : loaded;
	}
	if (rc == CG_OK)
		rc = audit_add(txn, actor, "certificate.create", c->id, c->subject, NULL, arena,
			       err);
	if (rc == CG_OK)
		*out = c;
	return rc;
}

cg_rc certificate_put_in(struct store_txn *txn, const struct actor *actor, const struct cert *cert,
			 struct arena *arena, Cg__Certificate **out, struct cg_err *err)
{
	Cg__Certificate *c;
	cg_rc rc = add(txn, actor, cert, arena, &c, err);
	if (rc == CG_CLASH)
		rc = CG_OK;
	if (rc == CG_OK && out)
		*out = c;
	return rc;
}

struct call {
	const struct actor *actor;
	const struct cert *cert;
	struct span id; /* hex */
	uint64_t revision;
	bool cascade;
	struct arena *arena;
	struct certificate_use use;
};

static cg_rc create_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = add(txn, c->actor, c->cert, c->arena, &c->use.certificate, err);
	if (rc == CG_CLASH)
		rc = cg_fail_code(err, CG_CLASH, "certificate_exists",
				  "This certificate (%s) is registered already.",
				  c->use.certificate->id);
	return rc;
}

cg_rc certificate_create(struct store *store, const struct actor *actor, const struct cert *cert,
			 struct arena *arena, Cg__Certificate **out, struct cg_err *err)
{
	struct call c = {.actor = actor, .cert = cert, .arena = arena};
	/* On its own it opens nothing: no grant changes. */
	cg_rc rc = store_write(store, STORE_CHANGES_NONE, create_txn, &c, err);
	if (rc == CG_OK)
		*out = c.use.certificate;
	return rc;
}

/* The key that the certificate belongs to: its credential's. */
static cg_rc find_key(struct store_txn *txn, const Cg__Certificate *certificate,
		      struct arena *arena, struct certificate_use *use, struct cg_err *err)
{
	struct span bytes;
	Cg__Credential *credential;
	use->key_id = "";
	use->revoked = false;
	cg_rc rc = store_get(txn, STORE_CREDENTIAL,
			     span_make(certificate->sha256.data, certificate->sha256.len), arena,
			     &bytes, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc == CG_OK)
		rc = record_unpack(&cg__credential__descriptor, bytes, arena, &credential, err);
	if (rc != CG_OK)
		return rc;
	use->revoked = credential->has_revoked_at;
	/* A revoked one may have outlived its key. */
	rc = store_get(txn, STORE_KEY, span_of(credential->key_id), arena, &bytes, err);
	if (rc == CG_OK)
		use->key_id = credential->key_id;
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = load(txn, c->id, c->arena, &c->use.certificate, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_NOT_FOUND,
			       "There is no certificate with this SHA-256 fingerprint.");
	return rc == CG_OK ? find_key(txn, c->use.certificate, c->arena, &c->use, err) : rc;
}

/* Any notation of a fingerprint into the id. */
static cg_rc read_id(const char *sha256, struct arena *arena, struct span *out, struct cg_err *err)
{
	struct sha256 digest;
	if (!sha256_parse(span_of(sha256), &digest))
		return cg_fail(err, CG_NOT_FOUND,
			       "“%.80s” is not a SHA-256 fingerprint (64 hex digits).", sha256);
	char *hex = arena_alloc(arena, SHA256_HEX + 1);
	if (!hex)
		return cg_fail_memory(err);
	hex_format(digest.b, SHA256_BYTES, hex);
	*out = span_of(hex);
	return CG_OK;
}

cg_rc certificate_get(struct store *store, const char *sha256, struct arena *arena,
		      struct certificate_use *out, struct cg_err *err)
{
	struct call c = {.arena = arena};
	cg_rc rc = read_id(sha256, arena, &c.id, err);
	if (rc == CG_OK)
		rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.use;
	return rc;
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = get_txn(txn, c, err);
	if (rc != CG_OK)
		return rc;
	const Cg__Certificate *certificate = c->use.certificate;
	if (c->revision != ENTITY_ANY_REVISION && c->revision != certificate->revision)
		return cg_fail(err, CG_STALE, "The certificate was changed meanwhile.");
	if (c->use.revoked && !c->cascade)
		return cg_fail_code(
		    err, CG_CLASH, "certificate_revoked",
		    "This certificate was revoked, and its record keeps it from being "
		    "registered anew. To forget that, ask for ?cascade=true.");
	if (*c->use.key_id && !c->cascade)
		return cg_fail_code(err, CG_CLASH, "certificate_in_use",
				    "The key %s uses this certificate: revoke it there first, or "
				    "ask for ?cascade=true.",
				    c->use.key_id);
	bool has_credential = *c->use.key_id || c->use.revoked;
	if (has_credential)
		rc = revoked_note(txn, REVOKED_CREDENTIAL, certificate->id, c->arena, err);
	if (rc == CG_OK && has_credential)
		rc =
		    store_remove(txn, STORE_CREDENTIAL,
				 span_make(certificate->sha256.data, certificate->sha256.len), err);
	if (rc == CG_OK)
		rc = store_remove(txn, STORE_CERTIFICATE, c->id, err);
	if (rc == CG_OK)
		rc = audit_add(txn, c->actor, "certificate.delete", certificate->id,
			       certificate->subject, NULL, c->arena, err);
	return rc;
}

cg_rc certificate_remove(struct store *store, const struct actor *actor, const char *sha256,
			 uint64_t revision, bool cascade, struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .revision = revision, .cascade = cascade, .arena = arena};
	cg_rc rc = read_id(sha256, arena, &c.id, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_GRANTS, remove_txn, &c, err) : rc;
}

/* --- lists --- */

#define LIST_SCAN 500

struct listing {
	struct arena *arena;
	struct span q, q_hex; /* q_hex: q as the digits of a fingerprint or of the start of one */
	size_t limit, scanned;
	char at[SHA256_HEX + 1]; /* id of the last looked at, "" at the start */
	bool more;
	struct certificate_page *page;
	struct store_txn *txn;
};

static bool matches(const struct listing *l, const Cg__Certificate *c)
{
	if (l->q.n == 0 || (l->q_hex.n > 0 && span_starts(span_of(c->id), l->q_hex)) ||
	    text_holds(c->subject, l->q) || text_holds(c->issuer, l->q))
		return true;
	for (size_t i = 0; i < c->n_names; i++)
		if (text_holds(c->names[i], l->q))
			return true;
	return false;
}

/* Whether one belongs on the list.  In an arena of its own: a search may look at very many. */
static cg_rc is_wanted(const struct listing *l, struct span value, bool *out, struct cg_err *err)
{
	struct arena scratch;
	Cg__Certificate *c;
	*out = true;
	if (l->q.n == 0)
		return CG_OK;
	arena_init(&scratch, l->arena->max_bytes);
	cg_rc rc = record_unpack(&cg__certificate__descriptor, value, &scratch, &c, err);
	if (rc == CG_OK)
		*out = matches(l, c);
	arena_release(&scratch);
	return rc;
}

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct listing *l = arg;
	struct certificate_use *use = &l->page->items[l->page->n];
	bool wanted;
	(void)index_key;
	if (l->page->n == l->limit) {
		l->more = true;
		return CG_NOT_FOUND;
	}
	cg_rc rc = is_wanted(l, value, &wanted, err);
	if (rc == CG_OK && wanted)
		rc = record_unpack(&cg__certificate__descriptor, value, l->arena, &use->certificate,
				   err);
	if (rc == CG_OK && wanted)
		rc = find_key(l->txn, use->certificate, l->arena, use, err);
	if (rc != CG_OK)
		return rc;
	l->page->n += wanted;
	(void)snprintf(l->at, sizeof(l->at), "%.*s", (int)key.n, key.p);
	return ++l->scanned % LIST_SCAN == 0 ? CG_NOT_FOUND : CG_OK;
}

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	char start[sizeof(l->at)];
	memcpy(start, l->at, sizeof(start));
	struct store_walk walk = {.table = STORE_CERTIFICATE, .after_key = span_of(start)};
	l->txn = txn;
	return store_walk(txn, &walk, visit, l, err);
}

/* The digits of q, if it could be a fingerprint or the start of one. */
static struct span fingerprint_start(struct span q, struct arena *arena)
{
	struct sha256 whole;
	char *hex = arena_alloc(arena, SHA256_HEX + 1);
	size_t n = 0;
	if (!hex)
		return (struct span){NULL, 0};
	if (sha256_parse(q, &whole)) {
		hex_format(whole.b, SHA256_BYTES, hex);
		return span_of(hex);
	}
	for (size_t i = 0; i < q.n; i++) {
		char c = q.p[i];
		if (c == ':' || c == ' ')
			continue;
		if (n == SHA256_HEX || !strchr("0123456789abcdefABCDEF", c) || c == '\0')
			return (struct span){NULL, 0};
		hex[n++] = (char)(c >= 'A' && c <= 'F' ? c + 32 : c);
	}
	return n >= 4 ? span_make(hex, n) : (struct span){NULL, 0};
}

cg_rc certificate_list(struct store *store, struct span cursor, size_t limit, struct span q,
		       struct arena *arena, struct certificate_page *out, struct cg_err *err)
{
	struct certificate_page page = {arena_alloc(arena, limit * sizeof(*page.items)), 0, NULL};
	struct listing l = {.arena = arena,
			    .q = q,
			    .q_hex = fingerprint_start(q, arena),
			    .limit = limit,
			    .page = &page};
	size_t before;
	cg_rc rc = CG_OK;
	if (!page.items)
		return cg_fail_memory(err);
	if (cursor.n > 0) {
		uint8_t digest[SHA256_BYTES];
		if (!hex_parse(cursor, digest, sizeof(digest)))
			return cg_fail_field(err, "cursor", "is not one that a list gave");
		hex_format(digest, sizeof(digest), l.at);
	}
	do {
		before = l.scanned;
		rc = store_read(store, list_txn, &l, err);
	} while (rc == CG_OK && !l.more && l.scanned != before && l.scanned % LIST_SCAN == 0);
	if (rc != CG_OK)
		return rc;
	if (l.more)
		page.next = page.items[page.n - 1].certificate->id;
	*out = page;
	return CG_OK;
}
