#include "base/base.h"
#include "record/record.h"
#include "base/limits.h"

static void *take(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void leave(void *arena, void *p)
{
	/* The arena frees it all at once. */
	(void)arena;
	(void)p;
}

ProtobufCMessage *record_new(const ProtobufCMessageDescriptor *type, struct arena *arena)
{
	ProtobufCMessage *m = arena_alloc(arena, type->sizeof_message);
	if (!m)
		return NULL;
	protobuf_c_message_init(type, m);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		if (f->type != PROTOBUF_C_TYPE_MESSAGE || f->label != PROTOBUF_C_LABEL_REQUIRED)
			continue;
		ProtobufCMessage *sub = record_new(f->descriptor, arena);
		if (!sub)
			return NULL;
		memcpy((char *)m + f->offset, &sub, sizeof(sub));
	}
	return m;
}

cg_rc record_pack(const void *message, struct arena *arena, struct span *out, struct cg_err *err)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	if (n > RECORD_MAX)
		return cg_fail(err, CG_TOO_BIG, "The record would be larger than %d bytes.",
			       RECORD_MAX);
	uint8_t *p = arena_alloc(arena, n);
	if (!p)
		return cg_fail_memory(err);
	*out = span_make(p, protobuf_c_message_pack(message, p));
	return CG_OK;
}

cg_rc record_unpack(const ProtobufCMessageDescriptor *type, struct span bytes, struct arena *arena,
		    void *out_message, struct cg_err *err)
{
	ProtobufCAllocator in_arena = {.alloc = take, .free = leave, .allocator_data = arena};
	ProtobufCMessage *m =
	    protobuf_c_message_unpack(type, &in_arena, bytes.n, (const uint8_t *)bytes.p);
	if (!m && arena->failed)
		return cg_fail_memory(err);
	if (!m)
		return cg_fail(err, CG_UNAVAILABLE,
			       "A record in the store cannot be read (%s): run `certgate verify`.",
			       type->short_name);
	memcpy(out_message, &m, sizeof(m));
	return CG_OK;
}
