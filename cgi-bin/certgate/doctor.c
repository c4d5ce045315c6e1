#include "base/base.h"
#include "doctor.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/open.h"
#include "web/proof.h"
#include <dirent.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/timex.h>

#define DEFAULT_SOCKETS "/run/certgate"
/* No clock that is right shows less: 2026-01-01. */
#define CLOCK_MIN_UNIX_S 1767225600
/* What lies this far in the future was written by a clock that was set back since. */
#define CLOCK_AHEAD_S 120
#define APIS_PER_PAGE 100

/* --- the report --- */

static const char *const words[] = {
    [FINDING_OK] = "ok",
    [FINDING_WARNING] = "warning",
    [FINDING_FAULT] = "FAULT",
    [FINDING_SKIPPED] = "skipped",
};
static const char *const codes[] = {
    [FINDING_OK] = "ok",
    [FINDING_WARNING] = "warning",
    [FINDING_FAULT] = "fault",
    [FINDING_SKIPPED] = "skipped",
};

void doctor_note(struct doctor *d, enum finding finding, const char *check, const char *advice,
		 const char *format, ...)
{
	char text[1024], safe[2048], safe_advice[2048] = "";
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_for_log(span_of(text), safe, sizeof(safe));
	if (advice)
		text_for_log(span_of(advice), safe_advice, sizeof(safe_advice));
	d->found[finding]++;
	if (!d->checks) {
		(void)printf("%-7s  %-12s  %s%s%s\n", words[finding], check, safe,
			     advice ? " -> " : "", safe_advice);
		return;
	}
	json_t *line = json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "result", codes[finding],
				 "text", safe, "advice", advice ? safe_advice : NULL);
	if (!line || json_array_append_new(d->checks, line) != 0)
		d->lost = true;
}

/* --- the data folder --- */

