#include "base/base.h"
#include "model/crl.h"
#include "base/clock.h"
#include "base/hash.h"
#include "cert/cert.h"
#include "model/audit.h"
#include "model/certificate_in.h"
#include "model/entity.h"
#include "model/revoked.h"

struct call {
	const struct actor *actor;
	const char *id; /* of the CA's certificate */
	uint64_t revision;
	const struct cert_crl *parsed;
	struct arena *arena;
	Cg__Certificate *ca;
	Cg__Crl *crl;
};

static cg_rc load_ca(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	cg_rc rc = store_load(txn, STORE_CERTIFICATE, span_of(c->id), c->arena, &c->ca, err);
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_NOT_FOUND,
			       "There is no certificate with this SHA-256 fingerprint.");
	if (rc == CG_OK && c->ca->kind != CG__CERTIFICATE__KIND__CA)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_NOT_CA,
				    "This certificate is not registered as a CA's (kind ca), so it "
				    "has no revocation list.");
	return rc;
}

static cg_rc load(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	return store_load(txn, STORE_CRL, span_of(c->id), c->arena, &c->crl, err);
}

static cg_rc none(struct cg_err *err)
{
	return cg_fail(err, CG_NOT_FOUND, "There is no revocation list for this CA.");
}

static cg_rc check_revision(const struct call *c, const Cg__Crl *there, struct cg_err *err)
{
	if (c->revision == ENTITY_ANY_REVISION || (there && c->revision == there->revision))
		return CG_OK;
	return cg_fail(err, CG_STALE, "The revocation list was changed meanwhile: read it again.");
}

/* An old list would bring back what was revoked since. */
static cg_rc check_newer(const struct call *c, const Cg__Crl *there, struct cg_err *err)
{
	struct cert_crl old;
	const struct cert_crl *new = c->parsed;
	if (there->held && there->der.len == 0)
		return CG_OK;
	cg_rc rc = crl_parse(span_make(there->der.data, there->der.len), &old, err);
	if (rc != CG_OK)
		return cg_fail(err, CG_CLASH,
			       "The revocation list in the store is damaged: remove it first.");
	if (new->this_update >= old.this_update &&
	    (new->number.n == 0 || old.number.n == 0 ||
	     crl_number_compare(new->number, old.number) >= 0))
		return CG_OK;
	return cg_fail_code(err, CG_CLASH, "revocation_list_older",
			    "This revocation list is older than the one that is there. Fetch the "
			    "newest one; or, if the CA has begun anew, remove the one that is "
			    "there first.");
}

static cg_rc fill(const struct call *c, Cg__Crl *out, struct cg_err *err)
{
	const struct cert_crl *p = c->parsed;
	struct span number = p->number;
	out->id = c->ca->id;
	out->has_created_at = out->has_updated_at = out->has_revision = true;
	out->updated_at = clock_unix_s();
	out->has_this_update = out->has_entries = true;
	out->this_update = p->this_update;
	out->has_next_update = p->has_next_update;
	out->next_update = p->next_update;
	out->entries = p->n_entries;
	out->der = (ProtobufCBinaryData){p->der.n, (uint8_t *)(uintptr_t)p->der.p};
	while (number.n > 1 && number.p[0] == 0)
		number = span_from(number, 1);
	if (number.n > 0) {
		out->number = arena_alloc(c->arena, 2 * number.n + 1);
		if (!out->number)
			return cg_fail_memory(err);
		hex_format((const uint8_t *)number.p, number.n, out->number);
	}
	return CG_OK;
}

static cg_rc put_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Crl *there = NULL;
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = load_ca(txn, c, err);
	if (rc == CG_OK)
		rc = crl_check(c->parsed, span_make(c->ca->der.data, c->ca->der.len),
			       clock_unix_s(), err);
	if (rc != CG_OK)
		return rc;
	rc = load(txn, c, err);
	if (rc == CG_OK)
		there = c->crl;
	if (rc == CG_OK || rc == CG_NOT_FOUND)
		rc = check_revision(c, there, err);
	if (rc == CG_OK && there)
		rc = check_newer(c, there, err);
	if (rc != CG_OK || (there && !there->held &&
			    span_is(span_make(there->der.data, there->der.len), c->parsed->der)))
		return rc;
	Cg__Crl *now = (void *)record_new(&cg__crl__descriptor, c->arena);
	rc = now ? fill(c, now, err) : cg_fail_memory(err);
	if (rc != CG_OK)
		return rc;
	now->created_at = there ? there->created_at : now->updated_at;
	now->revision = there ? there->revision + 1 : 1;
	rc = revoked_note(txn, REVOKED_CRL, c->id, c->arena, err);
	if (rc == CG_OK)
		rc = store_save(txn, STORE_CRL, span_of(c->id), now, c->arena, err);
	if (rc != CG_OK)
		return rc;
	json_t *changes =
	    json_pack("{s:s?, s:I}", "number", now->number, "entries", (json_int_t)now->entries);
	rc = audit_add(txn, c->actor, "certificate.crl", c->ca->id, c->ca->subject, changes,
		       c->arena, err);
	json_decref(changes);
	c->crl = now;
	return rc;
}

cg_rc ca_crl_put(struct store *store, const struct actor *actor, const char *ca, uint64_t revision,
		 struct span text, struct arena *arena, Cg__Crl **out, struct cg_err *err)
{
	struct call c = {.actor = actor, .revision = revision, .arena = arena};
	struct cert_crl parsed;
	cg_rc rc = certificate_read_id(ca, arena, &c.id, err);
	if (rc == CG_OK)
		rc = crl_from_text(text, arena, &parsed, err);
	if (rc != CG_OK)
		return rc;
	c.parsed = &parsed;
	rc = store_write(store, STORE_CHANGES_GRANTS, put_txn, &c, err);
	if (rc == CG_OK)
		*out = c.crl;
	return rc;
}

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = load_ca(txn, c, err);
	if (rc != CG_OK)
		return rc;
	rc = load(txn, c, err);
	return rc == CG_NOT_FOUND ? none(err) : rc;
}

cg_rc ca_crl_get(struct store *store, const char *ca, struct arena *arena, Cg__Crl **out,
		 struct cg_err *err)
{
	struct call c = {.arena = arena};
	cg_rc rc = certificate_read_id(ca, arena, &c.id, err);
	if (rc == CG_OK)
		rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.crl;
	return rc;
}

static cg_rc remove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = get_txn(txn, c, err);
	if (rc == CG_OK)
		rc = check_revision(c, c->crl, err);
	if (rc == CG_OK)
		rc = store_remove(txn, STORE_CRL, span_of(c->id), err);
	return rc == CG_OK ? audit_add(txn, c->actor, "certificate.crl_delete", c->ca->id,
				       c->ca->subject, NULL, c->arena, err)
			   : rc;
}

cg_rc ca_crl_remove(struct store *store, const struct actor *actor, const char *ca,
		    uint64_t revision, struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .revision = revision, .arena = arena};
	cg_rc rc = certificate_read_id(ca, arena, &c.id, err);
	return rc == CG_OK ? store_write(store, STORE_CHANGES_GRANTS, remove_txn, &c, err) : rc;
}
