/* What a request or a sweep only passes over costs it no memory, and is passed over once: there may
 * be any number of it. */
#include "store_world.h"
#include "base/clock.h"
#include "model/audit.h"
#include "model/certificate.h"
#include "model/developer.h"
#include "model/key_list.h"
#include "model/outbox.h"
#include "model/own_key.h"
#include "model/request.h"
#include "model/session.h"

#define MANY 400 /* records */

static struct actor boss = {.name = "test",
			    .id = "",
			    .role = CG__ROLE__OWNER,
			    .from_address = "192.0.2.1",
			    .request_id = ""};
static struct store *store;

static int setup_store(void **state)
{
	if (setup(state) != 0)
		return -1;
	store = open_store();
	return 0;
}

static int teardown_store(void **state)
{
	store_close(&store);
	return teardown(state);
}

/* Filler for texts of records: so much for each of MANY does not fit into what a test allows. */
static const char *filler(size_t n)
{
	static char text[1024 * 1024];
	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

static cg_rc audit_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	(void)arg;
	for (int i = 0; rc == CG_OK && i < MANY; i++) {
		json_t *changes = json_pack("{s:s}", "description", filler(2000));
		rc = audit_add(txn, &boss, i == 0 ? "key.create" : "key.update", "id", "name",
			       changes, &arena, err);
		json_decref(changes);
	}
	return rc;
}

static void test_search_of_the_audit(void **state)
{
	struct arena small;
	struct audit_page page;
	(void)state;
	assert_int_equal(store_write(store, STORE_CHANGES_NONE, audit_txn, NULL, NULL), CG_OK);
	arena_init(&small, (size_t)256 * 1024);
	assert_int_equal(
	    audit_list(store, &boss, 0, 10, SPAN_LIT("KEY.CREATE"), &small, &page, NULL), CG_OK);
	assert_int_equal(page.n, 1);
	assert_int_equal(page.items[0]->number, 1);
	assert_string_equal(page.items[0]->action, "key.create");
	assert_non_null(strstr(page.items[0]->changes, "xxx"));
	assert_int_equal(page.next, 0);
	/* What only other members hold is no match. */
	assert_int_equal(audit_list(store, &boss, 0, 10, SPAN_LIT("xxx"), &small, &page, NULL),
			 CG_OK);
	assert_int_equal(page.n, 0);
	arena_release(&small);
}

static cg_rc sessions_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const int64_t *used_at = arg;
	cg_rc rc = CG_OK;
	for (int i = 0; rc == CG_OK && i < MANY; i++) {
		Cg__Session s = CG__SESSION__INIT;
		char id[SHA256_HEX + 1], user_id[32];
		struct span bytes;
		struct arena one;
		(void)snprintf(id, sizeof(id), "%064d", i);
		(void)snprintf(user_id, sizeof(user_id), "u%d", i);
		s.id = id;
		s.user_id = user_id;
		s.from_address = (char *)(uintptr_t)filler(2000);
		s.has_created_at = s.has_last_used_at = true;
		s.created_at = s.last_used_at = *used_at;
		arena_init(&one, 1024 * 1024);
		rc = record_pack(&s, &one, &bytes, err);
		if (rc == CG_OK)
			rc = store_put(txn, STORE_SESSION, span_of(id), bytes, err);
		arena_release(&one);
	}
	return rc;
}

static cg_rc count_one(struct span index_key, struct span key, struct span value, void *arg,
		       struct cg_err *err)
{
	(void)index_key;
	(void)key;
	(void)value;
	(void)err;
	++*(size_t *)arg;
	return CG_OK;
}

struct counting {
	enum store_table table;
	size_t n;
};

static cg_rc count_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct counting *c = arg;
	struct store_walk walk = {.table = c->table};
	c->n = 0;
	return store_walk(txn, &walk, count_one, &c->n, err);
}

static size_t count_of(enum store_table table)
{
	struct counting c = {.table = table};
	assert_int_equal(store_read(store, count_txn, &c, NULL), CG_OK);
	return c.n;
}

