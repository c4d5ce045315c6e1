/* What forms of certificates share. */
#ifndef CG_ADMIN_PAGES_SHOW_H
#define CG_ADMIN_PAGES_SHOW_H

#include "cert/cert.h"
#include "pages.h"
#include "ui/show.h"

/* Ids of what is chosen in a form, or that a record has. */
struct show_ids {
	const char *const *items;
	size_t n;
};
/* Those that the form's fields of that name say. */
struct show_ids show_form_ids(struct page_call *call, const char *name);
bool show_ids_have(struct show_ids ids, const char *id);
/* A choice among records: the first LIST_LIMIT_MAX of them by name, and those that are chosen but
 * not among these, so that no form loses what it does not show; one that is gone is called by its
 * id.  *out is [{"value", "text", "chosen"}], a new reference. */
cg_rc show_choice(struct page_call *call, const struct entity *e, struct show_ids chosen,
		  json_t **out, struct cg_err *err) CG_MUST_USE;
/* A filter by a record: a choice while all of them fit into it, else a field for a name or an id
 * that offers the first ones.  `asked` is what the query says, an id or a name; "": nothing.  *out
 * is {"choices", "is_choice", "is_typed", "value", "text"}, a new reference: value is what the
 * field holds, text what the one asked for is called. */
cg_rc show_filter(struct page_call *call, const struct entity *e, const char *asked, json_t **out,
		  struct cg_err *err) CG_MUST_USE;

/* Texts, such as tags, with commas between. */
json_t *show_joined(char *const *texts, size_t n);
/* Of lists of numbered entries, the newest first: the number below which the query's cursor says to
 * go on, 0 for the first page; and the cursor of the page below `next`, NULL where that is 0. */
uint64_t show_below(struct page_call *call);
const char *show_next_below(struct page_call *call, uint64_t next);
/* What a role is called: "Administrator". */
const char *show_role(Cg__Role role);
/* Which radio button the form's field "role" (a text of its values) has pressed: is_viewer, the
 * first one where it says nothing, is_admin or is_owner. */
void show_add_roles(json_t *values);
/* What an action of the audit is called: "Key created". */
const char *show_action(const char *action);
/* One refused request. */
json_t *show_refusal(struct page_call *call, const Cg__Refusal *r);

/* {"key_id", "key_name", "is_revoked"} of the key that a certificate belongs to; JSON's null when
 * it is nobody's. */
cg_rc show_key_of_certificate(struct page_call *call, const ProtobufCBinaryData *sha256,
			      json_t **out, struct cg_err *err) CG_MUST_USE;
/* What a form's field says of a record: its name, or its id where others have that name; "" for
 * NULL, and an id that leads nowhere as it is. */
const char *show_name_or_id(struct page_call *call, const struct entity *e, const char *id);
/* The certificate that a form brings, pasted in "certificate" or uploaded in "upload".
 * CG_NOT_FOUND, err untouched, when it brings none; a refusal names the field. */
cg_rc show_read_certificate(struct page_call *call, enum cert_kind kind, struct cert_reading *out,
			    struct cg_err *err) CG_MUST_USE;
/* Adds to a form's values, which have its faults already, the field for a certificate: the include
 * "certificate_field".  Of one that was read (else NULL) it holds the public part, in the place of
 * what was pasted: that may have held a private key; and "read" is what stands in it.  A form that
 * can read one before it is sent has the value "may_read"; "is_mtls", one with a choice of types.
 */
void show_add_certificate_field(struct page_call *call, json_t *values,
				const struct cert_reading *reading);
/* Whether what came of such a form is a fault to be shown there; a clash is the certificate's. */
bool show_certificate_fault(cg_rc rc, struct cg_err *err);

#endif
