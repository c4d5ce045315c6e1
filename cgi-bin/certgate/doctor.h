/* certgate doctor: what is wrong on this host, and what to do about it.  doctor.c has the report
 * and what concerns the data folder, doctor_apache.c and doctor_web.c the web server's
 * side, doctor_host.c settings and room, doctor_call.c and doctor_upstream.c real calls.
 */
#ifndef CG_CERTGATE_DOCTOR_H
#define CG_CERTGATE_DOCTOR_H

#include "base/base.h"
#include "base/buf.h"
#include "command.h"
#include "model/api.h"

#define APACHE_CONF "/etc/apache2/apache2.conf" /* Debian's */

enum finding {
	FINDING_OK,
	FINDING_WARNING, /* works, but somebody should know */
	FINDING_FAULT,	 /* does not work, or is not safe */
	FINDING_SKIPPED, /* could not be checked */
};

struct doctor {
	struct command *c;
	/* Options; NULL where not given.  The first two are then as the web server's configuration
	 * has them, else where they usually are. */
	const char *sockets, *proof_file, *apache, *lighttpd, *call_url;
	bool named_sockets, named_proof_file; /* by the option */
	struct span ca_pem;		      /* what --cacert names */
	json_t *checks;			      /* with --json */
	unsigned found[FINDING_SKIPPED + 1];
	bool lost; /* a line that there was no memory for */
	/* What the web server's configuration says, for checks that come later. */
	char web_user[64];    /* whom it runs as; empty: not known */
	uint64_t web_workers; /* requests that it serves at once; 0: not known */
	bool htaccess;	      /* a .htaccess of some site may set handlers and variables */
	char web_sockets[HOME_PATH_MAX], web_proof_file[HOME_PATH_MAX]; /* empty: not there */
	char lighttpd_proof[80]; /* 64 hex digits; empty: not known */
};

/* One line of the report: the check's name, what was found and, where something is to be done
 * (NULL: nothing), what.  Text from outside may be in both: they are made safe here. */
void doctor_note(struct doctor *d, enum finding finding, const char *check, const char *advice,
		 const char *format, ...) CG_PRINTF(5, 6);

/* --- programs and files, doctor_web.c --- */

#define DOCTOR_OUTPUT_MAX ((size_t)4 * 1024 * 1024) /* of a server about itself */
#define DOCTOR_CONF_MAX	  ((size_t)4 * 1024 * 1024) /* of one file, and of certificates in one */

/* Runs it to its end; its exit status, with all that it printed in *out, or -1 when it could not be
 * run, printed too much, or took too long. */
int doctor_run(const char *const *argv, struct buf *out);
bool doctor_read_file(const char *path, struct buf *out);
bool doctor_holds(const struct buf *text, const char *part);
/* Why a server gives up, in one line: what it said, without what it says in any case. */
void doctor_said(const struct buf *text, char *out, size_t room);

/* Takes a path of the web server's configuration for the one to look at, unless an option names
 * another; `room` is where it is kept. */
void doctor_take_path(const char **path, bool named, char room[HOME_PATH_MAX], struct span found);

/* --- checks --- */

/* As whoever started it, before it becomes the data folder's owner: configuration, proof files and
 * sockets belong to root.  *proof_texts: what the proof files hold, for doctor_proof. */
#define DOCTOR_PROOFS 3
struct doctor_proof_file {
	char path[HOME_PATH_MAX + 16]; /* for lighttpd's, what is to be said in its place */
	char text[80];		       /* 64 hex digits; empty when it was not read */
};
void doctor_web_server(struct doctor *d);
void doctor_apache(struct doctor *d);
void doctor_proof_files(struct doctor *d, struct doctor_proof_file out[DOCTOR_PROOFS]);
void doctor_sockets(struct doctor *d);
/* The configuration file, as the programs' user reads it. */
void doctor_settings(struct doctor *d);
/* What the programs' user needs: room, its log, gates enough.  As the data folder's owner. */
void doctor_room(struct doctor *d);

/* Every API in turn; a store that cannot be read is noted as `check`. */
void doctor_each_api(struct doctor *d, const char *check,
		     void (*each)(void *ctx, const Cg__Api *api), void *ctx);
/* Calls the host as a client would. */
void doctor_call(struct doctor *d);
/* Connects to the upstreams of all APIs, with the gate's TLS, and sends no request. */
void doctor_upstreams(struct doctor *d);

#endif
