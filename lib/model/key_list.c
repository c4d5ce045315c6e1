#include "base/base.h"
#include "model/key_list.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/api.h"
#include "model/certificate.h"
#include "model/credential_in.h"
#include "model/id_set.h"
#include "model/key_status.h"
#include "model/organisation.h"
#include "model/policy.h"

struct span *key_query_member(struct key_query *query, struct span name)
{
	const struct {
		const char *name;
		struct span *member;
	} members[] = {
	    {"q",		  &query->q		   },
	    {"status",	       &query->status	     },
	    {"credential",	   &query->credential     },
	    {"api_id",	       &query->api_id	     },
	    {"policy_id",	  &query->policy_id	   },
	    {"organisation_id", &query->organisation_id},
	    {"tag",		    &query->tag	       },
	};
	for (size_t i = 0; i < CG_COUNT(members); i++)
		if (span_is_text(name, members[i].name))
			return members[i].member;
	return NULL;
}

/* --- one list --- */

/* A key's credentials, put together. */
struct facts {
	struct id id;
	struct key_standing standing;
	bool has_certificate, has_token;
};

struct filtering {
	int64_t now_unix_s;
	struct span tag; /* folded */
	bool by_status, by_type;
	enum key_status status;
	bool certificate; /* what by_type asks for */
	const char *api_id, *policy_id, *organisation_id;
	/* Ids of keys; found: by certificate. */
	struct id_set state, api, policy, organisation, found;
	struct id_set *collected; /* while an index is looked through */
	struct facts *facts;
	size_t n_facts, facts_room, at_fact;
	struct sha256 *digests; /* of the certificates that q fits */
	size_t n_digests;
	/* Ids of policies that name the API. */
	const char **policies;
	size_t n_policies, policies_room;
	struct arena *arena;
};

static cg_rc collect(struct store_txn *txn, struct span index_key, struct span key, void *arg,
		     struct cg_err *err)
{
	struct filtering *f = arg;
	(void)txn;
	(void)index_key;
	return id_set_add(f->collected, key, err);
}

/* The keys that an index has under this. */
static cg_rc add_indexed(struct store *store, struct filtering *f, enum store_index index,
			 const char *under, struct id_set *to, struct cg_err *err)
{
	struct store_walk walk = {.index = index, .only = true, .index_key = span_of(under)};
	to->used = true;
	f->collected = to;
	return store_scan(store, &walk, collect, f, err);
}

/* --- by state and by certificate --- */

static int compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

static bool is_searched(const struct filtering *f, struct span digest)
{
	return f->n_digests > 0 && digest.n == SHA256_BYTES &&
	       bsearch(digest.p, f->digests, f->n_digests, sizeof(*f->digests), compare_digests);
}

/* What is off is so whatever its credentials are. */
static bool needs_facts(const struct filtering *f)
{
	return f->by_type || (f->by_status && f->status != KEY_STATUS_OFF);
}

static cg_rc visit_credential(struct store_txn *txn, struct span index_key, struct span digest,
			      void *arg, struct cg_err *err)
{
	struct filtering *f = arg;
	struct store_state state;
	struct id id;
	(void)txn;
	cg_rc rc = store_state_read(index_key, &state, err);
	if (rc == CG_OK && is_searched(f, digest))
		rc = id_set_add(&f->found, state.key_id, err);
	if (rc != CG_OK || !needs_facts(f))
		return rc;
	if (!id_make(&id, state.key_id))
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store holds a damaged id.");
	if (f->n_facts == 0 || id_compare(&f->facts[f->n_facts - 1].id, &id) != 0) {
		if (f->n_facts == f->facts_room) {
			size_t room = f->facts_room ? 2 * f->facts_room : 64;
			struct facts *facts = realloc(f->facts, room * sizeof(*facts));
			if (!facts)
				return cg_fail_memory(err);
			f->facts = facts;
			f->facts_room = room;
		}
		f->facts[f->n_facts++] = (struct facts){.id = id, .standing = KEY_STANDING_NONE};
	}
	struct facts *last = &f->facts[f->n_facts - 1];
	key_standing_add(&last->standing, &state, f->now_unix_s);
	if (!state.revoked && state.is_certificate)
		last->has_certificate = true;
	else if (!state.revoked)
		last->has_token = true;
	return CG_OK;
}

