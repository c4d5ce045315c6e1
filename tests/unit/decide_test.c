/* lib/grant: the pure decision, as a table of facts, and that nothing but its last line allows. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "grant/decide.h"

#define NOW INT64_C(1800000000)

/* --- the world of the table: two APIs, two keys with a certificate and a token each --- */

static char id_api[] = "api1", id_other[] = "api2", id_key[] = "key1", id_key2[] = "key2",
	    name_api[] = "mtls-api", name_key[] = "Billing", header[] = "Authorization",
	    listen_path[] = "/mtls-api/";
static uint8_t cert_digest[SHA256_BYTES] = {1}, cert2_digest[SHA256_BYTES] = {2},
	       token_digest[SHA256_BYTES] = {3}, token2_digest[SHA256_BYTES] = {4};

struct world {
	Cg__ApiAuth auth;
	Cg__Api api;
	Cg__Key key, key2;
	Cg__Access access[2], *access_list[2];
	char *methods[2], *paths[2], *blocked[1], *allowed[1];
	ProtobufCBinaryData bound[1];
	Cg__Credential cert, cert2, token, token2;
	struct grant cert_grant, cert2_grant, token_grant, token2_grant;
	Cg__Policy *policies[3]; /* of all keys */
	size_t n_policies;
	struct facts facts;
};

static void credential(Cg__Credential *c, uint8_t *digest, Cg__Credential__Type type, char *key_id)
{
	cg__credential__init(c);
	c->sha256 = (ProtobufCBinaryData){SHA256_BYTES, digest};
	c->type = type;
	c->key_id = key_id;
}

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	cg__api_auth__init(&w->auth);
	w->auth.use_certificate = true;
	w->auth.token_header = header;
	cg__api__init(&w->api);
	w->api.id = id_api;
	w->api.name = name_api;
	w->api.listen_path = listen_path;
	w->api.auth = &w->auth;
	for (size_t i = 0; i < 2; i++) {
		cg__access__init(&w->access[i]);
		w->access[i].api_id = i == 0 ? id_api : id_other;
		w->access_list[i] = &w->access[i];
	}
	cg__key__init(&w->key);
	w->key.id = id_key;
	w->key.name = name_key;
	w->key.access = w->access_list;
	w->key.n_access = 1;
	w->key2 = w->key;
	w->key2.id = id_key2;
	credential(&w->cert, cert_digest, CG__CREDENTIAL__TYPE__CERTIFICATE, id_key);
	credential(&w->cert2, cert2_digest, CG__CREDENTIAL__TYPE__CERTIFICATE, id_key2);
	credential(&w->token, token_digest, CG__CREDENTIAL__TYPE__TOKEN, id_key);
	credential(&w->token2, token2_digest, CG__CREDENTIAL__TYPE__TOKEN, id_key2);
	w->cert.has_not_before = w->cert.has_not_after = true;
	w->cert.not_before = NOW - 1000;
	w->cert.not_after = NOW + 1000;
	w->cert_grant = (struct grant){.credential = &w->cert, .key = &w->key};
	w->cert2_grant = (struct grant){.credential = &w->cert2, .key = &w->key2};
	w->token_grant = (struct grant){.credential = &w->token, .key = &w->key};
	w->token2_grant = (struct grant){.credential = &w->token2, .key = &w->key2};
	w->facts = (struct facts){.api = &w->api,
				  .method = SPAN_LIT("GET"),
				  .path = SPAN_LIT("/my-endpoint"),
				  .remote_addr = SPAN_LIT("192.0.2.7"),
				  .proof_ok = true,
				  .https = true};
}

static void with_cert(struct world *w)
{
	w->facts.certificate = FACTS_CERT_PRESENT;
	memcpy(w->facts.sha256.b, cert_digest, SHA256_BYTES);
	w->facts.certificate_grant = &w->cert_grant;
}

static void with_token(struct world *w)
{
	w->facts.token = true;
	w->facts.token_grant = &w->token_grant;
}

/* The decision, after merging what the world's keys are by now. */
static struct decision judge(struct world *w)
{
	static struct arena arena;
	struct grant *grants[] = {&w->cert_grant, &w->cert2_grant, &w->token_grant,
				  &w->token2_grant};
	arena_release(&arena);
	arena_init(&arena, 1024 * 1024);
	for (size_t i = 0; i < CG_COUNT(grants); i++)
		assert_int_equal(effective_make(grants[i]->key, w->policies, w->n_policies, &arena,
						&grants[i]->effective, NULL),
				 CG_OK);
	return decide(&w->facts, NOW);
}

/* --- changes to it, one function each --- */

#define CHANGE(name, ...)                                                                          \
	static void name(struct world *w)                                                          \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

CHANGE(as_it_is, (void)w;)
CHANGE(cert, with_cert(w);)
CHANGE(token, with_token(w);)
CHANGE(both, with_cert(w); with_token(w);)
CHANGE(no_api, with_cert(w); w->facts.api = NULL;)
CHANGE(api_off, with_cert(w); w->api.active = false;)
CHANGE(api_off_keyless, w->auth.keyless = true; w->api.active = false;)
CHANGE(keyless, w->auth.keyless = true;)
CHANGE(keyless_unknown_cert, w->auth.keyless = true; with_cert(w);
       w->facts.certificate_grant = NULL;)
CHANGE(cert_off, with_cert(w); w->auth.use_certificate = false;)
CHANGE(cert_off_token, with_cert(w); with_token(w); w->auth.use_certificate = false;)
CHANGE(cert_off_unknown_token, with_cert(w); w->facts.token = true;
       w->auth.use_certificate = false;)
CHANGE(cert_off_no_token_mode, with_cert(w); w->auth.use_certificate = false;
       w->auth.use_token = false;)
