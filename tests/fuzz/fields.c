/* A client's header fields on their way to an upstream.  The input is CGI variables, one a line,
 * as for `request`; the first line's first byte says what the API is like. */
#include "base/base.h"
#include "../../cgi-bin/gate/gate.h"
#include "base/field.h"
#include "fuzz.h"
#include "upstream/request.h"
#include "web/cookie.h"
#include "web/io.h"

#define VARIABLES_MAX 300

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static bool proof_ok(void *ctx, struct span value)
{
	(void)ctx;
	return span_is_text(value, "yes");
}

static size_t lines_of(struct span head, const char *name)
{
	struct span line;
	size_t n = 0, length = strlen(name);
	while (span_next(&head, '\n', &line))
		n += line.n > length && line.p[length] == ':' &&
		     span_is_nocase(span_make(line.p, length), span_of(name));
	return n;
}

/* What an upstream reads: each field in a line of its own, and of those that say who the client is
 * or frame the message just the gate's. */
static void must_be_ours(const struct exchange *x, const struct outgoing *out, struct span head)
{
	static const char *const once[] = {"Host",	"X-Request-Id", "X-Forwarded-Proto",
					   "Forwarded", "X-Given",	"X-Hidden"};
	static const char *const never[] = {
	    "Connection",	 "Upgrade",	      "Expect", "TE", "Proxy", "Client-Cert",
	    "X-Certgate-Key-Id", "SSL-Client-Verify", "X-Taken"};
	size_t lines = 0;
	for (size_t i = 0; i < head.n; i++) {
		MUST(head.p[i] != '\0' && (head.p[i] != '\r' || head.p[i + 1] == '\n'));
		MUST(head.p[i] != '\n' || (i > 0 && head.p[i - 1] == '\r'));
		lines += head.p[i] == '\n';
	}
	MUST(lines <= out->n + 4); /* the request line, Host, what frames the body, the end */
	MUST(head.n > 4 && memcmp(head.p + head.n - 4, "\r\n\r\n", 4) == 0);
	MUST(memmem(head.p, head.n, "\r\n\r\n", 4) == head.p + head.n - 4);
	for (size_t i = 0; i < CG_COUNT(once); i++)
		MUST(lines_of(head, once[i]) == 1);
	for (size_t i = 0; i < CG_COUNT(never); i++)
		MUST(lines_of(head, never[i]) == 0);
	MUST(lines_of(head, "traceparent") > 0);
	MUST(lines_of(head, "X-Forwarded-For") <= 1 && lines_of(head, "X-Forwarded-Host") <= 1);
	MUST(lines_of(head, "Content-Length") + lines_of(head, "Transfer-Encoding") <= 1);
	if (x->route->api->strip_credential)
		MUST(lines_of(head, x->route->api->auth->token_header) == 0);
	if (!x->req->proof_ok)
		MUST(lines_of(head, "X-Forwarded-For") == 0);
}

static void must_be_without_our_cookies(const struct outgoing *out)
{
	for (size_t i = 0; i < out->n; i++) {
		struct span rest = out->items[i].value, pair;
		if (!span_is_nocase(out->items[i].name, SPAN_LIT("cookie")))
			continue;
		MUST(rest.n > 0);
		while (span_next(&rest, ';', &pair))
			MUST(!cookie_is_ours(pair));
	}
}

static void pass_on(struct web_request *req, uint8_t kind)
{
	Cg__Api api = CG__API__INIT;
	Cg__ApiAuth auth = CG__API_AUTH__INIT;
	Cg__HeaderRules rules = CG__HEADER_RULES__INIT;
	Cg__HeaderField given = CG__HEADER_FIELD__INIT;
	struct route route = {.api = &api};
	struct exchange x = {.req = req, .arena = req->arena, .route = &route};
	struct outgoing out;
	char *taken = (char *)(uintptr_t) "X-Taken";
	Cg__HeaderField *set = &given;
	Cg__SecretHeader hidden = CG__SECRET_HEADER__INIT, *secret = &hidden;
	const struct web_field secret_field = {SPAN_LIT("X-Hidden"), SPAN_LIT("secret")};
	api.auth = &auth;
	api.request_headers = &rules;
	api.has_strip_credential = auth.has_use_token = true;
	api.strip_credential = kind & 1;
	auth.use_token = true;
	auth.token_header = (char *)(uintptr_t)(kind & 2 ? "X-Api-Key" : "Authorization");
	given.name = (char *)(uintptr_t) "X-Given";
	given.value = (char *)(uintptr_t) "by the gate";
	rules.remove = &taken;
	rules.set = &set;
	rules.n_remove = rules.n_set = 1;
	api.secret_headers = &secret;
	api.n_secret_headers = 1;
	x.secret_fields = &secret_field;
	fields_make(&x, &out);
	if (req->arena->failed)
		return;
	must_be_without_our_cookies(&out);
	struct upstream_call call = {.method = req->method,
				     .target = req->target.whole,
				     .host = SPAN_LIT("up.example"),
				     .port = 8080,
				     .fields = out.items,
				     .n_fields = out.n};
	for (int sends_body = 0; sends_body <= 1; sends_body++) {
		struct span head = upstream_request_head(&call, req, sends_body != 0);
		if (head.p)
			must_be_ours(&x, &out, head);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct web_io io;
	struct arena arena;
	struct web_request req;
	char *env[VARIABLES_MAX + 1];
	if (n == 0)
		return 0;
	char *copy = fuzz_text(bytes + 1, n - 1);
	fuzz_variables(copy, env, VARIABLES_MAX);
	arena_init(&arena, REQUEST_ARENA_MAX);
	web_io_cgi(&io, -1, -1);
	if (web_request_init(&req, &arena, env, proof_ok, NULL, &io) && !req.bad)
		pass_on(&req, bytes[0]);
	arena_release(&arena);
	free(copy);
	return 0;
}
