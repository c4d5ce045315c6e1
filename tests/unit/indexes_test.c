/* Under which keys lib/store's indexes have a record. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/hash.h"
#include "store/store.h"

#define KEYS_MAX 8

static bool seen[STORE__INDEXES];

/* The keys of a message, with "|" between them. */
static const char *keys_of(enum store_index index, const void *message)
{
	static char text[20000];
	struct span keys[KEYS_MAX];
	size_t n = store_index_keys(index, message, keys, KEYS_MAX), used = 0;
	assert_ptr_equal(((const ProtobufCMessage *)message)->descriptor,
			 store_table_type(store_index_table(index)));
	assert_in_range(n, 0, KEYS_MAX);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s",
					 i > 0 ? "|" : "", (int)keys[i].n, keys[i].p);
	seen[index] = true;
	return n > 0 ? text : "(none)";
}

/* Those that are one text of the record. */
static void test_texts(void **state)
{
	static const struct {
		enum store_index index;
		const char *field;
	} rows[] = {
	    {STORE_API_BY_NAME,		"name"	      },
	    {STORE_KEY_BY_NAME,		"name"	      },
	    {STORE_POLICY_BY_NAME,		   "name"		 },
	    {STORE_CREDENTIAL_BY_KEY,	      "key_id"	      },
	    {STORE_USER_BY_NAME,		 "name"	       },
	    {STORE_REST_TOKEN_BY_NAME,	       "name"	     },
	    {STORE_SESSION_BY_USER,	    "user_id"	     },
	    {STORE_KEY_BY_ORGANISATION,	"organisation_id"},
	    {STORE_KEY_BY_DEVELOPER,	     "developer_id"   },
	    {STORE_ORGANISATION_BY_NAME,	 "name"	       },
	    {STORE_DEVELOPER_BY_NAME,	      "name"	    },
	    {STORE_DEVELOPER_BY_EMAIL,	       "email"	      },
	    {STORE_DEVELOPER_BY_ORGANISATION, "organisation_id"},
	    {STORE_LINK_BY_EMAIL,		  "email"		 },
	    {STORE_OUTBOX_MAIL_BY_DUE,	       "due"	    },
	    {STORE_OUTBOX_MAIL_BY_TO,	      "to"		  },
	    {STORE_USER_CERTIFICATE_BY_USER,  "user_id"	      },
	    {STORE_USAGE_BY_KEY,		 "key_id"	 },
	    {STORE_CATALOGUE_BY_NAME,	      "name"	    },
	    {STORE_CATALOGUE_BY_POLICY,	"policy_id"	   },
	    {STORE_REQUEST_BY_NAME,	    "name"		  },
	    {STORE_REQUEST_BY_DEVELOPER,	 "developer_id"   },
	    {STORE_REQUEST_BY_CATALOGUE,	 "catalogue_id"   },
	    {STORE_REQUEST_BY_KEY,		   "key_id"	   },
	    {STORE_REQUEST_BY_CODE,	    "proof_code"	},
	};
	static char value[] = "its value";
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const ProtobufCMessageDescriptor *type =
		    store_table_type(store_index_table(rows[i].index));
		const ProtobufCFieldDescriptor *field =
		    protobuf_c_message_descriptor_get_field_by_name(type, rows[i].field);
		if (!field || field->type != PROTOBUF_C_TYPE_STRING)
			fail_msg("%s has no text %s", type->name, rows[i].field);
		ProtobufCMessage *m = calloc(1, type->sizeof_message);
		assert_non_null(m);
		type->message_init(m);
		/* Who has none is not in it. */
		if (strcmp(keys_of(rows[i].index, m), "(none)") != 0)
			fail_msg("%s without %s is indexed", type->name, rows[i].field);
		memcpy((char *)m + field->offset, &(char *){value}, sizeof(char *));
		if (strcmp(keys_of(rows[i].index, m), value) != 0)
			fail_msg("%s by %s: %s", type->name, rows[i].field,
				 keys_of(rows[i].index, m));
		free(m);
	}
}

static char text_a[] = "a", text_b[] = "b", text_c[] = "c";

