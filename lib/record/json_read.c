/* JSON as messages, by their descriptors. */
#include "base/base.h"
#include "record/inside.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "cert/cert.h"
#include "cert/crl.h"

/* One conversion: where it is, for messages, and where its memory comes from. */
struct reading {
	struct arena *arena;
	struct cg_err *err;
	bool whole; /* an import: clients' rights do not matter */
};

#define PATH_TEXT 96

/* Where in the JSON; cut when it does not fit. */
static void write_path(char out[PATH_TEXT], const char *fmt, ...) CG_PRINTF(2, 3);
static void write_path(char out[PATH_TEXT], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(out, PATH_TEXT, fmt, ap);
	va_end(ap);
}

static cg_rc wrong(struct reading *r, const char *path, const char *what)
{
	return cg_fail_field(r->err, path, "%s", what);
}

static cg_rc read_message(struct reading *r, const ProtobufCMessageDescriptor *type,
			  const json_t *json, const ProtobufCMessage *base, const char *path,
			  ProtobufCMessage **out);

/* CRLF, as forms send it, as LF. */
static struct span plain_lines(char *text, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (text[i] != '\r' || text[i + 1] != '\n')
			text[kept++] = text[i];
	text[kept] = '\0';
	return span_make(text, kept);
}

static cg_rc read_text(struct reading *r, const struct record_field *row, const json_t *json,
		       const char *path, char *at)
{
	if (!json_is_string(json))
		return wrong(r, path, "must be text");
	struct span s = span_make(json_string_value(json), json_string_length(json));
	if (s.n < row->min)
		return wrong(r, path, "must not be empty");
	if (s.n > row->max)
		return cg_fail_field(r->err, path, "is longer than %" PRIu64 " bytes", row->max);
	char *copy = arena_copy(r->arena, s);
	if (!copy)
		return cg_fail_memory(r->err);
	if (row->form == FIELD_LINES)
		s = plain_lines(copy, s.n);
	if (!(row->form == FIELD_LINES ? text_is_clean_lines(s) : text_is_clean(s)))
		return wrong(r, path, "holds control characters; remove them");
	memcpy(at, &copy, sizeof(copy));
	return CG_OK;
}

static cg_rc read_number(struct reading *r, const struct record_field *row, const json_t *json,
			 const char *path, char *at)
{
	uint64_t v = (uint64_t)json_integer_value(json);
	if (!json_is_integer(json) || json_integer_value(json) < 0 || v < row->min || v > row->max)
		return cg_fail_field(r->err, path,
				     "must be a whole number from %" PRIu64 " to %" PRIu64,
				     row->min, row->max);
	memcpy(at, &v, sizeof(v));
	return CG_OK;
}

static cg_rc read_enum(struct reading *r, const ProtobufCFieldDescriptor *f, const json_t *json,
		       const char *path, char *at)
{
	const ProtobufCEnumDescriptor *e = f->descriptor;
	const struct span given = span_make(json_string_value(json),
					    json_string_length(json)); /* none: matches nothing */
	char names[200] = "";
	for (unsigned i = 0; i < e->n_values; i++) {
		char name[ENUM_TEXT];
		size_t n = strlen(names);
		(void)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
			       record_enum_name(e, e->values[i].value, name));
		if (span_is_text(given, name)) {
			memcpy(at, &e->values[i].value, sizeof(int));
			return CG_OK;
		}
	}
	return cg_fail_field(r->err, path, "must be one of: %s", names);
}

static cg_rc read_time(struct reading *r, const json_t *json, const char *path, char *at)
{
	int64_t t;
	if (!json_is_string(json) ||
	    !rfc3339_parse(span_make(json_string_value(json), json_string_length(json)), &t))
		return wrong(r, path, "must be a time such as 2026-11-25T13:00:00Z");
	memcpy(at, &t, sizeof(t));
	return CG_OK;
}

