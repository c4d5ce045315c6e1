/* The own organisation: its members, and invitations into it. */
#include "base/base.h"
#include "model/member.h"
#include "model/organisation.h"
#include "model/setting.h"
#include "portal.h"
#include "ui/throttle.h"
#include "web/problem.h"

static json_t *member_json(struct page_call *call, const Cg__Developer *d)
{
	bool own = strcmp(d->id, call->who.developer->id) == 0;
	return json_pack("{s:s, s:o, s:s, s:b, s:b, s:b}", "id", d->id, "name",
			 page_text(span_of(d->name)), "email", d->email, "own", own, "manages",
			 d->role == CG__DEVELOPER__ROLE__MANAGER, "active", (int)d->active);
}

static json_t *contacts_text(struct page_call *call, const Cg__Organisation *o)
{
	const char *text = "";
	for (size_t i = 0; text && i < o->n_contacts; i++)
		text = arena_printf(call->arena, "%s%s%s", text, i > 0 ? "\n" : "", o->contacts[i]);
	return json_string(text ? text : "");
}

static json_t *done_json(struct page_call *call)
{
	static const struct {
		const char *done, *text;
	} words[] = {
	    {"saved",   "Saved"						   },
	    {"invited", "If the address can have one, an invitation is on its way"},
	    {"removed", "The member was removed"					},
	};
	for (size_t i = 0; i < CG_COUNT(words); i++)
		if (strcmp(page_query(call, "done"), words[i].done) == 0)
			return json_pack("{s:s}", "text", words[i].text);
	return json_null();
}

static void show(struct page_call *call, int status, const struct cg_err *why)
{
	static const char *const own[] = {"name", "contacts", NULL}, *const invite[] = {"email",
											NULL};
	const char *id = call->who.developer->organisation_id;
	struct cg_err err = {0};
	struct developers all = {.n = 0};
	Cg__Organisation *o;
	cg_rc rc =
	    entity_get(call->program->store, &organisation_entity, id, call->arena, &o, &err);
	if (rc == CG_OK)
		rc = developers_of(call->program->store, id, call->arena, &all, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *members = json_array();
	for (size_t i = 0; i < all.n; i++)
		(void)json_array_append_new(members, member_json(call, all.items[i]));
	json_t *values = json_pack("{s:o, s:o, s:o, s:o, s:I, s:o}", "organisation_name",
				   page_text(span_of(o->name)), "members", members, "name",
				   page_text(span_of(o->name)), "contacts", contacts_text(call, o),
				   "revision", (json_int_t)o->revision, "done", done_json(call));
	if (why) {
		json_t *theirs = json_pack("{s:O, s:O}", "name", json_object_get(values, "name"),
					   "contacts", json_object_get(values, "contacts"));
		page_put_back(call, values, web_form_has(&call->form, "contacts") ? own : invite);
		if (status == web_status_of(CG_STALE)) {
			(void)json_object_set_new(values, "stale", json_true());
			(void)json_object_set_new(values, "differences",
						  page_differences(values, theirs));
		} else {
			page_add_errors(values, why);
		}
		json_decref(theirs);
	}
	page_show(call, status, "organisation", "organisation",
		  why ? "Error: Organisation" : "Organisation", values);
}

void organisation_show(void *call)
{
	show(call, 200, NULL);
}

static void answer(struct page_call *call, cg_rc rc, const struct cg_err *err, const char *done)
{
	if (rc == CG_OK)
		page_redirect(call,
			      arena_printf(call->arena, "/portal/organisation?done=%s", done));
	else if (rc == CG_BAD_VALUE || rc == CG_CLASH || rc == CG_STALE)
		show(call, web_status_of(rc), err);
	else
		page_fail(call, rc, err);
}

/* One address a line. */
static json_t *typed_contacts(struct page_call *call)
{
	struct span rest = span_of(page_lines(call, "contacts")), line;
	json_t *out = json_array();
	while (rest.n > 0 && span_next(&rest, '\n', &line)) {
		line = span_trim(line);
		if (line.n > 0)
			(void)json_array_append_new(out, page_text(line));
	}
	return out;
}

void organisation_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	json_t *revision = page_typed_number(call, "revision");
	json_t *patch =
	    json_pack("{s:o, s:o}", "name", page_text(span_of(page_field(call, "name"))),
		      "contacts", typed_contacts(call));
	cg_rc rc = member_change_organisation(call->program->store, &call->actor,
					      (uint64_t)json_integer_value(revision), patch,
					      call->arena, &err);
	json_decref(patch);
	json_decref(revision);
	answer(call, rc, &err, "saved");
}

