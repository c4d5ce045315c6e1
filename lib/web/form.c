#include "base/base.h"
#include "web/form.h"
#include "web/route.h"

static cg_rc bad_form(struct cg_err *err)
{
	return cg_fail(err, CG_BAD_INPUT, "The form cannot be read; load the page again.");
}

static cg_rc add(struct web_form *form, const struct web_form_field *field, struct cg_err *err)
{
	if (form->n == FORM_FIELDS_MAX)
		return cg_fail(err, CG_BAD_INPUT, "The form has more than %d fields.",
			       FORM_FIELDS_MAX);
	if (field->name.n == 0 || field->name.n > FORM_NAME_MAX)
		return bad_form(err);
	form->fields[form->n++] = *field;
	return CG_OK;
}

static cg_rc read_urlencoded(struct span body, struct arena *arena, struct web_form *form,
			     struct cg_err *err)
{
	struct web_form_field field = {.is_file = false};
	int more = 0;
	cg_rc rc = CG_OK;
	while (rc == CG_OK && body.n > 0 &&
	       (more = web_query_next(&body, arena, &field.name, &field.value)) > 0)
		rc = add(form, &field, err);
	return rc == CG_OK && more < 0 ? bad_form(err) : rc;
}

/* --- multipart --- */

/* Where `what` begins in `text`; false when it does not come. */
static bool find(struct span text, struct span what, size_t *at)
{
	const char *hit = text.n > 0 ? memmem(text.p, text.n, what.p, what.n) : NULL;
	if (hit)
		*at = (size_t)(hit - text.p);
	return hit != NULL;
}

/* A parameter of a header field's value, `; name=token` or `; name="…"`, with %22, %0D and %0A for
 * what cannot stand in it, as browsers write them: of no interest here.  False when it is missing.
 */
static bool parameter(struct span value, const char *name, struct span *out)
{
	struct span rest = value;
	while (rest.n > 0) {
		size_t at;
		if (!find(rest, SPAN_LIT(";"), &at))
			return false;
		rest = span_trim(span_from(rest, at + 1));
		if (!find(rest, SPAN_LIT("="), &at))
			return false;
		struct span key = span_trim(span_make(rest.p, at));
		rest = span_from(rest, at + 1);
		size_t end = 0;
		bool quoted = rest.n > 0 && rest.p[0] == '"';
		if (quoted)
			rest = span_from(rest, 1);
		while (end < rest.n && rest.p[end] != (quoted ? '"' : ';'))
			end++;
		if (quoted && end == rest.n)
			return false;
		struct span text = span_make(rest.p, end);
		rest = span_from(rest, quoted ? end + 1 : end);
		if (span_is_nocase(key, span_of(name))) {
			*out = quoted ? text : span_trim(text);
			return true;
		}
	}
	return false;
}

/* The head of a part: its Content-Disposition is all that counts. */
static cg_rc read_head(struct span head, struct web_form_field *field, struct cg_err *err)
{
	struct span disposition = SPAN_LIT("content-disposition:"), line, ignored;
	struct span kind = SPAN_LIT("form-data");
	bool found = false;
	while (span_next(&head, '\n', &line)) {
		line = span_trim(line);
		if (line.n < disposition.n ||
		    !span_is_nocase(span_make(line.p, disposition.n), disposition))
			continue;
		struct span value = span_trim(span_from(line, disposition.n));
		if (found || value.n < kind.n ||
		    !span_is_nocase(span_make(value.p, kind.n), kind) ||
		    !parameter(value, "name", &field->name))
			return bad_form(err);
		field->is_file = parameter(value, "filename", &ignored) ||
				 parameter(value, "filename*", &ignored);
		found = true;
	}
	return found ? CG_OK : bad_form(err);
}

