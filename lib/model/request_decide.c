/* What becomes of requests. */
#include "base/base.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/audit.h"
#include "model/catalogue.h"
#include "model/credential_in.h"
#include "model/developer.h"
#include "model/exposed_key.h"
#include "model/key.h"
#include "model/request_in.h"
#include "model/revoked.h"

struct call {
	const struct actor *actor;
	const char *id, *reason;
	uint64_t revision;
	struct span code;
	const struct cert *cert;
	struct arena *arena;
	Cg__KeyRequest *request;
};

static cg_rc audit(struct store_txn *txn, const struct actor *actor, const char *action,
		   const Cg__KeyRequest *request, json_t *changes, struct arena *arena,
		   struct cg_err *err)
{
	cg_rc rc = audit_add(txn, actor, action, request->id, request->name, changes, arena, err);
	json_decref(changes);
	return rc;
}

/* --- approving --- */

/* The certificate of a request, as it was read when it was pasted. */
static cg_rc cert_of(const Cg__KeyRequest *r, struct arena *arena, struct cert *out,
		     struct cg_err *err)
{
	cg_rc rc = cert_facts(span_make(r->certificate.data, r->certificate.len), arena, out, err);
	if (rc == CG_BAD_VALUE)
		rc = cg_fail(err, CG_UNAVAILABLE, "The certificate of this request is damaged.");
	if (rc == CG_OK && out->not_after < clock_unix_s())
		rc =
		    cg_fail_code(err, CG_CLASH, "certificate_expired",
				 "The certificate of this request has ended meanwhile: decline it, "
				 "and let the developer ask with a new one.");
	return rc;
}

static cg_rc add_certificate(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
			     const struct cert *cert, int64_t proven_at, struct arena *arena,
			     struct cg_err *err)
{
	Cg__Credential *credential;
	cg_rc rc = credential_add_certificate_in(txn, actor, key, cert, arena, &credential, err);
	return rc == CG_OK ? credential_set_proof_in(txn, credential, proven_at, arena, err) : rc;
}

static cg_rc make_key(struct store_txn *txn, const struct actor *actor, const char *approved_by,
		      Cg__KeyRequest *r, const struct request_about *about, struct arena *arena,
		      struct cg_err *err)
{
	Cg__Key *key;
	struct cert cert;
	json_t *json =
	    json_pack("{s:s, s:s, s:[s]}", "name", r->name, "organisation_id",
		      about->developer->organisation_id, "policy_ids", about->policy->id);
	cg_rc rc = json ? entity_create_in(txn, &key_entity, actor, json, arena, &key, err)
			: cg_fail_memory(err);
	json_decref(json);
	if (rc != CG_OK)
		return rc;
	key->developer_id = about->developer->id;
	key->approved_by = arena_strdup(arena, approved_by);
	if (!key->approved_by)
		return cg_fail_memory(err);
	rc = entity_put_in(txn, &key_entity, key, arena, err);
	if (rc == CG_OK && r->has_certificate)
		rc = cert_of(r, arena, &cert, err);
	if (rc == CG_OK && r->has_certificate)
		rc = add_certificate(txn, actor, key, &cert, r->has_proven_at ? r->proven_at : 0,
				     arena, err);
	r->key_id = key->id;
	return rc;
}

/* The key that is there gets the entry's policy. */
static cg_rc widen_key(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
		       const struct request_about *about, struct arena *arena, struct cg_err *err)
{
	json_t *ids = json_array(), *patch;
	for (size_t i = 0; i < key->n_policy_ids; i++)
		(void)json_array_append_new(ids, json_string(key->policy_ids[i]));
	(void)json_array_append_new(ids, json_string(about->policy->id));
	patch = json_pack("{s:o}", "policy_ids", ids);
	void *changed;
	cg_rc rc = patch ? entity_change_in(txn, &key_entity, actor, key->id, ENTITY_ANY_REVISION,
					    patch, arena, &changed, err)
			 : cg_fail_memory(err);
	json_decref(patch);
	return rc;
}

