/* What the store says, remembered for as long as its generation stands.  All of one generation
 * hangs on one snapshot, which goes when its last request has gone: nothing is ever updated in
 * place. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "gate.h"
#include "upstream/trust.h"
#include <pthread.h>

#define BUCKETS	     4096u
#define SNAPSHOT_MAX ((size_t)512 * 1024 * 1024) /* routes of one generation, bytes */
#define GRANT_MAX    RECORD_ARENA_MAX		 /* one key and credential, bytes */

struct known {
	struct known *next;
	struct sha256 digest;
	struct arena arena;
	const struct grant *grant; /* NULL: nobody has this digest */
};

/* What SSL_CLIENT_CERT said, and what it meant. */
struct seen_cert {
	struct seen_cert *next;
	size_t text_n, der_n, field_n;
	struct sha256 sha256;
	char bytes[]; /* the text, the DER, the value of Client-Cert */
};

/* What came out for a certificate at an API. */
struct chained {
	struct chained *next;
	const Cg__Api *api; /* of the snapshot's routes */
	struct sha256 leaf;
	/* Of what came beside it.  A chain that is good stays so without: a client that resumes a
	 * session sends none. */
	struct sha256 passed;
	struct cert_chain chain;
};

struct snapshot {
	uint64_t generation;
	struct snapshot *next_old;
	struct arena arena;
	struct routes routes;
	pthread_mutex_t mutex; /* of what is below */
	/* These two only grow, from the front, and are read without the mutex. */
	struct known *buckets[BUCKETS];
	struct seen_cert *certs[BUCKETS];
	size_t n_known, n_certs;
	struct chained *chains[BUCKETS];
	size_t n_chains;
	/* The CAs, read when the first request asks.  Taken before `mutex`. */
	pthread_mutex_t trust_mutex;
	bool trust_loaded;
	struct arena trust_arena;
	struct trust trust;
	/* Of the routes, in their order; made when the first request asks, under `secrets_mutex`,
	 * and read without. */
	pthread_mutex_t secrets_mutex;
	_Atomic(struct upstream_tls *) *tls;
	_Atomic(struct secret_fields *) *fields;
};

/* What one thread looks at.  Each has a line of the processor's cache for itself, so that requests
 * write to nothing that others read on their way. */
struct reader {
	_Alignas(64) _Atomic(struct snapshot *) at; /* NULL: none */
	struct reader *next;
};

struct resolver {
	struct store *store;
	/* One thread reads a new generation, the others wait for it.  Taken before `mutex`. */
	pthread_mutex_t loading;
	int64_t failed_mono_ms;		    /* when the last reading failed; under `loading` */
	_Atomic(struct snapshot *) current; /* changed under `mutex` */
	pthread_mutex_t mutex;		    /* of what is below */
	struct snapshot *old;		    /* replaced, but some thread may still look at it */
	struct reader *readers;
	struct trust_seen *seen; /* has a mutex of its own */
};

struct resolver *resolver_new(struct store *store)
{
	struct resolver *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->store = store;
	r->seen = trust_seen_new();
	if (!r->seen) {
		free(r);
		return NULL;
	}
	r->failed_mono_ms = INT64_MIN;
	(void)pthread_mutex_init(&r->loading, NULL);
	(void)pthread_mutex_init(&r->mutex, NULL);
	return r;
}

static void snapshot_free(struct snapshot *s)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct known *k = s->buckets[i], *next; k; k = next) {
			next = k->next;
			arena_release(&k->arena);
			free(k);
		}
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct seen_cert *c = s->certs[i], *next; c; c = next) {
			next = c->next;
			free(c);
		}
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct chained *c = s->chains[i], *next; c; c = next) {
			next = c->next;
			free(c);
		}
	for (size_t i = 0; s->tls && i < s->routes.n; i++) {
		struct upstream_tls *tls = atomic_load(&s->tls[i]);
		upstream_tls_free(&tls);
	}
	for (size_t i = 0; s->fields && i < s->routes.n; i++) {
		struct secret_fields *fields = atomic_load(&s->fields[i]);
		secret_fields_free(&fields);
	}
	(void)pthread_mutex_destroy(&s->secrets_mutex);
	arena_release(&s->arena);
	arena_release(&s->trust_arena);
	(void)pthread_mutex_destroy(&s->mutex);
	(void)pthread_mutex_destroy(&s->trust_mutex);
	free(s);
}

