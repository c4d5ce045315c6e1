#include "base/base.h"
#include "model/derived.h"
#include "base/hash.h"
#include "cert/cert.h"
#include "cert/crl.h"

static cg_rc differs(struct cg_err *err, const char *what, const char *from)
{
	return cg_fail(err, CG_BAD_VALUE, "Its %s is not that of the %s it holds.", what, from);
}

static bool is_digest(const ProtobufCBinaryData *bytes, const struct sha256 *digest)
{
	return bytes->len == SHA256_BYTES && memcmp(bytes->data, digest->b, SHA256_BYTES) == 0;
}

/* Whether an id is the hex of a digest. */
static bool is_hex_of(const char *id, const ProtobufCBinaryData *bytes)
{
	char hex[SHA256_HEX + 1];
	if (bytes->len != SHA256_BYTES)
		return false;
	hex_format(bytes->data, SHA256_BYTES, hex);
	return id && strcmp(id, hex) == 0;
}

static bool is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static cg_rc facts_of(const ProtobufCBinaryData *der, struct arena *arena, struct cert *out,
		      struct cg_err *err)
{
	return cert_facts(span_make(der->data, der->len), arena, out, err);
}

static cg_rc certificate(const Cg__Certificate *c, struct arena *arena, struct cg_err *err)
{
	struct cert facts;
	cg_rc rc = facts_of(&c->der, arena, &facts, err);
	if (rc != CG_OK)
		return rc;
	const char *what = NULL;
	if (!is_digest(&c->sha256, &facts.sha256) || !is_hex_of(c->id, &c->sha256))
		what = "SHA-256";
	else if (!is_digest(&c->spki_sha256, &facts.spki_sha256))
		what = "public key's SHA-256";
	else if (!is_same(c->subject, facts.subject))
		what = "subject";
	else if (!is_same(c->issuer, facts.issuer))
		what = "issuer";
	else if (!is_same(c->serial, facts.serial))
		what = "serial number";
	else if (c->not_before != facts.not_before)
		what = "not_before";
	else if (c->not_after != facts.not_after)
		what = "not_after";
	else if (!is_same(c->public_key, facts.public_key))
		what = "public_key";
	/* Before all of them were kept, the first hundred were. */
	bool same = c->n_names <= facts.n_names;
	for (size_t i = 0; same && i < c->n_names; i++)
		same = is_same(c->names[i], facts.names[i]);
	if (!what && (!same || (c->n_names < 100 && c->n_names < facts.n_names)))
		what = "list of names";
	return what ? differs(err, what, "certificate") : CG_OK;
}

static cg_rc credential(struct store_txn *txn, const Cg__Credential *c, struct arena *arena,
			struct cg_err *err)
{
	char hex[SHA256_HEX + 1];
	struct span bytes;
	Cg__Certificate *of;
	struct cert facts;
	if (c->type != CG__CREDENTIAL__TYPE__CERTIFICATE)
		return c->has_not_before || c->has_not_after
			   ? cg_fail(err, CG_BAD_VALUE, "A token has no dates of a certificate.")
			   : CG_OK;
	if (c->sha256.len != SHA256_BYTES)
		return cg_fail(err, CG_BAD_VALUE, "Its SHA-256 is none.");
	hex_format(c->sha256.data, SHA256_BYTES, hex);
	cg_rc rc = store_get(txn, STORE_CERTIFICATE, span_of(hex), arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc == CG_OK)
		rc = record_unpack(&cg__certificate__descriptor, bytes, arena, &of, err);
	if (rc == CG_OK)
		rc = facts_of(&of->der, arena, &facts, err);
	if (rc != CG_OK)
		return rc;
	if (c->not_before != facts.not_before || c->not_after != facts.not_after)
		return cg_fail(err, CG_BAD_VALUE,
			       "Its not_before and not_after are not those of its certificate.");
	return CG_OK;
}

static cg_rc crl(const Cg__Crl *c, struct cg_err *err)
{
	struct cert_crl list;
	/* Held without a list: see schema/crl.proto. */
	if (c->held && c->der.len == 0)
		return CG_OK;
	cg_rc rc = crl_parse(span_make(c->der.data, c->der.len), &list, err);
	if (rc != CG_OK)
		return rc;
	return c->this_update == list.this_update && c->has_next_update == list.has_next_update &&
		       c->next_update == list.next_update && c->entries == list.n_entries
		   ? CG_OK
		   : differs(err, "time or number of entries", "revocation list");
}

static cg_rc request(const Cg__KeyRequest *r, struct cg_err *err)
{
	struct sha256 digest;
	if (!r->has_certificate)
		return CG_OK;
	if (sha256_of(span_make(r->certificate.data, r->certificate.len), &digest) != CG_OK)
		return cg_fail_memory(err);
	return r->has_certificate_sha256 && is_digest(&r->certificate_sha256, &digest)
		   ? CG_OK
		   : differs(err, "SHA-256", "certificate");
}

cg_rc derived_check(struct store_txn *txn, enum store_table table, const void *message,
		    struct arena *arena, struct cg_err *err)
{
	if (table == STORE_CERTIFICATE)
		return certificate(message, arena, err);
	if (table == STORE_CREDENTIAL)
		return credential(txn, message, arena, err);
	if (table == STORE_CRL)
		return crl(message, err);
	if (table == STORE_REQUEST)
		return request(message, err);
	if (table == STORE_EXPOSED_KEY) {
		const Cg__ExposedKey *k = message;
		return is_hex_of(k->id, &k->spki_sha256) ? CG_OK : differs(err, "id", "public key");
	}
	if (table == STORE_USER_CERTIFICATE) {
		const Cg__UserCertificate *c = message;
		return is_hex_of(c->id, &c->sha256) ? CG_OK : differs(err, "id", "certificate");
	}
	return CG_OK;
}
