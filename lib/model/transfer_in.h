/* The file of an export, and reading it.  Private to model/. */
#ifndef CG_MODEL_TRANSFER_IN_H
#define CG_MODEL_TRANSFER_IN_H

#include "model/transfer.h"

#define TRANSFER_FORMAT	  1
#define TRANSFER_BATCH	  500 /* records of one stay in the store */
#define TRANSFER_SECTIONS 16

struct transfer_section {
	const char *name;
	enum store_table table;
	bool imported;
};
/* In the order in which references need them. */
extern const struct transfer_section transfer_sections[TRANSFER_SECTIONS];

/* Is given each record of a section that is imported; what it returns but CG_OK ends the reading.
 */
typedef cg_rc (*transfer_record_fn)(const struct transfer_section *section, const json_t *record,
				    void *arg, struct cg_err *err);

/* Where the arrays begin, as the first reading found them. */
struct transfer_places {
	long at[TRANSFER_SECTIONS]; /* 0: not there */
	bool is_export, has_version;
};
/* All of it, in the order of the file, record by record: it may be larger than memory. CG_BAD_INPUT
 * when it is no export, or one of a newer certgate. */
cg_rc transfer_read(FILE *f, struct transfer_places *p, transfer_record_fn each, void *arg,
		    struct cg_err *err) CG_MUST_USE;
/* Once more, in the order in which references need it. */
cg_rc transfer_read_sections(FILE *f, const struct transfer_places *p, transfer_record_fn each,
			     void *arg, struct cg_err *err) CG_MUST_USE;

#endif