struct reader *reader_new(struct resolver *r)
{
	struct reader *reader = aligned_alloc(_Alignof(struct reader), sizeof(*reader));
	if (!reader)
		return NULL;
	*reader = (struct reader){.at = NULL};
	(void)pthread_mutex_lock(&r->mutex);
	reader->next = r->readers;
	r->readers = reader;
	(void)pthread_mutex_unlock(&r->mutex);
	return reader;
}

static bool is_looked_at(const struct resolver *r, const struct snapshot *s)
{
	for (const struct reader *reader = r->readers; reader; reader = reader->next)
		if (atomic_load(&reader->at) == s)
			return true;
	return false;
}

/* Frees what was replaced and nobody looks at any more.  Under `mutex`. */
static void sweep(struct resolver *r)
{
	for (struct snapshot **at = &r->old; *at;) {
		struct snapshot *s = *at;
		if (is_looked_at(r, s)) {
			at = &s->next_old;
			continue;
		}
		*at = s->next_old;
		snapshot_free(s);
	}
}

void resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;
	if (!r)
		return;
	for (struct reader *reader = r->readers, *next; reader; reader = next) {
		next = reader->next;
		free(reader);
	}
	r->readers = NULL;
	sweep(r);
	if (r->current)
		snapshot_free(r->current);
	trust_seen_free(&r->seen);
	(void)pthread_mutex_destroy(&r->mutex);
	(void)pthread_mutex_destroy(&r->loading);
	free(r);
	*resolver = NULL;
}

void snapshot_release(struct resolver *r, struct reader *reader, struct snapshot **snapshot)
{
	struct snapshot *s = *snapshot;
	if (!s)
		return;
	*snapshot = NULL;
	atomic_store(&reader->at, NULL);
	/* Either whoever replaced it has seen that, or it is seen here that it was replaced. */
	if (atomic_load(&r->current) == s)
		return;
	(void)pthread_mutex_lock(&r->mutex);
	sweep(r);
	(void)pthread_mutex_unlock(&r->mutex);
}

static cg_rc snapshot_load(struct resolver *r, uint64_t generation, struct snapshot **out,
			   struct cg_err *err)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	if (!s)
		return cg_fail_memory(err);
	s->generation = generation;
	arena_init(&s->arena, SNAPSHOT_MAX);
	arena_init(&s->trust_arena, SNAPSHOT_MAX);
	(void)pthread_mutex_init(&s->mutex, NULL);
	(void)pthread_mutex_init(&s->trust_mutex, NULL);
	(void)pthread_mutex_init(&s->secrets_mutex, NULL);
	cg_rc rc = routes_load(r->store, &s->arena, &s->routes, err);
	if (rc == CG_OK && s->routes.n > 0) {
		s->tls = arena_alloc(&s->arena, s->routes.n * sizeof(*s->tls));
		s->fields = arena_alloc(&s->arena, s->routes.n * sizeof(*s->fields));
		if (s->arena.failed)
			rc = cg_fail_memory(err);
	}
	if (rc == CG_OK)
		*out = s;
	else
		snapshot_free(s);
	return rc;
}

/* The current snapshot, if it is of this generation; the reader looks at it then. */
static struct snapshot *current_of(struct resolver *r, struct reader *reader, uint64_t generation)
{
	struct snapshot *s = atomic_load(&r->current), *again;
	/* What was current a moment ago may be gone; what still is, once it is said that somebody
	 * looks at it, stays. */
	for (atomic_store(&reader->at, s); (again = atomic_load(&r->current)) != s;
	     atomic_store(&reader->at, s))
		s = again;
	if (s && s->generation == generation)
		return s;
	atomic_store(&reader->at, NULL);
	return NULL;
}

/* Reads the newest generation and makes it the current one, which the reader looks at.  Under
 * `loading`. */
