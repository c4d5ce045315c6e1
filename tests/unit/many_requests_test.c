/* Lists of requests and of an organisation's keys, of which there may be any number: in order, page
 * by page, each once, in the memory of a page. */
#include "many_world.h"
#include "model/developer.h"
#include "model/own_key.h"
#include "model/request.h"

static bool is_oldest(const Cg__KeyRequest *r, void *arg)
{
	(void)arg;
	return r->created_at == 0;
}

/* The newest of any number, whoever asked. */
static void test_newest_requests(void **state)
{
	static const char *const who[] = {"ada", "bob"};
	const struct request_query all = {.limit = REQUESTS_SHOWN_MAX};
	const struct request_query oldest = {.limit = REQUESTS_SHOWN_MAX, .fits = is_oldest};
	struct arena small;
	struct request_list list;
	Cg__Developer d = CG__DEVELOPER__INIT;
	Cg__KeyRequest r = CG__KEY_REQUEST__INIT;
	struct actor actor = boss;
	char id[32], name[] = "n", organisation[] = "o", email[32];
	const int n = REQUESTS_SHOWN_MAX + 4 * MANY;
	(void)state;
	d.name = name;
	d.email = email;
	d.organisation_id = organisation;
	for (size_t i = 0; i < CG_COUNT(who); i++) {
		d.id = (char *)(uintptr_t)who[i];
		(void)snprintf(email, sizeof(email), "%s@example.com", who[i]);
		add(STORE_DEVELOPER, who[i], &d);
	}
	r.id = id;
	r.name = name;
	r.catalogue_id = name;
	r.has_created_at = r.has_certificate = r.has_status = true;
	r.status = CG__KEY_REQUEST__STATUS__DECLINED;
	r.certificate = filler_bytes(4000);
	for (int i = 0; i < n; i++) {
		(void)snprintf(id, sizeof(id), "%05d", i * 11 % n);
		/* The newest are those of the one who comes last. */
		r.created_at = i;
		r.developer_id = (char *)(uintptr_t)who[i >= n - 10];
		add(STORE_REQUEST, id, &r);
	}
	arena_init(&small, (size_t)6 * 1024 * 1024);
	actor.developer = &d;
	for (size_t i = 0; i < 2; i++) {
		arena_clear(&small);
		assert_int_equal(
		    i == 0 ? request_list(store, STORE_REQUEST_BY_STATUS, "declined", &all, &small,
					  &list, NULL)
			   : request_list_of_organisation(store, &actor, &all, &small, &list, NULL),
		    CG_OK);
		assert_int_equal(list.n, REQUESTS_SHOWN_MAX);
		assert_non_null(list.next);
		for (size_t j = 0; j < list.n; j++)
			assert_int_equal(list.items[j]->created_at, n - 1 - (int)j);
	}
	assert_int_equal(
	    request_list(store, STORE_REQUEST_BY_DEVELOPER, "bob", &all, &small, &list, NULL),
	    CG_OK);
	assert_int_equal(list.n, 10);
	assert_null(list.next);
	/* The oldest of all, which no page of the newest has. */
	arena_clear(&small);
	assert_int_equal(request_list_of_organisation(store, &actor, &oldest, &small, &list, NULL),
			 CG_OK);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0]->created_at, 0);
	assert_null(list.next);
	arena_release(&small);
}

/* --- requests for keys --- */

static cg_rc requests_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	Cg__KeyRequest r = CG__KEY_REQUEST__INIT;
	const int64_t *first_at = arg;
	char id[ID_TEXT + 1];
	cg_rc rc = CG_OK;
	r.id = id;
	r.name = (char *)(uintptr_t)filler(2000);
	r.catalogue_id = (char *)(uintptr_t) "entry";
	r.developer_id = (char *)(uintptr_t) "developer";
	r.has_created_at = r.has_status = true;
	for (int i = 0; rc == CG_OK && i < MANY; i++) {
		r.created_at = *first_at + i;
		/* Ids do not tell the order. */
		(void)snprintf(id, sizeof(id), "%026" PRId64, (r.created_at * 7919) % 100003);
		r.status = i % 4 == 0 ? CG__KEY_REQUEST__STATUS__APPROVED
				      : CG__KEY_REQUEST__STATUS__PENDING;
		rc = entity_put_in(txn, &request_entity, &r, &arena, err);
	}
	return rc;
}

