#include "base/base.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "show.h"
#include "model/certificate.h"
#include "model/organisation.h"

struct show_ids show_form_ids(struct page_call *call, const char *name)
{
	const char **items = arena_alloc(call->arena, (call->form.n + 1) * sizeof(*items));
	size_t n = 0;
	for (size_t i = 0; items && i < call->form.n; i++) {
		const struct web_form_field *f = &call->form.fields[i];
		const char *id =
		    span_is_text(f->name, name) ? arena_copy(call->arena, f->value) : NULL;
		if (id)
			items[n++] = id;
	}
	return (struct show_ids){items, n};
}

bool show_ids_have(struct show_ids ids, const char *id)
{
	for (size_t i = 0; i < ids.n; i++)
		if (strcmp(ids.items[i], id) == 0)
			return true;
	return false;
}

static void add_option(json_t *to, const char *value, const char *text, bool chosen)
{
	(void)json_array_append_new(to, json_pack("{s:o, s:o, s:b}", "value",
						  page_text(span_of(value)), "text",
						  page_text(span_of(text)), "chosen", (int)chosen));
}

/* *more: there are others. */
static cg_rc choose(struct page_call *call, const struct entity *e, struct show_ids chosen,
		    json_t **out, bool *more, struct cg_err *err)
{
	struct store *store = call->program->store;
	struct entity_page page;
	cg_rc rc = entity_list(store, e, SPAN_LIT(""), LIST_LIMIT_MAX, SPAN_LIT(""), call->arena,
			       &page, err);
	if (rc != CG_OK)
		return rc;
	const char **shown = arena_alloc(call->arena, (page.n + chosen.n + 1) * sizeof(*shown));
	if (!shown)
		return cg_fail_memory(err);
	size_t n = 0;
	*more = page.next != NULL;
	*out = json_array();
	for (size_t i = 0; i < page.n; i++) {
		const struct entity_head *m = page.messages[i];
		add_option(*out, m->id, m->name, show_ids_have(chosen, m->id));
		shown[n++] = m->id;
	}
	for (size_t i = 0; i < chosen.n; i++) {
		const char *id = chosen.items[i];
		struct entity_head *m;
		if (show_ids_have((struct show_ids){shown, n}, id))
			continue;
		bool there = entity_get(store, e, id, call->arena, &m, NULL) == CG_OK;
		add_option(*out, id, there ? m->name : id, true);
		shown[n++] = id;
	}
	return CG_OK;
}

cg_rc show_choice(struct page_call *call, const struct entity *e, struct show_ids chosen,
		  json_t **out, struct cg_err *err)
{
	bool ignored;
	return choose(call, e, chosen, out, &ignored, err);
}

cg_rc show_filter(struct page_call *call, const struct entity *e, const char *asked, json_t **out,
		  struct cg_err *err)
{
	struct entity_head *m;
	json_t *choices;
	bool more;
	bool there =
	    *asked && entity_get(call->program->store, e, asked, call->arena, &m, NULL) == CG_OK;
	const char *id = there ? m->id : asked;
	cg_rc rc = choose(call, e, (struct show_ids){&id, *id != '\0'}, &choices, &more, err);
	if (rc == CG_OK)
		*out = json_pack("{s:o, s:b, s:b, s:o, s:o}", "choices", choices, "is_choice",
				 (int)!more, "is_typed", (int)more, "value",
				 page_text(span_of(show_name_or_id(call, e, id))), "text",
				 page_text(span_of(there ? m->name : asked)));
	return rc;
}

json_t *show_joined(char *const *texts, size_t n)
{
	struct buf all;
	buf_init(&all, RECORD_MAX);
	for (size_t i = 0; i < n; i++)
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", texts[i]);
	json_t *out = page_text(buf_span(&all));
	buf_release(&all);
	return out;
}

uint64_t show_below(struct page_call *call)
{
	uint64_t below = 0;
	return number_parse(span_of(page_query(call, "cursor")), INT64_MAX, &below) ? below : 0;
}

const char *show_next_below(struct page_call *call, uint64_t next)
{
	return next > 0 ? arena_printf(call->arena, "%" PRIu64, next) : NULL;
}

