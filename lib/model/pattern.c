#include "base/base.h"
#include "model/pattern.h"
#include "base/field.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"

/* --- paths --- */

/* RFC 3986 section 2.3: escaped or not, they mean the same. */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c));
}

/* Bytes of a path that need no escape (RFC 3986 section 3.3), and '%' of those that do. */
static bool is_path_char(char c)
{
	return is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@%/", c));
}

/* "." or ".."; no pattern needs them, and no request that has one gets as far as this.  (What hides
 * one, an escape of a dot, is refused as an escape.) */
static bool has_dot_segment(struct span path)
{
	struct span segment;
	while (span_next(&path, '/', &segment))
		if (segment.n > 0 && segment.n <= 2 && strspn(segment.p, ".") >= segment.n)
			return true;
	return false;
}

static const char *path_fault(const char *path)
{
	if (path[0] != '/')
		return "must begin with /";
	for (const char *c = path; *c; c++) {
		if (!is_path_char(*c))
			return "holds a character that paths do not have; escape it as %XX";
		if (*c != '%')
			continue;
		if (hex_digit(c[1]) < 0 || hex_digit(c[2]) < 0)
			return "holds a % that is not followed by two hex digits";
		int byte = hex_digit(c[1]) * 16 + hex_digit(c[2]);
		if (byte < 0x20 || byte == 0x7f)
			return "holds an escaped control character";
		/* Web servers undo such an escape before they look whose path it is. */
		if (is_unreserved((char)byte))
			return "holds an escape of a character that needs none; write it as it is";
	}
	if (strstr(path, "//"))
		return "holds an empty segment (//)";
	if (has_dot_segment(span_of(path)))
		return "holds a dot segment; write the path without";
	return NULL;
}

/* Programs read escapes and ";" in more than one way: no request for a path with them could be told
 * from one for another API's. */
static bool is_plain(const char *path)
{
	for (const char *c = path; *c; c++)
		if (!is_path_char(*c) || strchr("%;", *c))
			return false;
	return true;
}

const char *listen_path_normal(const char *text, struct arena *arena, const char **why)
{
	*why = path_fault(text);
	if (text[0] == '/' && !is_plain(text))
		*why = "may have letters, digits and -._~!$&'()*+,=:@ between its slashes, but no "
		       "escapes (%), no “;” and no other characters; write it plainly, such as "
		       "/my-api/";
	if (*why)
		return NULL;
	size_t n = strlen(text);
	const char *out =
	    text[n - 1] == '/' ? arena_strdup(arena, text) : arena_printf(arena, "%s/", text);
	if (!out)
		*why = "cannot be read: no memory";
	return out;
}

bool listen_path_covers(const char *listen_path, struct span path)
{
	struct span lp = span_of(listen_path);
	return span_starts(path, lp) || (path.n == lp.n - 1 && span_starts(lp, path));
}

bool listen_path_is_reserved(const char *listen_path)
{
	static const char *const reserved[] = {"/admin/",   "/portal/",
					       "/healthz/", "/readyz/",
					       "/metrics/", "/.well-known/acme-challenge/"};
	for (size_t i = 0; i < CG_COUNT(reserved); i++)
		if (listen_path_covers(reserved[i], span_of(listen_path)) ||
		    listen_path_covers(listen_path, span_of(reserved[i])))
			return true;
	return false;
}

/* "{name}": one segment, whatever it holds. */
static bool is_placeholder(struct span segment)
{
	return segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

const char *path_pattern_fault(const char *pattern)
{
	struct span rest = span_of(pattern), segment;
	char plain[PATH_MAX_BYTES + 1];
	size_t n = 0;
	if (rest.n == 0 || rest.n >= sizeof(plain) || pattern[0] != '/')
		return "must begin with /";
	while (span_next(&rest, '/', &segment)) {
		if (is_placeholder(segment)) {
			for (size_t i = 1; i + 1 < segment.n; i++)
				if (strchr("{}", segment.p[i]) || !is_path_char(segment.p[i]))
					return "has a placeholder that is not of the form {name}";
			segment = SPAN_LIT("x");
		} else if (segment.n > 0 && memchr(segment.p, '*', segment.n)) {
			if (segment.n != 1 || rest.p)
				return "may have a * only as its last segment";
		}
		memcpy(plain + n, segment.p, segment.n);
		n += segment.n;
		if (rest.p)
			plain[n++] = '/';
	}
	plain[n] = '\0';
	return path_fault(plain);
}

bool path_pattern_matches(const char *pattern, struct span path)
{
	struct span want_rest = span_of(pattern), have_rest = path, want, have;
	/* No pattern that could be saved; an import may have brought it. */
	if (*pattern != '/')
		return false;
	while (span_next(&want_rest, '/', &want)) {
		/* A star takes all that follows, at least the slash before it. */
		if (!want_rest.p && span_is(want, SPAN_LIT("*")))
			return have_rest.p != NULL;
		if (!span_next(&have_rest, '/', &have))
			return false;
		if (is_placeholder(want) ? have.n == 0 : !span_is(want, have))
			return false;
	}
	return have_rest.p == NULL;
}

bool token_is_valid(const char *text)
{
	return field_is_token(span_of(text));
}