/* Page by page all that a query asks for under a key of an index; at: when the i-th was made. */
static void walk_requests(enum store_index index, const char *key, struct request_query query,
			  size_t wanted, int64_t (*at)(size_t i))
{
	struct arena small;
	struct request_list list = {.next = NULL};
	char cursor[64] = "";
	size_t n = 0;
	arena_init(&small, (size_t)512 * 1024);
	do {
		arena_clear(&small);
		query.cursor = span_of(cursor);
		assert_int_equal(request_list(store, index, key, &query, &small, &list, NULL),
				 CG_OK);
		for (size_t i = 0; i < list.n; i++, n++)
			assert_int_equal(list.items[i]->created_at, at(n));
		assert_true(list.n == query.limit || !list.next);
		(void)snprintf(cursor, sizeof(cursor), "%s", list.next ? list.next : "");
	} while (list.next);
	assert_int_equal(n, wanted);
	arena_release(&small);
}

static int64_t waiting_at(size_t i)
{
	return 2 + (int64_t)i / 3 * 4 + (int64_t)i % 3;
}

static int64_t newest_at(size_t i)
{
	return 8 * MANY - (int64_t)i;
}

static int64_t approved_at(size_t i)
{
	return 8 * MANY - 3 - 4 * (int64_t)i;
}

static bool is_approved(const Cg__KeyRequest *r, void *arg)
{
	(void)arg;
	return r->status == CG__KEY_REQUEST__STATUS__APPROVED;
}

/* All of them, page by page: those that wait, the oldest ones first, those of an entry, the newest
 * ones first, and of these a part. */
static void test_lists_of_requests(void **state)
{
	const struct request_query oldest = {.limit = 100, .oldest_first = true};
	const struct request_query newest = {.limit = 77};
	const struct request_query approved = {.limit = 50, .fits = is_approved};
	const struct request_query searched = {.limit = 50, .q = SPAN_LIT("xXx")};
	const struct request_query nothing = {.limit = 50, .q = SPAN_LIT("y")};
	struct request_counts n;
	(void)state;
	for (int64_t at = 1; at < 8 * MANY; at += MANY)
		assert_int_equal(store_write(store, STORE_CHANGES_COUNTS, requests_txn, &at, NULL),
				 CG_OK);
	walk_requests(STORE_REQUEST_BY_STATUS, "pending", oldest, 6 * MANY, waiting_at);
	walk_requests(STORE_REQUEST_BY_CATALOGUE, "entry", newest, 8 * MANY, newest_at);
	walk_requests(STORE_REQUEST_BY_CATALOGUE, "entry", approved, 2 * MANY, approved_at);
	walk_requests(STORE_REQUEST_BY_CATALOGUE, "entry", searched, 8 * MANY, newest_at);
	walk_requests(STORE_REQUEST_BY_CATALOGUE, "entry", nothing, 0, newest_at);
	assert_int_equal(request_count(store, STORE_REQUEST_BY_CATALOGUE, "entry", &n, NULL),
			 CG_OK);
	assert_int_equal(n.pending, 6 * MANY);
	assert_int_equal(n.keys, 2 * MANY);
	assert_int_equal(n.oldest_at, 2);
}

