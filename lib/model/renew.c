/* The next certificate of a key. */
#include "base/base.h"
#include "base/clock.h"
#include "model/access.h"
#include "model/audit.h"
#include "model/catalogue.h"
#include "model/credential_in.h"
#include "model/developer.h"
#include "model/key.h"
#include "model/organisation.h"
#include "model/policy.h"
#include "model/request_in.h"

struct call {
	const struct actor *actor;
	const char *key_id;
	const struct renewal *what;
	struct arena *arena;
	Cg__Key *key;
	struct renewed done;
	Cg__CatalogueEntry__Renewal way;
	struct replaced replaced;
};

cg_rc key_origin_in(struct store_txn *txn, const char *key_id, struct arena *arena,
		    struct key_origin *out, struct cg_err *err)
{
	struct key_origin o = {CG__CATALOGUE_ENTRY__RENEWAL__SESSION, false, NULL};
	struct request_list list;
	cg_rc rc = request_list_in(txn, STORE_REQUEST_BY_KEY, span_of(key_id), arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		const Cg__KeyRequest *r = list.items[i];
		Cg__CatalogueEntry *entry;
		if (r->status != CG__KEY_REQUEST__STATUS__APPROVED)
			continue;
		rc = entity_get_in(txn, &catalogue_entity, r->catalogue_id, arena, &entry, err);
		if (rc == CG_NOT_FOUND) {
			Cg__CatalogueEntry__Renewal was =
			    r->has_gone_renewal ? r->gone_renewal
						: CG__CATALOGUE_ENTRY__RENEWAL__APPROVAL;
			o.way = was > o.way ? was : o.way;
			rc = CG_OK;
			continue;
		}
		if (rc == CG_OK)
			o.proof |= entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED;
		if (rc == CG_OK && (!o.request || entry->renewal > o.way)) {
			o.way = entry->renewal > o.way ? entry->renewal : o.way;
			o.request = r;
		}
	}
	if (rc == CG_OK)
		*out = o;
	return rc;
}

cg_rc key_check_proven_in(struct store_txn *txn, const Cg__Key *key, struct arena *arena,
			  struct cg_err *err)
{
	struct credentials list;
	int64_t now = clock_unix_s();
	cg_rc rc = credential_list_in(txn, key->id, arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		const Cg__Credential *c = list.items[i];
		if (c->claimed && !c->has_revoked_at && now <= c->not_after &&
		    (!c->has_ends_at || now < c->ends_at))
			return cg_fail_code(
			    err, CG_CLASH, "proof_missing",
			    "A certificate of the key “%.100s” is only claimed, and this API "
			    "asks for certificates that are proven: call once with it and the "
			    "code of its request, or ask for a new key.",
			    key->name);
	}
	return rc;
}

int64_t renewal_end(const struct renewal *what, int64_t now_unix_s)
{
	/* The next one may be made for later: until then nothing else opens the key. */
	int64_t from = what->cert->not_before > now_unix_s ? what->cert->not_before : now_unix_s;
	return from + (int64_t)what->overlap_days * 24 * 3600;
}

cg_rc renew_do_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
		  const struct renewal *what, int64_t proven_at, struct replaced *replaced,
		  struct arena *arena, struct cg_err *err)
{
	const struct actor allowed = actor_allowed(actor);
	Cg__Credential *credential, *old;
	struct sha256 digest;
	*replaced = (struct replaced){.ends_at = 0};
	cg_rc rc =
	    credential_add_certificate_in(txn, &allowed, key, what->cert, arena, &credential, err);
	if (rc == CG_OK)
		rc = credential_set_proof_in(txn, credential, proven_at, arena, err);
	if (rc != CG_OK || !*what->replaces)
		return rc;
	if (!hex_parse(span_of(what->replaces), digest.b, SHA256_BYTES))
		return cg_fail_field(err, "replaces", "is not a certificate of this key");
	rc = credential_load_in(txn, span_make(digest.b, SHA256_BYTES), arena, &old, err);
	if (rc == CG_NOT_FOUND || (rc == CG_OK && strcmp(old->key_id, key->id) != 0))
		return cg_fail_field(err, "replaces", "is not a certificate of this key");
	if (rc != CG_OK)
		return rc;
	const uint64_t revision = old->revision;
	replaced->sha256 = digest;
	replaced->ended_at = old->has_ends_at ? old->ends_at : 0;
	rc = credential_end_in(txn, &allowed, key, old, renewal_end(what, clock_unix_s()), arena,
			       err);
	replaced->ends_at = old->revision != revision ? old->ends_at : 0;
	return rc;
}

