#include "base/base.h"
#include "upstream/request.h"
#include "base/field.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/url.h"

/* Request line and Host with their separators, and the longest field that frames a body. */
#define LINES_MAX 64

struct writer {
	char *p;
	size_t n;
};

static void put(struct writer *w, struct span s)
{
	if (s.n > 0)
		memcpy(w->p + w->n, s.p, s.n);
	w->n += s.n;
}

/* Fields that are made here, from what the exchange really is, or belong to one connection. */
static bool is_ours(struct span name)
{
	return span_is_nocase(name, SPAN_LIT("host")) ||
	       span_is_nocase(name, SPAN_LIT("content-length")) ||
	       span_is_nocase(name, SPAN_LIT("expect")) ||
	       span_is_nocase(name, SPAN_LIT("http2-settings")) || field_is_hop(name);
}

/* What comes after a line break would be another field, or another request. */
static bool is_value(struct span value)
{
	return value.n == 0 || (!memchr(value.p, '\r', value.n) &&
				!memchr(value.p, '\n', value.n) && !memchr(value.p, '\0', value.n));
}

static bool is_target(struct span target)
{
	for (size_t i = 0; i < target.n; i++)
		if ((unsigned char)target.p[i] <= ' ' || target.p[i] == 0x7f)
			return false;
	return target.n > 0 && target.p[0] == '/';
}

static void put_host(struct writer *w, const struct upstream_call *c)
{
	bool v6 = memchr(c->host.p, ':', c->host.n) != NULL;
	char port[1 + DECIMAL_TEXT] = ":";
	/* The port is left out where it is the scheme's own, as clients do. */
	if (c->port != (c->https ? 443 : 80))
		(void)decimal_format(c->port, port + 1);
	else
		port[0] = '\0';
	put(w, v6 ? SPAN_LIT("Host: [") : SPAN_LIT("Host: "));
	put(w, c->host);
	put(w, v6 ? SPAN_LIT("]") : SPAN_LIT(""));
	put(w, span_of(port));
	put(w, SPAN_LIT("\r\n"));
}

static void put_framing(struct writer *w, const struct web_request *req, bool sends_body)
{
	char line[LINES_MAX] = "";
	if (sends_body && req->body == WEB_BODY_CHUNKED)
		(void)snprintf(line, sizeof(line), "Transfer-Encoding: chunked\r\n");
	else if (!req->is_head && req->body == WEB_BODY_LENGTH)
		(void)snprintf(line, sizeof(line), "Content-Length: %" PRIu64 "\r\n",
			       sends_body ? req->content_length : 0);
	put(w, span_of(line));
}

struct span upstream_request_head(const struct upstream_call *call, const struct web_request *req,
				  bool sends_body)
{
	struct span none = {NULL, 0};
	size_t room = call->method.n + call->target.n + call->host.n + 2 * LINES_MAX;
	for (size_t i = 0; i < call->n_fields; i++)
		room += call->fields[i].name.n + call->fields[i].value.n + 4;
	struct writer w = {.p = room <= UPSTREAM_HEAD_MAX ? arena_alloc(req->arena, room) : NULL};
	if (!w.p || !field_is_token(call->method) || !is_target(call->target) ||
	    !url_is_host(call->host))
		return none;
	put(&w, call->method);
	put(&w, SPAN_LIT(" "));
	put(&w, call->target);
	put(&w, SPAN_LIT(" HTTP/1.1\r\n"));
	put_host(&w, call);
	for (size_t i = 0; i < call->n_fields; i++) {
		struct span name = call->fields[i].name, value = span_trim(call->fields[i].value);
		if (is_ours(name))
			continue;
		if (!field_is_token(name) || !is_value(value))
			return none;
		put(&w, name);
		put(&w, value.n > 0 ? SPAN_LIT(": ") : SPAN_LIT(":"));
		put(&w, value);
		put(&w, SPAN_LIT("\r\n"));
	}
	put_framing(&w, req, sends_body);
	put(&w, SPAN_LIT("\r\n"));
	return span_make(w.p, w.n);
}
