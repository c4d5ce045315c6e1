#include "base/base.h"
#include "model/audit.h"
#include "base/clock.h"
#include "base/keyfile.h"
#include "base/limits.h"
#include "base/text.h"
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <syslog.h>

#define KEY_FILE "audit.key"

/* An entry that was chained, on its way to syslog after the commit. */
struct note {
	uint64_t number;
	char hmac[SHA256_HEX + 1];
};

/* The HMAC of an entry as it is, but for its own hmac member. */
static cg_rc hmac_of(const uint8_t key[KEYFILE_BYTES], const Cg__AuditEntry *entry,
		     struct arena *arena, struct sha256 *out, struct cg_err *err)
{
	Cg__AuditEntry bare = *entry;
	struct span bytes;
	bare.has_hmac = false;
	cg_rc rc = record_pack(&bare, arena, &bytes, err);
	if (rc == CG_OK &&
	    gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, KEYFILE_BYTES, bytes.p, bytes.n, out->b) < 0)
		rc = cg_fail_memory(err);
	return rc;
}

/* Fills previous and hmac.  The spans live in the arena. */
static cg_rc chain(const uint8_t key[KEYFILE_BYTES], Cg__AuditEntry *entry, struct span previous,
		   struct arena *arena, struct cg_err *err)
{
	struct sha256 *hmac = arena_alloc(arena, sizeof(*hmac));
	if (!hmac)
		return cg_fail_memory(err);
	entry->has_previous = true;
	entry->previous = (ProtobufCBinaryData){previous.n, (uint8_t *)(uintptr_t)previous.p};
	cg_rc rc = hmac_of(key, entry, arena, hmac, err);
	entry->has_hmac = true;
	entry->hmac = (ProtobufCBinaryData){SHA256_BYTES, hmac->b};
	return rc;
}

static cg_rc put(struct store_txn *txn, const Cg__AuditEntry *entry, bool is_new,
		 struct arena *arena, struct cg_err *err)
{
	struct span bytes;
	char number[STORE_NUMBER_BYTES];
	struct span key = span_make(number, sizeof(number));
	store_number_write(entry->number, number);
	cg_rc rc = record_pack(entry, arena, &bytes, err);
	if (rc == CG_OK)
		rc = is_new ? store_add(txn, STORE_AUDIT, key, bytes, err)
			    : store_put(txn, STORE_AUDIT, key, bytes, err);
	return rc;
}

static void tell(void *arg)
{
	const struct note *note = arg;
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "certgate audit head %" PRIu64 ":%s", note->number,
	       note->hmac);
}

static cg_rc load_last(struct store_txn *txn, struct arena *arena, Cg__AuditEntry **out,
		       struct cg_err *err)
{
	struct span key, bytes;
	cg_rc rc = store_last(txn, STORE_AUDIT, arena, &key, err);
	if (rc == CG_OK)
		rc = store_get(txn, STORE_AUDIT, key, arena, &bytes, err);
	return rc == CG_OK ? record_unpack(&cg__audit_entry__descriptor, bytes, arena, out, err)
			   : rc;
}

cg_rc audit_last_number(struct store_txn *txn, struct arena *arena, uint64_t *out,
			struct cg_err *err)
{
	struct span key;
	cg_rc rc = store_last(txn, STORE_AUDIT, arena, &key, err);
	*out = rc == CG_OK ? store_number_read(key) : 0;
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}

/* protobuf-c wants pointers to char; nothing is written through them. */
static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

