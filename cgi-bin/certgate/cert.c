/* certgate cert: what is read in a certificate file, by the code of each way in; and the
 * certificates that are registered. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "cert/cert.h"
#include "cert/usages.h"
#include "command.h"
#include "model/certificate.h"
#include "model/crl.h"
#include "model/entity.h"
#include "model/exposed_key.h"
#include <sys/prctl.h>

static json_t *cert_json(const struct cert *cert, const char *use)
{
	char sha256[SHA256_HEX + 1], spki[SHA256_HEX + 1], from[RFC3339_TEXT + 1],
	    to[RFC3339_TEXT + 1];
	json_t *names = json_array();
	hex_format(cert->sha256.b, SHA256_BYTES, sha256);
	hex_format(cert->spki_sha256.b, SHA256_BYTES, spki);
	(void)rfc3339_format(cert->not_before, from);
	(void)rfc3339_format(cert->not_after, to);
	for (size_t i = 0; i < cert->n_names; i++)
		(void)json_array_append_new(names, json_string(cert->names[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b}", "use", use,
			 "sha256", sha256, "spki_sha256", spki, "subject", cert->subject, "issuer",
			 cert->issuer, "serial", cert->serial, "not_before", from, "not_after", to,
			 "public_key", cert->public_key, "names", names, "is_ca", cert->is_ca,
			 "client_auth_allowed", cert->client_auth_allowed);
}

static json_t *refused(const struct cg_err *err)
{
	return json_pack("{s:b, s:n, s:s, s:s?, s:[], s:[]}", "accepted", 0, "sha256", "reason",
			 err->text, "code", err->code, "notices", "certificates");
}

static json_t *accepted(const struct cert_reading *r)
{
	json_t *certificates = json_array(), *notices = json_array();
	char sha256[SHA256_HEX + 1];
	hex_format(r->leaf.sha256.b, SHA256_BYTES, sha256);
	(void)json_array_append_new(certificates, cert_json(&r->leaf, "client"));
	for (size_t i = 0; i < r->n_chain; i++)
		(void)json_array_append_new(certificates, cert_json(&r->chain[i], "chain"));
	for (size_t i = 0; i < r->n_notices; i++)
		(void)json_array_append_new(notices, json_string(r->notices[i]));
	return json_pack("{s:b, s:s, s:n, s:n, s:b, s:o, s:o}", "accepted", 1, "sha256", sha256,
			 "reason", "code", "private_key_dropped", r->private_key_dropped, "notices",
			 notices, "certificates", certificates);
}

/* The gate looks at the dates with each request, whatever the store holds. */
static cg_rc check_now(const struct cert *cert, struct cg_err *err)
{
	char when[RFC3339_TEXT + 1];
	int64_t now = clock_unix_s();
	if (now > cert->not_after) {
		(void)rfc3339_format(cert->not_after, when);
		return cg_fail_code(err, CG_BAD_VALUE, CERT_EXPIRED,
				    "The gate refuses this certificate: it expired on %s.", when);
	}
	if (now < cert->not_before) {
		(void)rfc3339_format(cert->not_before, when);
		return cg_fail_code(err, CG_BAD_VALUE, "certificate_not_yet_valid",
				    "The gate refuses this certificate now: it is valid from %s "
				    "on.",
				    when);
	}
	return CG_OK;
}

static cg_rc read_as_gate(struct command *c, struct span text, struct cert_reading *out,
			  struct cg_err *err)
{
	struct span der;
	struct sha256 sha256;
	cg_rc rc;
	switch (cert_from_server(text, &c->arena, &der, &sha256)) {
	case CERT_SEEN_ONE:
		*out = (struct cert_reading){0};
		rc = cert_facts(der, &c->arena, &out->leaf, err);
		return rc == CG_OK ? check_now(&out->leaf, err) : rc;
	case CERT_SEEN_NONE:
		return cg_fail_code(err, CG_BAD_VALUE, CERT_NO_CERTIFICATE,
				    "The gate takes this as: no certificate came.");
	case CERT_SEEN_DAMAGED:
		return cg_fail_code(err, CG_BAD_VALUE, CERT_DAMAGED,
				    "The gate takes this as damaged: nobody is identified by it.");
	case CERT_SEEN_FAILED:
		break;
	}
	return cg_fail_memory(err);
}

