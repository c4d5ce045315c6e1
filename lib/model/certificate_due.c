#include "base/base.h"
#include "model/certificate_due.h"

#define LIST_SCAN 500 /* certificates looked at in one stay in the store */

struct listing {
	int64_t to;
	size_t max, seen;
	struct arena *arena;
	struct certificates_due *out;
	/* The last one looked at. */
	char end[STORE_TIME_BYTES], id[SHA256_HEX];
	size_t id_n;
	struct store_txn *txn;
};

/* The key that lets requests in by this certificate; *out stays NULL when none does. */
static cg_rc find_key(struct listing *l, const Cg__Certificate *certificate, const Cg__Key **out,
		      struct cg_err *err)
{
	struct span bytes;
	Cg__Credential *credential;
	Cg__Key *key;
	cg_rc rc = store_get(l->txn, STORE_CREDENTIAL,
			     span_make(certificate->sha256.data, certificate->sha256.len), l->arena,
			     &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__credential__descriptor, bytes, l->arena, &credential, err);
	if (rc != CG_OK || !credential->active || credential->has_revoked_at ||
	    (credential->has_ends_at && credential->ends_at <= certificate->not_after))
		return rc == CG_NOT_FOUND ? CG_OK : rc;
	rc = store_get(l->txn, STORE_KEY, span_of(credential->key_id), l->arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__key__descriptor, bytes, l->arena, &key, err);
	if (rc == CG_OK && key->active)
		*out = key;
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct listing *l = arg;
	Cg__Certificate *certificate;
	const Cg__Key *of = NULL;
	cg_rc rc = record_unpack(&cg__certificate__descriptor, value, l->arena, &certificate, err);
	if (rc == CG_OK && certificate->not_after >= l->to)
		return CG_NOT_FOUND;
	bool client = rc == CG_OK && certificate->kind == CG__CERTIFICATE__KIND__CLIENT;
	if (client)
		rc = find_key(l, certificate, &of, err);
	if (rc != CG_OK)
		return rc;
	if (!client || of) {
		if (l->out->n == l->max) {
			l->out->more = true;
			return CG_NOT_FOUND;
		}
		l->out->items[l->out->n++] = (struct certificate_due){certificate, of};
	}
	if (index_key.n != sizeof(l->end) || key.n > sizeof(l->id))
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store is damaged.");
	memcpy(l->end, index_key.p, index_key.n);
	memcpy(l->id, key.p, key.n);
	l->id_n = key.n;
	return ++l->seen % LIST_SCAN == 0 ? CG_NOT_FOUND : CG_OK;
}

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	/* What the walk started at must stay while the place moves on. */
	struct listing start = *l;
	struct store_walk walk = {.by_index = true,
				  .index = STORE_CERTIFICATE_BY_END,
				  .index_key = span_make(start.end, sizeof(start.end)),
				  .after_key = span_make(start.id, start.id_n)};
	l->txn = txn;
	return store_walk(txn, &walk, visit, l, err);
}

cg_rc certificate_list_due(struct store *store, int64_t from_unix_s, int64_t to_unix_s, size_t max,
			   struct arena *arena, struct certificates_due *out, struct cg_err *err)
{
	struct listing l = {.to = to_unix_s, .max = max, .arena = arena, .out = out};
	size_t before;
	*out = (struct certificates_due){.items = arena_alloc(arena, max * sizeof(*out->items))};
	cg_rc rc = out->items ? CG_OK : cg_fail_memory(err);
	store_time_key(STORE_CERTIFICATE_BY_END, from_unix_s, l.end);
	do {
		before = l.seen;
		if (rc == CG_OK)
			rc = store_read(store, list_txn, &l, err);
	} while (rc == CG_OK && !out->more && l.seen != before && l.seen % LIST_SCAN == 0);
	return rc;
}