CHANGE(token_off_token, with_token(w); w->auth.use_token = false;)
CHANGE(cert_unknown, with_cert(w); w->facts.certificate_grant = NULL;)
CHANGE(cert_unknown_token, with_cert(w); with_token(w); w->facts.certificate_grant = NULL;)
CHANGE(token_unknown, w->facts.token = true;)
CHANGE(cert_token_unknown, with_cert(w); w->facts.token = true;)
CHANGE(cert_other_token, with_cert(w); with_token(w); w->facts.token_grant = &w->token2_grant;)
/* A fingerprint sent as a token, a token's digest as a certificate. */
CHANGE(fingerprint_as_token, w->facts.token = true; w->facts.token_grant = &w->cert_grant;)
CHANGE(cert_fingerprint_as_token, with_cert(w); w->facts.token = true;
       w->facts.token_grant = &w->cert_grant;)
CHANGE(token_as_cert, with_cert(w); w->facts.certificate_grant = &w->token_grant;)
CHANGE(not_passed, w->facts.certificate = FACTS_CERT_NOT_PASSED;)
CHANGE(not_passed_token, with_token(w); w->facts.certificate = FACTS_CERT_NOT_PASSED;)
CHANGE(refused_token, with_token(w); w->facts.certificate = FACTS_CERT_REFUSED;)
CHANGE(refused, w->facts.certificate = FACTS_CERT_REFUSED;)
CHANGE(damaged, with_cert(w); w->facts.certificate = FACTS_CERT_DAMAGED;)
CHANGE(no_verify, with_cert(w); w->facts.certificate = FACTS_CERT_NO_VERIFY;)
CHANGE(not_verified, with_cert(w); w->facts.certificate = FACTS_CERT_NOT_VERIFIED;)
CHANGE(not_verified_unknown, with_cert(w); w->facts.certificate_grant = NULL;
       w->facts.certificate = FACTS_CERT_NOT_VERIFIED;)
CHANGE(not_verified_cert_off, with_cert(w); w->facts.certificate = FACTS_CERT_NOT_VERIFIED;
       w->auth.use_certificate = false;)
CHANGE(not_verified_expired, with_cert(w); w->facts.certificate = FACTS_CERT_NOT_VERIFIED;
       w->cert.not_after = NOW - 1;)
CHANGE(bound, both(w); w->token.bound_to = w->bound; w->token.n_bound_to = 1;
       w->bound[0] = w->cert.sha256;)
CHANGE(bound_other, bound(w); w->bound[0] = w->cert2.sha256;)
CHANGE(bound_alone, bound(w); w->facts.certificate = FACTS_CERT_NONE;
       w->facts.certificate_grant = NULL;)
CHANGE(bound_cert_off, bound(w); w->auth.use_certificate = false;)
CHANGE(bound_cert_off_other, bound_other(w); w->auth.use_certificate = false;)
CHANGE(bound_cert_off_not_verified, bound(w); w->auth.use_certificate = false;
       w->facts.certificate = FACTS_CERT_NOT_VERIFIED;)
CHANGE(bound_short, bound(w); w->bound[0].len = SHA256_BYTES - 1;)
CHANGE(cred_off, with_cert(w); w->cert.active = false;)
CHANGE(cred_revoked, with_cert(w); w->cert.has_revoked_at = true;)
CHANGE(cred_later, with_cert(w); w->cert.has_active_from = true; w->cert.active_from = NOW + 1;)
CHANGE(cred_from_now, with_cert(w); w->cert.has_active_from = true; w->cert.active_from = NOW;)
CHANGE(cred_ended, with_cert(w); w->cert.has_ends_at = true; w->cert.ends_at = NOW;)
CHANGE(cred_ends_soon, with_cert(w); w->cert.has_ends_at = true; w->cert.ends_at = NOW + 1;)
CHANGE(cert_not_yet, with_cert(w); w->cert.not_before = NOW + 1;)
CHANGE(cert_from_now, with_cert(w); w->cert.not_before = NOW;)
CHANGE(cert_at_end, with_cert(w); w->cert.not_after = NOW;)
CHANGE(cert_expired, with_cert(w); w->cert.not_after = NOW - 1;)
CHANGE(both_token_off, both(w); w->token.active = false;)
CHANGE(both_token_ended, both(w); w->token.has_ends_at = true; w->token.ends_at = NOW - 5;)
CHANGE(token_cred_off, with_token(w); w->token.active = false;)
CHANGE(key_off, with_cert(w); w->key.active = false;)
CHANGE(key_off_token, with_token(w); w->key.active = false;)
CHANGE(key_expired, with_cert(w); w->key.has_expires_at = true; w->key.expires_at = NOW;)
CHANGE(key_ends_soon, with_cert(w); w->key.has_expires_at = true; w->key.expires_at = NOW + 1;)
CHANGE(key_off_expired, key_expired(w); w->key.active = false;)
CHANGE(key_address_blocked, with_cert(w); w->blocked[0] = (char *)(uintptr_t) "192.0.2.0/24";
       w->key.blocked_ips = w->blocked; w->key.n_blocked_ips = 1;)
CHANGE(key_address_elsewhere, with_cert(w); w->allowed[0] = (char *)(uintptr_t) "198.51.100.0/24";
       w->key.allowed_ips = w->allowed; w->key.n_allowed_ips = 1;)
CHANGE(key_address_allowed, with_cert(w); w->allowed[0] = (char *)(uintptr_t) "192.0.2.7";
       w->key.allowed_ips = w->allowed; w->key.n_allowed_ips = 1;)
CHANGE(key_address_unproven, key_address_allowed(w); w->facts.proof_ok = false;)
CHANGE(no_access, with_cert(w); w->key.n_access = 0;)
CHANGE(other_access, with_cert(w); w->access[0].api_id = id_other;)
CHANGE(access_second, with_cert(w); w->access[0].api_id = id_other; w->access[1].api_id = id_api;
       w->key.n_access = 2;)
CHANGE(path_no, with_cert(w); static char p[] = "/other"; w->paths[0] = p;
       w->access[0].paths = w->paths; w->access[0].n_paths = 1;)
