/* What revoked.log says, done in a restored store. */
#include "base/base.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/credential_in.h"
#include "model/exposed_key.h"
#include "model/revoked.h"
#include "model/setting.h"

#define WORDS 3

struct call {
	enum revoked_kind kind;
	const char *what;
	char *words[WORDS]; /* NULL: not there */
	struct arena arena;
};

static cg_rc bad_line(struct cg_err *err)
{
	return cg_fail(err, CG_BAD_VALUE, "revoked.log has a line that cannot be read.");
}

static cg_rc split(struct call *c, struct cg_err *err)
{
	struct span rest = span_of(c->what), word;
	size_t n = 0;
	memset(c->words, 0, sizeof(c->words));
	while (n < WORDS && span_next(&rest, ' ', &word))
		if (!(c->words[n++] = arena_copy(&c->arena, word)))
			return cg_fail_memory(err);
	return n > 0 && rest.n == 0 ? CG_OK : bad_line(err);
}

/* The word at `i` as a number; false where it is none, as "-". */
static bool number(const struct call *c, size_t i, int64_t *out)
{
	uint64_t n;
	if (!c->words[i] || !number_parse(span_of(c->words[i]), INT64_MAX, &n))
		return false;
	*out = (int64_t)n;
	return true;
}

static cg_rc get(struct store_txn *txn, struct call *c, enum store_table table, struct span key,
		 void *out_message, struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = store_get(txn, table, key, &c->arena, &bytes, err);
	return rc == CG_OK
		   ? record_unpack(store_table_type(table), bytes, &c->arena, out_message, err)
		   : rc;
}

static cg_rc put(struct store_txn *txn, struct call *c, enum store_table table, struct span key,
		 const void *message, struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = record_pack(message, &c->arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, table, key, bytes, err) : rc;
}

/* --- each kind --- */

static void end_credential(const struct call *c, Cg__Credential *credential)
{
	int64_t reason, at;
	credential->has_active = true;
	credential->active = false;
	if (c->words[1] && strcmp(c->words[1], "off") == 0)
		return;
	if (number(c, 1, &reason) && number(c, 2, &at)) {
		credential->revoked_reason = (Cg__Credential__Reason)reason;
		credential->revoked_at = at;
	} else if (!credential->has_revoked_at) {
		/* Gone: nobody may register it again. */
		credential->revoked_reason = CG__CREDENTIAL__REASON__OTHER;
		credential->revoked_at = clock_unix_s();
	}
	credential->has_revoked_at = credential->has_revoked_reason = true;
}

static cg_rc credential(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	struct sha256 digest;
	Cg__Credential *credential;
	int64_t t;
	if (!sha256_parse(span_of(c->words[0]), &digest))
		return bad_line(err);
	struct span id = span_make(digest.b, SHA256_BYTES);
	cg_rc rc = get(txn, c, STORE_CREDENTIAL, id, &credential, err);
	if (rc != CG_OK)
		return rc;
	if (c->kind == REVOKED_CREDENTIAL)
		end_credential(c, credential);
	if (c->kind == REVOKED_CREDENTIAL_HELD)
		credential->has_held = credential->held = true;
	if (c->kind == REVOKED_CREDENTIAL_TIME) {
		if (number(c, 1, &t) &&
		    (!credential->has_active_from || t > credential->active_from)) {
			credential->has_active_from = true;
			credential->active_from = t;
		}
		if (number(c, 2, &t) && (!credential->has_ends_at || t < credential->ends_at)) {
			credential->has_ends_at = true;
			credential->ends_at = t;
		}
	}
	return put(txn, c, STORE_CREDENTIAL, id, credential, err);
}

/* Whatever it is known by. */
static cg_rc hold_key(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	struct credentials list;
	cg_rc rc = credential_list_in(txn, c->words[0], &c->arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		Cg__Credential *one = list.items[i];
		one->has_held = one->held = true;
		rc = put(txn, c, STORE_CREDENTIAL, span_make(one->sha256.data, one->sha256.len),
			 one, err);
	}
	return rc;
}

