#include "base/base.h"
#include "grant/grant.h"
#include "base/log.h"
#include "model/key.h"
#include "model/organisation.h"
#include "model/pattern.h"

/* Longer with what follows than an API's id can be. */
#define ENTRY_SCOPE "entry/"

struct load {
	struct arena *arena;
	struct routes routes;
	size_t room;
};

cg_rc route_name_counters(struct route *route, struct cg_err *err)
{
	cg_rc rc =
	    limits_name(LIMITS_OF_API, span_of(route->api->id), SPAN_LIT(""), &route->counters);
	return rc == CG_OK ? CG_OK : cg_fail_memory(err);
}

/* One that cannot be used must not take the others with it, nor leave its path to them. */
static cg_rc read_targets(const Cg__Api *api, struct arena *arena, struct route *route,
			  struct cg_err *err)
{
	struct url *targets = arena_alloc(arena, (1 + api->n_target_urls) * sizeof(*targets));
	if (!targets)
		return cg_fail_memory(err);
	route->targets = targets;
	route->n_targets = 0;
	for (size_t i = 0; i <= api->n_target_urls; i++) {
		const char *text = i == 0 ? api->target_url : api->target_urls[i - 1];
		const char *why = url_parse(text, arena, &targets[route->n_targets]);
		if (why)
			log_error("target_url_unusable", "api", api->name, "why", why, LOG_END);
		else
			route->n_targets++;
	}
	return CG_OK;
}

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct load *l = arg;
	Cg__Api *api;
	(void)index_key;
	(void)key;
	struct route *items =
	    arena_grow(l->arena, l->routes.items, l->routes.n, &l->room, sizeof(*items));
	if (!items)
		return cg_fail_memory(err);
	l->routes.items = items;
	cg_rc rc = record_unpack(&cg__api__descriptor, value, l->arena, &api, err);
	if (rc != CG_OK)
		return rc;
	struct route *route = &l->routes.items[l->routes.n++];
	route->api = api;
	rc = route_name_counters(route, err);
	return rc == CG_OK ? read_targets(api, l->arena, route, err) : rc;
}

static cg_rc load_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct load *l = arg;
	struct store_walk all = {.table = STORE_API};
	l->routes.n = 0;
	return store_walk(txn, &all, visit, l, err);
}

static int longest_first(const void *a, const void *b)
{
	size_t na = strlen(((const struct route *)a)->api->listen_path);
	size_t nb = strlen(((const struct route *)b)->api->listen_path);
	return na < nb ? 1 : na > nb ? -1 : 0;
}

cg_rc routes_load(struct store *store, struct arena *arena, struct routes *out, struct cg_err *err)
{
	struct load l = {.arena = arena};
	cg_rc rc = store_read(store, load_txn, &l, err);
	if (rc != CG_OK)
		return rc;
	if (l.routes.n > 0)
		qsort(l.routes.items, l.routes.n, sizeof(*l.routes.items), longest_first);
	*out = l.routes;
	return CG_OK;
}

static bool is_of_site(const Cg__Api *api, struct span site)
{
	for (size_t i = 0; i < api->n_sites; i++)
		if (span_is_text(site, api->sites[i]))
			return true;
	return api->n_sites == 0;
}

const struct route *routes_find(const struct routes *routes, struct span site, struct span path)
{
	for (size_t i = 0; i < routes->n; i++)
		if (listen_path_covers(routes->items[i].api->listen_path, path) &&
		    is_of_site(routes->items[i].api, site))
			return &routes->items[i];
	return NULL;
}

/* As the laxest of upstreams might read it. */
static struct span lax_reading(struct span path, struct arena *arena)
{
	char *out = arena_alloc(arena, path.n + 1);
	size_t n = 0;
	bool in_parameter = false;
	for (size_t i = 0; out && i < path.n; i++) {
		char c = path.p[i];
		if (c == '%' && i + 2 < path.n && hex_digit(path.p[i + 1]) >= 0 &&
		    hex_digit(path.p[i + 2]) >= 0) {
			c = (char)(hex_digit(path.p[i + 1]) * 16 + hex_digit(path.p[i + 2]));
			i += 2;
		}
		if (c == ';')
			in_parameter = true;
		if (c == '/')
			in_parameter = false;
		if (!in_parameter && !(c == '/' && n > 0 && out[n - 1] == '/'))
			out[n++] = c;
	}
	return span_make(out, n);
}

bool routes_are_ambiguous(const struct routes *routes, struct span site, struct span path,
			  const struct route *found, struct arena *arena)
{
	bool plain = true;
	for (size_t i = 0; i < path.n && plain; i++)
		plain = path.p[i] != '%' && path.p[i] != ';' &&
			!(path.p[i] == '/' && i > 0 && path.p[i - 1] == '/');
	/* What goes nowhere gets around nobody. */
	if (plain || !found)
		return false;
	struct span lax = lax_reading(path, arena);
	return !lax.p || routes_find(routes, site, lax) != found;
}

struct span route_rest(const struct route *route, struct span path)
{
	size_t n = strlen(route->api->listen_path);
	return path.n < n ? SPAN_LIT("/") : span_from(path, n - 1);
}

struct find {
	const struct sha256 *digest;
	struct arena *arena;
	Cg__Credential *credential;
	Cg__Key *key;
	enum organisation_off off;
	Cg__Policy **policies;
	size_t n_policies;
};

