/* What the sub-commands share: options, output, the store. */
#ifndef CG_CERTGATE_COMMAND_H
#define CG_CERTGATE_COMMAND_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/home.h"
#include "cert/cert.h"
#include "model/actor.h"
#include "store/store.h"
#include <jansson.h>
#include <signal.h>

/* Exit statuses. */
#define EXIT_DONE    0
#define EXIT_REFUSED 1
#define EXIT_USAGE   2

/* One run.  Words are what is left of the command line: the sub-command's own, in order; options
 * may stand anywhere among them. */
struct command {
	const char *home_option; /* NULL: from the environment */
	bool json;
	bool stdin_read; /* a second "-" would find nothing */
	int n_words;
	char **words;
	struct arena arena;
	/* Set by command_open. */
	struct home home;
	struct store *store;
	struct actor actor;
};

/* Takes "--name VALUE" or "--name=VALUE" out of the words; NULL when it is not there.  Called
 * again, the next one of that name.  *c is changed to have an error told when the value is
 * missing. */
const char *command_take(struct command *c, const char *name);
/* Takes "--name" out of the words. */
bool command_take_flag(struct command *c, const char *name);
/* The next word that is no option, NULL when there is none. */
const char *command_next(struct command *c);
/* True when all words were taken; else says which one is not known, on standard error. */
bool command_all_taken(const struct command *c);
/* For what is to be whole or gone, also where root makes it and the data folder's owner may not:
 * signals that end this process, or tell that its child has, are held back from before it is there
 * until it is done or gone. */
struct command_held {
	sigset_t signals, before;
};
void command_hold_signals(struct command_held *held);
void command_release_signals(const struct command_held *held);
/* The rest is done in a child, which may become the owner.  True in the child, where signals are as
 * they were; in the parent false, when the child has ended, with its exit status.  Who ends the
 * parent ends the child. */
bool command_leave_to_child(const struct command_held *held, int *status);

/* Says that an option's value is none that it takes; returns the exit status. */
int command_bad_value(const char *option, const char *takes, const char *value);

/* Reads a whole file, or standard input for "-", once; at most CRL_INPUT_MAX + 1 bytes, so that
 * what is too large shows.  As the caller, before command_open: the data folder's owner may not see
 * it. */
cg_rc command_read_file(struct command *c, const char *path, struct span *out,
			struct cg_err *err) CG_MUST_USE;
/* Reads a certificate out of such a file, PEM or DER, as the admin's form does.  A private key
 * beside it is dropped, and this process leaves no core file. */
cg_rc command_read_cert(struct command *c, const char *path, enum cert_kind kind,
			struct cert_reading *out, struct cg_err *err) CG_MUST_USE;
/* The reading's notices, on standard error: standard output is for programs. */
void command_tell_notices(const struct cert_reading *reading);

/* Finds the data folder, becomes its owner when started as root, and opens the store. */
cg_rc command_open(struct command *c, struct cg_err *err) CG_MUST_USE;
/* The first two steps of it. */
cg_rc command_become_owner(struct command *c, struct cg_err *err) CG_MUST_USE;
/* Who is asking, for the audit; `uid` as it was before becoming the owner. */
struct actor command_actor(struct command *c, uid_t uid);
/* Closes the store and frees. */
void command_close(struct command *c);

/* Prints the reason on standard error; returns EXIT_REFUSED. */
int command_fail(const struct command *c, const struct cg_err *err);
/* After the last that is printed on standard output: EXIT_DONE when all of it is written, else
 * EXIT_REFUSED, with that on standard error. */
int command_told(void);
/* Prints JSON on standard output: as it is with --json, else as "name: value" lines, whose values
 * are safe on a terminal.  Takes the reference; NULL: there is no memory. */
int command_print(const struct command *c, json_t *json);
/* The same for a record that was made or changed just now, with its token where it got one (else
 * NULL).  When there is no memory to show it (json is NULL, err says why), at least its id and
 * token: what was done must not look as if it had failed. */
int command_print_done(const struct command *c, json_t *json, const char *id, const char *token,
		       const struct cg_err *err);

/* --- sub-commands: the words after their own name --- */

int init_main(struct command *c);
int cert_main(struct command *c);
int api_main(struct command *c);
int key_main(struct command *c);
int policy_main(struct command *c);
int token_main(struct command *c);
int user_main(struct command *c);
int settings_main(struct command *c);
int explain_main(struct command *c);
int seal_main(struct command *c);
int backup_main(struct command *c);
int restore_main(struct command *c);
int verify_main(struct command *c);
int export_main(struct command *c);
int import_main(struct command *c);
int steward_main(struct command *c);
int lighttpd_ca_main(struct command *c);
int mail_main(struct command *c);
/* Sends what waits, once or until a signal ends it; *n counts those of the first way.  CG_OK also
 * when another process is at it. */
cg_rc mail_all(struct command *c, bool goes_on, size_t *n, struct cg_err *err) CG_MUST_USE;
int doctor_main(struct command *c);
/* Stays until SIGTERM, SIGINT or SIGHUP; SIGUSR1: all programs are started anew, each before the
 * one that it follows ends.  Started as root it stays root: the workers alone become --user. */
int supervise_main(struct command *c);

#endif
