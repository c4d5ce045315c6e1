/* The JSON schema of a message, for OpenAPI. */
#include "base/base.h"
#include "record/record.h"

static json_t *enum_names(const ProtobufCEnumDescriptor *e)
{
	json_t *names = json_array();
	for (unsigned i = 0; names && i < e->n_values; i++) {
		char name[64];
		size_t n = 0;
		for (const char *c = e->values[i].name; *c && n < sizeof(name) - 1; c++)
			name[n++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
		name[n] = '\0';
		(void)json_array_append_new(names, json_string(name));
	}
	return names;
}

static json_t *value_schema(const ProtobufCFieldDescriptor *f, const struct record_field *row)
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
		return record_schema(f->descriptor);
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

/* Most texts are always there, though the store would do without them: of one that may be null its
 * row says what that means. */
static bool may_be_null(const ProtobufCFieldDescriptor *f, const struct record_field *row)
{
	return f->label == PROTOBUF_C_LABEL_OPTIONAL && !f->default_value &&
	       (f->type != PROTOBUF_C_TYPE_STRING || strstr(row->about, "null"));
}

static json_t *field_schema(const ProtobufCFieldDescriptor *f, const struct record_field *row)
{
	json_t *s = value_schema(f, row);
	if (f->label == PROTOBUF_C_LABEL_REPEATED && row->form != FIELD_MAP)
		s = json_pack("{s:s, s:o}", "type", "array", "items", s);
	else if (may_be_null(f, row))
		allow_null(s);
	(void)json_object_set_new(s, "description", json_string(row->about));
	if (row->access == FIELD_READ)
		(void)json_object_set_new(s, "readOnly", json_true());
	return s;
}

json_t *record_schema(const ProtobufCMessageDescriptor *type)
{
	json_t *members = json_object();
	for (unsigned i = 0; i < type->n_fields; i++) {
		const struct record_field *row = record_field(type, &type->fields[i]);
		if (!row || row->access == FIELD_HIDDEN)
			continue;
		(void)json_object_set_new(members, record_json_name(&type->fields[i], row),
					  field_schema(&type->fields[i], row));
	}
	return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", members,
			 "additionalProperties", 0);
}
