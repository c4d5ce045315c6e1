/* list, show, create, set, delete: the same for every kind of record. */
#ifndef CG_CERTGATE_RECORDS_H
#define CG_CERTGATE_RECORDS_H

#include "command.h"
#include "model/entity.h"

/* Takes the options that name members of the record ("--listen-path", and of its sub-records:
 * "--use-certificate") out of the words, as JSON of their kinds.  A list's option comes once per
 * entry.  NULL, with *err, for a value that does not fit. */
json_t *records_take_members(struct command *c, const ProtobufCMessageDescriptor *type,
			     struct cg_err *err);

int records_list(struct command *c, const struct entity *e);
int records_show(struct command *c, const struct entity *e);
int records_set(struct command *c, const struct entity *e);
int records_delete(struct command *c, const struct entity *e);

#endif
