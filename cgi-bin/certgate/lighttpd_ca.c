/* certgate lighttpd-ca: the file for lighttpd's ssl.ca-file.
 *
 * lighttpd passes on only certificates that it could verify, so a pinned one has to be in that file
 * itself.  What stands there is announced: lighttpd sends the subject of each to anybody who
 * connects, and takes what a certificate with CA:TRUE there has issued for verified, on the whole
 * host.  So besides the registered CAs the certificates of keys are written only when the setting
 * lighttpd_announce_partners says so. */
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "command.h"
#include "model/certificate.h"
#include "model/setting.h"
#include "throwaway.h"
#include <fcntl.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <sys/stat.h>

#define PAGE 100 /* certificates read at once */

/* lighttpd does not start with an empty ssl.ca-file.  This one stands for nobody: its key is
 * forgotten at once. */
#define NOBODY	    "certgate: nobody is announced"
#define NOBODY_DAYS 36500

struct writer {
	struct store *store;
	const char *path;
};

/* How much room its subject takes in each handshake; 0 when it cannot be read. */
static size_t name_bytes(struct span der)
{
	gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n}, name = {0};
	gnutls_x509_crt_t crt = NULL;
	size_t n = 0;
	if (gnutls_x509_crt_init(&crt) >= 0 &&
	    gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER) >= 0 &&
	    gnutls_x509_crt_get_raw_dn(crt, &name) >= 0)
		n = name.size + 2; /* and its length: RFC 8446, section 4.2.4 */
	gnutls_free(name.data);
	gnutls_x509_crt_deinit(crt);
	return n;
}

/* One certificate, unless its subject is too long. */
static cg_rc add_one(struct span der, struct arena *arena, struct buf *out, size_t *names,
		     struct cg_err *err)
{
	size_t n = name_bytes(der);
	if (n == 0 || n > LIGHTTPD_CA_NAME_MAX)
		return CG_OK;
	const char *pem = cert_pem(arena, der);
	if (!pem)
		return cg_fail_memory(err);
	*names += n;
	buf_add_text(out, pem);
	if (*names <= LIGHTTPD_CA_NAMES_MAX && !out->failed)
		return CG_OK;
	return cg_fail(err, CG_TOO_BIG,
		       "The certificates for lighttpd have more than %d bytes of subjects: with "
		       "many more no TLS connection would work. The file stays as it was: use "
		       "Apache, or certificates of one CA.",
		       LIGHTTPD_CA_NAMES_MAX);
}

/* CAs always, and of the others, with `partners`, those of keys.  A revoked one is left out: it may
 * be a CA by its own word. */
static bool is_wanted(bool partners, const struct certificate_use *use)
{
	if (use->certificate->kind == CG__CERTIFICATE__KIND__CA)
		return true;
	return partners && *use->key_id && !use->revoked;
}

static cg_rc add_certificates(const struct writer *w, struct buf *out, struct cg_err *err)
{
	struct arena arena;
	char cursor[SHA256_HEX + 1] = "";
	Cg__Setting *setting;
	size_t names = 0;
	arena_init(&arena, RECORD_ARENA_MAX);
	cg_rc rc = setting_get(w->store, &arena, &setting, err);
	bool more = true, partners = rc == CG_OK && setting->lighttpd_announce_partners;
	while (rc == CG_OK && more) {
		struct certificate_page page;
		arena_clear(&arena);
		rc = certificate_list(w->store, span_of(cursor), PAGE, SPAN_LIT(""), &arena, &page,
				      err);
		for (size_t i = 0; rc == CG_OK && i < page.n; i++) {
			const struct certificate_use *use = &page.items[i];
			if (is_wanted(partners, use))
				rc = add_one(span_make(use->certificate->der.data,
						       use->certificate->der.len),
					     &arena, out, &names, err);
		}
		more = rc == CG_OK && page.next;
		if (more)
			(void)snprintf(cursor, sizeof(cursor), "%s", page.next);
	}
	arena_release(&arena);
	return rc;
}

