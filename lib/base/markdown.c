#include "base/base.h"
#include "base/markdown.h"
#include "base/limits.h"
#include "base/text.h"
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <pthread.h>

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

/* "/portal/logo.svg", but neither "//elsewhere" nor "/\elsewhere", which browsers take for it. */
static bool image_is_fine(struct span link)
{
	return link.n > 1 && link.p[0] == '/' && link.p[1] != '/' && link.p[1] != '\\';
}

static void note_bad(struct writing *w, struct span link)
{
	if (!*w->bad)
		text_for_log(link, w->bad, sizeof(w->bad));
}

/* --- the parts of a page --- */

static void put(struct writing *w, const char *text)
{
	if (!w->plain && !w->in_image)
		buf_add_text(w->out, text);
}

/* Of C0, C1 or DEL, but for ends of lines and tabs: the text has none, but “&#27;” makes one.  Of
 * “&#xFFFE;” and “&#xFFFF;” cmark-gfm makes a byte of that value, which is no UTF-8. */
static bool is_control(unsigned char c, unsigned char next)
{
	return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f || (c == 0xc2 && next < 0xa0) ||
	       c >= 0xfe;
}

static void put_char(struct buf *out, char c)
{
	static const struct {
		char c;
		const char *text;
	} references[] = {
	    {'<',  "&lt;"	},
		   {'>',	 "&gt;"  },
		  {'&',	"&amp;" },
		  {'"',	"&quot;"},
		   {'\'', "&#39;" }
	  };
	for (size_t i = 0; i < CG_COUNT(references); i++)
		if (references[i].c == c) {
			buf_add_text(out, references[i].text);
			return;
		}
	buf_add_char(out, c);
}

