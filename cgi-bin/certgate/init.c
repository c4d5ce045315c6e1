/* certgate init: the data folder, the proof, the first owner. */
#include "base/base.h"
#include "base/folder.h"
#include "base/text.h"
#include "command.h"
#include "model/sealing.h"
#include "model/user.h"
#include "web/proof.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

/* The proof as each web server includes it; lighttpd's lies beside Apache's. */
static const struct proof_form {
	const char *suffix; /* of the path that was named */
	const char *before, *after;
} proof_forms[] = {
    {"",	  "SetEnv CERTGATE_PROOF ",  "\n"  },
    {".lighttpd", "var.certgate_proof = \"", "\"\n"},
};
#define PROOF_FORMS CG_COUNT(proof_forms)
#define PROOF_PATH  (HOME_PATH_MAX + 16)

/* Makes one folder, 0700, for the owner; one that is there must be empty of surprises, which
 * home_check sees. */
static cg_rc make_folder(const char *path, const struct passwd *owner, struct cg_err *err)
{
	bool made = mkdir(path, 0700) == 0;
	if (!made && errno != EEXIST)
		return cg_fail(err, CG_UNAVAILABLE, "The folder %s cannot be made: %s.", path,
			       strerror(errno));
	if (owner && chown(path, owner->pw_uid, owner->pw_gid) != 0)
		return cg_fail(err, CG_UNAVAILABLE, "The folder %s cannot be given to %s: %s.",
			       path, owner->pw_name, strerror(errno));
	return made ? folder_sync_of(path, err) : CG_OK;
}

/* A file that the web server includes, for whoever starts the web server alone.  What it holds
 * stays until there is a new proof. */
static cg_rc open_proof_file(const char *path, int *out, struct cg_err *err)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	bool stats = fd >= 0 && fstat(fd, &st) == 0;
	/* Its owner could read it, whatever its mode says; so could who has another name of it. */
	if (stats && (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)) {
		(void)close(fd);
		return cg_fail(
		    err, CG_DENIED,
		    "The proof file %.300s is no file of yours alone, so that others could "
		    "read the proof: remove it, or name another with --proof-file.",
		    path);
	}
	if (!stats || fchmod(fd, 0600) != 0) {
		int cause = errno;
		if (fd >= 0)
			(void)close(fd);
		return cg_fail(err, CG_UNAVAILABLE,
			       "The proof file %.300s cannot be written (%s): name another with "
			       "--proof-file.",
			       path, strerror(cause));
	}
	*out = fd;
	return CG_OK;
}

static cg_rc write_proof_file(int fd, const struct proof_form *form, const char *proof,
			      struct cg_err *err)
{
	char text[200];
	int n = snprintf(text, sizeof(text),
			 "# The web server's proof: certgate believes no certificate without it.\n"
			 "%s%s%s",
			 form->before, proof, form->after);
	bool ok = ftruncate(fd, 0) == 0 && write(fd, text, (size_t)n) == n && fsync(fd) == 0;
	gnutls_memset(text, 0, sizeof(text));
	return ok ? CG_OK
		  : cg_fail(err, CG_UNAVAILABLE, "The proof file cannot be written: %s.",
			    strerror(errno));
}

static cg_rc become(const struct passwd *owner, struct cg_err *err)
{
	if (!owner || geteuid() != 0)
		return CG_OK;
	if (setgroups(0, NULL) != 0 || setgid(owner->pw_gid) != 0 || setuid(owner->pw_uid) != 0)
		return cg_fail(err, CG_UNAVAILABLE, "This process cannot become %s: %s.",
			       owner->pw_name, strerror(errno));
	return CG_OK;
}

/* Makes the store, or goes on with one that an interrupted init has left: it has no user yet. */
static cg_rc make_store(struct command *c, const int proof_fds[PROOF_FORMS], Cg__User **user,
			char *password, struct cg_err *err)
{
	char proof[SHA256_HEX + 1];
	struct entity_page users = {0};
	cg_rc rc = store_create(&c->home, err);
	bool was_there = rc == CG_CLASH;
	if (rc == CG_OK || was_there)
		rc = command_open(c, err);
	if (rc == CG_OK && was_there)
		rc = entity_list(c->store, &user_entity, SPAN_LIT(""), 1, SPAN_LIT(""), &c->arena,
				 &users, err);
	if (rc == CG_OK && users.n > 0)
		return cg_fail(err, CG_CLASH,
			       "There is a store in %s already; nothing was changed.", c->home.dir);
	if (rc == CG_OK)
		rc = sealing_begin(&c->home, err);
	if (rc == CG_OK)
		rc = proof_make(&c->home, proof, err);
	for (size_t i = 0; rc == CG_OK && i < PROOF_FORMS; i++)
		rc = write_proof_file(proof_fds[i], &proof_forms[i], proof, err);
	gnutls_memset(proof, 0, sizeof(proof));
	return rc == CG_OK
		   ? user_create_owner(c->store, &c->actor, "admin", &c->arena, user, password, err)
		   : rc;
}

