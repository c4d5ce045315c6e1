/* The tables and indexes, by name.  Private to store/. */
#ifndef CG_STORE_TABLES_H
#define CG_STORE_TABLES_H

#include "record/record.h"
#include "store/store.h"

/* Index keys of one record; the spans live in the message. */
typedef size_t (*index_keys_fn)(const void *message, struct span *keys, size_t max);

struct table_def {
	const char *file;
	const ProtobufCMessageDescriptor *type;
};

struct index_def {
	const char *file;
	enum store_table table;
	index_keys_fn keys; /* NULL: the text whose pointer lies text_at bytes into the message */
	size_t text_at;
};

extern const struct table_def store_tables[STORE__TABLES];
extern const struct index_def store_indexes[STORE__INDEXES];

#endif
