#include "base/base.h"
#include "model/audit.h"
#include "base/clock.h"

cg_rc actor_require(const struct actor *actor, Cg__Role role, struct cg_err *err)
{
	if (actor->role >= role)
		return CG_OK;
	return cg_fail(err, CG_DENIED,
		       "This needs the role %s: ask an owner of this installation for it.",
		       role == CG__ROLE__OWNER ? "owner" : "admin");
}

static void number_bytes(uint64_t number, char out[8])
{
	for (int i = 7; i >= 0; i--) {
		out[i] = (char)(number & 0xff);
		number >>= 8;
	}
}

cg_rc audit_add(struct store_txn *txn, const struct actor *actor, const char *action,
		const char *subject_id, const char *subject_name, const json_t *changes,
		struct arena *arena, struct cg_err *err)
{
	struct span last, bytes;
	char key[8];
	uint64_t number = 0;
	cg_rc rc = store_last(txn, STORE_AUDIT, arena, &last, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	if (rc == CG_OK)
		for (size_t i = 0; i < last.n; i++)
			number = (number << 8) | (uint8_t)last.p[i];
	Cg__AuditEntry entry = CG__AUDIT_ENTRY__INIT;
	entry.number = number + 1;
	entry.has_at = true;
	entry.at = clock_unix_s();
	/* protobuf-c wants pointers to char; nothing is written through them. */
	entry.actor = (char *)(uintptr_t)actor->name;
	entry.actor_id = (char *)(uintptr_t)actor->id;
	entry.from_address = (char *)(uintptr_t)actor->from_address;
	entry.request_id = (char *)(uintptr_t)actor->request_id;
	entry.action = (char *)(uintptr_t)action;
	entry.subject_id = (char *)(uintptr_t)subject_id;
	entry.subject_name = (char *)(uintptr_t)subject_name;
	entry.changes = changes ? json_dumps(changes, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (changes && !entry.changes)
		return cg_fail_memory(err);
	rc = record_pack(&entry, arena, &bytes, err);
	free(entry.changes);
	if (rc != CG_OK)
		return rc;
	number_bytes(entry.number, key);
	return store_add(txn, STORE_AUDIT, span_make(key, sizeof(key)), bytes, err);
}
