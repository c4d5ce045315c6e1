/* certgate backup, restore, verify. */
#include "base/base.h"
#include "model/backup.h"
#include "command.h"
#include "base/text.h"
#include <gnutls/gnutls.h>
#include <sys/stat.h>

/* The passphrase for --with-key: the first line of standard input. */
static cg_rc read_passphrase(struct command *c, struct span *out, struct cg_err *err)
{
	struct span text = {NULL, 0};
	cg_rc rc = command_read_file(c, "-", &text, err);
	if (rc != CG_OK)
		return rc;
	if (!span_next(&text, '\n', out) || (*out = span_trim(*out)).n < 8)
		return cg_fail(
		    err, CG_BAD_INPUT,
		    "Give the passphrase for the keys, 8 characters or more, on standard "
		    "input.");
	return CG_OK;
}

/* Paths mean what they mean to the caller, also after becoming another user. */
static cg_rc absolute(struct command *c, const char *path, const char **out, struct cg_err *err)
{
	char cwd[HOME_PATH_MAX];
	if (path[0] == '/') {
		*out = path;
		return CG_OK;
	}
	if (!getcwd(cwd, sizeof(cwd)) || !(*out = arena_printf(&c->arena, "%s/%s", cwd, path)))
		return cg_fail(err, CG_BAD_INPUT, "The current folder has no readable path.");
	return CG_OK;
}

/* Root's folders are closed to the data folder's owner, as whom this is to run: the new one is made
 * for it, *made then, and root waits to take it away should nothing come of it.  What is wrong with
 * the path is told by who writes there. */
static cg_rc make_for_owner(struct command *c, const char *path, struct command_held *held,
			    bool *made, struct cg_err *err)
{
	struct stat st;
	cg_rc rc = home_find(c->home_option, &c->home, err);
	if (rc != CG_OK || geteuid() != 0 || stat(c->home.dir, &st) != 0)
		return rc;
	command_hold_signals(held);
	if (mkdir(path, 0700) == 0) {
		*made = lchown(path, st.st_uid, st.st_gid) == 0;
		if (!*made) {
			rc = cg_fail(err, CG_UNAVAILABLE,
				     "The folder %s cannot be given to the data folder's owner: "
				     "%s.",
				     path, strerror(errno));
			(void)rmdir(path);
		}
	}
	if (!*made)
		command_release_signals(held);
	return rc;
}

