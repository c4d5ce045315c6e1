#include "base/base.h"
#include "model/certificate_in.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/audit.h"
#include "model/entity.h"
#include "model/exposed_key.h"
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

static const struct {
	const char *name;
	Cg__Certificate__Kind kind;
	enum cert_kind reading;
} kinds[] = {
    {"client",   CG__CERTIFICATE__KIND__CLIENT,   CERT_KIND_CLIENT  },
    {"ca",	   CG__CERTIFICATE__KIND__CA,	      CERT_KIND_CA	  },
    {"upstream", CG__CERTIFICATE__KIND__UPSTREAM, CERT_KIND_UPSTREAM},
};

cg_rc certificate_kind_parse(struct span text, Cg__Certificate__Kind *out, enum cert_kind *reading,
			     struct cg_err *err)
{
	for (size_t i = 0; i < CG_COUNT(kinds); i++)
		if (span_is_text(text, kinds[i].name) || text.n == 0) {
			*out = kinds[i].kind;
			*reading = kinds[i].reading;
			return CG_OK;
		}
	return cg_fail_field(err, "kind", "must be one of: client, ca, upstream");
}

static const char *kind_name(Cg__Certificate__Kind kind)
{
	for (size_t i = 0; i < CG_COUNT(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "";
}

/* Adds the certificate; CG_CLASH, with *out the one that is there, when it is known; and with *out
 * NULL when its public key is blocked. */
static cg_rc add(struct store_txn *txn, const struct actor *actor, const struct cert *cert,
		 Cg__Certificate__Kind kind, struct arena *arena, Cg__Certificate **out,
		 struct cg_err *err)
{
	Cg__Certificate *c;
	struct span bytes;
	*out = NULL;
	cg_rc rc =
	    exposed_key_check_in(txn, span_make(cert->spki_sha256.b, SHA256_BYTES), arena, err);
	if (rc == CG_OK)
		rc = certificate_record(cert, arena, &c, err);
	if (rc != CG_OK)
		return rc;
	c->has_kind = true;
	c->kind = kind;
	rc = record_pack(c, arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_add(txn, STORE_CERTIFICATE, span_of(c->id), bytes, err);
	if (rc == CG_CLASH) {
		cg_rc loaded = load(txn, span_of(c->id), arena, out, err);
		return loaded == CG_OK ? CG_CLASH : loaded;
	}
	json_t *changes = kind == CG__CERTIFICATE__KIND__CLIENT
			      ? NULL
			      : json_pack("{s:s}", "kind", kind_name(kind));
	if (rc == CG_OK)
		rc = audit_add(txn, actor, "certificate.create", c->id, c->subject, changes, arena,
			       err);
	json_decref(changes);
	if (rc == CG_OK)
		*out = c;
	return rc;
}

cg_rc certificate_put_in(struct store_txn *txn, const struct actor *actor, const struct cert *cert,
			 struct arena *arena, struct cg_err *err)
{
	Cg__Certificate *c;
	cg_rc rc = add(txn, actor, cert, CG__CERTIFICATE__KIND__CLIENT, arena, &c, err);
	if (rc != CG_CLASH || !c)
		return rc;
	if (c->kind != CG__CERTIFICATE__KIND__CLIENT)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_NOT_CLIENT,
				    "This certificate is registered as one of kind %s, so it "
				    "cannot let a client in: give the client's own certificate.",
				    kind_name(c->kind));
	return CG_OK;
}

struct call {
	const struct actor *actor;
	const struct cert *cert;
	Cg__Certificate__Kind kind;
	const char *id; /* hex */
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
		rc = add(txn, c->actor, c->cert, c->kind, c->arena, &c->use.certificate, err);
	const Cg__Certificate *there = c->use.certificate;
	if (rc != CG_CLASH || !there)
		return rc;
	if (there->kind == c->kind)
		return cg_fail_code(err, CG_CLASH, "certificate_exists",
				    "This certificate (%s) is registered already.", there->id);
	return cg_fail_code(err, CG_CLASH, "certificate_exists",
			    "This certificate (%s) is registered already, with the kind %s; one "
			    "cannot be both. Remove it first, if it is meant to be of kind %s.",
			    there->id, kind_name(there->kind), kind_name(c->kind));
}

cg_rc certificate_create(struct store *store, const struct actor *actor, const struct cert *cert,
			 Cg__Certificate__Kind kind, struct arena *arena, Cg__Certificate **out,
			 struct cg_err *err)
{
	struct call c = {.actor = actor, .cert = cert, .kind = kind, .arena = arena};
	/* A client's on its own opens nothing; a CA's can be the missing link of others. */
	enum store_effect effect =
	    kind == CG__CERTIFICATE__KIND__CA ? STORE_CHANGES_GRANTS : STORE_CHANGES_NONE;
	cg_rc rc = store_write(store, effect, create_txn, &c, err);
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

struct users {
	struct certificate_use *use;
	struct arena *arena;
};

static cg_rc visit_api(struct span index_key, struct span key, struct span value, void *arg,
		       struct cg_err *err)
{
	struct users *u = arg;
	struct certificate_use *use = u->use;
	Cg__Api *api;
	(void)index_key;
	(void)key;
	if (use->n_apis == use->room) {
		size_t room = use->room ? 2 * use->room : 8;
		const char **ids = arena_alloc(u->arena, 2 * room * sizeof(*ids));
		if (!ids)
			return cg_fail_memory(err);
		for (size_t i = 0; i < use->n_apis; i++) {
			ids[i] = use->api_ids[i];
			ids[room + i] = use->api_names[i];
		}
		use->api_ids = ids;
		use->api_names = ids + room;
		use->room = room;
	}
	cg_rc rc = record_unpack(&cg__api__descriptor, value, u->arena, &api, err);
	if (rc != CG_OK)
		return rc;
	use->api_ids[use->n_apis] = api->id;
	use->api_names[use->n_apis++] = api->name;
	return CG_OK;
}

cg_rc certificate_users_in(struct store_txn *txn, const Cg__Certificate *certificate,
			   struct arena *arena, struct certificate_use *use, struct cg_err *err)
{
	struct users u = {use, arena};
	struct store_walk walk = {.by_index = true,
				  .index = STORE_API_BY_CA,
				  .only = true,
				  .index_key =
				      span_make(certificate->sha256.data, certificate->sha256.len)};
	use->api_ids = use->api_names = NULL;
	use->n_apis = use->room = 0;
	cg_rc rc = find_key(txn, certificate, arena, use, err);
	return rc == CG_OK && certificate->kind != CG__CERTIFICATE__KIND__CLIENT
		   ? store_walk(txn, &walk, visit_api, &u, err)
		   : rc;
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = load(txn, span_of(c->id), c->arena, &c->use.certificate, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_NOT_FOUND,
			       "There is no certificate with this SHA-256 fingerprint.");
	return rc == CG_OK ? certificate_users_in(txn, c->use.certificate, c->arena, &c->use, err)
			   : rc;
}

cg_rc certificate_read_id(const char *sha256, struct arena *arena, const char **out,
			  struct cg_err *err)
{
	struct sha256 digest;
	if (!sha256_parse(span_of(sha256), &digest))
		return cg_fail(err, CG_NOT_FOUND,
			       "“%.80s” is not a SHA-256 fingerprint (64 hex digits).", sha256);
	char *hex = arena_alloc(arena, SHA256_HEX + 1);
	if (!hex)
		return cg_fail_memory(err);
	hex_format(digest.b, SHA256_BYTES, hex);
	*out = hex;
	return CG_OK;
}

cg_rc certificate_get(struct store *store, const char *sha256, struct arena *arena,
		      struct certificate_use *out, struct cg_err *err)
{
	struct call c = {.arena = arena};
	cg_rc rc = certificate_read_id(sha256, arena, &c.id, err);
	if (rc == CG_OK)
		rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.use;
	return rc;
}

/* With one CA less some of an API's clients would be locked out, and with none of its list left it
 * could trust nobody or everybody: not for a cascade to decide. */
static cg_rc ca_in_use(const struct certificate_use *use, struct cg_err *err)
{
	char names[300] = "";
	size_t n = 0;
	for (size_t i = 0; i < use->n_apis && n < sizeof(names) - 1; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s“%s” (%s)",
				      i > 0 ? ", " : "", use->api_names[i], use->api_ids[i]);
	return cg_fail_code(err, CG_CLASH, "certificate_in_use",
			    "%zu API%s trust%s this certificate: %s. Take it out of "
			    "auth.ca_certificates and upstream_tls.ca_certificates there first.",
			    use->n_apis, use->n_apis == 1 ? "" : "s", use->n_apis == 1 ? "s" : "",
			    names);
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
	if (c->use.n_apis > 0)
		return ca_in_use(&c->use, err);
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
		rc = store_remove(txn, STORE_CRL, span_of(c->id), err);
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		rc = store_remove(txn, STORE_CERTIFICATE, span_of(c->id), err);
	if (rc == CG_OK)
		rc = audit_add(txn, c->actor, "certificate.delete", certificate->id,
			       certificate->subject, NULL, c->arena, err);
	return rc;
}

cg_rc certificate_remove(struct store *store, const struct actor *actor, const char *sha256,
			 uint64_t revision, bool cascade, struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .revision = revision, .cascade = cascade, .arena = arena};
	cg_rc rc = certificate_read_id(sha256, arena, &c.id, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_GRANTS, remove_txn, &c, err) : rc;
}
