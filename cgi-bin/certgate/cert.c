/* certgate cert show: what is read in a certificate file, by the code of each way in. */
#include "base/base.h"
#include "base/clock.h"
#include "cert/cert.h"
#include "command.h"
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

static cg_rc read_as(struct command *c, const char *as, bool file, struct span text,
		     struct cert_reading *out, struct cg_err *err)
{
	if (strcmp(as, "gate") == 0)
		return read_as_gate(c, text, out, err);
	enum cert_way way = strcmp(as, "portal") == 0
				? (file ? CERT_WAY_PORTAL_FILE : CERT_WAY_PORTAL)
				: (file ? CERT_WAY_ADMIN_FILE : CERT_WAY_ADMIN);
	return cert_read(text, way, CERT_KIND_CLIENT, clock_unix_s(), &c->arena, out, NULL, err);
}

int cert_main(struct command *c)
{
	struct cg_err err = {0};
	struct span text;
	struct cert_reading reading;
	const char *as = command_take(c, "--as");
	const char *verb = command_next(c), *path = command_next(c);
	if (!as)
		as = "admin";
	if (!verb || strcmp(verb, "show") != 0 || !path || !command_all_taken(c) ||
	    (strcmp(as, "admin") != 0 && strcmp(as, "portal") != 0 && strcmp(as, "gate") != 0))
		return EXIT_USAGE;
	/* The file may hold a private key: no core file of it. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (command_read_file(c, path, &text, &err) != CG_OK)
		return command_fail(c, &err);
	cg_rc rc = read_as(c, as, strcmp(path, "-") != 0, text, &reading, &err);
	if (rc == CG_OK)
		return command_print(c, accepted(&reading));
	if (c->json)
		(void)command_print(c, refused(&err));
	return command_fail(c, &err);
}
