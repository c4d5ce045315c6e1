/* A store and records in any number, for the tests of what passes over many. */
#ifndef CG_TESTS_UNIT_MANY_WORLD_H
#define CG_TESTS_UNIT_MANY_WORLD_H

#include "store_world.h"
#include "model/actor.h"

#define MANY 400 /* records */

static struct actor boss = {.name = "test",
			    .id = "",
			    .role = CG__ROLE__OWNER,
			    .from_address = "192.0.2.1",
			    .request_id = ""};
static struct store *store;

static inline int setup_store(void **state)
{
	if (setup(state) != 0)
		return -1;
	store = open_store();
	return 0;
}

static inline int teardown_store(void **state)
{
	store_close(&store);
	return teardown(state);
}

/* Filler for texts of records: so much for each of MANY does not fit into what a test allows. */
static inline const char *filler(size_t n)
{
	static char text[1024 * 1024];
	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

struct adding {
	enum store_table table;
	const char *id;
	const void *message;
};

static inline cg_rc add_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct adding *a = arg;
	struct arena one;
	arena_init(&one, RECORD_ARENA_MAX);
	cg_rc rc = store_save(txn, a->table, span_of(a->id), a->message, &one, err);
	arena_release(&one);
	return rc;
}

static inline void add(enum store_table table, const char *id, const void *message)
{
	struct adding a = {table, id, message};
	assert_int_equal(store_write(store, STORE_CHANGES_COUNTS, add_txn, &a, NULL), CG_OK);
}

static inline ProtobufCBinaryData filler_bytes(size_t n)
{
	return (ProtobufCBinaryData){n, (uint8_t *)(uintptr_t)filler(n)};
}

#endif
