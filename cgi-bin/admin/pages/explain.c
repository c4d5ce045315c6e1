/* Why was this refused?  The decision that the gate would take now, step by step. */
#include "base/base.h"
#include "grant/ruling.h"
#include "model/certificate.h"
#include "model/pattern.h"
#include "show.h"
#include "usage/refusals.h"
#include "web/target.h"

static const struct {
	const char *step, *title;
} titles[] = {
    {"api",	    "An API listens there"	  },
    {"address",	 "The address may call"	       },
    {"identity",	 "Who is calling is known"	  },
    {"credential", "The credential is in force"	},
    {"key",	    "The key is in force"		 },
    {"access",	"The key has access to the API"},
    {"path",	     "The path is allowed"	  },
    {"method",	"The method is allowed"	       },
    {"limits",     "No limit is reached"	    },
    {"pass",	      "It may pass"		   },
};

static const char *title_of(const char *step)
{
	for (size_t i = 0; i < CG_COUNT(titles); i++)
		if (strcmp(titles[i].step, step) == 0)
			return titles[i].title;
	return step;
}

/* What is asked: of the form, or of a refused request. */
struct asked {
	const char *request_id, *sha256, *url, *method, *address, *site;
	const Cg__Refusal *refusal; /* NULL: none was named */
};

static cg_rc find_refusal(struct page_call *call, struct asked *a, struct cg_err *err)
{
	struct refusals_filter filter = {.request_id = span_of(a->request_id)};
	struct refusals_page page = {.n = 0};
	cg_rc rc = CG_OK;
	if (call->program->refusals)
		rc = refusals_list(call->program->refusals, &filter, 0, 1, call->arena, &page, err);
	if (rc == CG_OK && page.n == 0)
		return cg_fail_field(err, "request_id",
				     "is not one of a refused request that is still kept; only the "
				     "newest are");
	if (rc != CG_OK)
		return rc;
	const Cg__Refusal *r = page.items[0];
	a->refusal = r;
	a->url = r->path ? r->path : "";
	a->method = r->method ? r->method : "";
	a->address = r->address ? r->address : "";
	a->site = r->site ? r->site : "";
	if (r->sha256.len == SHA256_BYTES) {
		char *hex = arena_alloc(call->arena, SHA256_HEX + 1);
		if (!hex)
			return cg_fail_memory(err);
		hex_format(r->sha256.data, SHA256_BYTES, hex);
		a->sha256 = hex;
	}
	return CG_OK;
}

/* The certificate by its fingerprint: a registered one, or one that was refused. */
static cg_rc find_certificate(struct page_call *call, const char *text, struct ruling_question *q,
			      struct cg_err *err)
{
	struct certificate_use use;
	struct cg_err why = {0};
	if (!sha256_parse(span_of(text), &q->sha256))
		return cg_fail_field(err, "sha256", "is not a SHA-256 fingerprint");
	cg_rc rc = certificate_get(call->program->store, text, call->arena, &use, &why);
	if (rc == CG_OK) {
		q->der = span_make(use.certificate->der.data, use.certificate->der.len);
		return CG_OK;
	}
	if (rc != CG_NOT_FOUND)
		return cg_fail(err, rc, "%s", why.text);
	if (call->program->refusals && refusals_certificate(call->program->refusals, &q->sha256,
							    call->arena, &q->der, &why) == CG_OK)
		return CG_OK;
	/* Nobody's: for the decision any bytes will do, it is the digest that counts. */
	q->der = SPAN_LIT("unknown");
	return CG_OK;
}

static cg_rc make_question(struct page_call *call, struct asked *a, struct ruling_question *q,
			   struct cg_err *err)
{
	struct web_target target;
	struct cg_err why = {0};
	cg_rc rc = *a->request_id ? find_refusal(call, a, err) : CG_OK;
	if (rc == CG_OK && *a->sha256)
		rc = find_certificate(call, a->sha256, q, err);
	if (rc != CG_OK)
		return rc;
	if (web_target_parse(span_of(a->url), SPAN_LIT(""), &target, &why) != CG_OK)
		return cg_fail_field(err, "url", "%s", why.text);
	if (!token_is_valid(a->method))
		return cg_fail_field(err, "method", "is not a method such as GET");
	if (*a->address && !address_is_valid(span_of(a->address)))
		return cg_fail_field(err, "address", "is not an IPv4 or IPv6 address");
	q->path = target.path;
	q->method = span_of(a->method);
	q->address = *a->address ? span_of(a->address) : SPAN_LIT("127.0.0.1");
	q->site = span_of(a->site);
	return CG_OK;
}