/* One of its folders. */
static bool check_folder(struct doctor *d, const char *path, uid_t owner)
{
	struct stat st;
	char advice[HOME_PATH_MAX + 64];
	if (stat(path, &st) != 0) {
		bool hidden = errno == EACCES;
		doctor_note(d, hidden ? FINDING_SKIPPED : FINDING_FAULT, "folder",
			    hidden ? "Run it as root, or as the data folder's owner."
				   : "Run `certgate init`, or name another folder with --home.",
			    "The folder %s cannot be looked at: %s.", path, strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		doctor_note(d, FINDING_FAULT, "folder", NULL, "%s is not a folder.", path);
		return false;
	}
	if (st.st_uid != owner) {
		(void)snprintf(advice, sizeof(advice), "chown -R --reference=%s %s", d->c->home.dir,
			       path);
		doctor_note(d, FINDING_FAULT, "folder", advice,
			    "The folder %s belongs to another user than the data folder.", path);
		return false;
	}
	if ((st.st_mode & 077) != 0) {
		(void)snprintf(advice, sizeof(advice), "chmod 700 %s", path);
		doctor_note(d, FINDING_FAULT, "folder", advice,
			    "The folder %s is open to other users (mode %03o): the programs do not "
			    "start.",
			    path, (unsigned)st.st_mode & 0777);
		return false;
	}
	return true;
}

/* The files of one folder; the first that is wrong is named. */
static void check_files(struct doctor *d, const char *path, uid_t owner)
{
	struct stat st;
	struct dirent *entry;
	unsigned n = 0, wrong = 0;
	char first[300] = "", advice[2 * HOME_PATH_MAX + 64];
	DIR *dir = opendir(path);
	if (!dir) {
		doctor_note(d, FINDING_SKIPPED, "files",
			    "Run it as root, or as the data folder's owner.",
			    "The folder %s cannot be read: %s.", path, strerror(errno));
		return;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		n++;
		if (st.st_uid == owner && (st.st_mode & 077) == 0)
			continue;
		if (wrong++ == 0)
			(void)snprintf(first, sizeof(first), "%s", entry->d_name);
	}
	(void)closedir(dir);
	if (wrong == 0) {
		doctor_note(d, FINDING_OK, "files", NULL, "%u files in %s are the owner's alone.",
			    n, path);
		return;
	}
	(void)snprintf(advice, sizeof(advice),
		       "chown -R --reference=%s %s && chmod -R go= %s, and do not start the "
		       "programs as root.",
		       d->c->home.dir, path, path);
	doctor_note(d, FINDING_FAULT, "files", advice,
		    "%u files in %s, %s among them, are another user's or open to others.", wrong,
		    path, first);
}

static bool check_folders(struct doctor *d)
{
	const struct home *home = &d->c->home;
	const char *folders[] = {home->dir, home->db, home->run, home->keys};
	struct stat st;
	bool good = true;
	uid_t owner = stat(home->dir, &st) == 0 ? st.st_uid : geteuid();
	for (size_t i = 0; i < CG_COUNT(folders) && good; i++)
		good = check_folder(d, folders[i], owner);
	if (!good)
		return false;
	if (owner == 0)
		doctor_note(d, FINDING_WARNING, "folder",
			    "Give it to a user of its own: certgate init --user NAME.",
			    "The data folder %s belongs to root.", home->dir);
	else
		doctor_note(d, FINDING_OK, "folder", NULL, "%s and what is in it are private.",
			    home->dir);
	for (size_t i = 1; i < CG_COUNT(folders); i++)
		check_files(d, folders[i], owner);
	return true;
}

/* --- store, proof, clock --- */

static bool check_store(struct doctor *d)
{
	struct cg_err err = {0};
	if (geteuid() != 0) {
		cg_rc rc = model_open(&d->c->home, &d->c->store, &err);
		if (rc != CG_OK) {
			doctor_note(d, FINDING_FAULT, "store",
				    "The log of the programs may say more; `certgate restore` goes "
				    "back to a backup.",
				    "%s", err.text);
			return false;
		}
		doctor_note(d, FINDING_OK, "store", NULL,
			    "It opens; its schema is version %" PRIu64 ".",
			    store_version(d->c->store));
		return true;
	}
	/* Files that root makes in it would lock the programs out. */
	doctor_note(d, FINDING_SKIPPED, "store", "Give the data folder to a user of its own.",
		    "It is not opened as root.");
	return false;
}

static void check_proof(struct doctor *d, struct doctor_proof_file files[DOCTOR_PROOFS])
{
	struct proof proof;
	struct cg_err err = {0};
	if (proof_load(&d->c->home, &proof, &err) != CG_OK) {
		doctor_note(d, FINDING_FAULT, "proof",
			    "Restore the data folder's `keys`, or make a new data folder.", "%s",
			    err.text);
		return;
	}
	if (proof.off)
		doctor_note(
		    d, d->htaccess ? FINDING_FAULT : FINDING_WARNING, "proof",
		    "Use it on your own machine alone: write the SHA-256 of the web "
		    "server's proof into the file.",
		    d->htaccess
			? "It is off, and AllowOverride lets a .htaccess of this web server "
			  "reach the sockets: it can say whose certificate a request has."
			: "It is off: any program of this host that reaches the sockets can "
			  "say whose certificate it has.");
	else
		doctor_note(d, FINDING_OK, "proof", NULL, "It is on; %zu may be used.", proof.n);
	for (size_t i = 0; i < DOCTOR_PROOFS; i++) {
		if (!*files[i].text || proof.off)
			continue;
		if (proof_is_right(&proof, span_of(files[i].text)))
			doctor_note(d, FINDING_OK, "proof", NULL,
				    "%s holds one that the programs take.", files[i].path);
		else
			doctor_note(d, FINDING_FAULT, "proof",
				    "The web server must include the file that `certgate init` "
				    "wrote for this data folder.",
				    "%s holds a proof of another data folder, or an old one.",
				    files[i].path);
	}
}

/* When the store was written to last. */
static int64_t newest_file(const char *path)
{
	struct stat st;
	struct dirent *entry;
	int64_t newest = 0;
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime > newest)
			newest = st.st_mtime;
	if (dir)
		(void)closedir(dir);
	return newest;
}

