/* Two APIs, two keys with a certificate and a token each, for the tests of lib/grant's decisions.
 */
#ifndef CG_TESTS_UNIT_DECIDE_WORLD_H
#define CG_TESTS_UNIT_DECIDE_WORLD_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "grant/decide.h"

#define NOW INT64_C(1800000000)

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

static inline void credential(Cg__Credential *c, uint8_t *digest, Cg__Credential__Type type,
			      char *key_id)
{
	cg__credential__init(c);
	c->sha256 = (ProtobufCBinaryData){SHA256_BYTES, digest};
	c->type = type;
	c->key_id = key_id;
}

static inline void world_init(struct world *w)
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

static inline void with_cert(struct world *w)
{
	w->facts.certificate = FACTS_CERT_PRESENT;
	memcpy(w->facts.sha256.b, cert_digest, SHA256_BYTES);
	w->facts.certificate_grant = &w->cert_grant;
}

static inline void with_token(struct world *w)
{
	w->facts.token = true;
	w->facts.token_grant = &w->token_grant;
}

#endif
