#include "base/base.h"
#include "upstream/fields.h"
#include "base/field.h"
#include <gnutls/gnutls.h>

/* Fields that are made here, from what the exchange really is, or belong to one connection. */
static bool is_ours(struct span name)
{
	static const char *const list[] = {"host", "content-length", "expect", "http2-settings"};
	for (size_t i = 0; i < CG_COUNT(list); i++)
		if (span_is_nocase(name, span_of(list[i])))
			return true;
	return field_is_hop(name);
}

/* curl would send what comes after a line break as another field. */
static bool is_harmless(const struct web_field *f)
{
	struct span name = f->name, value = f->value;
	return name.n > 0 && !memchr(name.p, '\n', name.n) && !memchr(name.p, '\r', name.n) &&
	       !memchr(name.p, ':', name.n) && !memchr(name.p, ';', name.n) &&
	       !memchr(name.p, '\0', name.n) &&
	       (value.n == 0 ||
		(!memchr(value.p, '\n', value.n) && !memchr(value.p, '\r', value.n) &&
		 !memchr(value.p, '\0', value.n)));
}

static bool append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = line ? curl_slist_append(*list, line) : NULL;
	if (longer)
		*list = longer;
	return longer != NULL;
}

bool upstream_fields_make(const struct upstream_call *call, const struct web_request *req,
			  bool sends_body, struct curl_slist **out)
{
	bool accept = false, agent = false, ok = true;
	for (size_t i = 0; i < call->n_fields && ok; i++) {
		const struct web_field *f = &call->fields[i];
		struct span name = f->name, value = span_trim(f->value);
		if (is_ours(name))
			continue;
		if (!is_harmless(f))
			return false;
		accept = accept || span_is_nocase(name, SPAN_LIT("accept"));
		agent = agent || span_is_nocase(name, SPAN_LIT("user-agent"));
		/* "Name;" is curl's way to send a field with nothing in it. */
		struct span parts[] = {name, value.n == 0 ? SPAN_LIT(";") : SPAN_LIT(": "), value};
		ok = append(out, arena_join(req->arena, parts, CG_COUNT(parts)));
	}
	/* "Name:" takes out what curl would add. */
	ok = ok && append(out, "Expect:");
	ok = ok && (accept || append(out, "Accept:"));
	ok = ok && (agent || append(out, "User-Agent:"));
	if (sends_body && req->body == WEB_BODY_CHUNKED)
		ok = ok && append(out, "Transfer-Encoding: chunked");
	if (!sends_body && !req->is_head && req->body == WEB_BODY_LENGTH)
		ok = ok && append(out, "Content-Length: 0");
	return ok;
}

void upstream_fields_free(struct curl_slist **list)
{
	for (struct curl_slist *f = *list; f; f = f->next)
		gnutls_memset(f->data, 0, strlen(f->data));
	curl_slist_free_all(*list);
	*list = NULL;
}
