#include "base/base.h"
#include "listen.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

/* sd_listen_fds(3). */
#define GIVEN_FIRST 3
#define GIVEN_MAX   64

static bool is_socket(int fd, const char *path, int listens)
{
	struct sockaddr_un address = {.sun_family = AF_UNSPEC};
	socklen_t length = sizeof(address);
	int on = -1;
	socklen_t on_size = sizeof(on);
	return getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
	       address.sun_family == AF_UNIX && length > offsetof(struct sockaddr_un, sun_path) &&
	       strncmp(address.sun_path, path, sizeof(address.sun_path)) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &on_size) == 0 && on == listens;
}

static int find_given(const char *path, int listens)
{
	uint64_t pid, n;
	if (!number_parse(span_of(getenv("LISTEN_PID")), INT32_MAX, &pid) ||
	    pid != (uint64_t)getpid() ||
	    !number_parse(span_of(getenv("LISTEN_FDS")), GIVEN_MAX, &n))
		return -1;
	for (int fd = GIVEN_FIRST; fd < GIVEN_FIRST + (int)n; fd++)
		if (is_socket(fd, path, listens))
			return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
	return -1;
}

int listen_given(const char *path)
{
	return find_given(path, 1);
}

int listen_stored(const char *path)
{
	return find_given(path, 0);
}

static bool listens(const struct sockaddr_un *address)
{
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Anything but a clear refusal counts as somebody. */
	bool refused = probe >= 0 &&
		       connect(probe, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		       (errno == ECONNREFUSED || errno == ENOENT);
	if (probe >= 0)
		(void)close(probe);
	return !refused;
}

/* Removes a socket that nobody listens on any more; anything else that lies there stays. */
static cg_rc clear_path(const char *path, const struct sockaddr_un *address, struct cg_err *err)
{
	static const struct timespec pause = {.tv_nsec = 100000000};
	int64_t deadline = clock_mono_ms() + SUPERVISE_TAKEOVER_MS;
	struct stat st;
	if (lstat(path, &st) != 0)
		return CG_OK; /* bind says what is wrong, if anything is */
	if (!S_ISSOCK(st.st_mode))
		return cg_fail(err, CG_CLASH, "%s is in the way: it is not a socket.", path);
	/* The workers of a supervisor that was killed are on their way out. */
	while (listens(address)) {
		if (clock_mono_ms() >= deadline)
			return cg_fail(err, CG_CLASH, "Another program listens on %s already.",
				       path);
		(void)nanosleep(&pause, NULL);
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return cg_fail(err, CG_FAIL, "The old socket %s cannot be removed: %s.", path,
			       strerror(errno));
	return CG_OK;
}

cg_rc listen_open(const char *path, gid_t group, int *out, struct cg_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cg_rc rc = clear_path(path, &address, err);
	if (rc != CG_OK)
		return rc;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cg_fail(err, CG_FAIL, "No socket could be made: %s.", strerror(errno));
	/* Made with its mode, and given away without following a link: the folder may belong to a
	 * user who would put another file in its place. */
	mode_t before = umask(0117);
	int bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	int cause = errno;
	(void)umask(before);
	if (bound != 0) {
		(void)close(fd);
		return cg_fail(err, CG_FAIL, "The socket %s cannot be made: %s.", path,
			       strerror(cause));
	}
	*out = fd; /* from here on the caller removes it */
	if (listen(fd, SOMAXCONN) != 0)
		return cg_fail(err, CG_FAIL, "Nothing can listen on %s: %s.", path,
			       strerror(errno));
	if (group != (gid_t)-1 && lchown(path, (uid_t)-1, group) != 0)
		return cg_fail(err, CG_FAIL, "The socket %s cannot be given to its group: %s.",
			       path, strerror(errno));
	return CG_OK;
}
