/* The web server's side: its configuration, the proof files, the sockets. */
#include "base/base.h"
#include "doctor.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define LIGHTTPD       "/usr/sbin/lighttpd"
#define LIGHTTPD_CONF  "/etc/lighttpd/lighttpd.conf"
#define RUN_MS	       30000
#define CHECK_LIGHTTPD "lighttpd"
#define START_IT       "systemctl start certgate.socket certgate, or certgate supervise"
#define SEE_LIGHT      "The head of certgate.conf for lighttpd says how."

/* --- running a program --- */

static void __attribute__((noreturn)) exec_child(const char *const *argv, int output)
{
	int input = open("/dev/null", O_RDONLY);
	if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(output, STDERR_FILENO) >= 0)
		(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

int doctor_run(const char *const *argv, struct buf *out)
{
	int ends[2], status = 0;
	int64_t deadline = clock_mono_ms() + RUN_MS;
	bool ended = false;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		exec_child(argv, ends[1]);
	(void)close(ends[1]);
	while (pid > 0 && !ended && !out->failed) {
		char piece[8192];
		struct pollfd p = {.fd = ends[0], .events = POLLIN};
		int64_t left = deadline - clock_mono_ms();
		int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			break;
		ssize_t n = read(ends[0], piece, sizeof(piece));
		if (n > 0)
			buf_add(out, span_make(piece, (size_t)n));
		else
			ended = n == 0;
		gnutls_memset(piece, 0, sizeof(piece)); /* lighttpd -p prints the proof */
	}
	(void)close(ends[0]);
	if (pid <= 0)
		return -1;
	if (!ended)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool doctor_read_file(const char *path, struct buf *out)
{
	char piece[8192];
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0 && !out->failed)
		buf_add(out, span_make(piece, (size_t)n));
	if (fd >= 0)
		(void)close(fd);
	return n == 0 && !out->failed;
}

bool doctor_holds(const struct buf *text, const char *part)
{
	return text->n > 0 && memmem(text->p, text->n, part, strlen(part)) != NULL;
}

/* The digits of a proof, whichever server's form it has. */
static void find_digits(struct span text, char out[80])
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		bool hex = (text.p[i] >= '0' && text.p[i] <= '9') ||
			   (text.p[i] >= 'a' && text.p[i] <= 'f');
		n = hex ? n + 1 : 0;
		if (n == SHA256_HEX) {
			(void)snprintf(out, 80, "%.*s", SHA256_HEX, text.p + i + 1 - SHA256_HEX);
			return;
		}
	}
}

static bool ends_with(struct span line, const char *end)
{
	size_t n = strlen(end);
	return line.n >= n && memcmp(line.p + line.n - n, end, n) == 0;
}

void doctor_said(const struct buf *text, char *out, size_t room)
{
	/* The last words of lighttpd, and of apache2ctl, whatever it was; and what Apache says each
	 * time. */
	static const char *const nothing[] = {
	    "Going down.", "' failed.", "may have more information.", "to suppress this message"};
	struct span rest = buf_span(text), line;
	size_t n = 0;
	out[0] = '\0';
	while (span_next(&rest, '\n', &line)) {
		char proof[80] = ""; /* a line that has one is left out */
		line = span_trim(line);
		find_digits(line, proof);
		bool said = line.n > 0 && !*proof;
		for (size_t i = 0; i < CG_COUNT(nothing); i++)
			said = said && !ends_with(line, nothing[i]);
		if (said && n > 0 && n + 1 < room)
			out[n++] = ' ';
		if (said)
			text_for_log(line, out + n, room - n);
		n += strlen(out + n);
	}
}

void doctor_take_path(const char **path, bool named, char room[HOME_PATH_MAX], struct span found)
{
	if (named || found.n == 0 || found.n >= HOME_PATH_MAX)
		return;
	(void)snprintf(room, HOME_PATH_MAX, "%.*s", (int)found.n, found.p);
	*path = room;
}

/* --- lighttpd --- */

/* The value of `name = "…"`, the first in the printed configuration; false: not there. */
static bool lighttpd_value(const struct buf *conf, const char *name, char *out, size_t room)
{
	struct span rest = buf_span(conf), line;
	struct span want = span_of(name);
	while (span_next(&rest, '\n', &line)) {
		line = span_trim(line);
		if (!span_starts(line, want))
			continue;
		line = span_trim(span_from(line, want.n));
		if (line.n < 1 || line.p[0] != '=')
			continue;
		line = span_trim(span_from(line, 1));
		if (line.n < 2 || line.p[0] != '"' || line.p[line.n - 1] != '"' ||
		    line.n - 2 >= room)
			continue;
		(void)snprintf(out, room, "%.*s", (int)line.n - 2, line.p + 1);
		return true;
	}
	return false;
}

