/* Real calls over TLS, with a certificate that nobody knows. */
#include "base/base.h"
#include "doctor.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/url.h"
#include "throwaway.h"
#include <curl/curl.h>
#include <sys/mman.h>

#define CHECK	   "call"
#define ANSWER_MAX ((size_t)256 * 1024)
#define CALL_S	   20L

struct caller {
	struct doctor *d;
	CURL *easy;
	const char *base; /* without a slash at its end */
	struct throwaway mine;
	char cert_path[40], key_path[40], ca_path[40]; /* in memory */
	bool unverified;			       /* the server's own certificate */
	unsigned refused, open;			       /* APIs that turned it away; not called */
};

struct answer {
	CURLcode rc;
	long status;
	bool lighttpd;
	json_t *json; /* NULL: it was none */
	char error[CURL_ERROR_SIZE];
};

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;
	buf_add(body, span_make(bytes, size * n));
	return body->failed ? 0 : size * n;
}

#define SET(option, value) ok = ok && curl_easy_setopt(c->easy, option, value) == CURLE_OK

/* One GET.  The answer's json is the caller's. */
static void get(struct caller *c, const char *path, bool with_cert, long tls,
		struct curl_slist *fields, struct answer *out)
{
	struct buf url, body;
	struct curl_header *server;
	bool ok = true;
	*out = (struct answer){.rc = CURLE_OUT_OF_MEMORY};
	buf_init(&url, 8192);
	buf_init(&body, ANSWER_MAX);
	buf_add_text(&url, c->base);
	buf_add_text(&url, path);
	curl_easy_reset(c->easy);
	SET(CURLOPT_URL, url.failed ? "" : url.p);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT, CALL_S);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 | tls);
	SET(CURLOPT_ERRORBUFFER, out->error);
	SET(CURLOPT_WRITEFUNCTION, take);
	SET(CURLOPT_WRITEDATA, &body);
	SET(CURLOPT_HTTPHEADER, fields);
	if (c->d->ca_pem.n > 0)
		SET(CURLOPT_CAINFO, c->ca_path);
	if (c->unverified) {
		SET(CURLOPT_SSL_VERIFYPEER, 0L);
		SET(CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (with_cert) {
		SET(CURLOPT_SSLCERT, c->cert_path);
		SET(CURLOPT_SSLKEY, c->key_path);
	}
	if (ok && !url.failed)
		out->rc = curl_easy_perform(c->easy);
	if (out->rc == CURLE_OK) {
		(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &out->status);
		out->lighttpd = curl_easy_header(c->easy, "Server", 0, CURLH_HEADER, -1, &server) ==
				    CURLHE_OK &&
				strncmp(server->value, "lighttpd", 8) == 0;
		out->json = json_loadb(body.p ? body.p : "", body.n, JSON_REJECT_DUPLICATES, NULL);
	} else if (!out->error[0]) {
		(void)snprintf(out->error, sizeof(out->error), "%s", curl_easy_strerror(out->rc));
	}
	buf_release(&url);
	buf_release(&body);
}

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));
	return text ? text : "";
}

/* --- whoami --- */

/* Whether the host answers at all, and its certificate can be verified. */
static bool reach(struct caller *c)
{
	struct answer a;
	get(c, "/portal/whoami", false, 0, NULL, &a);
	json_decref(a.json);
	if (a.rc == CURLE_PEER_FAILED_VERIFICATION || a.rc == CURLE_SSL_CACERT_BADFILE) {
		doctor_note(c->d, FINDING_WARNING, CHECK,
			    "Name the CA of the server with --cacert FILE, and see that clients "
			    "have it.",
			    "The server's own certificate cannot be verified here: %s", a.error);
		c->unverified = true;
		get(c, "/portal/whoami", false, 0, NULL, &a);
		json_decref(a.json);
	}
	if (a.rc == CURLE_OK)
		return true;
	doctor_note(c->d, FINDING_FAULT, CHECK, "Is the web server running, and the URL right?",
		    "%s cannot be called: %s.", c->base, a.error);
	return false;
}

