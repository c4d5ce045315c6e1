/* What the supervisor is told on its command line. */
#include "base/base.h"
#include "supervise_in.h"
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include "base/text.h"

const char supervise_usage[] =
    "usage: certgate --home DIR supervise --sockets DIR [--user NAME] [--group GROUP] [--bin DIR] "
    "[--gates N] [--admins M] [--portals P] [--lighttpd-ca FILE] [--no-mail]\n";

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

cg_rc supervise_options(struct supervisor *s, int argc, char **argv, struct cg_err *err)
{
	static const struct option options[] = {
	    {"sockets",	required_argument, NULL, 's'},
	    {"user",	     required_argument, NULL, 'u'},
	    {"group",	      required_argument, NULL, 'g'},
	    {"bin",	    required_argument, NULL, 'b'},
	    {"gates",	      required_argument, NULL, 'G'},
	    {"admins",      required_argument, NULL, 'A'},
	    {"portals",	required_argument, NULL, 'P'},
	    {"lighttpd-ca", required_argument, NULL, 'L'},
	    {"no-mail",	no_argument,	     NULL, 'M'},
	    {NULL,	   0,		      NULL, 0  },
	};
	struct program *ca = &s->programs[LIGHTTPD_CA];
	const char *sockets = NULL, *user = NULL, *group = NULL, *bin = NULL;
	cg_rc rc = CG_OK;
	int c;
	optind = 0; /* glibc: begin anew, whatever the caller has parsed */
	opterr = 0;
	while (rc == CG_OK && (c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 's':
			sockets = optarg;
			break;
		case 'u':
			user = optarg;
			break;
		case 'g':
			group = optarg;
			break;
		case 'b':
			bin = optarg;
			break;
		case 'G':
			rc = parse_count(optarg, "--gates", &s->programs[GATE].workers, err);
			break;
		case 'A':
			rc = parse_count(optarg, "--admins", &s->programs[ADMIN].workers, err);
			break;
		case 'P':
			rc = parse_count(optarg, "--portals", &s->programs[PORTAL].workers, err);
			break;
		case 'L':
			ca->args[2] = optarg;
			ca->workers = 1;
			break;
		case 'M':
			s->programs[MAIL].workers = 0;
			break;
		default:
			rc = cg_fail(err, CG_BAD_INPUT, "It does not know this: %s",
				     argv[optind - 1]);
		}
	}
	if (rc == CG_OK && optind < argc)
		rc = cg_fail(err, CG_BAD_INPUT, "It does not know this: %s", argv[optind]);
	if (rc == CG_OK && !sockets)
		rc = cg_fail(err, CG_BAD_INPUT, "Name the folder for the sockets with --sockets.");
	/* The workers have another current folder. */
	if (rc == CG_OK && ca->workers > 0 && ca->args[2][0] != '/')
		rc = cg_fail(err, CG_BAD_INPUT, "--lighttpd-ca takes the whole path of its file.");
	if (rc == CG_OK)
		rc = find_user(s, user, group, err);
	if (rc == CG_OK)
		rc = find_paths(s, sockets, bin, err);
	return rc;
}