static void test_sign_in(void **state)
{
	struct arena small;
	char cookie[TOKEN_TEXT + 1], id[] = "me", name[] = "me";
	Cg__User me = CG__USER__INIT;
	int64_t now = clock_unix_s(), ended = now - 2 * SESSION_WHOLE_S;
	(void)state;
	me.id = id;
	me.name = name;
	arena_init(&small, (size_t)256 * 1024);
	assert_int_equal(store_write(store, STORE_CHANGES_NONE, sessions_txn, &now, NULL), CG_OK);
	assert_int_equal(
	    session_begin(store, &(struct session_of){.user = &me}, &boss, &small, cookie, NULL),
	    CG_OK);
	assert_int_equal(count_of(STORE_SESSION), MANY + 1);
	assert_int_equal(store_write(store, STORE_CHANGES_NONE, sessions_txn, &ended, NULL), CG_OK);
	assert_int_equal(
	    session_begin(store, &(struct session_of){.user = &me}, &boss, &small, cookie, NULL),
	    CG_OK);
	assert_int_equal(count_of(STORE_SESSION), 2);
	assert_int_equal(session_end_all(store, NULL), CG_OK);
	assert_int_equal(count_of(STORE_SESSION), 0);
	arena_release(&small);
}

/* More of them than a command may use of memory at once. */
static cg_rc mails_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	Cg__OutboxMail *mail = arg;
	struct span bytes;
	struct arena one;
	arena_init(&one, RECORD_ARENA_MAX);
	cg_rc rc = record_pack(mail, &one, &bytes, err);
	if (rc == CG_OK)
		rc = store_put(txn, STORE_OUTBOX_MAIL, span_of(mail->id), bytes, err);
	arena_release(&one);
	return rc;
}

static void test_sweep_of_the_outbox(void **state)
{
	Cg__OutboxMail mail = CG__OUTBOX_MAIL__INIT;
	char id[32], to[] = "a@example.com";
	int64_t now = clock_unix_s();
	const size_t large = 900 * 1000, n = COMMAND_ARENA_MAX / large + 2;
	(void)state;
	mail.id = id;
	mail.to = to;
	mail.values = (char *)(uintptr_t)filler(large);
	mail.has_created_at = true;
	for (size_t i = 0; i <= n; i++) {
		/* The last one alone is old. */
		mail.created_at = i < n ? now : now - MAIL_KEEP_S - 1;
		(void)snprintf(id, sizeof(id), "%05zu", i);
		assert_int_equal(store_write(store, STORE_CHANGES_COUNTS, mails_txn, &mail, NULL),
				 CG_OK);
	}
	assert_int_equal(outbox_sweep(store, now, NULL), CG_OK);
	assert_int_equal(count_of(STORE_OUTBOX_MAIL), n);
}

/* Over several transactions: each of those that are old, and none of the others. */
static void test_sweep_takes_all(void **state)
{
	Cg__OutboxMail mail = CG__OUTBOX_MAIL__INIT;
	char id[32], to[] = "a@example.com", values[] = "{}";
	int64_t now = clock_unix_s();
	(void)state;
	mail.id = id;
	mail.to = to;
	mail.values = values;
	mail.has_created_at = true;
	for (int i = 0; i < 1503; i++) {
		mail.created_at = i % 3 == 0 ? now - MAIL_KEEP_S - 1 : now;
		(void)snprintf(id, sizeof(id), "%05d", i);
		assert_int_equal(store_write(store, STORE_CHANGES_COUNTS, mails_txn, &mail, NULL),
				 CG_OK);
	}
	assert_int_equal(outbox_sweep(store, now, NULL), CG_OK);
	assert_int_equal(count_of(STORE_OUTBOX_MAIL), 1002);
	assert_int_equal(outbox_sweep(store, now + 2 * MAIL_KEEP_S, NULL), CG_OK);
	assert_int_equal(count_of(STORE_OUTBOX_MAIL), 0);
}

struct adding {
	enum store_table table;
	const char *id;
	const void *message;
};

static cg_rc add_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct adding *a = arg;
	struct arena one;
	arena_init(&one, RECORD_ARENA_MAX);
	cg_rc rc = store_save(txn, a->table, span_of(a->id), a->message, &one, err);
	arena_release(&one);
	return rc;
}

static void add(enum store_table table, const char *id, const void *message)
{
	struct adding a = {table, id, message};
	assert_int_equal(store_write(store, STORE_CHANGES_COUNTS, add_txn, &a, NULL), CG_OK);
}

static ProtobufCBinaryData filler_bytes(size_t n)
{
	return (ProtobufCBinaryData){n, (uint8_t *)(uintptr_t)filler(n)};
}