static cg_rc renew_key(struct store_txn *txn, const struct actor *actor, const Cg__KeyRequest *r,
		       const Cg__Key *key, struct arena *arena, struct cg_err *err)
{
	struct cert cert;
	char hex[SHA256_HEX + 1] = "";
	cg_rc rc = cert_of(r, arena, &cert, err);
	if (rc != CG_OK)
		return rc;
	if (r->replaces.len == SHA256_BYTES)
		hex_format(r->replaces.data, SHA256_BYTES, hex);
	const struct renewal what = {&cert, hex, r->overlap_days};
	struct replaced replaced;
	struct key_origin origin = {.proof = false};
	rc = renew_do_in(txn, actor, key, &what, r->has_proven_at ? r->proven_at : 0, &replaced,
			 arena, err);
	if (rc == CG_OK)
		rc = key_origin_in(txn, key->id, arena, &origin, err);
	/* Nobody but the one who asked has looked at it. */
	return rc == CG_OK && origin.way != CG__CATALOGUE_ENTRY__RENEWAL__APPROVAL
		   ? renew_tell_in(txn, actor, key, &cert, &replaced, NULL, arena, err)
		   : rc;
}

static cg_rc change_key(struct store_txn *txn, const struct actor *actor, Cg__KeyRequest *r,
			const struct request_about *about, struct arena *arena, struct cg_err *err)
{
	Cg__Key *key;
	cg_rc rc = entity_get_in(txn, &key_entity, r->key_id, arena, &key, err);
	/* It may have gone to another organisation since. */
	if (rc == CG_NOT_FOUND ||
	    (rc == CG_OK && (!key->organisation_id ||
			     strcmp(key->organisation_id, about->developer->organisation_id) != 0)))
		return cg_fail_code(err, CG_CLASH, "key_gone",
				    "The key that this request is about does not belong to the "
				    "developer's organisation any more: decline it.");
	if (rc != CG_OK)
		return rc;
	if (r->renewal)
		return renew_key(txn, actor, r, key, arena, err);
	if (about->entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED)
		rc = key_check_proven_in(txn, key, arena, err);
	return rc == CG_OK ? widen_key(txn, actor, key, about, arena, err) : rc;
}

/* Whether a request waits until its certificate is proven. */
static cg_rc waits_for_proof(struct store_txn *txn, const Cg__KeyRequest *r,
			     const struct request_about *about, struct arena *arena, bool *out,
			     struct cg_err *err)
{
	struct key_origin origin = {.proof = false};
	*out = r->has_certificate && !r->has_proven_at &&
	       (r->disputed || about->entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED);
	if (*out || !r->has_certificate || r->has_proven_at || !r->renewal)
		return CG_OK;
	cg_rc rc = key_origin_in(txn, r->key_id, arena, &origin, err);
	*out = rc == CG_OK && origin.proof;
	return rc;
}

static cg_rc check_approval(struct store_txn *txn, const Cg__KeyRequest *r,
			    const struct request_about *about, struct arena *arena,
			    struct cg_err *err)
{
	bool waits = false;
	cg_rc rc = request_check_active_in(txn, about->developer, arena, err);
	if (rc == CG_OK)
		rc = waits_for_proof(txn, r, about, arena, &waits, err);
	return rc == CG_OK && waits
		   ? cg_fail_code(err, CG_CLASH, "proof_missing",
				  "The certificate is only claimed: the developer has to show it "
				  "with the request's code first.")
		   : rc;
}

cg_rc request_waits_for_proof_in(struct store_txn *txn, const Cg__KeyRequest *request,
				 struct arena *arena, bool *out, struct cg_err *err)
{
	struct request_about about;
	*out = false;
	cg_rc rc =
	    request_about_in(txn, request->developer_id, request->catalogue_id, arena, &about, err);
	/* It is about to be declined. */
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	return rc == CG_OK ? waits_for_proof(txn, request, &about, arena, out, err) : rc;
}

struct waiting_call {
	const Cg__KeyRequest *request;
	struct arena *arena;
	bool waits;
};

