#include "base/base.h"
#include "base/buf.h"
#include "options.h"
#include "base/limits.h"
#include "base/text.h"

static void plain(const char *name, char *out, size_t room)
{
	(void)snprintf(out, room, "%s", name);
	for (char *c = out; *c; c++)
		if (*c == '.')
			*c = '_';
}

/* The member at "a.b"; NULL where a part of the way is null. */
static const json_t *member(const json_t *record, const char *name)
{
	struct span rest = span_of(name), part;
	while (record && span_next(&rest, '.', &part)) {
		char one[64];
		(void)snprintf(one, sizeof(one), "%.*s", (int)part.n, part.p);
		record = json_object_get(record, one);
	}
	return record;
}

/* --- typed -> JSON --- */

static void split(const char *text, const char *ends, json_t *out)
{
	while (*text) {
		size_t n = strcspn(text, ends);
		struct span one = span_trim(span_make(text, n));
		if (one.n > 0)
			(void)json_array_append_new(out, page_text(one));
		text += n + (text[n] != '\0');
	}
}

/* A line without a colon goes on as a name without a value, which the record refuses. */
static json_t *typed_headers(struct page_call *call, const char *name)
{
	json_t *out = json_array();
	struct span rest = span_of(page_lines(call, name)), line;
	while (rest.n > 0 && span_next(&rest, '\n', &line)) {
		struct span value = span_trim(line), field;
		if (value.n == 0)
			continue;
		if (!memchr(value.p, ':', value.n)) {
			(void)json_array_append_new(out, page_text(value));
			continue;
		}
		(void)span_next(&value, ':', &field);
		(void)json_array_append_new(out, json_pack("{s:o, s:o}", "name",
							   page_text(span_trim(field)), "value",
							   page_text(span_trim(value))));
	}
	return out;
}

/* What is kept, and what was typed; of both with one name what was typed. */
static json_t *typed_secret_headers(struct page_call *call, const char *name)
{
	json_t *out = typed_headers(call, name), *typed;
	const char *keep = arena_printf(call->arena, "%s.keep", name);
	size_t n_typed = json_array_size(out), at;
	for (size_t i = 0; keep && i < call->form.n; i++) {
		struct span kept = call->form.fields[i].value;
		bool again = !span_is_text(call->form.fields[i].name, keep);
		json_array_foreach(out, at, typed)
		{
			const char *other = json_string_value(json_object_get(typed, "name"));
			again = again ||
				(at < n_typed && other && span_is_nocase(span_of(other), kept));
		}
		if (!again)
			(void)json_array_append_new(
			    out, json_pack("{s:o, s:b}", "name", page_text(kept), "value", 1));
	}
	return out;
}

static json_t *typed_map(struct page_call *call, const char *name, const json_t *had)
{
	json_t *out = json_object(), *ignored;
	const char *old;
	json_t *there = (json_t *)(uintptr_t)member(had, name);
	json_object_foreach(there, old, ignored)
	{
		(void)json_object_set_new(out, old, json_null());
	}
	struct span rest = span_of(page_lines(call, name)), line;
	while (rest.n > 0 && span_next(&rest, '\n', &line)) {
		struct span value = span_trim(line), field = value;
		if (value.n == 0)
			continue;
		/* What has none is told of by options_check_map. */
		if (!memchr(value.p, ':', value.n))
			continue;
		(void)span_next(&value, ':', &field);
		field = span_trim(field);
		if (field.n == 0)
			continue;
		char *key = arena_copy(call->arena, field);
		if (key)
			(void)json_object_set_new(out, key, page_text(span_trim(value)));
	}
	return out;
}

cg_rc options_check_map(struct page_call *call, const char *name, struct cg_err *err)
{
	struct span rest = span_of(page_lines(call, name)), line;
	json_t *names = json_object();
	cg_rc rc = CG_OK;
	for (unsigned n = 1; rest.n > 0 && span_next(&rest, '\n', &line); n++) {
		struct span value = span_trim(line), field;
		if (value.n == 0)
			continue;
		if (!memchr(value.p, ':', value.n)) {
			rc = cg_fail_field(err, name, "Line %u has no colon: write “name: value”",
					   n);
			continue;
		}
		(void)span_next(&value, ':', &field);
		const char *key = arena_copy(call->arena, span_trim(field));
		if (key && !*key)
			rc = cg_fail_field(err, name, "Line %u has no name before its colon", n);
		else if (key && json_object_get(names, key))
			rc = cg_fail_field(err, name, "Line %u has a name that is there before", n);
		else if (key)
			(void)json_object_set_new(names, key, json_null());
	}
	json_decref(names);
	return rc;
}