/* A store may be here, whole or half made. */
static bool has_store(const struct home *home)
{
	char meta[HOME_PATH_MAX + 16];
	(void)snprintf(meta, sizeof(meta), "%s/meta.db", home->db);
	return access(meta, F_OK) == 0;
}

/* Another data folder's proof must not be overwritten unseen; nor is one of the two files made
 * beside the other one, that was left. */
static cg_rc check_proof_file(const struct command *c, const char *path, const char *one,
			      struct cg_err *err)
{
	struct stat st;
	if (has_store(&c->home) || lstat(one, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return CG_OK;
	return cg_fail(
	    err, CG_CLASH,
	    "%.200s holds a proof already, of another data folder perhaps: remove both %.200s and "
	    "%.200s.lighttpd, or name another file with --proof-file.",
	    one, path, path);
}

static cg_rc open_proof_files(const struct command *c, const char *path, int fds[PROOF_FORMS],
			      struct cg_err *err)
{
	char one[PROOF_PATH];
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < PROOF_FORMS; i++) {
		int n = snprintf(one, sizeof(one), "%s%s", path, proof_forms[i].suffix);
		if (n < 0 || (size_t)n >= sizeof(one))
			return cg_fail(err, CG_BAD_INPUT, "The path of --proof-file is too long.");
		rc = check_proof_file(c, path, one, err);
	}
	for (size_t i = 0; rc == CG_OK && i < PROOF_FORMS; i++) {
		(void)snprintf(one, sizeof(one), "%s%s", path, proof_forms[i].suffix);
		rc = open_proof_file(one, &fds[i], err);
	}
	return rc;
}

/* A file's name may be anything; the password beside it must be shown. */
static json_t *path_json(const char *path)
{
	char text[HOME_PATH_MAX + 8];
	text_for_log(span_of(path), text, sizeof(text));
	return json_string(text);
}

int init_main(struct command *c)
{
	struct cg_err err = {0};
	char password[PASSWORD_TEXT + 1] = "";
	const char *user_name = command_take(c, "--user");
	const char *proof_path = command_take(c, "--proof-file");
	Cg__User *user;
	int proof_fds[PROOF_FORMS] = {-1, -1};
	if (!command_all_taken(c))
		return EXIT_USAGE;
	const struct passwd *owner = user_name ? getpwnam(user_name) : NULL;
	if (user_name && !owner) {
		(void)cg_fail(&err, CG_BAD_INPUT, "There is no user %.100s.", user_name);
		return command_fail(c, &err);
	}
	cg_rc rc = home_find(c->home_option, &c->home, &err);
	if (!proof_path)
		proof_path = CG_PROOF_FILE;
	if (rc == CG_OK)
		rc = open_proof_files(c, proof_path, proof_fds, &err);
	const char *folders[] = {c->home.dir, c->home.db, c->home.run, c->home.keys};
	for (size_t i = 0; rc == CG_OK && i < CG_COUNT(folders); i++)
		rc = make_folder(folders[i], owner, &err);
	if (rc == CG_OK)
		rc = folder_sync_of(proof_path, &err);
	if (rc == CG_OK)
		rc = become(owner, &err);
	if (rc == CG_OK)
		rc = make_store(c, proof_fds, &user, password, &err);
	for (size_t i = 0; i < PROOF_FORMS; i++)
		if (proof_fds[i] >= 0)
			(void)close(proof_fds[i]);
	if (rc != CG_OK)
		return command_fail(c, &err);
	int status = command_print(
	    c, json_pack("{s:o, s:o, s:s, s:s}", "home", path_json(c->home.dir), "proof_file",
			 path_json(proof_path), "user", user->name, "password", password));
	gnutls_memset(password, 0, sizeof(password));
	return status;
}
