/* What the pages of /admin share. */
#ifndef CG_ADMIN_PAGES_PAGES_H
#define CG_ADMIN_PAGES_PAGES_H

#include "../admin.h"
#include "../session.h"
#include "model/actor.h"
#include "model/entity.h"
#include "web/form.h"
#include <jansson.h>

/* One request for a page, as its handlers get it. */
struct page_call {
	struct admin *admin;
	struct web_request *req;
	struct web_response *resp;
	struct arena *arena;
	struct web_matched match;
	struct signed_in who; /* who.session is NULL on the sign-in page alone */
	struct actor actor;
	struct web_form form; /* of a POST, whose form token was right */
	int64_t now_unix_s;
};

enum page_flags {
	PAGE_OPEN = 1,	/* also for who is not signed in */
	PAGE_FIRST = 2, /* also for who has to change the password first */
	PAGE_ADMIN = 4, /* leads to a change: not for viewers */
	PAGE_OWNER = 8, /* for owners alone */
};

extern const struct web_route page_routes[];
extern const size_t page_routes_n;

/* --- what comes in --- */

/* A part of the path by its place, as text; "" when it holds a NUL. */
const char *page_param(struct page_call *call, size_t i);
/* A parameter of the query without white space at its ends, as text; "" when it is missing. */
const char *page_query(struct page_call *call, const char *name);
/* A text field of the form likewise. */
const char *page_field(struct page_call *call, const char *name);
/* The same of a field of several lines, which browsers send with CRLF: with LF. */
const char *page_lines(struct page_call *call, const char *name);
/* The id that the form brought along, so that sending it twice makes one record; NULL when it is
 * none. */
const char *page_once(struct page_call *call);

/* --- what goes out --- */

/* Answers with the template admin/NAME.tpl; `nav` is the item of the menu it belongs to ("": none;
 * "-": a page without the menu), and values, whose reference is taken, what it is filled with. */
void page_show(struct page_call *call, int status, const char *name, const char *nav,
	       const char *title, json_t *values);
/* 303: the browser gets `path`. */
void page_redirect(struct page_call *call, const char *path);
/* Answers with what went wrong, as a page of its own. */
void page_fail(struct page_call *call, cg_rc rc, const struct cg_err *err);
/* An answer that a person gets who may not; false after having answered 403. */
bool page_may(struct page_call *call, Cg__Role role);

/* --- values of templates; all references are new --- */

/* {"iso", "title", "text"} of a time: text is the date, or of today the time of day. */
json_t *page_time(const struct page_call *call, int64_t t);
/* Always the date: of what has to do with days. */
json_t *page_day(int64_t t);
/* The same with the distance ("in 9 days", "3 hours ago") as text. */
json_t *page_distance(const struct page_call *call, int64_t t);
/* Text that a person typed or a stranger chose: what is not UTF-8 is made visible. */
json_t *page_text(struct span text);
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
/* "/admin/keys?q=…&cursor=…" for the next page; NULL, JSON's null, when there is none. */
json_t *page_next(struct page_call *call, const char *path, const char *q, const char *cursor);

/* --- forms --- */

/* Adds what went wrong to a form's values: "problem", "errors" (key, summary), and for each
 * field error_KEY and focus_KEY of the first.  */
void page_add_errors(json_t *values, const struct cg_err *err);
/* The fault belongs to this field, unless it names some. */
void page_fault_at(struct cg_err *err, const char *field);
/* Puts the form's text fields back, as name (dots become _); of the names, NULL at the end. */
void page_put_back(struct page_call *call, json_t *values, const char *const *names);
/* A number as people type it, with separators; JSON's null when empty, a text (which the record
 * then refuses) when it is none. */
json_t *page_typed_number(struct page_call *call, const char *name);
/* A list of words with commas between. */
json_t *page_typed_list(struct page_call *call, const char *name);

/* Of two sets of a form's values what differs, texts, switches and choices: label, mine, theirs. */
json_t *page_differences(const json_t *mine, const json_t *theirs);

/* --- handlers, by file --- */

void sign_in_show(void *call);
void sign_in_do(void *call);
void sign_out(void *call);
void password_show(void *call);
void password_do(void *call);

void overview_show(void *call);

void apis_page(void *call);
void api_new_show(void *call);
void api_new_do(void *call);
void api_show(void *call);
void api_change(void *call);
void api_test_do(void *call);
void api_delete_show(void *call);
void api_delete_do(void *call);

void keys_page(void *call);
void key_new_show(void *call);
void key_new_do(void *call);
void key_show(void *call);
void key_edit_show(void *call);
void key_edit_do(void *call);
void key_switch_do(void *call);
void key_access_show(void *call);
void key_access_do(void *call);
void policy_access_show(void *call);
void policy_access_do(void *call);
void key_delete_show(void *call);
void key_delete_do(void *call);
void credential_new_show(void *call);
void credential_new_do(void *call);
void credential_show(void *call);
void credential_do(void *call);
void credential_revoke_show(void *call);
void credential_revoke_do(void *call);

void certificates_page(void *call);
void certificate_new_show(void *call);
void certificate_new_do(void *call);
void certificate_show(void *call);
void certificate_pem(void *call);
void certificate_delete_show(void *call);
void certificate_delete_do(void *call);

void crl_show(void *call);
void crl_do(void *call);
void crl_delete_show(void *call);
void crl_delete_do(void *call);
/* What a CA's list says, as values of a template; JSON's null where there is none. */
json_t *crl_json(struct page_call *call, const char *ca);
void exposed_keys_page(void *call);
void exposed_key_do(void *call);
void exposed_key_delete_show(void *call);
void exposed_key_delete_do(void *call);

void policies_page(void *call);
void policy_new_show(void *call);
void policy_new_do(void *call);
void policy_show(void *call);
void policy_change(void *call);
void policy_delete_show(void *call);
void policy_delete_do(void *call);

void settings_page(void *call);
void settings_do(void *call);

void tokens_page(void *call);
void token_new_do(void *call);
void token_show(void *call);
void token_change(void *call);
void token_delete_show(void *call);
void token_delete_do(void *call);

void users_page(void *call);
void user_new_show(void *call);
void user_new_do(void *call);
void user_show(void *call);
void user_change(void *call);
void user_reset_do(void *call);
void user_delete_show(void *call);
void user_delete_do(void *call);
void user_certificate_new_show(void *call);
void user_certificate_new_do(void *call);
void user_certificate_delete_show(void *call);
void user_certificate_delete_do(void *call);
/* The certificates that sign a user in, as values of a template; NULL with *err. */
json_t *user_certificates_json(struct page_call *call, const Cg__User *user, struct cg_err *err);

void audit_page(void *call);
void explain_page(void *call);
void refusals_page(void *call);
void refusal_key_show(void *call);
void refusal_key_do(void *call);

#endif
