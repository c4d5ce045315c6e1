/* What a change takes away, for revoked.log. */
#include "base/base.h"
#include "base/hash.h"
#include "model/revoked.h"

struct note {
	struct store_txn *txn;
	struct arena *arena;
	struct cg_err *err;
	cg_rc rc;
};

/* Takes the words, which may be NULL for want of memory. */
static void note(struct note *n, enum revoked_kind kind, const char *words)
{
	if (n->rc == CG_OK)
		n->rc = words ? revoked_note(n->txn, kind, words, n->arena, n->err)
			      : cg_fail_memory(n->err);
}

/* A time, or "-". */
static const char *time_word(bool has, int64_t t, struct arena *arena)
{
	return has ? arena_printf(arena, "%" PRId64, t) : "-";
}

/* --- lists --- */

static bool holds(char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

/* Some of `of` are not among `in`. */
static bool lacks(char *const *in, size_t n_in, char *const *of, size_t n_of)
{
	for (size_t i = 0; i < n_of; i++)
		if (!holds(in, n_in, of[i]))
			return true;
	return false;
}

/* Of lists of which an empty one means all. */
static bool is_fewer(char *const *before, size_t n_before, char *const *after, size_t n_after)
{
	return n_after > 0 && (n_before == 0 || lacks(after, n_after, before, n_before));
}

static bool digests_lack(const ProtobufCBinaryData *in, size_t n_in, const ProtobufCBinaryData *of,
			 size_t n_of)
{
	for (size_t i = 0; i < n_of; i++) {
		bool found = false;
		for (size_t k = 0; k < n_in; k++)
			found = found || (in[k].len == of[i].len &&
					  memcmp(in[k].data, of[i].data, of[i].len) == 0);
		if (!found)
			return true;
	}
	return false;
}

static bool covers(const Cg__Access *after, const Cg__Access *before)
{
	return strcmp(after->api_id, before->api_id) == 0 &&
	       !is_fewer(before->methods, before->n_methods, after->methods, after->n_methods) &&
	       !is_fewer(before->paths, before->n_paths, after->paths, after->n_paths);
}

/* An entry of before has none of after that gives as much. */
static bool access_is_less(Cg__Access *const *before, size_t n_before, Cg__Access *const *after,
			   size_t n_after)
{
	for (size_t i = 0; i < n_before; i++) {
		bool covered = false;
		for (size_t k = 0; k < n_after; k++)
			covered = covered || covers(after[k], before[i]);
		if (!covered)
			return true;
	}
	return false;
}

static bool is_other(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

/* --- records --- */

static void credential(struct note *n, const Cg__Credential *before, const Cg__Credential *after)
{
	char hex[SHA256_HEX + 1] = "";
	if (before->sha256.len == SHA256_BYTES)
		hex_format(before->sha256.data, SHA256_BYTES, hex);
	if (!after)
		note(n, REVOKED_CREDENTIAL, hex);
	else if (after->has_revoked_at &&
		 (!before->has_revoked_at || before->revoked_reason != after->revoked_reason))
		note(n, REVOKED_CREDENTIAL,
		     arena_printf(n->arena, "%s %d %" PRId64, hex, (int)after->revoked_reason,
				  after->revoked_at));
	else if (before->active && !after->active)
		note(n, REVOKED_CREDENTIAL, arena_printf(n->arena, "%s off", hex));
	if (!after)
		return;
	if ((after->has_active_from &&
	     (!before->has_active_from || after->active_from > before->active_from)) ||
	    (after->has_ends_at && (!before->has_ends_at || after->ends_at < before->ends_at)))
		note(n, REVOKED_CREDENTIAL_TIME,
		     arena_printf(n->arena, "%s %s %s", hex,
				  time_word(after->has_active_from, after->active_from, n->arena),
				  time_word(after->has_ends_at, after->ends_at, n->arena)));
	if ((after->n_bound_to > 0 &&
	     (before->n_bound_to == 0 || digests_lack(after->bound_to, after->n_bound_to,
						      before->bound_to, before->n_bound_to))) ||
	    (after->held && !before->held))
		note(n, REVOKED_CREDENTIAL_HELD, hex);
}

static void key(struct note *n, const Cg__Key *before, const Cg__Key *after)
{
	if (!after || (before->active && !after->active))
		note(n, REVOKED_KEY, before->id);
	if (!after)
		return;
	if (after->has_expires_at &&
	    (!before->has_expires_at || after->expires_at < before->expires_at))
		note(n, REVOKED_KEY_ENDS,
		     arena_printf(n->arena, "%s %" PRId64, before->id, after->expires_at));
	/* One policy more may mean less, too: policies decide alone. */
	bool policies =
	    lacks(after->policy_ids, after->n_policy_ids, before->policy_ids,
		  before->n_policy_ids) ||
	    lacks(before->policy_ids, before->n_policy_ids, after->policy_ids, after->n_policy_ids);
	if (policies ||
	    access_is_less(before->access, before->n_access, after->access, after->n_access) ||
	    is_fewer(before->allowed_ips, before->n_allowed_ips, after->allowed_ips,
		     after->n_allowed_ips) ||
	    lacks(before->blocked_ips, before->n_blocked_ips, after->blocked_ips,
		  after->n_blocked_ips) ||
	    is_other(before->organisation_id, after->organisation_id))
		note(n, REVOKED_KEY_HELD, before->id);
}

static void policy(struct note *n, const Cg__Policy *before, const Cg__Policy *after)
{
	bool less =
	    !after || (before->active && !after->active) || (!before->held && after->held) ||
	    (after->has_key_lifetime_days &&
	     (!before->has_key_lifetime_days ||
	      after->key_lifetime_days < before->key_lifetime_days)) ||
	    before->n_applies != after->n_applies ||
	    access_is_less(before->access, before->n_access, after->access, after->n_access);
	for (size_t i = 0; !less && i < before->n_applies; i++)
		less = before->applies[i] != after->applies[i];
	if (less)
		note(n, REVOKED_POLICY, before->id);
}

static bool auth_is_less(const Cg__ApiAuth *before, const Cg__ApiAuth *after)
{
	return (before->use_certificate && !after->use_certificate) ||
	       (before->use_token && !after->use_token) || (before->keyless && !after->keyless) ||
	       (before->trust == CG__API_AUTH__TRUST__PINNED &&
		after->trust == CG__API_AUTH__TRUST__CA) ||
	       digests_lack(after->ca_certificates, after->n_ca_certificates,
			    before->ca_certificates, before->n_ca_certificates);
}

static void api(struct note *n, const Cg__Api *before, const Cg__Api *after)
{
	if (!after || (before->active && !after->active) ||
	    auth_is_less(before->auth, after->auth) ||
	    is_fewer(before->sites, before->n_sites, after->sites, after->n_sites) ||
	    is_fewer(before->allowed_ips, before->n_allowed_ips, after->allowed_ips,
		     after->n_allowed_ips) ||
	    lacks(before->blocked_ips, before->n_blocked_ips, after->blocked_ips,
		  after->n_blocked_ips))
		note(n, REVOKED_API, before->id);
}

static void user(struct note *n, const Cg__User *before, const Cg__User *after)
{
	if (!after || (after->held && !before->held)) {
		note(n, REVOKED_USER, before->id);
		return;
	}
	if (after->role < before->role)
		note(n, REVOKED_USER_ROLE,
		     arena_printf(n->arena, "%s %d", before->id, (int)after->role));
	if (before->password_hash && is_other(before->password_hash, after->password_hash))
		note(n, REVOKED_USER_PASSWORD,
		     arena_printf(n->arena, "%s %d %s", before->id, (int)after->must_change,
				  after->password_hash ? after->password_hash : "-"));
}

static void token(struct note *n, const Cg__RestToken *before, const Cg__RestToken *after)
{
	if (!after)
		note(n, REVOKED_TOKEN, before->id);
	else if (after->role < before->role || after->expires_at < before->expires_at)
		note(n, REVOKED_TOKEN_LESS,
		     arena_printf(n->arena, "%s %d %" PRId64, before->id, (int)after->role,
				  after->expires_at));
}

static void developer(struct note *n, const Cg__Developer *before, const Cg__Developer *after)
{
	/* A new password goes to whoever has the address. */
	if (!after || (before->active && !after->active) ||
	    is_other(before->organisation_id, after->organisation_id) ||
	    is_other(before->email, after->email)) {
		note(n, REVOKED_DEVELOPER, before->id);
		return;
	}
	if (after->role < before->role)
		note(n, REVOKED_DEVELOPER_ROLE,
		     arena_printf(n->arena, "%s %d", before->id, (int)after->role));
	if (before->password_hash && is_other(before->password_hash, after->password_hash))
		note(n, REVOKED_DEVELOPER_PASSWORD,
		     arena_printf(n->arena, "%s %s", before->id,
				  after->password_hash ? after->password_hash : "-"));
}

static void organisation(struct note *n, const Cg__Organisation *before,
			 const Cg__Organisation *after)
{
	if (!after || (before->active && !after->active))
		note(n, REVOKED_ORGANISATION, before->id);
}

static void entry(struct note *n, const Cg__CatalogueEntry *before, const Cg__CatalogueEntry *after)
{
	if (!after || (before->visible && !after->visible) || after->approval < before->approval ||
	    after->proof > before->proof || after->renewal > before->renewal ||
	    is_other(before->policy_id, after->policy_id))
		note(n, REVOKED_CATALOGUE, before->id);
}

static void setting(struct note *n, const Cg__Setting *before, const Cg__Setting *after)
{
	if (after->sign_up > before->sign_up ||
	    (before->catalogue_public && !after->catalogue_public) ||
	    is_fewer(before->sign_up_domains, before->n_sign_up_domains, after->sign_up_domains,
		     after->n_sign_up_domains))
		note(n, REVOKED_SETTING, before->id);
}

cg_rc revoked_note_less(struct store_txn *txn, enum store_table table, const void *before,
			const void *after, struct arena *arena, struct cg_err *err)
{
	struct note n = {.txn = txn, .arena = arena, .err = err};
	if (table == STORE_CREDENTIAL)
		credential(&n, before, after);
	else if (table == STORE_KEY)
		key(&n, before, after);
	else if (table == STORE_POLICY)
		policy(&n, before, after);
	else if (table == STORE_API)
		api(&n, before, after);
	else if (table == STORE_USER)
		user(&n, before, after);
	else if (table == STORE_REST_TOKEN)
		token(&n, before, after);
	else if (table == STORE_DEVELOPER)
		developer(&n, before, after);
	else if (table == STORE_ORGANISATION)
		organisation(&n, before, after);
	else if (table == STORE_CATALOGUE)
		entry(&n, before, after);
	else if (table == STORE_SETTING)
		setting(&n, before, after);
	return n.rc;
}
