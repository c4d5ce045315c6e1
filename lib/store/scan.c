/* Walks over an index alone, in several short stays. */
#include "base/base.h"
#include "base/limits.h"
#include "store/store.h"

#define SCAN_STAY 5000 /* entries of an index looked at in one stay */
#define TEXT_MAX  8192 /* of an index key, bytes */

struct scan {
	const struct store_walk *walk;
	store_scan_fn visit;
	void *arg;
	struct store_txn *txn;
	char text[TEXT_MAX], id[ID_MAX_BYTES]; /* the last entry looked at */
	size_t text_n, id_n, looked;
};

static cg_rc visit_one(struct span text, struct span id, struct span nothing, void *arg,
		       struct cg_err *err)
{
	struct scan *s = arg;
	(void)nothing;
	cg_rc rc = s->visit(s->txn, text, id, s->arg, err);
	if (rc == CG_OK && (text.n > sizeof(s->text) || id.n > sizeof(s->id)))
		rc = cg_fail(err, CG_UNAVAILABLE, "An index of the store holds a damaged entry.");
	if (rc != CG_OK)
		return rc;
	memcpy(s->text, text.p, text.n);
	memcpy(s->id, id.p, id.n);
	s->text_n = text.n;
	s->id_n = id.n;
	return ++s->looked % SCAN_STAY == 0 ? CG_NOT_FOUND : CG_OK;
}

static cg_rc stay(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct scan *s = arg;
	/* What the walk starts at must stay while the place moves on. */
	struct scan start = *s;
	struct store_walk walk = *s->walk;
	walk.by_index = walk.bare = true;
	if (s->looked > 0) {
		walk.index_key = span_make(start.text, start.text_n);
		walk.after_key = span_make(start.id, start.id_n);
	}
	s->txn = txn;
	return store_walk(txn, &walk, visit_one, s, err);
}

cg_rc store_scan(struct store *store, const struct store_walk *walk, store_scan_fn visit, void *arg,
		 struct cg_err *err)
{
	struct scan s = {.walk = walk, .visit = visit, .arg = arg};
	size_t before;
	cg_rc rc;
	/* An entry at which visit ends the walk is not counted. */
	do {
		before = s.looked;
		rc = store_read(store, stay, &s, err);
	} while (rc == CG_OK && s.looked != before && s.looked % SCAN_STAY == 0);
	return rc;
}

struct seeing {
	enum store_table table;
	store_see_fn see;
	void *arg;
	struct arena one;
};

static cg_rc see_one(struct store_txn *txn, struct span index_key, struct span id, void *arg,
		     struct cg_err *err)
{
	struct seeing *s = arg;
	void *message;
	(void)index_key;
	arena_clear(&s->one);
	cg_rc rc = store_load_indexed(txn, s->table, id, &s->one, &message, err);
	return rc == CG_OK ? s->see(txn, message, s->arg, &s->one, err) : rc;
}

cg_rc store_scan_records(struct store *store, const struct store_walk *walk, store_see_fn see,
			 void *arg, struct cg_err *err)
{
	struct seeing s = {.table = store_index_table(walk->index), .see = see, .arg = arg};
	arena_init(&s.one, RECORD_ARENA_MAX);
	cg_rc rc = store_scan(store, walk, see_one, &s, err);
	arena_release(&s.one);
	return rc;
}
