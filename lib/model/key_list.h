/* Lists of keys: searched by name, tag, id and certificate, and filtered. */
#ifndef CG_MODEL_KEY_LIST_H
#define CG_MODEL_KEY_LIST_H

#include "model/key.h"

/* What is asked for; an empty span says nothing, and all that is said has to fit. */
struct key_query {
	/* A part of the name or of a tag, the start of the id, or what fits a certificate of the
	 * key, revoked ones included: see certificate_list. */
	struct span q;
	struct span status;	     /* active, ending, expired, no_credential, off */
	struct span credential;	     /* certificate, token: it has one that is not revoked */
	struct span api_id;	     /* of an API that its access names, own or of a policy */
	struct span policy_id;	     /* of a policy that it has */
	struct span organisation_id; /* all three also by name */
	struct span tag;	     /* as it is, but for the case of ASCII letters */
};
struct key_page {
	struct entity_page found; /* of Cg__Key, in the order of names */
	const char *notice;	  /* a sentence on what was searched for; NULL: none */
};
/* CG_BAD_VALUE, naming the member, for what cannot be asked for.  What it costs grows with the
 * number of all keys and credentials, slowly: indexes alone are looked through. */
cg_rc key_list(struct store *store, struct span cursor, size_t limit, const struct key_query *query,
	       struct arena *arena, struct key_page *out, struct cg_err *err) CG_MUST_USE;
/* What key_list would say is wrong with a question, for who has found more to tell. */
cg_rc key_query_check(struct store *store, struct span cursor, const struct key_query *query,
		      struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* The members of a query by name, for parameters of pages and REST: NULL when there is none. */
struct span *key_query_member(struct key_query *query, struct span name);

#endif