static void check_with(struct caller *c, const char *version, long tls)
{
	static const char not_asked[] =
	    "SSLVerifyClient optional_no_ca, in the virtual host (Apache).";
	char hex[SHA256_HEX + 1];
	struct answer a;
	get(c, "/portal/whoami", true, tls, NULL, &a);
	const json_t *certificate = json_object_get(a.json, "certificate");
	const char *received = text_of(a.json, "received"), *detail = text_of(a.json, "detail");
	hex_format(c->mine.sha256.b, SHA256_BYTES, hex);
	bool absent = strcmp(received, "none") == 0 || strcmp(received, "refused") == 0;
	if (a.rc != CURLE_OK)
		doctor_note(c->d, FINDING_FAULT, CHECK, not_asked,
			    "%s with a certificate that nobody knows ended without an answer: %s.",
			    version, a.error);
	else if (a.status != 200 || !*received)
		doctor_note(
		    c->d, FINDING_FAULT, CHECK,
		    "Open it: Use CertgatePortal SITE (Apache; in the virtual host that has "
		    "this name, says apachectl -S), portal.conf (lighttpd; the site's "
		    "url.rewrite and url.redirect come before it).",
		    "/portal/whoami is not answered by certgate (status %ld).", a.status);
	else if (strcmp(received, "certificate") == 0 &&
		 strcmp(text_of(certificate, "sha256"), hex) == 0)
		doctor_note(c->d, FINDING_OK, CHECK, NULL,
			    "%s: the certificate that was sent is the one that certgate sees.",
			    version);
	else if (strcmp(received, "certificate") == 0)
		doctor_note(
		    c->d, FINDING_FAULT, CHECK, "See what stands between client and web server.",
		    "%s: certgate sees another certificate than the one that was sent.", version);
	else if (absent && a.lighttpd)
		doctor_note(c->d, FINDING_SKIPPED, CHECK,
			    "Call /portal/whoami with a registered certificate: curl --cert FILE "
			    "--key FILE URL/portal/whoami.",
			    "%s: lighttpd passes on only certificates that are in its ssl.ca-file, "
			    "and this one is in none.",
			    version);
	else
		doctor_note(c->d, FINDING_FAULT, CHECK,
			    strcmp(received, "none") == 0 ? not_asked : NULL,
			    "%s: a certificate was sent and did not arrive (%s). %s", version,
			    received, detail);
	json_decref(a.json);
}

/* What a client says in header fields must count for nothing. */
static void check_without(struct caller *c)
{
	static const char *const forged[] = {"SSL_CLIENT_CERT: -----BEGIN CERTIFICATE-----",
					     "SSL-CLIENT-CERT: x", "SSL-CLIENT-VERIFY: SUCCESS",
					     "Client-Cert: :AAAA:", "CERTGATE-PROOF: x"};
	struct curl_slist *fields = NULL;
	struct answer a;
	for (size_t i = 0; i < CG_COUNT(forged); i++) {
		struct curl_slist *more = curl_slist_append(fields, forged[i]);
		fields = more ? more : fields;
	}
	get(c, "/portal/whoami", false, 0, fields, &a);
	curl_slist_free_all(fields);
	if (a.rc == CURLE_OK && a.status == 200 && strcmp(text_of(a.json, "received"), "none") == 0)
		doctor_note(c->d, FINDING_OK, CHECK, NULL,
			    "Without a certificate none is seen, whatever header fields say.");
	else if (a.rc == CURLE_OK && *text_of(a.json, "received"))
		doctor_note(c->d, FINDING_FAULT, CHECK, NULL,
			    "A call without a certificate, but with header fields that claim one: "
			    "certgate saw “%s”. %s",
			    text_of(a.json, "received"), text_of(a.json, "detail"));
	else
		doctor_note(c->d, FINDING_SKIPPED, CHECK, NULL,
			    "Header fields that claim a certificate were not tried: "
			    "/portal/whoami did not answer.");
	json_decref(a.json);
}

/* --- APIs --- */

