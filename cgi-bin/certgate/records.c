#include "base/base.h"
#include "records.h"
#include "base/limits.h"

/* "listen_path" -> "--listen-path". */
static void option_of(const char *field, char out[64])
{
	int n = snprintf(out, 64, "--%.60s", field);
	for (int i = 2; i < n; i++)
		if (out[i] == '_')
			out[i] = '-';
}

/* A switch may stand alone: "--use-certificate", "--use-certificate false". */
static json_t *take_bool(struct command *c, const char *option)
{
	for (int i = 0; i < c->n_words; i++) {
		if (strcmp(c->words[i], option) != 0)
			continue;
		const char *next = i + 1 < c->n_words ? c->words[i + 1] : "";
		if (strcmp(next, "true") != 0 && strcmp(next, "false") != 0) {
			(void)command_take_flag(c, option);
			return json_true();
		}
	}
	const char *value = command_take(c, option);
	if (!value)
		return NULL;
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		return json_boolean(strcmp(value, "true") == 0);
	return json_string(value); /* the model says what is wrong with it */
}

static json_t *value_of(const struct record_field *row, const char *text)
{
	json_error_t ignored;
	json_t *number;
	/* "null" takes a value away, as in a merge patch. */
	if (strcmp(text, "null") == 0)
		return json_null();
	if (row->form == FIELD_NUMBER && (number = json_loads(text, JSON_DECODE_ANY, &ignored)))
		return number;
	return json_string(text);
}

static json_t *take_value(struct command *c, const ProtobufCFieldDescriptor *f,
			  const struct record_field *row)
{
	char option[64];
	const char *text;
	option_of(f->name, option);
	if (row->form == FIELD_BOOL)
		return take_bool(c, option);
	if (f->label != PROTOBUF_C_LABEL_REPEATED) {
		text = command_take(c, option);
		return text ? value_of(row, text) : NULL;
	}
	json_t *list = NULL;
	while ((text = command_take(c, option))) {
		if (!list)
			list = json_array();
		/* An empty value empties the list. */
		if (*text)
			(void)json_array_append_new(list, value_of(row, text));
	}
	return list;
}

json_t *records_take_members(struct command *c, const ProtobufCMessageDescriptor *type,
			     struct cg_err *err)
{
	json_t *out = json_object();
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		const struct record_field *row = record_field(type, f);
		if (!row || row->access != FIELD_SET || row->form == FIELD_MAP)
			continue;
		json_t *value;
		if (row->form == FIELD_MESSAGE) {
			if (f->label == PROTOBUF_C_LABEL_REPEATED)
				continue;
			value = records_take_members(c, f->descriptor, err);
			if (json_object_size(value) == 0) {
				json_decref(value);
				continue;
			}
		} else {
			value = take_value(c, f, row);
		}
		if (value && json_object_set_new(out, f->name, value) < 0) {
			(void)cg_fail(err, CG_BAD_INPUT, "An option's value is not valid UTF-8.");
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

int records_list(struct command *c, const struct entity *e)
{
	struct cg_err err = {0};
	struct entity_page page = {0};
	const char *q = command_next(c);
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	json_t *items = json_array();
	/* Page by page: the store is not held for longer. */
	do {
		if (rc == CG_OK)
			rc = entity_list(c->store, e, span_of(page.next), LIST_LIMIT_MAX,
					 span_of(q), &c->arena, &page, &err);
		for (size_t i = 0; rc == CG_OK && i < page.n; i++)
			(void)json_array_append_new(items, record_to_json(page.messages[i]));
	} while (rc == CG_OK && page.next);
	if (rc == CG_OK)
		return command_print(c, items);
	json_decref(items);
	return command_fail(c, &err);
}

int records_show(struct command *c, const struct entity *e)
{
	struct cg_err err = {0};
	void *message;
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = entity_get(c->store, e, id, &c->arena, &message, &err);
	return rc == CG_OK ? command_print(c, record_to_json(message)) : command_fail(c, &err);
}

int records_set(struct command *c, const struct entity *e)
{
	struct cg_err err = {0};
	void *message;
	json_t *patch = records_take_members(c, e->type, &err);
	if (!patch)
		return command_fail(c, &err);
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id || json_object_size(patch) == 0) {
		json_decref(patch);
		return EXIT_USAGE;
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = entity_change(c->store, e, &c->actor, id, ENTITY_ANY_REVISION, patch,
				   &c->arena, &message, &err);
	json_decref(patch);
	return rc == CG_OK ? command_print(c, record_to_json(message)) : command_fail(c, &err);
}

int records_delete(struct command *c, const struct entity *e)
{
	struct cg_err err = {0};
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc =
		    entity_remove(c->store, e, &c->actor, id, ENTITY_ANY_REVISION, &c->arena, &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}