static void add_ruling(struct page_call *call, json_t *values, const struct asked *a,
		       const struct ruling *r)
{
	const struct refusal_row *row = refusal_row(r->refusal);
	bool passed = r->refusal == REFUSAL_NONE;
	const Cg__Key *key = r->decision.grant ? r->decision.grant->key : NULL;
	json_t *steps = json_array();
	char text[80];
	for (size_t i = 0; i < r->n_lines; i++)
		(void)json_array_append_new(
		    steps, json_pack("{s:s, s:o, s:b, s:b}", "title", title_of(r->lines[i].step),
				     "text", page_text(span_of(r->lines[i].text)), "passed",
				     (int)r->lines[i].passed, "stopped", (int)!r->lines[i].passed));
	(void)snprintf(text, sizeof(text), "%d %s", row->status, row->code);
	json_t *ruling = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o}", "steps", steps, "badge",
	    passed ? page_badge("ok", "May pass") : page_badge("bad", text), "key",
	    key ? json_pack("{s:s, s:o}", "id", key->id, "name", page_text(span_of(key->name)))
		: json_null(),
	    "method", page_text(span_of(a->method)), "url", page_text(span_of(a->url)));
	if (a->refusal) {
		json_t *then = json_pack(
		    "{s:o, s:i, s:o, s:o}", "at", page_distance(call, a->refusal->at), "status",
		    (int)a->refusal->status, "code", page_text(span_of(a->refusal->code)), "detail",
		    page_text(span_of(a->refusal->detail)));
		(void)json_object_set_new(ruling, "then", then);
		/* A token is not kept, so what came of it cannot be asked again. */
		(void)json_object_set_new(ruling, "had_token",
					  json_boolean(a->refusal->token_sha256_start &&
						       *a->refusal->token_sha256_start));
		(void)json_object_set_new(ruling, "may_make",
					  json_boolean(r->refusal == REFUSAL_CREDENTIAL_UNKNOWN &&
						       a->refusal->sha256.len == SHA256_BYTES));
		(void)json_object_set_new(ruling, "request_id",
					  page_text(span_of(a->refusal->request_id)));
	}
	(void)json_object_set_new(values, "ruling", ruling);
}

void explain_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct asked a = {.request_id = page_query(call, "request_id"),
			  .sha256 = page_query(call, "sha256"),
			  .url = page_query(call, "url"),
			  .method = page_query(call, "method"),
			  .address = page_query(call, "address"),
			  .site = page_query(call, "site")};
	struct ruling_question q = {.n_chain = 0};
	struct ruling ruling;
	bool asks = *a.request_id || *a.url || *a.sha256;
	json_t *values = json_object();
	if (!*a.method)
		a.method = "GET";
	cg_rc rc = asks ? make_question(call, &a, &q, &err) : CG_OK;
	if (rc == CG_OK && asks)
		rc = ruling_make(call->program->store, &q, call->now_unix_s, call->arena, &ruling,
				 &err);
	if (rc != CG_OK && rc != CG_BAD_VALUE) {
		json_decref(values);
		page_fail(call, rc, &err);
		return;
	}
	if (rc != CG_OK)
		page_add_errors(values, &err);
	else if (asks)
		add_ruling(call, values, &a, &ruling);
	else
		(void)json_object_set_new(values, "ruling", json_null());
	json_t *typed = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o}", "request_id", page_text(span_of(a.request_id)), "sha256",
	    page_text(span_of(a.sha256)), "url", page_text(span_of(a.url)), "method",
	    page_text(span_of(a.method)), "address", page_text(span_of(a.address)));
	(void)json_object_update(values, typed);
	json_decref(typed);
	page_show(call, rc == CG_OK ? 200 : 422, "explain", "explain",
		  rc == CG_OK ? "Why was this refused?" : "Error: Why was this refused?", values);
}