static cg_rc read_sha256(struct reading *r, const json_t *json, const char *path, char *at)
{
	struct sha256 digest;
	if (!json_is_string(json) ||
	    !sha256_parse(span_make(json_string_value(json), json_string_length(json)), &digest))
		return wrong(r, path, "must be a SHA-256: 64 hex digits");
	char *copy = arena_copy(r->arena, span_make(digest.b, SHA256_BYTES));
	if (!copy)
		return cg_fail_memory(r->err);
	ProtobufCBinaryData bytes = {SHA256_BYTES, (uint8_t *)copy};
	memcpy(at, &bytes, sizeof(bytes));
	return CG_OK;
}

static cg_rc read_pem(struct reading *r, const json_t *json, const char *path, char *at)
{
	struct span der;
	struct sha256 ignored;
	if (!json_is_string(json) ||
	    cert_from_server(span_make(json_string_value(json), json_string_length(json)), r->arena,
			     &der, &ignored) != CERT_SEEN_ONE)
		return wrong(r, path, "must be one certificate as PEM");
	ProtobufCBinaryData bytes = {der.n, (uint8_t *)(uintptr_t)der.p};
	memcpy(at, &bytes, sizeof(bytes));
	return CG_OK;
}

static cg_rc read_crl(struct reading *r, const json_t *json, const char *path, char *at)
{
	struct cert_crl crl;
	if (!json_is_string(json) ||
	    crl_from_text(span_make(json_string_value(json), json_string_length(json)), r->arena,
			  &crl, NULL) != CG_OK)
		return wrong(r, path, "must be one revocation list as PEM");
	ProtobufCBinaryData bytes = {crl.der.n, (uint8_t *)(uintptr_t)crl.der.p};
	memcpy(at, &bytes, sizeof(bytes));
	return CG_OK;
}

/* A secret has line breaks, so it is no FIELD_TEXT. */
static cg_rc read_sealed(struct reading *r, const struct record_field *row, const json_t *json,
			 const char *path, char *at)
{
	if (json_is_true(json))
		return wrong(r, path, "is true, which leaves what is there: there is none");
	if (!json_is_string(json))
		return wrong(r, path, "must be text");
	struct span s = span_make(json_string_value(json), json_string_length(json));
	if (s.n == 0 || (!r->whole && s.n > row->max))
		return cg_fail_field(r->err, path, "must have 1 to %" PRIu64 " bytes", row->max);
	size_t n = r->whole ? s.n / 2 : s.n;
	uint8_t *copy = arena_alloc(r->arena, n + 1);
	if (!copy)
		return cg_fail_memory(r->err);
	if (!r->whole)
		memcpy(copy, s.p, s.n);
	else if (s.n % 2 != 0 || !hex_parse(s, copy, n))
		return wrong(r, path, "must be hex digits");
	ProtobufCBinaryData bytes = {n, copy};
	memcpy(at, &bytes, sizeof(bytes));
	return CG_OK;
}

static cg_rc read_value(struct reading *r, const ProtobufCFieldDescriptor *f,
			const struct record_field *row, const json_t *json,
			const ProtobufCMessage *base, const char *path, char *at)
{
	protobuf_c_boolean b;
	ProtobufCMessage *sub;
	cg_rc rc;
	switch (row->form) {
	case FIELD_TEXT:
	case FIELD_LINES:
		return read_text(r, row, json, path, at);
	case FIELD_NUMBER:
		return read_number(r, row, json, path, at);
	case FIELD_BOOL:
		if (!json_is_boolean(json))
			return wrong(r, path, "must be true or false");
		b = json_is_true(json);
		memcpy(at, &b, sizeof(b));
		return CG_OK;
	case FIELD_ENUM:
		return read_enum(r, f, json, path, at);
	case FIELD_TIME:
		return read_time(r, json, path, at);
	case FIELD_HEX:
		return read_sha256(r, json, path, at);
	case FIELD_MESSAGE:
		rc = read_message(r, f->descriptor, json, base, path, &sub);
		if (rc == CG_OK)
			memcpy(at, &sub, sizeof(sub));
		return rc;
	case FIELD_PEM:
		return read_pem(r, json, path, at);
	case FIELD_CRL:
		return read_crl(r, json, path, at);
	case FIELD_SEALED:
		return read_sealed(r, row, json, path, at);
	case FIELD_MAP:
		break;
	}
	return wrong(r, path, "cannot be set");
}