static bool fits_state(const struct filtering *f, const struct store_state *key,
		       const struct facts *facts)
{
	uint64_t ends;
	enum key_status is = key_status_of(key, &facts->standing, f->now_unix_s, &ends);
	if (f->by_status && is != f->status &&
	    !(f->status == KEY_STATUS_ACTIVE && is == KEY_STATUS_ENDING))
		return false;
	return !f->by_type || (f->certificate ? facts->has_certificate : facts->has_token);
}

/* Both indexes are in the order of keys' ids. */
static cg_rc visit_key(struct store_txn *txn, struct span index_key, struct span key, void *arg,
		       struct cg_err *err)
{
	static const struct facts none;
	struct filtering *f = arg;
	struct store_state state;
	struct id id;
	(void)txn;
	(void)key;
	cg_rc rc = store_state_read(index_key, &state, err);
	if (rc != CG_OK)
		return rc;
	if (!id_make(&id, state.key_id))
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store holds a damaged id.");
	while (f->at_fact < f->n_facts && id_compare(&f->facts[f->at_fact].id, &id) < 0)
		f->at_fact++;
	const struct facts *facts =
	    f->at_fact < f->n_facts && id_compare(&f->facts[f->at_fact].id, &id) == 0
		? &f->facts[f->at_fact]
		: &none;
	return fits_state(f, &state, facts) ? id_set_add(&f->state, state.key_id, err) : CG_OK;
}

/* The certificates that q fits; whose they are, the credentials tell. */
static cg_rc search_certificates(struct store *store, struct filtering *f, struct span q,
				 const char **notice, struct cg_err *err)
{
	/* What a certificate says are lines of their own. */
	return q.n > 0 && !memchr(q.p, '\n', q.n)
		   ? certificate_search(store, q, f->arena, &f->digests, &f->n_digests, notice, err)
		   : CG_OK;
}

static cg_rc by_credentials(struct store *store, struct filtering *f, struct cg_err *err)
{
	struct store_walk keys = {.index = STORE_KEY_BY_STATE};
	struct store_walk credentials = {.index = STORE_CREDENTIAL_BY_STATE};
	cg_rc rc = CG_OK;
	if (needs_facts(f) || f->n_digests > 0)
		rc = store_scan(store, &credentials, visit_credential, f, err);
	f->state.used = f->by_status || f->by_type;
	if (rc == CG_OK && f->state.used)
		rc = store_scan(store, &keys, visit_key, f, err);
	free(f->facts);
	f->facts = NULL;
	return rc;
}

/* --- by what it may call --- */

static cg_rc visit_policy(struct span index_key, struct span key, struct span value, void *arg,
			  struct cg_err *err)
{
	struct filtering *f = arg;
	Cg__Policy *policy;
	bool names = false;
	struct arena one;
	(void)index_key;
	arena_init(&one, RECORD_ARENA_MAX);
	cg_rc rc = record_unpack(&cg__policy__descriptor, value, &one, &policy, err);
	for (size_t i = 0; rc == CG_OK && i < policy->n_access; i++)
		names = names || strcmp(policy->access[i]->api_id, f->api_id) == 0;
	arena_release(&one);
	if (rc != CG_OK || !names)
		return rc;
	if (f->n_policies == f->policies_room) {
		size_t room = f->policies_room ? 2 * f->policies_room : 16;
		const char **list = arena_alloc(f->arena, room * sizeof(*list));
		if (!list)
			return cg_fail_memory(err);
		if (f->n_policies > 0)
			memcpy(list, f->policies, f->n_policies * sizeof(*list));
		f->policies = list;
		f->policies_room = room;
	}
	const char *id = arena_copy(f->arena, key);
	if (!id)
		return cg_fail_memory(err);
	f->policies[f->n_policies++] = id;
	return CG_OK;
}

