#include "base/base.h"
#include "ui/session.h"
#include "web/cookie.h"

cg_rc session_form_token(struct span cookie, char out[SHA256_HEX + 1], struct cg_err *err)
{
	/* Another digest than the store's: who reads that cannot make this one. */
	struct span label = SPAN_LIT("certgate form token ");
	char text[64 + TOKEN_TEXT];
	struct sha256 digest;
	if (cookie.n > TOKEN_TEXT)
		return cg_fail(err, CG_DENIED, "The cookie is not one of ours.");
	memcpy(text, label.p, label.n);
	if (cookie.n > 0)
		memcpy(text + label.n, cookie.p, cookie.n);
	if (sha256_of(span_make(text, label.n + cookie.n), &digest) != CG_OK)
		return cg_fail_memory(err);
	hex_format(digest.b, SHA256_BYTES, out);
	return CG_OK;
}

cg_rc session_find(struct store *store, Cg__Session__Of of, const char *cookie_name,
		   struct web_request *req, struct signed_in *out, struct cg_err *err)
{
	struct signed_in found = {.session = NULL};
	struct session_of who = {.user = NULL};
	struct span cookie = cookie_get(req, cookie_name);
	cg_rc rc = CG_OK;
	if (cookie.n == TOKEN_TEXT && req->https) {
		rc = session_check(store, of, cookie, req->arena, &found.session, &who, err);
		found.user = who.user;
		found.developer = who.developer;
		if (rc == CG_OK)
			rc = session_form_token(cookie, found.form_token, err);
		else if (rc == CG_DENIED)
			rc = CG_OK;
	}
	if (rc == CG_OK)
		*out = found;
	return rc;
}

bool session_same_origin(const struct web_request *req)
{
	struct span value, scheme = SPAN_LIT("https://");
	if (web_request_field(req, "sec-fetch-site", &value) > 0 &&
	    !span_is(value, SPAN_LIT("same-origin")) && !span_is(value, SPAN_LIT("none")))
		return false;
	if (web_request_field(req, "origin", &value) == 0)
		return true;
	/* What a browser puts into Host, no page can choose. */
	return span_starts(value, scheme) && span_is_nocase(span_from(value, scheme.n), req->host);
}