const char *show_role(Cg__Role role)
{
	static const char *const words[] = {"Viewer", "Administrator", "Owner"};
	return words[role];
}

void show_add_roles(json_t *values)
{
	const char *text = json_string_value(json_object_get(values, "role"));
	const char *role = text && *text ? text : "viewer";
	json_t *more =
	    json_pack("{s:b, s:b, s:b}", "is_viewer", strcmp(role, "viewer") == 0, "is_admin",
		      strcmp(role, "admin") == 0, "is_owner", strcmp(role, "owner") == 0);
	(void)json_object_update_new(values, more);
}

cg_rc show_read_certificate(struct page_call *call, enum cert_kind kind, struct cert_reading *out,
			    struct cg_err *err)
{
	struct span text = span_trim(web_form_get(&call->form, "certificate"));
	struct span file = web_form_get(&call->form, "upload");
	struct cert_exposed exposed;
	struct cg_err why = {0};
	if (text.n == 0 && file.n == 0)
		return CG_NOT_FOUND;
	if (text.n > 0 && file.n > 0) {
		(void)cg_fail_field(err, "certificate",
				    "came twice, as text and as a file: give one of them");
		return CG_BAD_VALUE;
	}
	cg_rc rc =
	    cert_read(file.n > 0 ? file : text, file.n > 0 ? CERT_WAY_ADMIN_FILE : CERT_WAY_ADMIN,
		      kind, call->now_unix_s, call->arena, out, &exposed, &why);
	if (rc == CG_OK)
		return CG_OK;
	(void)cg_fail_field(err, "certificate", "%s", why.text);
	if (rc == CG_UNAVAILABLE)
		(void)cg_fail(err, rc, "%s", why.text);
	return rc;
}

static json_t *notices_json(const struct cert_reading *reading)
{
	json_t *out = json_array();
	for (size_t i = 0; i < reading->n_notices; i++)
		(void)json_array_append_new(out, json_string(reading->notices[i]));
	return out;
}

void show_add_certificate_field(struct page_call *call, json_t *values,
				const struct cert_reading *reading)
{
	static const char *const shared[] = {"error_certificate", "focus_certificate", "may_read"};
	Cg__Certificate *record;
	/* An include sees its own values alone. */
	json_t *field = json_pack("{s:s, s:b}", "template", "admin/certificate-field.tpl",
				  "by_type", json_object_get(values, "is_mtls") != NULL);
	for (size_t i = 0; i < CG_COUNT(shared); i++)
		if (json_object_get(values, shared[i]))
			(void)json_object_set(field, shared[i], json_object_get(values, shared[i]));
	if (reading && certificate_record(&reading->leaf, call->arena, &record, NULL) == CG_OK) {
		json_t *read = show_certificate(call, record);
		(void)json_object_set_new(read, "template",
					  json_string("admin/certificate-read.tpl"));
		(void)json_object_set_new(values, "read", read);
		json_t *more = json_pack(
		    "{s:s, s:b, s:o}", "certificate", cert_pem(call->arena, reading->leaf.der),
		    "dropped", (int)reading->private_key_dropped, "notices", notices_json(reading));
		(void)json_object_update_new(field, more);
	}
	(void)json_object_set_new(values, "certificate_field", field);
}

bool show_certificate_fault(cg_rc rc, struct cg_err *err)
{
	if (rc == CG_CLASH && !entity_made_already(rc, err))
		page_fault_at(err, "certificate");
	return rc == CG_BAD_VALUE || rc == CG_BAD_INPUT || rc == CG_CLASH || rc == CG_TOO_BIG;
}

const char *show_name_or_id(struct page_call *call, const struct entity *e, const char *id)
{
	struct store *store = call->program->store;
	struct entity_head *m, *named;
	if (!id)
		return "";
	if (!*id || entity_get(store, e, id, call->arena, &m, NULL) != CG_OK)
		return id;
	bool leads_back = entity_get(store, e, m->name, call->arena, &named, NULL) == CG_OK &&
			  strcmp(named->id, m->id) == 0;
	return leads_back ? m->name : m->id;
}
