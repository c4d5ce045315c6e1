#include "base/base.h"
#include "model/request.h"
#include "base/clock.h"
#include "model/audit.h"
#include "model/catalogue.h"
#include "model/credential_in.h"
#include "model/developer.h"
#include "model/exposed_key.h"
#include "model/key.h"
#include "model/name.h"
#include "model/organisation.h"
#include "model/policy.h"
#include "model/request_in.h"
#include "model/user_certificate.h"

/* Requests are made by request_add_in alone, so nothing is checked here. */
static cg_rc check(struct store_txn *txn, void *message, const void *before, struct arena *arena,
		   struct cg_err *err)
{
	(void)txn;
	(void)message;
	(void)before;
	(void)arena;
	(void)err;
	return CG_OK;
}

const struct entity request_entity = {
    .word = "request",
    .audit = "request",
    .type = &cg__key_request__descriptor,
    .table = STORE_REQUEST,
    .by_name = STORE_REQUEST_BY_NAME,
    .unique_name = false,
    .role = CG__ROLE__ADMIN,
    .effect = STORE_CHANGES_GRANTS,
    .check = check,
};

/* --- what a request is about --- */

cg_rc request_of_in(struct store_txn *txn, const struct actor *actor, const char *id,
		    struct arena *arena, Cg__KeyRequest **out, struct cg_err *err)
{
	Cg__Developer *asker;
	struct cg_err why = {0};
	cg_rc rc = entity_get_in(txn, &request_entity, id, arena, out, &why);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &developer_entity,
				   (*out)->developer_id ? (*out)->developer_id : "", arena, &asker,
				   &why);
	/* A name leads to nothing here: whether it is the only one of its kind tells of others. */
	if (rc == CG_NOT_FOUND || rc == CG_CLASH ||
	    (rc == CG_OK &&
	     (!actor->developer || strcmp((*out)->id, id) != 0 ||
	      strcmp(actor->developer->organisation_id, asker->organisation_id) != 0)))
		return cg_fail(err, CG_NOT_FOUND, "There is no such request.");
	if (rc != CG_OK && err)
		*err = why;
	return rc;
}

struct of_call {
	const struct actor *actor;
	const char *id;
	struct arena *arena;
	Cg__KeyRequest *request;
};

static cg_rc of_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct of_call *c = arg;
	return request_of_in(txn, c->actor, c->id, c->arena, &c->request, err);
}

cg_rc request_of(struct store *store, const struct actor *actor, const char *id,
		 struct arena *arena, Cg__KeyRequest **out, struct cg_err *err)
{
	struct of_call c = {.actor = actor, .id = id, .arena = arena};
	cg_rc rc = store_read(store, of_txn, &c, err);
	if (rc == CG_OK)
		*out = c.request;
	return rc;
}

cg_rc request_about_in(struct store_txn *txn, const char *developer_id, const char *catalogue_id,
		       struct arena *arena, struct request_about *out, struct cg_err *err)
{
	struct request_about a = {NULL, NULL, NULL};
	cg_rc rc = entity_get_in(txn, &developer_entity, developer_id ? developer_id : "", arena,
				 &a.developer, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &catalogue_entity, catalogue_id ? catalogue_id : "", arena,
				   &a.entry, err);
	if (rc == CG_OK)
		rc = entity_get_in(txn, &policy_entity, a.entry->policy_id, arena, &a.policy, err);
	if (rc == CG_OK)
		*out = a;
	return rc;
}

cg_rc request_check_active_in(struct store_txn *txn, const Cg__Developer *developer,
			      struct arena *arena, struct cg_err *err)
{
	enum organisation_off off = ORGANISATION_ON;
	cg_rc rc =
	    organisation_lets_in(txn, developer->organisation_id, developer->id, arena, &off, err);
	return rc == CG_OK && off != ORGANISATION_ON
		   ? cg_fail_code(err, CG_CLASH, "developer_inactive",
				  "The developer%s is switched off: no request is taken or "
				  "approved until that has changed.",
				  off == ORGANISATION_OFF ? "'s organisation" : "")
		   : rc;
}