/* The certificate is the key's already, or in the way of what somebody else has.  What others have
 * is *disputed where a request can wait for the proof. */
static cg_rc check_next(struct store_txn *txn, struct call *c, const struct key_origin *o,
			bool *disputed, struct cg_err *err)
{
	Cg__Credential *there;
	struct cg_err why = {0};
	const struct cert *cert = c->what->cert;
	const char *organisation_id = c->key->organisation_id ? c->key->organisation_id : "";
	*disputed = false;
	cg_rc rc =
	    credential_load_in(txn, span_make(cert->sha256.b, SHA256_BYTES), c->arena, &there, err);
	if (rc == CG_OK && strcmp(there->key_id, c->key->id) == 0)
		return there->has_revoked_at
			   ? cg_fail_code(err, CG_CLASH, "certificate_revoked",
					  "This certificate was revoked at this key: make a new "
					  "pair.")
			   : cg_fail_code(err, CG_CLASH, "certificate_yours",
					  "This key has the certificate already: give the next "
					  "one.");
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	rc = request_check_claim_in(txn, organisation_id, cert, false, c->arena, &why);
	if (rc != CG_CLASH || !why.code || strcmp(why.code, "certificate_in_use") != 0) {
		if (rc != CG_OK && err)
			*err = why;
		return rc;
	}
	if (!o->request)
		return cg_fail_code(err, rc, why.code,
				    "This certificate is in use, and nobody asked for this key, so "
				    "that there is no request by which it could be proven: ask the "
				    "API's owner to add it, or make a new pair.");
	*disputed = true;
	return request_check_claim_in(txn, organisation_id, cert, true, c->arena, err);
}

/* Who is told of a request that came by a certificate, and sees it: who asked for the key, as long
 * as he is of its organisation; else one of its managers, or anybody who is left there. */
static cg_rc find_asker(struct store_txn *txn, const struct call *c, const Cg__KeyRequest *first,
			char **out, struct cg_err *err)
{
	struct developers all = {.n = 0};
	unsigned best = 0;
	cg_rc rc = c->key->organisation_id
		       ? developers_of_in(txn, c->key->organisation_id, c->arena, &all, err)
		       : CG_OK;
	for (size_t i = 0; rc == CG_OK && i < all.n; i++) {
		const Cg__Developer *d = all.items[i];
		unsigned fits = !d->active							 ? 0
				: first->developer_id && strcmp(d->id, first->developer_id) == 0 ? 3
				: d->role == CG__DEVELOPER__ROLE__MANAGER			 ? 2
									  : 1;
		if (fits > best) {
			best = fits;
			*out = d->id;
		}
	}
	return rc == CG_OK && best == 0
		   ? cg_fail_code(err, CG_DENIED, "nobody_to_ask",
				  "The next certificate of this key has to wait for a decision or "
				  "a proof, and nobody of its organisation can sign in: ask the "
				  "API's owner to add it.")
		   : rc;
}

/* The request that waits. */
static cg_rc ask(struct store_txn *txn, struct call *c, const Cg__KeyRequest *first, bool disputed,
		 struct cg_err *err)
{
	struct request_about about;
	struct sha256 digest;
	const struct cert *cert = c->what->cert;
	Cg__KeyRequest *r = (void *)record_new(&cg__key_request__descriptor, c->arena);
	if (!r)
		return cg_fail_memory(err);
	r->name = c->key->name;
	r->catalogue_id = first->catalogue_id;
	r->key_id = c->key->id;
	r->has_renewal = r->renewal = true;
	r->has_disputed = true;
	r->disputed = disputed;
	r->has_overlap_days = true;
	r->overlap_days = c->what->overlap_days;
	r->has_certificate = r->has_certificate_sha256 = true;
	r->certificate = (ProtobufCBinaryData){cert->der.n, (uint8_t *)(uintptr_t)cert->der.p};
	r->certificate_sha256 =
	    (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)cert->sha256.b};
	if (*c->what->replaces) {
		if (!hex_parse(span_of(c->what->replaces), digest.b, SHA256_BYTES))
			return cg_fail_field(err, "replaces", "is not a certificate of this key");
		r->has_replaces = true;
		r->replaces.data = (void *)arena_copy(c->arena, span_make(digest.b, SHA256_BYTES));
		r->replaces.len = SHA256_BYTES;
		if (!r->replaces.data)
			return cg_fail_memory(err);
	}
	cg_rc rc = CG_OK;
	if (c->actor->developer)
		r->developer_id = c->actor->developer->id;
	else
		rc = find_asker(txn, c, first, &r->developer_id, err);
	if (rc == CG_OK)
		rc = request_about_in(txn, r->developer_id, r->catalogue_id, c->arena, &about, err);
	if (rc == CG_OK)
		rc = request_check_day_in(txn, r->developer_id, c->arena, err);
	if (rc == CG_OK)
		rc = request_add_in(txn, c->actor, r, NULL, c->arena, err);
	if (rc == CG_OK)
		rc = request_tell_new_in(txn, r, &about, c->arena, err);
	c->done.request = r;
	return rc;
}

