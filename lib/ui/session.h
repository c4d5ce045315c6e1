/* Who is signed in on a request, for pages and for the REST interface. */
#ifndef CG_UI_SESSION_H
#define CG_UI_SESSION_H

#include "base/hash.h"
#include "model/session.h"
#include "web/request.h"

struct signed_in {
	Cg__Session *session; /* NULL: nobody */
	/* One of the two. */
	Cg__User *user;
	Cg__Developer *developer;
	/* What its forms carry, and scripts in X-CSRF-Token: computed from the cookie, which no
	 * other page can read. */
	char form_token[SHA256_HEX + 1];
};

/* Reads the cookie of that name.  CG_OK also when nobody is signed in; CG_UNAVAILABLE when it
 * cannot be known. */
cg_rc session_find(struct store *store, Cg__Session__Of of, const char *cookie_name,
		   struct web_request *req, struct signed_in *out, struct cg_err *err) CG_MUST_USE;
/* The form token of a cookie's text. */
cg_rc session_form_token(struct span cookie, char out[SHA256_HEX + 1],
			 struct cg_err *err) CG_MUST_USE;
/* Whether a browser sent the request from a page of this host, as far as it says: Sec-Fetch-Site
 * (W3C Fetch Metadata) and Origin (RFC 6454) where they are there. */
bool session_same_origin(const struct web_request *req);

#endif