static cg_rc load_current(struct resolver *r, struct reader *reader, int64_t asked_mono_ms,
			  struct snapshot **out, struct cg_err *err)
{
	/* Before the store is read: what moves meanwhile makes this snapshot old at once, never a
	 * newer one's contents an older generation's. */
	uint64_t generation = live_generation(store_live(r->store));
	if ((*out = current_of(r, reader, generation)))
		return CG_OK;
	/* Whoever waited while another waited for a store that cannot be had need not do the same
	 * again, one after the other. */
	if (r->failed_mono_ms >= asked_mono_ms)
		return cg_fail(err, CG_UNAVAILABLE, "The store could not be read just now.");
	struct snapshot *loaded = NULL;
	cg_rc rc = snapshot_load(r, generation, &loaded, err);
	if (rc != CG_OK || !loaded) {
		r->failed_mono_ms = clock_mono_ms();
		return rc != CG_OK ? rc : CG_FAIL;
	}
	(void)pthread_mutex_lock(&r->mutex);
	atomic_store(&reader->at, loaded);
	struct snapshot *replaced = atomic_exchange(&r->current, loaded);
	if (replaced) {
		replaced->next_old = r->old;
		r->old = replaced;
	}
	sweep(r);
	(void)pthread_mutex_unlock(&r->mutex);
	*out = loaded;
	return CG_OK;
}

cg_rc snapshot_acquire(struct resolver *r, struct reader *reader, struct snapshot **out,
		       struct cg_err *err)
{
	/* A generation that nobody moves any more says nothing. */
	if (live_is_lost(store_live(r->store)))
		return cg_fail(err, CG_UNAVAILABLE,
			       "The run folder's file “live” is gone: the "
			       "program ends, to be started again.");
	struct snapshot *s = current_of(r, reader, live_generation(store_live(r->store)));
	if (s) {
		*out = s;
		return CG_OK;
	}
	int64_t asked_mono_ms = clock_mono_ms();
	(void)pthread_mutex_lock(&r->loading);
	cg_rc rc = load_current(r, reader, asked_mono_ms, &s, err);
	(void)pthread_mutex_unlock(&r->loading);
	if (rc == CG_OK)
		*out = s;
	return rc;
}

const struct routes *snapshot_routes(const struct snapshot *s)
{
	return &s->routes;
}

/* Digests are evenly spread: their first bytes are as good a hash as any. */
static struct known **bucket_of(struct snapshot *s, const struct sha256 *digest)
{
	return &s->buckets[((unsigned)digest->b[0] << 8 | digest->b[1]) % BUCKETS];
}

static struct known *find(struct snapshot *s, const struct sha256 *digest)
{
	for (struct known *k = __atomic_load_n(bucket_of(s, digest), __ATOMIC_ACQUIRE); k;
	     k = k->next)
		if (memcmp(k->digest.b, digest->b, SHA256_BYTES) == 0)
			return k;
	return NULL;
}

cg_rc snapshot_grant(struct resolver *r, struct snapshot *s, const struct sha256 *digest,
		     struct arena *arena, const struct grant **out, struct cg_err *err)
{
	struct known *k = find(s, digest);
	bool full = __atomic_load_n(&s->n_known, __ATOMIC_RELAXED) >= GRANTS_CACHED_MAX;
	if (k) {
		*out = k->grant;
		return CG_OK;
	}
	/* A flood of made-up digests stops here, without the store. */
	if (!live_may_be_known(store_live(r->store), digest)) {
		*out = NULL;
		return CG_OK;
	}
	if (full)
		return grant_load(r->store, digest, arena, out, err);
	k = calloc(1, sizeof(*k));
	if (!k)
		return cg_fail_memory(err);
	k->digest = *digest;
	arena_init(&k->arena, GRANT_MAX);
	cg_rc rc = grant_load(r->store, digest, &k->arena, &k->grant, err);
	if (rc != CG_OK) {
		arena_release(&k->arena);
		free(k);
		return rc;
	}
	*out = k->grant;
	/* Only what is there takes room. */
	if (!k->grant) {
		arena_release(&k->arena);
		free(k);
		return CG_OK;
	}
	/* Another thread may have added the same meanwhile: twice does no harm. */
	struct known **bucket = bucket_of(s, digest);
	(void)pthread_mutex_lock(&s->mutex);
	k->next = *bucket;
	__atomic_store_n(bucket, k, __ATOMIC_RELEASE);
	(void)__atomic_add_fetch(&s->n_known, 1, __ATOMIC_RELAXED);
	(void)pthread_mutex_unlock(&s->mutex);
	return CG_OK;
}

static bool is_current(const struct upstream_tls *tls)
{
	return tls && upstream_tls_is_current(tls);
}

