#include "base/base.h"
#include "model/sealing.h"
#include "base/keyfile.h"
#include "base/limits.h"
#include "base/seal.h"
#include "model/api.h"
#include "model/api_in.h"
#include "model/audit.h"
#include "model/steward.h"
#include "record/record.h"
#include <gnutls/gnutls.h>

#define IN_USE	 "seal.key"
#define PREVIOUS "seal.previous"
#define WAIT_MS	 10000 /* for a turn of the housekeeping */

static cg_rc load_in_use(const struct home *home, struct seal_key *out, struct cg_err *err)
{
	uint8_t bytes[KEYFILE_BYTES];
	cg_rc rc = keyfile_load(home, IN_USE, bytes, err);
	if (rc == CG_OK)
		rc = seal_key_from(bytes, out, err);
	gnutls_memset(bytes, 0, sizeof(bytes));
	return rc;
}

cg_rc sealing_begin(const struct home *home, struct cg_err *err)
{
	struct seal_key key;
	cg_rc rc = load_in_use(home, &key, err);
	if (rc == CG_OK)
		seal_key_wipe(&key);
	return rc;
}

/* CG_NOT_FOUND where no key was changed yet. */
static cg_rc load_previous(const struct home *home, struct seal_key *out, struct cg_err *err)
{
	uint8_t bytes[KEYFILE_BYTES];
	cg_rc rc = keyfile_read(home, PREVIOUS, bytes, err);
	if (rc == CG_OK)
		rc = seal_key_from(bytes, out, err);
	gnutls_memset(bytes, 0, sizeof(bytes));
	return rc;
}

cg_rc sealing_close(const struct home *home, struct span plain, struct span about,
		    struct arena *arena, struct span *out, struct cg_err *err)
{
	struct seal_key key;
	cg_rc rc = load_in_use(home, &key, err);
	if (rc != CG_OK)
		return rc;
	rc = seal_close(&key, plain, about, arena, out, err);
	seal_key_wipe(&key);
	return rc;
}

cg_rc sealing_open(const struct home *home, struct span sealed, struct span about,
		   struct arena *arena, struct span *out, struct cg_err *err)
{
	struct seal_key key;
	struct cg_err ignored = {0};
	/* The one in use first: a key that is changed meanwhile is then found as the previous. */
	cg_rc rc = load_in_use(home, &key, err);
	if (rc != CG_OK)
		return rc;
	if (!seal_is_under(&key, sealed)) {
		struct seal_key before;
		if (load_previous(home, &before, &ignored) == CG_OK) {
			if (seal_is_under(&before, sealed))
				key = before;
			seal_key_wipe(&before);
		}
	}
	rc = seal_open(&key, sealed, about, arena, out, err);
	seal_key_wipe(&key);
	return rc;
}

/* --- the change --- */

struct reseal_call {
	const struct actor *actor;
	const char *key_id; /* for the audit; NULL: nothing to tell yet */
	struct arena ids, arena;
	char **found;
	size_t n_found, room;
	size_t n; /* sealed anew */
};

static cg_rc visit_api(struct span index_key, struct span key, struct span value, void *arg,
		       struct cg_err *err)
{
	struct reseal_call *c = arg;
	Cg__Api *api;
	(void)index_key;
	arena_clear(&c->arena);
	cg_rc rc = record_unpack(&cg__api__descriptor, value, &c->arena, &api, err);
	if (rc != CG_OK || !api_has_sealed(api))
		return rc;
	char **found = arena_grow(&c->ids, c->found, c->n_found, &c->room, sizeof(*found));
	if (!found)
		return cg_fail_memory(err);
	c->found = found;
	char *id = arena_printf(&c->ids, "%.*s", (int)key.n, key.p);
	if (!id)
		return cg_fail_memory(err);
	c->found[c->n_found++] = id;
	return CG_OK;
}

/* The record's revision stays: nothing that anybody set has changed. */
static cg_rc reseal_api(struct store_txn *txn, const char *id, struct reseal_call *c,
			struct cg_err *err)
{
	Cg__Api *api;
	size_t n = 0;
	arena_clear(&c->arena);
	cg_rc rc = store_load(txn, STORE_API, span_of(id), &c->arena, &api, err);
	if (rc == CG_OK)
		rc = api_reseal(store_txn_home(txn), api, &c->arena, &n, err);
	if (rc == CG_OK)
		rc = store_save(txn, STORE_API, span_of(id), api, &c->arena, err);
	c->n += n;
	return rc;
}

/* Seals under the key in use whatever is sealed. */
static cg_rc reseal_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct reseal_call *c = arg;
	struct store_walk all = {.table = STORE_API};
	c->n = c->n_found = 0;
	cg_rc rc = store_walk(txn, &all, visit_api, c, err);
	for (size_t i = 0; rc == CG_OK && i < c->n_found; i++)
		rc = reseal_api(txn, c->found[i], c, err);
	if (rc == CG_OK && c->key_id) {
		arena_clear(&c->arena);
		rc = audit_add(txn, c->actor, "seal_key.rotate", c->key_id, "", NULL, &c->arena,
			       err);
	}
	return rc;
}

static cg_rc reseal(struct store *store, const struct actor *actor, const char *key_id, size_t *n,
		    struct cg_err *err)
{
	struct reseal_call c = {.actor = actor, .key_id = key_id};
	arena_init(&c.ids, COMMAND_ARENA_MAX);
	arena_init(&c.arena, REQUEST_ARENA_MAX);
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, reseal_txn, &c, err);
	*n = c.n;
	arena_release(&c.arena);
	arena_release(&c.ids);
	return rc;
}

/* The key in use becomes the previous one, and a new one comes into use; in this order, so that at
 * no moment one is missing. */
static cg_rc change_files(const struct home *home, char id[sizeof(((struct seal_key *)0)->id)],
			  struct cg_err *err)
{
	uint8_t bytes[KEYFILE_BYTES];
	struct seal_key key;
	cg_rc rc = keyfile_load(home, IN_USE, bytes, err);
	if (rc == CG_OK)
		rc = keyfile_replace(home, PREVIOUS, bytes, err);
	if (rc == CG_OK && random_bytes(bytes, sizeof(bytes)) != CG_OK)
		rc = cg_fail(err, CG_UNAVAILABLE, "The host gives no random numbers.");
	if (rc == CG_OK)
		rc = seal_key_from(bytes, &key, err);
	if (rc == CG_OK) {
		memcpy(id, key.id, sizeof(key.id));
		seal_key_wipe(&key);
		rc = keyfile_replace(home, IN_USE, bytes, err);
	}
	gnutls_memset(bytes, 0, sizeof(bytes));
	return rc;
}

cg_rc sealing_rotate(struct store *store, const struct actor *actor, size_t *n, struct cg_err *err)
{
	char id[sizeof(((struct seal_key *)0)->id)];
	cg_rc rc = actor_require(actor, CG__ROLE__OWNER, err);
	if (rc != CG_OK)
		return rc;
	/* Two at once would take away a key that something is still sealed under. */
	int alone = steward_begin(store_home(store), STEWARD_STORE, WAIT_MS);
	if (alone < 0)
		return cg_fail(err, CG_CLASH,
			       "Another process is at the housekeeping, or changes the sealing "
			       "key: try again.");
	/* First what a change that was broken off left under the previous key, which goes now. */
	rc = reseal(store, actor, NULL, n, err);
	if (rc == CG_OK)
		rc = change_files(store_home(store), id, err);
	if (rc == CG_OK)
		rc = reseal(store, actor, id, n, err);
	steward_end(alone);
	return rc;
}
