#include "base/base.h"
#include "base/markdown.h"
#include "base/limits.h"
#include <md4c.h>

#define FLAGS                                                                                      \
	(MD_FLAG_NOHTML | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_PERMISSIVEURLAUTOLINKS)

struct writing {
	struct buf *out;
	/* Instead of HTML: plain text of the first paragraph. */
	bool plain, in_paragraph, done;
	size_t depth, deepest;			/* of blocks within blocks */
	unsigned heading_source, heading_level; /* of the last one, as written and as shown; 0 */
	unsigned in_image;			/* its text is the alternative: no elements in it */
	char bad[120];				/* the first link that is not fine */
};

bool markdown_link_is_fine(struct span link, bool mailto)
{
	static const char *const schemes[] = {"https://", "http://", "mailto:"};
	for (size_t i = 0; i < (mailto ? 3u : 2u); i++) {
		size_t n = strlen(schemes[i]);
		if (link.n > n && span_is_nocase(span_make(link.p, n), span_of(schemes[i])))
			return true;
	}
	return false;
}

/* "/portal/logo.svg", but neither "//elsewhere" nor "/\elsewhere", which browsers take for it; nor
 * with control characters, of which they leave some out first. */
static bool image_is_fine(struct span link)
{
	for (size_t i = 0; i < link.n; i++)
		if ((unsigned char)link.p[i] < ' ')
			return false;
	return link.n > 1 && link.p[0] == '/' && link.p[1] != '/' && link.p[1] != '\\';
}

static void put(struct writing *w, const char *text)
{
	if (!w->plain && !w->in_image)
		buf_add_text(w->out, text);
}

static void put_escaped(struct writing *w, const char *p, size_t n)
{
	if (w->plain) {
		if (w->in_paragraph && !w->done)
			buf_add(w->out, span_make(p, n));
		return;
	}
	for (size_t i = 0; i < n; i++)
		switch (p[i]) {
		case '<':
			buf_add_text(w->out, "&lt;");
			break;
		case '>':
			buf_add_text(w->out, "&gt;");
			break;
		case '&':
			buf_add_text(w->out, "&amp;");
			break;
		case '"':
			buf_add_text(w->out, "&quot;");
			break;
		case '\'':
			buf_add_text(w->out, "&#39;");
			break;
		default:
			buf_add(w->out, span_make(p + i, 1));
		}
}

/* Headings of the text begin at h2, below the page's own, and leave no level out, whatever levels
 * their author began with. */
static unsigned heading_level(struct writing *w, unsigned level)
{
	unsigned out = w->heading_level == 0	   ? 2
		       : level > w->heading_source ? w->heading_level + 1
		       : w->heading_source - level + 2 > w->heading_level
			   ? 2
			   : w->heading_level - (w->heading_source - level);
	w->heading_source = level;
	w->heading_level = out > 6 ? 6 : out;
	return w->heading_level;
}

static void put_heading(struct writing *w, const char *begin, unsigned level, const char *end)
{
	const char digit[] = {(char)('0' + level), '\0'};
	put(w, begin);
	put(w, digit);
	put(w, end);
}

static const struct {
	MD_BLOCKTYPE type;
	const char *open, *close;
} blocks[] = {
    {MD_BLOCK_QUOTE, "<blockquote>\n",		       "</blockquote>\n" },
    {MD_BLOCK_UL,	  "<ul>\n",			      "</ul>\n"	     },
    {MD_BLOCK_OL,	  "<ol>\n",			      "</ol>\n"	     },
    {MD_BLOCK_LI,	  "<li>",				"</li>\n"	   },
    {MD_BLOCK_HR,	  "<hr>\n",			      ""		      },
    {MD_BLOCK_CODE,  "<pre class=\"code\" tabindex=\"0\">", "</pre>\n"	     },
    {MD_BLOCK_P,	 "<p>",				 "</p>\n"		},
    {MD_BLOCK_TABLE,
     "<div class=\"table-wrap\" tabindex=\"0\" role=\"region\" aria-label=\"Table\">"
     "<table class=\"table\">\n",			   "</table></div>\n"},
    {MD_BLOCK_THEAD, "<thead>",				"</thead>\n"	    },
    {MD_BLOCK_TBODY, "<tbody>",				"</tbody>\n"	    },
    {MD_BLOCK_TR,	  "<tr>",				"</tr>\n"	   },
    {MD_BLOCK_TH,	  "<th>",				"</th>"		 },
    {MD_BLOCK_TD,	  "<td>",				"</td>"		 },
};

static int enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct writing *w = arg;
	w->in_paragraph = type == MD_BLOCK_P;
	if (++w->depth > w->deepest)
		w->deepest = w->depth;
	if (type == MD_BLOCK_H)
		put_heading(w, "<h", heading_level(w, ((MD_BLOCK_H_DETAIL *)detail)->level), ">");
	for (size_t i = 0; i < CG_COUNT(blocks); i++)
		if (blocks[i].type == type)
			put(w, blocks[i].open);
	return 0;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct writing *w = arg;
	(void)detail;
	w->depth--;
	if (type == MD_BLOCK_H)
		put_heading(w, "</h", w->heading_level, ">\n");
	for (size_t i = 0; i < CG_COUNT(blocks); i++)
		if (blocks[i].type == type)
			put(w, blocks[i].close);
	if (w->plain && type == MD_BLOCK_P) {
		w->done = true;
		return 1;
	}
	return 0;
}

