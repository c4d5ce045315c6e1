/* Pages: what /admin and /portal share.  Each has a table of routes and templates of its own. */
#ifndef CG_UI_PAGES_H
#define CG_UI_PAGES_H

#include "model/actor.h"
#include "model/entity.h"
#include "ui/program.h"
#include "ui/session.h"
#include "web/form.h"
#include "web/route.h"
#include <jansson.h>

struct page_call;

/* One of the two. */
struct page_site {
	const char *base;      /* "/admin": its assets lie below, its sign-in page is BASE/login */
	const char *templates; /* the folder of its pages, with a page "fail" */
	const char *frame, *bare;	/* layouts: with a menu, and without */
	const struct web_route *routes; /* flags: PAGE_OPEN, others are the program's */
	size_t n_routes;
	/* What else lies below base, and is no page: only told of where it is asked for wrongly. */
	const struct web_route *others;
	size_t n_others;
	Cg__Session__Of of;
	/* The second one is of a browser that is not signed in: for the token of its forms. */
	const char *session_cookie, *form_cookie;
	/* Adds what all its templates may use. */
	void (*everywhere)(struct page_call *call, json_t *to);
	/* Whether somebody who is signed in may have the page that was asked for; false after
	 * having answered. */
	bool (*let_in)(struct page_call *call);
	/* The menu is for who can use it. */
	bool (*is_framed)(struct page_call *call);
};

#define PAGE_OPEN 1u /* flag of a route: also for who is not signed in */

/* One request for a page, as its handlers get it. */
struct page_call {
	const struct page_site *site;
	struct program *program;
	struct web_request *req;
	struct web_response *resp;
	struct arena *arena;
	struct web_matched match;
	struct signed_in who; /* who.session is NULL on open pages alone */
	struct actor actor;
	struct web_form form;	/* of a POST, whose form token was right */
	struct shown_api *apis; /* that the page has asked for so far, see ui/show.h */
	int64_t now_unix_s;
};

/* Answers a request below site->base: assets, or a page, with all the checks before it. */
void page_handle(const struct page_site *site, struct program *program, struct web_request *req,
		 struct web_response *resp);

/* --- what comes in --- */

/* A part of the path by its place, as text; "" when it holds a NUL. */
const char *page_param(struct page_call *call, size_t i);
/* A parameter of the query without white space at its ends, as text in one line; "" when it is
 * missing. */
const char *page_query(struct page_call *call, const char *name);
/* A text field of the form likewise. */
const char *page_field(struct page_call *call, const char *name);
/* A password as it was typed; "" when it holds a NUL. */
const char *page_secret(struct page_call *call, const char *name);
/* The same of a field of several lines, which browsers send with CRLF: with LF. */
const char *page_lines(struct page_call *call, const char *name);
/* The id of what this form makes, out of the one that it brought along and all that was typed: sent
 * twice it makes one record, and changed after the way back another one.  In the call's memory;
 * NULL when it brought none, or memory is short. */
const char *page_once(struct page_call *call);
/* What a form that is shown is to hold as its field "once": the one that it brought along, so that
 * one that comes back with a fault stays the same form, else a new one; in the call's memory.  ""
 * where memory or random numbers are short: what is made then gets its id there, or fails. */
const char *page_once_for_form(struct page_call *call);
/* How many credentials a key had when the form was made, its field "had": credential_add;
 * CREDENTIALS_ANY where it says nothing. */
size_t page_had(struct page_call *call);

/* --- what goes out --- */

/* Answers with the template NAME of the site's; `nav` is the item of the menu it belongs to ("":
 * none;
 * "-": a page without the menu), and values, whose reference is taken, what it is filled with. */
void page_show(struct page_call *call, int status, const char *name, const char *nav,
	       const char *title, json_t *values);
/* 303: the browser gets `path`; NULL: the first page. */
void page_redirect(struct page_call *call, const char *path);
/* Answers with what went wrong, as a page of its own. */
void page_fail(struct page_call *call, cg_rc rc, const struct cg_err *err);
/* Whether the actor has the role; false after having answered 403. */
bool page_may(struct page_call *call, Cg__Role role);

/* A form's token for who is not signed in yet: sets the cookie, unless the browser has it.  On open
 * pages with a form.  False after having answered. */
bool page_form_token(struct page_call *call);
/* Sets a cookie; `more` as "; Max-Age=0". */
void page_set_cookie(struct page_call *call, const char *name, const char *value, const char *more);
/* Begins a session, ends the browser's last one, and sets the cookies. */
cg_rc page_sign_in(struct page_call *call, const struct session_of *who,
		   struct cg_err *err) CG_MUST_USE;
/* Ends the session, or with the form's "everywhere" all of the person; to the sign-in page. */
void page_sign_out(void *call);

/* --- values of templates; all references are new --- */

/* {"iso", "title", "text"} of a time: text is the date, or of today the time of day. */
json_t *page_time(const struct page_call *call, int64_t t);
/* Always the date: of what has to do with days. */
json_t *page_day(int64_t t);
/* The same with the distance ("in 9 days", "3 hours ago") as text. */
json_t *page_distance(const struct page_call *call, int64_t t);
/* Text that a person typed or a stranger chose: what is not UTF-8 is made visible. */
json_t *page_text(struct span text);
/* The first character of a name. */
json_t *page_initial(const char *name);
/* 354,780 */
json_t *page_number(uint64_t n);
/* Groups of four hex digits; at most `bytes` of them. */
json_t *page_hex(const ProtobufCBinaryData *digest, size_t bytes);
/* The base of curl lines and of links to these pages, "https://host:port": as the settings have it,
 * else of this request, which is what the browser shows already. */
const char *page_base(struct page_call *call);
const char *page_admin_base(struct page_call *call);
/* {"kind", "text"} of a badge: kind is ok, warn, bad or idle. */
json_t *page_badge(const char *kind, const char *text);
/* A parameter of a link. */
struct page_pair {
	const char *name, *value;
};
/* "/admin/keys?q=…&cursor=…", escaped, of the parameters that are not empty; "" without memory. */
const char *page_link(struct page_call *call, const char *path, const struct page_pair *pairs,
		      size_t n);
/* "/admin/keys?q=…&cursor=…" for the next page; NULL, JSON's null, when there is none. */
json_t *page_next(struct page_call *call, const char *path, const char *q, const char *cursor);

/* --- forms --- */

/* Adds what went wrong to a form's values: "failed", "problem" or "errors" (key, summary), which
 * the include "faults" shows, and for each field error_KEY and focus_KEY of the first.  */
void page_add_errors(json_t *values, const struct cg_err *err);
/* What this page calls a field, where that is not what other pages do; before page_add_errors. */
void page_set_label(json_t *values, const char *key, const char *label);
/* The fault belongs to this field, unless it names some. */
void page_fault_at(struct cg_err *err, const char *field);
/* Puts the form's text fields back, as name (dots become _); of the names, NULL at the end. */
void page_put_back(struct page_call *call, json_t *values, const char *const *names);
/* A number as people type it, with separators; JSON's null when empty, a text (which the record
 * then refuses) when it is none. */
json_t *page_typed_number(struct page_call *call, const char *name);
/* A list of words with commas between. */
json_t *page_typed_list(struct page_call *call, const char *name);

/* Of two sets of a form's values what differs, texts, switches and choices: label, mine, theirs;
 * and which of mine are secrets, again_NAME, that have to be typed again: label, again. */
json_t *page_differences(const json_t *mine, const json_t *theirs);

#endif
