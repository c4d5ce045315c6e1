/* What is left of a request that was answered: a count, and a line of the access log. */
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "gate.h"
#include "model/pattern.h"

#define LINE_MAX_BYTES 8192 /* its texts are cut before that */
#define CUT_MARK       4    /* room that text_for_log keeps for its "..." */

const char *exchange_key_id(const struct exchange *x)
{
	const struct grant *g = x->decision.grant	     ? x->decision.grant
				: x->facts.certificate_grant ? x->facts.certificate_grant
							     : x->facts.token_grant;
	return g ? g->key->id : "";
}

struct span exchange_path(const struct exchange *x)
{
	const struct web_request *req = x->req;
	struct span path = req->target.path.n > 0 ? req->target.path : req->uri;
	if (!span_starts(path, SPAN_LIT("/")))
		return SPAN_LIT("");
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '?' || path.p[i] == '#')
			path.n = i;
	return path;
}

struct span exchange_proven(const struct exchange *x, struct span value)
{
	return x->req->proof_ok ? value : SPAN_LIT("");
}

/* What the client gets to see; 0 when that is nothing. */
static unsigned status_of(const struct exchange *x)
{
	if (x->resp->aborted && !x->resp->head_sent)
		return 0;
	/* Without an answer web_run sends this one. */
	return x->resp->status > 0 ? (unsigned)x->resp->status : 500;
}

/* --- the access log --- */

/* A member, with its comma; at most `most` bytes of the text, when it was made safe, and the mark
 * of a cut. */
static void add_text(struct buf *line, const char *name, struct span value, size_t most)
{
	char safe[ACCESS_LOG_PATH_MAX + CUT_MARK];
	text_for_log(value, safe, most < ACCESS_LOG_PATH_MAX ? most + CUT_MARK : sizeof(safe));
	buf_printf(line, ",\"%s\":\"", name);
	for (const char *p = safe; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_add_char(line, '\\');
		buf_add_char(line, *p);
	}
	buf_add_char(line, '"');
}

static void add_ms(struct buf *line, const char *name, int64_t us)
{
	if (us < 0)
		buf_printf(line, ",\"%s\":null", name);
	else
		buf_printf(line, ",\"%s\":%" PRId64 ".%03d", name, us / 1000, (int)(us % 1000));
}

static void write_line(struct exchange *x, int64_t whole_us)
{
	const struct web_request *req = x->req;
	const Cg__Api *api = x->route ? x->route->api : NULL;
	struct span address = exchange_proven(x, req->remote_addr);
	char when[RFC3339_TEXT + 1];
	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	(void)rfc3339_format(clock_unix_s(), when);
	buf_printf(&line, "{\"time\":\"%s\"", when);
	add_text(&line, "request_id", span_of(req->id), ID_TEXT);
	add_text(&line, "site", exchange_proven(x, req->site), REFUSAL_TEXT_MAX);
	add_text(&line, "api", span_of(api ? api->name : ""), NAME_MAX_BYTES);
	add_text(&line, "api_id", span_of(api ? api->id : ""), ID_MAX_BYTES);
	add_text(&line, "key_id", span_of(exchange_key_id(x)), ID_MAX_BYTES);
	add_text(&line, "address", address_is_valid(address) ? address : SPAN_LIT(""),
		 REFUSAL_TEXT_MAX);
	add_text(&line, "method", req->method, REFUSAL_TEXT_MAX);
	add_text(&line, "path", exchange_path(x), ACCESS_LOG_PATH_MAX);
	buf_printf(&line, ",\"status\":%u", status_of(x));
	add_text(&line, "code", span_of(x->code), USAGE_CODE_MAX);
	buf_printf(&line, ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64, req->body_read,
		   x->resp->body_bytes);
	add_ms(&line, "duration_ms", whole_us);
	add_ms(&line, "upstream_ms", x->upstream_us);
	buf_add_char(&line, '}');
	if (!line.failed)
		access_log_write(x->gate->access_log, buf_span(&line));
	buf_release(&line);
}

/* Of a request that was let through. */
static void record_use(const struct exchange *x, const struct grant *g, int64_t now)
{
	struct sha256 digest;
	if (!g || g->credential->sha256.len != SHA256_BYTES)
		return;
	memcpy(digest.b, g->credential->sha256.data, SHA256_BYTES);
	usage_used(x->gate->usage, &digest, now);
}

void record(struct exchange *x)
{
	int64_t whole_us = clock_mono_us() - x->begun_us, now = clock_unix_s();
	if (x->gate->access_log)
		write_line(x, whole_us);
	/* Probes of health and metrics are nobody's use of an API. */
	if (!x->gate->usage || x->is_own)
		return;
	const struct usage_group group = {
	    .api_id = span_of(x->route ? x->route->api->id : ""),
	    .key_id = span_of(exchange_key_id(x)),
	    .code = span_of(x->code),
	    .status = status_of(x),
	};
	usage_count(x->gate->usage, &group, now, whole_us, x->upstream_us);
	if (*x->code)
		return;
	record_use(x, x->facts.certificate_grant, now);
	record_use(x, x->facts.token_grant, now);
}