/* As the owner: a folder that is there has to be open to it. */
static cg_rc check_open(const char *path, int how, struct cg_err *err)
{
	struct stat st;
	return access(path, how) == 0 || errno != EACCES ||
		       (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		   ? CG_OK
		   : cg_fail(
			 err, CG_BAD_INPUT,
			 "The folder %s is closed to the data folder's owner, as whom this runs: "
			 "name one that is its own, where it may pass.",
			 path);
}

static json_t *head_json(const struct audit_head *head, struct arena *arena)
{
	char hash[SHA256_HEX + 1];
	hex_format(head->hmac.b, SHA256_BYTES, hash);
	const char *text = arena_printf(arena, "%" PRIu64 ":%s", head->number, hash);
	return json_string(text ? text : "");
}

static json_t *report_json(struct command *c, const struct verify_report *r)
{
	json_t *records = json_object(), *faults = json_array();
	for (enum store_table t = 0; t < STORE__TABLES; t++)
		(void)json_object_set_new(records, store_table_name(t),
					  json_integer((json_int_t)r->records[t]));
	for (size_t i = 0; i < r->n_faults && i < VERIFY_FAULTS_MAX; i++)
		(void)json_array_append_new(faults, json_string(r->faults[i]));
	return json_pack("{s:b, s:I, s:o, s:o, s:o}", "whole", r->n_faults == 0, "n_faults",
			 (json_int_t)r->n_faults, "faults", faults, "records", records,
			 "audit_head", head_json(&r->head, &c->arena));
}

int backup_main(struct command *c)
{
	struct cg_err err = {0};
	struct verify_report report;
	struct span passphrase = {NULL, 0};
	struct command_held held;
	bool made = false;
	int status;
	bool with_key = command_take_flag(c, "--with-key");
	const char *to = command_next(c);
	if (!command_all_taken(c) || !to)
		return EXIT_USAGE;
	cg_rc rc = absolute(c, to, &to, &err);
	if (rc == CG_OK && with_key)
		rc = read_passphrase(c, &passphrase, &err);
	if (rc == CG_OK)
		rc = make_for_owner(c, to, &held, &made, &err);
	if (rc == CG_OK && made && !command_leave_to_child(&held, &status)) {
		if (status != EXIT_DONE)
			(void)rmdir(to);
		return status;
	}
	if (rc == CG_OK)
		rc = command_become_owner(c, &err);
	if (rc == CG_OK)
		rc = check_open(to, W_OK | X_OK, &err);
	/* Who waits for it takes away what it leaves when it is stopped. */
	command_hold_signals(&held);
	if (rc == CG_OK)
		rc = backup_begin(to, &made, &err);
	if (rc == CG_OK && !command_leave_to_child(&held, &status)) {
		if (status != EXIT_DONE)
			backup_tidy(to, made);
		return status;
	}
	if (rc == CG_OK)
		rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = backup_make(c->store, to, passphrase, &report, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	(void)fprintf(stderr, "%s\n",
		      with_key ? "The keys are in it, sealed under the passphrase."
			       : "The keys (seal.key, audit.key) are not in it: keep a copy of the "
				 "keys folder in another place, or use --with-key.");
	return command_print(c, report_json(c, &report));
}

/* "NUMBER:HASH", as it went to syslog. */
static bool read_head(const char *text, struct audit_head *out)
{
	struct span rest = span_of(text), number;
	return span_next(&rest, ':', &number) && number_parse(number, UINT64_MAX, &out->number) &&
	       hex_parse(rest, out->hmac.b, SHA256_BYTES);
}

int verify_main(struct command *c)
{
	struct cg_err err = {0};
	struct verify_report report;
	struct audit_head expected;
	const char *head = command_take(c, "--head");
	if (!command_all_taken(c))
		return EXIT_USAGE;
	if (head && !read_head(head, &expected))
		return command_bad_value("--head", "NUMBER:HASH (64 hex digits)", head);
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = verify_running(c->store, head ? &expected : NULL, &report, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	int status = command_print(c, report_json(c, &report));
	for (size_t i = 0; i < report.n_faults && i < VERIFY_FAULTS_MAX; i++)
		(void)fprintf(stderr, "certgate: %s\n", report.faults[i]);
	return report.n_faults > 0 ? EXIT_REFUSED : status;
}

/* What will be lost or held, before anything is done. */
static void tell_plan(const struct restore_plan *p)
{
	(void)fprintf(stderr,
		      "The backup holds %zu APIs, %zu keys, %zu credentials and %zu users.\n",
		      p->backup.records[STORE_API], p->backup.records[STORE_KEY],
		      p->backup.records[STORE_CREDENTIAL], p->backup.records[STORE_USER]);
	if (p->lost > 0)
		(void)fprintf(stderr, "%" PRIu64 " changes made since will be lost.\n", p->lost);
	if (p->hold)
		(void)fprintf(stderr,
			      "%s Every credential and user of the backup will be held until an "
			      "administrator has looked through them: `certgate user set NAME "
			      "--held false` lets a user in again, held: false in REST a "
			      "credential.\n",
			      p->why_hold);
	else
		(void)fprintf(stderr, "%zu revocations since will be applied again.\n", p->revoked);
	if (p->other_host)
		(void)fprintf(stderr,
			      "The audit was written under another host's key: it cannot be "
			      "checked, and will be chained anew under this one's.\n");
}

int restore_main(struct command *c)
{
	struct cg_err err = {0};
	struct restore_plan plan;
	struct span passphrase = {NULL, 0};
	char kept[HOME_PATH_MAX];
	bool yes = command_take_flag(c, "--yes"), with_key = command_take_flag(c, "--with-key");
	const char *from = command_next(c);
	if (!command_all_taken(c) || !from)
		return EXIT_USAGE;
	uid_t uid = getuid();
	cg_rc rc = absolute(c, from, &from, &err);
	if (rc == CG_OK && with_key)
		rc = read_passphrase(c, &passphrase, &err);
	if (rc == CG_OK)
		rc = command_become_owner(c, &err);
	if (rc == CG_OK)
		rc = home_check(&c->home, &err);
	if (rc == CG_OK)
		rc = check_open(from, R_OK | X_OK, &err);
	if (rc == CG_OK)
		rc = restore_plan(&c->home, from, passphrase, &plan, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	tell_plan(&plan);
	if (!yes) {
		(void)fprintf(stderr,
			      "Nothing was changed. To go ahead, say the same with --yes.\n");
		return EXIT_REFUSED;
	}
	struct actor actor = command_actor(c, uid);
	rc = restore_run(&c->home, &actor, from, passphrase, kept, &plan, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	return command_print(c, json_pack("{s:b, s:s, s:b, s:I, s:I}", "restored", 1, "kept", kept,
					  "held", plan.hold, "revoked", (json_int_t)plan.revoked,
					  "lost", (json_int_t)plan.lost));
}