/* What it sets for certgate's includes.  Of its proof the value is known, not the file. */
static void read_lighttpd_paths(struct doctor *d, const struct buf *conf)
{
	char value[HOME_PATH_MAX];
	if (lighttpd_value(conf, "var.certgate_sockets", value, sizeof(value)))
		doctor_take_path(&d->sockets, d->named_sockets, d->web_sockets, span_of(value));
	if (lighttpd_value(conf, "var.certgate_proof", value, sizeof(value)))
		find_digits(span_of(value), d->lighttpd_proof);
	gnutls_memset(value, 0, sizeof(value));
}

static void check_ca_file(struct doctor *d, const char *path)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct buf text;
	unsigned n = 0;
	buf_init(&text, 4 * DOCTOR_CONF_MAX);
	if (!doctor_read_file(path, &text)) {
		doctor_note(d, FINDING_FAULT, CHECK_LIGHTTPD,
			    "certgate supervise --lighttpd-ca FILE writes it.",
			    "ssl.ca-file, %s, cannot be read: lighttpd does not start.", path);
	} else {
		struct span rest = buf_span(&text);
		const char *at;
		while (rest.n > 0 && (at = memmem(rest.p, rest.n, begin, sizeof(begin) - 1))) {
			n++;
			rest = span_from(rest, (size_t)(at - rest.p) + sizeof(begin) - 1);
		}
		if (n == 0)
			doctor_note(d, FINDING_FAULT, CHECK_LIGHTTPD,
				    "certgate supervise --lighttpd-ca FILE writes it.",
				    "ssl.ca-file, %s, has no certificate: lighttpd does not start.",
				    path);
		else
			doctor_note(d, FINDING_OK, CHECK_LIGHTTPD, NULL,
				    "ssl.ca-file has %u certificate%s; their subjects are shown to "
				    "anybody who connects.",
				    n, n == 1 ? "" : "s");
	}
	buf_release(&text);
}

static void check_lighttpd_lines(struct doctor *d, const struct buf *conf)
{
	static const char *const modules[] = {"\"mod_openssl\"", "\"mod_setenv\"",
					      "\"mod_fastcgi\""};
	static const char *const switches[] = {"ssl.verifyclient.activate",
					       "ssl.verifyclient.exportcert"};
	char value[HOME_PATH_MAX], advice[120];
	bool good = true;
	for (size_t i = 0; i < CG_COUNT(modules); i++)
		if (!doctor_holds(conf, modules[i])) {
			doctor_note(d, FINDING_FAULT, CHECK_LIGHTTPD, SEE_LIGHT,
				    "The module %s is not loaded.", modules[i]);
			good = false;
		}
	if (!doctor_holds(conf, "\"CERTGATE_PREFIX\"") || !doctor_holds(conf, "/gate.sock\"")) {
		doctor_note(d, FINDING_FAULT, CHECK_LIGHTTPD, SEE_LIGHT,
			    "Neither path.conf nor host.conf opens a path to the gate.");
		good = false;
	}
	for (size_t i = 0; i < CG_COUNT(switches); i++)
		if (!lighttpd_value(conf, switches[i], value, sizeof(value)) ||
		    strcmp(value, "enable") != 0) {
			(void)snprintf(advice, sizeof(advice), "%s = \"enable\"", switches[i]);
			doctor_note(d, FINDING_FAULT, CHECK_LIGHTTPD, advice,
				    "No client certificate reaches the programs.");
			good = false;
		}
	if (lighttpd_value(conf, "ssl.verifyclient.enforce", value, sizeof(value)) &&
	    strcmp(value, "disable") != 0)
		doctor_note(d, FINDING_WARNING, CHECK_LIGHTTPD,
			    "ssl.verifyclient.enforce = \"disable\"",
			    "Clients without a certificate that is in ssl.ca-file see a TLS alert "
			    "instead of a reason.");
	if (lighttpd_value(conf, "ssl.ca-file", value, sizeof(value))) {
		check_ca_file(d, value);
	} else {
		doctor_note(d, FINDING_FAULT, CHECK_LIGHTTPD, SEE_LIGHT,
			    "ssl.ca-file is not set: no certificate is taken.");
		good = false;
	}
	if (good)
		doctor_note(d, FINDING_OK, CHECK_LIGHTTPD, NULL,
			    "Paths lead to the gate, and clients are asked for a certificate.");
}

