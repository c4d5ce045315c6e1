/* A request as CGI variables, one a line: fields, framing, cookies. */
#include "base/base.h"
#include "fuzz.h"
#include "base/limits.h"
#include "web/cookie.h"
#include "web/io.h"
#include "web/request.h"

#define VARIABLES_MAX 300

static bool proof_ok(void *ctx, struct span value)
{
	(void)ctx;
	return span_is_text(value, "yes");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void must_be_ours(const struct web_request *req)
{
	if (!req->proof_ok)
		MUST(!req->https && req->client_cert.n == 0 && req->client_verify.n == 0);
	MUST(req->n_fields <= HEADERS_MAX || req->bad);
	for (size_t i = 0; i < req->n_fields; i++) {
		struct span name = req->fields[i].name, value = req->fields[i].value;
		MUST(!span_is_text(name, "content-length") &&
		     !span_is_text(name, "transfer-encoding") && !span_is_text(name, "proxy"));
		for (size_t k = 0; k < name.n; k++)
			MUST(name.p[k] != '_' && !(name.p[k] >= 'A' && name.p[k] <= 'Z'));
		if (!req->bad)
			for (size_t k = 0; k < value.n; k++)
				MUST(value.p[k] != '\r' && value.p[k] != '\n');
		if (!span_is_text(name, "cookie"))
			continue;
		struct span left = cookie_without_ours(value, req->arena), pair, part;
		while (span_next(&left, ';', &pair))
			while (span_next(&pair, ',', &part))
				MUST(!cookie_is_ours(part));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct web_io io;
	struct arena arena;
	struct web_request req;
	char *env[VARIABLES_MAX + 1];
	char *copy = fuzz_text(bytes, n);
	fuzz_variables(copy, env, VARIABLES_MAX);
	arena_init(&arena, REQUEST_ARENA_MAX);
	web_io_cgi(&io, -1, -1);
	if (web_request_init(&req, &arena, env, proof_ok, NULL, &io))
		must_be_ours(&req);
	arena_release(&arena);
	free(copy);
	return 0;
}
