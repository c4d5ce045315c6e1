#include "base/base.h"
#include "web/json.h"
#include "base/limits.h"
#include "base/wipe.h"
#include "web/problem.h"
#include <gnutls/gnutls.h>

void web_json_init(void)
{
	/* Given these, jansson does not use realloc, which would leave copies behind. */
	json_set_alloc_funcs(malloc, wipe_free);
}

/* Whether a Content-Type is the media type, whatever parameters follow. */
static bool is_type(struct span value, const char *type)
{
	struct span media;
	return span_next(&value, ';', &media) && span_is_nocase(span_trim(media), span_of(type));
}

cg_rc web_json_read(struct web_request *req, json_t **out, struct cg_err *err)
{
	struct span type, body;
	size_t times = web_request_field(req, "content-type", &type);
	if (times > 1 || (times == 1 && !is_type(type, "application/json") &&
			  !is_type(type, "application/merge-patch+json")))
		return cg_fail_code(err, CG_BAD_INPUT, "unsupported_media_type",
				    "The body must be sent as Content-Type: application/json.");
	cg_rc rc = web_request_body_all(req, REST_BODY_MAX, &body, err);
	if (rc != CG_OK)
		return rc;
	if (body.n == 0)
		return cg_fail(err, CG_BAD_INPUT, "The request has no body; send a JSON object.");
	json_error_t e;
	json_t *value = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &e);
	if (!value && json_error_code(&e) == json_error_null_character)
		return cg_fail(
		    err, CG_BAD_INPUT,
		    "A text in the body holds a NUL (\\u0000), which no text here may. If it "
		    "is a certificate, send the file itself as the body.");
	if (!value)
		return cg_fail(err, CG_BAD_INPUT,
			       "The body is not valid JSON: line %d, column %d: %s.", e.line,
			       e.column, e.text);
	if (!json_is_object(value)) {
		json_decref(value);
		return cg_fail(err, CG_BAD_INPUT,
			       "The body must be a JSON object, in curly brackets.");
	}
	*out = value;
	return CG_OK;
}

void web_json_send_as(struct web_response *resp, int status, const char *content_type,
		      const json_t *value)
{
	static const char fallback[] =
	    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
	    "\"status\":503,\"code\":\"unavailable\"}";
	/* Not json_dumps: when its buffer cannot grow it leaves out a piece. */
	/* Fifteen digits are what a double holds of any decimal number, and no more than it needs.
	 */
	const size_t flags = JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15);
	size_t n = value ? json_dumpb(value, NULL, 0, flags) : 0;
	char *text = n > 0 ? malloc(n) : NULL;
	(void)web_response_field_text(resp, "X-Content-Type-Options", "nosniff");
	if (resp->no_store)
		(void)web_response_field_text(resp, "Cache-Control", "no-store");
	if (text && json_dumpb(value, text, n, flags) == n)
		(void)web_response_send(resp, status, content_type, span_make(text, n));
	else
		(void)web_response_send(resp, 503, "application/problem+json", span_of(fallback));
	/* It may hold a token that is shown once. */
	if (text)
		gnutls_memset(text, 0, n);
	free(text);
}

void web_json_send(struct web_response *resp, int status, const json_t *value)
{
	web_json_send_as(resp, status, "application/json", value);
}
