/* list, show, create, set, delete: the same for every kind of record. */
#ifndef CG_CERTGATE_RECORDS_H
#define CG_CERTGATE_RECORDS_H

#include "command.h"
#include "model/entity.h"

struct record_kind {
	const struct entity *entity;
	/* Takes options that are no members of their own, and adds to the JSON; may be NULL. */
	void (*take)(struct command *c, json_t *json);
	/* What is shown of one, a new reference, NULL with *err; NULL: the record itself. */
	json_t *(*show)(struct command *c, const void *message, struct arena *arena,
			struct cg_err *err);
	/* A page of a list; NULL: entity_list. */
	cg_rc (*list)(struct store *store, struct span cursor, size_t limit, struct span q,
		      struct arena *arena, struct entity_page *out, struct cg_err *err);
};

/* Takes the options that name members of the record ("--listen-path", and of its sub-records:
 * "--use-certificate") out of the words, as JSON of their kinds.  A list's option comes once per
 * entry.  NULL, with *err, for a value that cannot be read. */
json_t *records_take(struct command *c, const struct record_kind *kind, struct cg_err *err);
/* The same of a record that is none of a kind. */
json_t *records_take_members(struct command *c, const ProtobufCMessageDescriptor *type,
			     struct cg_err *err);
/* For a kind with access rights: --api API, once per API, gives access to all of it. */
void records_take_apis(struct command *c, json_t *json);
/* Prints a record that was made or changed just now; for a sub-command's last line. */
int records_print_done(struct command *c, const struct record_kind *kind, const void *message);

/* "create" of a kind that is made from its members alone. */
int records_create(struct command *c, const struct record_kind *kind);

/* Runs "list", "show", "set" and "delete", and calls `create` for "create"; EXIT_USAGE for another
 * verb. */
int records_main(struct command *c, const struct record_kind *kind, const char *verb,
		 int (*create)(struct command *c));

#endif
