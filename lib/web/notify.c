#include "base/base.h"
#include "web/notify.h"
#include "base/log.h"
#include <sys/socket.h>
#include <sys/un.h>

bool notify_send(const char *news)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;
	if (n < 2 || n >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return false;
	memcpy(address.sun_path, path, n);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* Linux's abstract names, which have no end */
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	/* Whoever listens may be busy, but must not hang us. */
	struct timeval limit = {.tv_sec = 1};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool sent =
	    fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    sendto(fd, news, strlen(news), MSG_NOSIGNAL, (const struct sockaddr *)&address, size) ==
		(ssize_t)strlen(news);
	if (!sent)
		log_error("notify", "socket", path, "cause", strerror(errno), LOG_END);
	if (fd >= 0)
		(void)close(fd);
	return sent;
}