static void check_clock(struct doctor *d)
{
	static const char set_it[] =
	    "Set the clock, and keep it right: apt install systemd-timesyncd.";
	char text[RFC3339_TEXT + 1], then[RFC3339_TEXT + 1];
	int64_t now = clock_unix_s(), newest = newest_file(d->c->home.db);
	struct timex state = {.modes = 0};
	(void)rfc3339_format(now, text);
	(void)rfc3339_format(newest, then);
	if (now < CLOCK_MIN_UNIX_S)
		doctor_note(d, FINDING_FAULT, "clock", set_it,
			    "It shows %s: certificates are judged by it.", text);
	else if (newest > now + CLOCK_AHEAD_S)
		doctor_note(d, FINDING_FAULT, "clock", set_it,
			    "It shows %s, and the store was written to at %s: it was set back.",
			    text, then);
	else if (adjtimex(&state) == TIME_ERROR)
		doctor_note(d, FINDING_WARNING, "clock", set_it,
			    "It shows %s; the kernel does not know of anything that keeps it "
			    "right.",
			    text);
	else
		doctor_note(d, FINDING_OK, "clock", NULL, "It shows %s, and is kept right.", text);
}

/* --- APIs --- */

void doctor_each_api(struct doctor *d, const char *check,
		     void (*each)(void *ctx, const Cg__Api *api), void *ctx)
{
	struct arena arena;
	struct entity_page page = {.next = ""};
	struct cg_err err = {0};
	char cursor[512] = "";
	cg_rc rc = CG_OK;
	arena_init(&arena, COMMAND_ARENA_MAX);
	while (rc == CG_OK && page.next) {
		arena_clear(&arena);
		rc = entity_list(d->c->store, &api_entity, span_of(cursor), APIS_PER_PAGE,
				 SPAN_LIT(""), &arena, &page, &err);
		for (size_t i = 0; rc == CG_OK && i < page.n; i++)
			each(ctx, page.messages[i]);
		if (rc == CG_OK && page.next)
			(void)snprintf(cursor, sizeof(cursor), "%s", page.next);
	}
	arena_release(&arena);
	if (rc != CG_OK)
		doctor_note(d, FINDING_SKIPPED, check, NULL, "The APIs: %s", err.text);
}

struct secrets {
	struct doctor *d;
	unsigned opened, shut;
};

static void check_secret(struct secrets *s, const Cg__Api *api, const char *what, cg_rc rc,
			 const struct cg_err *err)
{
	if (rc == CG_OK) {
		s->opened++;
		return;
	}
	s->shut++;
	doctor_note(s->d, FINDING_FAULT, "secrets",
		    "Give it again, or bring the keys folder of the host where it was given.",
		    "The API “%s”: %s cannot be had, and calls are refused (502): %s", api->name,
		    what, err->text);
}

static void check_secrets_of(void *ctx, const Cg__Api *api)
{
	struct secrets *s = ctx;
	const struct home *home = &s->d->c->home;
	struct arena arena;
	struct span opened;
	char what[128];
	struct cg_err err = {0};
	arena_init(&arena, REQUEST_ARENA_MAX);
	if (api->upstream_tls && api->upstream_tls->has_client_key)
		check_secret(s, api, "upstream_tls.client_key",
			     api_client_key_open(home, api, &arena, &opened, &err), &err);
	for (size_t i = 0; i < api->n_secret_headers; i++) {
		err = (struct cg_err){0};
		(void)snprintf(what, sizeof(what), "the value of %s in secret_headers",
			       api->secret_headers[i]->name);
		check_secret(s, api, what,
			     api_secret_header_open(home, api, i, &arena, &opened, &err), &err);
	}
	arena_release(&arena);
}

/* What is sealed opens under this host's key. */
static void check_secrets(struct doctor *d)
{
	struct secrets s = {.d = d};
	doctor_each_api(d, "secrets", check_secrets_of, &s);
	if (s.opened > 0 && s.shut == 0)
		doctor_note(d, FINDING_OK, "secrets", NULL, "What APIs have sealed opens: %u.",
			    s.opened);
}

