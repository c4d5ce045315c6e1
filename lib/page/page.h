/* HTML from templates, and the files that pages refer to.  Nothing else writes HTML.
 *
 * A page is a template that is filled from JSON; what a member is says what becomes of it:
 *
 *   text, number   {{name}}, escaped as the place demands; and the section has_name or, for an
 *                  empty text, no_name
 *   true           the section name
 *   false, null    the section no_name
 *   object         the section name with values of its own; texts of the outside are seen in it.
 *                  One with the member "template" is an include: {{>name}} is that template, which
 *                  sees its own values alone
 *   array          the section name once per element, and has_name; of an empty one no_name.
 *                  Elements are objects, or texts, which are {{item}} */
#ifndef CG_PAGE_PAGE_H
#define CG_PAGE_PAGE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include <jansson.h>

/* Finds the folder of templates ("templates" beside the program, else where `make install` puts it)
 * and reads every template and asset in it; nothing is read later.  Once, at the start.
 * CG_UNAVAILABLE, naming the file, when one cannot be read. */
cg_rc page_load(struct cg_err *err) CG_MUST_USE;

/* Appends the template `layout` with the template `body` in the place of {{>body}}.  Both see
 * `values`; texts and switches of `everywhere` are seen in sections and includes too.
 * CG_UNAVAILABLE without memory, or when the page grows over out's ceiling. */
cg_rc page_write(const char *layout, const char *body, const json_t *everywhere,
		 const json_t *values, struct buf *out, struct cg_err *err) CG_MUST_USE;

/* A file that pages refer to, by its name below templates/assets. */
struct page_asset {
	const char *name, *type; /* "fonts/inter-latin.woff2", "font/woff2" */
	struct span bytes;
};
/* NULL when there is none. */
const struct page_asset *page_asset(struct span name);
/* Changes when any asset does: a part of their links, so that browsers can keep them for ever. */
const char *page_assets_version(void);

#endif
