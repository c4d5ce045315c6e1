/* JSON and messages with every field set, for the tests of lib/record. */
#ifndef CG_TESTS_UNIT_RECORD_WORLD_H
#define CG_TESTS_UNIT_RECORD_WORLD_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/hash.h"
#include "base/limits.h"
#include "record/record.h"

#define ARENA_MAX (16 * 1024 * 1024)

#define API	   &cg__api__descriptor
#define KEY	   &cg__key__descriptor
#define CREDENTIAL &cg__credential__descriptor

static struct arena arena;

static inline int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_MAX);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static inline json_t *parse(const char *text)
{
	json_error_t e;
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);
	if (!json)
		fail_msg("%s: %s", text, e.text);
	return json;
}

/* --- messages with every field set, made from the descriptors --- */

static void fill(ProtobufCMessage *m, unsigned seed);

static inline void fill_value(const ProtobufCFieldDescriptor *f, const struct record_field *row,
			      char *at, unsigned seed)
{
	char *text = arena_printf(&arena, "%s-%u \xc3\xbc<&>\"\\", f->name, seed);
	int64_t time = 1700000000 + seed;
	uint64_t number = row->min + 1 + seed;
	protobuf_c_boolean yes = seed % 2 == 0;
	assert_non_null(text);
	switch (row->form) {
	case FIELD_TEXT:
	case FIELD_LINES:
		memcpy(at, &text, sizeof(text));
		break;
	case FIELD_NUMBER:
		memcpy(at, &number, sizeof(number));
		break;
	case FIELD_BOOL:
		memcpy(at, &yes, sizeof(yes));
		break;
	case FIELD_ENUM: {
		const ProtobufCEnumDescriptor *e = f->descriptor;
		memcpy(at, &e->values[seed % e->n_values].value, sizeof(int));
		break;
	}
	case FIELD_TIME:
		memcpy(at, &time, sizeof(time));
		break;
	case FIELD_HEX:
	case FIELD_PEM:
	case FIELD_CRL:
	case FIELD_SEALED: {
		ProtobufCBinaryData bytes = {SHA256_BYTES, arena_alloc(&arena, SHA256_BYTES)};
		assert_non_null(bytes.data);
		memset(bytes.data, (int)(seed & 0xff), SHA256_BYTES);
		if (row->form == FIELD_PEM) { /* a SEQUENCE of that length */
			bytes.data[0] = 0x30;
			bytes.data[1] = SHA256_BYTES - 2;
		}
		memcpy(at, &bytes, sizeof(bytes));
		break;
	}
	case FIELD_MESSAGE:
	case FIELD_MAP: {
		ProtobufCMessage *sub = record_new(f->descriptor, &arena);
		assert_non_null(sub);
		fill(sub, seed);
		memcpy(at, &sub, sizeof(sub));
		break;
	}
	}
}

static inline size_t size_of(const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_BYTES	 ? sizeof(ProtobufCBinaryData)
	       : f->type == PROTOBUF_C_TYPE_ENUM ? sizeof(int)
	       : f->type == PROTOBUF_C_TYPE_BOOL ? sizeof(protobuf_c_boolean)
						 : 8;
}

static inline void fill(ProtobufCMessage *m, unsigned seed)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const struct record_field *row = record_field(m->descriptor, f);
		char *base = (char *)m;
		assert_non_null(row);
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			size_t n = 3;
			char *items = arena_alloc(&arena, n * size_of(f));
			assert_non_null(items);
			for (unsigned j = 0; j < n; j++)
				fill_value(f, row, items + j * size_of(f), seed + 10 * j + i);
			memcpy(base + f->offset, &items, sizeof(items));
			memcpy(base + f->quantifier_offset, &n, sizeof(n));
			continue;
		}
		fill_value(f, row, base + f->offset, seed + i);
		if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_STRING &&
		    f->type != PROTOBUF_C_TYPE_MESSAGE) {
			protobuf_c_boolean has = true;
			memcpy(base + f->quantifier_offset, &has, sizeof(has));
		}
	}
}

static inline struct span pack(const void *m)
{
	struct span bytes = {NULL, 0};
	assert_int_equal(record_pack(m, &arena, &bytes, NULL), CG_OK);
	return bytes;
}

static inline bool names(const struct cg_err *err, const char *field)
{
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(err, &f);)
		if (strcmp(f.field, field) == 0 && f.text[0])
			return true;
	return false;
}

#endif