/* By the address, which no index has: each of them is read. */
static void test_search_of_developers(void **state)
{
	struct arena small;
	struct entity_page page;
	Cg__Developer d = CG__DEVELOPER__INIT;
	char id[32], email[64], name[] = "Ada", organisation[] = "o";
	(void)state;
	d.id = id;
	d.name = name;
	d.email = email;
	d.organisation_id = organisation;
	d.password_hash = (char *)(uintptr_t)filler(2000);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "%05d", i);
		(void)snprintf(email, sizeof(email), "d%05d@example.com", i);
		add(STORE_DEVELOPER, id, &d);
	}
	arena_init(&small, (size_t)256 * 1024);
	assert_int_equal(entity_list(store, &developer_entity, SPAN_LIT(""), 10,
				     SPAN_LIT("D00399@EXAMPLE"), &small, &page, NULL),
			 CG_OK);
	assert_int_equal(page.n, 1);
	assert_string_equal(((const Cg__Developer *)page.messages[0])->id, "00399");
	assert_null(page.next);
	arena_release(&small);
}

/* What keys have of credentials is read of each that the indexes promise. */
static void test_list_of_keys_by_status(void **state)
{
	struct arena small;
	struct key_page page;
	struct key_query query = {.status = SPAN_LIT("off")};
	Cg__Key key = CG__KEY__INIT;
	Cg__Credential credential = CG__CREDENTIAL__INIT;
	ProtobufCBinaryData bound_to = filler_bytes(2000);
	char id[32], digest[SHA256_BYTES + 1], name[] = "key";
	(void)state;
	key.id = id;
	key.name = name;
	key.has_active = true;
	key.active = false;
	credential.key_id = id;
	credential.sha256 = (ProtobufCBinaryData){SHA256_BYTES, (uint8_t *)digest};
	credential.n_bound_to = 1;
	credential.bound_to = &bound_to;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "%05d", i);
		(void)snprintf(digest, sizeof(digest), "%032d", i);
		add(STORE_KEY, id, &key);
		add(STORE_CREDENTIAL, digest, &credential);
	}
	arena_init(&small, (size_t)512 * 1024);
	assert_int_equal(key_list(store, SPAN_LIT(""), 500, &query, &small, &page, NULL), CG_OK);
	assert_int_equal(page.found.n, MANY);
	arena_release(&small);
}

/* Digits within a fingerprint are no match, nor is what stands in two members. */
static void test_search_of_certificates(void **state)
{
	struct arena small;
	struct certificate_page page;
	Cg__Certificate c = CG__CERTIFICATE__INIT;
	char id[SHA256_HEX + 1], subject[] = "CN=a", issuer[] = "b", other[] = "b, the last";
	(void)state;
	c.id = id;
	c.subject = subject;
	c.der = filler_bytes(2000);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "%064d", i);
		c.issuer = i == MANY - 1 ? other : issuer;
		add(STORE_CERTIFICATE, id, &c);
	}
	arena_init(&small, (size_t)256 * 1024);
	for (size_t i = 0; i < 3; i++) {
		const struct span q[] = {SPAN_LIT("000"), SPAN_LIT("a b"), SPAN_LIT("LAST")};
		assert_int_equal(
		    certificate_list(store, SPAN_LIT(""), 10, q[i], &small, &page, NULL), CG_OK);
		assert_int_equal(page.n, i == 2);
		assert_null(page.next);
	}
	arena_release(&small);
}

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

/* All that is kept about a developer, however much came after it. */
static void test_export_of_a_developer(void **state)
{
	json_t *json = json_pack("{s:s, s:s}", "name", "Ada", "email", "ada@example.com"), *out;
	Cg__Developer *developer;
	struct cg_err err = {.text = ""};
	(void)state;
	if (developer_create(store, &boss, NULL, json, NULL, &arena, &developer, &err) != CG_OK)
		fail_msg("%s", err.text);
	json_decref(json);
	for (int i = 0; i < 6; i++)
		assert_int_equal(store_write(store, STORE_CHANGES_COUNTS, audit_txn, NULL, NULL),
				 CG_OK);
	assert_int_equal(developer_export(store, &boss, developer->id, &arena, &out, NULL), CG_OK);
	const json_t *entries = json_object_get(out, "audit");
	assert_int_equal(json_array_size(entries), 1);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(entries, 0), "action")),
	    "developer.create");
	json_decref(out);
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

