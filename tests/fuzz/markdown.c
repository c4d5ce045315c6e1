/* Texts of some people that others get as a page. */
#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/markdown.h"
#include "base/text.h"
#include "fuzz.h"

#define DEPTH_MAX 4096

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* All that may stand between "<" and ">"; the ends of a link and of an image's address, and what
 * follows them, are looked at apart. */
static const char *const elements[] = {
    "blockquote",
    "ul",
    "ol",
    "li",
    "p",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "br",
    "em",
    "strong",
    "code",
    "del",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "pre class=\"code\" tabindex=\"0\"",
    "div class=\"table-wrap\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"",
    "table class=\"table\"",
};
static const char *const ends_alone[] = {"pre", "div", "table", "a"};

static bool is_among(struct span s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_is_text(s, list[i]))
			return true;
	return false;
}

/* The value of an attribute that `tag` begins with, with its quotes; none of the quotes within. */
static struct span value_of(struct span *tag, const char *begin)
{
	MUST(span_starts(*tag, span_of(begin)));
	*tag = span_from(*tag, strlen(begin));
	struct span value;
	MUST(tag->n > 0 && memchr(tag->p, '"', tag->n));
	MUST(span_next(tag, '"', &value));
	return value;
}

static void read_tag(struct span tag)
{
	if (span_starts(tag, SPAN_LIT("a "))) {
		struct span to = value_of(&tag, "a rel=\"noopener\" href=\"");
		MUST(markdown_link_is_fine(to, true));
		MUST(tag.n == 0);
	} else if (span_starts(tag, SPAN_LIT("img "))) {
		struct span from = value_of(&tag, "img src=\"");
		MUST(from.n > 1 && from.p[0] == '/' && from.p[1] != '/' && from.p[1] != '\\');
		for (size_t i = 0; i < from.n; i++)
			MUST((unsigned char)from.p[i] >= ' ');
		(void)value_of(&tag, " alt=\"");
		MUST(tag.n == 0);
	} else if (span_starts(tag, SPAN_LIT("/"))) {
		struct span name = span_from(tag, 1);
		MUST(is_among(name, elements, CG_COUNT(elements)) ||
		     is_among(name, ends_alone, CG_COUNT(ends_alone)));
	} else {
		MUST(is_among(tag, elements, CG_COUNT(elements)));
	}
}

/* Every "<" of the page begins one of our elements, each is closed in its turn, and every "&" is
 * one of our references. */
static void read_page(struct span html)
{
	static const char *const references[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
	static const char *const void_elements[] = {"hr", "br", "img"};
	static struct span open[DEPTH_MAX];
	size_t depth = 0;
	while (html.n > 0) {
		if (*html.p == '&') {
			bool known = false;
			for (size_t i = 0; i < CG_COUNT(references); i++)
				known = known || span_starts(html, span_of(references[i]));
			MUST(known);
		}
		MUST(*html.p != '>' && *html.p != '"');
		if (*html.p != '<') {
			html = span_from(html, 1);
			continue;
		}
		struct span tag;
		MUST(memchr(html.p, '>', html.n));
		MUST(span_next(&html, '>', &tag));
		tag = span_from(tag, 1);
		MUST(tag.n > 0);
		read_tag(tag);
		bool closes = tag.p[0] == '/';
		struct span name = closes ? span_from(tag, 1) : tag;
		const char *space = memchr(name.p, ' ', name.n);
		if (space)
			name.n = (size_t)(space - name.p);
		if (closes) {
			MUST(depth > 0 && span_is(open[depth - 1], name));
			depth--;
		} else if (!is_among(name, void_elements, CG_COUNT(void_elements))) {
			MUST(depth < DEPTH_MAX);
			/* cppcheck-suppress arrayIndexOutOfBoundsCond */
			open[depth++] = name;
		}
	}
	MUST(depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *copy = fuzz_exact(bytes, n);
	struct span text = {copy, n};
	struct cg_err err = {.code = NULL};
	struct buf html, summary;
	buf_init(&html, MARKDOWN_HTML_MAX);
	buf_init(&summary, MARKDOWN_HTML_MAX);
	/* As every text is, before anything else. */
	if (text_is_clean_lines(text)) {
		cg_rc checked = markdown_check(text, "text", &err);
		MUST(checked == CG_OK || checked == CG_BAD_VALUE);
		if (checked != CG_OK)
			fuzz_must_be_kind(&err);
		/* Also of a text that was stored before there was this rule. */
		cg_rc rc = markdown_html(text, &html, &err);
		MUST(rc == CG_OK || checked != CG_OK);
		if (rc == CG_OK) {
			read_page(buf_span(&html));
			MUST(text_is_clean_lines(buf_span(&html)));
			MUST(markdown_summary(text, &summary, &err) == CG_OK);
			MUST(text_is_clean_lines(buf_span(&summary)));
		}
	}
	buf_release(&html);
	buf_release(&summary);
	free(copy);
	return 0;
}
