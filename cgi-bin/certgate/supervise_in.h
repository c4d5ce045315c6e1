/* What the supervisor knows, and how it is told.  Private to supervise*.c. */
#ifndef CG_CERTGATE_SUPERVISE_IN_H
#define CG_CERTGATE_SUPERVISE_IN_H

#include "base/base.h"
#include "base/limits.h"
#include "command.h"
#include "web/notify.h"
#include <sys/un.h>

#define PROGRAM_ARGS 4

/* A program of which some processes run on one socket, or one without any. */
struct program {
	const char *name;
	const char *args[PROGRAM_ARGS]; /* after its name, NULL at the end */
	char path[HOME_PATH_MAX];
	bool no_socket;
	char socket_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd;	    /* the listening socket, -1 before it is open */
	bool given; /* whoever started this made it, and keeps it */
	/* What those that end hand over (web/handover.h), -1 before it is open; its name. */
	int handover_fd;
	char handover_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	unsigned workers;
};

/* A worker that another one follows. */
struct predecessor {
	pid_t pid;     /* 0: none, or gone */
	bool stopping; /* it accepts no more; else it does until its successor is ready */
};

struct worker {
	const struct program *program;
	pid_t pid; /* 0: not running */
	bool ready;
	unsigned failed_starts; /* in a row, before it was ready or said why it is not */
	bool told_why;		/* this process has said why it is not ready */
	bool again;		/* it may have read what is old: followed as soon as it is ready */
	struct predecessor before[SUPERVISE_LEAVING_MAX];
	int64_t started_mono_ms;
	int64_t due_mono_ms; /* when to start it again */
	int64_t delay_ms;    /* the pause before the next start */
};

enum { GATE, ADMIN, PORTAL, LIGHTTPD_CA, MAIL, PROGRAMS };

struct supervisor {
	const struct home *home;
	struct program programs[PROGRAMS];
	struct worker workers[PROGRAMS * SUPERVISE_WORKERS_MAX];
	size_t n_workers;
	const char *sockets; /* the folder */
	/* Where workers tell how far they are (web/notify.h). */
	char notify_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int notify_fd; /* -1 before it is open */
	pid_t self;
	bool drop; /* become uid and gid in the workers */
	uid_t uid;
	gid_t gid;
	gid_t socket_gid; /* (gid_t)-1: as made */
	bool ready;	  /* there was a time when all workers with a socket were */
	bool stopping;
	/* Until it is ready: what keeps each program from its start, as it said last. */
	char told[PROGRAMS][NOTIFY_MAX];
	const struct program *wrong; /* one that is set up in a wrong way, for which that holds */
};

/* Takes the options, looks the user and the group up, and fills in all paths; texts are the
 * command's.  CG_BAD_INPUT: it has to be said in another way; without a text in *err that was told
 * already. */
cg_rc supervise_options(struct supervisor *s, struct command *c, struct cg_err *err) CG_MUST_USE;

#endif