cg_rc snapshot_upstream_tls(struct resolver *r, struct snapshot *s, const struct route *route,
			    struct upstream_tls **out, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	_Atomic(struct upstream_tls *) *kept = &s->tls[route - s->routes.items];
	struct upstream_tls *tls = NULL;
	if (route->api->upstream_tls && !is_current(tls = atomic_load(kept))) {
		(void)pthread_mutex_lock(&s->secrets_mutex);
		/* Another thread may have made it meanwhile. */
		if (!is_current(tls = atomic_load(kept))) {
			struct upstream_tls *before = tls;
			rc = upstream_tls_load(r->store, route->api, &tls, err);
			if (rc == CG_OK) {
				tls->before = before;
				atomic_store(kept, tls);
			}
		}
		(void)pthread_mutex_unlock(&s->secrets_mutex);
	}
	if (rc == CG_OK)
		*out = tls;
	return rc;
}

cg_rc snapshot_secret_fields(struct resolver *r, struct snapshot *s, const struct route *route,
			     const struct web_field **out, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	_Atomic(struct secret_fields *) *kept = &s->fields[route - s->routes.items];
	struct secret_fields *fields = NULL;
	if (route->api->n_secret_headers > 0 && !(fields = atomic_load(kept))) {
		(void)pthread_mutex_lock(&s->secrets_mutex);
		if (!(fields = atomic_load(kept))) {
			rc = secret_fields_load(r->store, route->api, &fields, err);
			if (rc == CG_OK)
				atomic_store(kept, fields);
		}
		(void)pthread_mutex_unlock(&s->secrets_mutex);
	}
	if (rc == CG_OK)
		*out = fields ? fields->items : NULL;
	return rc;
}

/* --- certificates --- */

/* From the signature, which is as good as random, before the last line.  Somebody who makes
 * collisions makes them with his own certificate, and it is compared whole. */
