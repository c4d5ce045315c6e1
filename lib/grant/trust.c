#include "base/base.h"
#include "grant/trust.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "cert/cert.h"
#include "model/exposed_key.h"
#include <pthread.h>

struct load {
	struct arena *arena;
	struct store_txn *txn;
	struct trust trust;
	size_t room;
};

/* *blocked: the public key is.  A store that cannot say is an error. */
static cg_rc look_up(struct store_txn *txn, const struct sha256 *spki, struct arena *arena,
		     bool *blocked, struct cg_err *err)
{
	struct cg_err why = {0};
	cg_rc rc = exposed_key_check_in(txn, span_make(spki->b, SHA256_BYTES), arena, &why);
	*blocked = rc == CG_CLASH;
	if (rc == CG_OK || rc == CG_CLASH)
		return CG_OK;
	if (err)
		*err = why;
	return rc;
}

static cg_rc load_crl(struct load *l, const char *id, struct cert_ca *ca, struct cg_err *err)
{
	struct span bytes;
	Cg__Crl *record;
	struct cg_err ignored = {0};
	cg_rc rc = store_get(l->txn, STORE_CRL, span_of(id), l->arena, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK;
	if (rc == CG_OK)
		rc = record_unpack(&cg__crl__descriptor, bytes, l->arena, &record, err);
	if (rc != CG_OK)
		return rc;
	ca->crl = arena_alloc(l->arena, sizeof(*ca->crl));
	if (!ca->crl)
		return cg_fail_memory(err);
	if (record->held) {
		*ca->crl = (struct cert_crl){.this_update = INT64_MAX};
	} else if (crl_parse(span_make(record->der.data, record->der.len), ca->crl, &ignored) !=
		   CG_OK) {
		/* It was read when it was given, so this is damage: a list that speaks for no time
		 * lets nobody of this CA in, and everybody else. */
		log_error("crl_unusable", "ca", id, LOG_END);
		*ca->crl = (struct cert_crl){.this_update = INT64_MAX};
	}
	return CG_OK;
}

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct load *l = arg;
	Cg__Certificate *c;
	(void)index_key;
	(void)key;
	struct cert_ca *cas =
	    arena_grow(l->arena, l->trust.cas, l->trust.n, &l->room, sizeof(*cas));
	if (!cas)
		return cg_fail_memory(err);
	l->trust.cas = cas;
	struct cert_ca *ca = &l->trust.cas[l->trust.n];
	bool blocked = false;
	cg_rc rc = record_unpack(&cg__certificate__descriptor, value, l->arena, &c, err);
	if (rc != CG_OK)
		return rc;
	/* It was looked at when it was registered, so this is damage.  Without it its revocation
	 * list would count for nobody, and a client can send the same certificate along. */
	if (!cert_ca_read(span_make(c->der.data, c->der.len), ca))
		return cg_fail(err, CG_UNAVAILABLE,
			       "The CA certificate %.64s in the store is damaged: remove it, and "
			       "register it anew.",
			       c->id);
	rc = look_up(l->txn, &ca->spki_sha256, l->arena, &blocked, err);
	if (rc == CG_OK && !blocked)
		rc = load_crl(l, c->id, ca, err);
	if (rc == CG_OK && !blocked)
		l->trust.n++;
	return rc;
}

static cg_rc load_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct load *l = arg;
	struct store_walk walk = {.by_index = true,
				  .index = STORE_CERTIFICATE_BY_KIND,
				  .only = true,
				  .index_key = SPAN_LIT("ca")};
	l->txn = txn;
	l->trust.n = 0;
	return store_walk(txn, &walk, visit, l, err);
}

cg_rc trust_load(struct store *store, struct arena *arena, struct trust *out, struct cg_err *err)
{
	struct load l = {.arena = arena};
	cg_rc rc = store_read(store, load_txn, &l, err);
	if (rc == CG_OK)
		*out = l.trust;
	return rc;
}

/* --- one certificate --- */

struct trust_seen {
	pthread_mutex_t mutex;
	struct seen_ca {
		char *der;
		size_t n;
	} cas[CERT_CHAIN_SEEN_MAX];
	size_t next; /* the place that is taken next */
};

struct trust_seen *trust_seen_new(void)
{
	struct trust_seen *s = calloc(1, sizeof(*s));
	if (s)
		(void)pthread_mutex_init(&s->mutex, NULL);
	return s;
}

void trust_seen_free(struct trust_seen **seen)
{
	struct trust_seen *s = *seen;
	if (!s)
		return;
	for (size_t i = 0; i < CERT_CHAIN_SEEN_MAX; i++)
		free(s->cas[i].der);
	(void)pthread_mutex_destroy(&s->mutex);
	free(s);
	*seen = NULL;
}