static cg_rc read_as(struct command *c, const char *as, struct span text, struct cert_reading *out,
		     struct cg_err *err)
{
	if (strcmp(as, "gate") == 0)
		return read_as_gate(c, text, out, err);
	enum cert_way way = strcmp(as, "portal") == 0 ? CERT_WAY_PORTAL_FILE : CERT_WAY_ADMIN_FILE;
	return cert_read(text, way, CERT_KIND_CLIENT, clock_unix_s(), &c->arena, out, NULL, err);
}

static int show(struct command *c)
{
	struct cg_err err = {0};
	struct span text;
	struct cert_reading reading;
	const char *as = command_take(c, "--as");
	const char *path = command_next(c);
	if (!as)
		as = "admin";
	if (!path || !command_all_taken(c))
		return EXIT_USAGE;
	if (strcmp(as, "admin") != 0 && strcmp(as, "portal") != 0 && strcmp(as, "gate") != 0)
		return command_bad_value("--as", "admin, portal or gate", as);
	/* The file may hold a private key: no core file of it. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (command_read_file(c, path, &text, &err) != CG_OK)
		return command_fail(c, &err);
	cg_rc rc = read_as(c, as, text, &reading, &err);
	if (rc == CG_OK)
		return command_print(c, accepted(&reading));
	if (c->json)
		(void)command_print(c, refused(&err));
	return command_fail(c, &err);
}

/* --- those that are registered --- */

/* As REST shows it. */
static json_t *use_json(struct command *c, const struct certificate_use *use)
{
	const Cg__Certificate *certificate = use->certificate;
	struct cert_usages usages;
	struct sha256 digest;
	char x5t[SHA256_X5T + 1] = "";
	json_t *json = record_to_json(certificate), *words = json_array(), *apis = json_array();
	if (certificate->sha256.len == SHA256_BYTES) {
		memcpy(digest.b, certificate->sha256.data, SHA256_BYTES);
		x5t_format(&digest, x5t);
	}
	cert_usages(span_make(certificate->der.data, certificate->der.len), &c->arena, &usages);
	for (size_t i = 0; i < usages.n; i++)
		(void)json_array_append_new(words, json_string(usages.items[i]));
	for (size_t i = 0; i < use->n_apis; i++)
		(void)json_array_append_new(apis, json_string(use->api_ids[i]));
	(void)json_object_set_new(json, "x5t_s256", json_string(x5t));
	(void)json_object_set_new(json, "usages", words);
	(void)json_object_set_new(
	    json, "key_id", use->key_id && *use->key_id ? json_string(use->key_id) : json_null());
	(void)json_object_set_new(json, "api_ids", apis);
	return json;
}

static int list(struct command *c)
{
	struct cg_err err = {0};
	struct certificate_page page = {.next = NULL};
	const char *q = command_next(c);
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	json_t *items = json_array();
	while (rc == CG_OK) {
		rc = certificate_list(c->store, span_of(page.next), LIST_LIMIT_MAX, span_of(q),
				      &c->arena, &page, &err);
		for (size_t i = 0; rc == CG_OK && i < page.n; i++)
			(void)json_array_append_new(items, use_json(c, &page.items[i]));
		if (!page.next)
			break;
	}
	if (rc == CG_OK && page.notice)
		(void)fprintf(stderr, "%s\n", page.notice);
	if (rc == CG_OK)
		return command_print(c, items);
	json_decref(items);
	return command_fail(c, &err);
}

static int get(struct command *c)
{
	struct cg_err err = {0};
	struct certificate_use use;
	const char *sha256 = command_next(c);
	if (!sha256 || !command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = certificate_get(c->store, sha256, &c->arena, &use, &err);
	return rc == CG_OK ? command_print(c, use_json(c, &use)) : command_fail(c, &err);
}

static int add(struct command *c)
{
	struct cg_err err = {0};
	struct cert_reading reading;
	struct certificate_use use = {.key_id = ""};
	Cg__Certificate__Kind kind;
	enum cert_kind as;
	const char *kind_text = command_take(c, "--kind"), *path = command_next(c);
	if (!path || !command_all_taken(c))
		return EXIT_USAGE;
	if (!kind_text)
		kind_text = "client";
	if (!*kind_text || certificate_kind_parse(span_of(kind_text), &kind, &as, &err) != CG_OK)
		return command_bad_value("--kind", "client, ca or upstream", kind_text);
	cg_rc rc = command_read_cert(c, path, as, &reading, &err);
	if (rc == CG_OK)
		rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = certificate_create(c->store, &c->actor, &reading.leaf, kind, &c->arena,
					&use.certificate, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	command_tell_notices(&reading);
	return command_print_done(c, use_json(c, &use), use.certificate->id, NULL, &err);
}

static int delete (struct command *c)
{
	struct cg_err err = {0};
	bool cascade = command_take_flag(c, "--cascade");
	const char *sha256 = command_next(c);
	if (!sha256 || !command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = certificate_remove(c->store, &c->actor, sha256, ENTITY_ANY_REVISION, cascade,
					&c->arena, &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}

/* Shows the list of a CA, takes a new one, or forgets it. */
static int crl(struct command *c)
{
	struct cg_err err = {0};
	struct span text = {NULL, 0};
	Cg__Crl *list_there = NULL;
	bool forget = command_take_flag(c, "--delete");
	const char *ca = command_next(c), *path = command_next(c);
	cg_rc rc = CG_OK;
	if (!ca || !command_all_taken(c) || (forget && path))
		return EXIT_USAGE;
	if (path)
		rc = command_read_file(c, path, &text, &err);
	if (rc == CG_OK)
		rc = command_open(c, &err);
	if (rc == CG_OK && forget)
		rc = ca_crl_remove(c->store, &c->actor, ca, ENTITY_ANY_REVISION, &c->arena, &err);
	else if (rc == CG_OK && path)
		rc = ca_crl_put(c->store, &c->actor, ca, ENTITY_ANY_REVISION, text, &c->arena,
				&list_there, &err);
	else if (rc == CG_OK)
		rc = ca_crl_get(c->store, ca, &c->arena, &list_there, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	return list_there ? command_print(c, record_to_json(list_there)) : EXIT_DONE;
}

/* A public key by its SHA-256. */
static int block(struct command *c, bool lift)
{
	struct cg_err err = {0};
	struct cert_exposed exposed = {.n = 1};
	Cg__ExposedKey *key;
	const char *spki = command_next(c);
	if (!spki || !command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK && lift)
		rc = exposed_key_remove(c->store, &c->actor, spki, ENTITY_ANY_REVISION, &c->arena,
					&err);
	if (rc == CG_OK && !lift && !sha256_parse(span_of(spki), &exposed.spki_sha256[0]))
		rc = cg_fail(&err, CG_BAD_VALUE,
			     "“%.80s” is not the SHA-256 of a public key (spki_sha256 of a "
			     "certificate, 64 hex digits).",
			     spki);
	if (rc == CG_OK && !lift)
		rc = exposed_key_block(c->store, &c->actor, &exposed, &c->arena, &key, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	return lift ? EXIT_DONE : command_print(c, record_to_json(key));
}

int cert_main(struct command *c)
{
	const char *verb = command_next(c);
	if (!verb)
		return EXIT_USAGE;
	if (strcmp(verb, "show") == 0)
		return show(c);
	if (strcmp(verb, "list") == 0)
		return list(c);
	if (strcmp(verb, "get") == 0)
		return get(c);
	if (strcmp(verb, "add") == 0)
		return add(c);
	if (strcmp(verb, "delete") == 0)
		return delete (c);
	if (strcmp(verb, "crl") == 0)
		return crl(c);
	if (strcmp(verb, "block") == 0)
		return block(c, false);
	return strcmp(verb, "unblock") == 0 ? block(c, true) : EXIT_USAGE;
}