CHANGE(path_yes, with_cert(w); static char p[] = "/my-endpoint"; w->paths[0] = p;
       w->access[0].paths = w->paths; w->access[0].n_paths = 1;)
CHANGE(method_no, with_cert(w); static char m[] = "POST"; w->methods[0] = m;
       w->access[0].methods = w->methods; w->access[0].n_methods = 1;)
CHANGE(method_case, with_cert(w); static char m[] = "get"; w->methods[0] = m;
       w->access[0].methods = w->methods; w->access[0].n_methods = 1;)
CHANGE(method_yes, with_cert(w); static char m[] = "POST", m2[] = "GET"; w->methods[0] = m;
       w->methods[1] = m2; w->access[0].methods = w->methods; w->access[0].n_methods = 2;)
/* The first entry has the path but not the method, the second the method but not the path. */
CHANGE(crossed, method_no(w); static char p[] = "/other"; w->paths[0] = p;
       w->access[1].api_id = id_api; w->access[1].paths = w->paths; w->access[1].n_paths = 1;
       w->key.n_access = 2;)
/* The first refuses, the second allows. */
CHANGE(second_allows, method_no(w); w->access[1].api_id = id_api; w->key.n_access = 2;)
CHANGE(blocked, with_cert(w); static char b[] = "192.0.2.0/24"; w->blocked[0] = b;
       w->api.blocked_ips = w->blocked; w->api.n_blocked_ips = 1;)
CHANGE(blocked_keyless, blocked(w); w->auth.keyless = true;)
CHANGE(allowed_not, with_cert(w); static char b[] = "203.0.113.0/24"; w->allowed[0] = b;
       w->api.allowed_ips = w->allowed; w->api.n_allowed_ips = 1;)
CHANGE(allowed_yes, with_cert(w); static char b[] = "192.0.2.7"; w->allowed[0] = b;
       w->api.allowed_ips = w->allowed; w->api.n_allowed_ips = 1;)
CHANGE(allowed_and_blocked, allowed_yes(w); static char b[] = "192.0.2.7"; w->blocked[0] = b;
       w->api.blocked_ips = w->blocked; w->api.n_blocked_ips = 1;)
CHANGE(allowed_no_proof, allowed_yes(w); w->facts.proof_ok = false;)
CHANGE(allowed_no_address, allowed_yes(w); w->facts.remote_addr = SPAN_LIT("");)
CHANGE(blocked_no_proof, blocked(w); w->facts.proof_ok = false;)
CHANGE(blocked_no_address, blocked(w); w->facts.remote_addr = SPAN_LIT("");)

/* Trust by CA. */
CHANGE(by_ca, with_cert(w); w->auth.trust = CG__API_AUTH__TRUST__CA;
       w->facts.chain = (struct cert_chain){CERT_CHAIN_GOOD, NOW - 10, NOW + 10};)
CHANGE(by_ca_not_looked_at, by_ca(w); w->facts.chain = (struct cert_chain){0};)
CHANGE(by_ca_no_issuer, by_ca(w); w->facts.chain.fault = CERT_CHAIN_NO_ISSUER;)
CHANGE(by_ca_broken, by_ca(w); w->facts.chain.fault = CERT_CHAIN_BROKEN;)
CHANGE(by_ca_dates, by_ca(w); w->facts.chain.fault = CERT_CHAIN_DATES;)
CHANGE(by_ca_revoked, by_ca(w); w->facts.chain.fault = CERT_CHAIN_REVOKED;)
CHANGE(by_ca_outdated, by_ca(w); w->facts.chain.fault = CERT_CHAIN_OUTDATED;)
CHANGE(by_ca_first, by_ca(w); w->facts.chain.from = NOW;)
CHANGE(by_ca_last, by_ca(w); w->facts.chain.until = NOW;)
CHANGE(by_ca_before, by_ca(w); w->facts.chain.from = NOW + 1;)
CHANGE(by_ca_after, by_ca(w); w->facts.chain.until = NOW - 1;)
CHANGE(by_ca_unknown, by_ca(w); w->facts.certificate_grant = NULL;)
CHANGE(by_ca_cred_revoked, by_ca_no_issuer(w); w->cert.has_revoked_at = true;)
CHANGE(by_ca_not_verified, by_ca(w); w->facts.certificate = FACTS_CERT_NOT_VERIFIED;)
CHANGE(by_ca_token, with_token(w); w->auth.trust = CG__API_AUTH__TRUST__CA;)
CHANGE(by_ca_both, by_ca(w); with_token(w);)
CHANGE(by_ca_both_untrusted, by_ca_no_issuer(w); with_token(w);)
CHANGE(by_ca_key_off, by_ca(w); w->key.active = false;)
CHANGE(pinned_no_issuer, by_ca_no_issuer(w); w->auth.trust = CG__API_AUTH__TRUST__PINNED;)