/* --- claims --- */

static cg_rc in_use(struct cg_err *err)
{
	return cg_fail_code(err, CG_CLASH, "certificate_in_use", "This certificate is in use.");
}

/* Whose key a credential belongs to; *out is NULL when it is gone. */
static cg_rc key_of(struct store_txn *txn, const Cg__Credential *credential, struct arena *arena,
		    Cg__Key **out, struct cg_err *err)
{
	struct span bytes;
	*out = NULL;
	cg_rc rc = store_get(txn, STORE_KEY, span_of(credential->key_id), arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__key__descriptor, bytes, arena, out, err);
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static bool is_theirs(const Cg__Key *key, const char *organisation_id)
{
	return key && key->organisation_id && organisation_id &&
	       strcmp(key->organisation_id, organisation_id) == 0;
}

static cg_rc check_credential(struct store_txn *txn, const char *organisation_id,
			      const struct cert *cert, bool disputed, struct arena *arena,
			      struct cg_err *err)
{
	struct span bytes;
	Cg__Credential *credential;
	Cg__Key *key;
	cg_rc rc = store_get(txn, STORE_CREDENTIAL, span_make(cert->sha256.b, SHA256_BYTES), arena,
			     &bytes, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc == CG_OK)
		rc = record_unpack(&cg__credential__descriptor, bytes, arena, &credential, err);
	if (rc == CG_OK)
		rc = key_of(txn, credential, arena, &key, err);
	if (rc != CG_OK)
		return rc;
	if (!is_theirs(key, organisation_id))
		return disputed ? CG_OK : in_use(err);
	if (credential->has_revoked_at)
		return cg_fail_code(err, CG_CLASH, "certificate_revoked",
				    "This certificate was revoked at the key “%.100s”, and is not "
				    "taken again: make a new pair.",
				    key->name);
	return cg_fail_code(err, CG_CLASH, "certificate_yours",
			    "This certificate belongs to the key “%.100s”: add the API to that key "
			    "instead.",
			    key->name);
}

static cg_rc check_requests(struct store_txn *txn, const char *organisation_id,
			    const struct cert *cert, bool disputed, struct arena *arena,
			    struct cg_err *err)
{
	struct request_list list;
	cg_rc rc = request_list_in(txn, STORE_REQUEST_BY_CERTIFICATE,
				   span_make(cert->sha256.b, SHA256_BYTES), arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		const Cg__KeyRequest *r = list.items[i];
		Cg__Developer *other;
		rc = entity_get_in(txn, &developer_entity, r->developer_id ? r->developer_id : "",
				   arena, &other, err);
		if (rc == CG_NOT_FOUND) {
			rc = CG_OK;
			continue;
		}
		if (rc != CG_OK)
			return rc;
		if (strcmp(other->organisation_id, organisation_id) == 0)
			return cg_fail_code(err, CG_CLASH, "requested_already",
					    "The request “%.100s” is about this certificate and "
					    "waits: withdraw that one first.",
					    r->name);
		if (!r->disputed && !disputed)
			return in_use(err);
	}
	return rc;
}

/* Registered as something else than a client's: a CA that an API trusts, or what signs somebody in
 * to the dashboard. */
static cg_rc check_kind(struct store_txn *txn, const struct cert *cert, struct arena *arena,
			struct cg_err *err)
{
	char hex[SHA256_HEX + 1];
	struct span bytes;
	Cg__Certificate *there = NULL;
	cg_rc rc =
	    user_certificate_check_in(txn, span_make(cert->sha256.b, SHA256_BYTES), arena, err);
	if (rc != CG_OK)
		return rc == CG_CLASH ? in_use(err) : rc;
	hex_format(cert->sha256.b, SHA256_BYTES, hex);
	rc = store_get(txn, STORE_CERTIFICATE, span_of(hex), arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc == CG_OK)
		rc = record_unpack(&cg__certificate__descriptor, bytes, arena, &there, err);
	return rc == CG_OK && there->kind != CG__CERTIFICATE__KIND__CLIENT ? in_use(err) : rc;
}

cg_rc request_check_claim_in(struct store_txn *txn, const char *organisation_id,
			     const struct cert *cert, bool disputed, struct arena *arena,
			     struct cg_err *err)
{
	struct cg_err why = {0};
	cg_rc rc =
	    exposed_key_check_in(txn, span_make(cert->spki_sha256.b, SHA256_BYTES), arena, &why);
	if (rc == CG_CLASH)
		return cg_fail_code(err, rc, "key_exposed",
				    "The private key of this certificate is known to be in other "
				    "hands, so nothing with it is taken: make a new pair.");
	if (rc != CG_OK) {
		if (err)
			*err = why;
		return rc;
	}
	rc = check_kind(txn, cert, arena, err);
	if (rc == CG_OK)
		rc = check_credential(txn, organisation_id, cert, disputed, arena, err);
	return rc == CG_OK ? check_requests(txn, organisation_id, cert, disputed, arena, err) : rc;
}

/* --- making one --- */

/* "h7k2-m4xq-9rtw": without what is taken for something else (0 o, 1 l i). */
static cg_rc make_code(struct arena *arena, char **out, struct cg_err *err)
{
	static const char letters[] = "23456789abcdefghjkmnpqrstuvwxyz";
	uint8_t bytes[12];
	char code[REQUEST_CODE_TEXT + 1];
	size_t at = 0;
	for (size_t i = 0; i < sizeof(bytes);) {
		if (random_bytes(&bytes[i], 1) != CG_OK)
			return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
		/* 8 * 31: the rest would favour some letters. */
		if (bytes[i] >= 8 * (sizeof(letters) - 1))
			continue;
		if (i > 0 && i % 4 == 0)
			code[at++] = '-';
		code[at++] = letters[bytes[i] % (sizeof(letters) - 1)];
		i++;
	}
	*out = arena_copy(arena, span_make(code, at));
	return *out ? CG_OK : cg_fail_memory(err);
}

cg_rc request_add_in(struct store_txn *txn, const struct actor *actor, Cg__KeyRequest *request,
		     const char *id, struct arena *arena, struct cg_err *err)
{
	struct span bytes;
	char made[ID_TEXT + 1];
	cg_rc rc = CG_OK;
	if (!id && random_id(made) != CG_OK)
		return cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	request->id = arena_strdup(arena, id ? id : made);
	if (!request->id)
		return cg_fail_memory(err);
	request->has_created_at = request->has_updated_at = request->has_revision = true;
	request->created_at = request->updated_at = clock_unix_s();
	request->revision = 1;
	if (request->has_certificate)
		rc = make_code(arena, &request->proof_code, err);
	if (rc == CG_OK)
		rc = record_pack(request, arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_add(txn, STORE_REQUEST, span_of(request->id), bytes, err);
	if (rc == CG_CLASH)
		return cg_fail_code(err, rc, ENTITY_MADE_ALREADY, "This was made already.");
	json_t *changes;
	if (rc == CG_OK)
		rc = record_changes(NULL, request, &changes, err);
	if (rc != CG_OK)
		return rc;
	rc = audit_add(txn, actor, "request.create", request->id, request->name, changes, arena,
		       err);
	json_decref(changes);
	return rc;
}

struct create_call {
	const struct actor *actor;
	const struct request_new *what;
	struct arena *arena;
	Cg__KeyRequest *request;
	char *name; /* in its normal form; NULL for more access of a key */
};

cg_rc request_check_day_in(struct store_txn *txn, const char *developer_id, struct arena *arena,
			   struct cg_err *err)
{
	struct request_list list;
	uint64_t today = 0;
	int64_t yesterday = clock_unix_s() - (int64_t)24 * 3600;
	cg_rc rc = request_list_in(txn, STORE_REQUEST_BY_DEVELOPER, span_of(developer_id), arena,
				   &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++)
		today += list.items[i]->created_at > yesterday;
	return rc == CG_OK && today >= REQUESTS_A_DAY_MAX
		   ? cg_fail_code(err, CG_CLASH, "too_many_keys",
				  "Within a day %" PRIu64
				  " keys were asked for, and a developer gets no more: wait with "
				  "the next one.",
				  today)
		   : rc;
}

/* How many keys of the entry this developer has or waits for. */
static cg_rc check_number(struct store_txn *txn, const struct request_about *about,
			  struct arena *arena, struct cg_err *err)
{
	struct request_list list;
	struct span ignored;
	uint64_t n = 0, max = about->entry->max_keys_per_developer;
	cg_rc rc = request_check_day_in(txn, about->developer->id, arena, err);
	if (rc == CG_OK)
		rc = request_list_in(txn, STORE_REQUEST_BY_DEVELOPER, span_of(about->developer->id),
				     arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		const Cg__KeyRequest *r = list.items[i];
		if (strcmp(r->catalogue_id, about->entry->id) != 0 || r->renewal)
			continue;
		if (r->status == CG__KEY_REQUEST__STATUS__PENDING)
			n += !r->key_id;
		else if (r->status == CG__KEY_REQUEST__STATUS__APPROVED && r->key_id)
			n += store_get(txn, STORE_KEY, span_of(r->key_id), arena, &ignored, NULL) ==
			     CG_OK;
	}
	if (rc == CG_OK && n >= max)
		return cg_fail_code(err, CG_CLASH, "too_many_keys",
				    "A developer gets no more than %" PRIu64
				    " key%s of this API, with those that wait: give one up, or "
				    "withdraw a request.",
				    max, max == 1 ? "" : "s");
	return rc;
}

/* Whether that is known to be wrong with a member: what it holds is not looked at then. */
static bool is_wrong(const struct request_new *w, const char *member)
{
	return w->fault && cg_err_names(w->fault, member);
}

static cg_rc check_wish(struct create_call *c, struct cg_err *err)
{
	const struct request_new *w = c->what;
	cg_rc rc = CG_OK;
	if (is_wrong(w, "key_id"))
		return CG_OK;
	/* More access of a key changes nothing else about it. */
	if (w->key_id) {
		if (w->name)
			rc = cg_fail_field(err, "name",
					   "is not asked for: the key keeps the one it has");
		if (w->cert)
			rc = cg_fail_field(err, "certificate",
					   "is not asked for: the key keeps what it has");
		if (w->token)
			rc = cg_fail_field(err, "token",
					   "is not asked for: the key keeps what it has");
		return rc;
	}
	if (!is_wrong(w, "name"))
		rc = name_read(w->name ? w->name : "", "name", c->arena, &c->name, err);
	if (!cg_is_told(rc))
		return rc;
	if (!w->cert && !w->token && !is_wrong(w, "certificate") && !is_wrong(w, "token"))
		rc = cg_fail_field(err, "certificate", "is missing: paste it, or upload it");
	if (w->cert && w->token)
		rc = cg_fail_field(err, "token", "cannot be asked for together with a certificate");
	return rc;
}

/* Somebody who may ask for this developer. */
static cg_rc check_right(const struct actor *actor, const Cg__Developer *developer,
			 struct cg_err *err)
{
	if (actor->developer && strcmp(actor->developer->id, developer->id) == 0)
		return CG_OK;
	return actor_require(actor, CG__ROLE__ADMIN, err);
}

static cg_rc create_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct create_call *c = arg;
	const struct request_new *w = c->what;
	struct request_about about;
	struct span ignored;
	cg_rc rc = CG_OK;
	if (w->id &&
	    store_get(txn, STORE_REQUEST, span_of(w->id), c->arena, &ignored, NULL) == CG_OK)
		return cg_fail_code(err, CG_CLASH, ENTITY_MADE_ALREADY, "This was made already.");
	rc = request_about_in(txn, w->developer_id, w->catalogue_id, c->arena, &about, err);
	if (rc == CG_OK)
		rc = check_right(c->actor, about.developer, err);
	if (rc == CG_OK)
		rc = request_check_active_in(txn, about.developer, c->arena, err);
	if (rc == CG_OK && !about.entry->visible && c->actor->developer)
		rc = cg_fail(err, CG_NOT_FOUND, "There is no such API in the catalogue.");
	if (rc != CG_OK)
		return rc;
	json_t *json =
	    json_pack("{s:s, s:s, s:s, s:b}", "name", c->name ? c->name : "-", "developer_id",
		      about.developer->id, "catalogue_id", about.entry->id, "token", (int)w->token);
	rc = json ? record_from_json(&cg__key_request__descriptor, json, NULL, c->arena,
				     &c->request, err)
		  : cg_fail_memory(err);
	json_decref(json);
	bool at_once = about.entry->approval == CG__CATALOGUE_ENTRY__APPROVAL__AUTOMATIC;
	if (rc == CG_OK && w->key_id) {
		Cg__Key *key;
		bool wider;
		rc = request_check_key_in(txn, c->actor, &about, w->key_id, c->arena, &key, &wider,
					  err);
		if (rc == CG_OK) {
			c->request->key_id = key->id;
			c->request->name = key->name;
			at_once = at_once && !wider;
		}
	} else if (rc == CG_OK)
		rc = check_number(txn, &about, c->arena, err);
	if (rc == CG_OK && w->cert) {
		Cg__KeyRequest *r = c->request;
		rc = request_check_claim_in(txn, about.developer->organisation_id, w->cert,
					    w->disputed, c->arena, err);
		r->has_certificate_sha256 = r->has_certificate = true;
		r->certificate_sha256 =
		    (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)(uintptr_t)w->cert->sha256.b};
		r->certificate =
		    (ProtobufCBinaryData){w->cert->der.n, (uint8_t *)(uintptr_t)w->cert->der.p};
		r->has_disputed = true;
		r->disputed = w->disputed;
	}
	if (rc == CG_OK)
		rc = request_add_in(txn, c->actor, c->request, w->id, c->arena, err);
	if (rc == CG_OK && at_once &&
	    !(w->cert &&
	      (w->disputed || about.entry->proof == CG__CATALOGUE_ENTRY__PROOF__REQUIRED)))
		rc =
		    request_approve_in(txn, c->actor, REQUEST_AUTOMATIC, c->request, c->arena, err);
	else if (rc == CG_OK)
		rc = request_tell_new_in(txn, c->request, &about, c->arena, err);
	return rc;
}