static cg_rc policies_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct filtering *f = arg;
	struct store_walk walk = {.table = STORE_POLICY};
	f->n_policies = 0;
	return store_walk(txn, &walk, visit_policy, f, err);
}

static cg_rc by_api(struct store *store, struct filtering *f, struct cg_err *err)
{
	if (!f->api_id)
		return CG_OK;
	cg_rc rc = store_read(store, policies_txn, f, err);
	if (rc == CG_OK)
		rc = add_indexed(store, f, STORE_KEY_BY_API, f->api_id, &f->api, err);
	for (size_t i = 0; rc == CG_OK && i < f->n_policies; i++)
		rc = add_indexed(store, f, STORE_KEY_BY_POLICY, f->policies[i], &f->api, err);
	id_set_sort(&f->api);
	return rc;
}

/* --- the walk over names --- */

static bool among(struct span text, struct span id, void *arg)
{
	const struct filtering *f = arg;
	const struct id_set *const sets[] = {&f->state, &f->api, &f->policy, &f->organisation};
	struct span line;
	size_t n = 0;
	for (size_t i = 0; i < CG_COUNT(sets); i++)
		if (sets[i]->used && !id_set_has(sets[i], id))
			return false;
	if (f->tag.n == 0)
		return true;
	while (span_next(&text, '\n', &line))
		if (n++ >= 2 && text_is_folded(line, f->tag)) /* behind name and id */
			return true;
	return false;
}

static bool also(struct span id, void *arg)
{
	const struct filtering *f = arg;
	return id_set_has(&f->found, id);
}

static bool names_api(const struct filtering *f, const Cg__Key *key)
{
	for (size_t i = 0; i < key->n_access; i++)
		if (strcmp(key->access[i]->api_id, f->api_id) == 0)
			return true;
	for (size_t i = 0; i < key->n_policy_ids; i++)
		for (size_t k = 0; k < f->n_policies; k++)
			if (strcmp(key->policy_ids[i], f->policies[k]) == 0)
				return true;
	return false;
}

static bool has_policy(const struct filtering *f, const Cg__Key *key)
{
	for (size_t i = 0; i < key->n_policy_ids; i++)
		if (strcmp(key->policy_ids[i], f->policy_id) == 0)
			return true;
	return false;
}

/* What was changed since the indexes were looked through. */
static cg_rc fits(struct store_txn *txn, const void *message, void *arg, struct arena *arena,
		  bool *out, struct cg_err *err)
{
	const struct filtering *f = arg;
	const Cg__Key *key = message;
	struct facts facts = {.standing = KEY_STANDING_NONE};
	struct credentials list = {.n = 0};
	*out = (!f->api_id || names_api(f, key)) && (!f->policy_id || has_policy(f, key)) &&
	       (!f->organisation_id ||
		(key->organisation_id && strcmp(key->organisation_id, f->organisation_id) == 0));
	if (!*out || (!f->by_status && !f->by_type))
		return CG_OK;
	cg_rc rc = credential_list_in(txn, key->id, arena, &list, err);
	for (size_t i = 0; rc == CG_OK && i < list.n; i++) {
		struct store_state one = store_credential_state(list.items[i]);
		key_standing_add(&facts.standing, &one, f->now_unix_s);
		facts.has_certificate =
		    facts.has_certificate || (one.is_certificate && !one.revoked);
		facts.has_token = facts.has_token || (!one.is_certificate && !one.revoked);
	}
	struct store_state state = store_key_state(key);
	*out = fits_state(f, &state, &facts);
	return rc;
}

/* --- what is asked for --- */