static size_t bucket_of_text(struct span text)
{
	uint64_t words[8], hash = text.n;
	if (text.n < 2 * sizeof(words))
		return 0;
	memcpy(words, text.p + text.n - 2 * sizeof(words), sizeof(words));
	for (size_t i = 0; i < CG_COUNT(words); i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15; /* 2^64 / golden ratio */
	return (size_t)(hash >> 52) % BUCKETS;
}

static const struct seen_cert *find_cert(const struct snapshot *s, struct span text)
{
	const struct seen_cert *c =
	    __atomic_load_n(&s->certs[bucket_of_text(text)], __ATOMIC_ACQUIRE);
	while (c && (c->text_n != text.n || memcmp(c->bytes, text.p, text.n) != 0))
		c = c->next;
	return c;
}

bool snapshot_recall(const struct snapshot *s, struct span text, struct span *der,
		     struct span *field, struct sha256 *sha256)
{
	const struct seen_cert *c = text.n > 0 ? find_cert(s, text) : NULL;
	if (!c)
		return false;
	*der = span_make(c->bytes + c->text_n, c->der_n);
	*field = span_make(c->bytes + c->text_n + c->der_n, c->field_n);
	*sha256 = c->sha256;
	return true;
}

void snapshot_remember(struct snapshot *s, struct span text, struct span der, struct span field,
		       const struct sha256 *sha256)
{
	if (text.n > CERT_REMEMBERED_BYTES || field.n == 0 ||
	    __atomic_load_n(&s->n_certs, __ATOMIC_RELAXED) >= CERTS_REMEMBERED_MAX)
		return;
	struct seen_cert *c = malloc(sizeof(*c) + text.n + der.n + field.n);
	if (!c)
		return;
	*c = (struct seen_cert){
	    .text_n = text.n, .der_n = der.n, .field_n = field.n, .sha256 = *sha256};
	memcpy(c->bytes, text.p, text.n);
	memcpy(c->bytes + text.n, der.p, der.n);
	memcpy(c->bytes + text.n + der.n, field.p, field.n);
	struct seen_cert **bucket = &s->certs[bucket_of_text(text)];
	(void)pthread_mutex_lock(&s->mutex);
	if (s->n_certs < CERTS_REMEMBERED_MAX && !find_cert(s, text)) {
		c->next = *bucket;
		__atomic_store_n(bucket, c, __ATOMIC_RELEASE);
		(void)__atomic_add_fetch(&s->n_certs, 1, __ATOMIC_RELAXED);
		c = NULL;
	}
	(void)pthread_mutex_unlock(&s->mutex);
	free(c);
}

/* --- chains --- */

static cg_rc load_trust(struct resolver *r, struct snapshot *s, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	(void)pthread_mutex_lock(&s->trust_mutex);
	if (!s->trust_loaded) {
		arena_clear(&s->trust_arena);
		rc = trust_load(r->store, &s->trust_arena, &s->trust, err);
		s->trust_loaded = rc == CG_OK;
	}
	(void)pthread_mutex_unlock(&s->trust_mutex);
	return rc;
}

static struct chained *find_chain(struct snapshot *s, const Cg__Api *api, const struct sha256 *leaf)
{
	size_t at = ((unsigned)leaf->b[0] << 8 | leaf->b[1]) % BUCKETS;
	for (struct chained *c = s->chains[at]; c; c = c->next)
		if (c->api == api && memcmp(c->leaf.b, leaf->b, SHA256_BYTES) == 0)
			return c;
	return NULL;
}

static bool holds(const struct cert_chain *chain, int64_t now)
{
	return chain->fault == CERT_CHAIN_GOOD && now >= chain->from && now <= chain->until;
}

/* One that no clock changes, for the same certificates beside it. */
static bool is_same_refusal(const struct chained *c, const struct sha256 *passed)
{
	return (c->chain.fault == CERT_CHAIN_NO_ISSUER || c->chain.fault == CERT_CHAIN_BROKEN) &&
	       memcmp(c->passed.b, passed->b, SHA256_BYTES) == 0;
}

/* A copy of what is remembered. */
static bool recall(struct snapshot *s, const struct chained *what, struct chained *out)
{
	(void)pthread_mutex_lock(&s->mutex);
	const struct chained *c = find_chain(s, what->api, &what->leaf);
	if (c)
		*out = *c;
	(void)pthread_mutex_unlock(&s->mutex);
	return c != NULL;
}

static void keep_chain(struct snapshot *s, const struct chained *what, int64_t now)
{
	size_t at = ((unsigned)what->leaf.b[0] << 8 | what->leaf.b[1]) % BUCKETS;
	(void)pthread_mutex_lock(&s->mutex);
	struct chained *c = find_chain(s, what->api, &what->leaf);
	if (c) {
		/* Another thread may have found a good one meanwhile. */
		if (!holds(&c->chain, now)) {
			c->passed = what->passed;
			c->chain = what->chain;
		}
	} else if (s->n_chains < GRANTS_CACHED_MAX && (c = malloc(sizeof(*c)))) {
		*c = *what;
		c->next = s->chains[at];
		s->chains[at] = c;
		s->n_chains++;
	}
	(void)pthread_mutex_unlock(&s->mutex);
}

/* One digest of all that came beside the certificate. */
static cg_rc digest_passed(const struct web_request *req, struct arena *arena, struct sha256 *out)
{
	size_t n = 0;
	for (size_t i = 0; i < req->n_client_chain; i++)
		n += req->client_chain[i].n + 1;
	char *all = arena_alloc(arena, n + 1), *p = all;
	if (!all)
		return CG_FAIL;
	for (size_t i = 0; i < req->n_client_chain; i++) {
		memcpy(p, req->client_chain[i].p, req->client_chain[i].n);
		p += req->client_chain[i].n;
		*p++ = '\0';
	}
	return sha256_of(span_make(all, n), out);
}

cg_rc snapshot_chain(struct resolver *r, struct snapshot *s, struct exchange *x,
		     struct cert_chain *out, struct cg_err *err)
{
	const struct web_request *req = x->req;
	int64_t now = req->received_unix_s;
	struct chained what = {.api = x->route->api, .leaf = x->facts.sha256}, before;
	bool known = recall(s, &what, &before);
	if (known && holds(&before.chain, now)) {
		*out = before.chain;
		return CG_OK;
	}
	if (digest_passed(req, x->arena, &what.passed) != CG_OK)
		return cg_fail_memory(err);
	if (known && is_same_refusal(&before, &what.passed)) {
		*out = before.chain;
		return CG_OK;
	}
	const struct trust_question q = {.auth = x->route->api->auth,
					 .leaf = x->cert_der,
					 .passed = req->client_chain,
					 .n_passed = req->n_client_chain,
					 .seen = r->seen};
	cg_rc rc = load_trust(r, s, err);
	if (rc == CG_OK)
		rc = trust_judge(r->store, &s->trust, &q, now, x->arena, &what.chain, err);
	if (rc != CG_OK)
		return rc;
	keep_chain(s, &what, now);
	*out = what.chain;
	return CG_OK;
}