static void remember(struct trust_seen *s, struct span der)
{
	bool known = false;
	(void)pthread_mutex_lock(&s->mutex);
	for (size_t i = 0; i < CERT_CHAIN_SEEN_MAX; i++)
		known =
		    known || (s->cas[i].der && span_is(span_make(s->cas[i].der, s->cas[i].n), der));
	char *copy = known ? NULL : malloc(der.n);
	if (copy) {
		struct seen_ca *place = &s->cas[s->next++ % CERT_CHAIN_SEEN_MAX];
		memcpy(copy, der.p, der.n);
		free(place->der);
		*place = (struct seen_ca){copy, der.n};
	}
	(void)pthread_mutex_unlock(&s->mutex);
}

/* What may stand in the chain besides what is registered. */
struct passed {
	struct arena *arena;
	struct cert_ca cas[CERT_CHAIN_PASSED_MAX + CERT_CHAIN_SEEN_MAX];
	size_t n;
};

/* What is no certificate of a CA cannot stand in a chain. */
static void read_passed(const struct trust_question *q, struct passed *p)
{
	for (size_t i = 0; i < q->n_passed && i < CERT_CHAIN_PASSED_MAX; i++) {
		struct span der;
		struct sha256 ignored;
		if (cert_from_server(q->passed[i], p->arena, &der, &ignored) == CERT_SEEN_ONE &&
		    cert_ca_read(der, &p->cas[p->n]))
			p->n++;
	}
}

static void read_seen(struct trust_seen *s, struct passed *p)
{
	(void)pthread_mutex_lock(&s->mutex);
	for (size_t i = 0; i < CERT_CHAIN_SEEN_MAX && s->cas[i].der; i++) {
		size_t n = s->cas[i].n;
		const char *der = arena_copy(p->arena, span_make(s->cas[i].der, n));
		if (der && cert_ca_read(span_make(der, n), &p->cas[p->n]))
			p->n++;
	}
	(void)pthread_mutex_unlock(&s->mutex);
}

/* Leaves out those whose key is blocked. */
static cg_rc drop_blocked(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct passed *p = arg;
	size_t kept = 0;
	bool blocked[CG_COUNT(p->cas)];
	for (size_t i = 0; i < p->n; i++) {
		cg_rc rc = look_up(txn, &p->cas[i].spki_sha256, p->arena, &blocked[i], err);
		if (rc != CG_OK)
			return rc;
	}
	for (size_t i = 0; i < p->n; i++)
		if (!blocked[i])
			p->cas[kept++] = p->cas[i];
	p->n = kept;
	return CG_OK;
}

static bool is_trusted(const Cg__ApiAuth *auth, const struct cert_ca *ca)
{
	for (size_t i = 0; i < auth->n_ca_certificates; i++)
		if (span_is(span_make(auth->ca_certificates[i].data, auth->ca_certificates[i].len),
			    span_make(ca->sha256.b, SHA256_BYTES)))
			return true;
	return false;
}

/* One that an administrator can remove is not remembered beyond that. */
static bool is_registered(const struct trust *trust, const struct cert_ca *ca)
{
	for (size_t i = 0; i < trust->n; i++)
		if (ca == &trust->cas[i])
			return true;
	return false;
}

cg_rc trust_judge(struct store *store, const struct trust *trust, const struct trust_question *q,
		  int64_t now, struct arena *arena, struct cert_chain *out, struct cg_err *err)
{
	struct passed passed = {.arena = arena};
	struct cert_chain_path path = {.n = 0};
	*out = (struct cert_chain){.fault = CERT_CHAIN_NOT_LOOKED_AT};
	if (q->auth->trust != CG__API_AUTH__TRUST__CA)
		return CG_OK;
	read_passed(q, &passed);
	if (q->seen)
		read_seen(q->seen, &passed);
	cg_rc rc = passed.n > 0 ? store_read(store, drop_blocked, &passed, err) : CG_OK;
	const struct cert_ca **anchors =
	    arena_alloc(arena, (2 * trust->n + passed.n + 1) * sizeof(void *));
	const struct cert_ca **between = anchors ? anchors + trust->n : NULL;
	if (rc != CG_OK || !between || arena->failed)
		return rc != CG_OK ? rc : cg_fail_memory(err);
	struct cert_chain_query query = {.leaf = q->leaf,
					 .anchors = anchors,
					 .between = between,
					 .lists = trust->cas,
					 .n_lists = trust->n};
	for (size_t i = 0; i < trust->n; i++) {
		if (is_trusted(q->auth, &trust->cas[i]))
			anchors[query.n_anchors++] = &trust->cas[i];
		between[query.n_between++] = &trust->cas[i];
	}
	/* Behind the registered ones: the client chooses them. */
	for (size_t i = 0; i < passed.n; i++)
		between[query.n_between++] = &passed.cas[i];
	rc = cert_chain_verify(&query, now, out, &path, err);
	for (size_t i = 0; rc == CG_OK && q->seen && i < path.n; i++)
		if (!is_registered(trust, path.items[i]))
			remember(q->seen, path.items[i]->der);
	return rc;
}