static cg_rc key(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Key *key;
	int64_t t;
	if (c->kind == REVOKED_KEY_HELD)
		return hold_key(txn, c, err);
	cg_rc rc = get(txn, c, STORE_KEY, span_of(c->words[0]), &key, err);
	if (rc != CG_OK)
		return rc;
	if (c->kind == REVOKED_KEY) {
		key->has_active = true;
		key->active = false;
	} else if (!number(c, 1, &t)) {
		return bad_line(err);
	} else if (!key->has_expires_at || t < key->expires_at) {
		key->has_expires_at = true;
		key->expires_at = t;
	}
	return put(txn, c, STORE_KEY, span_of(key->id), key, err);
}

static cg_rc policy(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Policy *policy;
	cg_rc rc = get(txn, c, STORE_POLICY, span_of(c->words[0]), &policy, err);
	/* Off in the backup already, it decided nothing then either. */
	if (rc != CG_OK || !policy->active)
		return rc;
	policy->has_held = policy->held = true;
	return put(txn, c, STORE_POLICY, span_of(policy->id), policy, err);
}

static cg_rc user(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__User *user;
	int64_t n;
	cg_rc rc = get(txn, c, STORE_USER, span_of(c->words[0]), &user, err);
	if (rc != CG_OK)
		return rc;
	if (c->kind == REVOKED_USER) {
		user->has_held = user->held = true;
	} else if (!number(c, 1, &n)) {
		return bad_line(err);
	} else if (c->kind == REVOKED_USER_PASSWORD) {
		user->has_must_change = true;
		user->must_change = n != 0;
		user->password_hash = c->words[2];
	} else if (n < (int64_t)user->role) {
		user->has_role = true;
		user->role = (Cg__Role)n;
	}
	return put(txn, c, STORE_USER, span_of(user->id), user, err);
}

static cg_rc token(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__RestToken *token;
	int64_t role, ends;
	if (c->kind == REVOKED_TOKEN)
		return store_remove(txn, STORE_REST_TOKEN, span_of(c->words[0]), err);
	cg_rc rc = get(txn, c, STORE_REST_TOKEN, span_of(c->words[0]), &token, err);
	if (rc != CG_OK)
		return rc;
	if (!number(c, 1, &role) || !number(c, 2, &ends))
		return bad_line(err);
	if (role < (int64_t)token->role) {
		token->has_role = true;
		token->role = (Cg__Role)role;
	}
	if (ends < token->expires_at)
		token->expires_at = ends;
	return put(txn, c, STORE_REST_TOKEN, span_of(token->id), token, err);
}

static cg_rc api(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Api *api;
	cg_rc rc = get(txn, c, STORE_API, span_of(c->words[0]), &api, err);
	if (rc != CG_OK)
		return rc;
	api->has_active = true;
	api->active = false;
	return put(txn, c, STORE_API, span_of(api->id), api, err);
}

static cg_rc developer(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Developer *d;
	int64_t role;
	cg_rc rc = get(txn, c, STORE_DEVELOPER, span_of(c->words[0]), &d, err);
	if (rc != CG_OK)
		return rc;
	if (c->kind == REVOKED_DEVELOPER) {
		d->has_active = true;
		d->active = false;
	} else if (!c->words[1]) {
		return bad_line(err);
	} else if (c->kind == REVOKED_DEVELOPER_PASSWORD) {
		d->password_hash = c->words[1];
	} else if (number(c, 1, &role) && role < (int64_t)d->role) {
		d->has_role = true;
		d->role = (Cg__Developer__Role)role;
	}
	return put(txn, c, STORE_DEVELOPER, span_of(d->id), d, err);
}

static cg_rc organisation(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Organisation *o;
	cg_rc rc = get(txn, c, STORE_ORGANISATION, span_of(c->words[0]), &o, err);
	if (rc != CG_OK)
		return rc;
	o->has_active = true;
	o->active = false;
	return put(txn, c, STORE_ORGANISATION, span_of(o->id), o, err);
}

