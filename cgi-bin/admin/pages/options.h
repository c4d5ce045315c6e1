/* Fields of forms that are members of a record, by a table: what was typed becomes JSON, and the
 * record's JSON becomes what stands in the fields.  A field's name is the member's, with dots
 * ("cors.max_age_seconds"); in templates its value has underscores for them. */
#ifndef CG_ADMIN_PAGES_OPTIONS_H
#define CG_ADMIN_PAGES_OPTIONS_H

#include "pages.h"

enum option_form {
	OPTION_TEXT,	/* empty: null */
	OPTION_PROSE,	/* a text of several lines; empty: null */
	OPTION_NUMBER,	/* empty: null */
	OPTION_TIME,	/* RFC 3339, or a date for its beginning; empty: null */
	OPTION_SWITCH,	/* a check box; the template's value is is_NAME */
	OPTION_WORDS,	/* a list of words: commas or lines between */
	OPTION_LINES,	/* a list, one entry a line */
	OPTION_PICKS,	/* a list, a check box for each; the template gets them by other ways */
	OPTION_HEADERS, /* lines "Name: value" */
	OPTION_MAP,	/* the same, as an object of texts */
	OPTION_PEM,	/* a certificate; a private key that is pasted with it is not shown again */
	OPTION_PEMS,	/* several, one after the other */
	/* Lines "Name: value" whose values are never shown; beside them NAME.keep, a check box for
	 * each name that is there.  The template gets both by other ways. */
	OPTION_SECRET_HEADERS,
	OPTION_SEALED, /* a secret, never shown; empty leaves it, NAME.remove takes it away */
};

struct option {
	const char *name;
	enum option_form form;
};

/* Adds what the form says to a record or merge patch.  A part ("cors") of which nothing is said is
 * null as a whole; of a secret that was not typed nothing is said, which leaves it.  `had` (may be
 * NULL) is the record's JSON as it is: what a map had and is not there any more is null. */
void options_typed(struct page_call *call, const struct option *rows, size_t n, const json_t *had,
		   json_t *record);
/* The values of a template: as the record's JSON has them, or as they were typed; `had` (may be
 * NULL) is the record's JSON then.  Of secrets again_NAME says that one was typed, which is not put
 * back, and forget_NAME that it is to go. */
void options_values(const struct option *rows, size_t n, const json_t *record, json_t *values);
void options_values_typed(struct page_call *call, const struct option *rows, size_t n,
			  const json_t *had, json_t *values);
/* What a field of a list of words has: with commas between. */
json_t *options_words(const json_t *list);
/* "FLAG" is true where one of the fields (names, NULL at the end) says something or has a fault:
 * what is folded away has to be seen then. */
void options_open(json_t *values, const char *flag, const char *const *names);

/* The lines of a field of names and values (OPTION_MAP) that are none, each told by its number. */
cg_rc options_check_map(struct page_call *call, const char *name, struct cg_err *err) CG_MUST_USE;

#endif