static void check_lighttpd(struct doctor *d)
{
	const char *path = d->lighttpd ? d->lighttpd : LIGHTTPD_CONF;
	const char *test[] = {LIGHTTPD, "-tt", "-f", path, NULL};
	const char *show[] = {LIGHTTPD, "-p", "-f", path, NULL};
	struct buf conf, said;
	char why[600];
	buf_init(&conf, DOCTOR_OUTPUT_MAX);
	buf_init(&said, DOCTOR_OUTPUT_MAX);
	int status = doctor_run(show, &conf);
	if (status == 0) {
		(void)lighttpd_value(&conf, "server.username", d->web_user, sizeof(d->web_user));
		read_lighttpd_paths(d, &conf);
		check_lighttpd_lines(d, &conf);
		/* This one also opens what the configuration names. */
		status = doctor_run(test, &said);
	} else {
		(void)doctor_run(test, &said);
	}
	if (status != 0) {
		doctor_said(&said, why, sizeof(why));
		bool fault = geteuid() == 0 && status > 0;
		/* lighttpd 1.4.69 -p dies of some configurations that it serves with. */
		if (status < 0)
			doctor_note(d, FINDING_SKIPPED, CHECK_LIGHTTPD,
				    "Try lighttpd -p -f FILE: it ends by a fault of its own.",
				    "What %s means cannot be told: lighttpd -p broke off.", path);
		else
			doctor_note(d, fault ? FINDING_FAULT : FINDING_SKIPPED, CHECK_LIGHTTPD,
				    fault ? "lighttpd -tt -f FILE says more."
					  : "Run it as root to have the configuration checked.",
				    "lighttpd would not start with %s: %s", path,
				    *why ? why : "it said nothing.");
	}
	buf_release(&conf); /* wiped: it holds the proof */
	buf_release(&said);
}

void doctor_web_server(struct doctor *d)
{
	bool named = d->apache || d->lighttpd;
	bool apache = d->apache || (!named && access(APACHE_CONF, F_OK) == 0);
	bool lighttpd = d->lighttpd || (!named && access(LIGHTTPD_CONF, F_OK) == 0);
	if (apache && lighttpd && !named) {
		doctor_note(d, FINDING_SKIPPED, "web server",
			    "Name the one that is in front: --apache " APACHE_CONF
			    " or --lighttpd " LIGHTTPD_CONF ".",
			    "Apache and lighttpd are both installed.");
		return;
	}
	if (!apache && !lighttpd)
		doctor_note(d, FINDING_SKIPPED, "web server",
			    "Name its configuration with --apache FILE or --lighttpd FILE.",
			    "No web server's configuration was found.");
	if (apache)
		doctor_apache(d);
	if (lighttpd)
		check_lighttpd(d);
}

/* --- the proof files --- */

/* False when it is not there. */
static bool check_proof_file(struct doctor *d, struct doctor_proof_file *file)
{
	char text[1024], advice[2 * HOME_PATH_MAX + 64];
	struct stat st;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd < 0 && errno != EACCES) {
		doctor_note(d, FINDING_FAULT, "proof", NULL, "%s cannot be read: %s.", file->path,
			    strerror(errno));
		return true;
	}
	if (fd < 0 && lstat(file->path, &st) != 0) {
		doctor_note(d, FINDING_SKIPPED, "proof", "Run it as root.",
			    "%s cannot be looked at: %s.", file->path, strerror(errno));
		return true;
	}
	ssize_t n = 0;
	if (fd >= 0) {
		n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, text, sizeof(text)) : -1;
		(void)close(fd);
	}
	(void)snprintf(advice, sizeof(advice), "chown root: %s && chmod 600 %s", file->path,
		       file->path);
	if ((st.st_mode & 077) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
		doctor_note(d, FINDING_FAULT, "proof", advice,
			    "%s can be read by others than root: whoever knows the proof can be "
			    "any client.",
			    file->path);
	else
		doctor_note(d, FINDING_OK, "proof", NULL, "%s is closed to others.", file->path);
	if (fd < 0)
		doctor_note(d, FINDING_SKIPPED, "proof", "Run it as root.",
			    "What %s holds was not compared.", file->path);
	else if (n > 0)
		find_digits(span_make(text, (size_t)n), file->text);
	if (fd >= 0 && !*file->text)
		doctor_note(d, FINDING_FAULT, "proof",
			    "The web server must include the file that `certgate init` wrote.",
			    "%s holds no proof.", file->path);
	gnutls_memset(text, 0, sizeof(text));
	return true;
}

void doctor_proof_files(struct doctor *d, struct doctor_proof_file out[DOCTOR_PROOFS])
{
	static const char *const suffixes[] = {"", ".lighttpd"};
	bool found = false;
	for (size_t i = 0; i < CG_COUNT(suffixes); i++) {
		out[i] = (struct doctor_proof_file){.text = ""};
		(void)snprintf(out[i].path, sizeof(out[i].path), "%.*s%s", HOME_PATH_MAX,
			       d->proof_file, suffixes[i]);
		found |= check_proof_file(d, &out[i]);
	}
	if (!found)
		doctor_note(d, FINDING_SKIPPED, "proof", "Name it with --proof-file FILE.",
			    "There is no file %s.", d->proof_file);
	struct doctor_proof_file *lighttpd = &out[CG_COUNT(suffixes)];
	*lighttpd = (struct doctor_proof_file){.path = "lighttpd's configuration"};
	memcpy(lighttpd->text, d->lighttpd_proof, sizeof(lighttpd->text));
}