void invite_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	cg_rc rc = throttle_enter(call, THROTTLE_JOIN, &throttle, &err);
	if (rc == CG_OK) {
		rc = member_invite(call->program->store, &call->actor, page_field(call, "email"),
				   call->arena, &err);
		throttle_leave(call, &throttle, true);
	} else if (rc == CG_DENIED) {
		show(call, 429, &err);
		return;
	}
	answer(call, rc, &err, "invited");
}

/* --- members --- */

void member_role_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	bool manager = strcmp(page_field(call, "role"), "manager") == 0;
	cg_rc rc =
	    member_set_role(call->program->store, &call->actor, page_param(call, 0),
			    manager ? CG__DEVELOPER__ROLE__MANAGER : CG__DEVELOPER__ROLE__MEMBER,
			    call->arena, &err);
	answer(call, rc, &err, "saved");
}

void member_remove_show(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct developers all = {.n = 0};
	cg_rc rc = developers_of(call->program->store, call->who.developer->organisation_id,
				 call->arena, &all, &err);
	const Cg__Developer *member = NULL;
	for (size_t i = 0; rc == CG_OK && i < all.n; i++)
		if (strcmp(all.items[i]->id, page_param(call, 0)) == 0)
			member = all.items[i];
	if (rc == CG_OK && !member)
		rc = cg_fail(&err, CG_NOT_FOUND, "There is no such member.");
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *values = member_json(call, member);
	(void)json_object_set_new(values, "main_class", json_string("page--narrow"));
	page_show(call, 200, "member-remove", "organisation", "Remove a member", values);
}

void member_remove_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	bool own = strcmp(page_param(call, 0), call->who.developer->id) == 0;
	cg_rc rc = member_remove(call->program->store, &call->actor, page_param(call, 0),
				 call->arena, &err);
	answer(call, rc, &err, own ? "" : "removed");
}

/* --- who was invited --- */

static void show_invitation(struct page_call *call, int status, const struct cg_err *why)
{
	struct cg_err err = {0};
	struct invitation i;
	Cg__Setting *setting;
	const char *code =
	    *page_field(call, "code") ? page_field(call, "code") : page_query(call, "code");
	cg_rc rc = member_invitation(call->program->store, code, call->arena, &i, &err);
	if (rc == CG_OK)
		rc = setting_get(call->program->store, call->arena, &setting, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	if (!page_form_token(call))
		return;
	json_t *values =
	    json_pack("{s:s, s:o, s:s, s:b, s:b, s:o}", "code", code, "organisation_name",
		      page_text(span_of(i.organisation->name)), "email", i.link->email, "known",
		      i.developer != NULL, "takes_along", (int)i.takes_along, "name",
		      page_text(span_of(page_field(call, "name"))));
	portal_add_terms(call, setting->terms, values);
	if (why)
		page_add_errors(values, why);
	page_show(call, status, "invite", "-", why ? "Error: Invitation" : "Invitation", values);
}

void invitation_show(void *call)
{
	show_invitation(call, 200, NULL);
}

void invitation_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct throttle throttle;
	cg_rc rc = throttle_enter(call, THROTTLE_JOIN, &throttle, &err);
	if (rc == CG_OK) {
		rc = member_accept(call->program->store, &call->actor, page_field(call, "code"),
				   page_field(call, "name"), page_secret(call, "password"),
				   web_form_has(&call->form, "terms"), call->arena, &err);
		throttle_leave(call, &throttle, true);
	}
	if (rc == CG_OK) {
		page_redirect(call, "/portal/login?done=confirmed");
	} else if (rc == CG_BAD_VALUE) {
		show_invitation(call, web_status_of(rc), &err);
	} else if (rc == CG_DENIED && throttle.retry_after_s > 0) {
		show_invitation(call, 429, &err);
	} else {
		page_fail(call, rc, &err);
	}
}
