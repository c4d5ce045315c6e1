#include "base/base.h"
#include "web/handover.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

int handover_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	/* Of a web server with many threads; the kernel bounds it (socket(7), wmem_max). */
	int bytes = 1 << 20;
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	(void)unlink(path); /* of one that was killed just here */
	mode_t before = umask(0177);
	bool ok = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	int cause = errno;
	(void)umask(before);
	if (ok) {
		/* From then on it takes nothing from anybody else. */
		ok = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
		cause = errno;
		(void)unlink(path);
	}
	if (ok)
		return fd;
	(void)close(fd);
	errno = cause;
	return -1;
}

bool handover_is_given(void)
{
	struct sockaddr_un own = {.sun_family = AF_UNSPEC}, other = {.sun_family = AF_UNSPEC};
	socklen_t own_size = sizeof(own), other_size = sizeof(other);
	/* No other socket is connected to itself. */
	return getsockname(HANDOVER_FD, (struct sockaddr *)&own, &own_size) == 0 &&
	       getpeername(HANDOVER_FD, (struct sockaddr *)&other, &other_size) == 0 &&
	       own.sun_family == AF_UNIX && own_size > offsetof(struct sockaddr_un, sun_path) &&
	       own_size == other_size && memcmp(&own, &other, own_size) == 0 &&
	       fcntl(HANDOVER_FD, F_SETFD, FD_CLOEXEC) == 0;
}

void passed_fd_put(struct msghdr *message, union passed_fd *control, int fd)
{
	memset(control, 0, sizeof(*control));
	message->msg_control = control;
	message->msg_controllen = sizeof(control->room);
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
}

bool handover_give(int fd)
{
	char byte = 0;
	struct iovec io = {.iov_base = &byte, .iov_len = sizeof(byte)};
	union passed_fd control;
	struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
	passed_fd_put(&message, &control, fd);
	return sendmsg(HANDOVER_FD, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(byte);
}

int handover_take(void)
{
	char byte;
	struct iovec io = {.iov_base = &byte, .iov_len = sizeof(byte)};
	union passed_fd control;
	struct msghdr message = {.msg_iov = &io,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.room)};
	int fd = -1;
	if (recvmsg(HANDOVER_FD, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	else
		errno = EMFILE; /* what the kernel does when there is no room for it */
	return fd;
}
