/* lib/grant: the pure decision, as a table of facts, and that nothing but its last line allows. */
#include "decide_world.h"

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

/* The code and the status of each refusal. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_default_is_no),
	    cmocka_unit_test(test_all_combinations),
	    cmocka_unit_test(test_table_of_refusals),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