/* Does it, or makes a request of it.  Neither a session nor the certificate in use says who has the
 * private key of the next one. */
static cg_rc renew_in(struct store_txn *txn, struct call *c, const struct key_origin *o,
		      struct cg_err *err)
{
	bool disputed;
	cg_rc rc = check_next(txn, c, o, &disputed, err);
	if (rc != CG_OK)
		return rc;
	const bool decided = o->way == CG__CATALOGUE_ENTRY__RENEWAL__APPROVAL;
	if (decided && !o->request)
		return cg_fail_code(
		    err, CG_DENIED, "approval_gone",
		    "The next certificate of this key has to be approved, and the "
		    "API it was asked for is not in the catalogue any more: ask the "
		    "API's owner to add it.");
	c->done = (struct renewed){.key = c->key, .must_prove = disputed || o->proof};
	return decided || c->done.must_prove
		   ? ask(txn, c, o->request, disputed, err)
		   : renew_do_in(txn, c->actor, c->key, c->what, 0, &c->replaced, c->arena, err);
}

static cg_rc denied(struct cg_err *err)
{
	return cg_fail_code(
	    err, CG_DENIED, "credential_unknown",
	    "The certificate of this connection opens no key now, or none from "
	    "this address, so it cannot renew one: sign in to the portal, or ask the API's owner.");
}

/* As the gate asks at each request. */
static bool counts_now(const Cg__Credential *c, int64_t now)
{
	return c->type == CG__CREDENTIAL__TYPE__CERTIFICATE && c->active && !c->held &&
	       !c->has_revoked_at && (!c->has_active_from || c->active_from <= now) &&
	       (!c->has_ends_at || now < c->ends_at) && c->not_before <= now && now <= c->not_after;
}

static bool is_address_of(const Cg__Key *key, const char *address)
{
	const struct address_lists lists = {key->allowed_ips, key->blocked_ips, key->n_allowed_ips,
					    key->n_blocked_ips};
	return access_lets_address(&lists, span_of(address));
}

/* By its own end, or by the life that one of its policies gives it. */
static cg_rc has_ended(struct store_txn *txn, const Cg__Key *key, int64_t now, struct arena *arena,
		       bool *out, struct cg_err *err)
{
	bool ends = key->has_expires_at;
	int64_t at = key->expires_at;
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < key->n_policy_ids; i++) {
		Cg__Policy *policy;
		rc = entity_get_in(txn, &policy_entity, key->policy_ids[i], arena, &policy, err);
		if (rc == CG_OK)
			(void)policy_ends_earlier(policy, key, &ends, &at);
		rc = rc == CG_NOT_FOUND ? CG_OK : rc;
	}
	*out = ends && at <= now;
	return rc;
}

/* Whether the certificate in use may renew its key, which goes to c->key, from where it calls. */
static cg_rc may_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct sha256 digest;
	Cg__Credential *old;
	enum organisation_off off = ORGANISATION_ON;
	bool ended = false;
	int64_t now = clock_unix_s();
	if (!hex_parse(span_of(c->what->replaces), digest.b, SHA256_BYTES))
		return denied(err);
	cg_rc rc = credential_load_in(txn, span_make(digest.b, SHA256_BYTES), c->arena, &old, err);
	if (rc == CG_NOT_FOUND || (rc == CG_OK && !counts_now(old, now)))
		return denied(err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &key_entity, old->key_id, c->arena, &c->key, err);
	if (rc == CG_OK)
		rc = organisation_lets_in(txn, c->key->organisation_id, c->key->developer_id,
					  c->arena, &off, err);
	if (rc == CG_OK)
		rc = has_ended(txn, c->key, now, c->arena, &ended, err);
	if (rc == CG_OK && (off != ORGANISATION_ON || !c->key->active || ended ||
			    !is_address_of(c->key, c->actor->from_address)))
		rc = CG_NOT_FOUND;
	return rc == CG_NOT_FOUND ? denied(err) : rc;
}

