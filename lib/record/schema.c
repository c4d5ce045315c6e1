/* The JSON schema of a message, for OpenAPI. */
#include "base/base.h"
#include "record/record.h"

static json_t *schema_of(const ProtobufCMessageDescriptor *type, bool is_new);

static json_t *enum_names(const ProtobufCEnumDescriptor *e)
{
	json_t *names = json_array();
	char name[ENUM_TEXT];
	for (unsigned i = 0; names && i < e->n_values; i++)
		(void)json_array_append_new(
		    names, json_string(record_enum_name(e, e->values[i].value, name)));
	return names;
}

static json_t *value_schema(const ProtobufCFieldDescriptor *f, const struct record_field *row,
			    bool is_new)
{
	switch (row->form) {
	case FIELD_TEXT:
	case FIELD_LINES:
		return json_pack("{s:s}", "type", "string");
	case FIELD_PEM:
	case FIELD_CRL:
		return json_pack("{s:s}", "type", "string");
	case FIELD_SEALED:
		return json_pack("{s:[s, s]}", "type", "string", "boolean");
	case FIELD_NUMBER:
		return json_pack("{s:s, s:I}", "type", "integer", "minimum", (json_int_t)row->min);
	case FIELD_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case FIELD_ENUM:
		return json_pack("{s:s, s:o}", "type", "string", "enum", enum_names(f->descriptor));
	case FIELD_TIME:
		return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
	case FIELD_HEX:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9a-f]{64}$");
	case FIELD_MESSAGE:
		return schema_of(f->descriptor, is_new);
	case FIELD_MAP:
		return json_pack("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type",
				 "string");
	}
	return NULL;
}

/* A field that may be null has its type as a list (JSON Schema 2020-12, OpenAPI 3.1). */
static void allow_null(json_t *schema)
{
	json_t *type = json_object_get(schema, "type");
	if (json_is_array(type))
		(void)json_array_append_new(type, json_string("null"));
	else
		(void)json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
	json_t *names = json_object_get(schema, "enum");
	if (names)
		(void)json_array_append_new(names, json_null());
}

/* What a member is that is left out: the descriptor's default, or an empty list.  NULL: null, or
 * what the description says. */
static json_t *default_of(const ProtobufCFieldDescriptor *f, const struct record_field *row)
{
	const void *value = f->default_value;
	char name[ENUM_TEXT];
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return row->form == FIELD_MAP ? json_object() : json_array();
	if (!value)
		return NULL;
	switch (row->form) {
	case FIELD_TEXT:
	case FIELD_LINES:
		return json_string(value);
	case FIELD_NUMBER:
		return json_integer((json_int_t) * (const uint64_t *)value);
	case FIELD_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)value);
	case FIELD_ENUM:
		return json_string(record_enum_name(f->descriptor, *(const int *)value, name));
	case FIELD_TIME:
	case FIELD_HEX:
	case FIELD_PEM:
	case FIELD_CRL:
	case FIELD_SEALED:
	case FIELD_MESSAGE:
	case FIELD_MAP:
		break;
	}
	return NULL;
}

static bool may_be_null(const ProtobufCFieldDescriptor *f, const struct record_field *row)
{
	return f->label == PROTOBUF_C_LABEL_OPTIONAL && !f->default_value && !row->always;
}

static bool has_to_be_given(const ProtobufCFieldDescriptor *f, const struct record_field *row)
{
	return row->access == FIELD_SET && (row->always || (f->label == PROTOBUF_C_LABEL_REQUIRED &&
							    row->form != FIELD_MESSAGE));
}

static json_t *field_schema(const ProtobufCFieldDescriptor *f, const struct record_field *row,
			    bool is_new)
{
	json_t *s = value_schema(f, row, is_new), *value;
	if (f->label == PROTOBUF_C_LABEL_REPEATED && row->form != FIELD_MAP)
		s = json_pack("{s:s, s:o}", "type", "array", "items", s);
	else if (may_be_null(f, row))
		allow_null(s);
	(void)json_object_set_new(s, "description", json_string(row->about));
	if (row->access == FIELD_READ)
		(void)json_object_set_new(s, "readOnly", json_true());
	else if ((value = default_of(f, row)))
		(void)json_object_set_new(s, "default", value);
	return s;
}

static json_t *schema_of(const ProtobufCMessageDescriptor *type, bool is_new)
{
	json_t *members = json_object(), *needed = json_array();
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		const struct record_field *row = record_field(type, f);
		if (!row || row->access == FIELD_HIDDEN)
			continue;
		(void)json_object_set_new(members, record_json_name(f, row),
					  field_schema(f, row, is_new));
		if (is_new && has_to_be_given(f, row))
			(void)json_array_append_new(needed, json_string(record_json_name(f, row)));
	}
	json_t *s = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", members,
			      "additionalProperties", 0);
	if (json_array_size(needed) > 0)
		(void)json_object_set(s, "required", needed);
	json_decref(needed);
	return s;
}

json_t *record_schema(const ProtobufCMessageDescriptor *type)
{
	return schema_of(type, false);
}

json_t *record_schema_new(const ProtobufCMessageDescriptor *type)
{
	return schema_of(type, true);
}
