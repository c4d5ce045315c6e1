/* Forms as browsers send them: application/x-www-form-urlencoded (WHATWG URL, section 5.1) and
 * multipart/form-data (RFC 7578).  All of it stays in the request's arena, which is wiped: nothing
 * that is uploaded touches a disk. */
#ifndef CG_WEB_FORM_H
#define CG_WEB_FORM_H

#include "base/base.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "web/request.h"

struct web_form_field {
	struct span name, value; /* as they were typed */
	bool is_file;		 /* a file button's; without a file its value is empty */
};

/* Lives as long as the request. */
struct web_form {
	struct web_form_field *fields; /* in the order they came */
	size_t n;
};

/* Reads the request's body.  CG_BAD_INPUT with a sentence when it is no form, cut short, or has
 * more than FORM_FIELDS_MAX fields; with the code "unsupported_media_type" when it says that it is
 * something else; CG_TOO_BIG above max_bytes; CG_UNAVAILABLE without memory. */
cg_rc web_form_read(struct web_request *req, size_t max_bytes, struct web_form *out,
		    struct cg_err *err) CG_MUST_USE;
/* The same of bytes with that Content-Type. */
cg_rc web_form_parse(struct span type, struct span body, struct arena *arena, struct web_form *out,
		     struct cg_err *err) CG_MUST_USE;

/* The value of the first field of that name; p is NULL when there is none. */
struct span web_form_get(const struct web_form *form, const char *name);
/* The same without white space at its ends, as text in the arena that goes on to be a C string: ""
 * when there is none, or it holds a NUL, or without memory. */
const char *web_form_text(const struct web_form *form, const char *name, struct arena *arena);
/* Whether there is one, as of a check box. */
bool web_form_has(const struct web_form *form, const char *name);

#endif