cg_rc renew_may(struct store *store, const struct actor *actor, const char *sha256,
		struct arena *arena, struct cg_err *err)
{
	const struct renewal what = {.replaces = sha256};
	struct call c = {.actor = actor, .what = &what, .arena = arena};
	return store_read(store, may_txn, &c, err);
}

/* The request of this key for this certificate, which waits: to c->done.  CG_NOT_FOUND: none. */
static cg_rc find_waiting(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	struct request_list list;
	c->done = (struct renewed){.key = c->key};
	cg_rc rc =
	    request_list_in(txn, STORE_REQUEST_BY_CERTIFICATE,
			    span_make(c->what->cert->sha256.b, SHA256_BYTES), c->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		if (list.items[i]->renewal && strcmp(list.items[i]->key_id, c->key->id) == 0)
			c->done.request = list.items[i];
	if (rc != CG_OK || !c->done.request)
		return rc == CG_OK ? CG_NOT_FOUND : rc;
	return request_waits_for_proof_in(txn, c->done.request, c->arena, &c->done.must_prove, err);
}

static cg_rc by_certificate_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct key_origin origin = {.proof = false};
	struct cg_err why = {0};
	cg_rc rc = may_txn(txn, c, err);
	if (rc == CG_OK)
		rc = key_origin_in(txn, c->key->id, c->arena, &origin, err);
	if (rc != CG_OK)
		return rc;
	rc = renew_in(txn, c, &origin, &why);
	/* Asked again, perhaps because the answer was lost: the code of its proof is in it. */
	if (rc == CG_CLASH && why.code && strcmp(why.code, "requested_already") == 0) {
		cg_rc found = find_waiting(txn, c, err);
		if (found != CG_NOT_FOUND)
			return found;
	}
	if (rc != CG_OK)
		*err = why;
	return rc == CG_OK && !c->done.request
		   ? renew_tell_in(txn, c->actor, c->key, c->what->cert, &c->replaced,
				   c->what->replaces, c->arena, err)
		   : rc;
}

cg_rc renew_by_certificate(struct store *store, const struct actor *actor,
			   const struct renewal *what, struct arena *arena, struct renewed *out,
			   struct cg_err *err)
{
	struct call c = {.actor = actor, .what = what, .arena = arena};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, by_certificate_txn, &c, err);
	if (rc == CG_OK)
		*out = c.done;
	return rc;
}

static cg_rc by_session_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct key_origin origin = {.proof = false};
	cg_rc rc = key_of_organisation_in(txn, c->actor, c->key_id, c->arena, &c->key, err);
	if (rc == CG_OK)
		rc = key_origin_in(txn, c->key->id, c->arena, &origin, err);
	if (rc == CG_OK && origin.way == CG__CATALOGUE_ENTRY__RENEWAL__CERTIFICATE)
		rc = cg_fail_code(err, CG_DENIED, "certificate_needed",
				  "Keys of this API are renewed by a call with the certificate in "
				  "use alone: see the line on the key's page.");
	if (rc == CG_OK)
		rc = renew_in(txn, c, &origin, err);
	return rc == CG_OK && !c->done.request ? renew_tell_in(txn, c->actor, c->key, c->what->cert,
							       &c->replaced, NULL, c->arena, err)
					       : rc;
}

cg_rc renew_by_session(struct store *store, const struct actor *actor, const char *key_id,
		       const struct renewal *what, struct arena *arena, struct renewed *out,
		       struct cg_err *err)
{
	struct call c = {.actor = actor, .key_id = key_id, .what = what, .arena = arena};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, by_session_txn, &c, err);
	if (rc == CG_OK)
		*out = c.done;
	return rc;
}

static cg_rc way_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	struct key_origin origin = {.proof = false};
	cg_rc rc = key_origin_in(txn, c->key_id, c->arena, &origin, err);
	if (rc == CG_OK)
		c->way = origin.way;
	return rc;
}

cg_rc renew_way(struct store *store, const char *key_id, struct arena *arena,
		Cg__CatalogueEntry__Renewal *out, struct cg_err *err)
{
	struct call c = {.key_id = key_id, .arena = arena};
	cg_rc rc = store_read(store, way_txn, &c, err);
	if (rc == CG_OK)
		*out = c.way;
	return rc;
}
