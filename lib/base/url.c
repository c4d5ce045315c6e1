#include "base/base.h"
#include "base/url.h"
#include "base/text.h"
#include <curl/curl.h>

bool url_is_host(struct span host)
{
	static const char marks[] = "-._:";
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr(marks, c))))
			return false;
	}
	return host.n > 0 && host.n <= 253;
}

static const char no_host[] = "has a host that is no name or address (a name with other letters is "
			      "written as xn--…)";

static const char *take(CURLU *u, CURLUPart part, unsigned flags, struct arena *arena,
			const char **out)
{
	char *text = NULL;
	if (curl_url_get(u, part, &text, flags) != CURLUE_OK)
		return "cannot be read as a URL";
	*out = arena_strdup(arena, text);
	curl_free(text);
	return *out ? NULL : "cannot be read: no memory";
}

static bool has(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool there = curl_url_get(u, part, &text, 0) == CURLUE_OK;
	curl_free(text);
	return there;
}

static const char *read_parts(CURLU *u, struct arena *arena, struct url *out)
{
	const char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *why;
	uint64_t number;
	if ((why = take(u, CURLUPART_SCHEME, 0, arena, &scheme)) ||
	    (why = take(u, CURLUPART_HOST, 0, arena, &host)) ||
	    (why = take(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, arena, &port)) ||
	    (why = take(u, CURLUPART_PATH, 0, arena, &path)))
		return why;
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return "must begin with http:// or https://";
	if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
		return "must not hold a user name or password";
	if (has(u, CURLUPART_QUERY) || has(u, CURLUPART_FRAGMENT))
		return "must not have a query (?) or fragment (#)";
	if (!number_parse(span_of(port), 65535, &number) || number == 0)
		return "has a port outside 1 to 65535";
	size_t n = strlen(path);
	while (n > 0 && path[n - 1] == '/')
		n--;
	char *trimmed = arena_copy(arena, span_make(path, n));
	if (!trimmed)
		return "cannot be read: no memory";
	struct url url = {strcmp(scheme, "https") == 0, host, (unsigned)number, trimmed};
	if (!url_is_host(url_bare_host(&url)))
		return no_host;
	*out = url;
	return NULL;
}

const char *url_parse(const char *text, struct arena *arena, struct url *out)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("\"<>\\^`{|}", *c))
			return "holds a space, a control or another character that URLs do not "
			       "have";
	CURLU *u = curl_url();
	if (!u)
		return "cannot be read: no memory";
	/* Behind the scheme: curl does with one slash, and takes the next of these for a path. */
	const char *why, *mark = text + strcspn(text, ":");
	if (strncmp(mark, "://", 3) != 0)
		why = "must begin with http:// or https://";
	/* curl would take what follows the third slash for the host. */
	else if (mark[3] == '/')
		why = "has no host after the two slashes";
	/* It would undo percent-encoding in the host, and drop the zone of an address. */
	else if (memchr(mark, '%', strcspn(mark + 3, "/") + 3))
		why = no_host;
	else if (curl_url_set(u, CURLUPART_URL, text, CURLU_PATH_AS_IS) != CURLUE_OK)
		why = "cannot be read as a URL such as https://backend.example:8443/base";
	else
		why = read_parts(u, arena, out);
	curl_url_cleanup(u);
	return why;
}

/* One character of a path, percent-encoding undone for what can make a segment of dots; *path moves
 * behind it. */
static char take_plain(const char **path)
{
	static const struct {
		const char *code;
		char plain;
	} codes[] = {
	    {"%2e", '.'},
	    {"%2f", '/'},
	    {"%5c", '/'},
	};
	for (size_t i = 0; i < CG_COUNT(codes); i++)
		if (strncasecmp(*path, codes[i].code, 3) == 0) {
			*path += 3;
			return codes[i].plain;
		}
	return *(*path)++;
}

const char *url_path_fault(const char *path)
{
	size_t chars = 0, dots = 0;
	for (bool more = true; more;) {
		more = *path != '\0';
		char c = more ? take_plain(&path) : '/';
		if (c != '/') {
			chars++;
			dots += c == '.';
			continue;
		}
		if (chars > 0 && chars <= 2 && dots == chars)
			return "has a segment “.” or “..” in its path: write the path that is "
			       "meant";
		chars = dots = 0;
	}
	return NULL;
}

struct span url_bare_host(const struct url *url)
{
	struct span h = span_of(url->host);
	return h.n > 2 && h.p[0] == '[' ? span_make(h.p + 1, h.n - 2) : h;
}