/* Room for n items of a list; sets the message's pointer and count. */
static char *list_room(struct reading *r, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
		       size_t n, size_t item)
{
	char *items = arena_alloc(r->arena, n * item);
	if (items) {
		memcpy((char *)m + f->offset, &items, sizeof(items));
		memcpy((char *)m + f->quantifier_offset, &n, sizeof(n));
	}
	return items;
}

/* Of a list in `base` the message with the same name: what is sealed in it may be left as it is. */
static const ProtobufCMessage *namesake(const ProtobufCMessage *base,
					const ProtobufCFieldDescriptor *f,
					const struct record_field *row, const json_t *json)
{
	const char *name = json_string_value(json_object_get(json, "name"));
	const ProtobufCFieldDescriptor *by =
	    row->form == FIELD_MESSAGE
		? protobuf_c_message_descriptor_get_field_by_name(f->descriptor, "name")
		: NULL;
	if (!base || !name || !by)
		return NULL;
	size_t n = READ(size_t, (const char *)base + f->quantifier_offset);
	const char *const *items = READ(char *const *, (const char *)base + f->offset);
	for (size_t i = 0; i < n; i++)
		if (strcmp(READ(char *, items[i] + by->offset), name) == 0)
			return (const ProtobufCMessage *)(const void *)items[i];
	return NULL;
}

static cg_rc read_list(struct reading *r, const ProtobufCFieldDescriptor *f,
		       const struct record_field *row, const json_t *json,
		       const ProtobufCMessage *base, const char *path, ProtobufCMessage *m)
{
	if (!json_is_array(json))
		return wrong(r, path, "must be a list");
	size_t n = json_array_size(json);
	/* What certgate itself has put together, as a certificate's names, may be longer. */
	int most = row->access == FIELD_SET ? LIST_MAX_ENTRIES : CERT_NAMES_MAX;
	if (n > (size_t)most)
		return cg_fail_field(r->err, path, "has more than %d entries", most);
	char *items = list_room(r, m, f, n, value_size(f));
	if (!items)
		return cg_fail_memory(r->err);
	cg_rc worst = CG_OK;
	for (size_t i = 0; i < n; i++) {
		char at[PATH_TEXT];
		write_path(at, "%s[%zu]", path, i);
		const json_t *item = json_array_get(json, i);
		cg_rc rc = read_value(r, f, row, item, namesake(base, f, row, item), at,
				      items + i * value_size(f));
		worst = cg_worse(worst, rc);
	}
	return worst;
}

static cg_rc read_map(struct reading *r, const ProtobufCFieldDescriptor *f,
		      const struct record_field *row, const json_t *json, const char *path,
		      ProtobufCMessage *m)
{
	if (!json_is_object(json))
		return wrong(r, path, "must be an object of texts");
	size_t n = json_object_size(json), i = 0;
	if (n > LIST_MAX_ENTRIES)
		return cg_fail_field(r->err, path, "has more than %d entries", LIST_MAX_ENTRIES);
	char *items = list_room(r, m, f, n, sizeof(void *));
	if (!items)
		return cg_fail_memory(r->err);
	struct record_field name_row = {.min = 1, .max = NAME_MAX_BYTES};
	const char *name;
	json_t *value;
	cg_rc worst = CG_OK;
	json_object_foreach((json_t *)(uintptr_t)json, name, value)
	{
		Cg__MetaEntry *e =
		    (Cg__MetaEntry *)(void *)record_new(&cg__meta_entry__descriptor, r->arena);
		if (!e)
			return cg_fail_memory(r->err);
		char at[PATH_TEXT];
		write_path(at, "%s.%.60s", path, name);
		json_t *name_json = json_string(name);
		cg_rc rc = read_text(r, &name_row, name_json, at, (char *)&e->name);
		json_decref(name_json);
		if (rc == CG_OK)
			rc = read_text(r, row, value, at, (char *)&e->value);
		worst = cg_worse(worst, rc);
		memcpy(items + i++ * sizeof(void *), &e, sizeof(e));
	}
	return worst;
}

