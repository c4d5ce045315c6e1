/* ctemplate behind a C interface; private to page/.  Escaping is the templates' own: each begins
 * with its AUTOESCAPE line (tests/tree/templates.t).  Nothing here throws. */
#ifndef CG_PAGE_TEMPLATE_H
#define CG_PAGE_TEMPLATE_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a template is filled with: values, sections, includes. */
struct template_values;

/* Reads the template `name` ("admin/keys.tpl") below the folder; false when it is missing or cannot
 * be read as a template.  Call it for every template, then template_freeze: nothing is read later.
 */
bool template_load(const char *folder, const char *name);
void template_freeze(void);

/* NULL without memory. */
struct template_values *template_values_new(void);
/* And all below it. */
void template_values_free(struct template_values *values);

/* Copies the bytes. */
void template_set(struct template_values *to, const char *name, const char *value, size_t n);
/* A section once more, with values of its own; values of the outside are seen in it.  Sections of
 * the outside are too, but what they show is then taken from the outside alone. */
struct template_values *template_section(struct template_values *to, const char *name);
/* A section once, without values. */
void template_show(struct template_values *to, const char *name);
/* Another template in the place of {{>NAME}}: it sees nothing of the outside but what is
 * everywhere. */
struct template_values *template_include(struct template_values *to, const char *name,
					 const char *file);
/* Gives what becomes of it piece by piece to emit.  False when a template is not loaded, or there
 * is no memory: pieces may have been given already. */
typedef void (*template_emit_fn)(void *arg, const char *piece, size_t n);
bool template_expand(const char *name, const struct template_values *values, template_emit_fn emit,
		     void *arg);

#ifdef __cplusplus
}
#endif
#endif
