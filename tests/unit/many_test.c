/* What a request or a sweep only passes over costs it no memory, and is passed over once: there may
 * be any number of it. */
#include "many_world.h"
#include "base/clock.h"
#include "model/audit.h"
#include "model/certificate.h"
#include "model/developer.h"
#include "model/key_list.h"
#include "model/outbox.h"
#include "model/session.h"

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
	    cmocka_unit_test_setup_teardown(test_export_of_a_developer, setup_store,
					    teardown_store),
	    cmocka_unit_test_setup_teardown(test_scan, setup_store, teardown_store),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