static void copy_field(const ProtobufCMessage *from, ProtobufCMessage *to,
		       const ProtobufCFieldDescriptor *f)
{
	bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
	memcpy((char *)to + f->offset, (const char *)from + f->offset,
	       list ? sizeof(void *) : value_size(f));
	if (list)
		memcpy((char *)to + f->quantifier_offset, (const char *)from + f->quantifier_offset,
		       sizeof(size_t));
	else if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_STRING &&
		 f->type != PROTOBUF_C_TYPE_MESSAGE)
		memcpy((char *)to + f->quantifier_offset, (const char *)from + f->quantifier_offset,
		       sizeof(protobuf_c_boolean));
}

/* What clients cannot set: kept from base; in the JSON it may stand as it is in base. */
static cg_rc keep_field(struct reading *r, const ProtobufCFieldDescriptor *f,
			const struct record_field *row, const json_t *json,
			const ProtobufCMessage *base, const char *path, ProtobufCMessage *m)
{
	if (base)
		copy_field(base, m, f);
	if (!json || json_is_null(json))
		return CG_OK;
	json_t *now =
	    base && row->access == FIELD_READ ? record_field_to_json(base, f, row, false) : NULL;
	bool same = now && json_equal(now, json);
	json_decref(now);
	return same ? CG_OK : wrong(r, path, "is set by certgate");
}

static cg_rc set_field(struct reading *r, const ProtobufCFieldDescriptor *f,
		       const struct record_field *row, const json_t *json,
		       const ProtobufCMessage *base, const char *path, ProtobufCMessage *m)
{
	bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
	if (!json || json_is_null(json))
		return f->label == PROTOBUF_C_LABEL_REQUIRED && row->form != FIELD_MESSAGE
			   ? wrong(r, path, "is missing")
			   : CG_OK;
	if (row->form == FIELD_MAP)
		return read_map(r, f, row, json, path, m);
	if (list)
		return read_list(r, f, row, json, base, path, m);
	if (row->form == FIELD_SEALED && json_is_true(json) && base && is_present(base, f)) {
		copy_field(base, m, f);
		return CG_OK;
	}
	const ProtobufCMessage *sub = base && row->form == FIELD_MESSAGE
					  ? READ(void *, (const char *)base + f->offset)
					  : NULL;
	cg_rc rc = read_value(r, f, row, json, sub, path, (char *)m + f->offset);
	if (rc == CG_OK && f->label == PROTOBUF_C_LABEL_OPTIONAL &&
	    f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_MESSAGE)
		*(protobuf_c_boolean *)(void *)((char *)m + f->quantifier_offset) = true;
	return rc;
}

static const ProtobufCFieldDescriptor *find_member(const ProtobufCMessageDescriptor *type,
						   const char *name, bool whole)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const struct record_field *row = record_field(type, &type->fields[i]);
		if (row && (whole || row->access != FIELD_HIDDEN) &&
		    strcmp(record_json_name(&type->fields[i], row), name) == 0)
			return &type->fields[i];
	}
	return NULL;
}

static void join_path(char out[PATH_TEXT], const char *path, const char *name)
{
	write_path(out, "%s%s%.60s", path, *path ? "." : "", name);
}

/* A misspelt member would otherwise be taken for a wish granted. */
static cg_rc check_members(struct reading *r, const ProtobufCMessageDescriptor *type,
			   const json_t *json, const char *path)
{
	const char *name;
	json_t *value;
	cg_rc rc = CG_OK;
	json_object_foreach((json_t *)(uintptr_t)json, name, value)
	{
		char at[PATH_TEXT];
		join_path(at, path, name);
		const ProtobufCFieldDescriptor *f = find_member(type, name, r->whole);
		if (!f) {
			rc = cg_fail_unknown(r->err, at, "is not a member that %s has",
					     type->short_name);
		} else if (f->type == PROTOBUF_C_TYPE_MESSAGE &&
			   f->label != PROTOBUF_C_LABEL_REPEATED && json_is_object(value) &&
			   check_members(r, f->descriptor, value, at) != CG_OK) {
			rc = CG_BAD_INPUT;
		}
	}
	return rc;
}

