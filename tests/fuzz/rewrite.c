/* Addresses in an upstream's answer.  The input's first byte says whose answer it is, the second
 * which field; the rest is the value. */
#include "base/base.h"
#include "../../cgi-bin/gate/gate.h"
#include "fuzz.h"
#include <curl/curl.h>

#define CLIENTS_URL "https://gate.example/asked/for"

static struct url upstreams[] = {
    {.host = "127.0.0.1", .port = 8000,		.path = "/base"},
    {.https = true,	    .host = "up.example", .port = 443,     .path = ""},
    {.host = "[::1]",		      .port = 80,			  .path = "/a/b"		},
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* Where a browser goes that reads `value` at `base`: it does not mind tabs. */
static CURLU *resolve(const char *base, struct span value)
{
	CURLU *url = curl_url();
	char *text = malloc(value.n + 1);
	size_t n = 0;
	MUST(url && text);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != '\t')
			text[n++] = value.p[i] == '\\' ? '/' : value.p[i];
	text[n] = '\0';
	const unsigned flags = CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME | CURLU_ALLOW_SPACE;
	MUST(curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK);
	bool ok = curl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK;
	free(text);
	if (!ok)
		curl_url_cleanup(url);
	return ok ? url : NULL;
}

static bool part_is(CURLU *url, CURLUPart part, const char *want)
{
	char *text = NULL;
	bool is = curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		  strcasecmp(text, want) == 0;
	curl_free(text);
	return is;
}

static bool is_upstream(CURLU *url, const struct url *upstream)
{
	char port[8];
	(void)snprintf(port, sizeof(port), "%u", upstream->port);
	return part_is(url, CURLUPART_SCHEME, upstream->https ? "https" : "http") &&
	       part_is(url, CURLUPART_HOST, upstream->host) && part_is(url, CURLUPART_PORT, port);
}

/* What leads to an upstream leads below the listen path; what leads elsewhere is left alone. */
static void must_lead_here(const struct exchange *x, struct span value, struct span out)
{
	struct span listen = span_of(x->route->api->listen_path);
	const struct url *up = x->target;
	char base[100];
	if (span_is(value, out))
		return;
	MUST(span_starts(out, SPAN_LIT("/")));
	if (x->route->api->strip_listen_path)
		MUST(span_starts(out, span_make(listen.p, listen.n - 1)));
	(void)snprintf(base, sizeof(base), "http%s://%s:%u%s/x", up->https ? "s" : "", up->host,
		       up->port, up->path);
	CURLU *here = resolve(CLIENTS_URL, out), *there = resolve(base, value);
	if (here)
		MUST(part_is(here, CURLUPART_SCHEME, "https") &&
		     part_is(here, CURLUPART_HOST, "gate.example"));
	if (there) {
		bool known = false;
		for (size_t i = 0; i < x->route->n_targets; i++)
			known = known || is_upstream(there, &x->route->targets[i]);
		MUST(known);
	}
	curl_url_cleanup(here);
	curl_url_cleanup(there);
}

/* All but the Path attributes stays as it is. */
static void must_be_that_cookie(struct span value, struct span out)
{
	struct span before, after;
	bool first = true;
	while (span_next(&value, ';', &before)) {
		MUST(span_next(&out, ';', &after));
		if (!span_is(before, after))
			MUST(!first && span_starts(after, SPAN_LIT(" Path=/")));
		first = false;
	}
	MUST(!span_next(&out, ';', &after));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const listen_paths[] = {"/", "/shop/", "/a/b/"};
	static const char *const names[] = {"location", "Content-Location", "Set-Cookie", "link"};
	struct arena arena;
	Cg__Api api = CG__API__INIT;
	struct route route = {.api = &api, .targets = upstreams, .n_targets = CG_COUNT(upstreams)};
	struct exchange x = {.arena = &arena, .route = &route};
	if (n < 2)
		return 0;
	api.has_rewrite_location = api.has_strip_listen_path = true;
	api.rewrite_location = true;
	api.strip_listen_path = bytes[0] & 1;
	api.listen_path = (char *)(uintptr_t)listen_paths[bytes[0] / 2 % CG_COUNT(listen_paths)];
	x.target = &upstreams[bytes[0] / 8 % CG_COUNT(upstreams)];
	struct span name = span_of(names[bytes[1] % CG_COUNT(names)]);
	char *copy = fuzz_exact(bytes + 2, n - 2);
	struct span value = {copy, n - 2};
	/* As a head's fields have them. */
	bool fits = true;
	for (size_t i = 0; i < value.n; i++)
		fits = fits && ((uint8_t)copy[i] >= ' ' || copy[i] == '\t') && copy[i] != 0x7f;
	value = span_trim(value);
	arena_init(&arena, (size_t)16 * 1024 * 1024);
	if (fits) {
		struct span out = rewrite_field(&x, name, value);
		for (size_t i = 0; i < out.n; i++)
			MUST(((uint8_t)out.p[i] >= ' ' || out.p[i] == '\t') && out.p[i] != 0x7f);
		if (span_is_text(name, "link"))
			MUST(span_is(out, value));
		else if (span_is_text(name, "Set-Cookie"))
			must_be_that_cookie(value, out);
		else
			must_lead_here(&x, value, out);
	}
	arena_release(&arena);
	free(copy);
	return 0;
}