static const struct row {
	const char *name;
	void (*change)(struct world *w);
	enum refusal want;
	enum decision_step step;
} rows[] = {
#define ROW(change, want, step)                                                                    \
	{                                                                                          \
#change, change, REFUSAL_##want, DECISION_##step                                   \
	}
    ROW(as_it_is, CREDENTIAL_MISSING, IDENTITY),
    ROW(cert, NONE, PASS),
    ROW(token, NONE, PASS),
    ROW(both, NONE, PASS),
    ROW(no_api, API_NOT_FOUND, API),
    ROW(api_off, API_INACTIVE, API),
    ROW(api_off_keyless, API_INACTIVE, API),
    ROW(keyless, NONE, PASS),
    ROW(keyless_unknown_cert, NONE, PASS),
    ROW(cert_off, CERTIFICATE_NOT_ENABLED, IDENTITY),
    ROW(cert_off_token, NONE, PASS),
    ROW(cert_off_unknown_token, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(cert_off_no_token_mode, CERTIFICATE_NOT_ENABLED, IDENTITY),
    ROW(token_off_token, CREDENTIAL_MISSING, IDENTITY),
    ROW(cert_unknown, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(cert_unknown_token, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(token_unknown, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(cert_token_unknown, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(cert_other_token, CREDENTIAL_MISMATCH, IDENTITY),
    ROW(fingerprint_as_token, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(cert_fingerprint_as_token, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(token_as_cert, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(not_passed, CREDENTIAL_MISSING, IDENTITY),
    ROW(not_passed_token, CREDENTIAL_MISSING, IDENTITY),
    ROW(refused, CREDENTIAL_MISSING, IDENTITY),
    ROW(refused_token, NONE, PASS),
    ROW(damaged, CREDENTIAL_MISSING, IDENTITY),
    ROW(no_verify, CREDENTIAL_MISSING, IDENTITY),
    ROW(not_verified, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(not_verified_unknown, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(not_verified_cert_off, CERTIFICATE_NOT_ENABLED, IDENTITY),
    ROW(not_verified_expired, CERTIFICATE_EXPIRED, CREDENTIAL),
    ROW(bound, NONE, PASS),
    ROW(bound_other, CREDENTIAL_MISMATCH, IDENTITY),
    ROW(bound_alone, CREDENTIAL_MISMATCH, IDENTITY),
    ROW(bound_cert_off, NONE, PASS),
    ROW(bound_cert_off_other, CREDENTIAL_MISMATCH, IDENTITY),
    ROW(bound_cert_off_not_verified, CREDENTIAL_MISMATCH, IDENTITY),
    ROW(bound_short, CREDENTIAL_MISMATCH, IDENTITY),
    ROW(cred_off, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(cred_revoked, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(cred_later, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(cred_from_now, NONE, PASS),
    ROW(cred_ended, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(cred_ends_soon, NONE, PASS),
    ROW(cert_not_yet, CERTIFICATE_NOT_YET_VALID, CREDENTIAL),
    ROW(cert_from_now, NONE, PASS),
    ROW(cert_at_end, NONE, PASS),
    ROW(cert_expired, CERTIFICATE_EXPIRED, CREDENTIAL),
    ROW(both_token_off, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(both_token_ended, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(token_cred_off, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(key_off, KEY_INACTIVE, KEY),
    ROW(key_off_token, KEY_INACTIVE, KEY),
    ROW(key_expired, KEY_EXPIRED, KEY),
    ROW(key_ends_soon, NONE, PASS),
    ROW(key_off_expired, KEY_INACTIVE, KEY),
    ROW(key_address_blocked, ADDRESS_NOT_ALLOWED, KEY),
    ROW(key_address_elsewhere, ADDRESS_NOT_ALLOWED, KEY),
    ROW(key_address_allowed, NONE, PASS),
    ROW(key_address_unproven, ADDRESS_NOT_ALLOWED, KEY),
    ROW(no_access, ACCESS_DENIED, ACCESS),
    ROW(other_access, ACCESS_DENIED, ACCESS),
    ROW(access_second, NONE, PASS),
    ROW(path_no, PATH_NOT_ALLOWED, PATH),
    ROW(path_yes, NONE, PASS),
    ROW(method_no, METHOD_NOT_ALLOWED, METHOD),
    ROW(method_case, METHOD_NOT_ALLOWED, METHOD),
    ROW(method_yes, NONE, PASS),
    ROW(crossed, METHOD_NOT_ALLOWED, METHOD),
    ROW(second_allows, NONE, PASS),
    ROW(blocked, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(blocked_keyless, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(allowed_not, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(allowed_yes, NONE, PASS),
    ROW(allowed_and_blocked, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(allowed_no_proof, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(allowed_no_address, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(blocked_no_proof, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(blocked_no_address, ADDRESS_NOT_ALLOWED, ADDRESS),
    ROW(by_ca, NONE, PASS),
    ROW(by_ca_not_looked_at, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_no_issuer, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_broken, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_dates, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_revoked, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_outdated, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_first, NONE, PASS),
    ROW(by_ca_last, NONE, PASS),
    ROW(by_ca_before, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_after, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_unknown, CREDENTIAL_UNKNOWN, IDENTITY),
    ROW(by_ca_cred_revoked, CREDENTIAL_INACTIVE, CREDENTIAL),
    ROW(by_ca_not_verified, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_token, NONE, PASS),
    ROW(by_ca_both, NONE, PASS),
    ROW(by_ca_both_untrusted, CERTIFICATE_UNTRUSTED, CREDENTIAL),
    ROW(by_ca_key_off, KEY_INACTIVE, KEY),
    ROW(pinned_no_issuer, NONE, PASS),
#undef ROW
};

static void test_rows(void **state)
{
	(void)state;
	bool seen[REFUSAL__COUNT] = {false};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct world w;
		world_init(&w);
		rows[i].change(&w);
		struct decision d = judge(&w);
		if (d.refusal != rows[i].want || d.step != rows[i].step)
			fail_msg("%s: %s at step %d, want %s at %d", rows[i].name,
				 refusal_row(d.refusal)->code, (int)d.step,
				 refusal_row(rows[i].want)->code, (int)rows[i].step);
		/* Who passes an API that is not keyless is somebody. */
		assert_true(d.refusal != REFUSAL_NONE || d.grant || w.auth.keyless);
		seen[d.refusal] = true;
	}
	/* Every refusal that a decision can give has a row. */
	for (int r = REFUSAL_NONE; r < REFUSAL_RATE_LIMITED; r++)
		if (!seen[r])
			fail_msg("no row gives %s", refusal_row((enum refusal)r)->code);
}

/* Each row's answer in words: a sentence for everybody, and no step after the one that refused. */
static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct world w;
		struct arena arena;
		struct decision_line lines[DECISION__COUNT];
		world_init(&w);
		rows[i].change(&w);
		arena_init(&arena, 100000);
		struct decision d = judge(&w);
		const char *detail = decision_detail(&w.facts, &d, &arena);
		assert_non_null(detail);
		assert_true(*detail != '\0');
		if (d.refusal != REFUSAL_NONE)
			assert_non_null(decision_error(&w.facts, &d, &arena));
		size_t n = decision_lines(&w.facts, &d, &arena, lines);
		assert_true(n > 0 && n <= DECISION__COUNT);
		for (size_t j = 0; j < n; j++) {
			assert_true(lines[j].step && *lines[j].step && lines[j].text &&
				    *lines[j].text);
			bool last = j + 1 == n;
			if (lines[j].passed != !(last && d.refusal != REFUSAL_NONE))
				fail_msg("%s: line %zu (%s)", rows[i].name, j, lines[j].step);
		}
		arena_release(&arena);
		/* Without memory there is still a sentence. */
		arena_init(&arena, 0);
		assert_non_null(decision_detail(&w.facts, &d, &arena));
		assert_true(decision_lines(&w.facts, &d, &arena, lines) > 0);
		arena_release(&arena);
	}
}

/* A decision that nobody made refuses. */
static void test_default_is_no(void **state)
{
	(void)state;
	struct decision none = {0};
	assert_int_not_equal(none.refusal, REFUSAL_NONE);
	assert_int_equal(refusal_row(none.refusal)->status, 503);
	struct facts nothing = {0};
	assert_int_not_equal(decide(&nothing, NOW).refusal, REFUSAL_NONE);
	/* Nor does an API of which nothing is known but that it is there. */
	struct world w;
	world_init(&w);
	w.facts = (struct facts){.api = &w.api};
	assert_int_not_equal(judge(&w).refusal, REFUSAL_NONE);
}

/* Over all combinations of what can be good or bad: it passes if and only if nothing is bad. */
static void test_all_combinations(void **state)
{
	(void)state;
	static void (*const bad[])(struct world * w) = {api_off,      blocked,	    cred_off,
							cred_revoked, cert_expired, key_off,
							key_expired,  no_access};
	for (unsigned set = 0; set < 1U << CG_COUNT(bad); set++) {
		struct world w;
		world_init(&w);
		with_cert(&w);
		for (size_t i = 0; i < CG_COUNT(bad); i++)
			if (set >> i & 1)
				bad[i](&w);
		assert_int_equal(judge(&w).refusal == REFUSAL_NONE, set == 0);
	}
	/* Certificate states x whether the API takes each kind x who the token is. */
	for (int c = FACTS_CERT_NONE; c <= FACTS_CERT_NO_VERIFY; c++)
		for (unsigned set = 0; set < 64; set++) {
			struct world w;
			world_init(&w);
			bool certs = set & 1, tokens = set & 2, known = set & 4, has = set & 8,
			     own = set & 16, active = set & 32;
			with_cert(&w);
			with_token(&w);
			w.auth.use_certificate = certs;
			w.auth.use_token = tokens;
			w.facts.certificate = (enum facts_certificate)c;
			w.facts.certificate_grant = known ? &w.cert_grant : NULL;
			w.facts.token = has && tokens;
			w.facts.token_grant = own ? &w.token_grant : &w.token2_grant;
			w.key.active = w.key2.active = active;
			bool by_cert =
			    certs && c == FACTS_CERT_PRESENT && known && (!(has && tokens) || own);
			bool cert_decides =
			    certs && (c == FACTS_CERT_PRESENT || c == FACTS_CERT_NOT_VERIFIED ||
				      c == FACTS_CERT_NOT_PASSED);
			bool by_token = tokens && has && !cert_decides;
			if ((judge(&w).refusal == REFUSAL_NONE) !=
			    (active && (by_cert || by_token)))
				fail_msg("certificate %d, set %u", c, set);
		}
}

/* CONTRACT.md section 4. */
static void test_table_of_refusals(void **state)
{
	(void)state;
	static const struct {
		enum refusal refusal;
		const char *code;
		int status;
		const char *error;
	} want[] = {
#define API	 "Access to this API has been disallowed"
#define RESOURCE "Access to this resource has been disallowed"
#define INACTIVE "Key is inactive, please renew"
#define MISSING	 "Authorization field missing"
#define PROXYING "There was a problem proxying the request"
	    {REFUSAL_API_NOT_FOUND,		    "api_not_found",	     404, "Not Found"		     },
	    {REFUSAL_API_INACTIVE,		   "api_inactive",		   404, "Not Found"			   },
	    {REFUSAL_CREDENTIAL_MISSING,	 "credential_missing",	       401, MISSING			   },
	    {REFUSAL_CERTIFICATE_NOT_ENABLED,   "certificate_not_enabled",	 401, MISSING			     },
	    {REFUSAL_CREDENTIAL_UNKNOWN,	 "credential_unknown",	       403, API			       },
	    {REFUSAL_CREDENTIAL_MISMATCH,	  "credential_mismatch",	 403, API				 },
	    {REFUSAL_CERTIFICATE_EXPIRED,	  "certificate_expired",	 403, "Certificate has expired"      },
	    {REFUSAL_CERTIFICATE_NOT_YET_VALID, "certificate_not_yet_valid", 403, NULL			      },
	    {REFUSAL_CERTIFICATE_UNTRUSTED,	    "certificate_untrusted",     403, NULL			      },
	    {REFUSAL_CREDENTIAL_INACTIVE,	  "credential_inactive",	 403, INACTIVE			      },
	    {REFUSAL_KEY_INACTIVE,		   "key_inactive",		   403, INACTIVE			},
	    {REFUSAL_KEY_EXPIRED,		  "key_expired",		 401, "Key has expired, please renew"},
	    {REFUSAL_ACCESS_DENIED,		    "access_denied",	     403, API			     },
	    {REFUSAL_PATH_NOT_ALLOWED,	       "path_not_allowed",	   403, RESOURCE			},
	    {REFUSAL_METHOD_NOT_ALLOWED,	 "method_not_allowed",	       403, RESOURCE			    },
	    {REFUSAL_ADDRESS_NOT_ALLOWED,	  "address_not_allowed",	 403,
								       "access from this IP has been disallowed"							   },
	    {REFUSAL_BODY_TOO_LARGE,	     "body_too_large",	       413, NULL				},
	    {REFUSAL_RATE_LIMITED,		   "rate_limited",		   429, "Rate Limit Exceeded"	     },
	    {REFUSAL_TOO_MANY_CONCURRENT,	  "too_many_concurrent",	 429, "Rate Limit Exceeded"	   },
	    {REFUSAL_QUOTA_EXCEEDED,	     "quota_exceeded",	       403, "Quota exceeded"		    },
	    {REFUSAL_BAD_REQUEST,		  "bad_request",		 400, NULL				  },
	    {REFUSAL_UPSTREAM_UNREACHABLE,	   "upstream_unreachable",	   502, PROXYING			},
	    {REFUSAL_UPSTREAM_TLS,		   "upstream_tls",		   502, PROXYING			},
	    {REFUSAL_UPSTREAM_INVALID,	       "upstream_invalid",	   502, PROXYING			},
	    {REFUSAL_UPSTREAM_TIMEOUT,	       "upstream_timeout",	   504, NULL			    },
	    {REFUSAL_UNAVAILABLE,		  "unavailable",		 503, NULL				  },
	};
	for (size_t i = 0; i < CG_COUNT(want); i++) {
		const struct refusal_row *row = refusal_row(want[i].refusal);
		assert_string_equal(row->code, want[i].code);
		assert_int_equal(row->status, want[i].status);
		if (want[i].error)
			assert_string_equal(row->error, want[i].error);
	}
	assert_int_equal(CG_COUNT(want), REFUSAL__COUNT - 1);
	assert_int_equal(refusal_row((enum refusal)9999)->status, 503);
	/* The two whose text depends on the facts. */
	struct world w;
	struct arena arena;
	arena_init(&arena, 100000);
	world_init(&w);
	w.auth.use_token = false;
	struct decision d = judge(&w);
	assert_string_equal(decision_error(&w.facts, &d, &arena), "Client certificate required");
	world_init(&w);
	not_verified(&w);
	d = judge(&w);
	assert_string_equal(decision_error(&w.facts, &d, &arena),
			    "Certificate with SHA256 "
			    "0100000000000000000000000000000000000000000000000000000000000000 not "
			    "allowed");
	/* What to do first of all for a certificate on an API that takes none. */
	world_init(&w);
	cert_off(&w);
	d = judge(&w);
	assert_non_null(strstr(decision_detail(&w.facts, &d, &arena), "use_certificate"));
	/* A certificate that the server saw and did not pass on: the directive's name. */
	world_init(&w);
	not_passed(&w);
	d = judge(&w);
	assert_non_null(strstr(decision_detail(&w.facts, &d, &arena), "ExportCertData"));
	arena_release(&arena);
}

/* --- which API --- */

static void test_routes(void **state)
{
	(void)state;
	static char paths[][16] = {"/api/v1/x/", "/api/v1/", "/api/", "/other/"};
	static char site_a[] = "a", site_b[] = "b";
	char *sites[4][1] = {{site_a}, {site_b}, {NULL}, {site_a}};
	Cg__Api apis[4];
	struct route items[4];
	for (size_t i = 0; i < 4; i++) {
		cg__api__init(&apis[i]);
		apis[i].listen_path = paths[i];
		apis[i].sites = sites[i];
		apis[i].n_sites = sites[i][0] ? 1 : 0;
		items[i] = (struct route){.api = &apis[i]};
	}
	struct routes routes = {items, 4};
	static const struct {
		const char *site, *path;
		int want; /* -1: none */
		const char *rest;
	} want[] = {
	    {"a", "/api/v1/x/y", 0,  "/y"	},
	    {"a", "/api/v1/x",   0,  "/"	     },
	    {"a", "/api/v1/xy",	2,  "/v1/xy" },
	    {"b", "/api/v1/x/y", 1,  "/x/y"	  },
	    {"c", "/api/v1/x/y", 2,  "/v1/x/y"},
	    {"",	 "/api/",	  2,  "/"	},
	    {"",	 "/api",	 2,  "/"      },
	    {"",	 "/api2",	  -1, NULL	  },
	    {"b", "/other/",     -1, NULL     },
	    {"a", "/other//x",   3,  "//x"    },
	    {"a", "/",	       -1, NULL     },
	    {"A", "/other/",     -1, NULL     },
	};
	for (size_t i = 0; i < CG_COUNT(want); i++) {
		struct span path = span_of(want[i].path);
		const struct route *r = routes_find(&routes, span_of(want[i].site), path);
		if (r != (want[i].want < 0 ? NULL : &items[want[i].want]))
			fail_msg("%s on site %s", want[i].path, want[i].site);
		if (r && !span_is_text(route_rest(r, path), want[i].rest))
			fail_msg("the rest of %s", want[i].path);
	}
}

/* --- merging: a table of up to three policies --- */

enum { OFF = 1, GONE = 2, A = 4, R = 8, Q = 16, HELD = 32 };

struct merge_row {
	const char *what;
	uint64_t own_rate; /* per 10 s; 0: none */
	struct {
		unsigned flags;
		uint64_t rate, per_s; /* 0: none */
		uint64_t quota;
		Cg__Quota__Period period;
		const char *paths[2]; /* an access entry for each */
		uint64_t days;
	} policies[3];
	const char *want_paths; /* of all entries, in order; "own": the key's */
	uint64_t want_rate, want_per_s, want_quota;
	int rate_from, quota_from; /* policy, -1: the key */
	int64_t want_days;	   /* 0: no end */
};

#define MONTH CG__QUOTA__PERIOD__MONTH
#define DAY   CG__QUOTA__PERIOD__DAY
#define HOUR  CG__QUOTA__PERIOD__HOUR

/* clang-format off */
static const struct merge_row merges[] = {
	{"none: the key's own", 5, {{0}}, "own", 5, 10, 0, -1, -1, 0},
	{"none, and no limits", 0, {{0}}, "own", 0, 0, 0, -1, -1, 0},
	{"access alone", 5, {{A, .paths = {"/a"}}}, "/a", 5, 10, 0, -1, -1, 0},
	{"access without an entry is no access", 5, {{A}}, "", 5, 10, 0, -1, -1, 0},
	{"rate alone", 5, {{R, .rate = 3, .per_s = 10}}, "own", 3, 10, 0, 0, -1, 0},
	{"a part without a value is unlimited", 5, {{R | Q}}, "own", 0, 0, 0, 0, 0, 0},
	{"of two rates the larger", 5, {{R, .rate = 3, .per_s = 10}, {R, .rate = 2, .per_s = 5}}, "own", 2, 5, 0, 1, -1, 0},
	{"in whatever order", 5, {{R, .rate = 2, .per_s = 5}, {R, .rate = 3, .per_s = 10}}, "own", 2, 5, 0, 0, -1, 0},
	{"the pair whole, not the best of both", 5, {{R, .rate = 100, .per_s = 1000}, {R, .rate = 2, .per_s = 1}}, "own", 2, 1, 0, 1, -1, 0},
	{"of two alike the first", 5, {{R, .rate = 1, .per_s = 1}, {R, .rate = 60, .per_s = 60}}, "own", 1, 1, 0, 0, -1, 0},
	{"unlimited is the largest", 5, {{R, .rate = 3, .per_s = 10}, {R}}, "own", 0, 0, 0, 1, -1, 0},
	{"and stays so", 5, {{R}, {R, .rate = 3, .per_s = 10}}, "own", 0, 0, 0, 0, -1, 0},
	{"of two quotas the larger in time", 5, {{Q, .quota = 100, .period = MONTH}, {Q, .quota = 10, .period = DAY}}, "own", 5, 10, 10, -1, 1, 0},
	{"a quota by the hour", 5, {{Q, .quota = 1, .period = HOUR}, {Q, .quota = 23, .period = DAY}}, "own", 5, 10, 1, -1, 0, 0},
	{"access of two is put together", 5, {{A, .paths = {"/a", "/b"}}, {A, .paths = {"/c"}}}, "/a/b/c", 5, 10, 0, -1, -1, 0},
	{"one is off: the other one's rights stay", 5, {{A | R | OFF, .rate = 9, .per_s = 1, .paths = {"/a"}}, {A | R, .rate = 1, .per_s = 1, .paths = {"/b"}}}, "/b", 1, 1, 0, 1, -1, 0},
	{"all are off: the key's own", 5, {{A | R | Q | OFF, .quota = 1, .paths = {"/a"}}, {A | OFF, .paths = {"/b"}}}, "own", 5, 10, 0, -1, -1, 0},
	{"gone: as if it had never been", 5, {{A | R | GONE, .paths = {"/a"}}, {A, .paths = {"/b"}}}, "/b", 5, 10, 0, -1, -1, 0},
	{"parts from different ones", 5, {{A, .paths = {"/a"}}, {R, .rate = 7, .per_s = 7}, {Q, .quota = 8, .period = DAY}}, "/a", 7, 7, 8, 1, 2, 0},
	{"what is not applied does not count", 5, {{A, .rate = 7, .per_s = 7, .quota = 8, .paths = {"/a"}}}, "/a", 5, 10, 0, -1, -1, 0},
	{"applied in one, not in the other", 5, {{A, .paths = {"/a"}}, {R, .rate = 1, .per_s = 1, .paths = {"/b"}}}, "/a", 1, 1, 0, 1, -1, 0},
	{"an end", 5, {{R, .days = 30}}, "own", 0, 0, 0, 0, -1, 30},
	{"the earliest end", 5, {{R, .days = 30}, {A, .paths = {"/a"}, .days = 7}, {Q, .days = 90}}, "/a", 0, 0, 0, 0, 2, 7},
	{"of one that is off it does not count", 5, {{R | OFF, .days = 30}}, "own", 5, 10, 0, -1, -1, 0},
	{"held: no access, nor the key's own", 5, {{A | HELD, .paths = {"/a"}}}, "", 5, 10, 0, -1, -1, 0},
	{"held beside another", 5, {{A | HELD, .paths = {"/a"}}, {A, .paths = {"/b"}}}, "/b", 5, 10, 0, -1, -1, 0},
	{"held, its rate is smaller", 5, {{R | HELD, .rate = 3, .per_s = 10}}, "own", 3, 10, 0, 0, -1, 0},
	{"held, its rate is larger", 5, {{R | HELD, .rate = 7, .per_s = 10}}, "own", 5, 10, 0, -1, -1, 0},
	{"held, without a rate", 5, {{R | Q | HELD}}, "own", 5, 10, 0, -1, -1, 0},
	{"held, where nothing limits", 0, {{R | Q | HELD, .rate = 7, .per_s = 10, .quota = 9, .period = DAY}}, "own", 7, 10, 9, 0, 0, 0},
	{"held, smaller than another's", 5, {{R | Q | HELD, .rate = 1, .per_s = 10, .quota = 2, .period = DAY}, {R | Q, .rate = 8, .per_s = 10, .quota = 9, .period = DAY}}, "own", 1, 10, 2, 0, 0, 0},
	{"held, larger than another's", 5, {{R, .rate = 2, .per_s = 10}, {R | HELD, .rate = 8, .per_s = 10}}, "own", 2, 10, 0, 0, -1, 0},
	{"held and off: as off", 5, {{A | R | OFF | HELD, .rate = 1, .per_s = 10, .paths = {"/a"}}}, "own", 5, 10, 0, -1, -1, 0},
	{"held, its end holds", 5, {{A | HELD, .days = 7, .paths = {"/a"}}}, "", 5, 10, 0, -1, -1, 7},
	{"three of everything", 1, {{A | R | Q, .rate = 1, .per_s = 1, .quota = 1, .period = DAY, .paths = {"/a"}}, {A | R | Q, .rate = 3, .per_s = 1, .quota = 2, .period = DAY, .paths = {"/b"}}, {A | R | Q, .rate = 2, .per_s = 1, .quota = 3, .period = DAY, .paths = {"/c"}}}, "/a/b/c", 3, 1, 3, 1, 2, 0},
};
/* clang-format on */

/* The policy of a row, with room for what it points to. */
struct merge_policy {
	Cg__Policy policy;
	Cg__Policy__Part applies[3];
	Cg__Rate rate;
	Cg__Quota quota;
	Cg__Access access[2], *list[2];
	char *paths[2];
};

static void merge_policy_init(struct merge_policy *m, const struct merge_row *row, size_t i)
{
	unsigned flags = row->policies[i].flags;
	memset(m, 0, sizeof(*m));
	cg__policy__init(&m->policy);
	cg__rate__init(&m->rate);
	cg__quota__init(&m->quota);
	m->policy.active = !(flags & OFF);
	m->policy.held = flags & HELD;
	m->policy.applies = m->applies;
	if (flags & A)
		m->applies[m->policy.n_applies++] = CG__POLICY__PART__ACCESS;
	if (flags & R)
		m->applies[m->policy.n_applies++] = CG__POLICY__PART__RATE;
	if (flags & Q)
		m->applies[m->policy.n_applies++] = CG__POLICY__PART__QUOTA;
	m->rate.limit = row->policies[i].rate;
	m->rate.per_seconds = row->policies[i].per_s;
	m->quota.limit = row->policies[i].quota;
	m->quota.period = row->policies[i].period;
	m->policy.rate = m->rate.limit > 0 ? &m->rate : NULL;
	m->policy.quota = m->quota.limit > 0 ? &m->quota : NULL;
	m->policy.has_key_lifetime_days = row->policies[i].days > 0;
	m->policy.key_lifetime_days = row->policies[i].days;
	m->policy.access = m->list;
	for (size_t p = 0; p < 2 && row->policies[i].paths[p]; p++) {
		cg__access__init(&m->access[p]);
		m->paths[p] = (char *)(uintptr_t)row->policies[i].paths[p];
		m->access[p].api_id = id_api;
		m->access[p].paths = &m->paths[p];
		m->access[p].n_paths = 1;
		m->list[m->policy.n_access++] = &m->access[p];
	}
}

static void test_merge(void **state)
{
	struct merge_policy m[3];
	struct effective e;
	struct arena arena;
	(void)state;
	arena_init(&arena, 1024 * 1024);
	for (const struct merge_row *row = merges; row < merges + CG_COUNT(merges); row++) {
		struct world w;
		Cg__Rate own = CG__RATE__INIT;
		Cg__Policy *policies[3];
		size_t n = 0;
		char paths[64] = "";
		world_init(&w);
		own.limit = row->own_rate;
		own.per_seconds = 10;
		w.key.rate = own.limit ? &own : NULL;
		w.key.created_at = NOW;
		for (size_t i = 0; i < 3 && row->policies[i].flags; i++) {
			merge_policy_init(&m[i], row, i);
			if (row->policies[i].flags & GONE)
				continue;
			policies[n++] = &m[i].policy;
		}
		assert_int_equal(effective_make(&w.key, policies, n, &arena, &e, NULL), CG_OK);
		for (size_t i = 0; i < e.n_access; i++)
			(void)snprintf(paths + strlen(paths), sizeof(paths) - strlen(paths), "%s",
				       e.access[i].from ? e.access[i].entry->paths[0] : "own");
		uint64_t rate = e.rate ? e.rate->limit : 0,
			 per_s = e.rate ? e.rate->per_seconds : 0;
		const Cg__Policy *rate_from = row->rate_from < 0 ? NULL : &m[row->rate_from].policy;
		const Cg__Policy *quota_from =
		    row->quota_from < 0 ? NULL : &m[row->quota_from].policy;
		int64_t days = e.has_expires_at ? (e.expires_at - NOW) / 86400 : 0;
		if (strcmp(paths, row->want_paths) != 0 || rate != row->want_rate ||
		    per_s != row->want_per_s || (e.quota ? e.quota->limit : 0) != row->want_quota ||
		    e.rate_from != rate_from || e.quota_from != quota_from ||
		    days != row->want_days)
			fail_msg("%s: paths %s, rate %d/%d, quota %d, %d days", row->what, paths,
				 (int)rate, (int)per_s, (int)(e.quota ? e.quota->limit : 0),
				 (int)days);
	}
	arena_release(&arena);
}

/* The key's own end and a policy's: the earlier one. */
static void test_merge_end(void **state)
{
	struct world w;
	struct effective e;
	struct arena arena;
	Cg__Policy policy = CG__POLICY__INIT, *policies[] = {&policy};
	(void)state;
	arena_init(&arena, 1024 * 1024);
	world_init(&w);
	policy.has_key_lifetime_days = true;
	policy.key_lifetime_days = 10;
	w.key.created_at = NOW;
	w.key.has_expires_at = true;
	for (int64_t days = 9; days <= 11; days++) {
		w.key.expires_at = NOW + days * 86400;
		assert_int_equal(effective_make(&w.key, policies, 1, &arena, &e, NULL), CG_OK);
		assert_true(e.has_expires_at);
		assert_int_equal(e.expires_at, NOW + (days < 10 ? days : 10) * 86400);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_merge),
	    cmocka_unit_test(test_merge_end),
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_default_is_no),
	    cmocka_unit_test(test_all_combinations),
	    cmocka_unit_test(test_table_of_refusals),
	    cmocka_unit_test(test_routes),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