/* Who asked, of which organisation, and for what: of many developers the few ids that fit. */
static void test_search_of_requests(void **state)
{
	static const struct {
		const char *q;
		int which; /* of the developers; -1: none */
	} rows[] = {
	    {"Person 00321",	     321},
		   {"p00123@EXAMPLE",	      123},
		 {"of 00077 itself",	     222},
	    {"request 00009",	      9  },
		   {"entry of 00044 alone", 44 },
		 {"nobody",		    -1 },
	    {"o00001",	       -1 }, /* an id is no name */
	};
	Cg__Organisation o = CG__ORGANISATION__INIT;
	Cg__Developer d = CG__DEVELOPER__INIT;
	Cg__CatalogueEntry e = CG__CATALOGUE_ENTRY__INIT;
	Cg__KeyRequest r = CG__KEY_REQUEST__INIT;
	char id[32], name[64], email[64], organisation[32], developer[32], entry[32];
	struct arena small;
	(void)state;
	o.id = organisation;
	d.id = developer;
	e.id = entry;
	r.id = id;
	o.name = d.name = e.name = r.name = name;
	e.policy_id = id;
	d.email = email;
	d.organisation_id = r.id = organisation;
	d.password_hash = (char *)(uintptr_t)filler(2000);
	r.id = id;
	r.developer_id = developer;
	r.catalogue_id = entry;
	r.has_created_at = r.has_status = true;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(organisation, sizeof(organisation), "o%05d", (i + 222 - 77) % MANY);
		(void)snprintf(name, sizeof(name), "Partners of %05d itself", i);
		add(STORE_ORGANISATION, organisation, &o);
		(void)snprintf(organisation, sizeof(organisation), "o%05d", i);
		(void)snprintf(developer, sizeof(developer), "d%05d", i);
		(void)snprintf(email, sizeof(email), "p%05d@example.com", i);
		(void)snprintf(name, sizeof(name), "Person %05d", i);
		add(STORE_DEVELOPER, developer, &d);
		(void)snprintf(entry, sizeof(entry), "e%05d", i);
		(void)snprintf(name, sizeof(name), "Entry of %05d alone", i);
		add(STORE_CATALOGUE, entry, &e);
		(void)snprintf(id, sizeof(id), "r%05d", i);
		(void)snprintf(name, sizeof(name), "Request %05d", i);
		r.created_at = i + 1;
		add(STORE_REQUEST, id, &r);
	}
	arena_init(&small, (size_t)256 * 1024);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const struct request_query query = {.limit = 10, .q = span_of(rows[i].q)};
		struct request_list list;
		arena_clear(&small);
		assert_int_equal(request_list(store, STORE_REQUEST_BY_STATUS, "pending", &query,
					      &small, &list, NULL),
				 CG_OK);
		if (list.n != (rows[i].which >= 0) || list.next ||
		    (list.n == 1 && list.items[0]->created_at != rows[i].which + 1))
			fail_msg("%s: %zu found", rows[i].q, list.n);
	}
	arena_release(&small);
}

/* --- keys of an organisation --- */

static void note_seen(const Cg__Key *key, void *arg)
{
	size_t *n = arg;
	assert_string_equal(key->organisation_id, "ours");
	++*n;
}

/* By name, page by page, none twice and none of others; and those that end, the first to end first.
 */