static cg_rc waiting_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct waiting_call *c = arg;
	return request_waits_for_proof_in(txn, c->request, c->arena, &c->waits, err);
}

cg_rc request_waits_for_proof(struct store *store, const Cg__KeyRequest *request,
			      struct arena *arena, bool *out, struct cg_err *err)
{
	struct waiting_call c = {.request = request, .arena = arena};
	*out = false;
	if (request->status != CG__KEY_REQUEST__STATUS__PENDING)
		return CG_OK;
	cg_rc rc = store_read(store, waiting_txn, &c, err);
	*out = rc == CG_OK && c.waits;
	return rc;
}

static cg_rc decide(struct store_txn *txn, const char *decided_by, Cg__KeyRequest *r,
		    Cg__KeyRequest__Status status, struct arena *arena, struct cg_err *err)
{
	r->has_status = r->has_decided_at = true;
	r->status = status;
	r->decided_at = clock_unix_s();
	r->decided_by = arena_strdup(arena, decided_by);
	/* Where it was approved the certificate is among those that are registered; else nobody
	 * needs it any more.  The digest stays. */
	const bool had = r->has_certificate;
	r->has_certificate = false;
	cg_rc rc = r->decided_by ? entity_put_in(txn, &request_entity, r, arena, err)
				 : cg_fail_memory(err);
	/* For the mail. */
	r->has_certificate = had;
	return rc;
}

cg_rc request_approve_in(struct store_txn *txn, const struct actor *actor, const char *approved_by,
			 Cg__KeyRequest *r, struct arena *arena, struct cg_err *err)
{
	struct request_about about;
	const struct actor approver = actor_allowed(actor);
	cg_rc rc = request_about_in(txn, r->developer_id, r->catalogue_id, arena, &about, err);
	if (rc == CG_OK)
		rc = check_approval(txn, r, &about, arena, err);
	if (rc == CG_OK)
		rc = r->key_id ? change_key(txn, &approver, r, &about, arena, err)
			       : make_key(txn, &approver, approved_by, r, &about, arena, err);
	/* A code stays until it is used: also what was approved can still be proven. */
	if (rc == CG_OK)
		rc = decide(txn, approved_by, r, CG__KEY_REQUEST__STATUS__APPROVED, arena, err);
	if (rc == CG_OK)
		rc = audit(
		    txn, actor, "request.approve", r,
		    json_pack("{s:s, s:s}", "key_id", r->key_id, "policy_id", about.policy->id),
		    arena, err);
	return rc == CG_OK ? request_tell_decision_in(txn, r, arena, err) : rc;
}

static cg_rc load_for_decision(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	cg_rc rc = actor_require(c->actor, CG__ROLE__ADMIN, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &request_entity, c->id, c->arena, &c->request, err);
	if (rc == CG_OK && c->revision != ENTITY_ANY_REVISION &&
	    c->request->revision != c->revision &&
	    c->request->status == CG__KEY_REQUEST__STATUS__PENDING)
		rc =
		    cg_fail(err, CG_STALE,
			    "The request was changed meanwhile: look at it again and decide then.");
	return rc;
}

static cg_rc decided_already(const Cg__KeyRequest *r, struct cg_err *err)
{
	static const char *const words[] = {"", "was approved", "was declined", "was withdrawn"};
	return cg_fail_code(err, CG_CLASH, "decided_already", "This request %s already.",
			    words[(unsigned)r->status < CG_COUNT(words) ? (unsigned)r->status : 0]);
}

static cg_rc approve_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = load_for_decision(txn, c, err);
	if (rc != CG_OK || c->request->status == CG__KEY_REQUEST__STATUS__APPROVED)
		return rc;
	if (c->request->status != CG__KEY_REQUEST__STATUS__PENDING)
		return decided_already(c->request, err);
	return request_approve_in(txn, c->actor, c->actor->name, c->request, c->arena, err);
}

