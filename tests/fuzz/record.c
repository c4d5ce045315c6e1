/* Records as JSON that clients send, and as bytes of the store. */
#include "base/base.h"
#include "fuzz.h"
#include "record/record.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &cg__api__descriptor, &cg__key__descriptor, &cg__credential__descriptor, &cg__user__descriptor,
    &cg__rest_token__descriptor};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* Who changes a record to what is shown of it changes nothing. */
static void must_stay(const ProtobufCMessageDescriptor *type, const json_t *shown, const void *m,
		      struct arena *arena)
{
	struct cg_err err = {.code = NULL};
	ProtobufCMessage *same;
	MUST(record_patch(type, shown, m, arena, &same, &err) == CG_OK);
	json_t *again = record_to_json(same);
	MUST(json_equal(shown, again));
	json_decref(again);
}

static void from_json(const ProtobufCMessageDescriptor *type, const json_t *json)
{
	struct arena arena;
	struct cg_err err = {.code = NULL};
	ProtobufCMessage *m, *again;
	struct span bytes, bytes_again;
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	cg_rc rc = record_from_json(type, json, NULL, &arena, &m, &err);
	MUST(rc == CG_OK || rc == CG_BAD_INPUT || rc == CG_BAD_VALUE);
	if (rc != CG_OK)
		MUST(err.text[0]);
	/* What was taken is kept: the same bytes once more. */
	if (rc == CG_OK && record_pack(m, &arena, &bytes, NULL) == CG_OK) {
		MUST(record_unpack(type, bytes, &arena, &again, NULL) == CG_OK);
		MUST(record_pack(again, &arena, &bytes_again, NULL) == CG_OK);
		MUST(span_is(bytes, bytes_again));
		json_t *shown = record_to_json(again);
		MUST(shown);
		must_stay(type, shown, again, &arena);
		json_decref(shown);
	}
	arena_release(&arena);
}

static cg_rc takes_all(void *message, void *arg, struct cg_err *err)
{
	(void)message;
	(void)arg;
	(void)err;
	return CG_OK;
}

/* The reading that looks for more faults finds those that the first one found. */
static void from_json_checked(const ProtobufCMessageDescriptor *type, const json_t *json)
{
	struct arena arena;
	struct cg_err err = {.code = NULL}, first = {.code = NULL};
	struct cg_fault f = {NULL, NULL}, k = {NULL, NULL};
	ProtobufCMessage *m;
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	cg_rc rc = record_from_json(type, json, NULL, &arena, &m, &first);
	MUST(record_read_checked(type, json, NULL, takes_all, NULL, &arena, &m, &err) == rc);
	MUST(strcmp(err.text, first.text) == 0);
	while (cg_err_next(&first, &f))
		MUST(cg_err_next(&err, &k) && strcmp(k.field, f.field) == 0);
	arena_release(&arena);
}

static void from_bytes(const ProtobufCMessageDescriptor *type, struct span bytes)
{
	struct arena arena;
	ProtobufCMessage *m;
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	if (record_unpack(type, bytes, &arena, &m, NULL) == CG_OK)
		json_decref(record_to_json(m));
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *copy = fuzz_exact(bytes, n);
	json_t *json = json_loadb(copy, n, JSON_REJECT_DUPLICATES, NULL);
	for (size_t i = 0; i < CG_COUNT(types); i++) {
		if (json_is_object(json)) {
			from_json(types[i], json);
			from_json_checked(types[i], json);
		}
		from_bytes(types[i], span_make(copy, n));
	}
	json_decref(json);
	free(copy);
	return 0;
}
