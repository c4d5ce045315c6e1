#include "base/base.h"
#include "web/request.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/field.h"
#include "base/limits.h"
#include "base/text.h"
#include "web/io.h"
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define IDS_AHEAD 32

/* Notes the first thing that is wrong. */
static void bad(struct web_request *req, const char *sentence)
{
	if (!req->bad)
		req->bad = sentence;
}

/* --- variables --- */

enum variable {
	VAR_CERTGATE_LOCATION,
	VAR_CERTGATE_PREFIX,
	VAR_CERTGATE_PROOF,
	VAR_CERTGATE_SITE,
	VAR_CONTENT_LENGTH,
	VAR_CONTENT_TYPE,
	VAR_HTTPS,
	VAR_HTTP_HOST,
	VAR_REMOTE_ADDR,
	VAR_REMOTE_PORT,
	VAR_REQUEST_METHOD,
	VAR_REQUEST_URI,
	VAR_SERVER_ADDR,
	VAR_SERVER_NAME,
	VAR_SERVER_PORT,
	VAR_SERVER_SOFTWARE,
	VAR_SSL_CLIENT_CERT,
	VAR_SSL_CLIENT_VERIFY,
	VAR__COUNT
};

/* In order, so that those of one first letter are together. */
static const struct span variables[VAR__COUNT] = {
    [VAR_CERTGATE_LOCATION] = SPAN_LIT("CERTGATE_LOCATION"),
    [VAR_CERTGATE_PREFIX] = SPAN_LIT("CERTGATE_PREFIX"),
    [VAR_CERTGATE_PROOF] = SPAN_LIT("CERTGATE_PROOF"),
    [VAR_CERTGATE_SITE] = SPAN_LIT("CERTGATE_SITE"),
    [VAR_CONTENT_LENGTH] = SPAN_LIT("CONTENT_LENGTH"),
    [VAR_CONTENT_TYPE] = SPAN_LIT("CONTENT_TYPE"),
    [VAR_HTTPS] = SPAN_LIT("HTTPS"),
    [VAR_HTTP_HOST] = SPAN_LIT("HTTP_HOST"),
    [VAR_REMOTE_ADDR] = SPAN_LIT("REMOTE_ADDR"),
    [VAR_REMOTE_PORT] = SPAN_LIT("REMOTE_PORT"),
    [VAR_REQUEST_METHOD] = SPAN_LIT("REQUEST_METHOD"),
    [VAR_REQUEST_URI] = SPAN_LIT("REQUEST_URI"),
    [VAR_SERVER_ADDR] = SPAN_LIT("SERVER_ADDR"),
    [VAR_SERVER_NAME] = SPAN_LIT("SERVER_NAME"),
    [VAR_SERVER_PORT] = SPAN_LIT("SERVER_PORT"),
    [VAR_SERVER_SOFTWARE] = SPAN_LIT("SERVER_SOFTWARE"),
    [VAR_SSL_CLIENT_CERT] = SPAN_LIT("SSL_CLIENT_CERT"),
    [VAR_SSL_CLIENT_VERIFY] = SPAN_LIT("SSL_CLIENT_VERIFY"),
};

/* The values of all of them in one go, each the first of its name; p is NULL where there is none.
 */
static void read_variables(char *const *env, struct span values[VAR__COUNT])
{
	memset(values, 0, VAR__COUNT * sizeof(*values));
	for (; *env; env++) {
		size_t i = **env == 'C'	  ? VAR_CERTGATE_LOCATION
			   : **env == 'H' ? VAR_HTTPS
			   : **env == 'R' ? VAR_REMOTE_ADDR
			   : **env == 'S' ? VAR_SERVER_ADDR
					  : VAR__COUNT;
		const char *equals = i < VAR__COUNT ? strchr(*env, '=') : NULL;
		if (!equals)
			continue;
		struct span name = span_make(*env, (size_t)(equals - *env));
		while (i < VAR__COUNT && *variables[i].p == **env && !span_is(variables[i], name))
			i++;
		if (i < VAR__COUNT && *variables[i].p == **env && !values[i].p)
			values[i] = span_of(equals + 1);
	}
}

