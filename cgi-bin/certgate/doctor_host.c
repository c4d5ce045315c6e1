/* The host: its settings, and what the programs need of it. */
#include "base/base.h"
#include "doctor.h"
#include "base/config.h"
#include "base/keyfile.h"
#include "base/limits.h"
#include "mail/send.h"
#include "usage/counts.h"
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Bytes that are free: with less of the one writes will soon fail, with less of the other they do.
 */
#define ROOM_LITTLE ((uint64_t)256 * 1024 * 1024)
#define ROOM_NONE   ((uint64_t)16 * 1024 * 1024)

/* The folder of a file; false for a relative path. */
static bool folder_of(const char *path, char out[HOME_PATH_MAX])
{
	const char *slash = path[0] == '/' ? strrchr(path, '/') : NULL;
	int n = slash ? snprintf(out, HOME_PATH_MAX, "%.*s",
				 slash == path ? 1 : (int)(slash - path), path)
		      : -1;
	return n > 0 && n < HOME_PATH_MAX;
}

/* A file that is wrong has ended this command by now, naming the line.  A root with a umask of 077
 * makes one that the programs cannot read, so this looks as their user.
 */
void doctor_settings(struct doctor *d)
{
	const char *file = config_file();
	char folder[HOME_PATH_MAX], advice[HOME_PATH_MAX + 64];
	struct stat st;
	if (!*file) {
		doctor_note(d, FINDING_OK, "settings", NULL,
			    "There is no configuration file: each setting is at its default.");
		return;
	}
	if (access(file, R_OK) != 0) {
		(void)snprintf(advice, sizeof(advice),
			       "chmod 644 %s; its folder is for others to pass, too.", file);
		doctor_note(d, FINDING_FAULT, "settings", advice,
			    "%s cannot be read by the programs' user: %s.", file, strerror(errno));
		return;
	}
	if (folder_of(file, folder) && stat(folder, &st) == 0 && (st.st_mode & 022) != 0 &&
	    (st.st_mode & S_ISVTX) == 0) {
		(void)snprintf(advice, sizeof(advice), "chmod go-w %s", folder);
		doctor_note(d, FINDING_FAULT, "settings", advice,
			    "Others than root can put another file in the place of %s.", file);
		return;
	}
	doctor_note(d, FINDING_OK, "settings", NULL, "%s can be read, and root alone changes it.",
		    file);
}

static void check_access_log(struct doctor *d)
{
	const char *log = config_get(CONFIG_ACCESS_LOG);
	char folder[HOME_PATH_MAX];
	if (!log || log[0] != '/')
		return;
	/* A log that was renamed is made anew. */
	if (!folder_of(log, folder) || access(folder, W_OK | X_OK) != 0 ||
	    (access(log, W_OK) != 0 && errno != ENOENT))
		doctor_note(d, FINDING_FAULT, "access log",
			    "Give its folder to the data folder's owner, or name another in "
			    "access_log.",
			    "%s cannot be written by the programs' user: %s.", log,
			    strerror(errno));
	else
		doctor_note(d, FINDING_OK, "access log", NULL, "%s can be written.", log);
}

static void check_mail(struct doctor *d)
{
	struct mail_way way = mail_way();
	if (way.folder && access(way.folder, W_OK | X_OK) != 0)
		doctor_note(d, FINDING_FAULT, "mail",
			    "Give it to the data folder's owner, or name another in mail_folder.",
			    "%s cannot be written by the programs' user: %s.", way.folder,
			    strerror(errno));
	else if (way.folder)
		doctor_note(d, FINDING_OK, "mail", NULL, "Mails are put into %s.", way.folder);
	else if (access(way.sendmail, X_OK) != 0)
		doctor_note(d, FINDING_WARNING, "mail",
			    "Install a mail server, or name its program in mail_command: nobody "
			    "can join the portal without, and notices wait.",
			    "Mails cannot be sent by %s: %s.", way.sendmail, strerror(errno));
	else
		doctor_note(d, FINDING_OK, "mail", NULL, "Mails are sent by %s.", way.sendmail);
}

static void check_space(struct doctor *d)
{
	struct statvfs fs;
	if (statvfs(d->c->home.dir, &fs) != 0)
		return;
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	bool no_names = fs.f_files > 0 && fs.f_favail < 16;
	if (room >= ROOM_LITTLE && !no_names)
		doctor_note(d, FINDING_OK, "room", NULL, "%" PRIu64 " MB are free for the store.",
			    room / 1000000);
	else
		doctor_note(d, room < ROOM_NONE || no_names ? FINDING_FAULT : FINDING_WARNING,
			    "room",
			    "Make room, or move the data folder: nothing can be changed when it is "
			    "full.",
			    "%" PRIu64 " kB and %" PRIu64 " files are free below %s.", room / 1000,
			    (uint64_t)fs.f_favail, d->c->home.dir);
}

static void check_metrics_token(struct doctor *d)
{
	char path[HOME_PATH_MAX + 32];
	struct stat st;
	keyfile_path(&d->c->home, METRICS_TOKEN, path);
	if (stat(path, &st) == 0 && st.st_size < METRICS_TOKEN_MIN)
		doctor_note(d, FINDING_WARNING, "metrics", "openssl rand -hex 32",
			    "%s has less than %d bytes: it opens nothing.", path,
			    METRICS_TOKEN_MIN);
}

/* A web server that takes more requests at once than the gates do has quick ones wait for slow
 * ones.
 */
static void check_gates(struct doctor *d)
{
	struct usage *usage;
	uint64_t requests;
	unsigned gates = 0;
	char advice[80];
	if (d->web_workers == 0 || usage_open(&d->c->home, &usage, NULL) != CG_OK)
		return;
	usage_in_flight(usage, &requests, &gates);
	usage_close(&usage);
	if (gates == 0 || d->web_workers <= (uint64_t)gates * GATE_THREADS_DEFAULT)
		return;
	(void)snprintf(advice, sizeof(advice), "certgate supervise --gates %" PRIu64,
		       (d->web_workers + GATE_THREADS_DEFAULT - 1) / GATE_THREADS_DEFAULT);
	doctor_note(d, FINDING_WARNING, "gates", advice,
		    "The web server takes %" PRIu64 " requests at once (MaxRequestWorkers), %u "
		    "gate%s %u: quick calls may wait for slow ones.",
		    d->web_workers, gates, gates == 1 ? "" : "s", gates * GATE_THREADS_DEFAULT);
}

void doctor_room(struct doctor *d)
{
	check_space(d);
	check_access_log(d);
	check_mail(d);
	check_metrics_token(d);
	check_gates(d);
}
