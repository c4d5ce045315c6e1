#include "base/base.h"
#include "upstream/head.h"
#include "base/field.h"
#include "base/text.h"

static bool is_value(struct span value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

int upstream_status(struct span line)
{
	uint64_t status;
	if (line.n < 12 || !span_starts(line, SPAN_LIT("HTTP/1.")) || line.p[7] < '0' ||
	    line.p[7] > '9' || line.p[8] != ' ' ||
	    !number_parse(span_make(line.p + 9, 3), 999, &status))
		return 0;
	return line.n == 12 || line.p[12] == ' ' || line.p[12] == '\r' ? (int)status : 0;
}

/* Whether a list with commas has this entry. */
static bool names(struct span list, struct span entry)
{
	struct span part;
	while (span_next(&list, ',', &part))
		if (span_is_nocase(span_trim(part), entry))
			return true;
	return false;
}

/* Whether one of the Connection fields names this one. */
static bool is_named_by_connection(const struct upstream_head *h, struct span name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (span_is_nocase(h->fields[i].name, SPAN_LIT("connection")) &&
		    names(h->fields[i].value, name))
			return true;
	return false;
}

static const char *read_length(struct upstream_head *h, struct span value)
{
	uint64_t length;
	if (!number_parse(value, INT64_MAX, &length))
		return "its Content-Length is not a number";
	if (h->has_length && h->length != length)
		return "it has two Content-Lengths that differ";
	h->has_length = true;
	h->length = length;
	return NULL;
}

/* Keep-Alive (RFC 2068 section 19.7.1.1): for how long the upstream waits for another request, and
 * how many more it takes.  What is no number says nothing. */
static void read_keep_alive(struct upstream_head *h, struct span list)
{
	struct span value, name;
	uint64_t n;
	while (span_next(&list, ',', &value)) {
		if (!span_next(&value, '=', &name) ||
		    !number_parse(span_trim(value), UINT32_MAX, &n))
			continue;
		name = span_trim(name);
		if (span_is_nocase(name, SPAN_LIT("timeout")))
			n = n > UPSTREAM_KEPT_MARGIN_S ? n - UPSTREAM_KEPT_MARGIN_S : 0;
		else if (n > 0 || !span_is_nocase(name, SPAN_LIT("max")))
			continue;
		h->closes = h->closes || n == 0;
		if (n < h->idle_s)
			h->idle_s = (unsigned)n;
	}
}

/* Takes the fields out that the client must not see. */
static void filter(struct upstream_head *h, bool with_length)
{
	bool keep[HEADERS_MAX], seen_length = false;
	size_t n = 0;
	for (size_t i = 0; i < h->n_fields; i++) {
		struct span name = h->fields[i].name;
		bool is_length = span_is_nocase(name, SPAN_LIT("content-length"));
		keep[i] = !field_is_hop(name) && !field_is_cgi_order(name) &&
			  !is_named_by_connection(h, name) &&
			  !(is_length && (seen_length || !with_length));
		seen_length = seen_length || is_length;
	}
	for (size_t i = 0; i < h->n_fields; i++)
		if (keep[i])
			h->fields[n++] = h->fields[i];
	h->n_fields = n;
}

const char *upstream_head_read(struct span raw, bool to_head_request, struct upstream_head *out)
{
	struct upstream_head *h = out;
	struct span line;
	h->n_fields = 0;
	h->has_length = h->chunked = h->closes = h->drop_connection = false;
	h->length = 0;
	h->idle_s = UPSTREAM_KEPT_S;
	h->status = 0;
	if (!span_next(&raw, '\n', &line) || (h->status = upstream_status(line)) < 200 ||
	    h->status > 599)
		return h->status == 101
			   ? "it changes to another protocol (101), as for WebSockets, "
			     "which cannot be passed on"
			   : "it does not begin with a status line of HTTP/1.1";
	/* "HTTP/1.1 200 " */
	h->reason = span_trim(span_from(line, line.n < 13 ? line.n : 13));
	if (h->reason.n > STATUS_REASON_MAX || !is_value(h->reason))
		h->reason = (struct span){NULL, 0};
	h->closes = line.p[7] == '0';
	while (span_next(&raw, '\n', &line)) {
		const char *why = NULL;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n == 0 && raw.n == 0)
			break;
		const char *colon = line.n > 0 ? memchr(line.p, ':', line.n) : NULL;
		size_t n = colon ? (size_t)(colon - line.p) : 0;
		struct web_field f = {
		    span_make(line.p, n), {NULL, 0}
		   };
		f.value = span_trim(span_from(line, n + 1));
		/* This also refuses fields that are folded over two lines. */
		if (!colon || !field_is_token(f.name))
			return "a field has no name, or one that is not allowed";
		if (!is_value(f.value))
			return "a field has a control character in its value";
		if (h->n_fields == HEADERS_MAX)
			return "it has too many fields";
		if (span_is_nocase(f.name, SPAN_LIT("content-length"))) {
			why = read_length(h, f.value);
		} else if (span_is_nocase(f.name, SPAN_LIT("transfer-encoding"))) {
			if (h->chunked || !span_is_nocase(f.value, SPAN_LIT("chunked")))
				why = "it has a transfer coding other than chunked";
			h->chunked = true;
		} else if (span_is_nocase(f.name, SPAN_LIT("connection"))) {
			h->closes = h->closes || names(f.value, SPAN_LIT("close"));
		} else if (span_is_nocase(f.name, SPAN_LIT("keep-alive"))) {
			read_keep_alive(h, f.value);
		}
		if (why)
			return why;
		h->fields[h->n_fields++] = f;
	}
	if (h->chunked) {
		/* Whoever says both is not to be trusted with another request. */
		h->closes = h->closes || h->has_length;
		h->has_length = false;
		h->length = 0;
	}
	h->has_body = !to_head_request && h->status != 204 && h->status != 304;
	/* An upstream that sends a body where none may be would have it read as the answer to
	 * somebody's next request. */
	h->drop_connection = !h->has_body && (h->chunked || to_head_request || h->length > 0);
	filter(h, h->has_length && h->status != 204);
	if (!h->has_body) {
		h->has_length = true;
		h->length = 0;
	}
	return NULL;
}

size_t upstream_head_size(struct span raw, size_t *looked)
{
	const char *end;
	while (*looked < raw.n && (end = memchr(raw.p + *looked, '\n', raw.n - *looked)) != NULL) {
		size_t at = (size_t)(end - raw.p) + 1;
		if (at < raw.n && raw.p[at] == '\n')
			return at + 1;
		if (at + 1 < raw.n && raw.p[at] == '\r' && raw.p[at + 1] == '\n')
			return at + 2;
		/* The next bytes may still come. */
		if (at == raw.n || (at + 1 == raw.n && raw.p[at] == '\r')) {
			*looked = at - 1;
			return 0;
		}
		*looked = at;
	}
	*looked = raw.n;
	return 0;
}