/* "HTTP_X_Y" without its prefix as "x-y"; NULL when it is no name or memory is short. */
static char *field_name(struct arena *arena, struct span upper)
{
	char *name = arena_copy(arena, upper);
	for (size_t i = 0; name && i < upper.n; i++) {
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
		else if (name[i] == '_')
			name[i] = '-';
	}
	return name;
}

static bool is_safe_value(struct span value)
{
	return value.n == 0 || (!memchr(value.p, '\r', value.n) && !memchr(value.p, '\n', value.n));
}

/* Fields that never reach the list: framing and type of the body, which have members of their own,
 * and two that programs behind us could take for something the server said. */
static bool is_withheld(struct span name)
{
	return span_is_text(name, "content-length") || span_is_text(name, "transfer-encoding") ||
	       span_is_text(name, "content-type") || span_is_text(name, "proxy") ||
	       span_is_text(name, "certgate-proof");
}

static void add_field(struct web_request *req, const char *name, struct span value)
{
	struct web_field *f = &req->fields[req->n_fields];
	*f = (struct web_field){span_of(name), value};
	if (!field_is_token(f->name))
		bad(req, "A header field has a name that is not allowed.");
	else if (!is_safe_value(value))
		bad(req, "A header field has a line break in its value.");
	else
		req->n_fields++;
}

static bool is_field(const char *variable)
{
	return *variable == 'H' && strncmp(variable, "HTTP_", 5) == 0;
}

static void read_fields(struct web_request *req, char *const *env, struct span type,
			struct span length)
{
	size_t n = 1; /* Content-Type */
	for (char *const *e = env; *e; e++)
		n += is_field(*e);
	if (n > HEADERS_MAX) {
		bad(req, "The request has too many header fields.");
		return;
	}
	req->fields = arena_alloc(req->arena, n * sizeof(*req->fields));
	if (!req->fields)
		return;
	/* lighttpd and Apache set CONTENT_TYPE and CONTENT_LENGTH, sometimes to nothing. */
	if (type.n > 0)
		add_field(req, "content-type", type);
	for (; *env; env++) {
		if (!is_field(*env))
			continue;
		const char *equals = strchr(*env, '=');
		if (!equals)
			continue;
		struct span upper = span_make(*env + 5, (size_t)(equals - *env) - 5);
		struct span value = span_of(equals + 1);
		const char *name = field_name(req->arena, upper);
		if (!name)
			return;
		struct span lower = span_of(name);
		if (span_is_text(lower, "content-length") && !span_is(value, length))
			bad(req, "The request has two lengths that differ.");
		if (span_is_text(lower, "content-type") && !span_is(value, type))
			bad(req, "The request has two content types that differ.");
		if (span_is_text(lower, "transfer-encoding")) {
			if (req->body == WEB_BODY_CHUNKED)
				bad(req, "The request has two Transfer-Encoding fields.");
			if (!span_is_nocase(value, SPAN_LIT("chunked")))
				bad(req, "The request has a transfer coding other than chunked.");
			req->body = WEB_BODY_CHUNKED;
		}
		if (!is_withheld(lower))
			add_field(req, name, value);
	}
	if (length.n == 0)
		return;
	if (req->body == WEB_BODY_CHUNKED)
		bad(req, "The request has both a length and chunks.");
	else if (!number_parse(length, INT64_MAX, &req->content_length))
		bad(req, "The request's Content-Length is not a number.");
	else
		req->body = WEB_BODY_LENGTH;
}

