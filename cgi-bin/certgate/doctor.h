/* certgate doctor: what is wrong on this host, and what to do about it.  doctor.c has the report
 * and what concerns the data folder, doctor_web.c the web server's side, doctor_call.c real calls.
 */
#ifndef CG_CERTGATE_DOCTOR_H
#define CG_CERTGATE_DOCTOR_H

#include "base/base.h"
#include "command.h"

enum finding {
	FINDING_OK,
	FINDING_WARNING, /* works, but somebody should know */
	FINDING_FAULT,	 /* does not work, or is not safe */
	FINDING_SKIPPED, /* could not be checked */
};

struct doctor {
	struct command *c;
	/* Options; NULL where not given. */
	const char *sockets, *proof_file, *apache, *lighttpd, *call_url;
	struct span ca_pem; /* what --cacert names */
	json_t *checks;	    /* with --json */
	unsigned found[FINDING_SKIPPED + 1];
	bool lost; /* a line that there was no memory for */
};

/* One line of the report: the check's name, what was found and, where something is to be done
 * (NULL: nothing), what.  Text from outside may be in both: they are made safe here. */
void doctor_note(struct doctor *d, enum finding finding, const char *check, const char *advice,
		 const char *format, ...) CG_PRINTF(5, 6);

/* As whoever started it, before it becomes the data folder's owner: configuration, proof files and
 * sockets belong to root.  *proof_texts: what the proof files hold, for doctor_proof. */
#define DOCTOR_PROOFS 2
struct doctor_proof_file {
	char path[HOME_PATH_MAX + 16];
	char text[80]; /* 64 hex digits; empty when it was not read */
};
void doctor_web_server(struct doctor *d);
void doctor_proof_files(struct doctor *d, struct doctor_proof_file out[DOCTOR_PROOFS]);
void doctor_sockets(struct doctor *d);

/* Calls the host as a client would. */
void doctor_call(struct doctor *d);

#endif