cg_rc audit_add(struct store_txn *txn, const struct actor *actor, const char *action,
		const char *subject_id, const char *subject_name, const json_t *changes,
		struct arena *arena, struct cg_err *err)
{
	uint8_t key[KEYFILE_BYTES];
	Cg__AuditEntry *last = NULL;
	Cg__AuditEntry entry = CG__AUDIT_ENTRY__INIT;
	struct note *note = arena_alloc(arena, sizeof(*note));
	if (!note)
		return cg_fail_memory(err);
	cg_rc rc = load_last(txn, arena, &last, err);
	if (rc != CG_OK && rc != CG_NOT_FOUND)
		return rc;
	char *dump = changes ? json_dumps(changes, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (changes && !dump)
		return cg_fail_memory(err);
	entry.number = last ? last->number + 1 : 1;
	entry.has_at = true;
	entry.at = clock_unix_s();
	entry.actor = text(actor->name);
	entry.actor_id = text(actor->id);
	entry.from_address = text(actor->from_address);
	entry.request_id = text(actor->request_id);
	entry.action = text(action);
	entry.subject_id = text(subject_id);
	entry.subject_name = text(subject_name);
	entry.changes = dump;
	struct span previous = {NULL, 0};
	if (last && last->has_hmac)
		previous = span_make(last->hmac.data, last->hmac.len);
	rc = keyfile_load(store_txn_home(txn), KEY_FILE, key, err);
	if (rc == CG_OK)
		rc = chain(key, &entry, previous, arena, err);
	if (rc == CG_OK)
		rc = put(txn, &entry, true, arena, err);
	gnutls_memset(key, 0, sizeof(key));
	free(dump);
	if (rc != CG_OK)
		return rc;
	note->number = entry.number;
	hex_format(entry.hmac.data, SHA256_BYTES, note->hmac);
	store_after_commit(txn, tell, note);
	return CG_OK;
}

/* --- the whole chain --- */

struct checking {
	uint8_t key[KEYFILE_BYTES];
	const struct audit_head *expected;
	struct audit_head head;
	bool met_expected;
};

static cg_rc check_entry(struct checking *c, const Cg__AuditEntry *entry, struct arena *arena,
			 struct cg_err *err)
{
	struct sha256 hmac;
	struct span before = span_make(c->head.hmac.b, c->head.number > 0 ? SHA256_BYTES : 0);
	if (entry->number != c->head.number + 1)
		return cg_fail(err, CG_BAD_VALUE,
			       "The audit entry %" PRIu64 " is missing: the next one is %" PRIu64
			       ".",
			       c->head.number + 1, entry->number);
	cg_rc rc = hmac_of(c->key, entry, arena, &hmac, err);
	if (rc != CG_OK)
		return rc;
	if (!entry->has_hmac || !same_secret(span_make(entry->hmac.data, entry->hmac.len),
					     span_make(hmac.b, SHA256_BYTES)))
		return cg_fail_code(err, CG_BAD_VALUE, entry->number == 1 ? AUDIT_OTHER_HOST : NULL,
				    "The audit entry %" PRIu64
				    " was changed, or written with another "
				    "host's key.",
				    entry->number);
	if (!span_is(span_make(entry->previous.data, entry->previous.len), before))
		return cg_fail(err, CG_BAD_VALUE,
			       "The audit entry %" PRIu64 " does not follow the one before it.",
			       entry->number);
	c->head.number = entry->number;
	c->head.hmac = hmac;
	if (c->expected && c->expected->number == entry->number)
		c->met_expected = memcmp(c->expected->hmac.b, hmac.b, SHA256_BYTES) == 0;
	return CG_OK;
}

static cg_rc check_visit(struct span index_key, struct span key, struct span value, void *arg,
			 struct cg_err *err)
{
	struct arena arena;
	Cg__AuditEntry *entry;
	(void)index_key;
	(void)key;
	arena_init(&arena, (size_t)4 * 1024 * 1024);
	cg_rc rc = record_unpack(&cg__audit_entry__descriptor, value, &arena, &entry, err);
	if (rc == CG_OK)
		rc = check_entry(arg, entry, &arena, err);
	arena_release(&arena);
	return rc;
}

cg_rc audit_check(struct store_txn *txn, const struct home *keys, const struct audit_head *expected,
		  struct audit_head *out, struct cg_err *err)
{
	struct checking c = {.expected = expected};
	struct store_walk all = {.table = STORE_AUDIT};
	cg_rc rc = keyfile_load(keys, KEY_FILE, c.key, err);
	if (rc == CG_OK)
		rc = store_walk(txn, &all, check_visit, &c, err);
	gnutls_memset(c.key, 0, sizeof(c.key));
	if (rc == CG_OK)
		*out = c.head;
	if (rc == CG_OK && expected && expected->number > 0 && !c.met_expected)
		rc = cg_fail(err, CG_BAD_VALUE,
			     "The audit's end was cut or replaced: its entry %" PRIu64
			     " is not the one that was noted.",
			     expected->number);
	return rc;
}

struct chaining {
	struct store_txn *txn;
	struct arena *arena;
	struct span previous, after;
	Cg__AuditEntry *entry;
};

static cg_rc take_first(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	struct chaining *c = arg;
	(void)index_key;
	(void)key;
	cg_rc rc = record_unpack(&cg__audit_entry__descriptor, value, c->arena, &c->entry, err);
	return rc == CG_OK ? CG_NOT_FOUND : rc;
}

cg_rc audit_chain_all(struct store_txn *txn, struct arena *arena, struct cg_err *err)
{
	uint8_t key[KEYFILE_BYTES];
	char number[STORE_NUMBER_BYTES];
	struct chaining c = {.txn = txn, .arena = arena};
	cg_rc rc = keyfile_load(store_txn_home(txn), KEY_FILE, key, err);
	while (rc == CG_OK) {
		struct store_walk walk = {.table = STORE_AUDIT, .after_key = c.after};
		c.entry = NULL;
		rc = store_walk(txn, &walk, take_first, &c, err);
		if (rc != CG_OK || !c.entry)
			break;
		rc = chain(key, c.entry, c.previous, arena, err);
		if (rc == CG_OK)
			rc = put(txn, c.entry, false, arena, err);
		c.previous = span_make(c.entry->hmac.data, c.entry->hmac.len);
		store_number_write(c.entry->number, number);
		c.after = span_make(number, sizeof(number));
	}
	gnutls_memset(key, 0, sizeof(key));
	return rc;
}

/* --- lists --- */

#define LIST_SCAN 500

struct walking {
	struct span topic;
	uint64_t after;
	audit_visit_fn visit;
	void *arg;
	size_t seen;
	bool ended;
	struct arena arena; /* emptied for each entry */
};

static cg_rc walk_visit(struct span index_key, struct span key, struct span value, void *arg,
			struct cg_err *err)
{
	struct walking *w = arg;
	Cg__AuditEntry *entry;
	(void)index_key;
	arena_clear(&w->arena);
	cg_rc rc = record_unpack(&cg__audit_entry__descriptor, value, &w->arena, &entry, err);
	if (rc == CG_OK)
		rc = w->visit(entry, w->arg, err);
	w->ended = rc != CG_OK;
	w->after = store_number_read(key);
	return rc == CG_OK && ++w->seen % LIST_SCAN == 0 ? CG_NOT_FOUND : rc;
}

static cg_rc walk_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct walking *w = arg;
	char after[STORE_NUMBER_BYTES];
	store_number_write(w->after, after);
	struct store_walk walk = {.by_index = true,
				  .index = STORE_AUDIT_BY_TOPIC,
				  .only = true,
				  .index_key = w->topic,
				  .after_key = span_make(after, sizeof(after))};
	return store_walk(txn, &walk, walk_visit, w, err);
}

