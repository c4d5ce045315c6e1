#include "base/base.h"
#include "web/notify.h"
#include "base/log.h"
#include "base/text.h"
#include "web/handover.h"
#include <sys/socket.h>
#include <sys/un.h>

/* fd -1: none. */
static bool send_with(const char *news, int passed)
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
	struct iovec io = {.iov_base = (void *)(uintptr_t)news, .iov_len = strlen(news)};
	struct msghdr message = {
	    .msg_name = &address, .msg_namelen = size, .msg_iov = &io, .msg_iovlen = 1};
	union passed_fd control;
	if (passed >= 0)
		passed_fd_put(&message, &control, passed);
	bool sent = fd >= 0 &&
		    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
		    sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)strlen(news);
	if (!sent)
		log_error("notify", "socket", path, "cause", strerror(errno), LOG_END);
	if (fd >= 0)
		(void)close(fd);
	return sent;
}

bool notify_send(const char *news)
{
	return send_with(news, -1);
}

bool notify_store(const char *name, int fd)
{
	char news[64];
	int n = snprintf(news, sizeof(news), "FDSTORE=1\nFDNAME=%s", name);
	return n > 0 && (size_t)n < sizeof(news) && send_with(news, fd);
}

void notify_start_failed(bool set_up_wrong, const char *why)
{
	char line[NOTIFY_MAX - 64], news[NOTIFY_MAX];
	log_error("start_failed", "cause", why, LOG_END);
	/* The protocol's lines are variables. */
	text_for_log(span_of(why), line, sizeof(line));
	(void)snprintf(news, sizeof(news), "%s" NOTIFY_STATUS "%s",
		       set_up_wrong ? NOTIFY_WRONG : "", line);
	(void)notify_send(news);
}