/* The file as it is; false when there is none, or a longer one. */
static bool read_file(const char *path, struct buf *out)
{
	char piece[65536];
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(out, span_make(piece, (size_t)n));
	if (fd >= 0)
		(void)close(fd);
	return n == 0 && !out->failed;
}

static bool is_nobody(struct span pem, struct arena *arena)
{
	struct span der;
	struct sha256 sha256;
	struct cert cert;
	struct cg_err err = {0};
	return cert_from_server(pem, arena, &der, &sha256) == CERT_SEEN_ONE &&
	       cert_facts(der, arena, &cert, &err) == CG_OK &&
	       strcmp(cert.subject, "CN=" NOBODY) == 0;
}

/* Writes the file, unless it says the same already: each change costs the web server a restart. */
static cg_rc write_once(const struct writer *w, bool *changed, struct cg_err *err)
{
	struct buf wanted, there;
	struct arena arena;
	buf_init(&wanted, LIGHTTPD_CA_MAX);
	buf_init(&there, LIGHTTPD_CA_MAX);
	arena_init(&arena, COMMAND_ARENA_MAX);
	bool is_there = read_file(w->path, &there);
	*changed = false;
	cg_rc rc = add_certificates(w, &wanted, err);
	bool nobody = rc == CG_OK && wanted.n == 0;
	bool same = rc == CG_OK && is_there &&
		    (nobody ? is_nobody(buf_span(&there), &arena)
			    : span_is(buf_span(&there), buf_span(&wanted)));
	if (nobody && !same) {
		struct throwaway made;
		rc = throwaway_make(NOBODY, NOBODY_DAYS, &arena, &made, err);
		if (rc == CG_OK)
			buf_add(&wanted, made.cert_pem);
	}
	if (rc == CG_OK && !same) {
		/* Public, and the web server's user may be the one who reads it. */
		rc = wanted.failed ? cg_fail_memory(err)
				   : file_put(w->path, 0644, FILE_REPLACE, buf_span(&wanted), err);
		*changed = rc == CG_OK;
	}
	buf_release(&wanted);
	buf_release(&there);
	arena_release(&arena);
	return rc;
}

/* Until SIGTERM or SIGINT; CG_FAIL when it has to be started anew. */
static cg_rc watch(const struct writer *w, struct cg_err *err)
{
	struct live *live = store_live(w->store);
	sigset_t ends;
	bool told = false;
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	for (;;) {
		/* First: a change during the writing is written next time. */
		uint64_t generation = live_generation(live);
		bool changed;
		cg_rc rc = write_once(w, &changed, err);
		if (rc != CG_OK && !told)
			log_error("lighttpd_ca", "file", w->path, "cause", err->text, LOG_END);
		if (changed)
			log_info("lighttpd_ca_written", "file", w->path, LOG_END);
		told = rc != CG_OK;
		int64_t again = clock_mono_ms() + LIGHTTPD_CA_RETRY_MS;
		do {
			const struct timespec pause = {.tv_nsec = LIGHTTPD_CA_LOOK_MS * 1000000L};
			if (sigtimedwait(&ends, NULL, &pause) > 0)
				return CG_OK;
			if (live_is_lost(live) ||
			    store_recoveries(w->store) >= STORE_RECOVERIES_MAX)
				return cg_fail(err, CG_FAIL, "The data folder was replaced.");
		} while (live_generation(live) == generation &&
			 (rc == CG_OK || clock_mono_ms() < again));
	}
}

int lighttpd_ca_main(struct command *c)
{
	struct cg_err err = {0};
	bool goes_on = command_take_flag(c, "--watch"), changed = false;
	const char *path = command_next(c);
	if (!path || !command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	struct writer w = {.store = c->store, .path = path};
	if (rc == CG_OK)
		rc = goes_on ? watch(&w, &err) : write_once(&w, &changed, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	return goes_on
		   ? EXIT_DONE
		   : command_print(c, json_pack("{s:s, s:b}", "file", path, "changed", changed));
}
