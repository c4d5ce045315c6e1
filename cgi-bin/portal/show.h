/* What the portal's pages share. */
#ifndef CG_PORTAL_SHOW_H
#define CG_PORTAL_SHOW_H

#include "cert/cert.h"
#include "model/catalogue.h"
#include "portal.h"
#include "ui/show.h"

/* An entry of the catalogue with what it gives. */
struct offer {
	Cg__CatalogueEntry *entry;
	Cg__Policy *policy;
	const Cg__Api **apis; /* that the policy opens */
	size_t n_apis;
	bool takes_certificate, takes_token; /* any of these APIs */
};
/* With its policy alone, for a line of a list. */
cg_rc offer_load(struct page_call *call, Cg__CatalogueEntry *entry, struct offer *out,
		 struct cg_err *err) CG_MUST_USE;
/* The same with the APIs. */
cg_rc offer_load_whole(struct page_call *call, Cg__CatalogueEntry *entry, struct offer *out,
		       struct cg_err *err) CG_MUST_USE;
/* The visible entry that the link names; false after having answered. */
bool offer_get(struct page_call *call, struct offer *out);
/* What it allows, in words; JSON's null where it does not limit; new references. */
json_t *offer_rate(const struct offer *offer);
json_t *offer_quota(const struct offer *offer);
/* Values of the template portal/plan.tpl, of a whole one; a new reference. */
json_t *offer_plan(const struct offer *offer);
/* The lines that call these APIs: by certificate, or with a token. */
json_t *offer_lines(struct page_call *call, const Cg__Api *const *apis, size_t n, bool token);

/* "https://host" of the gate, and of the portal, for lines to paste. */
const char *portal_gate(struct page_call *call);
const char *portal_base(struct page_call *call);

/* A certificate by the portal's rules: a private key is refused and its public key blocked. */
cg_rc portal_read_bytes(struct store *store, const struct actor *actor, struct span bytes,
			enum cert_way way, int64_t now_unix_s, struct arena *arena,
			struct cert_reading *out, struct cg_err *err) CG_MUST_USE;
/* The certificate that a form brings, pasted in "certificate" or uploaded in "upload", likewise.
 * CG_NOT_FOUND, err untouched, when it brings none; a refusal names the field and keeps the
 * reader's code in *code. */
cg_rc portal_read_certificate(struct page_call *call, struct cert_reading *out, const char **code,
			      struct cg_err *err) CG_MUST_USE;
/* The public part of what was read in the place of what was pasted. */
void portal_put_back(struct page_call *call, json_t *values, const struct cert_reading *reading);
#define PORTAL_CERTIFICATE_LABEL "Public certificate (PEM)"
/* Whether it is the password of who is signed in; CG_BAD_VALUE with that field otherwise. */
cg_rc portal_check_password(struct page_call *call, const char *field,
			    struct cg_err *err) CG_MUST_USE;

/* The certificate of this connection, as the gate would take it: beside the web server's proof,
 * over TLS, verified, valid now and for clients.  CG_DENIED with a sentence otherwise. */
cg_rc handshake_certificate(struct web_request *req, struct cert *out,
			    struct cg_err *err) CG_MUST_USE;
/* Whether a browser says that it sent it: then a page of somebody else may have made it. */
bool is_from_browser(const struct web_request *req);

/* What a request is called in lists: waiting (for what: request_waits_for_proof), approved, … */
json_t *portal_request_badge(const Cg__KeyRequest *request, bool waits_for_proof);

/* Requests of the last 30 days. */
struct portal_usage {
	uint64_t requests, refused, errors;
	json_t *chart; /* NULL: there is none; a new reference */
};
/* Those of all these keys, by day and in sum; `each` (NULL: nobody asks) gets the sums of each. */
cg_rc portal_usage(struct page_call *call, const char *const *key_ids, size_t n,
		   struct portal_usage *each, struct portal_usage *out,
		   struct cg_err *err) CG_MUST_USE;
/* Values of portal/usage-card.tpl; takes the chart. */
json_t *portal_usage_card(const struct portal_usage *usage);
/* "241,077 of 500,000 a month", with what is left and when it renews; JSON's null without a quota.
 * A new reference. */
json_t *portal_quota(struct page_call *call, const Cg__Key *key);

#endif