static json_t *typed_pems(struct page_call *call, const char *name)
{
	static const char end[] = "-----END CERTIFICATE-----";
	const char *text = page_lines(call, name), *at;
	json_t *out = json_array();
	while ((at = strstr(text, end))) {
		(void)json_array_append_new(
		    out,
		    page_text(span_trim(span_make(text, (size_t)(at - text) + sizeof(end) - 1))));
		text = at + sizeof(end) - 1;
	}
	struct span rest = span_trim(span_of(text));
	if (rest.n > 0)
		(void)json_array_append_new(out, page_text(rest)); /* refused, with the reason */
	return out;
}

static json_t *text_or_null(const char *text)
{
	return *text ? page_text(span_of(text)) : json_null();
}

/* Of a secret that is there: whether it is to go. */
static bool is_removed(struct page_call *call, const char *name)
{
	const char *remove = arena_printf(call->arena, "%s.remove", name);
	return remove && web_form_has(&call->form, remove);
}

/* NULL: nothing is said of it. */
static json_t *typed_sealed(struct page_call *call, const char *name)
{
	const char *text = page_field(call, name);
	if (*text)
		return page_text(span_of(text));
	return is_removed(call, name) ? json_null() : NULL;
}

static json_t *typed_time(const char *text)
{
	return strlen(text) == 10 ? json_sprintf("%sT00:00:00Z", text) : text_or_null(text);
}

static json_t *typed(struct page_call *call, const struct option *o, const json_t *had)
{
	json_t *list;
	switch (o->form) {
	case OPTION_TEXT:
		return text_or_null(page_field(call, o->name));
	case OPTION_PROSE:
	case OPTION_PEM:
		return text_or_null(page_lines(call, o->name));
	case OPTION_TIME:
		return typed_time(page_field(call, o->name));
	case OPTION_NUMBER:
		return page_typed_number(call, o->name);
	case OPTION_SWITCH:
		return json_boolean(web_form_has(&call->form, o->name));
	case OPTION_WORDS:
	case OPTION_LINES:
		list = json_array();
		split(page_lines(call, o->name), o->form == OPTION_WORDS ? ",\n" : "\n", list);
		return list;
	case OPTION_PICKS:
		list = json_array();
		for (size_t i = 0; i < call->form.n; i++)
			if (span_is_text(call->form.fields[i].name, o->name))
				(void)json_array_append_new(list,
							    page_text(call->form.fields[i].value));
		return list;
	case OPTION_HEADERS:
		return typed_headers(call, o->name);
	case OPTION_SECRET_HEADERS:
		return typed_secret_headers(call, o->name);
	case OPTION_MAP:
		return typed_map(call, o->name, had);
	case OPTION_PEMS:
		return typed_pems(call, o->name);
	case OPTION_SEALED:
		return typed_sealed(call, o->name);
	}
	return NULL;
}

static bool says_something(const json_t *value)
{
	return !(json_is_null(value) || json_is_false(value) ||
		 (json_is_array(value) && json_array_size(value) == 0));
}

void options_typed(struct page_call *call, const struct option *rows, size_t n, const json_t *had,
		   json_t *record)
{
	for (size_t i = 0; i < n; i++) {
		const char *dot = strchr(rows[i].name, '.');
		json_t *value = typed(call, &rows[i], had);
		if (!value)
			continue;
		if (!dot) {
			(void)json_object_set_new(record, rows[i].name, value);
			continue;
		}
		char part[64];
		(void)snprintf(part, sizeof(part), "%.*s", (int)(dot - rows[i].name), rows[i].name);
		json_t *of = json_object_get(record, part);
		if (!of)
			(void)json_object_set_new(record, part, of = json_object());
		(void)json_object_set_new(of, dot + 1, value);
	}
	for (size_t i = 0; i < n; i++) {
		const char *dot = strchr(rows[i].name, '.'), *name;
		char part[64];
		bool said = false;
		json_t *value;
		if (!dot)
			continue;
		(void)snprintf(part, sizeof(part), "%.*s", (int)(dot - rows[i].name), rows[i].name);
		json_t *of = json_object_get(record, part);
		if (!json_is_object(of))
			continue;
		json_object_foreach(of, name, value)
		{
			said = said || says_something(value);
		}
		if (!said)
			(void)json_object_set_new(record, part, json_null());
	}
}

/* --- JSON -> fields --- */

static json_t *joined(const json_t *list, const char *between)
{
	struct buf out;
	size_t i;
	json_t *item;
	buf_init(&out, FORM_BODY_MAX);
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		if (i > 0)
			buf_add_text(&out, between);
		if (json_is_object(item))
			buf_printf(&out, "%s: %s", json_string_value(json_object_get(item, "name")),
				   json_string_value(json_object_get(item, "value")));
		else if (json_is_string(item))
			buf_add_text(&out, json_string_value(item));
	}
	json_t *text = page_text(buf_span(&out));
	buf_release(&out);
	return text;
}