/* --- all of it --- */

static int print_report(struct doctor *d)
{
	unsigned faults = d->found[FINDING_FAULT];
	if (d->checks) {
		json_t *report = json_pack("{s:i, s:i, s:i, s:O}", "faults", (int)faults,
					   "warnings", (int)d->found[FINDING_WARNING], "skipped",
					   (int)d->found[FINDING_SKIPPED], "checks", d->checks);
		json_decref(d->checks);
		if (d->lost) {
			json_decref(report);
			report = NULL;
		}
		int status = command_print(d->c, report);
		return faults > 0 ? EXIT_REFUSED : status;
	}
	(void)printf("%u ok, %u warning%s, %u fault%s, %u skipped\n", d->found[FINDING_OK],
		     d->found[FINDING_WARNING], d->found[FINDING_WARNING] == 1 ? "" : "s", faults,
		     faults == 1 ? "" : "s", d->found[FINDING_SKIPPED]);
	int status = command_told();
	return faults > 0 ? EXIT_REFUSED : status;
}

/* As the caller: the data folder's owner may not see it.  A bundle of PEM stays as it is; what else
 * is read as a certificate is. */
static cg_rc read_cas(struct command *c, const char *path, struct span *pem, struct cg_err *err)
{
	static const char begin[] = "-----BEGIN ";
	struct cert_reading reading;
	cg_rc rc = command_read_file(c, path, pem, err);
	if (rc != CG_OK || memmem(pem->p, pem->n, begin, strlen(begin)))
		return rc;
	rc = cert_read(*pem, CERT_WAY_ADMIN_FILE, CERT_KIND_UPSTREAM, clock_unix_s(), &c->arena,
		       &reading, NULL, err);
	if (rc == CG_OK)
		*pem = span_of(cert_pem(&c->arena, reading.leaf.der));
	return rc;
}

int doctor_main(struct command *c)
{
	struct doctor_proof_file proofs[DOCTOR_PROOFS];
	struct cg_err err = {0};
	struct doctor d = {.c = c,
			   .sockets = command_take(c, "--sockets"),
			   .proof_file = command_take(c, "--proof-file"),
			   .apache = command_take(c, "--apache"),
			   .lighttpd = command_take(c, "--lighttpd"),
			   .call_url = command_take(c, "--call")};
	const char *ca_file = command_take(c, "--cacert");
	if (!command_all_taken(c) || (ca_file && !d.call_url))
		return EXIT_USAGE;
	if (ca_file && read_cas(c, ca_file, &d.ca_pem, &err) != CG_OK)
		return command_fail(c, &err);
	d.named_sockets = d.sockets != NULL;
	d.named_proof_file = d.proof_file != NULL;
	if (!d.named_sockets)
		d.sockets = DEFAULT_SOCKETS;
	if (!d.named_proof_file)
		d.proof_file = CG_PROOF_FILE;
	if (home_find(c->home_option, &c->home, &err) != CG_OK)
		return command_fail(c, &err);
	if (c->json && !(d.checks = json_array())) {
		(void)cg_fail_memory(&err);
		return command_fail(c, &err);
	}
	doctor_web_server(&d);
	doctor_proof_files(&d, proofs);
	doctor_sockets(&d);
	/* From here on as the data folder's owner. */
	cg_rc rc = command_become_owner(c, &err);
	doctor_settings(&d);
	if (rc != CG_OK) {
		doctor_note(&d, FINDING_FAULT, "folder",
			    "Run `certgate init`, or name another folder with --home.", "%s",
			    err.text);
	} else if (check_folders(&d)) {
		check_proof(&d, proofs);
		if (check_store(&d)) {
			check_secrets(&d);
			doctor_room(&d);
		}
		check_clock(&d);
	}
	gnutls_memset(proofs, 0, sizeof(proofs));
	gnutls_memset(d.lighttpd_proof, 0, sizeof(d.lighttpd_proof));
	if (d.call_url) {
		doctor_call(&d);
		doctor_upstreams(&d);
	}
	return print_report(&d);
}