static cg_rc entry(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__CatalogueEntry *entry;
	cg_rc rc = get(txn, c, STORE_CATALOGUE, span_of(c->words[0]), &entry, err);
	if (rc != CG_OK)
		return rc;
	entry->has_visible = entry->has_approval = true;
	entry->visible = false;
	entry->approval = CG__CATALOGUE_ENTRY__APPROVAL__MANUAL;
	return put(txn, c, STORE_CATALOGUE, span_of(entry->id), entry, err);
}

static cg_rc setting(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Setting *setting;
	cg_rc rc = setting_get_in(txn, &c->arena, &setting, err);
	if (rc != CG_OK)
		return rc;
	setting->has_sign_up = setting->has_catalogue_public = true;
	setting->sign_up = CG__SETTING__SIGN_UP__CLOSED;
	setting->catalogue_public = false;
	return put(txn, c, STORE_SETTING, SPAN_LIT(SETTING_ID), setting, err);
}

static cg_rc crl(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	Cg__Certificate *ca;
	Cg__Crl *crl;
	cg_rc rc = get(txn, c, STORE_CERTIFICATE, span_of(c->words[0]), &ca, err);
	if (rc == CG_OK)
		rc = get(txn, c, STORE_CRL, span_of(ca->id), &crl, err);
	else
		return rc;
	if (rc == CG_NOT_FOUND) {
		crl = (void *)record_new(&cg__crl__descriptor, &c->arena);
		if (!crl)
			return cg_fail_memory(err);
		crl->id = ca->id;
		crl->has_created_at = crl->has_updated_at = crl->has_revision = true;
		crl->created_at = crl->updated_at = clock_unix_s();
		crl->revision = 1;
		rc = CG_OK;
	}
	if (rc != CG_OK)
		return rc;
	crl->has_held = crl->held = true;
	return put(txn, c, STORE_CRL, span_of(crl->id), crl, err);
}

static cg_rc public_key(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	struct sha256 digest;
	Cg__ExposedKey *ignored;
	if (!sha256_parse(span_of(c->words[0]), &digest))
		return bad_line(err);
	return exposed_key_block_in(txn, NULL, &digest, &c->arena, &ignored, err);
}

static cg_rc user_certificate(struct store_txn *txn, struct call *c, struct cg_err *err)
{
	return store_remove(txn, STORE_USER_CERTIFICATE, span_of(c->words[0]), err);
}

static cg_rc (*const appliers[])(struct store_txn *txn, struct call *c, struct cg_err *err) = {
    [REVOKED_CREDENTIAL] = credential,
    [REVOKED_CREDENTIAL_TIME] = credential,
    [REVOKED_CREDENTIAL_HELD] = credential,
    [REVOKED_KEY] = key,
    [REVOKED_KEY_ENDS] = key,
    [REVOKED_KEY_HELD] = key,
    [REVOKED_USER] = user,
    [REVOKED_USER_ROLE] = user,
    [REVOKED_USER_PASSWORD] = user,
    [REVOKED_TOKEN] = token,
    [REVOKED_TOKEN_LESS] = token,
    [REVOKED_PUBLIC_KEY] = public_key,
    [REVOKED_POLICY] = policy,
    [REVOKED_USER_CERTIFICATE] = user_certificate,
    [REVOKED_API] = api,
    [REVOKED_DEVELOPER] = developer,
    [REVOKED_DEVELOPER_ROLE] = developer,
    [REVOKED_DEVELOPER_PASSWORD] = developer,
    [REVOKED_ORGANISATION] = organisation,
    [REVOKED_CATALOGUE] = entry,
    [REVOKED_SETTING] = setting,
    [REVOKED_CRL] = crl,
};
_Static_assert(CG_COUNT(appliers) == REVOKED__KINDS, "something to do for each kind");

static cg_rc apply_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	cg_rc rc = split(c, err);
	if (rc == CG_OK)
		rc = appliers[c->kind](txn, c, err);
	/* Made after the backup, it is not in it. */
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

cg_rc revoked_apply(struct store *store, enum revoked_kind kind, const char *what,
		    struct cg_err *err)
{
	struct call c = {.kind = kind, .what = what};
	arena_init(&c.arena, (size_t)64 * 1024 * 1024);
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, apply_txn, &c, err);
	arena_release(&c.arena);
	return rc;
}
