/* Markdown (CommonMark with GitHub's tables and strikethrough) of people who may write texts for
 * others: catalogue entries, terms.  What comes out is safe to stand in a page: HTML of the text is
 * shown as text, links lead to http, https and mailto alone, images are of the own origin. */
#ifndef CG_BASE_MARKDOWN_H
#define CG_BASE_MARKDOWN_H

#include "base/base.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

/* Appends the HTML: headings begin at h2, links that are not allowed are text.  CG_TOO_BIG for what
 * markdown_check refuses as too wide, CG_UNAVAILABLE when it grows over out's ceiling.  Where
 * memory is short the parser, cmark-gfm, ends the process. */
cg_rc markdown_html(struct span text, struct buf *out, struct cg_err *err) CG_MUST_USE;
/* The first paragraph as plain text, for cards and lists. */
cg_rc markdown_summary(struct span text, struct buf *out, struct cg_err *err) CG_MUST_USE;
/* CG_BAD_VALUE, naming the field, when a link or an image leads where it may not, or when blocks
 * lie within blocks deeper than MARKDOWN_DEPTH_MAX, tables are wider than MARKDOWN_ROW_MAX and
 * MARKDOWN_CELLS_MAX let them, or the HTML is longer than MARKDOWN_HTML_MAX. */
cg_rc markdown_check(struct span text, const char *field, struct cg_err *err) CG_MUST_USE;
/* http://…, https://…, and mailto:… where `mailto`. */
bool markdown_link_is_fine(struct span link, bool mailto);

#endif