static void put_escaped(struct writing *w, struct span text)
{
	if (w->plain && !w->in_paragraph)
		return;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : ' ';
		if (is_control((unsigned char)c, (unsigned char)next))
			i += c == '\xc2';
		else if (w->plain)
			/* An end of a line is a space there. */
			buf_add_char(w->out, c == '\n' ? ' ' : c);
		else
			put_char(w->out, c);
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

/* A link's or an image's, with what stands around it. */
static void put_address(struct writing *w, const char *begin, struct span address, const char *end)
{
	put(w, begin);
	if (!w->plain && !w->in_image)
		put_escaped(w, address);
	put(w, end);
}

/* --- the tree of a text --- */

static bool is_type(cmark_node *node, const char *type)
{
	return node && strcmp(cmark_node_get_type_string(node), type) == 0;
}

static bool is_block(cmark_node *node)
{
	return ((unsigned)cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) ==
	       CMARK_NODE_TYPE_BLOCK;
}

struct tags {
	const char *begin, *end;
};

/* Of what needs no more than these; else both are empty. */
static struct tags tags_of(cmark_node *node)
{
	/* By the names of cmark_node_get_type_string: what extensions add has no number. */
	static const struct {
		const char *type;
		struct tags tags;
	} rows[] = {
	    {"block_quote",    {"<blockquote>\n", "</blockquote>\n"}		 },
	    {"item",	     {"<li>", "</li>\n"}				},
	    {"thematic_break", {"<hr>\n", ""}				     },
	    {"code_block",	   {"<pre class=\"code\" tabindex=\"0\">", "</pre>\n"}},
	    {"html_block",	   {"<p>", "</p>\n"}				    },
	    {"table",
	     {"<div class=\"table-wrap\" tabindex=\"0\" role=\"region\" aria-label=\"Table\">"
	      "<table class=\"table\">\n",
	      "</table></div>\n"}						 },
	    {"table_header",   {"<thead><tr>", "</tr></thead>\n"}		       },
	    {"code",	     {"<code>", "</code>"}				  },
	    {"emph",	     {"<em>", "</em>"}				      },
	    {"strong",	       {"<strong>", "</strong>"}				},
	    {"strikethrough",  {"<del>", "</del>"}				 },
	};
	if (cmark_node_get_type(node) == CMARK_NODE_LIST)
		return cmark_node_get_list_type(node) == CMARK_ORDERED_LIST
			   ? (struct tags){"<ol>\n", "</ol>\n"}
			   : (struct tags){"<ul>\n", "</ul>\n"};
	if (is_type(node, "table_row"))
		return (struct tags){
		    is_type(cmark_node_previous(node), "table_header") ? "<tbody>\n<tr>" : "<tr>",
		    cmark_node_next(node) ? "</tr>\n" : "</tr>\n</tbody>"};
	if (is_type(node, "table_cell"))
		return is_type(cmark_node_parent(node), "table_header")
			   ? (struct tags){"<th>", "</th>"}
			   : (struct tags){"<td>", "</td>"};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (is_type(node, rows[i].type))
			return rows[i].tags;
	return (struct tags){"", ""};
}

/* Those of lists whose items no empty lines part have no element. */
static bool is_in_tight_list(cmark_node *node)
{
	cmark_node *list = cmark_node_parent(cmark_node_parent(node));
	return list && cmark_node_get_list_tight(list);
}

/* Whether a link or an image leads where it may; else its text alone is shown.  What has control
 * characters, which are left out of it afterwards, by browsers and here, may lead elsewhere. */
static bool is_fine(cmark_node *node, struct span *address)
{
	*address = span_of(cmark_node_get_url(node));
	if (!text_is_clean(*address))
		return false;
	return cmark_node_get_type(node) == CMARK_NODE_LINK ? markdown_link_is_fine(*address, true)
							    : image_is_fine(*address);
}

static void begin(struct writing *w, cmark_node *node)
{
	struct span address;
	switch ((unsigned)cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		if (is_in_tight_list(node))
			return;
		w->in_paragraph = true;
		put(w, "<p>");
		return;
	case CMARK_NODE_HEADING:
		put_heading(w, "<h", heading_level(w, (unsigned)cmark_node_get_heading_level(node)),
			    ">");
		return;
	case CMARK_NODE_LINK:
		if (is_fine(node, &address))
			put_address(w, "<a rel=\"noopener\" href=\"", address, "\">");
		else
			note_bad(w, address);
		return;
	case CMARK_NODE_IMAGE:
		if (!is_fine(node, &address)) {
			note_bad(w, address);
			return;
		}
		put_address(w, "<img src=\"", address, "\" alt=\"");
		w->in_image++;
		return;
	case CMARK_NODE_LINEBREAK:
		put(w, "<br>");
		put_escaped(w, SPAN_LIT("\n"));
		return;
	case CMARK_NODE_SOFTBREAK:
		put_escaped(w, SPAN_LIT("\n"));
		return;
	default:
		put(w, tags_of(node).begin);
		/* HTML, too, is shown as it stands. */
		put_escaped(w, span_of(cmark_node_get_literal(node)));
	}
}

static void end(struct writing *w, cmark_node *node)
{
	struct span address;
	switch ((unsigned)cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		if (is_in_tight_list(node))
			return;
		w->in_paragraph = false;
		w->done = w->plain;
		put(w, "</p>\n");
		return;
	case CMARK_NODE_HEADING:
		put_heading(w, "</h", w->heading_level, ">\n");
		return;
	case CMARK_NODE_LINK:
		if (is_fine(node, &address))
			put(w, "</a>");
		return;
	case CMARK_NODE_IMAGE:
		if (!is_fine(node, &address))
			return;
		w->in_image--;
		put(w, "\">");
		return;
	default:
		put(w, tags_of(node).end);
	}
}

/* What the iterator only enters. */
static bool is_leaf(cmark_node *node)
{
	return cmark_node_get_literal(node) || is_type(node, "thematic_break");
}

static void write_tree(struct writing *w, cmark_node *root)
{
	cmark_iter *iter = cmark_iter_new(root);
	for (cmark_event_type e; !w->done && (e = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
		cmark_node *node = cmark_iter_get_node(iter);
		bool leaf = is_leaf(node);
		if (e == CMARK_EVENT_ENTER) {
			w->depth += is_block(node);
			if (w->depth > w->deepest)
				w->deepest = w->depth;
			begin(w, node);
		}
		if (e == CMARK_EVENT_EXIT || leaf) {
			end(w, node);
			w->depth -= is_block(node);
		}
	}
	cmark_iter_free(iter);
}

/* The parser notes the characters of its extensions where all of a process see them. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

static cmark_node *parse(struct span source)
{
	/* Not "autolink": that of 0.29.0.gfm.6 reads beyond its text. */
	static const char *const extensions[] = {"table", "strikethrough"};
	(void)pthread_mutex_lock(&parsing);
	cmark_gfm_core_extensions_ensure_registered();
	cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT);
	for (size_t i = 0; i < CG_COUNT(extensions); i++)
		(void)cmark_parser_attach_syntax_extension(
		    parser, cmark_find_syntax_extension(extensions[i]));
	cmark_parser_feed(parser, source.p, source.n);
	cmark_node *root = cmark_parser_finish(parser);
	cmark_parser_free(parser);
	(void)pthread_mutex_unlock(&parsing);
	return root;
}

/* Each line of a table is filled up with cells to as many as its head has: few bytes would make
 * more of them than there is memory.  What the parser does for one line grows with the square of
 * its cells. */
static bool makes_too_many_cells(struct span source)
{
	size_t lines = 1, cells = 1, widest = 1;
	for (size_t i = 0; i < source.n; i++) {
		char c = source.p[i];
		if (c == '|') {
			cells++;
			widest = cells > widest ? cells : widest;
		} else if (c == '\r' || (c == '\n' && (i == 0 || source.p[i - 1] != '\r'))) {
			lines++;
			cells = 1;
		}
	}
	return widest > MARKDOWN_ROW_MAX || lines * widest > MARKDOWN_CELLS_MAX;
}

static cg_rc run(struct span source, struct writing *w, struct cg_err *err)
{
	if (makes_too_many_cells(source))
		return cg_fail(err, CG_TOO_BIG, "A table of the text is too wide.");
	cmark_node *root = parse(source);
	write_tree(w, root);
	cmark_node_free(root);
	return w->out->failed ? cg_fail_memory(err) : CG_OK;
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
	if (rc == CG_TOO_BIG)
		rc = cg_fail_field(err, field,
				   "has a table that is too wide: a line has at most %d cells, and "
				   "fewer where there are many lines",
				   MARKDOWN_ROW_MAX);
	else if (w.deepest > MARKDOWN_DEPTH_MAX)
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