cg_rc request_approve(struct store *store, const struct actor *actor, const char *id,
		      uint64_t revision, struct arena *arena, Cg__KeyRequest **out,
		      struct cg_err *err)
{
	struct call c = {.actor = actor, .id = id, .revision = revision, .arena = arena};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, approve_txn, &c, err);
	if (rc == CG_OK) {
		c.request->has_certificate = false;
		*out = c.request;
	}
	return rc;
}

/* --- declining, withdrawing --- */

cg_rc request_decline_in(struct store_txn *txn, const struct actor *actor, Cg__KeyRequest *r,
			 const char *reason, struct arena *arena, struct cg_err *err)
{
	r->proof_code = NULL;
	r->reason = reason && *reason ? arena_strdup(arena, reason) : NULL;
	cg_rc rc = decide(txn, actor->name, r, CG__KEY_REQUEST__STATUS__DECLINED, arena, err);
	if (rc == CG_OK)
		rc = audit(txn, actor, "request.decline", r,
			   json_pack("{s:s?}", "reason", r->reason), arena, err);
	return rc == CG_OK ? request_tell_decision_in(txn, r, arena, err) : rc;
}

static cg_rc decline_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = load_for_decision(txn, c, err);
	if (rc != CG_OK || c->request->status == CG__KEY_REQUEST__STATUS__DECLINED)
		return rc;
	if (c->request->status != CG__KEY_REQUEST__STATUS__PENDING)
		return decided_already(c->request, err);
	return request_decline_in(txn, c->actor, c->request, c->reason, c->arena, err);
}

cg_rc request_decline(struct store *store, const struct actor *actor, const char *id,
		      uint64_t revision, const char *reason, struct arena *arena,
		      Cg__KeyRequest **out, struct cg_err *err)
{
	struct call c = {
	    .actor = actor, .id = id, .revision = revision, .reason = reason, .arena = arena};
	if (reason && !text_is_clean(span_of(reason)))
		return cg_fail_field(err, "reason", "holds control characters; remove them");
	if (reason && strlen(reason) > REASON_MAX)
		return cg_fail_field(err, "reason", "is longer than %d bytes", REASON_MAX);
	cg_rc rc = store_write(store, STORE_CHANGES_NONE, decline_txn, &c, err);
	if (rc == CG_OK) {
		c.request->has_certificate = false;
		*out = c.request;
	}
	return rc;
}

static cg_rc withdraw_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = request_of_in(txn, c->actor, c->id, c->arena, &c->request, err);
	if (rc != CG_OK || c->request->status == CG__KEY_REQUEST__STATUS__WITHDRAWN)
		return rc;
	if (c->request->status != CG__KEY_REQUEST__STATUS__PENDING)
		return decided_already(c->request, err);
	c->request->proof_code = NULL;
	rc = decide(txn, c->actor->name, c->request, CG__KEY_REQUEST__STATUS__WITHDRAWN, c->arena,
		    err);
	return rc == CG_OK
		   ? audit(txn, c->actor, "request.withdraw", c->request, NULL, c->arena, err)
		   : rc;
}

cg_rc request_withdraw(struct store *store, const struct actor *actor, const char *id,
		       struct arena *arena, struct cg_err *err)
{
	struct call c = {.actor = actor, .id = id, .arena = arena};
	return store_write(store, STORE_CHANGES_NONE, withdraw_txn, &c, err);
}

/* What a key came of says how it is renewed, also when that is not offered any more. */
static cg_rc keep_rule(struct store_txn *txn, const Cg__CatalogueEntry *entry, Cg__KeyRequest *r,
		       struct arena *arena, struct cg_err *err)
{
	r->has_gone_renewal = true;
	r->gone_renewal = entry->renewal;
	/* A proof needs a request, and without the entry there is none: then somebody has to look.
	 */
	if (entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED)
		r->gone_renewal = CG__CATALOGUE_ENTRY__RENEWAL__APPROVAL;
	return entity_put_in(txn, &request_entity, r, arena, err);
}

