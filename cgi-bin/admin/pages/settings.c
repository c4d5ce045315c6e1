/* What holds for the whole installation; for owners alone. */
#include "base/base.h"
#include "model/setting.h"
#include "entities.h"
#include "show.h"
#include "web/problem.h"

static const char *const typed_fields[] = {"base_urls.gate",
					   "base_urls.portal",
					   "base_urls.admin",
					   "portal_title",
					   "sign_up_domains",
					   "mail_from",
					   NULL};

static json_t *patch_of_form(struct page_call *call)
{
	json_t *urls = json_object();
	static const char *const parts[] = {"gate", "portal", "admin"};
	for (size_t i = 0; i < CG_COUNT(parts); i++) {
		const char *field = arena_printf(call->arena, "base_urls.%s", parts[i]);
		(void)json_object_set_new(urls, parts[i],
					  page_text(span_of(field ? page_field(call, field) : "")));
	}
	return json_pack("{s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:b}", "base_urls", urls,
			 "portal_title", page_text(span_of(page_field(call, "portal_title"))),
			 "catalogue_public", (int)web_form_has(&call->form, "catalogue_public"),
			 "sign_up", web_form_has(&call->form, "sign_up") ? "open" : "closed",
			 "sign_up_domains", page_typed_list(call, "sign_up_domains"), "terms",
			 page_text(span_of(page_lines(call, "terms"))), "mail_from",
			 page_text(span_of(page_field(call, "mail_from"))),
			 "lighttpd_announce_partners",
			 (int)web_form_has(&call->form, "lighttpd_announce_partners"));
}

static void add_switches(json_t *values, bool is_public, bool open, bool announce)
{
	(void)json_object_set_new(values, "is_public", json_boolean(is_public));
	(void)json_object_set_new(values, "is_open", json_boolean(open));
	(void)json_object_set_new(values, "is_announced", json_boolean(announce));
}

static json_t *values_of_form(struct page_call *call)
{
	json_t *values = json_object();
	page_put_back(call, values, typed_fields);
	(void)json_object_set_new(values, "terms", page_text(span_of(page_lines(call, "terms"))));
	add_switches(values, web_form_has(&call->form, "catalogue_public"),
		     web_form_has(&call->form, "sign_up"),
		     web_form_has(&call->form, "lighttpd_announce_partners"));
	return values;
}

static json_t *values_of_settings(const Cg__Setting *s)
{
	json_t *values =
	    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "base_urls_gate", s->base_urls->gate,
		      "base_urls_portal", s->base_urls->portal, "base_urls_admin",
		      s->base_urls->admin, "portal_title", page_text(span_of(s->portal_title)),
		      "sign_up_domains", show_joined(s->sign_up_domains, s->n_sign_up_domains),
		      "terms", page_text(span_of(s->terms)), "mail_from", s->mail_from);
	add_switches(values, s->catalogue_public, s->sign_up == CG__SETTING__SIGN_UP__OPEN,
		     s->lighttpd_announce_partners);
	return values;
}

static void show(struct page_call *call, const Cg__Setting *setting, json_t *values, int status)
{
	json_t *more =
	    json_pack("{s:I, s:b, s:s}", "revision", (json_int_t)setting->revision, "saved",
		      strcmp(page_query(call, "done"), "saved") == 0, "main_class", "main--narrow");
	(void)json_object_update(values, more);
	json_decref(more);
	page_show(call, status, "settings", "settings",
		  status == 200 ? "Settings" : "Error: Settings", values);
}

void settings_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	Cg__Setting *setting;
	cg_rc rc = setting_get(call->program->store, call->arena, &setting, &err);
	if (rc != CG_OK)
		page_fail(call, rc, &err);
	else
		show(call, setting, values_of_settings(setting), 200);
}

void settings_do(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0}, ignored = {0};
	Cg__Setting *now, *changed;
	json_t *patch = patch_of_form(call);
	cg_rc rc = setting_change(call->program->store, &call->actor, page_revision(call), patch,
				  call->arena, &changed, &err);
	json_decref(patch);
	if (rc == CG_OK) {
		page_redirect(call, "/admin/settings?done=saved");
	} else if ((rc == CG_STALE || rc == CG_BAD_VALUE || rc == CG_BAD_INPUT) &&
		   setting_get(call->program->store, call->arena, &now, &ignored) == CG_OK) {
		json_t *values = values_of_form(call);
		page_add_refusal(values, values_of_settings(now), rc, &err);
		show(call, now, values, web_status_of(rc));
	} else {
		page_fail(call, rc, &err);
	}
}