/* `delimiter` is CR LF, two dashes and the boundary; `body` begins behind such a one. */
static cg_rc read_parts(struct span body, struct span delimiter, struct web_form *form,
			struct cg_err *err)
{
	for (;;) {
		struct web_form_field field = {.is_file = false};
		size_t at;
		if (span_starts(body, SPAN_LIT("--")))
			return CG_OK;
		if (!span_starts(body, SPAN_LIT("\r\n")))
			return bad_form(err);
		/* With the line end before, so that a part without head fields is found too. */
		if (!find(body, SPAN_LIT("\r\n\r\n"), &at) || at > FORM_PART_HEAD_MAX)
			return bad_form(err);
		cg_rc rc = read_head(span_make(body.p, at), &field, err);
		if (rc != CG_OK)
			return rc;
		body = span_from(body, at + 4);
		/* An empty value: the delimiter's own CR LF may be the one that ended the head. */
		if (!find(body, delimiter, &at))
			return bad_form(err);
		field.value = span_make(body.p, at);
		rc = add(form, &field, err);
		if (rc != CG_OK)
			return rc;
		body = span_from(body, at + delimiter.n);
	}
}

static cg_rc read_multipart(struct span type, struct span body, struct arena *arena,
			    struct web_form *form, struct cg_err *err)
{
	struct span boundary;
	if (!parameter(type, "boundary", &boundary) || boundary.n == 0 ||
	    boundary.n > FORM_BOUNDARY_MAX)
		return bad_form(err);
	const char *text = arena_printf(arena, "\r\n--%.*s", (int)boundary.n, boundary.p);
	if (!text)
		return cg_fail_memory(err);
	struct span delimiter = span_of(text);
	/* The first one begins the body: what may stand before it, by RFC 2046, no browser sends.
	 */
	struct span first = span_from(delimiter, 2);
	if (!span_starts(body, first))
		return bad_form(err);
	return read_parts(span_from(body, first.n), delimiter, form, err);
}

cg_rc web_form_parse(struct span type, struct span body, struct arena *arena, struct web_form *out,
		     struct cg_err *err)
{
	struct span media = type;
	const char *semicolon = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;
	if (semicolon)
		media.n = (size_t)(semicolon - type.p);
	media = span_trim(media);
	bool multipart = span_is_nocase(media, SPAN_LIT("multipart/form-data"));
	if (!multipart && !span_is_nocase(media, SPAN_LIT("application/x-www-form-urlencoded")))
		return cg_fail_code(err, CG_BAD_INPUT, "unsupported_media_type",
				    "This takes forms as browsers send them.");
	struct web_form form = {.n = 0};
	form.fields = arena_alloc(arena, FORM_FIELDS_MAX * sizeof(*form.fields));
	if (!form.fields)
		return cg_fail_memory(err);
	cg_rc rc = multipart ? read_multipart(type, body, arena, &form, err)
			     : read_urlencoded(body, arena, &form, err);
	if (rc == CG_OK)
		*out = form;
	return rc;
}

cg_rc web_form_read(struct web_request *req, size_t max_bytes, struct web_form *out,
		    struct cg_err *err)
{
	struct span type = {NULL, 0}, body;
	(void)web_request_field(req, "content-type", &type);
	cg_rc rc = web_request_body_all(req, max_bytes, &body, err);
	if (rc == CG_TOO_BIG)
		return cg_fail(err, CG_TOO_BIG,
			       "All that a form sends may have %zu kB at most, a file with it. Go "
			       "back and send less: a certificate has a few kB.",
			       max_bytes / 1024);
	return rc == CG_OK ? web_form_parse(type, body, req->arena, out, err) : rc;
}

struct span web_form_get(const struct web_form *form, const char *name)
{
	for (size_t i = 0; i < form->n; i++)
		if (span_is_text(form->fields[i].name, name))
			return form->fields[i].value;
	return (struct span){NULL, 0};
}

const char *web_form_text(const struct web_form *form, const char *name, struct arena *arena)
{
	struct span value = span_trim(web_form_get(form, name));
	const char *text =
	    value.n > 0 && !memchr(value.p, '\0', value.n) ? arena_copy(arena, value) : NULL;
	return text ? text : "";
}

bool web_form_has(const struct web_form *form, const char *name)
{
	return web_form_get(form, name).p != NULL;
}