cg_rc audit_walk(struct store *store, const char *topic, uint64_t after, audit_visit_fn visit,
		 void *arg, struct cg_err *err)
{
	struct walking w = {.topic = span_of(topic), .after = after, .visit = visit, .arg = arg};
	size_t before;
	cg_rc rc;
	arena_init(&w.arena, RECORD_ARENA_MAX);
	do {
		before = w.seen;
		rc = store_read(store, walk_txn, &w, err);
	} while (rc == CG_OK && !w.ended && w.seen != before && w.seen % LIST_SCAN == 0);
	arena_release(&w.arena);
	return rc;
}

struct listing {
	uint64_t below;
	size_t limit;
	struct span folded; /* what is searched for */
	struct arena *arena, one;
	struct audit_page *page;
};

static bool matches(const Cg__AuditEntry *e, struct span folded)
{
	return folded.n == 0 || text_holds(e->action, folded) || text_holds(e->actor, folded) ||
	       text_holds(e->actor_id, folded) || text_holds(e->subject_id, folded) ||
	       text_holds(e->subject_name, folded) || text_holds(e->request_id, folded);
}

/* Into the page's memory goes only what fits: a search passes over any number. */
static cg_rc list_one(struct store_txn *txn, struct listing *l, uint64_t number, struct cg_err *err)
{
	struct span bytes;
	Cg__AuditEntry *entry = NULL;
	char key[STORE_NUMBER_BYTES];
	store_number_write(number, key);
	arena_clear(&l->one);
	cg_rc rc = store_get(txn, STORE_AUDIT, span_make(key, sizeof(key)), &l->one, &bytes, err);
	if (rc == CG_NOT_FOUND)
		return CG_OK; /* verify tells of it */
	if (rc == CG_OK)
		rc = record_unpack(&cg__audit_entry__descriptor, bytes, &l->one, &entry, err);
	if (rc != CG_OK || !matches(entry, l->folded))
		return rc;
	return record_unpack(&cg__audit_entry__descriptor, bytes, l->arena,
			     &l->page->items[l->page->n++], err);
}

static cg_rc list_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct listing *l = arg;
	cg_rc rc = CG_OK;
	if (l->below == 0) {
		rc = audit_last_number(txn, l->arena, &l->below, err);
		l->below++;
	}
	/* Numbers have no gaps, so they are counted down. */
	for (size_t i = 0; rc == CG_OK && i < LIST_SCAN && l->below > 1; i++) {
		if (l->page->n == l->limit)
			break;
		rc = list_one(txn, l, --l->below, err);
	}
	return rc;
}

/* Users, REST tokens and settings are read by owners alone, here as well. */
static void hide_changes(Cg__AuditEntry *entry)
{
	static const char *const kinds[] = {"user.", "token.", "settings."};
	for (size_t i = 0; entry->action && i < CG_COUNT(kinds); i++)
		if (strncmp(entry->action, kinds[i], strlen(kinds[i])) == 0)
			entry->changes = NULL;
}

cg_rc audit_list(struct store *store, const struct actor *actor, uint64_t below, size_t limit,
		 struct span q, struct arena *arena, struct audit_page *out, struct cg_err *err)
{
	struct audit_page page = {arena_alloc(arena, limit * sizeof(*page.items)), 0, 0};
	struct listing l = {.below = below, .limit = limit, .arena = arena, .page = &page};
	const char *folded = text_fold(q, arena);
	cg_rc rc;
	if (!page.items || !folded)
		return cg_fail_memory(err);
	l.folded = span_of(folded);
	arena_init(&l.one, RECORD_ARENA_MAX);
	do {
		rc = store_read(store, list_txn, &l, err);
	} while (rc == CG_OK && page.n < limit && l.below > 1);
	arena_release(&l.one);
	page.next = l.below > 1 ? l.below : 0;
	for (size_t i = 0; actor->role < CG__ROLE__OWNER && i < page.n; i++)
		hide_changes(page.items[i]);
	if (rc == CG_OK)
		*out = page;
	return rc;
}