static void test_keys_of_an_organisation(void **state)
{
	static const struct {
		struct own_key_query query;
		size_t wanted;
	} rows[] = {
	    {{.policy_id = NULL},				  MANY    },
	    {{.policy_id = "even"},			    MANY / 2},
	    {{.policy_id = "even", .without = true},	     MANY / 2},
	    {{.policy_id = "other"},			     0	      },
	    {{.policy_id = "other", .without = true},	      MANY	  },
	    {{.q = SPAN_LIT("KEY 001")},			 100	    },
	    {{.q = SPAN_LIT("key 001"), .policy_id = "even"}, 50	},
	    {{.q = SPAN_LIT("theirs")},			0	 },
	};
	const int64_t now = 1000000;
	Cg__Developer d = CG__DEVELOPER__INIT;
	Cg__Key key = CG__KEY__INIT;
	Cg__Credential credential = CG__CREDENTIAL__INIT;
	struct actor actor = boss;
	struct arena small;
	struct own_keys_ending ending;
	struct entity_page page;
	struct key_ids ids;
	char id[32], name[32], digest[SHA256_BYTES + 1], ours[] = "ours", theirs[] = "theirs";
	char *policies[] = {(char *)(uintptr_t) "even"};
	Cg__MetaEntry meta = CG__META_ENTRY__INIT, *metas[] = {&meta};
	size_t seen = 0;
	(void)state;
	d.organisation_id = ours;
	actor.developer = &d;
	meta.name = ours;
	meta.value = (char *)(uintptr_t)filler(2000);
	key.id = credential.key_id = id;
	key.name = name;
	key.meta = metas;
	key.n_meta = 1;
	key.policy_ids = policies;
	credential.sha256 = (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)digest};
	credential.has_active = credential.active = true;
	credential.type = CG__CREDENTIAL__TYPE__CERTIFICATE;
	credential.has_not_after = true;
	for (int i = 0; i < MANY; i++) {
		/* Ids do not tell the order, and others' keys stand between them. */
		(void)snprintf(id, sizeof(id), "%05d", i * 7 % MANY * 2);
		(void)snprintf(name, sizeof(name), "key %05d", i);
		(void)snprintf(digest, sizeof(digest), "%032d", i);
		key.organisation_id = ours;
		key.n_policy_ids = i % 2 == 0;
		add(STORE_KEY, id, &key);
		/* Of ten one ended, one ends later than is asked for, and eight end before. */
		credential.not_after = i % 10 == 0   ? now - 1
				       : i % 10 == 1 ? now + 2 * MANY
						     : now + MANY - i;
		add(STORE_CREDENTIAL, digest, &credential);
		(void)snprintf(id, sizeof(id), "%05d", i * 2 + 1);
		(void)snprintf(name, sizeof(name), "theirs %05d", i);
		key.organisation_id = theirs;
		add(STORE_KEY, id, &key);
	}
	arena_init(&small, (size_t)512 * 1024);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		char cursor[512] = "", last[64] = "";
		size_t n = 0;
		do {
			arena_clear(&small);
			assert_int_equal(own_key_list(store, &actor, &rows[i].query,
						      span_of(cursor), 33, &small, &page, NULL),
					 CG_OK);
			for (size_t k = 0; k < page.n; k++, n++) {
				const Cg__Key *one = page.messages[k];
				assert_string_equal(one->organisation_id, "ours");
				assert_true(strcmp(last, one->name) < 0);
				(void)snprintf(last, sizeof(last), "%s", one->name);
			}
			assert_true(page.n == 33 || !page.next);
			(void)snprintf(cursor, sizeof(cursor), "%s", page.next ? page.next : "");
		} while (page.next);
		if (n != rows[i].wanted)
			fail_msg("row %zu: %zu", i, n);
	}
	arena_clear(&small);
	assert_int_equal(
	    own_key_list(store, &actor, &rows[0].query, SPAN_LIT("zz"), 33, &small, &page, NULL),
	    CG_BAD_VALUE);
	assert_int_equal(own_key_ids(store, &actor, &small, &ids, NULL), CG_OK);
	assert_int_equal(ids.n, MANY);
	assert_int_equal(own_key_each(store, &actor, note_seen, &seen, NULL), CG_OK);
	assert_int_equal(seen, MANY);
	assert_int_equal(own_key_ending(store, &actor, now, now + MANY, 10, &small, &ending, NULL),
			 CG_OK);
	assert_int_equal(ending.n, 10);
	assert_int_equal(ending.more, MANY / 10 * 8 - 10);
	/* The last ones are the first to end. */
	assert_string_equal(ending.items[0].name, "key 00399");
	assert_int_equal(ending.items[0].ends_unix_s, now + 1);
	for (size_t i = 1; i < ending.n; i++)
		assert_true(ending.items[i - 1].ends_unix_s < ending.items[i].ends_unix_s);
	arena_release(&small);
	actor.developer = NULL;
	assert_int_equal(own_key_ids(store, &actor, &arena, &ids, NULL), CG_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_newest_requests, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_lists_of_requests, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_search_of_requests, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_keys_of_an_organisation, setup_store,
					    teardown_store),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