static void note_bad(struct writing *w, struct span link)
{
	if (!*w->bad)
		(void)snprintf(w->bad, sizeof(w->bad), "%.*s", (int)(link.n < 100 ? link.n : 100),
			       link.n > 0 ? link.p : "");
}

static void put_element(struct writing *w, MD_SPANTYPE type, const char *begin)
{
	static const struct {
		MD_SPANTYPE type;
		const char *name;
	} elements[] = {
	    {MD_SPAN_EM,	 "em>"    },
	    {MD_SPAN_STRONG, "strong>"},
	    {MD_SPAN_CODE,   "code>"  },
	    {MD_SPAN_DEL,	  "del>"	}
	 };
	for (size_t i = 0; i < CG_COUNT(elements); i++)
		if (elements[i].type == type) {
			put(w, begin);
			put(w, elements[i].name);
		}
}

static int enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct writing *w = arg;
	if (type == MD_SPAN_A) {
		const MD_ATTRIBUTE *href = &((MD_SPAN_A_DETAIL *)detail)->href;
		struct span link = span_make(href->text, href->size);
		if (!markdown_link_is_fine(link, true)) {
			note_bad(w, link);
			return 0;
		}
		put(w, "<a rel=\"noopener\" href=\"");
		if (!w->plain && !w->in_image)
			put_escaped(w, link.p, link.n);
		put(w, "\">");
		return 0;
	}
	if (type == MD_SPAN_IMG) {
		const MD_ATTRIBUTE *src = &((MD_SPAN_IMG_DETAIL *)detail)->src;
		struct span link = span_make(src->text, src->size);
		if (!image_is_fine(link)) {
			note_bad(w, link);
			return 0;
		}
		put(w, "<img src=\"");
		if (!w->plain && !w->in_image)
			put_escaped(w, link.p, link.n);
		put(w, "\" alt=\"");
		w->in_image++;
		return 0;
	}
	put_element(w, type, "<");
	return 0;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct writing *w = arg;
	if (type == MD_SPAN_A) {
		const MD_ATTRIBUTE *href = &((MD_SPAN_A_DETAIL *)detail)->href;
		if (markdown_link_is_fine(span_make(href->text, href->size), true))
			put(w, "</a>");
		return 0;
	}
	if (type == MD_SPAN_IMG) {
		const MD_ATTRIBUTE *src = &((MD_SPAN_IMG_DETAIL *)detail)->src;
		if (image_is_fine(span_make(src->text, src->size))) {
			w->in_image--;
			put(w, "\">");
		}
		return 0;
	}
	put_element(w, type, "</");
	return 0;
}

static int text(MD_TEXTTYPE type, const MD_CHAR *p, MD_SIZE n, void *arg)
{
	struct writing *w = arg;
	switch (type) {
	case MD_TEXT_BR:
		put(w, "<br>\n");
		return 0;
	case MD_TEXT_SOFTBR:
		put_escaped(w, w->plain ? " " : "\n", 1);
		return 0;
	case MD_TEXT_NULLCHAR:
		return 0;
	case MD_TEXT_ENTITY:
	case MD_TEXT_NORMAL:
	case MD_TEXT_CODE:
	case MD_TEXT_HTML:
	case MD_TEXT_LATEXMATH:
		/* An entity too is text as it stands: "&copy;" would be one more reading. */
		put_escaped(w, p, n);
		return 0;
	}
	return 0;
}

static cg_rc run(struct span source, struct writing *w, struct cg_err *err)
{
	const MD_PARSER parser = {.flags = FLAGS,
				  .enter_block = enter_block,
				  .leave_block = leave_block,
				  .enter_span = enter_span,
				  .leave_span = leave_span,
				  .text = text};
	if (source.n > UINT32_MAX)
		return cg_fail(err, CG_TOO_BIG, "The text is too long.");
	int failed = md_parse(source.n > 0 ? source.p : "", (MD_SIZE)source.n, &parser, w);
	if ((failed && !w->done) || (w->out && w->out->failed))
		return cg_fail_memory(err);
	return CG_OK;
}

cg_rc markdown_html(struct span source, struct buf *out, struct cg_err *err)
{
	struct writing w = {.out = out};
	return run(source, &w, err);
}

cg_rc markdown_summary(struct span source, struct buf *out, struct cg_err *err)
{
	struct writing w = {.out = out, .plain = true};
	return run(source, &w, err);
}

cg_rc markdown_check(struct span source, const char *field, struct cg_err *err)
{
	struct buf html;
	buf_init(&html, MARKDOWN_HTML_MAX);
	struct writing w = {.out = &html};
	cg_rc rc = run(source, &w, err);
	if (w.deepest > MARKDOWN_DEPTH_MAX)
		rc = cg_fail_field(err, field, "has lists or quotes in more than %d levels",
				   MARKDOWN_DEPTH_MAX);
	else if (html.failed)
		rc = cg_fail_field(err, field,
				   "makes too long a page: give fewer tables, lists and quotes");
	else if (rc == CG_OK && *w.bad)
		rc = cg_fail_field(
		    err, field,
		    "has a link that is not allowed (“%s”): links begin with https://, "
		    "http:// or mailto:, images with / and lie on this host",
		    w.bad);
	buf_release(&html);
	return rc;
}
