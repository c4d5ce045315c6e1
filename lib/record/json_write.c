/* Messages as JSON, by their descriptors. */
#include "base/base.h"
#include "record/inside.h"
#include "base/clock.h"
#include "base/hash.h"
#include "cert/cert.h"
#include "cert/crl.h"

const char *record_json_name(const ProtobufCFieldDescriptor *f, const struct record_field *row)
{
	/* A record that is little else than its DER. */
	return (row->form == FIELD_PEM || row->form == FIELD_CRL) && strcmp(f->name, "der") == 0
		   ? "pem"
		   : f->name;
}

const char *record_enum_name(const ProtobufCEnumDescriptor *type, int number, char out[ENUM_TEXT])
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(type, number);
	size_t n = 0;
	for (const char *c = v ? v->name : ""; *c && n < ENUM_TEXT - 1; c++)
		out[n++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	out[n] = '\0';
	return out;
}

static json_t *enum_to_json(const ProtobufCFieldDescriptor *f, int number)
{
	char name[ENUM_TEXT];
	return *record_enum_name(f->descriptor, number, name) ? json_string(name) : json_null();
}

static json_t *time_to_json(int64_t t)
{
	char text[RFC3339_TEXT + 1];
	return rfc3339_format(t, text) ? json_string(text) : json_null();
}

static json_t *pem_to_json(const struct record_field *row, const ProtobufCBinaryData *bytes)
{
	struct arena arena;
	struct span der = span_make(bytes->data, bytes->len);
	arena_init(&arena, 4 * row->max);
	char *pem = row->form == FIELD_CRL ? crl_pem(&arena, der) : cert_pem(&arena, der);
	json_t *out = pem ? json_string(pem) : NULL;
	arena_release(&arena);
	return out;
}

static json_t *hex_to_json(const ProtobufCBinaryData *bytes)
{
	char text[2 * SHA256_BYTES + 1];
	if (bytes->len == 0 || bytes->len > SHA256_BYTES)
		return json_null();
	hex_format(bytes->data, bytes->len, text);
	return json_string(text);
}

/* `whole`: as it is stored. */
static json_t *sealed_to_json(const ProtobufCBinaryData *bytes, bool whole)
{
	if (!whole)
		return json_true();
	char *text = calloc(2, bytes->len + 1);
	if (text)
		hex_format(bytes->data, bytes->len, text);
	json_t *out = text ? json_string(text) : NULL;
	free(text);
	return out;
}

static json_t *to_json(const ProtobufCMessage *m, bool whole);

static json_t *value_to_json(const ProtobufCFieldDescriptor *f, const struct record_field *row,
			     const char *at, bool whole)
{
	switch (row->form) {
	case FIELD_TEXT:
	case FIELD_LINES:
		return json_string(READ(char *, at));
	case FIELD_NUMBER:
		return json_integer((json_int_t)READ(uint64_t, at));
	case FIELD_BOOL:
		return json_boolean(READ(protobuf_c_boolean, at));
	case FIELD_ENUM:
		return enum_to_json(f, READ(int, at));
	case FIELD_TIME:
		return time_to_json(READ(int64_t, at));
	case FIELD_HEX:
		return hex_to_json((const void *)at);
	case FIELD_PEM:
	case FIELD_CRL:
		return pem_to_json(row, (const void *)at);
	case FIELD_MESSAGE:
		return to_json(READ(void *, at), whole);
	case FIELD_SEALED:
		return sealed_to_json((const void *)at, whole);
	case FIELD_MAP:
		break;
	}
	return NULL;
}

static json_t *map_to_json(const Cg__MetaEntry *const *entries, size_t n)
{
	json_t *out = json_object();
	for (size_t i = 0; out && i < n; i++)
		if (json_object_set_new(out, entries[i]->name,
					json_string(entries[i]->value ? entries[i]->value : "")) <
		    0) {
			json_decref(out);
			out = NULL;
		}
	return out;
}

json_t *record_field_to_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
			     const struct record_field *row, bool whole)
{
	const char *base = (const char *)m;
	if (f->label != PROTOBUF_C_LABEL_REPEATED)
		return is_present(m, f) ? value_to_json(f, row, base + f->offset, whole)
					: json_null();
	size_t n = READ(size_t, base + f->quantifier_offset);
	const char *items = READ(char *, base + f->offset);
	if (row->form == FIELD_MAP)
		return map_to_json((const void *)items, n);
	json_t *list = json_array();
	for (size_t i = 0; list && i < n; i++)
		if (json_array_append_new(
			list, value_to_json(f, row, items + i * value_size(f), whole)) < 0) {
			json_decref(list);
			list = NULL;
		}
	return list;
}

static json_t *to_json(const ProtobufCMessage *m, bool whole)
{
	json_t *out = json_object();
	for (unsigned i = 0; out && i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const struct record_field *row = record_field(m->descriptor, f);
		if (!row || (row->access == FIELD_HIDDEN && !whole))
			continue;
		if (json_object_set_new(out, record_json_name(f, row),
					record_field_to_json(m, f, row, whole)) < 0) {
			json_decref(out);
			out = NULL;
		}
	}
	return out;
}

json_t *record_to_json(const void *message)
{
	return to_json(message, false);
}

json_t *record_to_whole_json(const void *message)
{
	return to_json(message, true);
}

cg_rc record_changes(const void *before, const void *after, json_t **changes, struct cg_err *err)
{
	const ProtobufCMessage *m = after;
	json_t *old = before ? record_to_whole_json(before) : json_object();
	json_t *now = record_to_whole_json(after), *out = json_object();
	for (unsigned i = 0; old && now && out && i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const struct record_field *row = record_field(m->descriptor, f);
		if (!row || row->access != FIELD_SET)
			continue;
		json_t *value = json_object_get(now, record_json_name(f, row));
		if (!json_equal(value, json_object_get(old, record_json_name(f, row))) &&
		    json_object_set_new(out, record_json_name(f, row),
					record_field_to_json(m, f, row, false)) < 0) {
			json_decref(out);
			out = NULL;
		}
	}
	bool whole = old && now && out;
	json_decref(old);
	json_decref(now);
	/* Not a part of it: who asks would write nothing, or the audit lack the rest. */
	if (!whole) {
		json_decref(out);
		return cg_fail_memory(err);
	}
	*changes = out;
	return CG_OK;
}