static ProtobufCBinaryData bytes_of(char *text)
{
	return (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
}

/* Each of several, and none of them twice. */
static void test_lists(void **state)
{
	(void)state;
	Cg__Access access[3], *entries[] = {&access[0], &access[1], &access[2]};
	char *ids[] = {text_b, text_a, text_b};
	Cg__Key key = CG__KEY__INIT;
	assert_string_equal(keys_of(STORE_KEY_BY_API, &key), "(none)");
	assert_string_equal(keys_of(STORE_KEY_BY_POLICY, &key), "(none)");
	for (size_t i = 0; i < 3; i++) {
		cg__access__init(&access[i]);
		access[i].api_id = ids[i];
	}
	key.access = entries;
	key.policy_ids = ids;
	key.n_access = key.n_policy_ids = 3;
	assert_string_equal(keys_of(STORE_KEY_BY_API, &key), "b|a");
	assert_string_equal(keys_of(STORE_KEY_BY_POLICY, &key), "b|a");
	/* CAs that callers are held against, and those that the upstream is. */
	ProtobufCBinaryData of_callers[] = {bytes_of(text_a), bytes_of(text_b)},
			    of_upstream[] = {bytes_of(text_b), bytes_of(text_c)};
	Cg__Api api = CG__API__INIT;
	Cg__ApiAuth auth = CG__API_AUTH__INIT;
	Cg__UpstreamTls tls = CG__UPSTREAM_TLS__INIT;
	api.auth = &auth;
	assert_string_equal(keys_of(STORE_API_BY_CA, &api), "(none)");
	auth.ca_certificates = of_callers;
	auth.n_ca_certificates = 2;
	assert_string_equal(keys_of(STORE_API_BY_CA, &api), "a|b");
	tls.ca_certificates = of_upstream;
	tls.n_ca_certificates = 2;
	api.upstream_tls = &tls;
	assert_string_equal(keys_of(STORE_API_BY_CA, &api), "a|b|c");
	Cg__Link link = CG__LINK__INIT;
	assert_string_equal(keys_of(STORE_LINK_BY_SHA256, &link), "(none)");
	link.sha256 = of_callers;
	link.n_sha256 = 2;
	assert_string_equal(keys_of(STORE_LINK_BY_SHA256, &link), "a|b");
	Cg__AuditEntry entry = CG__AUDIT_ENTRY__INIT;
	assert_string_equal(keys_of(STORE_AUDIT_BY_TOPIC, &entry), "(none)");
	entry.action = text_a;
	assert_string_equal(keys_of(STORE_AUDIT_BY_TOPIC, &entry), "a");
	entry.subject_id = text_b;
	assert_string_equal(keys_of(STORE_AUDIT_BY_TOPIC, &entry), "b|a");
}

static void test_digests_and_words(void **state)
{
	(void)state;
	Cg__RestToken token = CG__REST_TOKEN__INIT;
	assert_string_equal(keys_of(STORE_REST_TOKEN_BY_SHA256, &token), "(none)");
	token.has_sha256 = true;
	token.sha256 = bytes_of(text_a);
	assert_string_equal(keys_of(STORE_REST_TOKEN_BY_SHA256, &token), "a");
	Cg__Certificate c = CG__CERTIFICATE__INIT;
	c.spki_sha256 = bytes_of(text_b);
	assert_string_equal(keys_of(STORE_CERTIFICATE_BY_SPKI, &c), "b");
	/* Clients' are many, and not looked for by kind. */
	c.kind = CG__CERTIFICATE__KIND__CLIENT;
	assert_string_equal(keys_of(STORE_CERTIFICATE_BY_KIND, &c), "(none)");
	c.kind = CG__CERTIFICATE__KIND__CA;
	assert_string_equal(keys_of(STORE_CERTIFICATE_BY_KIND, &c), "ca");
	c.kind = CG__CERTIFICATE__KIND__UPSTREAM;
	assert_string_equal(keys_of(STORE_CERTIFICATE_BY_KIND, &c), "upstream");
	/* A certificate of a request counts as long as that waits. */
	Cg__KeyRequest request = CG__KEY_REQUEST__INIT;
	static const char *const words[] = {"pending", "approved", "declined", "withdrawn"};
	static const Cg__KeyRequest__Status statuses[] = {
	    CG__KEY_REQUEST__STATUS__PENDING, CG__KEY_REQUEST__STATUS__APPROVED,
	    CG__KEY_REQUEST__STATUS__DECLINED, CG__KEY_REQUEST__STATUS__WITHDRAWN};
	assert_string_equal(keys_of(STORE_REQUEST_BY_CERTIFICATE, &request), "(none)");
	request.has_certificate_sha256 = true;
	request.certificate_sha256 = bytes_of(text_c);
	for (size_t i = 0; i < CG_COUNT(words); i++) {
		request.status = statuses[i];
		assert_string_equal(keys_of(STORE_REQUEST_BY_STATUS, &request), words[i]);
		assert_string_equal(keys_of(STORE_REQUEST_BY_CERTIFICATE, &request),
				    i == 0 ? "c" : "(none)");
	}
	/* A word of a later version. */
	request.status = (Cg__KeyRequest__Status)99;
	assert_string_equal(keys_of(STORE_REQUEST_BY_STATUS, &request), "(none)");
}

static int compare(enum store_index index, const void *a, const void *b)
{
	struct span key;
	char first[STORE_TIME_BYTES];
	assert_int_equal(store_index_keys(index, a, &key, 1), 1);
	assert_int_equal(key.n, sizeof(first));
	memcpy(first, key.p, sizeof(first));
	assert_int_equal(store_index_keys(index, b, &key, 1), 1);
	seen[index] = true;
	return memcmp(first, key.p, sizeof(first));
}

static void test_times(void **state)
{
	static const int64_t times[] = {0, 1, 255, 256, 1800000000, INT64_C(253402300799)};
	(void)state;
	Cg__Key never = CG__KEY__INIT;
	assert_string_equal(keys_of(STORE_KEY_BY_USE, &never), "(none)");
	for (size_t i = 1; i < CG_COUNT(times); i++) {
		Cg__Key old = CG__KEY__INIT, new = CG__KEY__INIT;
		Cg__Certificate first = CG__CERTIFICATE__INIT, last = CG__CERTIFICATE__INIT;
		old.has_last_used_at = new.has_last_used_at = true;
		old.last_used_at = first.not_after = times[i - 1];
		new.last_used_at = last.not_after = times[i];
		/* The newest use first, the earliest end first. */
		assert_true(compare(STORE_KEY_BY_USE, &new, &old) < 0);
		assert_true(compare(STORE_CERTIFICATE_BY_END, &first, &last) < 0);
		first.not_after = -times[i];
		assert_true(compare(STORE_CERTIFICATE_BY_END, &first, &last) < 0);
	}
}

/* What is searched; a record with more text than there is room for is still found by its start. */
static void test_searched(void **state)
{
	(void)state;
	char *tags[] = {text_b, text_c}, *big = calloc(1, 9001);
	Cg__Key key = CG__KEY__INIT;
	assert_non_null(big);
	memset(big, 'x', 9000);
	assert_string_equal(keys_of(STORE_KEY_BY_TEXT, &key), "(none)");
	key.id = text_a;
	assert_string_equal(keys_of(STORE_KEY_BY_TEXT, &key), "a");
	key.name = text_c;
	key.tags = tags;
	key.n_tags = 2;
	assert_string_equal(keys_of(STORE_KEY_BY_TEXT, &key), "c\na\nb\nc");
	tags[0] = big;
	const char *text = keys_of(STORE_KEY_BY_TEXT, &key);
	assert_int_equal(strlen(text), 8192);
	assert_memory_equal(text, "c\na\nxxx", 7);
	Cg__Certificate c = CG__CERTIFICATE__INIT;
	c.id = text_a;
	c.subject = text_b;
	c.issuer = text_c;
	c.names = tags + 1;
	c.n_names = 1;
	assert_string_equal(keys_of(STORE_CERTIFICATE_BY_TEXT, &c), "a\nb\nc\nc");
	free(big);
}

/* What an index says of the record's state. */
static struct store_state state_of(enum store_index index, const void *message)
{
	struct span key;
	struct store_state out;
	struct cg_err err = {0};
	assert_int_equal(store_index_keys(index, message, &key, 1), 1);
	assert_int_equal(store_state_read(key, &out, &err), CG_OK);
	assert_true(span_is_text(out.key_id, "a"));
	seen[index] = true;
	/* One that is damaged. */
	assert_int_equal(store_state_read(span_make(key.p, key.n - 2), &out, &err), CG_UNAVAILABLE);
	assert_int_equal(store_state_read(SPAN_LIT("a"), &out, &err), CG_UNAVAILABLE);
	assert_int_equal(store_state_read(key, &out, &err), CG_OK);
	return out;
}

static void test_states(void **state)
{
	(void)state;
	Cg__Key key = CG__KEY__INIT;
	assert_string_equal(keys_of(STORE_KEY_BY_STATE, &key), "(none)");
	key.id = text_a;
	key.active = true;
	struct store_state s = state_of(STORE_KEY_BY_STATE, &key);
	assert_true(s.on && !s.revoked && !s.is_certificate && s.ends == STORE_NO_END);
	key.active = false;
	key.has_expires_at = true;
	key.expires_at = 1800000000;
	s = state_of(STORE_KEY_BY_STATE, &key);
	assert_true(!s.on && s.ends == 1800000000);
	key.expires_at = -5;
	assert_int_equal(state_of(STORE_KEY_BY_STATE, &key).ends, 0);

	Cg__Credential c = CG__CREDENTIAL__INIT;
	assert_string_equal(keys_of(STORE_CREDENTIAL_BY_STATE, &c), "(none)");
	c.key_id = text_a;
	c.active = true;
	c.type = CG__CREDENTIAL__TYPE__TOKEN;
	s = state_of(STORE_CREDENTIAL_BY_STATE, &c);
	assert_true(s.on && !s.revoked && !s.is_certificate && s.ends == STORE_NO_END);
	/* The earlier of the two ends. */
	c.type = CG__CREDENTIAL__TYPE__CERTIFICATE;
	c.has_not_after = c.has_ends_at = true;
	c.not_after = 200;
	c.ends_at = 300;
	s = state_of(STORE_CREDENTIAL_BY_STATE, &c);
	assert_true(s.on && s.is_certificate && s.ends == 200);
	c.ends_at = 100;
	assert_int_equal(state_of(STORE_CREDENTIAL_BY_STATE, &c).ends, 100);
	c.held = true;
	assert_false(state_of(STORE_CREDENTIAL_BY_STATE, &c).on);
	c.held = false;
	c.has_revoked_at = true;
	s = state_of(STORE_CREDENTIAL_BY_STATE, &c);
	assert_true(!s.on && s.revoked);
}

static void test_every_index_was_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < STORE__INDEXES; i++)
		if (!seen[i])
			fail_msg("index %zu is not tested", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_digests_and_words),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_searched),
	    cmocka_unit_test(test_states),
	    cmocka_unit_test(test_every_index_was_seen),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
