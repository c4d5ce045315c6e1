#include "base/base.h"
#include "grant/past.h"
#include "model/audit.h"

struct reading {
	struct past *past;
	int64_t at;
	struct arena *arena;
};

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_of_credential(const char *action)
{
	return strncmp(action, "credential.", 11) == 0;
}

/* Members that say what may be called. */
static bool gives_access(const json_t *changes)
{
	static const char *const names[] = {"access", "policy_ids", "applies", "active",
					    "expires_at"};
	for (size_t i = 0; i < CG_COUNT(names); i++)
		if (json_object_get(changes, names[i]))
			return true;
	return false;
}

static bool note_credential(struct past *past, const Cg__AuditEntry *entry, json_t *changes)
{
	const char *sha256 = json_string_value(json_object_get(changes, "sha256"));
	json_t *one = sha256 ? json_object_get(past->credentials, sha256) : NULL;
	bool added = strcmp(entry->action, "credential.add") == 0, ok = true;
	if (!sha256)
		return true;
	if (!one || added) {
		one = json_object();
		ok = json_object_set_new(past->credentials, sha256, one) == 0;
	}
	if (ok && added)
		ok =
		    json_object_set_new(one, "added", json_integer((json_int_t)entry->number)) == 0;
	if (ok && strcmp(entry->action, "credential.revoke") == 0)
		return json_object_set_new(one, "revoked", json_true()) == 0;
	ok = ok && json_object_update(one, changes) == 0;
	/* One that was revoked and is switched on was brought back. */
	if (ok && json_is_true(json_object_get(changes, "active")))
		(void)json_object_del(one, "revoked");
	return ok;
}

static bool note(struct reading *r, const Cg__AuditEntry *entry, json_t *changes)
{
	struct past *past = r->past;
	const char *action = entry->action ? entry->action : "";
	bool ok = true;
	past->name = arena_strdup(r->arena, entry->subject_name ? entry->subject_name : "");
	if (is_of_credential(action)) {
		ok = note_credential(past, entry, changes);
	} else if (ends_in(action, ".delete")) {
		past->gone = true;
	} else if (ends_in(action, ".create") || ends_in(action, ".change")) {
		if (ends_in(action, ".create")) {
			past->made = true;
			past->made_at = entry->at;
		}
		ok = json_object_update(past->members, changes) == 0;
		if (gives_access(changes)) {
			past->approved_by = arena_strdup(r->arena, entry->actor);
			past->approver_id =
			    arena_strdup(r->arena, entry->actor_id ? entry->actor_id : "");
			past->approved_at = entry->at;
		}
	}
	return ok && !r->arena->failed;
}

static cg_rc visit(const Cg__AuditEntry *entry, void *arg, struct cg_err *err)
{
	struct reading *r = arg;
	struct past *past = r->past;
	const char *action = entry->action ? entry->action : "";
	if (entry->at > r->at) {
		past->touched = true;
		past->made_later =
		    past->made_later || (!is_of_credential(action) && ends_in(action, ".create"));
		return CG_OK;
	}
	/* An entry that was passed over would leave in force what was revoked. */
	json_t *changes = json_loads(entry->changes ? entry->changes : "{}", 0, NULL);
	bool ok = json_is_object(changes) && note(r, entry, changes);
	json_decref(changes);
	return ok ? CG_OK
		  : cg_fail(err, CG_UNAVAILABLE,
			    "Entry %" PRIu64 " of the audit cannot be read here: there may be too "
			    "little memory.",
			    entry->number);
}

cg_rc past_read(struct store *store, const char *id, int64_t at_unix_s, struct arena *arena,
		struct past *out, struct cg_err *err)
{
	struct reading r = {.past = out, .at = at_unix_s, .arena = arena};
	*out = (struct past){.members = json_object(), .credentials = json_object()};
	cg_rc rc = out->members && out->credentials ? audit_walk(store, id, 0, visit, &r, err)
						    : cg_fail_memory(err);
	if (rc != CG_OK)
		past_release(out);
	return rc;
}

void past_release(struct past *past)
{
	json_decref(past->members);
	json_decref(past->credentials);
	past->members = past->credentials = NULL;
}

cg_rc past_record(const struct past *past, const ProtobufCMessageDescriptor *type,
		  struct arena *arena, void *out_message, struct cg_err *err)
{
	return record_from_json(type, past->members, NULL, arena, out_message, err);
}

static cg_rc note_time(const Cg__AuditEntry *entry, void *arg, struct cg_err *err)
{
	int64_t *last = arg;
	(void)err;
	if (entry->at > *last)
		*last = entry->at;
	return CG_OK;
}

cg_rc past_last(struct store *store, const char *action, int64_t *out, struct cg_err *err)
{
	*out = 0;
	return audit_walk(store, action, 0, note_time, out, err);
}
