/* What people are told of requests. */
#include "base/base.h"
#include "base/clock.h"
#include "model/developer.h"
#include "model/link.h"
#include "model/organisation.h"
#include "model/outbox.h"
#include "model/request_in.h"

static json_t *values_of(struct store_txn *txn, const Cg__KeyRequest *r,
			 const struct request_about *about, struct arena *arena)
{
	struct cert cert;
	Cg__Organisation *organisation;
	char hex[SHA256_HEX + 1] = "", until[DAY_TEXT + 1] = "";
	if (r->certificate_sha256.len == SHA256_BYTES)
		hex_format(r->certificate_sha256.data, SHA256_BYTES, hex);
	if (r->has_certificate && cert_facts(span_make(r->certificate.data, r->certificate.len),
					     arena, &cert, NULL) == CG_OK)
		(void)day_format(cert.not_after, until);
	cg_rc found = entity_get_in(txn, &organisation_entity, about->developer->organisation_id,
				    arena, &organisation, NULL);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "key_name", r->name, "entry_name",
			 about->entry->name, "developer", about->developer->name,
			 "organisation_name", found == CG_OK ? organisation->name : "", "reason",
			 r->reason ? r->reason : "", "certificate", hex, "valid_until", until);
}

/* Of *values nothing is left where there is no memory, which whoever queues them tells. */
static void set_path(json_t **values, const char *base, const char *id)
{
	if (json_object_set_new(*values, "path", json_sprintf("%s%s", base, id)) != 0) {
		json_decref(*values);
		*values = NULL;
	}
}

cg_rc request_tell_new_in(struct store_txn *txn, const Cg__KeyRequest *request,
			  const struct request_about *about, struct arena *arena,
			  struct cg_err *err)
{
	json_t *values = values_of(txn, request, about, arena);
	set_path(&values, "/portal/requests/", request->id);
	cg_rc rc = mail_queue(txn, CG__OUTBOX_MAIL__KIND__REQUEST_RECEIVED, about->developer->email,
			      values, arena, err);
	set_path(&values, "/admin/requests/", request->id);
	if (rc == CG_OK)
		rc = mail_queue_administrators(txn, CG__OUTBOX_MAIL__KIND__REQUEST_NEW, values,
					       arena, err);
	json_decref(values);
	return rc;
}

cg_rc request_tell_decision_in(struct store_txn *txn, const Cg__KeyRequest *request,
			       struct arena *arena, struct cg_err *err)
{
	struct request_about about;
	bool approved = request->status == CG__KEY_REQUEST__STATUS__APPROVED;
	cg_rc rc =
	    request_about_in(txn, request->developer_id, request->catalogue_id, arena, &about, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK; /* gone: nobody is left to be told */
	if (rc != CG_OK)
		return rc;
	json_t *values = values_of(txn, request, &about, arena);
	if (approved)
		set_path(&values, "/portal/keys/", request->key_id);
	else
		set_path(&values, "/portal/requests/", request->id);
	rc = mail_queue(txn,
			approved ? CG__OUTBOX_MAIL__KIND__REQUEST_APPROVED
				 : CG__OUTBOX_MAIL__KIND__REQUEST_DECLINED,
			about.developer->email, values, arena, err);
	json_decref(values);
	return rc;
}

cg_rc request_tell_moved_in(struct store_txn *txn, const Cg__KeyRequest *request,
			    const Cg__Key *loser, struct arena *arena, struct cg_err *err)
{
	struct request_about about;
	char hex[SHA256_HEX + 1] = "";
	if (request->certificate_sha256.len == SHA256_BYTES)
		hex_format(request->certificate_sha256.data, SHA256_BYTES, hex);
	json_t *values = json_pack("{s:s, s:s, s:s, s:s}", "key_name", loser->name, "what",
				   "certificate", "fingerprint", hex, "reason",
				   "Somebody else has shown the private key of its certificate.");
	set_path(&values, "/portal/keys/", loser->id);
	/* Who has lost it learns that, and not to whom. */
	cg_rc rc = mail_queue_organisation(txn, CG__OUTBOX_MAIL__KIND__KEY_REVOKED,
					   loser->organisation_id, values, arena, err);
	set_path(&values, "/admin/keys/", loser->id);
	/* A key that is gone has lost nothing. */
	if (rc == CG_OK && *loser->name)
		rc = mail_queue_administrators(txn, CG__OUTBOX_MAIL__KIND__KEY_REVOKED, values,
					       arena, err);
	json_decref(values);
	if (rc == CG_OK)
		rc = request_about_in(txn, request->developer_id, request->catalogue_id, arena,
				      &about, err);
	if (rc != CG_OK)
		return rc;
	values = values_of(txn, request, &about, arena);
	set_path(&values, "/portal/requests/", request->id);
	rc = mail_queue(txn, CG__OUTBOX_MAIL__KIND__REQUEST_RECEIVED, about.developer->email,
			values, arena, err);
	json_decref(values);
	return rc;
}

/* Everybody of the organisation gets a link that stops it: whoever has stolen a session and its
 * password, or a private key, could add a certificate of his own. */
cg_rc renew_tell_in(struct store_txn *txn, const struct actor *actor, const Cg__Key *key,
		    const struct cert *cert, const struct replaced *replaced, const char *caller,
		    struct arena *arena, struct cg_err *err)
{
	struct mail_addresses to;
	char hex[SHA256_HEX + 1];
	hex_format(cert->sha256.b, SHA256_BYTES, hex);
	cg_rc rc = mail_addresses_of(txn, CG__OUTBOX_MAIL__KIND__RENEWED, key->organisation_id,
				     arena, &to, err);
	json_t *values =
	    json_pack("{s:s, s:s, s:s, s:s, s:o}", "key_name", key->name, "fingerprint", hex,
		      "developer", actor->developer ? actor->name : "", "caller",
		      caller ? caller : "", "path", json_sprintf("/portal/keys/%s", key->id));
	for (size_t i = 0; rc == CG_OK && i < to.n; i++) {
		Cg__Link link = CG__LINK__INIT;
		link.has_kind = true;
		link.kind = CG__LINK__KIND__STOP;
		link.email = to.items[i];
		link.organisation_id = key->organisation_id;
		if (replaced->ends_at != 0) {
			link.has_replaced_sha256 = link.has_replaced_ends_at = true;
			link.replaced_sha256 = (ProtobufCBinaryData){
			    SHA256_BYTES, (uint8_t *)(uintptr_t)replaced->sha256.b};
			link.replaced_ends_at = replaced->ends_at;
			link.has_replaced_ended_at = replaced->ended_at != 0;
			link.replaced_ended_at = replaced->ended_at;
		}
		link.subject_id = arena_printf(arena, "%s/%s", key->id, hex);
		rc = link.subject_id ? link_mail_in(txn, &link, CG__OUTBOX_MAIL__KIND__RENEWED,
						    values, arena, err)
				     : cg_fail_memory(err);
	}
	json_decref(values);
	return rc;
}
