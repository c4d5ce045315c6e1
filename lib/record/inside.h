/* What both ways between messages and JSON share.  Nobody else includes it. */
#ifndef CG_RECORD_INSIDE_H
#define CG_RECORD_INSIDE_H

#include "base/base.h"
#include "record/record.h"

/* A C type's value out of a message that is only known by its descriptor. */
#define READ(type, at) (*(const type *)(const void *)(at))

/* Whether it is set, or has a value all the same. */
static inline bool is_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)m;
	if (f->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE)
		return READ(void *, base + f->offset) != NULL;
	/* An optional field with a default is there even when nobody has set it. */
	return READ(protobuf_c_boolean, base + f->quantifier_offset) || f->default_value;
}

/* Of one value in memory, bytes. */
static inline size_t value_size(const ProtobufCFieldDescriptor *f)
{
	switch ((int)f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return sizeof(uint64_t);
	}
}

/* --- json_write.c; new references, NULL without memory --- */

/* A field's value, or list of values; `whole`: as in an export. */
json_t *record_field_to_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
			     const struct record_field *row, bool whole);

#endif