json_t *options_words(const json_t *list)
{
	return joined(list, ", ");
}

static json_t *lines_of_map(const json_t *map)
{
	struct buf out;
	const char *name;
	json_t *value;
	buf_init(&out, FORM_BODY_MAX);
	json_object_foreach((json_t *)(uintptr_t)map, name, value)
	{
		buf_printf(&out, "%s%s: %s", out.n > 0 ? "\n" : "", name, json_string_value(value));
	}
	json_t *text = page_text(buf_span(&out));
	buf_release(&out);
	return text;
}

static json_t *shown(const struct option *o, const json_t *value)
{
	switch (o->form) {
	case OPTION_TEXT:
	case OPTION_PROSE:
	case OPTION_TIME:
	case OPTION_PEM:
		return json_is_string(value) ? json_string(json_string_value(value))
					     : json_string("");
	case OPTION_NUMBER:
		return json_is_integer(value) ? page_number((uint64_t)json_integer_value(value))
					      : json_string("");
	case OPTION_WORDS:
		return options_words(value);
	case OPTION_PEMS:
		return joined(value, "");
	case OPTION_LINES:
	case OPTION_HEADERS:
		return joined(value, "\n");
	case OPTION_MAP:
		return lines_of_map(value);
	case OPTION_SWITCH:
	case OPTION_SEALED:
		return json_boolean(json_is_true(value));
	case OPTION_PICKS:
	case OPTION_SECRET_HEADERS:
		break;
	}
	return NULL;
}

static void set(json_t *values, const char *before, const struct option *o, json_t *value)
{
	char key[96], name[104];
	plain(o->name, key, sizeof(key));
	(void)snprintf(name, sizeof(name), "%s%s", before, key);
	if (value)
		(void)json_object_set_new(values, name, value);
}

/* What a template calls it: of what is on or off "is_NAME". */
static void set_value(json_t *values, const struct option *o, json_t *value)
{
	bool flag = o->form == OPTION_SWITCH || o->form == OPTION_SEALED;
	set(values, flag ? "is_" : "", o, value);
}

static void set_secret(json_t *values, const struct option *o, bool typed, bool removed)
{
	if (o->form == OPTION_SEALED || o->form == OPTION_SECRET_HEADERS)
		set(values, "again_", o, json_boolean(typed));
	if (o->form == OPTION_SEALED)
		set(values, "forget_", o, json_boolean(removed));
}

void options_values(const struct option *rows, size_t n, const json_t *record, json_t *values)
{
	for (size_t i = 0; i < n; i++) {
		set_value(values, &rows[i], shown(&rows[i], member(record, rows[i].name)));
		set_secret(values, &rows[i], false, false);
	}
}

void options_values_typed(struct page_call *call, const struct option *rows, size_t n,
			  const json_t *had, json_t *values)
{
	for (size_t i = 0; i < n; i++) {
		const struct option *o = &rows[i];
		const char *text;
		set_secret(values, o, *page_field(call, o->name), is_removed(call, o->name));
		switch (o->form) {
		case OPTION_SWITCH:
			set_value(values, o, json_boolean(web_form_has(&call->form, o->name)));
			break;
		case OPTION_SEALED:
			set_value(values, o, json_boolean(json_is_true(member(had, o->name))));
			break;
		case OPTION_PICKS:
		case OPTION_SECRET_HEADERS:
			break;
		case OPTION_PEM:
		case OPTION_PEMS:
			text = page_lines(call, o->name);
			set_value(values, o,
				  page_text(span_of(strstr(text, "PRIVATE KEY") ? "" : text)));
			break;
		case OPTION_TEXT:
		case OPTION_PROSE:
		case OPTION_NUMBER:
		case OPTION_TIME:
		case OPTION_WORDS:
		case OPTION_LINES:
		case OPTION_HEADERS:
		case OPTION_MAP:
			set_value(values, o, page_text(span_of(page_lines(call, o->name))));
		}
	}
}

void options_open(json_t *values, const char *flag, const char *const *names)
{
	bool open = false;
	for (; *names; names++) {
		char key[96], fault[110], on[100], again[104];
		plain(*names, key, sizeof(key));
		(void)snprintf(fault, sizeof(fault), "error_%s", key);
		(void)snprintf(on, sizeof(on), "is_%s", key);
		(void)snprintf(again, sizeof(again), "again_%s", key);
		open = open || json_string_length(json_object_get(values, key)) > 0 ||
		       json_is_true(json_object_get(values, on)) ||
		       json_is_true(json_object_get(values, again)) ||
		       json_object_get(values, fault);
	}
	(void)json_object_set_new(values, flag, json_boolean(open));
}