static cg_rc read_message(struct reading *r, const ProtobufCMessageDescriptor *type,
			  const json_t *json, const ProtobufCMessage *base, const char *path,
			  ProtobufCMessage **out)
{
	if (!json_is_object(json))
		return *path ? wrong(r, path, "must be an object")
			     : cg_fail(r->err, CG_BAD_INPUT, "The body must be a JSON object.");
	ProtobufCMessage *m = record_new(type, r->arena);
	if (!m)
		return cg_fail_memory(r->err);
	cg_rc worst = check_members(r, type, json, path);
	for (unsigned i = 0; worst != CG_BAD_INPUT && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		const struct record_field *row = record_field(type, f);
		if (!row)
			return cg_fail(r->err, CG_FAIL, "The field %s.%s has no row.",
				       type->short_name, f->name);
		char at[PATH_TEXT];
		join_path(at, path, record_json_name(f, row));
		const json_t *value = row->access == FIELD_HIDDEN && !r->whole
					  ? NULL
					  : json_object_get(json, record_json_name(f, row));
		cg_rc rc = row->access == FIELD_SET || r->whole
			       ? set_field(r, f, row, value, base, at, m)
			       : keep_field(r, f, row, value, base, at, m);
		worst = cg_worse(worst, rc);
	}
	if (worst == CG_OK)
		*out = m;
	return worst;
}

cg_rc record_from_json(const ProtobufCMessageDescriptor *type, const json_t *json, const void *base,
		       struct arena *arena, void *out_message, struct cg_err *err)
{
	struct reading r = {.arena = arena, .err = err};
	ProtobufCMessage *m;
	cg_rc rc = read_message(&r, type, json, base, "", &m);
	if (rc == CG_OK)
		memcpy(out_message, &m, sizeof(m));
	return rc;
}

cg_rc record_from_whole_json(const ProtobufCMessageDescriptor *type, const json_t *json,
			     struct arena *arena, void *out_message, struct cg_err *err)
{
	struct reading r = {.arena = arena, .err = err, .whole = true};
	ProtobufCMessage *m;
	cg_rc rc = read_message(&r, type, json, NULL, "", &m);
	if (rc == CG_OK)
		memcpy(out_message, &m, sizeof(m));
	return rc;
}

/* RFC 7396 section 2.  False without memory. */
static bool merge(json_t *into, const json_t *patch)
{
	const char *name;
	json_t *value;
	bool ok = true;
	json_object_foreach((json_t *)(uintptr_t)patch, name, value)
	{
		json_t *old = json_object_get(into, name);
		if (json_is_null(value))
			(void)json_object_del(into, name);
		else if (json_is_object(value) && json_is_object(old))
			ok = merge(old, value) && ok;
		else
			ok = json_object_set(into, name, value) == 0 && ok;
	}
	return ok;
}

cg_rc record_patch(const ProtobufCMessageDescriptor *type, const json_t *patch, const void *base,
		   struct arena *arena, void *out_message, struct cg_err *err)
{
	if (!json_is_object(patch))
		return cg_fail(err, CG_BAD_INPUT, "The body must be a JSON object.");
	/* The patch itself too: {"nmae": null} would leave no trace in the merged record. */
	struct reading r = {.arena = arena, .err = err};
	cg_rc rc = check_members(&r, type, patch, "");
	if (rc != CG_OK)
		return rc;
	json_t *merged = record_to_json(base);
	if (!merged)
		return cg_fail_memory(err);
	rc = merge(merged, patch) ? record_from_json(type, merged, base, arena, out_message, err)
				  : cg_fail_memory(err);
	json_decref(merged);
	return rc;
}
