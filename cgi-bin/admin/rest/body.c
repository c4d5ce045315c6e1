/* What bodies bring beside the members of a record: passwords, certificates, the wish for a token.
 */
#include "base/base.h"
#include "rest.h"
#include "base/clock.h"
#include "base/limits.h"
#include <gnutls/gnutls.h>

/* jansson would free a secret as it is. */
static void wipe(json_t *text)
{
	gnutls_memset((void *)(uintptr_t)json_string_value(text), 0, json_string_length(text));
}

cg_rc rest_only(const json_t *json, const char *const *known, struct cg_err *err)
{
	const char *name;
	json_t *value;
	cg_rc rc = CG_OK;
	json_object_foreach((json_t *)(uintptr_t)json, name, value)
	{
		size_t i = 0;
		while (known[i] && strcmp(known[i], name) != 0)
			i++;
		if (known[i])
			continue;
		rc = cg_fail_unknown(err, name, "is not a member that is known here");
	}
	return rc;
}

cg_rc rest_take_password(struct rest_call *call, json_t *json, char **out, struct cg_err *err)
{
	json_t *text = json_object_get(json, "password");
	*out = NULL;
	if (text && !json_is_null(text)) {
		if (!json_is_string(text))
			return cg_fail_field(err, "password", "must be text");
		*out = arena_strdup(call->arena, json_string_value(text));
		wipe(text);
		if (!*out)
			return cg_fail_memory(err);
	}
	(void)json_object_del(json, "password");
	return CG_OK;
}

static cg_rc read_certificate(struct rest_call *call, struct span text, enum cert_way way,
			      enum cert_kind kind, struct cert_reading *out, struct cg_err *err)
{
	struct cert_exposed exposed;
	return cert_read(text, way, kind, clock_unix_s(), call->arena, out, &exposed, err);
}

cg_rc rest_read_certificate(struct rest_call *call, struct span bytes, enum cert_kind kind,
			    struct cert_reading *out, struct cg_err *err)
{
	return read_certificate(call, bytes, CERT_WAY_ADMIN_FILE, kind, out, err);
}

bool rest_body_is_json(struct rest_call *call)
{
	struct span type, json = SPAN_LIT("application/json");
	return web_request_field(call->req, "content-type", &type) > 0 && type.n >= json.n &&
	       span_is_nocase(span_make(type.p, json.n), json);
}

cg_rc rest_read_certificate_body(struct rest_call *call, enum cert_kind kind,
				 struct cert_reading *out, struct cg_err *err)
{
	struct span body;
	cg_rc rc = web_request_body_all(call->req, CERT_INPUT_MAX, &body, err);
	return rc == CG_OK ? rest_read_certificate(call, body, kind, out, err) : rc;
}

cg_rc rest_take_certificate(struct rest_call *call, json_t *json, const char *member,
			    enum cert_kind kind, bool *has, struct cert_reading *out,
			    struct cg_err *err)
{
	json_t *text = json_object_get(json, member);
	struct cg_err why = {0};
	cg_rc rc = CG_OK;
	*has = false;
	if (json_is_string(text)) {
		rc = read_certificate(call,
				      span_make(json_string_value(text), json_string_length(text)),
				      CERT_WAY_ADMIN, kind, out, &why);
		/* It may have held a private key. */
		wipe(text);
		*has = rc == CG_OK;
	} else if (text && !json_is_null(text)) {
		rc = cg_fail_field(err, member, "must be text: the certificate as PEM");
	}
	(void)json_object_del(json, member);
	if (!*why.text)
		return rc;
	/* The sentence is the whole one, with its code. */
	(void)snprintf(err->text, sizeof(err->text), "%s", why.text);
	err->code = why.code;
	(void)cg_fail_field(err, member, "%s", why.text);
	return rc;
}

static cg_rc take_token(json_t *json, bool *out, struct cg_err *err)
{
	json_t *token = json_object_get(json, "token");
	cg_rc rc = CG_OK;
	if (token && !json_is_boolean(token) && !json_is_null(token))
		rc = cg_fail_field(err, "token",
				   "must be true or false: certgate makes the token itself");
	*out = json_is_true(token);
	(void)json_object_del(json, "token");
	return rc;
}

cg_rc rest_take_wish(struct rest_call *call, json_t *json, struct rest_wish *out,
		     struct cg_err *err)
{
	cg_rc rc = rest_take_certificate(call, json, "certificate", CERT_KIND_CLIENT,
					 &out->certificate, &out->reading, err);
	return cg_is_told(rc) ? cg_worse(rc, take_token(json, &out->token, err)) : rc;
}

void rest_add_reading(json_t *to, const struct cert_reading *reading)
{
	json_t *notices = json_array();
	for (size_t i = 0; i < reading->n_notices; i++)
		(void)json_array_append_new(notices, json_string(reading->notices[i]));
	(void)json_object_set_new(to, "private_key_dropped",
				  json_boolean(reading->private_key_dropped));
	(void)json_object_set_new(to, "notices", notices);
}
