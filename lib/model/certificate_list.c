#include "base/base.h"
#include "model/certificate_in.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"

#define LIST_SCAN 2000
#define SHA1_HEX  40

/* What is searched for; folded: in any letter case; q_hex: as the digits of a fingerprint or of the
 * start of one. */
struct wanted {
	struct span q, folded, q_hex;
};

struct listing {
	struct arena *arena, one; /* of the page; of a record that a search looks at */
	struct wanted wanted;
	size_t limit, scanned;
	char at[SHA256_HEX + 1]; /* id of the last looked at, "" at the start */
	bool more;
	struct certificate_page *page;
	struct store_txn *txn;
};

/* Whether the fingerprint, which is the id, is what was looked for, in hex or as x5t#S256. */
static bool is_fingerprint(const struct wanted *l, struct span id)
{
	char x5t[SHA256_X5T + 1];
	struct sha256 digest;
	if (l->q_hex.n > 0 && span_starts(id, l->q_hex))
		return true;
	if (l->q.n < SHA256_START_MIN || !hex_parse(id, digest.b, SHA256_BYTES))
		return false;
	x5t_format(&digest, x5t);
	return span_starts(span_of(x5t), l->q);
}

static bool matches(const struct wanted *l, const Cg__Certificate *c)
{
	if (text_holds(c->subject, l->folded) || text_holds(c->issuer, l->folded))
		return true;
	for (size_t i = 0; i < c->n_names; i++)
		if (text_holds(c->names[i], l->folded))
			return true;
	return false;
}

static cg_rc take(struct listing *l, struct span value, struct cg_err *err)
{
	struct certificate_use *use = &l->page->items[l->page->n];
	cg_rc rc =
	    record_unpack(&cg__certificate__descriptor, value, l->arena, &use->certificate, err);
	if (rc == CG_OK)
		rc = certificate_users_in(l->txn, use->certificate, l->arena, use, err);
	l->page->n += rc == CG_OK;
	return rc;
}

static cg_rc move_on(struct listing *l, struct span id)
{
	(void)snprintf(l->at, sizeof(l->at), "%.*s", (int)id.n, id.p);
	return ++l->scanned % LIST_SCAN == 0 ? CG_NOT_FOUND : CG_OK;
}

static cg_rc visit(struct span index_key, struct span key, struct span value, void *arg,
		   struct cg_err *err)
{
	struct listing *l = arg;
	(void)index_key;
	if (l->page->n == l->limit) {
		l->more = true;
		return CG_NOT_FOUND;
	}
	cg_rc rc = take(l, value, err);
	return rc == CG_OK ? move_on(l, key) : rc;
}

/* Whether the text of the index promises that the certificate fits.  Of the id, with which it
 * begins, a part is no match, unless it is the start. */
static bool may_fit(const struct wanted *w, struct span text, struct span id)
{
	return is_fingerprint(w, id) || bytes_hold(span_from(text, id.n + 1), w->folded);
}

/* CG_NOT_FOUND once the page is full.  Into the page's memory goes only what fits. */
static cg_rc take_found(struct listing *l, struct span id, struct cg_err *err)
{
	struct span bytes;
	Cg__Certificate *c = NULL;
	arena_clear(&l->one);
	cg_rc rc = store_get(l->txn, STORE_CERTIFICATE, id, &l->one, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__certificate__descriptor, bytes, &l->one, &c, err);
	if (rc != CG_OK || (!is_fingerprint(&l->wanted, id) && !matches(&l->wanted, c)))
		return rc;
	l->more = l->page->n == l->limit;
	return l->more ? CG_NOT_FOUND : take(l, bytes, err);
}

/* Over texts alone, in the order of ids; records are read where the text fits. */
static cg_rc search_visit(struct span text, struct span id, struct span nothing, void *arg,
			  struct cg_err *err)
{
	struct listing *l = arg;
	(void)nothing;
	cg_rc rc = may_fit(&l->wanted, text, id) ? take_found(l, id, err) : CG_OK;
	return rc == CG_OK ? move_on(l, id) : rc;
}

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	char start[sizeof(l->at) + 2];
	/* The text begins with the id. */
	(void)snprintf(start, sizeof(start), "%s%s", l->at,
		       l->wanted.q.n > 0 && *l->at ? "\v" : "");
	struct store_walk walk = {.table = STORE_CERTIFICATE, .after_key = span_of(start)};
	struct store_walk texts = {.by_index = true,
				   .bare = true,
				   .index = STORE_CERTIFICATE_BY_TEXT,
				   .index_key = span_of(start)};
	l->txn = txn;
	return l->wanted.q.n > 0 ? store_walk(txn, &texts, search_visit, l, err)
				 : store_walk(txn, &walk, visit, l, err);
}