static void read_chain(struct web_request *req, char *const *env)
{
	static const struct span name = SPAN_LIT("SSL_CLIENT_CERT_CHAIN_");
	for (; *env && req->n_client_chain < CERT_CHAIN_PASSED_MAX; env++) {
		if (**env != 'S' || strncmp(*env, name.p, name.n) != 0)
			continue;
		const char *equals = strchr(*env, '=');
		if (equals && equals[1])
			req->client_chain[req->n_client_chain++] = span_of(equals + 1);
	}
}

/* Of a few requests at a time: what random bytes cost is the call.  Each is used once. */
static bool make_id(uint8_t id[ID_RAW_BYTES])
{
	static _Thread_local uint8_t ahead[IDS_AHEAD][ID_RAW_BYTES];
	static _Thread_local size_t left;
	if (left == 0) {
		if (random_bytes(ahead, sizeof(ahead)) != CG_OK)
			return false;
		left = IDS_AHEAD;
	}
	memcpy(id, ahead[--left], ID_RAW_BYTES);
	return true;
}

bool web_request_init(struct web_request *req, struct arena *arena, char *const *env,
		      web_proof_fn proof_ok, void *ctx, struct web_io *io)
{
	struct span v[VAR__COUNT];
	read_variables(env, v);
	*req = (struct web_request){.arena = arena,
				    .io = io,
				    .received_unix_s = clock_unix_s(),
				    .method = v[VAR_REQUEST_METHOD],
				    .uri = v[VAR_REQUEST_URI],
				    .remote_addr = v[VAR_REMOTE_ADDR],
				    .remote_port = v[VAR_REMOTE_PORT],
				    .server_addr = v[VAR_SERVER_ADDR],
				    .server_port = v[VAR_SERVER_PORT],
				    .server_name = v[VAR_SERVER_NAME],
				    .site = v[VAR_CERTGATE_SITE],
				    .prefix = v[VAR_CERTGATE_PREFIX],
				    .host = v[VAR_HTTP_HOST]};
	if (!make_id(req->id_bytes))
		return false;
	base32_format(req->id_bytes, sizeof(req->id_bytes), req->id);
	req->proof_ok = proof_ok && proof_ok(ctx, v[VAR_CERTGATE_PROOF]);
	if (req->proof_ok) {
		req->https = span_is_nocase(v[VAR_HTTPS], SPAN_LIT("on"));
		req->client_cert = v[VAR_SSL_CLIENT_CERT];
		req->client_verify = v[VAR_SSL_CLIENT_VERIFY];
		req->is_apache = span_starts(v[VAR_SERVER_SOFTWARE], SPAN_LIT("Apache"));
		req->location_as_is = span_is(v[VAR_CERTGATE_LOCATION], SPAN_LIT("as-is"));
		read_chain(req, env);
	}
	if (req->method.n > METHOD_MAX_BYTES || !field_is_token(req->method)) {
		bad(req, "The request's method is not allowed.");
		req->method = SPAN_LIT("");
	}
	/* An answer of success to it is read as a tunnel, without a body (RFC 9110 section 9.3.6).
	 */
	if (span_is_text(req->method, "CONNECT"))
		bad(req, "The method CONNECT is for proxies; this is none.");
	req->is_head = span_is_text(req->method, "HEAD");
	struct cg_err err = {.text = ""};
	if (web_target_parse(req->uri, req->prefix, &req->target, &err) != CG_OK) {
		const char *sentence = arena_strdup(arena, err.text);
		bad(req, sentence ? sentence : "The request's target cannot be read.");
	}
	read_fields(req, env, v[VAR_CONTENT_TYPE], v[VAR_CONTENT_LENGTH]);
	req->body_ended = req->body == WEB_BODY_NONE ||
			  (req->body == WEB_BODY_LENGTH && req->content_length == 0);
	return !arena->failed;
}

bool web_field_is(struct span name, const char *header)
{
	size_t i = 0;
	for (; i < name.n && header[i]; i++) {
		char c = header[i];
		if (name.p[i] != (char)(c >= 'A' && c <= 'Z' ? c + 32 : c == '_' ? '-' : c))
			return false;
	}
	return i == name.n && !header[i];
}