static cg_rc check_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct create_call *c = arg;
	Cg__Developer *developer;
	cg_rc rc =
	    entity_get_in(txn, &developer_entity, c->what->developer_id, c->arena, &developer, err);
	return rc == CG_OK ? request_check_claim_in(txn, developer->organisation_id, c->what->cert,
						    false, c->arena, err)
			   : rc;
}

cg_rc request_check(struct store *store, const char *developer_id, const struct cert *cert,
		    struct arena *arena, struct cg_err *err)
{
	const struct request_new what = {.developer_id = developer_id, .cert = cert};
	struct create_call c = {.what = &what, .arena = arena};
	return store_read(store, check_txn, &c, err);
}

/* What is wrong with a request by itself, and then with its certificate as well. */
static cg_rc judge(struct store *store, struct create_call *c, struct cg_err *err)
{
	const struct request_new *w = c->what;
	struct cg_err why = {0};
	cg_rc rc = cg_beside(check_wish(c, err), w->fault, err);
	if (rc == CG_BAD_VALUE && w->cert && w->developer_id && !w->disputed &&
	    request_check(store, w->developer_id, w->cert, c->arena, &why) == CG_CLASH)
		(void)cg_fail_field(err, "certificate", "%s", why.text);
	return rc;
}

cg_rc request_create(struct store *store, const struct actor *actor, const struct request_new *what,
		     struct arena *arena, Cg__KeyRequest **out, struct cg_err *err)
{
	struct create_call c = {.actor = actor, .what = what, .arena = arena};
	cg_rc rc = judge(store, &c, err);
	if (rc == CG_OK)
		rc = store_write(store, STORE_CHANGES_GRANTS, create_txn, &c, err);
	if (rc == CG_OK)
		*out = c.request;
	return rc;
}
