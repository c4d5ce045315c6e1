#include "base/base.h"
#include "web/target.h"
#include "base/hash.h"
#include "base/limits.h"

/* The byte that stands at *at, with its escape undone; moves *at behind it.  -1: bad escape. */
static int next_byte(struct span s, size_t *at)
{
	unsigned char c = (unsigned char)s.p[(*at)++];
	if (c != '%')
		return c;
	if (s.n - *at < 2)
		return -1;
	int high = hex_digit(s.p[*at]), low = hex_digit(s.p[*at + 1]);
	*at += 2;
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_control(int c)
{
	return c < 0x20 || c == 0x7f;
}

/* Bytes that stand in no target: with them, programs disagree where it ends. */
static cg_rc check_raw(struct span uri, struct cg_err *err)
{
	for (size_t i = 0; i < uri.n; i++) {
		unsigned char c = (unsigned char)uri.p[i];
		if (is_control(c) || c == ' ')
			return cg_fail(err, CG_BAD_INPUT,
				       "The request target has a control character or a space; "
				       "write it as %%XX.");
		if (c == '#')
			return cg_fail(err, CG_BAD_INPUT,
				       "The request target has a fragment (#), which is not sent "
				       "to servers; write a literal # as %%23.");
	}
	return CG_OK;
}

/* What a path segment shows so far: whether it can still turn out to be "." or "..". */
enum dots {
	DOTS_NONE,  /* empty so far */
	DOTS_ONLY,  /* one or two dots */
	DOTS_PARAM, /* one or two dots, then ";": some servers cut the rest off */
	DOTS_TEXT,  /* a name */
};

static cg_rc check_path(struct span path, struct cg_err *err)
{
	enum dots seen = DOTS_NONE;
	unsigned n_dots = 0;
	for (size_t at = 0; at <= path.n;) {
		bool at_end = at == path.n;
		if (!at_end && path.p[at] == '\\')
			return cg_fail(err, CG_BAD_INPUT,
				       "The path has a backslash, which some servers take for a "
				       "slash; write it as %%5C if it is meant.");
		int c = at_end ? '/' : next_byte(path, &at);
		if (at_end)
			at++;
		if (c < 0)
			return cg_fail(err, CG_BAD_INPUT,
				       "The path has a %% without two hexadecimal digits; write a "
				       "literal %% as %%25.");
		if (is_control(c))
			return cg_fail(err, CG_BAD_INPUT,
				       "The path has an escaped control character.");
		if (c == '/' || c == '\\') {
			if (seen == DOTS_ONLY || seen == DOTS_PARAM)
				return cg_fail(err, CG_BAD_INPUT,
					       "The path has a dot segment (\".\" or \"..\"); send "
					       "the path it leads to.");
			seen = DOTS_NONE;
			n_dots = 0;
		} else if (seen == DOTS_TEXT || seen == DOTS_PARAM) {
			continue;
		} else if (c == '.' && n_dots < 2) {
			n_dots++;
			seen = DOTS_ONLY;
		} else {
			seen = c == ';' && seen == DOTS_ONLY ? DOTS_PARAM : DOTS_TEXT;
		}
	}
	return CG_OK;
}

/* Length of "http://authority" or "https://authority" in front of an absolute form; 0 for any
 * other form. */
static size_t authority_len(struct span uri)
{
	static const struct span schemes[] = {
	    {"http://",	7},
	    {"https://", 8}
	   };
	for (size_t i = 0; i < CG_COUNT(schemes); i++) {
		size_t n = schemes[i].n;
		if (uri.n < n || !span_is_nocase(span_make(uri.p, n), schemes[i]))
			continue;
		while (n < uri.n && uri.p[n] != '/' && uri.p[n] != '?' && uri.p[n] != '\\')
			n++;
		return n;
	}
	return 0;
}

static bool has_escaped_nul(struct span s)
{
	for (size_t i = 0; i + 2 < s.n; i++)
		if (s.p[i] == '%' && s.p[i + 1] == '0' && s.p[i + 2] == '0')
			return true;
	return false;
}

cg_rc web_target_parse(struct span uri, struct span prefix, struct web_target *out,
		       struct cg_err *err)
{
	if (uri.n > TARGET_MAX_BYTES)
		return cg_fail(err, CG_BAD_INPUT, "The request target is longer than %d bytes.",
			       TARGET_MAX_BYTES);
	cg_rc rc = check_raw(uri, err);
	if (rc != CG_OK)
		return rc;
	size_t skip = authority_len(uri);
	struct span whole = span_from(uri, skip);
	if (skip > 0 && whole.n == 0)
		whole = SPAN_LIT("/");
	if (whole.n == 0 || whole.p[0] != '/')
		return cg_fail(err, CG_BAD_INPUT,
			       "The request target must be a path that begins with a slash.");
	struct web_target t = {.whole = whole, .path = whole};
	const char *mark = memchr(whole.p, '?', whole.n);
	if (mark) {
		t.path.n = (size_t)(mark - whole.p);
		t.query = span_from(whole, t.path.n + 1);
	}
	rc = check_path(t.path, err);
	if (rc != CG_OK)
		return rc;
	if (has_escaped_nul(t.query))
		return cg_fail(err, CG_BAD_INPUT, "The query has an escaped NUL (%%00).");
	if (prefix.n > 0 && prefix.p[prefix.n - 1] == '/')
		prefix.n--;
	if (!span_starts(t.path, prefix) ||
	    (t.path.n > prefix.n && prefix.n > 0 && t.path.p[prefix.n] != '/'))
		return cg_fail(err, CG_BAD_INPUT,
			       "The path is spelled in another way than the prefix that the web "
			       "server gives to certgate; write it without %%-escapes.");
	t.local = span_from(t.path, prefix.n);
	if (t.local.n == 0)
		t.local = SPAN_LIT("/");
	*out = t;
	return CG_OK;
}
