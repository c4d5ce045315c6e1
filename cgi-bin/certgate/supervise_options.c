/* What the supervisor is told on its command line. */
#include "base/base.h"
#include "supervise_in.h"
#include <grp.h>
#include <pwd.h>
#include "base/text.h"

static cg_rc find_user(struct supervisor *s, const char *user, const char *group,
		       struct cg_err *err)
{
	if (geteuid() == 0 && !user)
		return cg_fail(err, CG_BAD_INPUT,
			       "Started as root, it needs --user NAME: the programs must not run "
			       "as root.");
	if (user) {
		errno = 0;
		const struct passwd *pw = getpwnam(user);
		if (!pw)
			return cg_fail(err, CG_BAD_INPUT, "There is no user named %s.", user);
		if (pw->pw_uid == 0)
			return cg_fail(err, CG_BAD_INPUT,
				       "The programs must not run as root: name another --user.");
		if (geteuid() != 0 && pw->pw_uid != geteuid())
			return cg_fail(err, CG_BAD_INPUT,
				       "Only root can start programs as another user (%s).", user);
		s->drop = geteuid() == 0;
		s->uid = pw->pw_uid;
		s->gid = pw->pw_gid;
		if (s->drop)
			s->socket_gid = pw->pw_gid;
	}
	if (group) {
		const struct group *gr = getgrnam(group);
		if (!gr)
			return cg_fail(err, CG_BAD_INPUT, "There is no group named %s.", group);
		s->socket_gid = gr->gr_gid;
	}
	return CG_OK;
}

/* Fills in the paths of the programs and of their sockets. */
static cg_rc find_paths(struct supervisor *s, const char *sockets, const char *bin,
			struct cg_err *err)
{
	char folder[HOME_PATH_MAX];
	if (bin) {
		char *real = realpath(bin, NULL);
		if (!real)
			return cg_fail(err, CG_BAD_INPUT, "The folder of the programs, %s: %s.",
				       bin, strerror(errno));
		int n = snprintf(folder, sizeof(folder), "%s", real);
		free(real);
		if (n < 0 || (size_t)n >= sizeof(folder))
			return cg_fail(err, CG_BAD_INPUT, "The path of --bin is too long.");
	} else {
		/* The programs lie beside the one that runs. */
		ssize_t n = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
		if (n <= 0)
			return cg_fail(err, CG_FAIL, "Name the folder of the programs with --bin.");
		folder[n] = '\0';
		char *slash = strrchr(folder, '/');
		if (slash)
			*slash = '\0';
	}
	for (size_t i = 0; i < PROGRAMS; i++) {
		struct program *p = &s->programs[i];
		int n = snprintf(p->path, sizeof(p->path), "%s/%s", folder, p->name);
		if (n < 0 || (size_t)n >= sizeof(p->path))
			return cg_fail(err, CG_BAD_INPUT, "The path of the programs is too long.");
		if (p->no_socket)
			continue;
		n = snprintf(p->socket_path, sizeof(p->socket_path), "%s/%s.sock", sockets,
			     p->name);
		if (n < 0 || (size_t)n >= sizeof(p->socket_path))
			return cg_fail(err, CG_BAD_INPUT,
				       "The socket %s/%s.sock has a path of %d bytes, and a unix "
				       "socket's ends at %zu: name a shorter --sockets folder.",
				       sockets, p->name, n, sizeof(p->socket_path) - 1);
		/* As long as that. */
		(void)snprintf(p->handover_path, sizeof(p->handover_path), "%s/%s.kept", sockets,
			       p->name);
	}
	s->sockets = sockets;
	return CG_OK;
}

static cg_rc parse_count(const char *text, const char *option, unsigned *out, struct cg_err *err)
{
	uint64_t n = 0;
	if (!number_parse(span_of(text), SUPERVISE_WORKERS_MAX, &n) || n == 0)
		return cg_fail(err, CG_BAD_INPUT, "%s takes a number from 1 to %d.", option,
			       SUPERVISE_WORKERS_MAX);
	*out = (unsigned)n;
	return CG_OK;
}

cg_rc supervise_options(struct supervisor *s, struct command *c, struct cg_err *err)
{
	static const struct {
		const char *name;
		size_t program;
	} counts[] = {
	    {"--gates",	GATE  },
	       {"--admins",  ADMIN },
	    {"--portals", PORTAL}
	 };
	const char *sockets = command_take(c, "--sockets"), *user = command_take(c, "--user"),
		   *group = command_take(c, "--group"), *bin = command_take(c, "--bin"),
		   *ca_file = command_take(c, "--lighttpd-ca");
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < CG_COUNT(counts); i++) {
		const char *text = command_take(c, counts[i].name);
		if (text)
			rc = parse_count(text, counts[i].name,
					 &s->programs[counts[i].program].workers, err);
	}
	if (command_take_flag(c, "--no-mail"))
		s->programs[MAIL].workers = 0;
	if (ca_file) {
		s->programs[LIGHTTPD_CA].args[2] = ca_file;
		s->programs[LIGHTTPD_CA].workers = 1;
	}
	if (rc == CG_OK && !command_all_taken(c))
		rc = CG_BAD_INPUT;
	if (rc == CG_OK && !sockets)
		rc = cg_fail(err, CG_BAD_INPUT, "Name the folder for the sockets with --sockets.");
	/* The workers have another current folder. */
	if (rc == CG_OK && ca_file && ca_file[0] != '/')
		rc = cg_fail(err, CG_BAD_INPUT, "--lighttpd-ca takes the whole path of its file.");
	if (rc == CG_OK)
		rc = find_user(s, user, group, err);
	if (rc == CG_OK)
		rc = find_paths(s, sockets, bin, err);
	return rc;
}