size_t web_request_field(const struct web_request *req, const char *name, struct span *value)
{
	size_t times = 0;
	for (size_t i = 0; i < req->n_fields; i++) {
		if (!web_field_is(req->fields[i].name, name))
			continue;
		if (times++ == 0 && value)
			*value = req->fields[i].value;
	}
	return times;
}

ssize_t web_request_read(struct web_request *req, void *buf, size_t n)
{
	if (req->body_broken)
		return -1;
	if (req->body_ended || n == 0)
		return 0;
	if (req->body == WEB_BODY_LENGTH && n > req->content_length - req->body_read)
		n = (size_t)(req->content_length - req->body_read);
	ssize_t got = web_io_read(req->io, buf, n);
	if (got > 0)
		req->body_read += (uint64_t)got;
	/* What the server calls the end is too early when a length was announced. */
	if (got < 0 || (got == 0 && req->body == WEB_BODY_LENGTH)) {
		req->body_broken = true;
		return -1;
	}
	req->body_ended =
	    got == 0 || (req->body == WEB_BODY_LENGTH && req->body_read == req->content_length);
	return got;
}

static bool has_input(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, 0) > 0;
}

bool web_request_body_ready(struct web_request *req)
{
	return req->body_ended || req->body_broken || web_io_is_buffered(req->io) ||
	       has_input(web_io_fd(req->io));
}

int web_request_body_fd(const struct web_request *req)
{
	/* Under plain CGI the input is at its end from then on, and always readable. */
	return req->body_ended && !req->io->fcgi ? -1 : web_io_fd(req->io);
}

bool web_request_is_gone(struct web_request *req)
{
	struct web_io *io = req->io;
	if (io->out_broken || io->in_broken)
		return true;
	/* A plain CGI program is not told. */
	if (!io->fcgi)
		return false;
	/* The record that ends the body comes after it, and must not be taken for news. */
	while (!io->in_eof && (web_io_is_buffered(io) || has_input(web_io_fd(io)))) {
		char scrap[1024];
		if (web_io_read(io, scrap, sizeof(scrap)) < 0)
			return true;
	}
	char next;
	return io->in_eof && has_input(web_io_fd(io)) &&
	       recv(web_io_fd(io), &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

bool web_request_was_cut(const struct web_request *req)
{
	return req->io->cut && atomic_load(req->io->cut);
}

cg_rc web_request_body_all(struct web_request *req, size_t max_bytes, struct span *out,
			   struct cg_err *err)
{
	struct buf body;
	char piece[8192];
	ssize_t got = 0;
	cg_rc rc = CG_OK;
	if (req->body == WEB_BODY_LENGTH && req->content_length > max_bytes)
		return cg_fail(err, CG_TOO_BIG, "The body is larger than %zu bytes.", max_bytes);
	buf_init(&body, max_bytes);
	while (rc == CG_OK && (got = web_request_read(req, piece, sizeof(piece))) > 0) {
		if ((size_t)got > max_bytes - body.n)
			rc = cg_fail(err, CG_TOO_BIG, "The body is larger than %zu bytes.",
				     max_bytes);
		else
			buf_add(&body, span_make(piece, (size_t)got));
	}
	if (rc == CG_OK && got < 0)
		rc = cg_fail(err, CG_BAD_INPUT, "The body ended before it was complete.");
	if (rc == CG_OK) {
		const char *copy = body.failed ? NULL : arena_copy(req->arena, buf_span(&body));
		if (copy)
			*out = span_make(copy, body.n);
		else
			rc = cg_fail_memory(err);
	}
	buf_release(&body);
	explicit_bzero(piece, sizeof(piece));
	return rc == CG_OK && req->when_read ? req->when_read(req->when_read_ctx, err) : rc;
}