static cg_rc read_wanted(struct span q, struct arena *arena, struct wanted *out,
			 const char **notice, struct cg_err *err)
{
	const char *folded = text_fold(q, arena);
	char *hex = arena_alloc(arena, SHA256_HEX + 1);
	if (!folded || !hex)
		return cg_fail_memory(err);
	size_t n_digits = sha256_start(q, hex);
	*out = (struct wanted){.q = q, .folded = span_of(folded), .q_hex = span_of(hex)};
	*notice = n_digits == SHA1_HEX
		      ? "This looks like a SHA-1 fingerprint. Certificates are found "
			"by their SHA-256 fingerprint: openssl x509 -in cert.pem "
			"-noout -fingerprint -sha256"
		      : NULL;
	return CG_OK;
}

cg_rc certificate_list(struct store *store, struct span cursor, size_t limit, struct span q,
		       struct arena *arena, struct certificate_page *out, struct cg_err *err)
{
	struct certificate_page page = {.items = arena_alloc(arena, limit * sizeof(*page.items))};
	struct listing l = {.arena = arena, .limit = limit, .page = &page};
	size_t before;
	cg_rc rc =
	    page.items ? read_wanted(q, arena, &l.wanted, &page.notice, err) : cg_fail_memory(err);
	if (rc != CG_OK)
		return rc;
	if (cursor.n > 0) {
		uint8_t digest[SHA256_BYTES];
		if (!hex_parse(cursor, digest, sizeof(digest)))
			return cg_fail_field(err, "cursor", "is not one that a list gave");
		hex_format(digest, sizeof(digest), l.at);
	}
	arena_init(&l.one, RECORD_ARENA_MAX);
	do {
		before = l.scanned;
		rc = store_read(store, list_txn, &l, err);
	} while (rc == CG_OK && !l.more && l.scanned != before && l.scanned % LIST_SCAN == 0);
	arena_release(&l.one);
	if (rc != CG_OK)
		return rc;
	if (l.more)
		page.next = page.items[page.n - 1].certificate->id;
	*out = page;
	return CG_OK;
}

struct digests {
	struct wanted wanted;
	struct sha256 *items;
	size_t n, room;
};

static cg_rc note_digest(struct store_txn *txn, struct span text, struct span id, void *arg,
			 struct cg_err *err)
{
	struct digests *d = arg;
	(void)txn;
	if (!may_fit(&d->wanted, text, id))
		return CG_OK;
	if (d->n == d->room) {
		size_t room = d->room ? 2 * d->room : 64;
		struct sha256 *items = realloc(d->items, room * sizeof(*items));
		if (!items)
			return cg_fail_memory(err);
		d->items = items;
		d->room = room;
	}
	if (!hex_parse(id, d->items[d->n].b, SHA256_BYTES))
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store holds a damaged id.");
	d->n++;
	return CG_OK;
}

cg_rc certificate_search(struct store *store, struct span q, struct arena *arena,
			 struct sha256 **digests, size_t *n, const char **notice,
			 struct cg_err *err)
{
	struct digests d = {.n = 0};
	struct store_walk walk = {.index = STORE_CERTIFICATE_BY_TEXT};
	cg_rc rc = read_wanted(q, arena, &d.wanted, notice, err);
	if (rc == CG_OK)
		rc = store_scan(store, &walk, note_digest, &d, err);
	if (rc != CG_OK) {
		free(d.items);
		return rc;
	}
	*digests = d.items;
	*n = d.n;
	return CG_OK;
}

static cg_rc visit_kind(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	struct listing *l = arg;
	(void)index_key;
	(void)key;
	if (l->page->n == l->limit)
		return CG_NOT_FOUND;
	cg_rc rc = record_unpack(&cg__certificate__descriptor, value, l->arena,
				 &l->page->items[l->page->n].certificate, err);
	l->page->n += rc == CG_OK;
	return rc;
}

static cg_rc list_kind_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	struct store_walk walk = {.by_index = true,
				  .index = STORE_CERTIFICATE_BY_KIND,
				  .only = true,
				  .index_key = l->wanted.q};
	l->page->n = 0;
	return store_walk(txn, &walk, visit_kind, l, err);
}

cg_rc certificate_list_kind(struct store *store, Cg__Certificate__Kind kind, size_t limit,
			    struct arena *arena, struct certificate_page *out, struct cg_err *err)
{
	struct certificate_page page = {.items = arena_alloc(arena, limit * sizeof(*page.items))};
	struct listing l = {.arena = arena,
			    .wanted.q = kind == CG__CERTIFICATE__KIND__CA ? SPAN_LIT("ca")
									  : SPAN_LIT("upstream"),
			    .limit = limit,
			    .page = &page};
	if (!page.items)
		return cg_fail_memory(err);
	cg_rc rc = store_read(store, list_kind_txn, &l, err);
	if (rc == CG_OK)
		*out = page;
	return rc;
}