cg_rc request_drop_entry_in(struct store_txn *txn, const Cg__CatalogueEntry *entry,
			    struct arena *arena, struct cg_err *err)
{
	struct request_list list;
	cg_rc rc =
	    request_list_in(txn, STORE_REQUEST_BY_CATALOGUE, span_of(entry->id), arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		if (list.items[i]->status == CG__KEY_REQUEST__STATUS__PENDING)
			rc = request_decline_in(txn, &actor_steward, list.items[i],
						"The API is no longer in the catalogue.", arena,
						err);
		else if (list.items[i]->status == CG__KEY_REQUEST__STATUS__APPROVED)
			rc = keep_rule(txn, entry, list.items[i], arena, err);
	return rc;
}

/* Who approved, unless it was he by asking for what is given at once. */
static char *approver_without(char *name, const Cg__Developer *developer)
{
	static char gone[] = "a developer who is gone";
	return name && strcmp(name, developer->email) == 0 ? gone : name;
}

static cg_rc forget_asker(struct store_txn *txn, Cg__KeyRequest *r, const Cg__Developer *developer,
			  struct arena *arena, struct cg_err *err)
{
	Cg__Key *key;
	r->developer_id = NULL;
	r->proof_code = NULL;
	r->decided_by = approver_without(r->decided_by, developer);
	cg_rc rc = entity_put_in(txn, &request_entity, r, arena, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &key_entity, r->key_id, arena, &key, err);
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	char *without = approver_without(key->approved_by, developer);
	if (without == key->approved_by)
		return CG_OK;
	key->approved_by = without;
	return entity_put_in(txn, &key_entity, key, arena, err);
}

cg_rc request_drop_developer_in(struct store_txn *txn, const Cg__Developer *developer,
				struct arena *arena, struct cg_err *err)
{
	struct request_list list;
	cg_rc rc = request_list_in(txn, STORE_REQUEST_BY_DEVELOPER, span_of(developer->id), arena,
				   &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		rc = list.items[i]->status == CG__KEY_REQUEST__STATUS__APPROVED
			 ? forget_asker(txn, list.items[i], developer, arena, err)
			 : store_remove(txn, STORE_REQUEST, span_of(list.items[i]->id), err);
	return rc;
}

/* --- possession --- */

static cg_rc find_code(struct store_txn *txn, struct call *c, Cg__Developer **asker,
		       struct cg_err *err)
{
	static const char no_code[] =
	    "No request waits for this code: it is used up, or the request was decided. The "
	    "request's page in the portal shows the code that counts.";
	struct span bytes;
	cg_rc rc = c->code.n == REQUEST_CODE_TEXT
		       ? store_find(txn, STORE_REQUEST_BY_CODE, c->code, c->arena, &bytes, err)
		       : CG_NOT_FOUND;
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, rc, "%s", no_code);
	if (rc == CG_OK)
		rc = record_unpack(&cg__key_request__descriptor, bytes, c->arena, &c->request, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &developer_entity, c->request->developer_id, c->arena,
				   asker, err);
	const Cg__Developer *self = c->actor->developer;
	if (rc == CG_OK && self && strcmp(self->organisation_id, (*asker)->organisation_id) != 0)
		rc = cg_fail(err, CG_NOT_FOUND, "%s", no_code);
	return rc;
}

/* Takes a claimed certificate from the key that has it.  That the other one has revoked it, says
 * nothing: only what its owner has revoked, or whose private key is in other hands, is over. */
static cg_rc take_from_key(struct store_txn *txn, struct call *c, const Cg__Developer *asker,
			   struct cg_err *err)
{
	Cg__Credential *credential;
	Cg__Key *key;
	cg_rc rc = credential_load_in(txn, span_make(c->cert->sha256.b, SHA256_BYTES), c->arena,
				      &credential, err);
	if (rc != CG_OK)
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	rc = exposed_key_check_in(txn, span_make(c->cert->spki_sha256.b, SHA256_BYTES), c->arena,
				  err);
	if (rc == CG_OK)
		rc = credential_key_in(txn, credential, c->arena, &key, err);
	if (rc != CG_OK)
		return rc;
	/* Of the very key that the request made. */
	if (c->request->key_id && strcmp(credential->key_id, c->request->key_id) == 0 &&
	    !credential->has_revoked_at)
		return credential_set_proof_in(txn, credential, clock_unix_s(), c->arena, err);
	if (credential->has_revoked_at && key->organisation_id &&
	    strcmp(key->organisation_id, asker->organisation_id) == 0)
		return cg_fail_code(err, CG_CLASH, "certificate_revoked",
				    "This certificate was revoked at your key “%.100s”: make a "
				    "new pair.",
				    key->name);
	if (!credential->claimed)
		return cg_fail_code(
		    err, CG_CLASH, "certificate_in_use",
		    "This certificate is in use, and was shown by somebody with its "
		    "private key or registered by the API's owner: ask the owner, "
		    "or make a new pair.");
	rc = credential_yield_in(txn, c->actor, key, credential, c->arena, err);
	return rc == CG_OK ? request_tell_moved_in(txn, c->request, key, c->arena, err) : rc;
}

/* Ends what others claim. */
static cg_rc end_claims(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	static const char reason[] = "Somebody else has shown the private key of this certificate.";
	struct request_list list;
	cg_rc rc =
	    request_list_in(txn, STORE_REQUEST_BY_CERTIFICATE,
			    span_make(c->cert->sha256.b, SHA256_BYTES), c->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		Cg__KeyRequest *r = list.items[i];
		if (strcmp(r->id, c->request->id) == 0)
			continue;
		if (r->has_proven_at)
			return cg_fail_code(err, CG_CLASH, "certificate_in_use",
					    "This certificate is in use: make a new pair.");
		rc = request_decline_in(txn, c->actor, r, reason, c->arena, err);
	}
	return rc;
}

static cg_rc prove_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Developer *asker;
	struct request_about about;
	cg_rc rc = find_code(txn, c, &asker, err);
	if (rc != CG_OK)
		return rc;
	Cg__KeyRequest *r = c->request;
	if (!span_is(span_make(r->certificate_sha256.data, r->certificate_sha256.len),
		     span_make(c->cert->sha256.b, SHA256_BYTES)))
		return cg_fail_code(err, CG_CLASH, "certificate_other",
				    "The certificate of this connection is not the one of the "
				    "request: call with the pair that you asked for.");
	rc = request_check_active_in(txn, asker, c->arena, err);
	if (rc == CG_OK)
		rc = take_from_key(txn, c, asker, err);
	if (rc == CG_OK)
		rc = end_claims(txn, c, err);
	if (rc != CG_OK)
		return rc;
	r->has_proven_at = r->has_disputed = true;
	r->proven_at = clock_unix_s();
	r->disputed = false;
	r->proof_code = NULL;
	rc = entity_put_in(txn, &request_entity, r, c->arena, err);
	if (rc == CG_OK)
		rc = audit(txn, c->actor, "request.proven", r, NULL, c->arena, err);
	if (rc != CG_OK || r->status != CG__KEY_REQUEST__STATUS__PENDING)
		return rc;
	rc = request_about_in(txn, r->developer_id, r->catalogue_id, c->arena, &about, err);
	bool at_once = rc == CG_OK && !r->renewal &&
		       about.entry->approval == CG__CATALOGUE_ENTRY__APPROVAL__AUTOMATIC;
	if (rc == CG_OK && r->renewal) {
		struct key_origin origin = {.proof = false};
		rc = key_origin_in(txn, r->key_id, c->arena, &origin, err);
		at_once = rc == CG_OK && origin.way != CG__CATALOGUE_ENTRY__RENEWAL__APPROVAL;
	}
	return at_once ? request_approve_in(txn, c->actor, REQUEST_AUTOMATIC, r, c->arena, err)
		       : rc;
}

cg_rc request_prove(struct store *store, const struct actor *actor, struct span code,
		    const struct cert *cert, struct arena *arena, Cg__KeyRequest **out,
		    struct cg_err *err)
{
	struct call c = {.actor = actor, .code = code, .cert = cert, .arena = arena};
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, prove_txn, &c, err);
	if (rc == CG_OK)
		*out = c.request;
	return rc;
}