/* --- walks over an index in several stays --- */

/* 1,000 further keys, all with a right to one API. */
static cg_rc keys_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	size_t *n = arg;
	cg_rc rc = CG_OK;
	for (size_t end = *n + 1000; rc == CG_OK && *n < end; ++*n) {
		char id[24], name[32];
		struct key k = {id, name, {"api"}};
		struct arena one;
		(void)snprintf(id, sizeof(id), "%06zu", *n);
		(void)snprintf(name, sizeof(name), "partner %06zu", *n);
		arena_init(&one, RECORD_ARENA_MAX);
		rc = store_add(txn, STORE_KEY, span_of(id), pack(&k, &one), err);
		arena_release(&one);
	}
	return rc;
}

struct seeing {
	size_t seen, most;
	cg_rc then; /* when it has seen `most` */
};

/* Each of them, in order and once. */
static cg_rc see(struct store_txn *txn, struct span index_key, struct span key, void *arg,
		 struct cg_err *err)
{
	struct seeing *s = arg;
	char want[24];
	(void)snprintf(want, sizeof(want), "%06zu", s->seen);
	if (index_key.n == 0 || !span_is_text(key, want))
		return cg_fail(err, CG_FAIL, "%.*s instead of %s", (int)key.n, key.p, want);
	/* The transaction is the stay's own, and one can read in it. */
	if (s->seen % 4999 < 3) {
		arena_clear(&arena);
		if (store_get(txn, STORE_KEY, key, &arena, &key, err) != CG_OK)
			return CG_FAIL;
	}
	return ++s->seen == s->most ? s->then : CG_OK;
}

static void test_scan(void **state)
{
	/* Entries that differ, and such as differ by their record alone. */
	const struct store_walk walks[] = {
	    {.table = STORE_KEY, .index = STORE_KEY_BY_NAME},
	    {.table = STORE_KEY, .index = STORE_KEY_BY_API },
	    under(STORE_KEY_BY_API, "api", ""),
	};
	/* A stay of a scan looks at 5,000: none is left over, or some. */
	const size_t sizes[] = {0, 10000, 12000};
	/* clang-format off */
	const struct {
		size_t most;
		cg_rc then, want;
	} ends[] = {
		{0, CG_OK, CG_OK},
		{4999, CG_NOT_FOUND, CG_OK},
		{5000, CG_NOT_FOUND, CG_OK},
		{5001, CG_NOT_FOUND, CG_OK},
		{7001, CG_NOT_FOUND, CG_OK},
		{5001, CG_CLASH, CG_CLASH},
	};
	/* clang-format on */
	size_t n = 0;
	(void)state;
	for (size_t i = 0; i < CG_COUNT(sizes); i++) {
		while (n < sizes[i])
			assert_int_equal(
			    store_write(store, STORE_CHANGES_COUNTS, keys_txn, &n, NULL), CG_OK);
		for (size_t j = 0; j < CG_COUNT(walks); j++) {
			for (size_t k = 0; k < (n > 0 ? CG_COUNT(ends) : 1); k++) {
				struct seeing s = {.most = ends[k].most, .then = ends[k].then};
				struct cg_err err = {.text = ""};
				cg_rc rc = store_scan(store, &walks[j], see, &s, &err);
				size_t want = ends[k].most ? ends[k].most : n;
				if (rc != ends[k].want || s.seen != want)
					fail_msg("walk %zu: %d after %zu, want %zu of %zu: %s", j,
						 (int)rc, s.seen, want, n, err.text);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_search_of_the_audit, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_sign_in, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_sweep_of_the_outbox, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_sweep_takes_all, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_search_of_developers, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_list_of_keys_by_status, setup_store,
					    teardown_store),
	    cmocka_unit_test_setup_teardown(test_search_of_certificates, setup_store,
					    teardown_store),
	    cmocka_unit_test_setup_teardown(test_newest_requests, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_export_of_a_developer, setup_store,
					    teardown_store),
	    cmocka_unit_test_setup_teardown(test_lists_of_requests, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_search_of_requests, setup_store, teardown_store),
	    cmocka_unit_test_setup_teardown(test_keys_of_an_organisation, setup_store,
					    teardown_store),
	    cmocka_unit_test_setup_teardown(test_scan, setup_store, teardown_store),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