/* --- the sockets --- */

/* Whether a user with these groups has all of `want` (of rwx) on what `st` is of. */
static bool may(const struct stat *st, uid_t uid, const gid_t *groups, int n_groups, mode_t want)
{
	if (st->st_uid == uid)
		return (st->st_mode >> 6 & want) == want;
	for (int i = 0; i < n_groups; i++)
		if (groups[i] == st->st_gid)
			return (st->st_mode >> 3 & want) == want;
	return (st->st_mode & want) == want;
}

/* Whether the web server's user gets to the socket; true where that cannot be known.  Root alone
 * starts a web server as another user. */
static bool may_connect(const struct doctor *d, const char *path)
{
	gid_t groups[64];
	int n = CG_COUNT(groups);
	struct stat folder, sock;
	const struct passwd *pw = *d->web_user && geteuid() == 0 ? getpwnam(d->web_user) : NULL;
	if (!pw || getgrouplist(d->web_user, pw->pw_gid, groups, &n) < 0 ||
	    stat(d->sockets, &folder) != 0 || stat(path, &sock) != 0)
		return true;
	return pw->pw_uid == 0 ||
	       (may(&folder, pw->pw_uid, groups, n, 1) && may(&sock, pw->pw_uid, groups, n, 6));
}

static void check_socket(struct doctor *d, const char *program)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	char advice[sizeof(address.sun_path) + 32];
	int n =
	    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", d->sockets, program);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
		doctor_note(d, FINDING_FAULT, "socket", "Use a shorter folder.",
			    "The folder %s has too long a path for sockets.", d->sockets);
		return;
	}
	if (lstat(address.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		doctor_note(d, FINDING_FAULT, "socket",
			    START_IT ", or name its folder with --sockets DIR.",
			    "There is no socket %s.", address.sun_path);
		return;
	}
	if ((st.st_mode & 007) != 0) {
		(void)snprintf(advice, sizeof(advice), "chmod 660 %s", address.sun_path);
		doctor_note(d, FINDING_FAULT, "socket", advice,
			    "%s is open to everybody (mode %03o).", address.sun_path,
			    (unsigned)st.st_mode & 0777);
		return;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	if (listens && !may_connect(d, address.sun_path))
		doctor_note(d, FINDING_FAULT, "socket",
			    "Start certgate supervise with --group and that user's group.",
			    "The web server's user, %s, may not connect to %s.", d->web_user,
			    address.sun_path);
	else if (listens)
		doctor_note(d, FINDING_OK, "socket", NULL, "%s takes connections.",
			    address.sun_path);
	else if (cause == EACCES)
		doctor_note(d, FINDING_SKIPPED, "socket", "Run it as root.",
			    "This user may not connect to %s.", address.sun_path);
	else if (cause == EAGAIN)
		doctor_note(d, FINDING_WARNING, "socket",
			    "Start more processes (supervise --gates, --admins, --portals).",
			    "The queue of %s is full.", address.sun_path);
	else
		doctor_note(d, FINDING_FAULT, "socket", START_IT ".", "Nobody listens on %s: %s.",
			    address.sun_path, strerror(cause));
}

void doctor_sockets(struct doctor *d)
{
	static const char *const programs[] = {"gate", "admin", "portal"};
	struct stat st;
	char advice[3 * HOME_PATH_MAX + 64];
	/* Those of an ordinary user's programs may be elsewhere, or none at all. */
	if (!d->named_sockets && geteuid() != 0 && access(d->sockets, X_OK) != 0) {
		doctor_note(d, FINDING_SKIPPED, "socket",
			    "Run it as root, or name their folder with --sockets DIR; behind "
			    "mod_fcgid and CGI there are none.",
			    "The folder %s cannot be looked at: %s.", d->sockets, strerror(errno));
		return;
	}
	if (stat(d->sockets, &st) != 0) {
		doctor_note(d, errno == EACCES ? FINDING_SKIPPED : FINDING_FAULT, "socket",
			    START_IT ", or name its folder with --sockets DIR.",
			    "The folder %s cannot be looked at: %s.", d->sockets, strerror(errno));
		return;
	}
	if ((st.st_mode & 007) != 0) {
		(void)snprintf(advice, sizeof(advice),
			       "chgrp --reference=%s/gate.sock %s && chmod 710 %s", d->sockets,
			       d->sockets, d->sockets);
		doctor_note(d, FINDING_WARNING, "socket", advice,
			    "Everybody may look into the folder of the sockets, %s.", d->sockets);
	}
	for (size_t i = 0; i < CG_COUNT(programs); i++)
		check_socket(d, programs[i]);
}
