/* What the resources of the REST interface share. */
#ifndef CG_ADMIN_REST_REST_H
#define CG_ADMIN_REST_REST_H

#include "../admin.h"
#include "cert/cert.h"
#include "model/entity.h"
#include "model/key.h"
#include <jansson.h>

#define REST_BASE "/admin/api/v1"

/* A route and what OpenAPI says of it; the one table of the interface. */
struct rest_route {
	struct web_route route; /* flags: of enum rest_flags */
	const char *summary;
	const ProtobufCMessageDescriptor *record; /* what it answers, takes or lists; NULL: none */
	int status;				  /* of success */
	/* Parameters of its own and what they say: "name: sentence|name: sentence"; NULL: none. */
	const char *query;
	json_t *(*answer)(void); /* the schema of an answer that is no record; NULL */
};

enum rest_flags {
	REST_OPEN = 1,	   /* no token needed */
	REST_LIST = 2,	   /* answers {"items": […], "next": …}, takes limit, cursor, q */
	REST_PATCH = 4,	   /* takes a merge patch */
	REST_PEM = 8,	   /* also takes a certificate as it is */
	REST_MATCH = 16,   /* takes If-Match */
	REST_OWNER = 32,   /* for owners alone, reading included */
	REST_CRL = 64,	   /* takes a revocation list as it is, and nothing else */
	REST_ACT = 128,	   /* POST that makes nothing: no body */
	REST_REASON = 256, /* the same, which takes {"reason"} */
};

extern const struct rest_route rest_routes[];
extern const size_t rest_routes_n;

/* A part of the path by its place, as text; "" when it holds a NUL. */
const char *rest_param(struct rest_call *call, size_t i);
/* Answers with what went wrong. */
void rest_fail(struct rest_call *call, cg_rc rc, const struct cg_err *err);
/* Answers with a record: its JSON with the computed members of `more` (both references are taken),
 * ETag, and for 201 the Location REST_BASE/path/id. */
void rest_send(struct rest_call *call, int status, const void *message, json_t *more,
	       const char *path);
/* Answers a removal: 204, or with what went wrong. */
void rest_send_removed(struct rest_call *call, cg_rc rc, const struct cg_err *err);
/* limit, cursor, q of a list.  Also with CG_BAD_VALUE, for the limit, there are cursor and q, so
 * that what is wrong with them can be told, too. */
struct rest_page {
	size_t limit;
	struct span cursor, q;
};
cg_rc rest_read_page(struct rest_call *call, struct rest_page *out, struct cg_err *err) CG_MUST_USE;
/* Answers with a page; items is taken. */
void rest_send_page(struct rest_call *call, json_t *items, const char *next);
/* The same, of records of which there are few, in the order of their sha256: q is the start of one,
 * the cursor the last one of a page. */
cg_rc rest_read_digest_page(struct rest_call *call, struct rest_page *out,
			    struct cg_err *err) CG_MUST_USE;
/* Answers with the page of all of them, which is taken. */
void rest_send_digest_page(struct rest_call *call, const struct rest_page *page, json_t *all);
/* The revision of If-Match, of several the newest one's; ENTITY_ANY_REVISION when the field is
 * missing or "*".  A tag that is not ours matches nothing: CG_STALE. */
cg_rc rest_if_match(struct rest_call *call, uint64_t *out, struct cg_err *err) CG_MUST_USE;
/* A switch of the query, "true" or "false"; false when it is missing. */
cg_rc rest_flag(struct rest_call *call, const char *name, bool *out,
		struct cg_err *err) CG_MUST_USE;
/* A parameter that names a record by id or name, as its id, also of one that was removed; p NULL
 * when it is missing, and what is empty names none. */
cg_rc rest_query_id(struct rest_call *call, const struct entity *e, const char *name,
		    struct span *out, struct cg_err *err) CG_MUST_USE;
/* A time of the query; *out is untouched when it is missing. */
cg_rc rest_time(struct rest_call *call, const char *name, int64_t *out,
		struct cg_err *err) CG_MUST_USE;

/* --- what bodies bring (body.c) --- */

/* CG_BAD_INPUT, naming each, when a body has other members than these (NULL at their end). */
cg_rc rest_only(const json_t *json, const char *const *known, struct cg_err *err) CG_MUST_USE;
/* Takes the password out of a body; *out is NULL when it has none. */
cg_rc rest_take_password(struct rest_call *call, json_t *json, char **out,
			 struct cg_err *err) CG_MUST_USE;
/* Whether the body says that it is JSON; else it is a certificate as it is. */
bool rest_body_is_json(struct rest_call *call);
/* A certificate as it is, PEM or DER; and the same of the body. */
cg_rc rest_read_certificate(struct rest_call *call, struct span bytes, enum cert_kind kind,
			    struct cert_reading *out, struct cg_err *err) CG_MUST_USE;