/* Whether the stranger was turned away by certgate. */
static bool check_api(struct caller *c, const Cg__Api *api)
{
	struct answer a;
	get(c, api->listen_path, true, 0, NULL, &a);
	const char *code = text_of(a.json, "code");
	bool refused = a.rc == CURLE_OK && a.status >= 400 && a.status < 500 && *code &&
		       strcmp(code, "api_not_found") != 0 && strcmp(code, "bad_request") != 0;
	if (a.rc != CURLE_OK)
		doctor_note(c->d, FINDING_FAULT, CHECK, NULL, "The API “%s” (%s): %s.", api->name,
			    api->listen_path, a.error);
	else if (a.status < 400)
		doctor_note(c->d, FINDING_FAULT, CHECK,
			    "See which program answers that path: it is not the gate. Is it below "
			    "the prefix of Use CertgatePath (Apache), below certgate_prefix and "
			    "kept from the site's url.rewrite and url.redirect (lighttpd)?",
			    "The API “%s” (%s) let in a certificate that nobody knows (status "
			    "%ld).",
			    api->name, api->listen_path, a.status);
	else if (!refused)
		doctor_note(c->d, FINDING_WARNING, CHECK,
			    "Is its path opened to the gate there, and the host among its sites?",
			    "The API “%s” (%s) is not to be had at this URL (status %ld%s%s).",
			    api->name, api->listen_path, a.status, *code ? " " : "", code);
	json_decref(a.json);
	return refused;
}

static void check_one(void *ctx, const Cg__Api *api)
{
	struct caller *c = ctx;
	/* One without a key would call its upstream. */
	if (!api->active || api->auth->keyless)
		c->open++;
	else
		c->refused += check_api(c, api);
}

static void check_apis(struct caller *c)
{
	doctor_each_api(c->d, CHECK, check_one, c);
	if (c->refused > 0)
		doctor_note(c->d, FINDING_OK, CHECK, NULL,
			    "%u API%s turned away a certificate that nobody knows.", c->refused,
			    c->refused == 1 ? "" : "s");
	if (c->open > 0)
		doctor_note(c->d, FINDING_SKIPPED, CHECK, NULL,
			    "%u API%s that are keyless or switched off were not called.", c->open,
			    c->open == 1 ? "" : "s");
}

/* --- all --- */

/* A file that is only in memory; its path for this process, -1 when there is none. */
static int memory_file(struct span text, char path[40])
{
	int fd = memfd_create("throwaway", MFD_CLOEXEC);
	if (fd >= 0 && !file_write(fd, text)) {
		(void)close(fd);
		fd = -1;
	}
	(void)snprintf(path, 40, "/proc/self/fd/%d", fd);
	return fd;
}

static void call_all(struct caller *c)
{
	if (!reach(c))
		return;
	check_with(c, "TLS 1.2", CURL_SSLVERSION_MAX_TLSv1_2);
	check_with(c, "TLS 1.3", CURL_SSLVERSION_MAX_TLSv1_3);
	check_without(c);
	if (c->d->c->store)
		check_apis(c);
}

void doctor_call(struct doctor *d)
{
	struct caller c = {.d = d};
	struct arena arena;
	struct cg_err err = {0};
	struct url url;
	int cert = -1, key = -1, ca = -1;
	arena_init(&arena, COMMAND_ARENA_MAX);
	const char *fault = url_parse(d->call_url, &arena, &url);
	if (fault || !url.https || *url.path) {
		doctor_note(d, FINDING_FAULT, CHECK, "Like this: --call https://api.example.org",
			    "“%s” is not the https address of a host.", d->call_url);
	} else if (throwaway_make("certgate doctor", 1, &arena, &c.mine, &err) != CG_OK ||
		   (cert = memory_file(c.mine.cert_pem, c.cert_path)) < 0 ||
		   (key = memory_file(c.mine.key_pem, c.key_path)) < 0 ||
		   (d->ca_pem.n > 0 && (ca = memory_file(d->ca_pem, c.ca_path)) < 0) ||
		   curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		   !(c.easy = curl_easy_init()) ||
		   !(c.base = arena_printf(&arena, "https://%s:%u", url.host, url.port))) {
		doctor_note(d, FINDING_SKIPPED, CHECK, NULL,
			    "There is no memory to make calls with.");
	} else {
		call_all(&c);
	}
	if (c.easy)
		curl_easy_cleanup(c.easy);
	if (cert >= 0)
		(void)close(cert);
	if (key >= 0)
		(void)close(key);
	if (ca >= 0)
		(void)close(ca);
	arena_release(&arena);
}
