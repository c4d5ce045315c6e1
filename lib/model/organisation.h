/* Organisations: partners, whose members are developers and who own keys. */
#ifndef CG_MODEL_ORGANISATION_H
#define CG_MODEL_ORGANISATION_H

#include "model/entity.h"

/* Switched off, its keys are refused and its developers cannot sign in.  It cannot be removed
 * while it has either: CG_CLASH with the code organisation_in_use. */
extern const struct entity organisation_entity;

/* The organisation `*id_or_name`, which becomes its id; CG_BAD_VALUE with the field
 * organisation_id when there is none. */
cg_rc organisation_find_in(struct store_txn *txn, char **id_or_name, struct arena *arena,
			   struct cg_err *err) CG_MUST_USE;
/* Who keeps keys from being used, because it is switched off. */
enum organisation_off { ORGANISATION_ON, ORGANISATION_OFF, ORGANISATION_DEVELOPER_OFF };
/* Whether this organisation or developer (each may be NULL: none) does. */
cg_rc organisation_lets_in(struct store_txn *txn, const char *organisation_id,
			   const char *developer_id, struct arena *arena,
			   enum organisation_off *out, struct cg_err *err) CG_MUST_USE;

/* Ids of the keys of an organisation (STORE_KEY_BY_ORGANISATION) or that a developer asked for
 * (STORE_KEY_BY_DEVELOPER). */
struct key_ids {
	char **items;
	size_t n;
};
cg_rc organisation_keys_in(struct store_txn *txn, enum store_index index, const char *of,
			   struct arena *arena, struct key_ids *out,
			   struct cg_err *err) CG_MUST_USE;

#endif