cg_rc rest_read_certificate_body(struct rest_call *call, enum cert_kind kind,
				 struct cert_reading *out, struct cg_err *err) CG_MUST_USE;
/* Takes a certificate's text out of a body and wipes it; *has: there was one, which is in *out. */
cg_rc rest_take_certificate(struct rest_call *call, json_t *json, const char *member,
			    enum cert_kind kind, bool *has, struct cert_reading *out,
			    struct cg_err *err) CG_MUST_USE;
/* What a body says beside its other members: a certificate, a token; both are taken out of it. */
struct rest_wish {
	bool certificate, token;
	struct cert_reading reading;
};
cg_rc rest_take_wish(struct rest_call *call, json_t *json, struct rest_wish *out,
		     struct cg_err *err) CG_MUST_USE;
/* What POST tells of a certificate once: private_key_dropped, notices. */
void rest_add_reading(json_t *to, const struct cert_reading *reading);

/* --- resources --- */

/* Lists, reads, changes and removes an entity whose path has its id first. */
struct rest_resource {
	const struct entity *entity;
	const char *path; /* "apis" */
	/* Computed members of one, a new reference; may be NULL. */
	json_t *(*more)(struct rest_call *call, const void *message, struct cg_err *err);
};
/* The items of a page, a new reference. */
cg_rc rest_entity_items(struct rest_call *call, const struct rest_resource *r,
			const struct entity_page *found, json_t **out,
			struct cg_err *err) CG_MUST_USE;
void rest_entity_list(struct rest_call *call, const struct rest_resource *r);
void rest_entity_create(struct rest_call *call, const struct rest_resource *r);
void rest_entity_get(struct rest_call *call, const struct rest_resource *r);
void rest_entity_change(struct rest_call *call, const struct rest_resource *r);
void rest_entity_remove(struct rest_call *call, const struct rest_resource *r);

void apis_list(void *call);
void apis_create(void *call);
void apis_get(void *call);
void apis_change(void *call);
void apis_remove(void *call);
void apis_test(void *call);

void keys_list(void *call);
void keys_create(void *call);
/* The same with the certificate `der`, which was seen in the handshake of a refused request. */
void keys_create_of(struct rest_call *call, struct span der, const char *refused_request_id);
void keys_get(void *call);
void keys_change(void *call);
void keys_remove(void *call);

void keys_effective(void *call);
json_t *effective_schema(void);

void policies_list(void *call);
void policies_create(void *call);
void policies_get(void *call);
void policies_change(void *call);
void policies_remove(void *call);

void catalogue_list(void *call);
void catalogue_create(void *call);
void catalogue_get(void *call);
void catalogue_change(void *call);
void catalogue_remove(void *call);

void requests_list(void *call);
void requests_create(void *call);
void requests_get(void *call);
void requests_approve(void *call);
void requests_decline(void *call);

void credentials_list(void *call);
void credentials_create(void *call);
void credentials_get(void *call);
void credentials_change(void *call);
void credentials_revoke(void *call);

void certificates_list(void *call);
void certificates_create(void *call);
void certificates_get(void *call);
void certificates_remove(void *call);
void crl_get(void *call);
void crl_put(void *call);
void crl_remove(void *call);

void exposed_keys_list(void *call);
void exposed_keys_create(void *call);
void exposed_keys_get(void *call);
void exposed_keys_remove(void *call);

void audit_get(void *call);

void refusals_get_list(void *call);
void refusals_get(void *call);
void refusals_make_key(void *call);
/* Members of a certificate's record that one without a record lacks; NULL at the end. */
extern const char *const rest_not_registered[];

void usage_get(void *call);
json_t *usage_schema(void);

void access_report_get(void *call);
json_t *access_report_schema(void);

void users_list(void *call);
void users_create(void *call);
void users_get(void *call);
void users_change(void *call);
void user_certificates_list(void *call);
void user_certificates_create(void *call);
void user_certificates_get(void *call);
void user_certificates_remove(void *call);
void settings_get(void *call);
void settings_change(void *call);
void users_remove(void *call);

void organisations_list(void *call);
void organisations_create(void *call);
void organisations_get(void *call);
void organisations_change(void *call);
void organisations_remove(void *call);

void developers_list(void *call);
void developers_create(void *call);
void developers_get(void *call);
void developers_change(void *call);
void developers_remove(void *call);
void developers_export(void *call);
json_t *developer_export_schema(void);

void tokens_list(void *call);
void tokens_create(void *call);
void tokens_get(void *call);
void tokens_change(void *call);
void tokens_remove(void *call);

void openapi_get(void *call);

#endif