/* Those of the key that are there: one that is gone gives nothing. */
static cg_rc find_policies(struct store_txn *txn, struct find *f, struct cg_err *err)
{
	struct span bytes;
	f->policies = arena_alloc(f->arena, (f->key->n_policy_ids + 1) * sizeof(Cg__Policy *));
	if (!f->policies)
		return cg_fail_memory(err);
	f->n_policies = 0;
	for (size_t i = 0; i < f->key->n_policy_ids; i++) {
		cg_rc rc = store_get(txn, STORE_POLICY, span_of(f->key->policy_ids[i]), f->arena,
				     &bytes, err);
		if (rc == CG_NOT_FOUND)
			continue;
		if (rc == CG_OK)
			rc = record_unpack(&cg__policy__descriptor, bytes, f->arena,
					   &f->policies[f->n_policies++], err);
		if (rc != CG_OK)
			return rc;
	}
	return CG_OK;
}

/* A key is off while its organisation or the developer who asked for it is. */
static cg_rc find_owners(struct store_txn *txn, struct find *f, struct cg_err *err)
{
	cg_rc rc = organisation_lets_in(txn, f->key->organisation_id, f->key->developer_id,
					f->arena, &f->off, err);
	if (rc == CG_OK && !f->key->active)
		f->off = ORGANISATION_ON; /* said of itself */
	if (rc == CG_OK && f->off != ORGANISATION_ON)
		f->key->active = false;
	return rc == CG_OK ? find_policies(txn, f, err) : rc;
}

static cg_rc find_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct find *f = arg;
	struct span bytes;
	cg_rc rc = store_get(txn, STORE_CREDENTIAL, span_make(f->digest->b, SHA256_BYTES), f->arena,
			     &bytes, err);
	if (rc != CG_OK)
		return rc;
	rc = record_unpack(&cg__credential__descriptor, bytes, f->arena, &f->credential, err);
	if (rc == CG_OK)
		rc = store_get(txn, STORE_KEY, span_of(f->credential->key_id), f->arena, &bytes,
			       err);
	if (rc == CG_OK) {
		rc = record_unpack(&cg__key__descriptor, bytes, f->arena, &f->key, err);
		return rc == CG_OK ? find_owners(txn, f, err) : rc;
	}
	/* A revoked credential outlives its key; nothing more is asked of it. */
	if (rc == CG_NOT_FOUND && f->credential->has_revoked_at) {
		f->key = (Cg__Key *)(void *)record_new(&cg__key__descriptor, f->arena);
		if (!f->key)
			return cg_fail_memory(err);
		f->key->id = f->credential->key_id;
		f->key->name = arena_strdup(f->arena, "(removed)");
		return f->key->name ? CG_OK : cg_fail_memory(err);
	}
	/* Both go in one transaction, so this is damage, not a key that was removed. */
	if (rc == CG_NOT_FOUND)
		return cg_fail(err, CG_UNAVAILABLE,
			       "A credential's key is missing in the store: "
			       "run `certgate verify`.");
	return rc;
}

cg_rc grant_name_counters(struct grant *g, struct arena *arena, struct cg_err *err)
{
	const struct effective *e = &g->effective;
	struct span id = span_of(g->key->id);
	struct access_counters *names = arena_alloc(arena, (e->n_access + 1) * sizeof(*names));
	cg_rc rc = names ? limits_name(LIMITS_OF_KEY, id, SPAN_LIT(""), &g->counters) : CG_FAIL;
	for (size_t i = 0; rc == CG_OK && i < e->n_access; i++) {
		char hex[SHA256_HEX + 1], scope[sizeof(ENTRY_SCOPE) + SHA256_HEX];
		hex_format(e->access[i].counters.b, SHA256_BYTES, hex);
		(void)snprintf(scope, sizeof(scope), ENTRY_SCOPE "%s", hex);
		rc = limits_name(LIMITS_OF_KEY, id, span_of(e->access[i].entry->api_id),
				 &names[i].separate);
		if (rc == CG_OK)
			rc = limits_name(LIMITS_OF_KEY, id, span_of(scope), &names[i].entry);
	}
	g->access_counters = names;
	return rc == CG_OK ? CG_OK : cg_fail_memory(err);
}

cg_rc grant_load(struct store *store, const struct sha256 *digest, struct arena *arena,
		 const struct grant **out, struct cg_err *err)
{
	struct find f = {.digest = digest, .arena = arena};
	cg_rc rc = store_read(store, find_txn, &f, err);
	if (rc == CG_NOT_FOUND) {
		*out = NULL;
		return CG_OK;
	}
	if (rc != CG_OK)
		return rc;
	struct grant *grant = arena_alloc(arena, sizeof(*grant));
	if (!grant)
		return cg_fail_memory(err);
	*grant = (struct grant){.credential = f.credential, .key = f.key, .off = f.off};
	rc = effective_make(f.key, f.policies, f.n_policies, arena, &grant->effective, err);
	if (rc == CG_OK)
		rc = grant_name_counters(grant, arena, err);
	if (rc == CG_OK)
		*out = grant;
	return rc;
}

struct key_call {
	const char *id_or_name;
	struct find find;
};

static cg_rc find_key_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct key_call *c = arg;
	cg_rc rc = entity_get_in(txn, &key_entity, c->id_or_name, c->find.arena, &c->find.key, err);
	return rc == CG_OK ? find_owners(txn, &c->find, err) : rc;
}

cg_rc grant_load_key(struct store *store, const char *id_or_name, struct arena *arena,
		     struct key_grant *out, struct cg_err *err)
{
	struct key_call c = {id_or_name, {.arena = arena}};
	struct find *f = &c.find;
	cg_rc rc = store_read(store, find_key_txn, &c, err);
	if (rc != CG_OK)
		return rc;
	*out = (struct key_grant){
	    .key = f->key, .off = f->off, .policies = f->policies, .n_policies = f->n_policies};
	return effective_make(f->key, f->policies, f->n_policies, arena, &out->effective, err);
}