static cg_rc read_words(const struct key_query *query, struct filtering *f, struct cg_err *err)
{
	static const char *const statuses[] = {"active", "ending", "expired", "no_credential",
					       "off"};
	cg_rc worst = CG_OK;
	f->by_status = query->status.n > 0;
	f->by_type = query->credential.n > 0;
	while (f->by_status && (size_t)f->status < CG_COUNT(statuses) &&
	       !span_is_text(query->status, statuses[f->status]))
		f->status++;
	if ((size_t)f->status == CG_COUNT(statuses))
		worst = cg_fail_field(
		    err, "status", "must be one of: active, ending, expired, no_credential, off");
	f->certificate = span_is(query->credential, SPAN_LIT("certificate"));
	if (f->by_type && !f->certificate && !span_is(query->credential, SPAN_LIT("token")))
		worst = cg_fail_field(err, "credential", "must be one of: certificate, token");
	const char *tag = text_fold(query->tag, f->arena);
	if (!tag)
		return cg_fail_memory(err);
	f->tag = span_of(tag);
	return worst;
}

static cg_rc read_query(struct store *store, struct span cursor, const struct key_query *query,
			struct filtering *f, struct cg_err *err)
{
	const struct {
		const struct entity *entity;
		struct span text;
		const char *field, **out;
	} ids[] = {
	    {&api_entity,	  query->api_id,		 "api_id",	   &f->api_id	     },
	    {&policy_entity,	     query->policy_id,       "policy_id",	    &f->policy_id	 },
	    {&organisation_entity, query->organisation_id, "organisation_id", &f->organisation_id},
	};
	cg_rc worst = entity_check_cursor(cursor, err);
	worst = cg_worse(worst, read_words(query, f, err));
	if (!cg_is_told(worst))
		return worst;
	for (size_t i = 0; i < CG_COUNT(ids); i++) {
		cg_rc rc = entity_read_id(store, ids[i].entity, ids[i].text, ids[i].field, false,
					  f->arena, ids[i].out, err);
		if (rc != CG_OK && rc != CG_BAD_VALUE)
			return rc;
		worst = rc != CG_OK ? rc : worst;
	}
	return worst;
}

cg_rc key_query_check(struct store *store, struct span cursor, const struct key_query *query,
		      struct arena *arena, struct cg_err *err)
{
	struct filtering f = {.arena = arena};
	return read_query(store, cursor, query, &f, err);
}

cg_rc key_list(struct store *store, struct span cursor, size_t limit, const struct key_query *query,
	       struct arena *arena, struct key_page *out, struct cg_err *err)
{
	struct filtering f = {.now_unix_s = clock_unix_s(), .arena = arena};
	struct entity_search what = {.q = query->q, .also = also, .arg = &f};
	struct key_page page = {.notice = NULL};
	cg_rc rc = read_query(store, cursor, query, &f, err);
	if (rc == CG_OK)
		rc = search_certificates(store, &f, query->q, &page.notice, err);
	if (rc == CG_OK)
		rc = by_credentials(store, &f, err);
	if (rc == CG_OK)
		rc = by_api(store, &f, err);
	if (rc == CG_OK && f.policy_id)
		rc = add_indexed(store, &f, STORE_KEY_BY_POLICY, f.policy_id, &f.policy, err);
	if (rc == CG_OK && f.organisation_id)
		rc = add_indexed(store, &f, STORE_KEY_BY_ORGANISATION, f.organisation_id,
				 &f.organisation, err);
	if (f.state.used || f.api.used || f.policy.used || f.organisation.used || f.tag.n > 0) {
		what.among = among;
		what.fits = fits;
	}
	if (rc == CG_OK)
		rc = entity_search(store, &key_entity, cursor, limit, &what, arena, &page.found,
				   err);
	free(f.facts);
	free(f.digests);
	id_set_release(&f.state);
	id_set_release(&f.api);
	id_set_release(&f.policy);
	id_set_release(&f.organisation);
	id_set_release(&f.found);
	if (rc == CG_OK)
		*out = page;
	return rc;
}
